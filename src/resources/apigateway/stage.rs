//! API stage: what callers reach, with its logs and metrics. Actions: apigateway:POST,
//! apigateway:GET, apigateway:PATCH and apigateway:DELETE on /restapis/*/stages, apigateway:PUT on
//! /tags.

use super::{
    Stages, WITHIN_APIS, account::Account, deployment::Deployment, our_apis, patch,
    rest_api::RestApi, retag, tag_permissions, turn,
};
use crate::resources::{cloudwatchlogs::log_group::LogGroup, prelude::*};
use aws_sdk_apigateway::types::{self as apigateway, Op};

/// The API and the stage of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageName {
    /// The API.
    pub api: String,
    /// The first part of every path.
    pub name: String,
}

needs! {
    /// What a stage shows and where it logs.
    StageNeeds gives StageValues {
        /// Its API.
        api: Created<RestApi>,
        /// The snapshot that callers get; it can be moved to another.
        deployment: Created<Deployment>,
        /// Where it logs each call.
        log_group: Created<LogGroup>,
        /// Access logs are refused while the account has no role for them.
        account: Option<Ready<Account>>,
    }
}

/// A stage. The name is taken once per API.
#[derive(Serialize)]
pub struct Stage {
    /// What it shows and where it logs.
    pub needs: StageNeeds,
    /// Such as `default`.
    pub stage_name: String,
    /// One line with `$context.requestId` in it.
    pub access_log_format: String,
    /// Whether CloudWatch counts calls and errors per method.
    pub metrics: bool,
    /// Whether X-Ray follows calls.
    pub tracing: bool,
}

/// The settings of all methods, where no method has its own.
const ALL_METHODS: &str = "*/*";
/// Execution logs hold requests in full, and go to a log group that AWS makes and nobody deletes.
const NO_EXECUTION_LOGS: &str = "OFF";

impl Resource for Stage {
    const KIND: Kind = Kind("AWS::ApiGateway::Stage");
    type Needs = StageNeeds;
    type Out = StageName;
    type Live = apigateway::Stage;

    fn needs(&self) -> StageNeeds {
        self.needs.clone()
    }

    async fn create(&self, cx: &Cx, needs: &StageValues) -> Result<StageName> {
        let (api, name) = (needs.api.id.clone(), self.stage_name.clone());
        let _turn = turn(&api).await;
        let call = cx.apigateway().create_stage().rest_api_id(&api).stage_name(&name);
        let call = call.deployment_id(&needs.deployment.id).tracing_enabled(self.tracing);
        let call = call.set_tags(Some(cx.tags().into_iter().collect()));
        call.send().await.op("apigateway:CreateStage")?;
        Ok(StageName { api, name })
    }

    fn drift(&self, live: &apigateway::Stage, needs: &StageValues) -> Drift {
        let logs = live.access_log_settings();
        let destination = logs.and_then(|logs| logs.destination_arn());
        let format = logs.and_then(|logs| logs.format());
        let settings = live.method_settings().and_then(|settings| settings.get(ALL_METHODS));
        let metrics = settings.is_some_and(|settings| settings.metrics_enabled());
        let level = settings.and_then(|settings| settings.logging_level());
        Drift::none()
            .mutable("deployment_id", &needs.deployment.id, live.deployment_id())
            .mutable("access_log_destination", group(&needs.log_group.arn), destination.map(group))
            .mutable("access_log_format", &self.access_log_format, format)
            .mutable("metrics", self.metrics, metrics)
            .mutable("logging_level", NO_EXECUTION_LOGS, level.unwrap_or(NO_EXECUTION_LOGS))
            .mutable("tracing", self.tracing, live.tracing_enabled())
    }

    async fn update(
        &self,
        cx: &Cx,
        out: &StageName,
        drift: &Drift,
        needs: &StageValues,
    ) -> Result<()> {
        let mut steps = Vec::new();
        let mut replace = |path: &str, value: &str| steps.push(patch(Op::Replace, path, value));
        if drift.touches("deployment_id") {
            replace("/deploymentId", &needs.deployment.id);
        }
        // AWS takes neither without the other.
        if drift.touches("access_log_destination") || drift.touches("access_log_format") {
            replace("/accessLogSettings/destinationArn", group(&needs.log_group.arn));
            replace("/accessLogSettings/format", &self.access_log_format);
        }
        if drift.touches("metrics") {
            replace("/*/*/metrics/enabled", text(self.metrics));
        }
        if drift.touches("logging_level") {
            replace("/*/*/logging/loglevel", NO_EXECUTION_LOGS);
        }
        if drift.touches("tracing") {
            replace("/tracingEnabled", text(self.tracing));
        }
        let _turn = turn(&out.api).await;
        let call = cx.apigateway().update_stage().rest_api_id(&out.api).stage_name(&out.name);
        let call = call.set_patch_operations(Some(steps));
        call.send().await.op("apigateway:UpdateStage").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tag_permissions();
        all.extend([
            Permission::find("apigateway:GET").on(&["/restapis", WITHIN_APIS]),
            Permission::make("apigateway:POST").on(&[WITHIN_APIS]),
            Permission::make("apigateway:PATCH").on(&[WITHIN_APIS]),
            Permission::remove("apigateway:DELETE").on(&[WITHIN_APIS]),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<StageName>>> {
        let mut found = Vec::new();
        for api in our_apis(cx).await? {
            let all = cx.load::<Stages>(api.out.id.clone()).await?.unwrap_or_default();
            found.extend(all.iter().filter_map(|stage| {
                let name = stage.stage_name()?.into();
                let out = StageName { api: api.out.id.clone(), name };
                Some(cx.owned(tags_in(stage.tags()), out)?.standing_on(stage.deployment_id()))
            }));
        }
        Ok(found)
    }

    async fn read(cx: &Cx, out: &StageName) -> Result<Option<apigateway::Stage>> {
        let all = cx.load::<Stages>(out.api.clone()).await?.unwrap_or_default();
        Ok(all.iter().find(|stage| stage.stage_name() == Some(&out.name)).cloned())
    }

    fn tags(live: &apigateway::Stage) -> Option<Tags> {
        Some(tags_in(live.tags()))
    }

    async fn retag(cx: &Cx, out: &StageName, changes: &TagChanges) -> Result<()> {
        retag(cx, &format!("/restapis/{}/stages/{}", out.api, out.name), changes).await
    }

    async fn delete(cx: &Cx, out: &StageName) -> Result<()> {
        let _turn = turn(&out.api).await;
        let call = cx.apigateway().delete_stage().rest_api_id(&out.api).stage_name(&out.name);
        call.send().await.op("apigateway:DeleteStage").or_absent().map(drop)
    }

    fn id(out: &StageName) -> String {
        format!("{}/{}", out.api, out.name)
    }
}

/// A log group's ARN as stages want it: without the `:*` that stands for its streams.
fn group(arn: &str) -> &str {
    arn.strip_suffix(":*").unwrap_or(arn)
}

fn text(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}
