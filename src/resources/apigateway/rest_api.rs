//! REST API: private, reached through one interface endpoint. Actions: apigateway:POST,
//! apigateway:GET, apigateway:PATCH and apigateway:DELETE on /restapis, apigateway:PUT on /tags,
//! apigateway:UpdateRestApiPolicy.

use super::{
    Resources, Stages, WITHIN_APIS,
    method::{Method, MethodId},
    our_apis, patch,
    policy::canonical,
    resource::{Resource as ApiResource, ResourceId},
    retag,
    stage::{Stage, StageName},
    tag_permissions, turn,
};
use crate::resources::{
    ec2::vpc_endpoint::{VpcEndpoint, VpcEndpointId},
    prelude::*,
};
use aws_sdk_apigateway::{
    operation::get_rest_api::GetRestApiOutput,
    types::{self as apigateway, EndpointConfiguration, EndpointType, Op},
};
use futures_util::try_join;
use serde_json::{Value, json};
use std::{collections::BTreeSet, rc::Rc};

/// The API and the root of its paths, below which all resources stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RestApiId {
    /// Ten letters and digits: the first part of its URL.
    pub id: String,
    /// The resource `/`, which AWS makes with it.
    pub root_resource_id: String,
}

/// A private API. Names are not unique and there is no client token: a lost answer is found by the
/// tag.
#[derive(Serialize)]
pub struct RestApi {
    /// `CreateRestApi` takes the ID of an endpoint that is still `pending`.
    pub endpoint: Created<VpcEndpoint>,
    /// What the console shows.
    pub name: String,
    /// The verbs of each path below the root. They are nodes of their own; here they tell those from what
    /// others add.
    pub paths: BTreeMap<String, BTreeSet<String>>,
    /// The stage, likewise.
    pub stage: String,
}

/// An API, and what is in it, where others may have added something.
pub struct LiveRestApi {
    api: GetRestApiOutput,
    resources: Rc<Vec<apigateway::Resource>>,
    stages: Rc<Vec<apigateway::Stage>>,
}

const DESCRIPTION: &str = "The services of a mesh, for callers behind one VPC endpoint";

impl Resource for RestApi {
    const KIND: Kind = Kind("AWS::ApiGateway::RestApi");
    type Needs = Created<VpcEndpoint>;
    type Out = RestApiId;
    type Live = LiveRestApi;

    fn needs(&self) -> Created<VpcEndpoint> {
        self.endpoint.clone()
    }

    async fn create(&self, cx: &Cx, endpoint: &VpcEndpointId) -> Result<RestApiId> {
        const OP: &str = "apigateway:CreateRestApi";
        let configuration = EndpointConfiguration::builder()
            .types(EndpointType::Private)
            .vpc_endpoint_ids(&endpoint.0)
            .build();
        let call = cx.apigateway().create_rest_api().name(&self.name).description(DESCRIPTION);
        let call = call.endpoint_configuration(configuration);
        let call = call.policy(policy(endpoint).to_string());
        let call = call.set_tags(Some(cx.tags().into_iter().collect()));
        let made = call.send().await.op(OP)?;
        let id = made.id().answered(OP, "id")?.into();
        let root_resource_id = made.root_resource_id().answered(OP, "rootResourceId")?.into();
        Ok(RestApiId { id, root_resource_id })
    }

    fn drift(&self, live: &LiveRestApi, endpoint: &VpcEndpointId) -> Drift {
        let api = &live.api;
        let configuration = api.endpoint_configuration();
        let kind = configuration.and_then(|it| it.types().first()).map(EndpointType::as_str);
        let mut endpoints: Vec<_> =
            configuration.map(|it| it.vpc_endpoint_ids().to_vec()).unwrap_or_default();
        endpoints.sort();
        let drift = Drift::none()
            .mutable("name", &self.name, api.name())
            .mutable("description", DESCRIPTION, api.description())
            .mutable("endpoint_type", EndpointType::Private.as_str(), kind)
            .mutable("vpc_endpoint_ids", [&endpoint.0], endpoints)
            .mutable(
                "policy",
                canonical(&policy(endpoint).to_string()),
                api.policy().map(canonical),
            )
            .mutable(DISABLED, false, api.disable_execute_api_endpoint());
        self.foreign_stages(live, self.foreign_paths(live, drift))
    }

    async fn update(
        &self,
        cx: &Cx,
        api: &RestApiId,
        drift: &Drift,
        endpoint: &VpcEndpointId,
    ) -> Result<()> {
        let mut steps = Vec::new();
        for change in drift.changes() {
            match change.field.as_str() {
                "name" => steps.push(patch(Op::Replace, "/name", &self.name)),
                "description" => steps.push(patch(Op::Replace, "/description", DESCRIPTION)),
                "endpoint_type" => {
                    let old = change.have.as_str().unwrap_or("0");
                    let path = format!("/endpointConfiguration/types/{old}");
                    steps.push(patch(Op::Replace, path, EndpointType::Private.as_str()));
                }
                "vpc_endpoint_ids" => {
                    let path = "/endpointConfiguration/vpcEndpointIds";
                    let have = change.have.as_array().into_iter().flatten();
                    let have: Vec<_> = have.filter_map(Value::as_str).collect();
                    if !have.contains(&endpoint.0.as_str()) {
                        steps.push(patch(Op::Add, path, &endpoint.0));
                    }
                    let others = have.into_iter().filter(|id| *id != endpoint.0);
                    steps.extend(others.map(|id| patch(Op::Remove, path, id)));
                }
                "policy" => {
                    steps.push(patch(Op::Replace, "/policy", policy(endpoint).to_string()));
                }
                DISABLED => steps.push(patch(Op::Replace, "/disableExecuteApiEndpoint", "false")),
                _ => {}
            }
        }
        for stage in drift.extras::<StageName>(Stage::KIND) {
            Stage::delete(cx, &stage).await?;
        }
        for method in drift.extras::<MethodId>(Method::KIND) {
            Method::delete(cx, &method).await?;
        }
        for resource in drift.extras::<ResourceId>(ApiResource::KIND) {
            ApiResource::delete(cx, &resource).await?;
        }
        if steps.is_empty() {
            return Ok(());
        }
        let _turn = turn(&api.id).await;
        let call = cx.apigateway().update_rest_api().rest_api_id(&api.id);
        let call = call.set_patch_operations(Some(steps));
        call.send().await.op("apigateway:UpdateRestApi").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tag_permissions();
        let anywhere = &["/restapis", WITHIN_APIS];
        all.extend([
            Permission::find("apigateway:GET").on(anywhere),
            Permission::make("apigateway:POST").on(&["/restapis"]).tagging(),
            Permission::make("apigateway:PATCH").on(&[WITHIN_APIS]),
            Permission::make("apigateway:UpdateRestApiPolicy").on(anywhere),
            Permission::make("apigateway:DELETE").on(&[WITHIN_APIS]),
            Permission::remove("apigateway:DELETE").on(&[WITHIN_APIS]),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<RestApiId>>> {
        our_apis(cx).await
    }

    async fn read(cx: &Cx, api: &RestApiId) -> Result<Option<LiveRestApi>> {
        let described = async {
            let call = cx.apigateway().get_rest_api().rest_api_id(&api.id);
            call.send().await.op("apigateway:GetRestApi").or_absent()
        };
        // What its parts are read by too, in the same calls.
        let within = async {
            if !cx.with_extras() {
                return Ok((None, None));
            }
            try_join!(cx.load::<Resources>(api.id.clone()), cx.load::<Stages>(api.id.clone()))
        };
        let (described, (resources, stages)) = try_join!(described, within)?;
        Ok(described.map(|api| LiveRestApi {
            api,
            resources: resources.unwrap_or_default(),
            stages: stages.unwrap_or_default(),
        }))
    }

    fn tags(live: &LiveRestApi) -> Option<Tags> {
        Some(tags_in(live.api.tags()))
    }

    async fn retag(cx: &Cx, api: &RestApiId, changes: &TagChanges) -> Result<()> {
        retag(cx, &format!("/restapis/{}", api.id), changes).await
    }

    async fn delete(cx: &Cx, api: &RestApiId) -> Result<()> {
        let _turn = turn(&api.id).await;
        let call = cx.apigateway().delete_rest_api().rest_api_id(&api.id);
        call.send().await.op("apigateway:DeleteRestApi").or_absent().map(drop)
    }

    fn id(api: &RestApiId) -> String {
        api.id.clone()
    }
}

const DISABLED: &str = "disable_execute_api_endpoint";

impl RestApi {
    /// Adds the paths and verbs that others made. What is below one of them goes with it.
    fn foreign_paths(&self, live: &LiveRestApi, drift: Drift) -> Drift {
        let Some(api) = live.api.id() else { return drift };
        let root = live.api.root_resource_id();
        let none = BTreeSet::new();
        // The verbs that a resource shall have; `None` where there shall be no such resource.
        let verbs = |resource: &apigateway::Resource| match (resource.path_part(), root) {
            (None, _) => Some(&none),
            (Some(part), root) if resource.parent_id() == root => self.paths.get(part),
            (Some(_), _) => None,
        };
        let ours = live.resources.iter().filter(|resource| verbs(resource).is_some());
        let ours: BTreeSet<Option<&str>> = ours.map(|resource| resource.id()).collect();
        live.resources.iter().fold(drift, |drift, resource| {
            let (Some(id), Some(path)) = (resource.id(), resource.path()) else { return drift };
            let Some(verbs) = verbs(resource) else {
                if !ours.contains(&resource.parent_id()) {
                    return drift;
                }
                let identity = ResourceId { api: api.into(), id: id.into() };
                return drift.extra(ApiResource::KIND, "resource", identity, path);
            };
            let there = resource.resource_methods().into_iter().flatten().map(|(verb, _)| verb);
            let foreign: BTreeSet<_> = there.filter(|verb| !verbs.contains(*verb)).collect();
            foreign.into_iter().fold(drift, |drift, verb| {
                let (api, resource) = (api.into(), id.into());
                let identity = MethodId { api, resource, http_method: verb.clone() };
                drift.extra(Method::KIND, "method", identity, &format!("{verb} {path}"))
            })
        })
    }

    /// Adds the stages that others made.
    fn foreign_stages(&self, live: &LiveRestApi, drift: Drift) -> Drift {
        let Some(api) = live.api.id() else { return drift };
        let names = live.stages.iter().filter_map(|stage| stage.stage_name());
        names.filter(|name| *name != self.stage).fold(drift, |drift, name| {
            let identity = StageName { api: api.into(), name: name.into() };
            drift.extra(Stage::KIND, "stage", identity, name)
        })
    }
}

/// Admits the endpoint and nobody else: without a policy a private API denies every call.
fn policy(endpoint: &VpcEndpointId) -> Value {
    let statement = |effect: &str| {
        json!({
            "Effect": effect,
            "Principal": "*",
            "Action": "execute-api:Invoke",
            "Resource": "execute-api:/*",
        })
    };
    let mut others = statement("Deny");
    others["Condition"] = json!({ "StringNotEquals": { "aws:SourceVpce": endpoint.0 } });
    json!({ "Version": "2012-10-17", "Statement": [statement("Allow"), others] })
}
