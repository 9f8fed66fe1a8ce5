//! Containers of a task definition, and the proxy that its traffic passes through.

use crate::resources::prelude::*;
use aws_sdk_ecs::types::{
    self as ecs, ApplicationProtocol, ContainerCondition, ContainerDefinition, ContainerDependency,
    HealthCheck, KeyValuePair, LinuxParameters, LogConfiguration, LogDriver, PortMapping,
    ProxyConfiguration, ProxyConfigurationType, TransportProtocol,
};

/// One container of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// Its name in the task.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Whether the task ends with it.
    pub essential: bool,
    /// Who runs in it.
    pub user: Option<String>,
    /// Its share of the task's CPU units.
    pub cpu: Option<i32>,
    /// Its limit, in MiB.
    pub memory: Option<i32>,
    /// Variables; `{rest_api_id}` in a value stands for the ID of the REST API that is needed.
    pub environment: BTreeMap<String, String>,
    /// The port on which it answers.
    pub port: Option<u16>,
    /// What Service Connect calls the port, whose traffic is then HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port_name: Option<String>,
    /// How its health is told.
    pub health_check: Option<ContainerHealthCheck>,
    /// The containers that must be healthy before it starts.
    pub depends_on_healthy: Vec<String>,
    /// Where its output goes.
    pub log_group: String,
    /// How its streams are named.
    pub stream_prefix: String,
    /// Seconds between the signal to stop and the end.
    pub stop_timeout: Option<i32>,
    /// Seconds for which those that depend on it wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timeout: Option<i32>,
    /// Whether a process of ECS's own is the container's first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub init_process: bool,
}

/// A command that a container runs to tell its health; the first time one interval after its start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerHealthCheck {
    /// The command, with `CMD` or `CMD-SHELL` first.
    pub command: Vec<String>,
    /// Seconds between two runs: 5 to 300.
    pub interval: i32,
    /// Seconds that one run may take: 2 to 60.
    pub timeout: i32,
    /// Failures in a row that make it unhealthy: 1 to 10.
    pub retries: i32,
    /// Seconds from the start in which failures do not count: 0 to 300.
    pub start_period: i32,
}

/// App Mesh's proxy: the task's traffic is redirected to its ports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proxy {
    /// The container that is the proxy.
    pub container_name: String,
    /// The application's ports, whose traffic comes in through the proxy.
    pub app_ports: Vec<u16>,
    /// The proxy's own user, whose traffic goes out directly.
    pub ignored_uid: u32,
    /// Where traffic comes in.
    pub ingress: u16,
    /// Where traffic goes out.
    pub egress: u16,
    /// Addresses that are reached directly: task metadata.
    pub egress_ignored_ips: Vec<String>,
}

impl Container {
    /// As ECS registers it, for logs in this region.
    pub(super) fn definition(&self, region: &str) -> Result<ContainerDefinition> {
        let environment = self.environment.iter().map(|(key, value)| pair(key, value));
        let log = LogConfiguration::builder()
            .log_driver(LogDriver::Awslogs)
            .options("awslogs-group", &self.log_group)
            .options("awslogs-region", region)
            .options("awslogs-stream-prefix", &self.stream_prefix)
            .build()
            .map_err(unsayable)?;
        let health_check = self.health_check.as_ref().map(ContainerHealthCheck::definition);
        let dependencies = self.depends_on_healthy.iter().map(|name| {
            let healthy = ContainerDependency::builder().condition(ContainerCondition::Healthy);
            healthy.container_name(name).build().map_err(unsayable)
        });
        let dependencies = dependencies.collect::<Result<Vec<_>>>()?;
        let init = self.init_process.then(|| LinuxParameters::builder().init_process_enabled(true));
        let ports = self.port.map(|port| {
            let port = i32::from(port);
            let mapping = PortMapping::builder().container_port(port).host_port(port);
            let http = self.port_name.as_ref().map(|_| ApplicationProtocol::Http);
            let mapping = mapping.set_name(self.port_name.clone()).set_app_protocol(http);
            vec![mapping.protocol(TransportProtocol::Tcp).build()]
        });
        let definition = ContainerDefinition::builder()
            .name(&self.name)
            .image(&self.image)
            .essential(self.essential)
            .set_user(self.user.clone())
            .set_memory(self.memory)
            .set_environment(Some(environment.collect()))
            .set_port_mappings(ports)
            .set_health_check(health_check.transpose()?)
            .set_depends_on((!dependencies.is_empty()).then_some(dependencies))
            .log_configuration(log)
            .set_stop_timeout(self.stop_timeout)
            .set_start_timeout(self.start_timeout)
            .set_linux_parameters(init.map(|init| init.build()));
        Ok(match self.cpu {
            Some(cpu) => definition.cpu(cpu).build(),
            None => definition.build(),
        })
    }
}

impl ContainerHealthCheck {
    fn definition(&self) -> Result<HealthCheck> {
        let check = HealthCheck::builder()
            .set_command(Some(self.command.clone()))
            .interval(self.interval)
            .timeout(self.timeout)
            .retries(self.retries)
            .start_period(self.start_period);
        check.build().map_err(unsayable)
    }
}

impl Proxy {
    /// As ECS registers it.
    pub(super) fn configuration(&self) -> Result<ProxyConfiguration> {
        let ports: Vec<String> = self.app_ports.iter().map(u16::to_string).collect();
        let configuration = ProxyConfiguration::builder()
            .r#type(ProxyConfigurationType::Appmesh)
            .container_name(&self.container_name)
            .properties(pair("AppPorts", &ports.join(",")))
            .properties(pair("EgressIgnoredIPs", &self.egress_ignored_ips.join(",")))
            .properties(pair("IgnoredUID", &self.ignored_uid.to_string()))
            .properties(pair("ProxyEgressPort", &self.egress.to_string()))
            .properties(pair("ProxyIngressPort", &self.ingress.to_string()));
        configuration.build().map_err(unsayable)
    }
}

fn pair(name: &str, value: &str) -> KeyValuePair {
    ecs::KeyValuePair::builder().name(name).value(value).build()
}

/// The SDK's refusal to build what lacks a member.
pub(super) fn unsayable(error: aws_sdk_ecs::error::BuildError) -> Error {
    Error::new(Class::Invalid, error.to_string())
}
