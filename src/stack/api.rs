//! The red path: a private REST API before the internal load balancer.

use super::{
    Facts,
    edge::{self, InternalEdge, Source},
    names,
    network::Base,
};
use crate::{
    config::{Config, Expose, Service, VpcLinkVersion},
    resources::{
        Blueprint, Either, Handle,
        apigateway::{
            account::Account,
            deployment::{self, Deployment, DeploymentNeeds},
            method::{self, Method, MethodNeeds},
            resource::{self, Resource},
            rest_api::RestApi,
            stage::{Stage, StageNeeds},
            vpc_link::VpcLink,
        },
        apigatewayv2::vpc_link::{VpcLink as VpcLinkV2, VpcLinkNeeds},
        cloudwatchlogs::log_group::LogGroup,
        ec2::vpc_endpoint::VpcEndpoint,
    },
};
use serde_json::json;

/// One line of JSON for each request.
const ACCESS_LOG: &str = concat!(
    r#"{"id":"$context.requestId","time":"$context.requestTime","caller":"$context.identity.sourceIp","#,
    r#""method":"$context.httpMethod","path":"$context.resourcePath","status":"$context.status","#,
    r#""milliseconds":"$context.responseLatency"}"#
);

/// The verb of every path.
const GET: &str = "GET";

/// Declares the API with a path for every service that it exposes; without any, AWS would refuse to
/// deploy it, and nothing is declared.
pub fn api(
    blueprint: &mut Blueprint,
    config: &Config,
    facts: &Facts,
    provider: &Base,
    endpoint: &Handle<VpcEndpoint>,
    internal: &InternalEdge,
) -> Option<Handle<RestApi>> {
    let exposed: Vec<_> =
        config.services.iter().filter(|service| service.expose == Expose::Api).collect();
    if exposed.is_empty() {
        return None;
    }
    let scope = blueprint.cx().scope().clone();
    // The endpoint's ID is enough; it may still be pending.
    let verbs = |service: &&Service| (service.name.clone(), [GET.to_owned()].into());
    let api = RestApi {
        endpoint: endpoint.created(),
        name: scope.stack.clone(),
        paths: exposed.iter().map(verbs).collect(),
        stage: config.api.stage.clone(),
    };
    let api = blueprint.declare("api/rest-api", api);
    let load_balancer = &internal.load_balancer;
    let link = vpc_link(blueprint, config, provider, internal, &exposed);
    let mut methods = Vec::new();
    let mut definition = Vec::new();
    for service in exposed {
        let path = Resource { api: api.created(), path_part: service.name.clone() };
        let path = blueprint.declare(resource::address(api.address(), &service.name), path);
        let needs = MethodNeeds {
            resource: path.created(),
            vpc_link: link.created(),
            load_balancer: load_balancer.created(),
        };
        let get = Method {
            needs,
            http_method: GET.into(),
            port: service.router_port().into(),
            path: service.path.clone(),
            timeout_ms: config.api.timeout_ms,
            operation_name: operation_name("Get", &service.name),
        };
        definition.push(json!([service.name, get.http_method, get.port, get.path, get.timeout_ms]));
        methods.push(blueprint.declare(method::address(path.address(), GET), get));
    }
    let needs = DeploymentNeeds {
        // A deployment is a snapshot: policy and integrations must be as wished before it is taken.
        api: api.ready(),
        methods: methods.iter().map(Handle::ready).collect(),
        // AWS refuses or holds a deployment whose link is not available.
        vpc_link: link.ready(),
        load_balancer: load_balancer.created(),
        endpoint: endpoint.created(),
    };
    let deployment = Deployment { needs, definition: json!(definition) };
    let deployment = blueprint.declare(deployment::address(api.address()), deployment);
    stage(blueprint, config, facts, &api, &deployment);
    Some(api)
}

/// `GetShopCart` of `shop-cart`.
fn operation_name(verb: &str, service: &str) -> String {
    let parts = service.split('-').map(|part| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    });
    parts.flatten().fold(verb.to_owned(), |name, part| name + &part)
}

/// The way into the provider's VPC, of the version that the configuration wants.
fn vpc_link(
    blueprint: &mut Blueprint,
    config: &Config,
    provider: &Base,
    internal: &InternalEdge,
    exposed: &[&Service],
) -> Either<Handle<VpcLink>, Handle<VpcLinkV2>> {
    let name = blueprint.cx().scope().stack.clone();
    match config.api.vpc_link {
        VpcLinkVersion::V1 => {
            // On a load balancer that is not active, the link fails for good.
            let link = VpcLink { load_balancer: internal.load_balancer.ready(), name };
            Either::This(blueprint.declare("api/vpc-link", link))
        }
        VpcLinkVersion::V2 => {
            let description = "From the private API to the internal load balancer";
            let group = edge::security_group(blueprint, provider, "vpc_link", description);
            if let Some(balancer) = &internal.security_group {
                for service in exposed {
                    let from = Source::Group(&group);
                    edge::allow(blueprint, balancer, service.router_port(), &from);
                }
            }
            let needs = VpcLinkNeeds {
                subnets: provider.private.iter().map(Handle::created).collect(),
                security_groups: vec![group.created()],
            };
            let link = VpcLinkV2 { needs, name };
            Either::That(blueprint.declare("api/vpc-link-v2", link))
        }
    }
}

fn stage(
    blueprint: &mut Blueprint,
    config: &Config,
    facts: &Facts,
    api: &Handle<RestApi>,
    deployment: &Handle<Deployment>,
) {
    let log_group = LogGroup {
        log_group_name: names::log_group(blueprint.cx().scope(), "api/access"),
        retention_days: config.log_retention_days,
    };
    let log_group = blueprint.declare("api/log-group", log_group);
    // Shared by the whole account and region: made only where there is none.
    let account = facts.wants_logging_role.then(|| {
        let role = super::identity::api_logs(blueprint, config);
        blueprint.declare(Account::ADDRESS, Account { role: role.ready() })
    });
    let needs = StageNeeds {
        api: api.created(),
        deployment: deployment.created(),
        log_group: log_group.created(),
        // Access logs are refused before the account has a role for them.
        account: account.map(|account| account.ready()),
    };
    let stage = Stage {
        needs,
        stage_name: config.api.stage.clone(),
        access_log_format: ACCESS_LOG.into(),
        metrics: true,
        tracing: true,
    };
    blueprint.declare("api/stage", stage);
}
