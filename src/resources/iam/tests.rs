//! Roles against the simulated account.

use super::{
    role::{Role, RoleIdentity},
    role_reads::LiveRole,
};
use crate::{
    aws::{CallLog, Clients, Cx, Endpoint, Scope, cx::caller},
    model::{Address, Clock, Drift, Tags, tags},
    resources::Resource,
    simulator::{Fault, Rule, Simulator, When},
};
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const EXECUTION: &str = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
const LISTING: &str = "iam:GetAccountAuthorizationDetails";

async fn cx(simulator: &Simulator) -> Cx {
    let in_process = Some(simulator.http_client());
    let endpoint = Endpoint { in_process, region: Some("eu-west-1".into()), ..Endpoint::default() };
    let clients = Clients::load(&endpoint, CallLog::default()).await;
    let caller = caller(&clients).await.expect("the simulator knows who calls");
    let (stack, region) = ("shop".into(), "eu-west-1".into());
    Cx::new(clients, Scope { stack, region, caller, tags: Tags::new() }, Clock::started(1.0))
}

fn role(name: &str) -> Role {
    let read = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["ec2:DescribeSubnets"], "Resource": "*" }] });
    Role {
        role_name: name.into(),
        service: "ecs-tasks.amazonaws.com".into(),
        managed_policies: vec![EXECUTION.into()],
        inline_policies: BTreeMap::from([("zones".into(), read)]),
        permissions_boundary: None,
    }
}

/// Makes a role at `role/{name}` and waits until reads show it.
async fn made(cx: &Cx, role: &Role) -> RoleIdentity {
    let address = Address::new(format!("role/{}", role.role_name));
    let made = role.create(&cx.creating(&address, TOKEN), &()).await.expect("a role");
    tokio::time::sleep(Duration::from_secs(60)).await;
    made
}

async fn live(cx: &Cx, id: &RoleIdentity) -> LiveRole {
    Role::read(cx, id).await.expect("an answer").expect("the role")
}

/// Brings a role into line and returns what differed before.
async fn settled(cx: &Cx, role: &Role, id: &RoleIdentity) -> Drift {
    let drift = role.drift(&live(cx, id).await, &());
    role.update(cx, id, &drift, &()).await.expect("an update");
    let left = role.drift(&live(cx, id).await, &());
    assert!(left.is_empty(), "{left}");
    drift
}

#[tokio::test(start_paused = true)]
async fn a_role_is_made_given_its_policies_found_and_deleted() {
    let simulator = Simulator::seeded(1);
    let cx = cx(&simulator).await;
    let wish = role("shop-tasks");
    let id = made(&cx, &wish).await;
    assert_eq!(id.arn, "arn:aws:iam::000000000000:role/meshctl/shop/shop-tasks");

    let drift = settled(&cx, &wish, &id).await;
    assert!(!drift.touches("assume_role_policy") && !drift.replaces(), "{drift}");
    assert!(drift.touches("managed_policies") && drift.touches("inline_policies"));

    let found = Role::search(&cx).await.expect("a search");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].address, Address::new("role/shop-tasks"));
    assert_eq!(found[0].token.as_deref(), Some(TOKEN));
    assert_eq!(found[0].out, id);
    assert_eq!(Role::tags(&live(&cx, &id).await), Some(found[0].tags.clone()));

    Role::delete(&cx, &id).await.expect("a deletion");
    assert!(Role::read(&cx, &id).await.expect("an answer").is_none());
    Role::delete(&cx, &id).await.expect("deleting what is gone");
    assert!(simulator.inventory().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_others_changed_on_a_role_is_brought_back() {
    let simulator = Simulator::seeded(2);
    let cx = cx(&simulator).await;
    let wish = role("shop-tasks");
    let id = made(&cx, &wish).await;
    settled(&cx, &wish, &id).await;

    let other = Role {
        service: "ec2.amazonaws.com".into(),
        managed_policies: vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".into()],
        inline_policies: role("x").inline_policies.into_values().map(|p| ("x".into(), p)).collect(),
        ..role("shop-tasks")
    };
    settled(&cx, &other, &id).await;
    let drift = settled(&cx, &wish, &id).await;
    assert_eq!(drift.changes().len(), 3, "{drift}");

    let changes = tags::TagChanges {
        set: Tags::from([("team".into(), "shop".into())]),
        remove: vec![tags::NAME.into()],
    };
    Role::retag(&cx, &id, &changes).await.expect("other tags");
    let tags = Role::tags(&live(&cx, &id).await).expect("the tags");
    assert_eq!(tags.get("team").map(String::as_str), Some("shop"));
    assert!(!tags.contains_key(tags::NAME) && tags.contains_key(tags::STACK));
}

#[tokio::test(start_paused = true)]
async fn roles_that_are_read_together_are_one_call() {
    let simulator = Simulator::seeded(3);
    let cx = cx(&simulator).await;
    let (a, b) = (made(&cx, &role("a")).await, made(&cx, &role("b")).await);
    let gone = RoleIdentity { arn: String::new(), name: "gone".into() };
    let (a, b, gone) =
        tokio::join!(Role::read(&cx, &a), Role::read(&cx, &b), Role::read(&cx, &gone));
    assert!(a.is_ok_and(|a| a.is_some()) && b.is_ok_and(|b| b.is_some()));
    assert!(gone.is_ok_and(|gone| gone.is_none()));
    let calls = simulator.calls();
    assert_eq!(calls.iter().filter(|call| call.operation == LISTING).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_list_everything_reads_role_by_role() {
    let simulator = Simulator::seeded(4);
    let cx = cx(&simulator).await;
    let wish = role("shop-tasks");
    let id = made(&cx, &wish).await;
    settled(&cx, &wish, &id).await;
    let listed = live(&cx, &id).await;

    let message = format!("User is not authorized to perform: {LISTING}");
    let denied = Fault::Refuse { code: "AccessDenied".into(), message, status: 403 };
    simulator.fault(Rule::new(LISTING, When::Always, denied));
    let read = live(&cx, &id).await;
    assert_eq!(format!("{read:?}"), format!("{listed:?}"));
    Role::delete(&cx, &id).await.expect("a deletion");
    assert!(Role::read(&cx, &id).await.expect("an answer").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_role_without_the_stacks_tags_is_not_found() {
    let simulator = Simulator::seeded(5);
    let cx = cx(&simulator).await;
    // Outside a creating call there are no tags.
    role("stranger").create(&cx, &()).await.expect("a role");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(Role::search(&cx).await.expect("a search").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_role_is_made_within_its_boundary_and_gets_it_back() {
    const BOUNDARY: &str = "arn:aws:iam::000000000000:policy/most";
    let simulator = Simulator::seeded(1);
    let cx = cx(&simulator).await;
    let wish = Role { permissions_boundary: Some(BOUNDARY.into()), ..role("shop-tasks") };
    let id = made(&cx, &wish).await;
    let boundary = || {
        simulator.behind(|account| {
            let role = account.iam.roles.known("shop-tasks").expect("the role");
            role.permissions_boundary.clone()
        })
    };
    assert_eq!(boundary().as_deref(), Some(BOUNDARY));
    assert!(!settled(&cx, &wish, &id).await.touches("permissions_boundary"));

    let gone = cx.iam().delete_role_permissions_boundary().role_name(&id.name).send().await;
    gone.expect("no boundary");
    // Read one by one or all at once, it shows.
    for refused in [false, true] {
        if refused {
            let message = "no".to_owned();
            let refuse = Fault::Refuse { code: "AccessDenied".into(), message, status: 403 };
            simulator.fault(Rule::new(LISTING, When::Always, refuse));
        }
        let drift = wish.drift(&live(&cx, &id).await, &());
        assert!(drift.touches("permissions_boundary") && !drift.replaces(), "{drift}");
    }
    settled(&cx, &wish, &id).await;
    assert_eq!(boundary().as_deref(), Some(BOUNDARY));
    // Who wishes none leaves another's alone.
    assert!(role("shop-tasks").drift(&live(&cx, &id).await, &()).is_empty());
}
