//! Clusters. A deleted one stays as INACTIVE, and its name can be used again. With capacity providers
//! it takes seconds to come and to go, and to change them.

use super::{
    Event, Tag, arn, capacity, includes, invalid, missing, name_of, page, public, tags_in,
};
use crate::simulator::{
    account::{Account, Answer},
    agenda,
    fields::Fields,
    latency::Latency,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many clusters one description takes.
const DESCRIBED_AT_ONCE: usize = 100;

/// Its capacity providers are being changed.
pub const IN_PROGRESS: &str = "UPDATE_IN_PROGRESS";

/// A cluster as ECS describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Its ARN, the same for every cluster of the name.
    pub cluster_arn: String,
    /// Its name.
    pub cluster_name: String,
    /// PROVISIONING, ACTIVE, DEPROVISIONING, FAILED, INACTIVE.
    pub status: String,
    /// Shown when asked for.
    pub tags: Vec<Tag>,
    /// Shown when asked for.
    pub settings: Vec<Value>,
    /// Shown when asked for.
    pub configuration: Option<Value>,
    /// FARGATE and FARGATE_SPOT, as far as they were asked for.
    pub capacity_providers: Vec<String>,
    /// UPDATE_IN_PROGRESS or UPDATE_COMPLETE, once it had capacity providers; shown when asked for.
    pub attachments_status: Option<String>,
    /// What services without a launch type use.
    pub default_capacity_provider_strategy: Vec<Value>,
    /// The namespace of Service Connect.
    pub service_connect_defaults: Option<Value>,
}

impl Cluster {
    /// Whether its capacity providers are being changed.
    pub fn is_updating(&self) -> bool {
        self.attachments_status.as_deref() == Some(IN_PROGRESS)
    }
}

/// `CreateCluster`: a name that is taken by an active cluster is answered with that cluster.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let name = input.text("clusterName").unwrap_or("default").to_owned();
    let well_formed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 255 || !name.chars().all(well_formed) {
        return Err(invalid("Invalid identifier: Identifier is for cluster."));
    }
    if let Some(standing) = account.ecs.clusters.known(&name)
        && standing.status != "INACTIVE"
    {
        let standing = standing.clone();
        return Ok(json!({ "cluster": shown(account, &standing, input, true) }));
    }
    let providers = capacity::providers(input)?;
    let strategy = input.list("defaultCapacityProviderStrategy");
    let strategy = capacity::strategy(&providers, strategy)?;
    let provisioning = !providers.is_empty();
    let cluster = Cluster {
        cluster_arn: arn(account, &call.region, &format!("cluster/{name}")),
        cluster_name: name.clone(),
        status: if provisioning { "PROVISIONING" } else { "ACTIVE" }.into(),
        tags: tags_in(input),
        settings: settings(input.list("settings")),
        configuration: input.get("configuration").cloned(),
        capacity_providers: providers,
        attachments_status: provisioning.then(|| IN_PROGRESS.into()),
        default_capacity_provider_strategy: strategy,
        service_connect_defaults: input.get("serviceConnectDefaults").cloned(),
    };
    let answer = json!({ "cluster": shown(account, &cluster, input, true) });
    let (made, visible) = (account.now, account.visible_at());
    account.ecs.clusters.insert(&name, cluster, made, visible);
    if provisioning {
        account.after(Latency::Cluster, agenda::Event::Ecs(Event::ClusterActive(name)));
    }
    Ok(answer)
}

/// The capacity providers are in place, or gone.
pub fn activate(account: &mut Account, name: &str) {
    let Some(cluster) = account.ecs.clusters.known_mut(name) else { return };
    if cluster.is_updating() {
        cluster.attachments_status = Some("UPDATE_COMPLETE".into());
    }
    match cluster.status.as_str() {
        "PROVISIONING" => cluster.status = "ACTIVE".into(),
        "DEPROVISIONING" => end(cluster),
        _ => {}
    }
}

fn end(cluster: &mut Cluster) {
    cluster.status = "INACTIVE".into();
    // A later cluster of the name is a new one.
    cluster.capacity_providers.clear();
    cluster.attachments_status = None;
}

/// `DescribeClusters`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let asked = call.input.texts("clusters");
    if asked.len() > DESCRIBED_AT_ONCE {
        return Err(invalid("clusters can have at most 100 items."));
    }
    let asked = if asked.is_empty() { vec!["default"] } else { asked };
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for reference in asked {
        let name = name_of(reference);
        match account.ecs.clusters.get(name, account.now) {
            Some(cluster) => clusters.push(shown(account, cluster, &call.input, false)),
            None => {
                failures.push(missing(arn(account, &call.region, &format!("cluster/{name}"))));
            }
        }
    }
    Ok(json!({ "clusters": clusters, "failures": failures }))
}

/// `ListClusters`: all but the INACTIVE ones.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let visible = account.ecs.clusters.visible(account.now);
    let standing = visible.filter(|cluster| cluster.status != "INACTIVE");
    let (arns, next) = page(standing.map(|it| it.cluster_arn.clone()).collect(), &call.input)?;
    Ok(json!({ "clusterArns": arns, "nextToken": next }))
}

/// `UpdateCluster` and `UpdateClusterSettings`.
pub fn update(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let name = active(account, input.text("cluster"))?.cluster_name.clone();
    if let Some(cluster) = account.ecs.clusters.known_mut(&name) {
        if input.get("settings").is_some() {
            cluster.settings = settings(input.list("settings"));
        }
        if let Some(configuration) = input.get("configuration") {
            cluster.configuration = Some(configuration.clone());
        }
        if let Some(defaults) = input.get("serviceConnectDefaults") {
            cluster.service_connect_defaults = Some(defaults.clone());
        }
    }
    let cluster = active(account, Some(&name))?;
    Ok(json!({ "cluster": shown(account, cluster, input, true) }))
}

/// `DeleteCluster`: refused while services or tasks are in it, and while its capacity providers change.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let cluster = find(account, call.input.text("cluster"))?;
    let (name, arn) = (cluster.cluster_name.clone(), cluster.cluster_arn.clone());
    let services = account.ecs.services.all().map(|(_, service)| service);
    if services.into_iter().any(|it| it.cluster_arn == arn && it.status != "INACTIVE") {
        let message = "The Cluster cannot be deleted while Services are active.";
        return Err(ApiError::new("ClusterContainsServicesException", message));
    }
    let tasks = account.ecs.tasks.all().map(|(_, task)| task);
    if tasks.into_iter().any(|it| it.cluster_arn == arn && it.last_status != "STOPPED") {
        let message = "The Cluster cannot be deleted while Tasks are active.";
        return Err(ApiError::new("ClusterContainsTasksException", message));
    }
    if cluster.status == "ACTIVE" || cluster.status == "PROVISIONING" {
        capacity::at_rest(cluster)?;
        let slow = !cluster.capacity_providers.is_empty();
        if let Some(cluster) = account.ecs.clusters.known_mut(&name) {
            if slow {
                cluster.status = "DEPROVISIONING".into();
                cluster.attachments_status = Some(IN_PROGRESS.into());
            } else {
                end(cluster);
            }
        }
        if slow {
            let done = Event::ClusterActive(name.clone());
            account.after(Latency::Cluster, agenda::Event::Ecs(done));
        }
    }
    let cluster = find(account, Some(&name))?;
    Ok(json!({ "cluster": shown(account, cluster, &call.input, false) }))
}

/// A cluster that calls can name by now, in whatever state.
pub fn find<'a>(account: &'a Account, reference: Option<&str>) -> Result<&'a Cluster, ApiError> {
    let name = name_of(reference.unwrap_or("default"));
    account.ecs.clusters.get(name, account.now).ok_or_else(not_found)
}

/// A cluster in which things can be made.
pub fn active<'a>(account: &'a Account, reference: Option<&str>) -> Result<&'a Cluster, ApiError> {
    let cluster = find(account, reference)?;
    if cluster.status == "INACTIVE" { Err(inactive()) } else { Ok(cluster) }
}

/// A cluster in which services can be made: one that is still provisioned takes none.
pub fn working<'a>(account: &'a Account, reference: Option<&str>) -> Result<&'a Cluster, ApiError> {
    match find(account, reference)? {
        cluster if cluster.status == "ACTIVE" => Ok(cluster),
        _ => Err(inactive()),
    }
}

fn inactive() -> ApiError {
    ApiError::new("ClusterNotFoundException", "The referenced cluster was inactive.")
}

fn not_found() -> ApiError {
    ApiError::new("ClusterNotFoundException", "Cluster not found.")
}

/// Container Insights is off unless asked for.
fn settings(given: &[Value]) -> Vec<Value> {
    if given.is_empty() {
        vec![json!({ "name": "containerInsights", "value": "disabled" })]
    } else {
        given.to_vec()
    }
}

/// A cluster as a call shows it: changing calls show everything, others what they are asked for.
pub fn shown(account: &Account, cluster: &Cluster, input: &Value, all: bool) -> Value {
    let mut shape = public(cluster);
    if shape.get("attachmentsStatus").is_some() {
        // Fargate's providers attach nothing that is shown.
        shape["attachments"] = json!([]);
    }
    for (member, field) in [
        ("tags", "TAGS"),
        ("settings", "SETTINGS"),
        ("configuration", "CONFIGURATIONS"),
        ("attachments", "ATTACHMENTS"),
        ("attachmentsStatus", "ATTACHMENTS"),
    ] {
        if !all && !includes(input, field) {
            shape.as_object_mut().map(|members| members.remove(member));
        }
    }
    let arn = &cluster.cluster_arn;
    let inside = |states: &[&str]| {
        let tasks = account.ecs.tasks.all().map(|(_, task)| task);
        let here = tasks.filter(|task| task.cluster_arn == *arn);
        here.filter(|task| states.contains(&task.last_status.as_str())).count()
    };
    let services = account.ecs.services.all().map(|(_, service)| service);
    let services = services.filter(|it| it.cluster_arn == *arn && it.status == "ACTIVE");
    shape["activeServicesCount"] = services.count().into();
    shape["runningTasksCount"] = inside(&["RUNNING"]).into();
    shape["pendingTasksCount"] = inside(&["PROVISIONING", "PENDING", "ACTIVATING"]).into();
    shape["registeredContainerInstancesCount"] = 0.into();
    shape["statistics"] = json!([]);
    shape
}
