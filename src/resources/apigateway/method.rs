//! API method: one verb of one path, passed on through the VPC link. Actions: apigateway:PUT,
//! apigateway:GET, apigateway:PATCH and apigateway:DELETE on /restapis/*/resources/*/methods.

use super::{
    Resources, WITHIN_APIS, our_apis, patch,
    resource::{self, Resource as ApiResource, ResourceId},
    turn,
    vpc_link::{Link, VpcLink},
};
use crate::resources::{
    apigatewayv2::vpc_link::VpcLink as VpcLinkV2,
    elasticloadbalancingv2::load_balancer::LoadBalancer, prelude::*,
};
use aws_sdk_apigateway::types::{self as apigateway, ConnectionType, IntegrationType, Op};

/// The API, the resource in it, the verb.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodId {
    /// The API.
    pub api: String,
    /// The resource.
    pub resource: String,
    /// Such as `GET`.
    pub http_method: String,
}

needs! {
    /// What a method stands on and leads to.
    MethodNeeds gives MethodValues {
        /// The path.
        resource: Created<ApiResource>,
        /// `PutIntegration` takes the ID of a link that is still `PENDING`.
        vpc_link: Either<Created<VpcLink>, Created<VpcLinkV2>>,
        /// Its name becomes the `Host` header. A link of the first version alone decides where requests
        /// go; one of the second is told with each integration.
        load_balancer: Created<LoadBalancer>,
    }
}

/// A verb without authorisation, answered by what listens on a port behind the link.
#[derive(Serialize)]
pub struct Method {
    /// What it stands on and leads to.
    pub needs: MethodNeeds,
    /// Such as `GET`.
    pub http_method: String,
    /// The listener's port.
    pub port: i32,
    /// Such as `/crystal/`.
    pub path: String,
    /// At most 29000.
    pub timeout_ms: i32,
}

/// Where a method stands: AWS keeps no tags on it.
pub fn address(resource: &Address, http_method: &str) -> Address {
    resource.child(http_method)
}

/// The status of the only answer that is passed on; without it every call is an internal error.
const OK: &str = "200";
const NO_AUTHORIZATION: &str = "NONE";

impl MethodValues {
    /// The load balancer's ARN, where the link does not name it.
    fn target(&self) -> Option<&str> {
        self.vpc_link.is_second_version().then_some(&*self.load_balancer.arn)
    }
}

impl Method {
    fn uri(&self, needs: &MethodValues) -> String {
        format!("http://{}:{}{}", needs.load_balancer.dns_name, self.port, self.path)
    }

    async fn put_integration(&self, cx: &Cx, out: &MethodId, needs: &MethodValues) -> Result<()> {
        let call = cx.apigateway().put_integration().rest_api_id(&out.api);
        let call = call.resource_id(&out.resource).http_method(&out.http_method);
        let call = call.r#type(IntegrationType::Http).integration_http_method(&self.http_method);
        let call = call.connection_type(ConnectionType::VpcLink);
        let call = call.connection_id(needs.vpc_link.id());
        let call = call.set_integration_target(needs.target().map(String::from));
        let call = call.uri(self.uri(needs)).timeout_in_millis(self.timeout_ms);
        call.send().await.op("apigateway:PutIntegration").map(drop)
    }

    async fn put_responses(&self, cx: &Cx, out: &MethodId, drift: &Drift) -> Result<()> {
        if drift.touches("method_response") {
            let call = cx.apigateway().put_method_response().rest_api_id(&out.api);
            let call = call.resource_id(&out.resource).http_method(&out.http_method);
            let put = call.status_code(OK).send().await.op("apigateway:PutMethodResponse");
            put.map(drop).or_else(already)?;
        }
        // Any other change puts the integration anew, and AWS drops its responses with that.
        let call = cx.apigateway().put_integration_response().rest_api_id(&out.api);
        let call = call.resource_id(&out.resource).http_method(&out.http_method);
        let put = call.status_code(OK).send().await.op("apigateway:PutIntegrationResponse");
        put.map(drop).or_else(already)
    }
}

/// What is there already is what was wanted.
fn already(error: Error) -> Result<()> {
    if error.class == Class::Exists { Ok(()) } else { Err(error) }
}

impl Resource for Method {
    const KIND: Kind = Kind("AWS::ApiGateway::Method");
    const TAGGED: bool = false;
    type Needs = MethodNeeds;
    type Out = MethodId;
    type Live = apigateway::Method;

    fn needs(&self) -> MethodNeeds {
        self.needs.clone()
    }

    async fn create(&self, cx: &Cx, needs: &MethodValues) -> Result<MethodId> {
        let ResourceId { api, id } = needs.resource.clone();
        let _turn = turn(&api).await;
        let call = cx.apigateway().put_method().rest_api_id(&api).resource_id(&id);
        let call = call.http_method(&self.http_method).authorization_type(NO_AUTHORIZATION);
        call.send().await.op("apigateway:PutMethod")?;
        Ok(MethodId { api, resource: id, http_method: self.http_method.clone() })
    }

    fn drift(&self, live: &apigateway::Method, needs: &MethodValues) -> Drift {
        let method = Drift::none()
            .mutable("authorization_type", NO_AUTHORIZATION, live.authorization_type())
            .mutable("api_key_required", false, live.api_key_required().unwrap_or_default());
        let answers = live.method_responses().is_some_and(|all| all.contains_key(OK));
        let method = method.mutable("method_response", true, answers);
        let Some(integration) = live.method_integration() else {
            return method.mutable("integration", IntegrationType::Http.as_str(), None::<&str>);
        };
        let kind = integration.r#type().map(IntegrationType::as_str);
        let connection = integration.connection_type().map(ConnectionType::as_str);
        let drift = method
            .mutable("integration", IntegrationType::Http.as_str(), kind)
            .mutable("integration_http_method", &self.http_method, integration.http_method())
            .mutable("uri", self.uri(needs), integration.uri())
            .mutable("timeout_ms", self.timeout_ms, integration.timeout_in_millis())
            .mutable("connection_type", ConnectionType::VpcLink.as_str(), connection);
        // Some emulators do not give it back.
        let drift = match integration.connection_id() {
            Some(link) => drift.mutable("connection_id", needs.vpc_link.id(), link),
            None => drift,
        };
        let drift =
            drift.mutable("integration_target", needs.target(), integration.integration_target());
        let passed_on = integration.integration_responses().is_some_and(|all| all.contains_key(OK));
        drift.mutable("integration_response", true, passed_on)
    }

    async fn update(
        &self,
        cx: &Cx,
        out: &MethodId,
        drift: &Drift,
        needs: &MethodValues,
    ) -> Result<()> {
        let _turn = turn(&out.api).await;
        let mut steps = Vec::new();
        if drift.touches("authorization_type") {
            steps.push(patch(Op::Replace, "/authorizationType", NO_AUTHORIZATION));
        }
        if drift.touches("api_key_required") {
            steps.push(patch(Op::Replace, "/apiKeyRequired", "false"));
        }
        if !steps.is_empty() {
            let call = cx.apigateway().update_method().rest_api_id(&out.api);
            let call = call.resource_id(&out.resource).http_method(&out.http_method);
            let call = call.set_patch_operations(Some(steps));
            call.send().await.op("apigateway:UpdateMethod")?;
        }
        const INTEGRATION: [&str; 7] = [
            "integration",
            "integration_http_method",
            "uri",
            "timeout_ms",
            "connection_type",
            "connection_id",
            "integration_target",
        ];
        let integration = INTEGRATION.iter().any(|field| drift.touches(field));
        if integration {
            self.put_integration(cx, out, needs).await?;
        }
        let responses = drift.touches("method_response") || drift.touches("integration_response");
        if integration || responses {
            self.put_responses(cx, out, drift).await?;
        }
        Ok(())
    }

    fn permissions() -> Vec<Permission> {
        vec![
            Permission::find("apigateway:GET").on(&["/restapis", WITHIN_APIS]),
            Permission::make("apigateway:PUT").on(&[WITHIN_APIS]),
            Permission::make("apigateway:PATCH").on(&[WITHIN_APIS]),
            Permission::remove("apigateway:DELETE").on(&[WITHIN_APIS]),
        ]
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<MethodId>>> {
        let mut found = Vec::new();
        for api in our_apis(cx).await? {
            let all = cx.load::<Resources>(api.out.id.clone()).await?.unwrap_or_default();
            for (resource, method) in all.iter().flat_map(methods) {
                let (Some(id), Some(part)) = (resource.id(), resource.path_part()) else {
                    continue;
                };
                let link = link(resource, method).map(String::from);
                let address = address(&resource::address(&api.address, part), method);
                let (api, resource) = (api.out.id.clone(), id.into());
                let out = MethodId { api, resource, http_method: method.clone() };
                found.push(Found::untagged(address, out).standing_on(link));
            }
        }
        Ok(found)
    }

    async fn read(cx: &Cx, out: &MethodId) -> Result<Option<apigateway::Method>> {
        let all = cx.load::<Resources>(out.api.clone()).await?.unwrap_or_default();
        let resource = all.iter().find(|resource| resource.id() == Some(&out.resource));
        let methods = resource.and_then(|resource| resource.resource_methods());
        Ok(methods.and_then(|methods| methods.get(&out.http_method)).cloned())
    }

    async fn delete(cx: &Cx, out: &MethodId) -> Result<()> {
        let _turn = turn(&out.api).await;
        let call = cx.apigateway().delete_method().rest_api_id(&out.api);
        let call = call.resource_id(&out.resource).http_method(&out.http_method);
        call.send().await.op("apigateway:DeleteMethod").or_absent().map(drop)
    }

    fn id(out: &MethodId) -> String {
        format!("{} {}", out.http_method, out.resource)
    }
}

/// The VPC link that a method goes through, where the listing shows its integration.
fn link<'a>(resource: &'a apigateway::Resource, method: &String) -> Option<&'a str> {
    resource.resource_methods()?.get(method)?.method_integration()?.connection_id()
}

/// The verbs of a resource, each with it.
fn methods(
    resource: &apigateway::Resource,
) -> impl Iterator<Item = (&apigateway::Resource, &String)> {
    let methods = resource.resource_methods().into_iter().flatten();
    methods.map(move |(http_method, _)| (resource, http_method))
}
