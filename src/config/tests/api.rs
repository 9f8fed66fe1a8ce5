//! What the private API can reach.

use super::*;

#[test]
fn only_a_second_link_reaches_an_application_load_balancer() {
    let wanted = "api.load_balancer = \"application\"";
    refused(&[(
        top(wanted),
        "line 1: api.load_balancer = \"application\" cannot be reached by a VPC link V1, which AWS \
         makes for network load balancers only; set api.vpc_link = \"v2\", or leave the network load \
         balancer",
    )]);
    let config = format!("{}\napi.vpc_link = \"v2\"\n", wanted);
    assert_eq!(parsed(&top(&config)).api.load_balancer, LoadBalancerType::Application);
}
