//! What the private API can reach.

use crate::config::{Api, LoadBalancerType, VpcLinkVersion, findings::Findings};

pub(super) fn check(api: &Api, findings: &mut Findings) {
    let key = "api.load_balancer";
    if api.load_balancer == LoadBalancerType::Application
        && api.vpc_link == VpcLinkVersion::V1
        && findings.sound(key)
        && findings.sound("api.vpc_link")
    {
        findings.refuse(
            key,
            "cannot be reached by a VPC link V1, which AWS makes for network load balancers only",
            "set api.vpc_link = \"v2\", or leave the network load balancer",
        );
    }
}
