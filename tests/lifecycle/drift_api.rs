//! Edits of strangers in the API.

use crate::{
    common::DEMO,
    drift::{Edit, Ground, each_is_seen_and_healed},
};
use aws_sdk_apigateway::types::{IntegrationType, Op, PatchOperation};
use futures_util::{FutureExt, future::LocalBoxFuture};
use meshctl::model::Depth;

const API: &str = "api/rest-api";
const PATH: &str = "api/rest-api/resource/nodejs";
const GET: &str = "api/rest-api/resource/nodejs/GET";
const STAGE: &str = "api/stage";

fn api(on: &Ground) -> String {
    on.id(API, "id")
}

fn replace(path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::Replace).path(path).value(value).build()
}

async fn patch_api(on: &Ground, step: PatchOperation) {
    let call = on.cx.apigateway().update_rest_api().rest_api_id(api(on));
    call.patch_operations(step).send().await.expect("another API");
}

async fn patch_stage(on: &Ground, step: PatchOperation) {
    let call = on.cx.apigateway().update_stage().rest_api_id(api(on));
    let call = call.stage_name(on.id(STAGE, "name")).patch_operations(step);
    call.send().await.expect("another stage");
}

async fn patch_method(on: &Ground, step: PatchOperation) {
    let call = on.cx.apigateway().update_method().rest_api_id(api(on)).http_method("GET");
    let call = call.resource_id(on.id(PATH, "id")).patch_operations(step);
    call.send().await.expect("another method");
}

async fn patch_integration(on: &Ground, step: PatchOperation) {
    let call = on.cx.apigateway().update_integration().rest_api_id(api(on)).http_method("GET");
    let call = call.resource_id(on.id(PATH, "id")).patch_operations(step);
    call.send().await.expect("another integration");
}

/// A path below another, with a verb that answers by itself.
async fn path(on: &Ground, parent: String, part: &str) -> String {
    let call = on.cx.apigateway().create_resource().rest_api_id(api(on));
    let made = call.parent_id(parent).path_part(part).send().await.expect("a path");
    let id = made.id.expect("an ID");
    verb(on, id.clone(), "GET").await;
    id
}

async fn verb(on: &Ground, resource: String, verb: &str) {
    let call = on.cx.apigateway().put_method().rest_api_id(api(on)).resource_id(&resource);
    let call = call.http_method(verb).authorization_type("NONE");
    call.send().await.expect("a method");
    let call = on.cx.apigateway().put_integration().rest_api_id(api(on)).resource_id(&resource);
    let call = call.http_method(verb).r#type(IntegrationType::Mock);
    call.send().await.expect("an integration");
}

async fn deployment(on: &Ground) -> String {
    let call = on.cx.apigateway().create_deployment().rest_api_id(api(on));
    let made = call.description("theirs").send().await.expect("a deployment");
    made.id.expect("an ID")
}

fn listed(
    what: &'static str,
    at: &'static str,
    words: &'static str,
    make: fn(&Ground) -> LocalBoxFuture<'_, ()>,
) -> Edit {
    Edit { what, at, words, depth: Depth::Listed, make }
}

#[tokio::test(start_paused = true)]
async fn what_strangers_add_to_the_api_is_seen_and_removed() {
    let edits = [
        listed("a path", API, "extra resource /admin", |on| {
            async { drop(path(on, on.id(API, "root_resource_id"), "admin").await) }.boxed_local()
        }),
        listed("paths below one of ours", API, "extra resource /nodejs/admin", |on| {
            async {
                let parent = path(on, on.id(PATH, "id"), "admin").await;
                path(on, parent, "users").await;
            }
            .boxed_local()
        }),
        listed("a verb of a path of ours", API, "extra method POST /nodejs", |on| {
            verb(on, on.id(PATH, "id"), "POST").boxed_local()
        }),
        listed("a verb of the root", API, "extra method GET /", |on| {
            verb(on, on.id(API, "root_resource_id"), "GET").boxed_local()
        }),
        listed("a stage", API, "extra stage shadow", |on| {
            async {
                let deployment = on.id("api/rest-api/deployment", "id");
                let call = on.cx.apigateway().create_stage().rest_api_id(api(on));
                let call = call.stage_name("shadow").deployment_id(deployment);
                call.send().await.expect("a stage");
            }
            .boxed_local()
        }),
        Edit {
            what: "a deployment that no stage shows",
            at: STAGE,
            words: "extra deployment ",
            depth: Depth::Full,
            make: |on| async { drop(deployment(on).await) }.boxed_local(),
        },
    ];
    each_is_seen_and_healed(DEMO, &edits).await;
}

#[tokio::test(start_paused = true)]
async fn what_strangers_change_in_the_api_is_seen_and_healed() {
    let edits = [
        listed("no address", API, "disable_execute_api_endpoint: true -> false", |on| {
            patch_api(on, replace("/disableExecuteApiEndpoint", "true")).boxed_local()
        }),
        listed("a policy that lets everyone in", API, "policy: ", |on| {
            let open = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",
                "Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}"#;
            patch_api(on, replace("/policy", open)).boxed_local()
        }),
        listed("another name", API, "name: \"theirs\" -> \"servicemesh-demo\"", |on| {
            patch_api(on, replace("/name", "theirs")).boxed_local()
        }),
        listed("another backend", GET, "uri: \"http://example.com/\"", |on| {
            patch_integration(on, replace("/uri", "http://example.com/")).boxed_local()
        }),
        listed("a template for bodies", GET, "request_templates: [\"application/json\"]", |on| {
            patch_integration(on, replace("/requestTemplates/application~1json", "{}"))
                .boxed_local()
        }),
        listed("bodies that are refused", GET, "passthrough_behavior: \"NEVER\"", |on| {
            patch_integration(on, replace("/passthroughBehavior", "NEVER")).boxed_local()
        }),
        listed("a template for answers", GET, "altered_responses: [\"200\"]", |on| {
            async {
                let call = on.cx.apigateway().update_integration_response();
                let call = call.rest_api_id(api(on)).resource_id(on.id(PATH, "id"));
                let step = replace("/responseTemplates/application~1json", "{}");
                let call = call.http_method("GET").status_code("200").patch_operations(step);
                call.send().await.expect("another answer");
            }
            .boxed_local()
        }),
        listed("callers must sign in", GET, "authorization_type: \"AWS_IAM\"", |on| {
            patch_method(on, replace("/authorizationType", "AWS_IAM")).boxed_local()
        }),
        listed("callers must give a header", GET, "request_parameters: [\"method.req", |on| {
            let step = replace("/requestParameters/method.request.header.x-theirs", "true");
            patch_method(on, step).boxed_local()
        }),
        listed("callers are checked", GET, "request_validator_id: \"abc123\" -> null", |on| {
            patch_method(on, replace("/requestValidatorId", "abc123")).boxed_local()
        }),
        listed("callers must send a model", GET, "request_models: [\"application/json\"]", |on| {
            patch_method(on, replace("/requestModels/application~1json", "Error")).boxed_local()
        }),
    ];
    each_is_seen_and_healed(DEMO, &edits).await;
}

#[tokio::test(start_paused = true)]
async fn what_strangers_do_to_the_stage_is_seen_and_healed() {
    let edits = [
        listed("one call in a second", STAGE, "throttling: [-1.0,1.0] -> [-1.0,-1.0]", |on| {
            patch_stage(on, replace("/*/*/throttling/rateLimit", "1")).boxed_local()
        }),
        listed("one call at once", STAGE, "throttling: [1.0,-1.0] -> [-1.0,-1.0]", |on| {
            patch_stage(on, replace("/*/*/throttling/burstLimit", "1")).boxed_local()
        }),
        listed("no call of one path", STAGE, "method_settings: [\"nodejs/GET\"] -> []", |on| {
            patch_stage(on, replace("/nodejs/GET/throttling/rateLimit", "0")).boxed_local()
        }),
        listed("a variable", STAGE, "variables: [\"who\"] -> []", |on| {
            patch_stage(on, replace("/variables/who", "them")).boxed_local()
        }),
        listed("a cache", STAGE, "caching: true -> false", |on| {
            patch_stage(on, replace("/*/*/caching/enabled", "true")).boxed_local()
        }),
        listed("a cache that costs", STAGE, "cache_cluster_enabled: true -> false", |on| {
            patch_stage(on, replace("/cacheClusterEnabled", "true")).boxed_local()
        }),
        listed("whole requests in logs", STAGE, "data_trace: true -> false", |on| {
            patch_stage(on, replace("/*/*/logging/dataTrace", "true")).boxed_local()
        }),
        listed("another line in the log", STAGE, "access_log_format", |on| {
            let step = replace("/accessLogSettings/format", "$context.requestId");
            patch_stage(on, step).boxed_local()
        }),
        listed("no traces", STAGE, "tracing: false -> true", |on| {
            patch_stage(on, replace("/tracingEnabled", "false")).boxed_local()
        }),
        listed("another snapshot", STAGE, "deployment_id", |on| {
            async {
                let theirs = deployment(on).await;
                patch_stage(on, replace("/deploymentId", &theirs)).await;
            }
            .boxed_local()
        }),
        listed("a stage without its address", STAGE, "tag meshctl:address: api/stage", |on| {
            async {
                let arn = format!(
                    "arn:aws:apigateway:eu-west-1::/restapis/{}/stages/{}",
                    api(on),
                    on.id(STAGE, "name")
                );
                let call = on.cx.apigateway().untag_resource().resource_arn(arn);
                call.tag_keys("meshctl:address").send().await.expect("no tag");
            }
            .boxed_local()
        }),
    ];
    each_is_seen_and_healed(DEMO, &edits).await;
}
