//! Asks container registries, as anybody may, whether they have an image: the Docker Registry HTTP
//! API V2, with the token that a public registry gives to everyone.

use aws_smithy_http_client::{ConnectorBuilder, proxy::ProxyConfig, tls};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use regex::Regex;
use std::{error::Error, sync::LazyLock};

/// The forms of a manifest that ECS takes.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";

/// A reference to an image, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The registry's host, and port.
    pub host: String,
    /// The repository in it.
    pub repository: String,
    /// A tag or a digest.
    pub version: String,
}

impl Reference {
    /// Takes it apart as Docker does: without a host it is of Docker Hub, without a tag `latest`.
    pub fn parse(image: &str) -> Self {
        let is_host = |part: &str| part.contains(['.', ':']) || part == "localhost";
        let (host, rest) = match image.split_once('/') {
            Some((host, rest)) if is_host(host) => (host, rest.to_owned()),
            Some(_) => ("registry-1.docker.io", image.to_owned()),
            None => ("registry-1.docker.io", format!("library/{image}")),
        };
        let (repository, version) = match (rest.split_once('@'), rest.rsplit_once(':')) {
            // A tag beside a digest says nothing more.
            (Some((name, digest)), _) => (name.split(':').next().unwrap_or(name), digest),
            (None, Some((name, tag))) => (name, tag),
            (None, None) => (rest.as_str(), "latest"),
        };
        Self { host: host.into(), repository: repository.into(), version: version.into() }
    }

    /// Whether it is in a private registry of ECR's, which wants credentials.
    pub fn is_private(&self) -> bool {
        self.host.contains(".dkr.ecr.")
    }
}

/// What a registry says of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It has it.
    There,
    /// It has none of the name.
    Missing,
    /// It does not say so to everyone.
    Closed,
    /// It cannot be asked from here, and why.
    Unreachable(String),
}

/// Where registries are.
#[derive(Clone, Debug)]
pub struct Registries {
    /// One for all hosts, such as `http://127.0.0.1:5000`; else each under its own name.
    base: Option<String>,
    connector: SharedHttpConnector,
}

impl Registries {
    /// Each under its own name.
    pub fn of_the_world() -> Self {
        Self::new(None)
    }

    /// All at this address.
    pub fn at(base: impl Into<String>) -> Self {
        Self::new(Some(base.into()))
    }

    fn new(base: Option<String>) -> Self {
        let crypto = tls::rustls_provider::CryptoMode::AwsLc;
        let mut builder = ConnectorBuilder::default().tls_provider(tls::Provider::Rustls(crypto));
        builder.set_proxy_config(Some(ProxyConfig::from_env()));
        Self { base, connector: SharedHttpConnector::new(builder.build()) }
    }

    /// Asks for an image's manifest, without fetching it.
    pub async fn find(&self, image: &Reference) -> Found {
        match self.ask(image).await {
            Ok(200) => Found::There,
            Ok(404) => Found::Missing,
            Ok(401 | 403) => Found::Closed,
            Ok(status) => Found::Unreachable(format!("it answers with status {status}")),
            Err(error) => Found::Unreachable(innermost(&error)),
        }
    }

    async fn ask(&self, image: &Reference) -> Result<u16, ConnectorError> {
        let Reference { host, repository, version } = image;
        let base = self.base.clone().unwrap_or_else(|| format!("https://{host}"));
        let url = format!("{base}/v2/{repository}/manifests/{version}");
        let first = self.send("HEAD", &url, None).await?;
        let asks = first.headers().get("www-authenticate").and_then(token_url);
        let (401, Some(at)) = (first.status().as_u16(), asks) else {
            return Ok(first.status().as_u16());
        };
        let answer = self.send("GET", &at, None).await?;
        let Some(token) = token(answer).await else { return Ok(401) };
        Ok(self.send("HEAD", &url, Some(&token)).await?.status().as_u16())
    }

    async fn send(
        &self,
        method: &str,
        url: &str,
        token: Option<&str>,
    ) -> Result<HttpResponse, ConnectorError> {
        let broken = |error: Box<dyn Error + Send + Sync>| ConnectorError::user(error);
        let mut request = http::Request::builder().method(method).uri(url);
        if method == "HEAD" {
            request = request.header("accept", MANIFESTS);
        }
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(SdkBody::empty()).map_err(|error| broken(error.into()))?;
        let request = HttpRequest::try_from(request).map_err(|error| broken(error.into()))?;
        self.connector.call(request).await
    }
}

/// Where a registry's challenge sends us for a token.
fn token_url(challenge: &str) -> Option<String> {
    static PARTS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(\w+)="([^"]*)""#).expect("the pattern is right"));
    let part = |name: &str| {
        let mut parts = PARTS.captures_iter(challenge);
        parts.find(|part| &part[1] == name).map(|part| part[2].to_owned())
    };
    let realm = challenge.starts_with("Bearer ").then(|| part("realm")).flatten()?;
    let query = ["service", "scope"]
        .into_iter()
        .filter_map(|name| part(name).map(|value| format!("{name}={}", value.replace(' ', "%20"))));
    let query: Vec<String> = query.collect();
    let joint = if realm.contains('?') { '&' } else { '?' };
    Some(format!("{realm}{joint}{}", query.join("&")))
}

/// The token in such an answer, under either of its names.
async fn token(answer: HttpResponse) -> Option<String> {
    let body = answer.into_body().collect().await.ok()?.to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).ok()?;
    let token = body["token"].as_str().or_else(|| body["access_token"].as_str());
    token.map(String::from)
}

/// The last cause, which says what happened: `Connection refused`.
fn innermost(error: &ConnectorError) -> String {
    let mut cause: &(dyn Error + 'static) = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart_as_docker_does() {
        let parse = |image| {
            let Reference { host, repository, version } = Reference::parse(image);
            [host, repository, version].join(" ")
        };
        assert_eq!(parse("nginx"), "registry-1.docker.io library/nginx latest");
        assert_eq!(parse("a/b:1"), "registry-1.docker.io a/b 1");
        assert_eq!(parse("localhost:5000/a"), "localhost:5000 a latest");
        assert_eq!(parse("public.ecr.aws/x/y:v1@sha256:ab"), "public.ecr.aws x/y sha256:ab");
        let envoy = Reference::parse("840364872350.dkr.ecr.eu-west-1.amazonaws.com/envoy:v1");
        assert!(envoy.is_private());
    }

    #[test]
    fn a_challenge_says_where_tokens_are() {
        let challenge =
            r#"Bearer realm="https://a.example/token",service="s",scope="repository:x:pull""#;
        let url = token_url(challenge).expect("a URL");
        assert_eq!(url, "https://a.example/token?service=s&scope=repository:x:pull");
        assert_eq!(token_url("Basic realm=\"x\""), None);
    }
}
