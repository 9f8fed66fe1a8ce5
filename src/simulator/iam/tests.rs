//! IAM, asked through the SDK.

use super::{Assumable, allows, assumable_by, exists, service_linked};
use crate::{
    aws::{CallLog, Clients, Endpoint, OpResult},
    model::{Class, Error},
    simulator::{Simulator, latency::Latency},
};
use aws_sdk_iam::types::Tag;
use serde_json::{Value, json};
use std::time::Duration;

const PUSH: &str = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs";

async fn clients(simulator: &Simulator) -> Clients {
    let endpoint = Endpoint { in_process: Some(simulator.http_client()), ..Endpoint::default() };
    Clients::load(&endpoint, CallLog::default()).await
}

fn trust(service: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow",
        "Principal": { "Service": [service] }, "Action": ["sts:AssumeRole"] } })
    .to_string()
}

/// Makes a role that API Gateway may assume.
async fn create(clients: &Clients, name: &str, path: &str) -> Result<String, Error> {
    let call = clients.iam().create_role().role_name(name).path(path);
    let call = call.assume_role_policy_document(trust("apigateway.amazonaws.com"));
    let tag = Tag::builder().key("team").value("shop").build().expect("a tag");
    let made = call.tags(tag).send().await.op("iam:CreateRole")?;
    Ok(made.role().expect("a role").arn().to_owned())
}

async fn seen() {
    tokio::time::sleep(Duration::from_secs(10)).await;
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_whatever_its_case_and_path() {
    let clients = clients(&Simulator::seeded(1)).await;
    create(&clients, "shop-api", "/one/").await.expect("a role");
    let taken = create(&clients, "Shop-API", "/two/").await.expect_err("the name is taken");
    assert_eq!((taken.class, &*taken.code), (Class::Exists, "EntityAlreadyExists"));
    assert_eq!(taken.message, "Role with name Shop-API already exists.");
}

#[tokio::test(start_paused = true)]
async fn a_role_with_policies_is_not_deleted() {
    let clients = clients(&Simulator::seeded(2)).await;
    create(&clients, "api", "/").await.expect("a role");
    seen().await;
    let iam = clients.iam();
    let delete = async || iam.delete_role().role_name("api").send().await.op("iam:DeleteRole");

    let attach = iam.attach_role_policy().role_name("api").policy_arn(PUSH);
    attach.send().await.expect("attached");
    let conflict = delete().await.expect_err("a policy is attached");
    assert_eq!((conflict.class, &*conflict.code), (Class::Busy, "DeleteConflict"));
    assert_eq!(conflict.message, "Cannot delete entity, must detach all policies first.");
    iam.detach_role_policy().role_name("api").policy_arn(PUSH).send().await.expect("detached");

    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "logs:*", "Resource": "*" }] });
    let put = iam.put_role_policy().role_name("api").policy_name("logs");
    put.policy_document(policy.to_string()).send().await.expect("put");
    assert_eq!(delete().await.expect_err("a policy is left").code, "DeleteConflict");
    iam.delete_role_policy().role_name("api").policy_name("logs").send().await.expect("deleted");

    delete().await.expect("a deletion");
    let gone = delete().await.expect_err("it is gone");
    assert_eq!(gone.class, Class::Missing);
    assert_eq!(gone.message, "The role with name api cannot be found.");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_policy_is_refused() {
    let clients = clients(&Simulator::seeded(3)).await;
    create(&clients, "api", "/").await.expect("a role");
    seen().await;
    let iam = clients.iam();
    for text in ["{", "{}", r#"{"Statement":[{"Effect":"Allow","Action":"x:Y"}]}"#] {
        let call = iam.create_role().role_name("x").assume_role_policy_document(text);
        let refused = call.send().await.op("iam:CreateRole").expect_err("no trust policy");
        assert_eq!(refused.code, "MalformedPolicyDocument", "{text}");
        let call = iam.put_role_policy().role_name("api").policy_name("x").policy_document(text);
        let refused = call.send().await.op("iam:PutRolePolicy").expect_err("no policy");
        assert_eq!(refused.code, "MalformedPolicyDocument", "{text}");
    }
    let call = iam.attach_role_policy().role_name("api").policy_arn(format!("{PUSH}2"));
    let unknown = call.send().await.op("iam:AttachRolePolicy").expect_err("no such policy");
    assert_eq!(unknown.class, Class::Missing);
    assert_eq!(unknown.message, format!("Policy {PUSH}2 does not exist or is not attachable."));
}

#[tokio::test(start_paused = true)]
async fn listings_come_in_pages_without_tags_and_with_encoded_documents() {
    let clients = clients(&Simulator::seeded(4)).await;
    for name in ["a", "b", "c"] {
        create(&clients, name, "/meshctl/shop/").await.expect("a role");
    }
    create(&clients, "d", "/").await.expect("a role");
    seen().await;
    let list = clients.iam().list_roles().path_prefix("/meshctl/shop/").max_items(2);
    let pages: Vec<_> = list.into_paginator().send().try_collect().await.expect("two pages");
    let sizes: Vec<usize> = pages.iter().map(|page| page.roles().len()).collect();
    assert_eq!(sizes, [2, 1]);
    let role = &pages[0].roles()[0];
    assert!(role.tags().is_empty());
    let document = role.assume_role_policy_document().expect("a document");
    assert!(document.starts_with("%7B%22Statement%22%3A%7B"), "{document}");

    let got = clients.iam().get_role().role_name("a").send().await.expect("the role");
    assert_eq!(got.role().expect("a role").tags().len(), 1);
    let details = clients.iam().get_account_authorization_details().send().await.expect("all");
    assert_eq!(details.role_detail_list()[0].tags().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_role_is_assumable_once_it_has_propagated_and_by_whom_it_trusts() {
    let simulator = Simulator::seeded(5);
    let clients = clients(&simulator).await;
    let arn = create(&clients, "api", "/").await.expect("a role");
    let ask = |service: &str| simulator.behind(|account| assumable_by(account, &arn, service));
    assert!(simulator.behind(|account| exists(account, &arn)));
    assert_eq!(ask("apigateway.amazonaws.com"), Assumable::NotYet);
    assert_eq!(ask("ecs-tasks.amazonaws.com"), Assumable::No);
    let (_, tail) = Latency::RolePropagation.seconds();
    tokio::time::sleep(Duration::from_secs_f64(tail * 2.0)).await;
    assert_eq!(ask("apigateway.amazonaws.com"), Assumable::Yes);

    let may = || simulator.behind(|account| allows(account, &arn, "logs:PutLogEvents"));
    assert!(!may());
    let attach = clients.iam().attach_role_policy().role_name("api").policy_arn(PUSH);
    attach.send().await.expect("attached");
    assert!(may());
}

#[tokio::test(start_paused = true)]
async fn service_linked_roles_are_aws_s_own() {
    let simulator = Simulator::seeded(6);
    let clients = clients(&simulator).await;
    let iam = clients.iam();
    let create = async || {
        let call = iam.create_service_linked_role().aws_service_name("ecs.amazonaws.com");
        call.send().await.op("iam:CreateServiceLinkedRole")
    };
    create().await.expect("a role");
    seen().await;
    assert!(simulator.behind(|account| service_linked::has(account, "ecs.amazonaws.com")));
    assert!(create().await.expect_err("there is one").message.contains("has been taken"));
    let delete = iam.delete_role().role_name("AWSServiceRoleForECS").send().await;
    assert_eq!(delete.op("iam:DeleteRole").expect_err("protected").code, "UnmodifiableEntity");
    let inventory = simulator.inventory();
    assert!(inventory.is_empty() && inventory.remnants.len() == 1);
}

#[tokio::test(start_paused = true)]
async fn aws_s_policies_can_be_read() {
    let clients = clients(&Simulator::seeded(7)).await;
    let iam = clients.iam();
    let got = iam.get_policy().policy_arn(PUSH).send().await.expect("a policy");
    assert_eq!(got.policy().and_then(|policy| policy.default_version_id()), Some("v1"));
    let call = iam.get_policy_version().policy_arn(PUSH).version_id("v1");
    let got = call.send().await.expect("a version");
    let text = got.policy_version().and_then(|version| version.document()).expect("a document");
    let policy: Value = crate::resources::iam::policy::decoded(text);
    assert_eq!(policy["Statement"][0]["Effect"], "Allow");
    let list = iam.list_policies().path_prefix("/service-role/").send().await.expect("policies");
    assert!(list.policies().len() > 1);
}
