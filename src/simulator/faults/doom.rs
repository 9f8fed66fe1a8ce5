//! What is made and never works: it ends in the terminal bad state that AWS has for its kind.

use crate::simulator::{
    Account,
    fields::Fields,
    wire::{Call, Service},
};
use serde_json::Value;

/// The creates that can end so.
pub(super) const CREATES: &[&str] = &[
    "apigateway:CreateVpcLink",
    "apigatewayv2:CreateVpcLink",
    "ec2:CreateNatGateway",
    "ec2:CreateVpcEndpoint",
    "ecs:RegisterTaskDefinition",
    "elasticloadbalancing:CreateLoadBalancer",
    "servicediscovery:CreateHttpNamespace",
    "servicediscovery:CreatePrivateDnsNamespace",
];

/// What AWS says when something has failed on its side.
pub(in crate::simulator) const REASON: &str = "An internal error has occurred.";

/// Dooms what a call has just made, by its answer. Its state shows it when it would have settled.
pub(in crate::simulator) fn doom(account: &mut Account, call: &Call, answer: &Value) {
    let pointer = match call.operation {
        "CreateNatGateway" => "/NatGateway/NatGatewayId",
        "CreateVpcEndpoint" => "/VpcEndpoint/VpcEndpointId",
        "CreateVpcLink" if call.service == Service::ApiGatewayV2 => "/VpcLinkId",
        "CreateVpcLink" => "/id",
        "CreateLoadBalancer" => "/LoadBalancers/0/LoadBalancerArn",
        "CreateHttpNamespace" | "CreatePrivateDnsNamespace" => "/OperationId",
        "RegisterTaskDefinition" => "/taskDefinition/taskDefinitionArn",
        _ => return,
    };
    let (parent, member) = pointer.rsplit_once('/').unwrap_or_default();
    let id = answer.pointer(parent).and_then(|parent| parent.text(member));
    account.doomed.extend(id.map(String::from));
}
