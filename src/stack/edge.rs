//! Where traffic comes in: load balancers, their security groups, and the consumer's endpoint.

use super::{names, network::Base};
use crate::{
    config::LoadBalancerType,
    resources::{
        Blueprint, Handle,
        ec2::{
            security_group::SecurityGroup,
            security_group_ingress::{SecurityGroupIngress, SecurityGroupIngressNeeds},
            vpc_endpoint::{VpcEndpoint, VpcEndpointNeeds},
        },
        elasticloadbalancingv2::load_balancer::{LoadBalancer, LoadBalancerNeeds},
    },
};
use ipnet::Ipv4Net;

/// The public load balancer of one side.
pub struct PublicEdge {
    /// The ALB.
    pub load_balancer: Handle<LoadBalancer>,
    /// Its security group, from which tasks accept traffic.
    pub security_group: Handle<SecurityGroup>,
}

/// Declares a security group.
pub fn security_group(
    blueprint: &mut Blueprint,
    base: &Base,
    name: &str,
    description: &str,
) -> Handle<SecurityGroup> {
    let group_name = names::long(blueprint.cx().scope(), &format!("{}-{name}", base.side));
    let group =
        SecurityGroup { vpc: base.vpc.created(), group_name, description: description.into() };
    blueprint.declare(format!("{}/security-group/{name}", base.side), group)
}

/// From where a port may be reached.
pub enum Source<'a> {
    /// A range of addresses.
    Cidr(&'a str),
    /// Whatever is in another group.
    Group(&'a Handle<SecurityGroup>),
}

/// Opens a port of a security group.
pub fn allow(
    blueprint: &mut Blueprint,
    group: &Handle<SecurityGroup>,
    port: u16,
    source: &Source<'_>,
) -> Handle<SecurityGroupIngress> {
    let (name, cidr_ipv4, source_group) = match source {
        Source::Cidr(cidr) => ((*cidr).to_owned(), Some((*cidr).to_owned()), None),
        Source::Group(other) => {
            let name = other.address().as_str().rsplit('/').next().unwrap_or_default();
            (name.to_owned(), None, Some(other.created()))
        }
    };
    let ingress = SecurityGroupIngress {
        needs: SecurityGroupIngressNeeds { group: group.created(), source_group },
        ip_protocol: "tcp".into(),
        from_port: port.into(),
        to_port: port.into(),
        cidr_ipv4,
    };
    blueprint.declare(group.address().child(format_args!("{port}/{name}")), ingress)
}

/// The internet-facing ALB of one side.
pub fn public(blueprint: &mut Blueprint, base: &Base, allowed: &[Ipv4Net]) -> PublicEdge {
    let group =
        security_group(blueprint, base, "load-balancer", "HTTP to the public load balancer");
    for cidr in allowed {
        allow(blueprint, &group, 80, &Source::Cidr(&cidr.to_string()));
    }
    let needs = LoadBalancerNeeds {
        vpc: base.vpc.created(),
        subnets: base.public.iter().map(Handle::created).collect(),
        security_groups: vec![group.created()],
        // AWS refuses an internet-facing load balancer in a VPC without an internet gateway.
        attachment: Some(base.attachment.created()),
    };
    let name = names::balancing(blueprint.cx().scope(), base.side.name());
    let load_balancer = LoadBalancer {
        needs,
        name,
        scheme: "internet-facing".into(),
        kind_of: "application".into(),
        cross_zone: true,
    };
    let load_balancer =
        blueprint.declare(format!("{}/load-balancer/public", base.side), load_balancer);
    PublicEdge { load_balancer, security_group: group }
}

/// The internal load balancer, which the private API reaches.
pub struct InternalEdge {
    /// An NLB, or an ALB.
    pub load_balancer: Handle<LoadBalancer>,
    /// The ALB's security group, from which tasks accept traffic. An NLB is made without one: its
    /// traffic comes from addresses of the VPC.
    pub security_group: Option<Handle<SecurityGroup>>,
}

/// The internal load balancer. With a VPC link V1 it is the beginning of the critical path.
pub fn internal(blueprint: &mut Blueprint, base: &Base, of: LoadBalancerType) -> InternalEdge {
    let (kind_of, name, group) = match of {
        LoadBalancerType::Network => ("network", "internal", None),
        LoadBalancerType::Application => {
            let description = "HTTP to the internal load balancer";
            let name = "internal-load-balancer";
            let group = security_group(blueprint, base, name, description);
            ("application", "internal-alb", Some(group))
        }
    };
    let needs = LoadBalancerNeeds {
        vpc: base.vpc.created(),
        subnets: base.private.iter().map(Handle::created).collect(),
        security_groups: group.iter().map(Handle::created).collect(),
        attachment: None,
    };
    let load_balancer = LoadBalancer {
        needs,
        name: names::balancing(blueprint.cx().scope(), name),
        scheme: "internal".into(),
        kind_of: kind_of.into(),
        // A VPC link's endpoint in a zone without healthy targets would fail otherwise.
        cross_zone: true,
    };
    let load_balancer =
        blueprint.declare(format!("{}/load-balancer/{name}", base.side), load_balancer);
    InternalEdge { load_balancer, security_group: group }
}

/// The consumer's way to the private API.
pub fn endpoint(blueprint: &mut Blueprint, base: &Base) -> Handle<VpcEndpoint> {
    let group =
        security_group(blueprint, base, "endpoint", "HTTPS to the endpoint of the private API");
    allow(blueprint, &group, 443, &Source::Cidr(&base.cidr));
    let region = blueprint.cx().scope().region.clone();
    let needs = VpcEndpointNeeds {
        // Private DNS is refused while the VPC's DNS attributes are off.
        vpc: base.vpc.ready(),
        subnets: base.private.iter().map(Handle::created).collect(),
        security_groups: vec![group.created()],
    };
    let endpoint = VpcEndpoint {
        needs,
        service_name: format!("com.amazonaws.{region}.execute-api"),
        private_dns_enabled: true,
    };
    blueprint.declare(format!("{}/vpc-endpoint/execute-api", base.side), endpoint)
}
