//! The start of a task: a role, a subnet, a network interface.

use super::{
    capacity,
    containers::Container,
    deployment::Deployment,
    name_of, outside, region_of, seconds, service_connect, service_input,
    task::{self, Task},
    task_definition,
    task_life::{Step, then},
};
use crate::simulator::{account::Account, fields::Fields, latency::Latency};
use std::collections::BTreeMap;

/// Starts a task of a deployment; or says why not, in the words of a service event.
pub fn launch(account: &mut Account, arn: &str, of: &Deployment) -> Result<String, String> {
    let service = account.ecs.services.known(arn).ok_or("is gone")?.clone();
    if service.launch_type.as_deref().is_some_and(|it| it != "FARGATE") {
        return Err("was unable to place a task because no container instance met all of its \
             requirements. Reason: No Container Instances were found in your cluster."
            .into());
    }
    let definition = task_definition::find(account, &of.task_definition);
    let definition = definition.map_err(|error| error.message)?.clone();
    let roles = [&definition.execution_role_arn, &definition.task_role_arn];
    if let Some(role) =
        roles.into_iter().flatten().find(|role| !outside::role_assumable(account, role))
    {
        return Err(format!(
            "failed to launch a task with (error ECS was unable to assume the role '{role}' that \
             was provided for this task. Please verify that the role being passed has the proper \
             trust relationship and permissions and that your IAM user has permissions to pass \
             this role.)."
        ));
    }
    let network = of.network_configuration.as_ref().and_then(|it| it.get("awsvpcConfiguration"));
    let network = network.cloned().unwrap_or_default();
    let public = network.text("assignPublicIp") == Some("ENABLED");
    let subnet = emptiest(account, arn, &network.texts("subnets")).ok_or("has no subnet")?;
    if let Some(zone) = outside::zone_without_fargate(account, &subnet) {
        return Err(format!(
            "was unable to place a task. Reason: Fargate is not supported in the requested \
             availability zone: {zone}."
        ));
    }
    let cluster = name_of(&service.cluster_arn);
    let region = region_of(arn).to_owned();
    let digits = account.hex(32);
    let task_arn = super::arn(account, &region, &format!("task/{cluster}/{digits}"));
    let attachment = [8, 4, 4, 4, 12].map(|digits| account.hex(digits)).join("-");
    let described = super::arn(account, &region, &format!("attachment/{attachment}"));
    let interface =
        outside::attach(account, &subnet, &network.texts("securityGroups"), &described, public)
            .map_err(|why| format!("was unable to place a task. Reason: {why}"))?;
    let doomed = account.doomed.contains(&definition.task_definition_arn);
    let containers = definition.container_definitions.iter().map(|container| {
        let id = account.hex(32);
        let rest = format!("container/{cluster}/{digits}/{id}");
        Container::of(container, super::arn(account, &region, &rest), doomed)
    });
    let mut containers: Vec<Container> = containers.collect();
    if of.service_connect.is_some() {
        let rest = format!("container/{cluster}/{digits}/{}", account.hex(32));
        let arn = super::arn(account, &region, &rest);
        containers.push(service_connect::proxy(account, arn));
    }
    let task = Task {
        task_arn: task_arn.clone(),
        cluster_arn: service.cluster_arn.clone(),
        task_definition_arn: definition.task_definition_arn,
        availability_zone: outside::zone_of(account, &subnet).unwrap_or_default(),
        desired_status: "RUNNING".into(),
        last_status: "PROVISIONING".into(),
        group: format!("service:{}", service.service_name),
        started_by: of.id.clone(),
        launch_type: Some("FARGATE".into()),
        capacity_provider_name: capacity::next(account, arn, of),
        platform_version: of.platform_version.clone(),
        platform_family: of.platform_family.clone(),
        cpu: definition.cpu,
        memory: definition.memory,
        created_at: seconds(account.now),
        pull_started_at: None,
        pull_stopped_at: None,
        started_at: None,
        stopping_at: None,
        stopped_at: None,
        stop_code: None,
        stopped_reason: None,
        version: 1,
        tags: service_input::task_tags(account, &service),
        service: arn.into(),
        containers,
        interface: Some(interface.id),
        attachment,
        ip: interface.ip,
        subnet,
        public,
        running_since: None,
        targets: Vec::new(),
        registries: Vec::new(),
        resolves: of.resolves.clone(),
        proven: false,
    };
    account.ecs.tasks.insert(&task_arn, task, account.now, account.now);
    then(account, &task_arn, Latency::TaskProvisioning, Step::Pull);
    Ok(task_arn)
}

/// The subnet with the fewest of the service's tasks: that spreads them over the zones.
fn emptiest(account: &Account, service: &str, subnets: &[&str]) -> Option<String> {
    let mut tasks: BTreeMap<&str, usize> = BTreeMap::new();
    for task in task::of_service(account, service).filter(|it| it.desired_status == "RUNNING") {
        *tasks.entry(task.subnet.as_str()).or_default() += 1;
    }
    let count = |subnet: &&&str| tasks.get(**subnet).copied().unwrap_or(0);
    subnets.iter().min_by_key(count).map(|subnet| (*subnet).to_owned())
}
