//! A service's part in Service Connect: what it offers to others in its namespace, and what its
//! proxy logs.

use super::{
    cluster::Cluster,
    container::unsayable,
    service_reads::{Services, listed},
};
use crate::resources::{prelude::*, servicediscovery::private_dns_namespace::NamespaceId};
use aws_sdk_ecs::types::{
    Deployment, LogConfiguration, LogDriver, ServiceConnectAccessLogConfiguration,
    ServiceConnectAccessLoggingFormat, ServiceConnectClientAlias, ServiceConnectConfiguration,
    ServiceConnectService,
};
use futures_util::future::try_join_all;
use serde_json::{Value, json};

/// One line of JSON for each request.
const ACCESS_LOG: ServiceConnectAccessLoggingFormat = ServiceConnectAccessLoggingFormat::Json;

/// A service's part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Membership {
    /// What others call it by; a client has none.
    pub endpoint: Option<Endpoint>,
    /// Where its proxy's output and access log go.
    pub log_group: String,
    /// How the streams are named.
    pub stream_prefix: String,
}

/// A name and a port that every member of the namespace can call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Endpoint {
    /// The port's name in the task definition.
    pub port_name: String,
    /// The Cloud Map service that ECS makes for it.
    pub discovery_name: String,
    /// The host in clients' URLs.
    pub dns_name: String,
    /// The port in clients' URLs.
    pub port: u16,
}

impl Membership {
    /// As ECS takes it.
    pub(super) fn configuration(
        &self,
        namespace: Option<&NamespaceId>,
        region: &str,
    ) -> Result<ServiceConnectConfiguration> {
        let log = LogConfiguration::builder()
            .log_driver(LogDriver::Awslogs)
            .options("awslogs-group", &self.log_group)
            .options("awslogs-region", region)
            .options("awslogs-stream-prefix", &self.stream_prefix)
            .build()
            .map_err(unsayable)?;
        let access = ServiceConnectAccessLogConfiguration::builder().format(ACCESS_LOG).build();
        let services = self.endpoint.as_ref().map(Endpoint::service).transpose()?;
        let configuration = ServiceConnectConfiguration::builder()
            .enabled(true)
            .set_namespace(namespace.map(|namespace| namespace.arn.clone()))
            .set_services(services.map(|service| vec![service]))
            .log_configuration(log)
            .access_log_configuration(access.map_err(unsayable)?);
        Ok(configuration.build())
    }

    /// For comparison with [`live`].
    pub(super) fn wanted(&self, namespace: Option<&NamespaceId>) -> Value {
        let endpoints: Vec<_> = self.endpoint.iter().map(|it| json!(it)).collect();
        json!({
            "namespace": namespace.map(|namespace| &namespace.arn),
            "endpoints": endpoints,
            "log_group": self.log_group,
            "access_log": ACCESS_LOG.as_str(),
        })
    }
}

impl Endpoint {
    fn service(&self) -> Result<ServiceConnectService> {
        let alias = ServiceConnectClientAlias::builder()
            .dns_name(&self.dns_name)
            .port(self.port.into())
            .build()
            .map_err(unsayable)?;
        let service = ServiceConnectService::builder()
            .port_name(&self.port_name)
            .discovery_name(&self.discovery_name)
            .client_aliases(alias);
        service.build().map_err(unsayable)
    }
}

/// What turns it off.
pub(super) fn off() -> ServiceConnectConfiguration {
    ServiceConnectConfiguration::builder().enabled(false).build()
}

/// The part that a deployment has; none when it is off.
pub(super) fn member(deployment: Option<&Deployment>) -> Option<&ServiceConnectConfiguration> {
    deployment?.service_connect_configuration().filter(|configuration| configuration.enabled())
}

/// A deployment's part, for comparison. AWS may show a namespace by its name.
pub(super) fn live(
    configuration: &ServiceConnectConfiguration,
    namespace: Option<&NamespaceId>,
) -> Value {
    let shown = configuration.namespace();
    let named = namespace.filter(|it| shown == Some(&it.name)).map(|it| it.arn.as_str());
    let endpoints: Vec<_> = configuration
        .services()
        .iter()
        .map(|service| {
            let alias = service.client_aliases().first();
            json!({
                "port_name": service.port_name(),
                "discovery_name": service.discovery_name(),
                "dns_name": alias.and_then(|alias| alias.dns_name()),
                "port": alias.map(|alias| alias.port()),
            })
        })
        .collect();
    let options = configuration.log_configuration().and_then(|log| log.options());
    json!({
        "namespace": named.or(shown),
        "endpoints": endpoints,
        "log_group": options.and_then(|options| options.get("awslogs-group")),
        "access_log": configuration.access_log_configuration().map(|it| it.format().as_str()),
    })
}

/// The URLs by which others call it, for people.
pub(super) fn names(configuration: &ServiceConnectConfiguration) -> Vec<String> {
    let aliases = configuration.services().iter().flat_map(|service| service.client_aliases());
    aliases.map(|it| format!("{}:{}", it.dns_name().unwrap_or_default(), it.port())).collect()
}

/// Whether any service of the stack takes part in Service Connect.
///
/// # Errors
/// When a listing or a description is refused.
pub async fn any_member(cx: &Cx) -> Result<bool> {
    let clusters = Cluster::search(cx).await?;
    let listings = clusters.iter().map(|cluster| listed(cx, &cluster.out));
    let keys = try_join_all(listings).await?.into_iter().flatten();
    let services = try_join_all(keys.map(|key| cx.load::<Services>(key))).await?;
    Ok(services.into_iter().flatten().any(|service| {
        let ours = cx.owned(tags_of(service.tags()), ()).is_some();
        ours && member(super::deployment::primary(&service)).is_some()
    }))
}
