//! Resources that vanish: somebody else deletes them, with the service's own delete. What AWS would
//! not delete stays.

use crate::simulator::{
    Account, Inventory, Item,
    wire::{Call, Service},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Deletes what a call names, before it has its effect.
pub(in crate::simulator) fn before(account: &mut Account, call: &Call) {
    let texts = texts(&call.input);
    let named = account.inventory().resources.into_iter().filter(|item| is_named(item, &texts));
    delete_one(account, call, named.collect());
}

/// Deletes what a call has made, or what it or its answer names.
pub(in crate::simulator) fn after(
    account: &mut Account,
    call: &Call,
    there: &Inventory,
    answer: &Value,
) {
    let now = account.inventory().resources;
    let old: BTreeSet<_> = there.resources.iter().map(|item| (item.service, &item.id)).collect();
    let made = now.iter().filter(|item| !old.contains(&(item.service, &item.id)));
    let mut items: Vec<Item> = made.cloned().collect();
    for source in [&call.input, answer] {
        if items.is_empty() {
            let texts = texts(source);
            items = now.iter().filter(|item| is_named(item, &texts)).cloned().collect();
        }
    }
    delete_one(account, call, items);
}

/// One of them: of the operation's own kind where there is one, else of its service, else any.
fn delete_one(account: &mut Account, call: &Call, items: Vec<Item>) {
    let own = |item: &Item| match item.service == call.service.prefix() {
        true if call.operation.contains(item.kind) => 1 + item.kind.len(),
        own_service => usize::from(own_service),
    };
    let closest = items.iter().map(own).max().unwrap_or_default();
    let deletes = items.iter().filter(|item| own(item) == closest);
    let deletes: Vec<_> = deletes.filter_map(|item| delete_of(account, item)).collect();
    if deletes.is_empty() {
        return;
    }
    let chosen = (account.roll() * deletes.len() as f64) as usize % deletes.len();
    let (service, operation, input) = deletes[chosen].clone();
    let delete = Call { service, operation, input, ..call.clone() };
    let refused = account.call(&delete).err();
    tracing::debug!(operation, ?refused, "a resource vanishes");
}

/// All texts of a value.
fn texts(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::String(text) => BTreeSet::from([text.as_str()]),
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => BTreeSet::new(),
    }
}

/// Whether these texts name a resource: by its ID, by an ARN that ends with it, or by every name of
/// a path.
fn is_named(item: &Item, texts: &BTreeSet<&str>) -> bool {
    let id = item.id.as_str();
    let ends = |text: &&str| text.strip_suffix(id).is_some_and(|rest| rest.ends_with([':', '/']));
    if texts.contains(id) || texts.iter().any(ends) {
        return true;
    }
    match (item.service, item.kind) {
        // `mesh/shop/virtualNode/cart`
        ("appmesh", _) => id.split('/').skip(1).step_by(2).all(|name| texts.contains(name)),
        ("apigateway" | "servicediscovery", _) => id.split('/').all(|part| texts.contains(part)),
        ("ecs", "Service") => id.rsplit('/').next().is_some_and(|name| texts.contains(name)),
        _ => false,
    }
}

/// The call that deletes a resource.
fn delete_of(account: &Account, item: &Item) -> Option<(Service, &'static str, Value)> {
    let id = item.id.as_str();
    let parts: Vec<&str> = id.split('/').collect();
    let part = |index: usize| parts.get(index).copied().unwrap_or_default();
    let (operation, input) = match (item.service, item.kind) {
        ("ec2", "Vpc") => ("DeleteVpc", json!({ "VpcId": id })),
        ("ec2", "Subnet") => ("DeleteSubnet", json!({ "SubnetId": id })),
        ("ec2", "InternetGateway") => ("DeleteInternetGateway", json!({ "InternetGatewayId": id })),
        ("ec2", "ElasticIp") => ("ReleaseAddress", json!({ "AllocationId": id })),
        ("ec2", "NatGateway") => ("DeleteNatGateway", json!({ "NatGatewayId": id })),
        ("ec2", "RouteTable") => ("DeleteRouteTable", json!({ "RouteTableId": id })),
        ("ec2", "SecurityGroup") => ("DeleteSecurityGroup", json!({ "GroupId": id })),
        ("ec2", "SecurityGroupRule") => {
            let rule = account.ec2.security_group_rules.known(id)?;
            let input = json!({ "GroupId": rule.group_id, "SecurityGroupRuleIds": [id] });
            let egress = rule.is_egress;
            let ways = ["RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"];
            (ways[usize::from(egress)], input)
        }
        ("ec2", "VpcEndpoint") => ("DeleteVpcEndpoints", json!({ "VpcEndpointIds": [id] })),
        ("iam", "Role") => ("DeleteRole", json!({ "RoleName": id })),
        ("logs", "LogGroup") => ("DeleteLogGroup", json!({ "logGroupName": id })),
        ("elasticloadbalancing", "LoadBalancer") => {
            ("DeleteLoadBalancer", json!({ "LoadBalancerArn": id }))
        }
        ("elasticloadbalancing", "TargetGroup") => {
            ("DeleteTargetGroup", json!({ "TargetGroupArn": id }))
        }
        ("elasticloadbalancing", "Listener") => ("DeleteListener", json!({ "ListenerArn": id })),
        ("elasticloadbalancing", "ListenerRule") => ("DeleteRule", json!({ "RuleArn": id })),
        ("ecs", "Cluster") => ("DeleteCluster", json!({ "cluster": id })),
        ("ecs", "TaskDefinition") => ("DeregisterTaskDefinition", json!({ "taskDefinition": id })),
        ("ecs", "Service") => {
            ("DeleteService", json!({ "cluster": part(1), "service": id, "force": true }))
        }
        ("ecs", "Task") => ("StopTask", json!({ "cluster": part(1), "task": id })),
        ("servicediscovery", "Namespace") => ("DeleteNamespace", json!({ "Id": id })),
        ("servicediscovery", "Service") => ("DeleteService", json!({ "Id": id })),
        ("servicediscovery", "Instance") => {
            ("DeregisterInstance", json!({ "ServiceId": part(0), "InstanceId": part(1) }))
        }
        ("appmesh", "Mesh") => ("DeleteMesh", json!({ "meshName": part(1) })),
        ("appmesh", "VirtualNode") => {
            ("DeleteVirtualNode", json!({ "meshName": part(1), "virtualNodeName": part(3) }))
        }
        ("appmesh", "VirtualRouter") => {
            ("DeleteVirtualRouter", json!({ "meshName": part(1), "virtualRouterName": part(3) }))
        }
        ("appmesh", "VirtualService") => {
            ("DeleteVirtualService", json!({ "meshName": part(1), "virtualServiceName": part(3) }))
        }
        ("appmesh", "Route") => {
            let (mesh, router, route) = (part(1), part(3), part(5));
            let input =
                json!({ "meshName": mesh, "virtualRouterName": router, "routeName": route });
            ("DeleteRoute", input)
        }
        ("apigateway", "RestApi") => ("DeleteRestApi", json!({ "restApiId": id })),
        ("apigateway", "Resource") => {
            ("DeleteResource", json!({ "restApiId": part(0), "resourceId": part(1) }))
        }
        ("apigateway", "Method") => {
            let (api, resource, verb) = (part(0), part(1), part(2));
            let input = json!({ "restApiId": api, "resourceId": resource, "httpMethod": verb });
            ("DeleteMethod", input)
        }
        ("apigateway", "Deployment") => {
            ("DeleteDeployment", json!({ "restApiId": part(0), "deploymentId": part(1) }))
        }
        ("apigateway", "Stage") => {
            ("DeleteStage", json!({ "restApiId": part(0), "stageName": part(1) }))
        }
        ("apigateway", "VpcLink") => ("DeleteVpcLink", json!({ "vpcLinkId": id })),
        ("apigatewayv2", "VpcLink") => ("DeleteVpcLink", json!({ "VpcLinkId": id })),
        _ => return None,
    };
    Some((Service::from_prefix(item.service)?, operation, input))
}
