//! API deployment: an immutable snapshot of the API's definition. Actions: apigateway:POST,
//! apigateway:GET and apigateway:DELETE on /restapis/*/deployments.

use super::{
    PAGE, Stages, WITHIN_APIS,
    method::Method,
    our_apis,
    rest_api::RestApi,
    turn,
    vpc_link::{Link, VpcLink},
};
use crate::{
    model::Replacement,
    resources::{
        apigatewayv2::vpc_link::VpcLink as VpcLinkV2, ec2::vpc_endpoint::VpcEndpoint,
        elasticloadbalancingv2::load_balancer::LoadBalancer, prelude::*,
    },
};
use aws_sdk_apigateway::types as apigateway;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The API, the deployment in it, and what it is a snapshot of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeploymentId {
    /// The API.
    pub api: String,
    /// Six letters and digits.
    pub id: String,
    /// The hash of the definition.
    pub content: String,
}

needs! {
    /// What must be settled before the snapshot is taken.
    DeploymentNeeds gives DeploymentValues {
        /// A later change of the policy would not reach the stage.
        api: Ready<RestApi>,
        /// A method without its integration refuses the deployment.
        methods: Vec<Ready<Method>>,
        /// AWS says only that a deployment waits for a `PENDING` link, not for how long.
        vpc_link: Either<Ready<VpcLink>, Ready<VpcLinkV2>>,
        /// Its name is part of every integration.
        load_balancer: Created<LoadBalancer>,
        /// It is part of the policy.
        endpoint: Created<VpcEndpoint>,
    }
}

/// A snapshot, made anew whenever the definition changes.
#[derive(Serialize)]
pub struct Deployment {
    /// What must be settled first.
    pub needs: DeploymentNeeds,
    /// All that the methods say.
    pub definition: Value,
}

/// Where a deployment stands: AWS keeps no tags on it.
pub fn address(api: &Address) -> Address {
    api.child("deployment")
}

/// What descriptions of our deployments begin with. The hash of the definition follows, and the token of
/// the creating call, for want of tags.
const MARK: &str = "meshctl ";

/// What is known of a deployment.
pub struct LiveDeployment {
    content: Option<String>,
}

impl Deployment {
    fn content(&self, needs: &DeploymentValues) -> String {
        // Objects of JSON values are sorted by name, so equal definitions are equal texts.
        let whole = json!({
            "definition": self.definition,
            "api": needs.api.id,
            "link": needs.vpc_link.id(),
            "load_balancer": needs.load_balancer.dns_name,
            "endpoint": needs.endpoint.0,
        });
        Sha256::digest(whole.to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Resource for Deployment {
    const KIND: Kind = Kind("AWS::ApiGateway::Deployment");
    const REPLACEMENT: Replacement = Replacement::CreateFirst;
    const TAGGED: bool = false;
    type Needs = DeploymentNeeds;
    type Out = DeploymentId;
    type Live = LiveDeployment;

    fn needs(&self) -> DeploymentNeeds {
        self.needs.clone()
    }

    async fn create(&self, cx: &Cx, needs: &DeploymentValues) -> Result<DeploymentId> {
        const OP: &str = "apigateway:CreateDeployment";
        let (api, content) = (needs.api.id.clone(), self.content(needs));
        let _turn = turn(&api).await;
        let call = cx.apigateway().create_deployment().rest_api_id(&api);
        let made =
            call.description(format!("{MARK}{content} {}", cx.token())).send().await.op(OP)?;
        Ok(DeploymentId { id: made.id().answered(OP, "id")?.into(), api, content })
    }

    fn drift(&self, live: &LiveDeployment, needs: &DeploymentValues) -> Drift {
        Drift::none().fixed("content", self.content(needs), &live.content)
    }

    fn permissions() -> Vec<Permission> {
        vec![
            Permission::find("apigateway:GET").on(&["/restapis", WITHIN_APIS]),
            Permission::make("apigateway:POST").on(&[WITHIN_APIS]),
            Permission::remove("apigateway:DELETE").on(&[WITHIN_APIS]),
        ]
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<DeploymentId>>> {
        let mut found = Vec::new();
        for api in our_apis(cx).await? {
            let all = cx.load::<Deployments>(api.out.id.clone()).await?.unwrap_or_default();
            found.extend(all.iter().filter_map(|deployment| {
                let (content, token) = marks(deployment)?;
                let id = deployment.id()?.into();
                let rank = deployment.created_date().map_or(0, |date| date.secs());
                let out = DeploymentId { api: api.out.id.clone(), id, content };
                let address = address(&api.address);
                Some(Found { token, rank, ..Found::untagged(address, out) })
            }));
        }
        Ok(found)
    }

    async fn read(cx: &Cx, out: &DeploymentId) -> Result<Option<LiveDeployment>> {
        if !cx.with_settings() {
            // A stage that points to it shows that it exists, and its content never changes.
            let stages = cx.load::<Stages>(out.api.clone()).await?.unwrap_or_default();
            if stages.iter().any(|stage| stage.deployment_id() == Some(&out.id)) {
                return Ok(Some(LiveDeployment { content: Some(out.content.clone()) }));
            }
        }
        let all = cx.load::<Deployments>(out.api.clone()).await?.unwrap_or_default();
        let ours = all.iter().find(|deployment| deployment.id() == Some(&out.id));
        let content = |deployment| marks(deployment).map(|(content, _)| content);
        Ok(ours.map(|deployment| LiveDeployment { content: content(deployment) }))
    }

    async fn delete(cx: &Cx, out: &DeploymentId) -> Result<()> {
        let _turn = turn(&out.api).await;
        let call = cx.apigateway().delete_deployment().rest_api_id(&out.api);
        let call = call.deployment_id(&out.id);
        call.send().await.op("apigateway:DeleteDeployment").or_absent().map(drop)
    }

    fn id(out: &DeploymentId) -> String {
        out.id.clone()
    }
}

/// The hash in the description of a deployment of ours.
/// The hash of the definition and the token of the creating call, where it is one of ours.
fn marks(deployment: &apigateway::Deployment) -> Option<(String, Option<String>)> {
    let mut words = deployment.description()?.strip_prefix(MARK)?.split(' ').map(String::from);
    Some((words.next()?, words.next()))
}

/// `GetDeployments` of one API.
struct Deployments;

impl Batch for Deployments {
    type Key = String;
    type Value = Vec<apigateway::Deployment>;
    const MAX: usize = 1;

    async fn fetch(
        cx: &Cx,
        apis: Vec<String>,
    ) -> Result<BTreeMap<String, Vec<apigateway::Deployment>>> {
        let mut found = BTreeMap::new();
        for api in apis {
            let call = cx.apigateway().get_deployments().rest_api_id(&api).limit(PAGE);
            let all = call.into_paginator().items().send().try_collect().await;
            let all = all.op("apigateway:GetDeployments").or_absent()?;
            found.extend(all.map(|all| (api, all)));
        }
        Ok(found)
    }
}
