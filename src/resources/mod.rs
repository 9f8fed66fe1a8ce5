//! Every kind of resource, each described once, in folders named as AWS's services.

mod access;
pub mod apigateway;
pub mod apigatewayv2;
pub mod appmesh;
pub mod blueprint;
pub mod cloudwatchlogs;
pub mod ec2;
pub mod ecs;
pub mod elasticloadbalancingv2;
pub mod erased;
pub mod iam;
pub mod needs;
pub mod resource;
pub mod servicediscovery;

pub use blueprint::Blueprint;
pub use needs::{After, Created, Either, Gate, Handle, Loose, Needs, Ready, Values};
pub use resource::Resource;

use crate::{aws::Cx, model::Registry};

/// IDs in an order of our own: AWS has none, and lists are compared.
pub(crate) fn sorted(ids: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort();
    ids
}

/// Names one thing that holds another, by what it is called too where that says more than its ID.
pub(crate) fn holder(what: &str, id: &str, called: Option<&str>) -> String {
    match called.filter(|called| !called.is_empty()) {
        Some(called) => format!("{what} {id} ({called})"),
        None => format!("{what} {id}"),
    }
}

/// What every resource file begins with.
pub mod prelude {
    pub use super::{
        Resource,
        needs::{After, Created, Either, Gate, Loose, Needs, Ready, Values},
    };
    pub(crate) use super::{holder, needs::needs, sorted};
    pub use crate::{
        aws::{
            Answered, Batch, Cx, OpResult, OrAbsent,
            tags::{tags_in, tags_of},
        },
        model::{
            Address, Class, Drift, Error, Found, Kind, Permission, Readiness, Replacement, Result,
            Tags, Times,
            tags::{self, TagChanges},
        },
    };
    pub use serde::{Deserialize, Serialize};
    pub use std::collections::BTreeMap;
}

macro_rules! registry {
    ($($kind:ty),+ $(,)?) => {
        /// The only list of kinds.
        pub fn registry(cx: &Cx) -> Registry {
            Registry::new([$(erased::ops::<$kind>(cx)),+])
        }
    };
}

registry![
    apigateway::account::Account,
    apigateway::deployment::Deployment,
    apigateway::method::Method,
    apigateway::resource::Resource,
    apigateway::rest_api::RestApi,
    apigateway::stage::Stage,
    apigateway::vpc_link::VpcLink,
    apigatewayv2::vpc_link::VpcLink,
    appmesh::mesh::Mesh,
    appmesh::route::Route,
    appmesh::virtual_node::VirtualNode,
    appmesh::virtual_router::VirtualRouter,
    appmesh::virtual_service::VirtualService,
    cloudwatchlogs::log_group::LogGroup,
    ec2::eip::Eip,
    ec2::internet_gateway::InternetGateway,
    ec2::nat_gateway::NatGateway,
    ec2::route::Route,
    ec2::route_table::RouteTable,
    ec2::security_group::SecurityGroup,
    ec2::security_group_ingress::SecurityGroupIngress,
    ec2::subnet::Subnet,
    ec2::subnet_route_table_association::SubnetRouteTableAssociation,
    ec2::vpc::Vpc,
    ec2::vpc_endpoint::VpcEndpoint,
    ec2::vpc_gateway_attachment::VpcGatewayAttachment,
    ecs::cluster::Cluster,
    ecs::service::Service,
    ecs::task_definition::TaskDefinition,
    elasticloadbalancingv2::listener::Listener,
    elasticloadbalancingv2::load_balancer::LoadBalancer,
    elasticloadbalancingv2::target_group::TargetGroup,
    iam::role::Role,
    servicediscovery::private_dns_namespace::PrivateDnsNamespace,
    servicediscovery::service::Service,
];
