//! Services: ACTIVE, then DRAINING while their tasks stop, then INACTIVE and still described.

use super::{
    Tag, arn, cluster, deployment, deployment::Deployment, includes, invalid, missing, name_of,
    page, public, scheduler, seconds, service_connect, service_input as input, task,
};
use crate::simulator::{
    account::{Account, Answer, Millis},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many services one description takes.
const DESCRIBED_AT_ONCE: usize = 10;
/// How many events a service keeps.
const EVENTS_KEPT: usize = 100;

/// A service as ECS describes it; what its tasks and deployments say is added when it is shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Its ARN, the same for every service of the name.
    pub service_arn: String,
    /// Its name in the cluster.
    pub service_name: String,
    /// The cluster.
    pub cluster_arn: String,
    /// ACTIVE, DRAINING, INACTIVE.
    pub status: String,
    /// How many tasks it keeps.
    pub desired_count: i64,
    /// FARGATE, unless a capacity provider strategy says where.
    pub launch_type: Option<String>,
    /// Capacity providers.
    pub capacity_provider_strategy: Option<Value>,
    /// The launch type with which it was made, to which it can go back.
    #[serde(rename = "_launch_type_when_made")]
    pub launch_type_when_made: Option<String>,
    /// Fargate's version.
    pub platform_version: Option<String>,
    /// The operating system.
    pub platform_family: Option<String>,
    /// What it runs.
    pub task_definition: String,
    /// How it rolls.
    pub deployment_configuration: Value,
    /// Where its tasks are registered.
    pub load_balancers: Vec<Value>,
    /// Where its tasks are published.
    pub service_registries: Vec<Value>,
    /// Subnets and security groups.
    pub network_configuration: Option<Value>,
    /// Service Connect, if it is on; shown in the deployments.
    #[serde(rename = "_service_connect")]
    pub service_connect: Option<Value>,
    /// How long a task's target need not be healthy.
    pub health_check_grace_period_seconds: Option<i64>,
    /// REPLICA or DAEMON.
    pub scheduling_strategy: String,
    /// Who rolls it.
    pub deployment_controller: Value,
    /// Spread over zones as they come and go.
    pub availability_zone_rebalancing: String,
    /// Whose tags its tasks take.
    pub propagate_tags: String,
    /// Whether its tasks carry ECS's own tags.
    #[serde(rename = "enableECSManagedTags")]
    pub enable_ecs_managed_tags: bool,
    /// Whether one can run commands in its tasks.
    pub enable_execute_command: bool,
    /// EC2's constraints.
    pub placement_constraints: Vec<Value>,
    /// EC2's strategy.
    pub placement_strategy: Vec<Value>,
    /// The newest first.
    pub events: Vec<ServiceEvent>,
    /// When.
    pub created_at: f64,
    /// By whom.
    pub created_by: String,
    /// The role with which ECS calls load balancing.
    pub role_arn: Option<String>,
    /// Shown when asked for.
    pub tags: Vec<Tag>,
    /// The client token of its creation, with what was asked.
    #[serde(rename = "_creation")]
    pub creation: Option<(String, Value)>,
    /// The primary one first.
    #[serde(rename = "_deployments")]
    pub deployments: Vec<Deployment>,
    /// Those that are over, the newest first.
    #[serde(rename = "_past")]
    pub past: Vec<Deployment>,
    /// When the scheduler looks next.
    #[serde(rename = "_look_at")]
    pub look_at: Option<Millis>,
    /// Whether it has said that it is steady.
    #[serde(rename = "_steady")]
    pub steady: bool,
}

/// What a service says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceEvent {
    /// Its ID.
    pub id: String,
    /// When.
    pub created_at: f64,
    /// In words.
    pub message: String,
}

impl Service {
    /// The deployment that it moves to.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }

    /// A deployment that is not over, to change it.
    pub fn deployment_mut(&mut self, id: &str) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|deployment| deployment.id == id)
    }

    /// A percentage of its deployment configuration.
    pub fn percent(&self, member: &str, default: i64) -> i64 {
        self.deployment_configuration.int(member).unwrap_or(default)
    }

    /// Whether a switch of its circuit breaker is on.
    pub fn breaker(&self, member: &str) -> bool {
        let breaker = self.deployment_configuration.get("deploymentCircuitBreaker");
        breaker.and_then(|breaker| breaker.flag(member)) == Some(true)
    }
}

/// `CreateService`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let asked = &call.input;
    let cluster = cluster::working(account, asked.text("cluster"))?;
    let name = asked.text_or_empty("serviceName").to_owned();
    input::name(&name)?;
    let service_arn =
        arn(account, &call.region, &format!("service/{}/{name}", cluster.cluster_name));
    let token = asked.text("clientToken");
    if let Some(standing) = account.ecs.services.known(&service_arn) {
        let creation = standing.creation.as_ref();
        let same = creation
            .is_some_and(|(before, input)| Some(before.as_str()) == token && input == asked);
        match standing.status.as_str() {
            "DRAINING" => {
                return Err(invalid("Unable to Start a service that is still Draining."));
            }
            "ACTIVE" if same => return Ok(json!({ "service": shown(account, standing, true) })),
            "ACTIVE" => return Err(invalid("Creation of service was not idempotent.")),
            _ => {}
        }
    }
    let service = input::service(account, asked, &service_arn, cluster)?;
    account.ecs.services.insert(&service_arn, service, account.now, account.now);
    deployment::begin(account, &service_arn, "ECS deployment {id} in progress.");
    answer(account, &service_arn)
}

/// `DescribeServices`: INACTIVE ones too.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let asked = call.input.texts("services");
    if asked.len() > DESCRIBED_AT_ONCE {
        return Err(invalid("Services list cannot contain more than 10 items."));
    }
    if asked.is_empty() {
        return Err(invalid("Services cannot be empty."));
    }
    let cluster = cluster::find(account, call.input.text("cluster"))?.cluster_name.clone();
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for reference in asked {
        let name = name_of(reference);
        let arn = arn(account, &call.region, &format!("service/{cluster}/{name}"));
        if account.instant {
            // What others settled in the same moment counts before anyone can look.
            scheduler::look(account, &arn);
            account.advance(account.now);
        }
        match account.ecs.services.known(&arn) {
            Some(service) => {
                services.push(shown(account, service, includes(&call.input, "TAGS")));
            }
            None => failures.push(missing(arn)),
        }
    }
    Ok(json!({ "services": services, "failures": failures }))
}

/// `ListServices`: the ACTIVE ones.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let cluster = cluster::active(account, input.text("cluster"))?.cluster_arn.clone();
    let all = account.ecs.services.all().map(|(_, service)| service);
    let found = all
        .filter(|it| it.cluster_arn == cluster && it.status == "ACTIVE")
        .filter(|it| input.text("launchType").is_none_or(|t| it.launch_type.as_deref() == Some(t)))
        .filter(|it| input.text("schedulingStrategy").is_none_or(|s| it.scheduling_strategy == s));
    // Pages of ten unless asked for more.
    let mut sized = input.clone();
    if input.int("maxResults").is_none() {
        sized["maxResults"] = 10.into();
    }
    let (arns, next) = page(found.map(|it| it.service_arn.clone()).collect(), &sized)?;
    Ok(json!({ "serviceArns": arns, "nextToken": next }))
}

/// `UpdateService`: what its tasks are made of changes by a new deployment, the rest at once.
pub fn update(account: &mut Account, call: &Call) -> Answer {
    let asked = &call.input;
    let arn = find(account, call)?.service_arn.clone();
    let before = find(account, call)?.clone();
    if before.status != "ACTIVE" {
        return Err(ApiError::new("ServiceNotActiveException", "Service was not ACTIVE."));
    }
    let mut after = before.clone();
    let anew = input::change(account, asked, &mut after)?;
    after.steady = false;
    if let Some(service) = account.ecs.services.known_mut(&arn) {
        *service = after;
    }
    if anew {
        deployment::begin(account, &arn, "ECS deployment {id} in progress.");
    } else {
        scheduler::look_in(account, &arn, 0);
    }
    answer(account, &arn)
}

/// `DeleteService`: with `force`, or scaled to nothing.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let service = find(account, call)?;
    let (arn, status) = (service.service_arn.clone(), service.status.clone());
    if status == "INACTIVE" {
        return Err(not_found());
    }
    if status == "ACTIVE" && call.input.flag("force") != Some(true) {
        if service.desired_count > 0 && service.scheduling_strategy == "REPLICA" {
            let message =
                "The service cannot be stopped while the primary deployment is scaled above 0.";
            return Err(invalid(message));
        }
        if service.deployments.len() > 1 {
            return Err(invalid("The service cannot be stopped while deployments are active."));
        }
    }
    if let Some(service) = account.ecs.services.known_mut(&arn) {
        service.status = "DRAINING".into();
        service.desired_count = 0;
    }
    scheduler::look_in(account, &arn, 0);
    answer(account, &arn)
}

fn answer(account: &Account, arn: &str) -> Answer {
    let service = account.ecs.services.known(arn).ok_or_else(not_found)?;
    Ok(json!({ "service": shown(account, service, true) }))
}

/// The service that a call names.
pub fn find<'a>(account: &'a Account, call: &Call) -> Result<&'a Service, ApiError> {
    let cluster = &cluster::find(account, call.input.text("cluster"))?.cluster_name;
    let name = name_of(call.input.text_or_empty("service"));
    let arn = arn(account, &call.region, &format!("service/{cluster}/{name}"));
    account.ecs.services.known(&arn).ok_or_else(not_found)
}

/// ECS's answer about a service that does not exist.
pub fn not_found() -> ApiError {
    ApiError::new("ServiceNotFoundException", "Service not found.")
}

/// Adds an event; `{}`-less text about this service.
pub fn say(account: &mut Account, arn: &str, text: &str) {
    let id = [8, 4, 4, 4, 12].map(|digits| account.hex(digits)).join("-");
    let created_at = seconds(account.now);
    if let Some(service) = account.ecs.services.known_mut(arn) {
        let message = format!("(service {}) {text}", service.service_name);
        service.events.insert(0, ServiceEvent { id, created_at, message });
        service.events.truncate(EVENTS_KEPT);
    }
}

/// A service as a call shows it.
pub fn shown(account: &Account, service: &Service, tags: bool) -> Value {
    let mut shape = public(service);
    if !tags && let Some(members) = shape.as_object_mut() {
        members.remove("tags");
    }
    let tasks: Vec<_> = task::of_service(account, &service.service_arn).collect();
    let count = |states: &[&str], deployment: Option<&str>| {
        let of = |it: &&&task::Task| deployment.is_none_or(|id| it.started_by == id);
        let there = |it: &&&task::Task| states.contains(&it.last_status.as_str());
        tasks.iter().filter(of).filter(there).count()
    };
    const PENDING: [&str; 3] = ["PROVISIONING", "PENDING", "ACTIVATING"];
    shape["runningCount"] = count(&["RUNNING"], None).into();
    shape["pendingCount"] = count(&PENDING, None).into();
    let deployments = service.deployments.iter().enumerate().map(|(index, deployment)| {
        let mut shape = public(deployment);
        let running = count(&["RUNNING"], Some(&deployment.id));
        shape["runningCount"] = running.into();
        shape["pendingCount"] = count(&PENDING, Some(&deployment.id)).into();
        let desired = if index == 0 { service.desired_count } else { running as i64 };
        shape["desiredCount"] = desired.into();
        if let Some(config) = &deployment.service_connect {
            shape["serviceConnectConfiguration"] = config.clone();
            let arn = &service.service_arn;
            let resources = service_connect::resources(account, arn, deployment);
            shape["serviceConnectResources"] = resources.unwrap_or_default();
        }
        shape
    });
    shape["deployments"] = deployments.collect();
    if let Some(current) = service.primary().filter(|it| it.rollout_state == "IN_PROGRESS") {
        shape["currentServiceDeployment"] = deployment::arn_of(service, current).into();
    }
    shape
}
