//! Cloud Map.

use super::{World, text};
use crate::simulator::{Fault, Rule, Simulator, When};
use serde_json::json;

/// A private namespace: its ID.
fn namespace(world: &mut World, name: &str, vpc: &str) -> String {
    let input = json!({ "Name": name, "Vpc": vpc });
    let begun = world.ok("servicediscovery:CreatePrivateDnsNamespace", input);
    world.pass(120);
    let operation = json!({ "OperationId": begun["OperationId"] });
    let done = world.ok("servicediscovery:GetOperation", operation);
    text(&done, "/Operation/Targets/NAMESPACE")
}

#[test]
fn a_private_namespace_makes_a_hosted_zone_and_takes_it_along() {
    let mut world = World::seeded(1);
    let vpc = world.vpc();
    let id = namespace(&mut world, "shop.local", &vpc);
    assert_eq!(world.account.inventory().count("route53", "HostedZone"), 1);
    world.ok("servicediscovery:DeleteNamespace", json!({ "Id": id }));
    world.pass(120);
    assert_eq!(world.account.inventory().count("route53", "HostedZone"), 0);
    let gone = world.code("servicediscovery:GetNamespace", json!({ "Id": id }));
    assert_eq!(gone, "NamespaceNotFound");
}

#[test]
fn a_services_name_is_taken_once_in_its_namespace_and_the_refusal_names_the_other() {
    let mut world = World::seeded(1);
    let vpc = world.vpc();
    let namespace_id = namespace(&mut world, "shop.local", &vpc);
    let dns = json!({ "DnsRecords": [{ "Type": "A", "TTL": 10 }] });
    let input = |token: &str| {
        json!({
            "Name": "cart", "NamespaceId": namespace_id, "DnsConfig": dns,
            "CreatorRequestId": token,
        })
    };
    let made = world.ok("servicediscovery:CreateService", input("one"));
    let error = world.ask("servicediscovery:CreateService", input("two")).expect_err("taken");
    assert_eq!(error.code, "ServiceAlreadyExists");
    assert_eq!(error.fields.get("ServiceId"), Some(&made["Service"]["Id"]), "{error:?}");
}

#[test]
fn namespaces_have_a_quota() {
    let mut world = World::seeded(1);
    world.account.quotas.namespaces = 1;
    let vpc = world.vpc();
    namespace(&mut world, "shop.local", &vpc);
    let input = json!({ "Name": "other.local", "Vpc": vpc });
    let code = world.code("servicediscovery:CreatePrivateDnsNamespace", input);
    assert_eq!(code, "ResourceLimitExceeded");
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_fails_says_why_and_leaves_no_namespace() {
    let simulator = Simulator::seeded(1);
    let action = "servicediscovery:CreatePrivateDnsNamespace";
    simulator.fault(Rule::new(action, When::Always, Fault::Fail));
    let world = crate::simulator::ecs::world::cx(&simulator).await;
    let vpc = world.ec2().create_vpc().cidr_block("10.0.0.0/16").send().await.expect("a VPC");
    let vpc = vpc.vpc().and_then(|it| it.vpc_id()).expect("its ID");
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    let client = world.servicediscovery();
    let begun = client.create_private_dns_namespace().name("shop.local").vpc(vpc).send().await;
    let id = begun.expect("the call is fine").operation_id.expect("an operation");
    tokio::time::sleep(std::time::Duration::from_secs(120)).await;
    let seen = client.get_operation().operation_id(id).send().await.expect("an operation");
    let seen = seen.operation().expect("an operation");
    assert_eq!(seen.status().map(|it| it.as_str()), Some("FAIL"));
    assert!(seen.error_code().is_some() && seen.error_message().is_some(), "{seen:?}");
    assert_eq!(simulator.inventory().count("servicediscovery", "Namespace"), 0);
}
