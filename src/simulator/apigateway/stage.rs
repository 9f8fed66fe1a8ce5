//! Stages: what callers reach.

use super::{
    bad_request, conflict, done, limit, missing, outside,
    patch::{self, Holds, Rule},
    reading,
    rest_api::RestApi,
    seconds,
    settings::{self, MethodSettings},
    shape, tags, writing,
};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A stage as API Gateway describes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Stage {
    /// What it shows.
    pub deployment_id: String,
    /// Its certificate towards backends.
    pub client_certificate_id: Option<String>,
    /// Unique in its API.
    pub stage_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether answers are kept.
    pub cache_cluster_enabled: bool,
    /// How much is kept.
    pub cache_cluster_size: Option<String>,
    /// Of the cache.
    pub cache_cluster_status: String,
    /// Settings by `{resource}/{verb}`; `*/*` for all.
    pub method_settings: BTreeMap<String, MethodSettings>,
    /// Its variables.
    pub variables: Option<BTreeMap<String, String>>,
    /// The version of its documentation.
    pub documentation_version: Option<String>,
    /// Where it logs each call.
    pub access_log_settings: Option<AccessLogs>,
    /// Whether X-Ray follows calls.
    pub tracing_enabled: bool,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// In seconds since 1970.
    pub created_date: u64,
    /// In seconds since 1970.
    pub last_updated_date: u64,
}

/// Where a stage logs each call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessLogs {
    /// One line.
    pub format: Option<String>,
    /// A log group's ARN, without `:*`.
    pub destination_arn: Option<String>,
}

const RULES: &[Rule] = &[
    ("/deploymentId", Holds::Name),
    ("/description", Holds::Text),
    ("/clientCertificateId", Holds::Text),
    ("/cacheClusterEnabled", Holds::Flag),
    ("/cacheClusterSize", Holds::Text),
    ("/documentationVersion", Holds::Text),
    ("/tracingEnabled", Holds::Flag),
    ("/variables/*", Holds::Entry),
    ("/accessLogSettings", Holds::Group),
    ("/accessLogSettings/destinationArn", Holds::Text),
    ("/accessLogSettings/format", Holds::Text),
];

/// `CreateStage`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let (now, most) = (seconds(account), account.quotas.stages_per_api);
    let api = writing(account, call)?;
    let input = &call.input;
    let (name, deployment_id) =
        (input.text_or_empty("stageName"), input.text_or_empty("deploymentId"));
    if api.stages.contains_key(name) {
        return Err(conflict("Stage already exists"));
    }
    if !api.deployments.contains_key(deployment_id) {
        return Err(no_deployment());
    }
    let mut stage = fresh(api, most, name, deployment_id, now, input)?;
    stage.description = input.text("description").map(String::from);
    stage.tags = tags::given(input)?;
    let answer = shape(&stage);
    api.stages.insert(name.into(), stage);
    Ok(answer)
}

fn no_deployment() -> ApiError {
    bad_request("Deployment id does not exist")
}

fn fresh(
    api: &RestApi,
    most: usize,
    name: &str,
    deployment_id: &str,
    now: u64,
    input: &Value,
) -> Result<Stage, ApiError> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    if name.is_empty() || name.len() > 128 || !name.chars().all(allowed) {
        let message = "Stage name only allows a-zA-Z0-9_";
        return Err(bad_request(message));
    }
    if api.stages.len() >= most {
        return Err(limit("stages for this API"));
    }
    let variables = input.map("variables");
    Ok(Stage {
        deployment_id: deployment_id.into(),
        stage_name: name.into(),
        cache_cluster_enabled: input.flag("cacheClusterEnabled").unwrap_or_default(),
        cache_cluster_status: "NOT_AVAILABLE".into(),
        variables: (!variables.is_empty()).then_some(variables),
        documentation_version: input.text("documentationVersion").map(String::from),
        tracing_enabled: input.flag("tracingEnabled").unwrap_or_default(),
        created_date: now,
        last_updated_date: now,
        ..Stage::default()
    })
}

/// Makes a stage for a new deployment, or moves the one that there is.
pub fn deploy(
    api: &mut RestApi,
    most: usize,
    name: &str,
    deployment_id: &str,
    now: u64,
    input: &Value,
) -> Result<(), ApiError> {
    if let Some(stage) = api.stages.get_mut(name) {
        stage.deployment_id = deployment_id.into();
        stage.last_updated_date = now;
        return Ok(());
    }
    let mut stage = fresh(api, most, name, deployment_id, now, input)?;
    stage.description = input.text("stageDescription").map(String::from);
    api.stages.insert(name.into(), stage);
    Ok(())
}

/// `GetStage`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    find(account, call).map(shape)
}

/// `GetStages`: all, or those that show one deployment.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let deployment = call.input.text("deploymentId");
    let all = reading(account, call)?.stages.values();
    let wanted = all.filter(|stage| deployment.is_none_or(|id| stage.deployment_id == id));
    Ok(json!({ "item": wanted.map(shape).collect::<Vec<_>>() }))
}

/// `UpdateStage`: all steps or none.
pub fn update(account: &mut Account, call: &Call) -> Answer {
    let now = seconds(account);
    let mut stage = find(account, call)?.clone();
    let (of_methods, plain): (Vec<_>, Vec<_>) =
        patch::steps(&call.input).into_iter().partition(settings::is_of_methods);
    patch::apply(&mut stage, &plain, RULES)?;
    settings::apply(&mut stage.method_settings, &of_methods)?;
    if !reading(account, call)?.deployments.contains_key(&stage.deployment_id) {
        return Err(no_deployment());
    }
    check_logs(account, &mut stage)?;
    stage.last_updated_date = now;
    let answer = shape(&stage);
    let level = |settings: &MethodSettings| settings.logging_level != "OFF";
    let execution_logs = stage.method_settings.values().any(level);
    let api = writing(account, call)?;
    let (id, name) = (api.id.clone(), stage.stage_name.clone());
    api.stages.insert(name.clone(), stage);
    if execution_logs {
        outside::make_execution_logs(account, &call.region, &id, &name);
    }
    Ok(answer)
}

/// Refuses logs that cannot be written.
fn check_logs(account: &Account, stage: &mut Stage) -> Result<(), ApiError> {
    let executions = stage.method_settings.values().any(|one| one.logging_level != "OFF");
    if stage.access_log_settings == Some(AccessLogs::default()) {
        stage.access_log_settings = None;
    }
    if account.apigateway.role.is_none() && (executions || stage.access_log_settings.is_some()) {
        let message = "CloudWatch Logs role ARN must be set in account settings to enable logging";
        return Err(bad_request(message));
    }
    let Some(logs) = &stage.access_log_settings else { return Ok(()) };
    let (Some(format), Some(arn)) = (&logs.format, &logs.destination_arn) else {
        return Err(bad_request("Access logging needs both a destination ARN and a format"));
    };
    let named =
        format.contains("$context.requestId") || format.contains("$context.extendedRequestId");
    if format.trim_end().contains('\n') || !named {
        return Err(bad_request(
            "Access Log format must be single line, new line character is allowed only at end of \
             the format, and must contain at least $context.requestId or \
             $context.extendedRequestId",
        ));
    }
    if !arn.starts_with("arn:") || arn.ends_with(":*") {
        return Err(bad_request("Invalid ARN specified in the request"));
    }
    if arn.contains(":log-group:") && !outside::log_group_exists(account, arn) {
        return Err(bad_request("The specified log group does not exist."));
    }
    Ok(())
}

/// `DeleteStage`.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let gone = writing(account, call)?.stages.remove(call.input.text_or_empty("stageName"));
    gone.ok_or_else(unknown)?;
    done()
}

fn find<'a>(account: &'a Account, call: &Call) -> Result<&'a Stage, ApiError> {
    let found = reading(account, call)?.stages.get(call.input.text_or_empty("stageName"));
    found.ok_or_else(unknown)
}

fn unknown() -> ApiError {
    missing("Invalid stage identifier specified")
}
