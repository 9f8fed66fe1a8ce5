//! REST API: private, reached through one interface endpoint. Actions: apigateway:POST,
//! apigateway:GET, apigateway:PATCH and apigateway:DELETE on /restapis, apigateway:PUT on /tags,
//! apigateway:UpdateRestApiPolicy.

use super::{WITHIN_APIS, our_apis, patch, policy::canonical, retag, tag_permissions, turn};
use crate::resources::{
    ec2::vpc_endpoint::{VpcEndpoint, VpcEndpointId},
    prelude::*,
};
use aws_sdk_apigateway::{
    operation::get_rest_api::GetRestApiOutput,
    types::{EndpointConfiguration, EndpointType, Op},
};
use serde_json::{Value, json};

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
}

const DESCRIPTION: &str = "The services of a mesh, for callers behind one VPC endpoint";

impl Resource for RestApi {
    const KIND: Kind = Kind("AWS::ApiGateway::RestApi");
    type Needs = Created<VpcEndpoint>;
    type Out = RestApiId;
    type Live = GetRestApiOutput;

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

    fn drift(&self, live: &GetRestApiOutput, endpoint: &VpcEndpointId) -> Drift {
        let configuration = live.endpoint_configuration();
        let kind = configuration.and_then(|it| it.types().first()).map(EndpointType::as_str);
        let mut endpoints: Vec<_> =
            configuration.map(|it| it.vpc_endpoint_ids().to_vec()).unwrap_or_default();
        endpoints.sort();
        Drift::none()
            .mutable("name", &self.name, live.name())
            .mutable("description", DESCRIPTION, live.description())
            .mutable("endpoint_type", EndpointType::Private.as_str(), kind)
            .mutable("vpc_endpoint_ids", [&endpoint.0], endpoints)
            .mutable(
                "policy",
                canonical(&policy(endpoint).to_string()),
                live.policy().map(canonical),
            )
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
                _ => {}
            }
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
            Permission::remove("apigateway:DELETE").on(&[WITHIN_APIS]),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<RestApiId>>> {
        our_apis(cx).await
    }

    async fn read(cx: &Cx, api: &RestApiId) -> Result<Option<GetRestApiOutput>> {
        let call = cx.apigateway().get_rest_api().rest_api_id(&api.id);
        call.send().await.op("apigateway:GetRestApi").or_absent()
    }

    fn tags(live: &GetRestApiOutput) -> Option<Tags> {
        Some(tags_in(live.tags()))
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
