//! What strangers hold of a stack: `down` says what is left and what holds it, and ends the work once
//! the stranger has let go.

use crate::common::{World, app_mesh, linked, text};
use meshctl::{
    engine::{Event, Events},
    model::{Address, Identities},
};
use serde_json::{Value, json};
use std::{cell::RefCell, rc::Rc, time::Duration};

/// How strangers let go.
type Undo = Vec<(&'static str, Value)>;

/// A member of a node's identity, or all of it.
fn id(known: &Identities, address: &str, member: &str) -> String {
    let identity = known.raw(&Address::new(address));
    let identity = identity.unwrap_or_else(|| panic!("{address} is there"));
    text(identity, &if member.is_empty() { String::new() } else { format!("/{member}") })
}

/// Strangers hold something of a stack that is up: `down` names each of these addresses with what
/// holds it, and leaves nothing when it is run after they have let go.
async fn held(holders: &[(&str, &str)], hold: impl AsyncFnOnce(&World, &Identities) -> Undo) {
    held_in(&app_mesh(), holders, hold).await;
}

async fn held_in(
    config: &str,
    holders: &[(&str, &str)],
    hold: impl AsyncFnOnce(&World, &Identities) -> Undo,
) {
    let world = World::new(config);
    let known = world.up().await.done().known;
    let undo = hold(&world, &known).await;
    let told = Rc::new(RefCell::new(Vec::new()));
    let down = world.down_telling(listening(&told)).await.outcome;
    assert!(!down.is_done(), "nothing was held");
    for (address, holder) in holders {
        let failure = down.failures.iter().find(|failure| failure.address.as_str() == *address);
        let failure = failure.unwrap_or_else(|| panic!("{address} of {:#?}", down.failures));
        let left = down.left.iter().find(|left| left.address.as_str() == *address);
        let left = left.unwrap_or_else(|| panic!("{address} of {:#?}", down.left));
        let because = left.because.as_deref().unwrap_or_default();
        for said in [failure.error.message.as_str(), because] {
            assert!(said.contains("; held by ") && said.contains(holder), "{address}: {said}");
        }
        let waited = told.borrow().iter().any(|(at, why)| at == address && why.contains(holder));
        assert!(waited, "{address} of {:#?}", told.borrow());
    }
    let unexplained = down.left.iter().find(|left| left.because.is_none());
    assert_eq!(unexplained, None, "of {:#?}", down.failures);
    for (action, input) in undo {
        world.ask(action, input).await;
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
    world.down().await.done();
    world.assert_empty();
}

/// A stranger's load balancer.
async fn load_balancer(world: &World, input: Value) -> Undo {
    let made = world.ask("elasticloadbalancing:CreateLoadBalancer", input).await;
    let arn = text(&made, "/LoadBalancers/0/LoadBalancerArn");
    vec![("elasticloadbalancing:DeleteLoadBalancer", json!({ "LoadBalancerArn": arn }))]
}

/// A stranger's address under one of the stack's names.
async fn instance(world: &World, known: &Identities) -> Undo {
    let service = id(known, "mesh/discovery/nodejs", "id");
    let instance = json!({
        "ServiceId": service, "InstanceId": "foreign",
        "Attributes": { "AWS_INSTANCE_IPV4": "10.0.0.7" },
    });
    world.ask("servicediscovery:RegisterInstance", instance).await;
    let instance = json!({ "ServiceId": service, "InstanceId": "foreign" });
    vec![("servicediscovery:DeregisterInstance", instance)]
}

/// Keeps what `down` says that it waits for.
fn listening(told: &Rc<RefCell<Vec<(String, String)>>>) -> Events {
    let told = told.clone();
    Events::to(move |event| {
        if let Event::Waiting { address, reason, .. } = event {
            told.borrow_mut().push((address.to_string(), reason.clone()));
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_in_our_subnet() {
    let holder = "(ELB net/foreign/";
    let addresses = ["provider/subnet/private-a"].map(|address| (address, holder));
    held(&addresses, async |world, known| {
        let subnet = id(known, "provider/subnet/private-a", "");
        let input = json!({
            "Name": "foreign", "Type": "network", "Scheme": "internal", "Subnets": [subnet],
        });
        load_balancer(world, input).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_public_load_balancer_in_our_vpc() {
    let holder = "(ELB app/foreign/";
    let addresses = [
        "provider/subnet/public-a",
        "provider/subnet/public-b",
        "provider/internet-gateway/attachment",
    ];
    held(&addresses.map(|address| (address, holder)), async |world, known| {
        let subnets = ["a", "b"].map(|at| id(known, &format!("provider/subnet/public-{at}"), ""));
        let input = json!({ "Name": "foreign", "Scheme": "internet-facing", "Subnets": subnets });
        load_balancer(world, input).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_names_our_security_group() {
    let ours = "provider/security-group/frontend";
    held(&[(ours, "a rule of security group sg-"), (ours, "(foreign)")], async |world, known| {
        let group = json!({
            "GroupName": "foreign", "Description": "foreign", "VpcId": id(known, "provider/vpc", ""),
        });
        let group = text(&world.ask("ec2:CreateSecurityGroup", group).await, "/GroupId");
        let from = json!([{ "GroupId": id(known, ours, "") }]);
        let rule = json!({
            "GroupId": group,
            "IpPermissions": [{ "IpProtocol": "-1", "UserIdGroupPairs": from }],
        });
        world.ask("ec2:AuthorizeSecurityGroupIngress", rule).await;
        vec![("ec2:DeleteSecurityGroup", json!({ "GroupId": group }))]
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_security_group_in_our_vpc() {
    held(&[("provider/vpc", "(foreign)")], async |world, known| {
        let vpc = id(known, "provider/vpc", "");
        let group = json!({ "GroupName": "foreign", "Description": "foreign", "VpcId": vpc });
        let group = text(&world.ask("ec2:CreateSecurityGroup", group).await, "/GroupId");
        vec![("ec2:DeleteSecurityGroup", json!({ "GroupId": group }))]
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_subnet_on_our_route_table() {
    let addresses = [("provider/route-table/private-a", "its association with subnet subnet-")];
    held(&addresses, async |world, known| {
        let vpc = id(known, "provider/vpc", "");
        let subnet = json!({ "VpcId": vpc, "CidrBlock": "10.0.111.0/24" });
        let made = world.ask("ec2:CreateSubnet", subnet).await;
        let subnet = text(&made, "/Subnet/SubnetId");
        let table = id(known, "provider/route-table/private-a", "");
        let ends = json!({ "SubnetId": subnet, "RouteTableId": table });
        let made = world.ask("ec2:AssociateRouteTable", ends).await;
        let association = text(&made, "/AssociationId");
        vec![
            ("ec2:DisassociateRouteTable", json!({ "AssociationId": association })),
            ("ec2:DeleteSubnet", json!({ "SubnetId": subnet })),
        ]
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_nat_gateway_with_our_address() {
    let addresses = [("provider/eip/a", "network interface eni-")];
    held(&addresses, async |world, known| {
        let ours = json!({ "NatGatewayId": id(known, "provider/nat-gateway/a", "") });
        world.ask("ec2:DeleteNatGateway", ours).await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        let theirs = json!({
            "SubnetId": id(known, "provider/subnet/public-a", ""),
            "AllocationId": id(known, "provider/eip/a", ""),
        });
        let made = world.ask("ec2:CreateNatGateway", theirs).await;
        let gateway = text(&made, "/NatGateway/NatGatewayId");
        vec![("ec2:DeleteNatGateway", json!({ "NatGatewayId": gateway }))]
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_service_in_our_cluster() {
    held(&[("provider/cluster", "service foreign")], async |world, known| {
        let cluster = id(known, "provider/cluster", "arn");
        let network = json!({ "awsvpcConfiguration": {
            "subnets": [id(known, "provider/subnet/private-a", "")],
        } });
        let definition = json!({
            "family": "foreign", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "256", "memory": "512",
            "containerDefinitions": [{ "name": "foreign", "image": "foreign" }],
        });
        let made = world.ask("ecs:RegisterTaskDefinition", definition).await;
        let definition = text(&made, "/taskDefinition/taskDefinitionArn");
        let service = json!({
            "cluster": cluster, "serviceName": "foreign", "taskDefinition": definition,
            "desiredCount": 0, "launchType": "FARGATE", "networkConfiguration": network,
        });
        world.ask("ecs:CreateService", service).await;
        let service = json!({ "cluster": cluster, "service": "foreign" });
        let definition = json!({ "taskDefinition": definition });
        vec![("ecs:DeleteService", service), ("ecs:DeregisterTaskDefinition", definition)]
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_instance_in_our_cloud_map_service() {
    let addresses = [("mesh/discovery/nodejs", "instance foreign (10.0.0.7)")];
    held(&addresses, async |world, known| instance(world, known).await).await;
}

#[tokio::test(start_paused = true)]
async fn a_service_in_our_cloud_map_namespace() {
    held(&[("mesh/namespace", "(foreign)")], async |world, known| {
        let service =
            json!({ "Name": "foreign", "NamespaceId": id(known, "mesh/namespace", "id") });
        let made = world.ask("servicediscovery:CreateService", service).await;
        vec![("servicediscovery:DeleteService", json!({ "Id": text(&made, "/Service/Id") }))]
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_virtual_node_in_our_mesh() {
    held(&[("mesh/mesh", "virtual node foreign")], async |world, known| {
        let mesh = id(known, "mesh/mesh", "name");
        let node = json!({ "meshName": mesh, "virtualNodeName": "foreign", "spec": {} });
        world.ask("appmesh:CreateVirtualNode", node).await;
        let node = json!({ "meshName": mesh, "virtualNodeName": "foreign" });
        vec![("appmesh:DeleteVirtualNode", node)]
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_route_in_our_virtual_router() {
    held(&[("mesh/virtual-router/nodejs", "route foreign")], async |world, known| {
        let mesh = id(known, "mesh/mesh", "name");
        let router = id(known, "mesh/virtual-router/nodejs", "name");
        let node = json!({ "meshName": mesh, "virtualNodeName": "foreign", "spec": {} });
        world.ask("appmesh:CreateVirtualNode", node).await;
        let route = json!({
            "meshName": mesh, "virtualRouterName": router, "routeName": "foreign",
            "spec": { "httpRoute": {
                "match": { "prefix": "/foreign" },
                "action": { "weightedTargets": [{ "virtualNode": "foreign", "weight": 1 }] },
            } },
        });
        world.ask("appmesh:CreateRoute", route).await;
        let route = json!({
            "meshName": mesh, "virtualRouterName": router, "routeName": "foreign",
        });
        let node = json!({ "meshName": mesh, "virtualNodeName": "foreign" });
        vec![("appmesh:DeleteRoute", route), ("appmesh:DeleteVirtualNode", node)]
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_vpc_link_to_our_load_balancer() {
    let addresses = [("provider/load-balancer/internal", "(foreign)")];
    // One link of the first version is all that a load balancer bears, so ours is of the second.
    held_in(&linked(), &addresses, async |world, known| {
        let target = id(known, "provider/load-balancer/internal", "arn");
        let link = json!({ "name": "foreign", "targetArns": [target] });
        let made = world.ask("apigateway:CreateVpcLink", link).await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        vec![("apigateway:DeleteVpcLink", json!({ "vpcLinkId": text(&made, "/id") }))]
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_made_anew_and_is_held_ends_up_with_a_reason() {
    let mut world = World::new(&app_mesh());
    let known = world.up().await.done().known;
    let undo = instance(&world, &known).await;
    world.config = world.config.replace("10.0.", "10.2.");
    let up = tokio::time::timeout(Duration::from_secs(2 * 60 * 60), world.up());
    let held = up.await.expect("it ends").outcome;
    let [failure] = held.failures.as_slice() else { panic!("{:#?}", held.failures) };
    assert_eq!(failure.address.as_str(), "mesh/discovery/nodejs");
    assert!(failure.error.message.contains("held by instance foreign"), "{}", failure.error);
    let skipped = |address: &str| held.skipped.iter().any(|(at, _)| at.as_str() == address);
    assert!(skipped("provider/vpc") && skipped("provider/subnet/private-a"), "{:#?}", held.skipped);

    for (action, input) in undo {
        world.ask(action, input).await;
    }
    world.up().await.done();
    world.assert_serving();
    world.down().await.done();
    world.assert_empty();
}
