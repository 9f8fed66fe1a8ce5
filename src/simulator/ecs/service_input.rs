//! What CreateService and UpdateService refuse, and the service that they ask for.

use super::{
    ApiError, Tag, capacity, client,
    cluster::Cluster,
    invalid, outside,
    service::Service,
    service_connect, tags_in,
    task_definition::{self, TaskDefinition},
};
use crate::simulator::{account::Account, fields::Fields};
use serde_json::{Value, json};

/// How many subnets and security groups a service can name.
const MOST_SUBNETS: usize = 16;
const MOST_GROUPS: usize = 5;

/// A name of a service.
pub fn name(name: &str) -> Result<(), ApiError> {
    let well_formed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 255 || !name.chars().all(well_formed) {
        return Err(invalid("Invalid identifier: Identifier is for service."));
    }
    Ok(())
}

/// The service that CreateService asks for.
pub fn service(
    account: &Account,
    input: &Value,
    arn: &str,
    cluster: &Cluster,
) -> Result<Service, ApiError> {
    let (launch_type, strategy) = capacity::wanted(cluster, input)?;
    let fargate = launch_type.as_deref().is_none_or(|launch_type| launch_type == "FARGATE");
    if fargate {
        for (member, words) in [
            ("placementStrategy", "Placement strategies are"),
            ("placementConstraints", "Placement constraints are"),
        ] {
            if !input.list(member).is_empty() {
                return Err(invalid(format!("{words} not supported with FARGATE launch type.")));
            }
        }
    }
    let definition = definition(account, input.text("taskDefinition"), fargate)?;
    network(account, input.get("networkConfiguration"), &definition)?;
    load_balancers(account, input.list("loadBalancers"), &definition)?;
    registries(account, input.list("serviceRegistries"))?;
    let connect = input.get("serviceConnectConfiguration");
    let connect = service_connect::checked(account, connect, &definition, arn)?;
    let grace = input.int("healthCheckGracePeriodSeconds");
    grace_period(grace, input.list("loadBalancers"))?;
    let configuration = rolling(input.get("deploymentConfiguration"));
    let spare = configuration.int("maximumPercent").is_some_and(|percent| percent > 100);
    let rebalancing = match input.text("availabilityZoneRebalancing") {
        Some("ENABLED") if !spare => {
            return Err(invalid(
                "Availability Zone rebalancing requires a maximumPercent greater than 100.",
            ));
        }
        Some(given) => given,
        None if spare => "ENABLED",
        None => "DISABLED",
    };
    let text = |member: &str, default: &str| input.text(member).unwrap_or(default).to_owned();
    let has_targets = !input.list("loadBalancers").is_empty();
    let role = format!(
        "arn:aws:iam::{}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        account.id
    );
    Ok(Service {
        service_arn: arn.into(),
        service_name: text("serviceName", ""),
        cluster_arn: cluster.cluster_arn.clone(),
        status: "ACTIVE".into(),
        desired_count: input.int("desiredCount").unwrap_or(0),
        launch_type_when_made: launch_type.clone(),
        launch_type,
        capacity_provider_strategy: strategy,
        platform_version: fargate.then(|| text("platformVersion", "LATEST")),
        platform_family: fargate.then(|| "Linux".into()),
        task_definition: definition.task_definition_arn,
        deployment_configuration: configuration,
        load_balancers: input.list("loadBalancers").to_vec(),
        service_registries: input.list("serviceRegistries").to_vec(),
        network_configuration: input.get("networkConfiguration").map(private),
        service_connect: connect,
        health_check_grace_period_seconds: has_targets.then(|| grace.unwrap_or(0)),
        scheduling_strategy: text("schedulingStrategy", "REPLICA"),
        deployment_controller: json!({ "type": "ECS" }),
        availability_zone_rebalancing: rebalancing.into(),
        propagate_tags: text("propagateTags", "NONE"),
        enable_ecs_managed_tags: input.flag("enableECSManagedTags").unwrap_or(false),
        enable_execute_command: input.flag("enableExecuteCommand").unwrap_or(false),
        placement_constraints: input.list("placementConstraints").to_vec(),
        placement_strategy: input.list("placementStrategy").to_vec(),
        events: Vec::new(),
        created_at: super::seconds(account.now),
        created_by: format!("arn:aws:iam::{}:root", account.id),
        role_arn: Some(role),
        tags: tags_in(input),
        creation: input.text("clientToken").map(|token| (token.into(), input.clone())),
        deployments: Vec::new(),
        past: Vec::new(),
        look_at: None,
        steady: false,
    })
}

/// Applies UpdateService; whether it takes a new deployment.
pub fn change(account: &Account, input: &Value, to: &mut Service) -> Result<bool, ApiError> {
    let mut anew = input.flag("forceNewDeployment") == Some(true);
    capacity::change(account, input, to)?;
    let fargate = to.launch_type.as_deref().is_none_or(|launch_type| launch_type == "FARGATE");
    let reference = input.text("taskDefinition");
    let wanted = definition(account, Some(reference.unwrap_or(&to.task_definition)), fargate);
    let definition = match (wanted, reference) {
        (Ok(wanted), _) => wanted,
        (Err(error), Some(_)) => return Err(error),
        // A service goes on with a revision that was deregistered meanwhile.
        (Err(_), None) => task_definition::find(account, &to.task_definition)?.clone(),
    };
    if definition.task_definition_arn != to.task_definition {
        to.task_definition = definition.task_definition_arn.clone();
        anew = true;
    }
    if let Some(given) = input.get("networkConfiguration") {
        network(account, Some(given), &definition)?;
        let given = Some(private(given));
        anew |= given != to.network_configuration;
        to.network_configuration = given;
    }
    if input.get("loadBalancers").is_some() {
        let given = input.list("loadBalancers");
        load_balancers(account, given, &definition)?;
        anew |= given != to.load_balancers;
        to.load_balancers = given.to_vec();
    }
    if input.get("serviceRegistries").is_some() {
        let given = input.list("serviceRegistries");
        registries(account, given)?;
        anew |= given != to.service_registries;
        to.service_registries = given.to_vec();
    }
    if input.get("serviceConnectConfiguration").is_some() || to.service_connect.is_some() {
        let kept = to.service_connect.clone();
        let wanted = input.get("serviceConnectConfiguration").or(kept.as_ref());
        let given = service_connect::checked(account, wanted, &definition, &to.service_arn)?;
        anew |= given != to.service_connect;
        to.service_connect = given;
    }
    if let Some(version) = input.text("platformVersion") {
        anew |= to.platform_version.as_deref() != Some(version);
        to.platform_version = Some(version.into());
    }
    if let Some(seconds) = input.int("healthCheckGracePeriodSeconds") {
        grace_period(Some(seconds), &to.load_balancers)?;
        to.health_check_grace_period_seconds = Some(seconds);
    }
    if let Some(given) = input.get("deploymentConfiguration") {
        for (member, value) in given.as_object().into_iter().flatten() {
            to.deployment_configuration[member] = value.clone();
        }
    }
    to.desired_count = input.int("desiredCount").unwrap_or(to.desired_count);
    if let Some(given) = input.text("propagateTags") {
        to.propagate_tags = given.into();
    }
    if let Some(given) = input.text("availabilityZoneRebalancing") {
        to.availability_zone_rebalancing = given.into();
    }
    let flag = |member: &str, before: bool| input.flag(member).unwrap_or(before);
    to.enable_ecs_managed_tags = flag("enableECSManagedTags", to.enable_ecs_managed_tags);
    to.enable_execute_command = flag("enableExecuteCommand", to.enable_execute_command);
    Ok(anew)
}

fn definition(
    account: &Account,
    reference: Option<&str>,
    fargate: bool,
) -> Result<TaskDefinition, ApiError> {
    let reference = reference.ok_or_else(|| invalid("Task definition is required."))?;
    let found = task_definition::find(account, reference);
    let found = found.map_err(|_| client("TaskDefinition not found."))?;
    if found.status != "ACTIVE" {
        return Err(client("TaskDefinition is inactive"));
    }
    if fargate && !found.requires_compatibilities.iter().any(|it| it == "FARGATE") {
        return Err(invalid("Task definition does not support launch_type FARGATE."));
    }
    Ok(found.clone())
}

fn network(
    account: &Account,
    given: Option<&Value>,
    definition: &TaskDefinition,
) -> Result<(), ApiError> {
    let awsvpc = definition.network_mode.as_deref() == Some("awsvpc");
    let Some(given) = given.and_then(|it| it.get("awsvpcConfiguration")) else {
        let message =
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
        return if awsvpc { Err(invalid(message)) } else { Ok(()) };
    };
    let (subnets, groups) = (given.texts("subnets"), given.texts("securityGroups"));
    if subnets.is_empty() {
        return Err(invalid("subnets can not be empty."));
    }
    if subnets.len() > MOST_SUBNETS {
        return Err(invalid("subnets can have at most 16 items."));
    }
    if groups.len() > MOST_GROUPS {
        return Err(invalid("securityGroups can have at most 5 items."));
    }
    for id in subnets {
        if outside::zone_of(account, id).is_none() {
            return Err(invalid(format!(
                "Error retrieving subnet information for [{id}]: The subnet ID '{id}' does not \
                 exist (ErrorCode: InvalidSubnetID.NotFound)"
            )));
        }
    }
    for id in groups {
        if !outside::security_group_exists(account, id) {
            return Err(invalid(format!(
                "Error retrieving security group information for [{id}]: The security group \
                 '{id}' does not exist (ErrorCode: InvalidGroup.NotFound)"
            )));
        }
    }
    Ok(())
}

fn load_balancers(
    account: &Account,
    given: &[Value],
    definition: &TaskDefinition,
) -> Result<(), ApiError> {
    for one in given {
        let name = one.text_or_empty("containerName");
        let Some(container) = definition.container(name) else {
            return Err(invalid(format!(
                "The container {name} does not exist in the task definition."
            )));
        };
        let port = one.int("containerPort");
        let mappings = container.list("portMappings");
        if !mappings.iter().any(|mapping| mapping.int("containerPort") == port) {
            let port = port.unwrap_or_default();
            return Err(invalid(format!(
                "The container {name} did not have a container port {port} defined."
            )));
        }
        let arn = one.text_or_empty("targetGroupArn");
        let Some(group) = outside::target_group(account, arn) else {
            return Err(invalid(format!("The specified target group does not exist: {arn}")));
        };
        if definition.network_mode.as_deref() == Some("awsvpc") && group.target_type != "ip" {
            return Err(invalid(format!(
                "The provided target group {arn} has target type {}, which is incompatible with \
                 the awsvpc network mode specified in the task definition.",
                group.target_type
            )));
        }
        if !group.in_use {
            return Err(invalid(format!(
                "The target group with targetGroupArn {arn} does not have an associated load \
                 balancer."
            )));
        }
    }
    Ok(())
}

fn registries(account: &Account, given: &[Value]) -> Result<(), ApiError> {
    for arn in given.iter().map(|one| one.text_or_empty("registryArn")) {
        if !outside::registry_exists(account, arn) {
            return Err(invalid(format!("The service registry {arn} does not exist.")));
        }
    }
    Ok(())
}

fn grace_period(seconds: Option<i64>, load_balancers: &[Value]) -> Result<(), ApiError> {
    if seconds.is_some() && load_balancers.is_empty() {
        return Err(invalid(
            "Health check grace period is only valid for services configured to use load \
             balancers",
        ));
    }
    Ok(())
}

/// Rolling, with AWS's defaults.
fn rolling(given: Option<&Value>) -> Value {
    let mut configuration = json!({
        "deploymentCircuitBreaker": { "enable": false, "rollback": false },
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    });
    for (member, value) in given.and_then(Value::as_object).into_iter().flatten() {
        configuration[member] = value.clone();
    }
    configuration
}

/// Without a public address unless asked for.
fn private(given: &Value) -> Value {
    let mut network = given.clone();
    if let Some(awsvpc) = network.get_mut("awsvpcConfiguration") {
        for (member, default) in
            [("securityGroups", json!([])), ("assignPublicIp", json!("DISABLED"))]
        {
            if awsvpc.get(member).is_none_or(Value::is_null) {
                awsvpc[member] = default;
            }
        }
    }
    network
}

/// ECS's own tags for a task of this service, and those that it hands on.
pub fn task_tags(account: &Account, service: &Service) -> Vec<Tag> {
    let mut tags = match service.propagate_tags.as_str() {
        "SERVICE" => service.tags.clone(),
        "TASK_DEFINITION" => task_definition::find(account, &service.task_definition)
            .map(|definition| definition.tags.clone())
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    if service.enable_ecs_managed_tags {
        let cluster = super::name_of(&service.cluster_arn);
        for (key, value) in
            [("aws:ecs:clusterName", cluster), ("aws:ecs:serviceName", &service.service_name)]
        {
            tags.push(Tag { key: key.into(), value: value.into() });
        }
    }
    tags
}
