//! Who asks, which service, and which of its operations.

use std::borrow::Cow;

use http::{HeaderMap, Request, header};

use super::error::ApiError;
use super::model::{Operation, Protocol, Route, Segment};
use super::{Service, query, scalar, unbuilt};

/// What the signature of a request says. It is not verified.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Credential {
    pub access_key: String,
    pub region: String,
    /// The name the service signs with.
    pub service: String,
}

/// Reads the credential scope, from the header or from a presigned address.
pub(super) fn credential<B>(request: &Request<B>) -> Result<Credential, ApiError> {
    let incomplete = || {
        ApiError::new(
            "IncompleteSignature",
            "Authorization header requires 'Credential' parameter of the form \
             <access key>/<date>/<region>/<service>/aws4_request after 'AWS4-HMAC-SHA256'.",
        )
    };
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let value = value.to_str().map_err(|_| incomplete())?;
        let rest = value.trim().strip_prefix("AWS4-HMAC-SHA256").ok_or_else(incomplete)?;
        let mut parts = rest.split(',').map(str::trim);
        let scope = parts.find_map(|part| part.strip_prefix("Credential="));
        return scope.and_then(scope_of).ok_or_else(incomplete);
    }
    let address = request.uri().query().unwrap_or_default();
    let presigned = address.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="));
    match presigned {
        Some(scope) => {
            scalar::unescape(scope, true).and_then(|it| scope_of(&it)).ok_or_else(incomplete)
        }
        None => Err(ApiError::new("MissingAuthenticationToken", "Missing Authentication Token")),
    }
}

fn scope_of(scope: &str) -> Option<Credential> {
    let mut parts = scope.split('/');
    let (access_key, date) = (parts.next()?, parts.next()?);
    let (region, service) = (parts.next()?, parts.next()?);
    let complete = parts.next() == Some("aws4_request") && parts.next().is_none();
    let filled = [access_key, date, region, service].iter().all(|part| !part.is_empty());
    (complete && filled).then(|| Credential {
        access_key: access_key.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    })
}

/// The protocol of a request whose service is not known, to answer in a form its sender can read.
pub(super) fn guess<B: AsRef<[u8]>>(request: &Request<B>) -> Protocol {
    if request.headers().contains_key("x-amz-target") {
        return Protocol::AwsJson;
    }
    if !matches!(request.uri().path(), "/" | "") {
        return Protocol::RestJson;
    }
    let version = Service::Ec2.model().api_version.as_bytes();
    let mut words = request.body().as_ref().split(|&byte| byte == b'&');
    let ec2 = words.any(|word| word.strip_prefix(b"Version=".as_slice()) == Some(version));
    if ec2 { Protocol::Ec2Query } else { Protocol::AwsQuery }
}

/// The operation that a form names.
pub(super) fn by_form(
    service: Service,
    form: &query::Form<'_>,
) -> Result<&'static Operation, ApiError> {
    let model = service.model();
    let Some(action) = query::parameter(form, "Action").filter(|it| !it.is_empty()) else {
        return Err(ApiError::new("MissingAction", "The request must contain an Action."));
    };
    let version = query::parameter(form, "Version");
    if let Some(version) = version.filter(|&it| it != model.api_version) {
        let message = format!("The requested version ({version}) of this service does not exist");
        return Err(match model.protocol {
            Protocol::Ec2Query => ApiError::new("NoSuchVersion", message),
            _ => ApiError::new("InvalidAction", message),
        });
    }
    model.operation(action).ok_or_else(|| {
        unbuilt::by_name(service, action).unwrap_or_else(|| {
            let message = format!("The action {action} is not valid for this web service.");
            ApiError::new("InvalidAction", message)
        })
    })
}

/// The operation that `X-Amz-Target` names.
pub(super) fn by_target(
    service: Service,
    headers: &HeaderMap,
) -> Result<&'static Operation, ApiError> {
    let model = service.model();
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let named = target.and_then(|it| it.rsplit_once('.'));
    let name = named
        .filter(|(prefix, _)| Some(*prefix) == model.target_prefix.as_deref())
        .map(|(_, name)| name);
    name.and_then(|name| model.operation(name)).ok_or_else(|| {
        name.and_then(|name| unbuilt::by_name(service, name)).unwrap_or_else(|| {
            let target = target.unwrap_or("no X-Amz-Target");
            ApiError::new("UnknownOperationException", target)
        })
    })
}

/// A REST call: the operation, and what its address carries.
pub(super) struct RestMatch<'r> {
    pub operation: &'static Operation,
    pub labels: Vec<(&'static str, Cow<'r, str>)>,
    pub query: Vec<(Cow<'r, str>, Cow<'r, str>)>,
}

/// The operation that a method and an address name.
pub(super) fn by_path<B>(
    service: Service,
    request: &Request<B>,
) -> Result<RestMatch<'_>, ApiError> {
    let model = service.model();
    let malformed =
        || ApiError::new("SerializationException", "The address has a malformed escape");
    let path = request.uri().path();
    // Split before decoding: an ARN in a path carries its slashes escaped.
    let trimmed = path.strip_prefix('/').unwrap_or(path);
    let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
    let steps: Vec<&str> = trimmed.split('/').collect();
    let address = request.uri().query().unwrap_or_default();
    let query = scalar::pairs(address).ok_or_else(malformed)?;

    let routes = model.routes.iter().filter(|route| route.method == request.method().as_str());
    for route in routes {
        let asked =
            |(name, value): &(String, String)| query.iter().any(|(n, v)| n == name && v == value);
        if !route.query.iter().all(asked) {
            continue;
        }
        let Some(labels) = fit(route, &steps) else { continue };
        let operation = model.operation(&route.operation);
        let labels = labels
            .into_iter()
            .map(|(name, text)| Some((name, decoded(text)?)))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(malformed)?;
        if let Some(operation) = operation {
            return Ok(RestMatch { operation, labels, query });
        }
    }
    let unbuilt = unbuilt::by_place(service, request.method().as_str(), &steps);
    Err(unbuilt.unwrap_or_else(|| {
        let message = format!("{} {path} is no operation.", request.method());
        ApiError::new("UnknownOperationException", message)
    }))
}

fn decoded(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    match text {
        Cow::Borrowed(text) => scalar::unescape(text, false),
        Cow::Owned(text) => Some(Cow::Owned(scalar::unescape(&text, false)?.into_owned())),
    }
}

/// Matches a path against a template; the labels are still escaped.
fn fit<'m, 'r>(route: &'m Route, steps: &[&'r str]) -> Option<Vec<(&'m str, Cow<'r, str>)>> {
    let mut labels = Vec::new();
    let mut rest = steps;
    for (index, segment) in route.segments.iter().enumerate() {
        let (&step, behind) = rest.split_first()?;
        rest = behind;
        match segment {
            Segment::Literal(literal) if literal == step => {}
            Segment::Literal(_) => return None,
            Segment::Label(_) | Segment::Greedy(_) if step.is_empty() => return None,
            Segment::Label(name) => labels.push((name.as_str(), Cow::Borrowed(step))),
            Segment::Greedy(name) => {
                let fixed = route.segments.len() - index - 1;
                let taken = rest.len().checked_sub(fixed)?;
                let (more, behind) = rest.split_at(taken);
                let mut text = step.to_owned();
                for step in more {
                    text.push('/');
                    text.push_str(step);
                }
                labels.push((name.as_str(), Cow::Owned(text)));
                rest = behind;
            }
        }
    }
    rest.is_empty().then_some(labels)
}
