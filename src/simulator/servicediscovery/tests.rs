//! What Cloud Map refuses, and what it answers.

use super::{deregister_instance, register_instance, service_exists};
use crate::{
    aws::{CallLog, Clients, Endpoint},
    simulator::Simulator,
};
use aws_sdk_servicediscovery::{
    Client,
    types::{
        CustomHealthStatus, DnsConfig, DnsRecord, HealthCheckCustomConfig, HealthStatus, Operation,
        OperationStatus, OperationTargetType, RecordType, Service,
    },
};
use std::{collections::BTreeMap, time::Duration};

async fn clients(simulator: &Simulator) -> Clients {
    let endpoint = Endpoint {
        in_process: Some(simulator.http_client()),
        region: Some("eu-west-1".into()),
        ..Endpoint::default()
    };
    Clients::load(&endpoint, CallLog::default()).await
}

async fn vpc(clients: &Clients) -> String {
    let made = clients.ec2().create_vpc().cidr_block("10.0.0.0/16").send().await.unwrap();
    made.vpc.unwrap().vpc_id.unwrap()
}

async fn operation(client: &Client, id: &str) -> Operation {
    let answer = client.get_operation().operation_id(id).send().await.unwrap();
    answer.operation.unwrap()
}

async fn settle() {
    tokio::time::sleep(Duration::from_secs(100)).await;
}

async fn namespace(client: &Client, vpc: &str) -> String {
    let call = client.create_private_dns_namespace().name("shop.local").vpc(vpc);
    let id = call.send().await.unwrap().operation_id.unwrap();
    settle().await;
    operation(client, &id).await.targets.unwrap()[&OperationTargetType::Namespace].clone()
}

async fn service(client: &Client, namespace: &str, name: &str) -> Service {
    let record = DnsRecord::builder().r#type(RecordType::A).ttl(10).build().unwrap();
    let dns = DnsConfig::builder().dns_records(record).build().unwrap();
    let call = client.create_service().name(name).namespace_id(namespace).dns_config(dns);
    let call = call.health_check_custom_config(HealthCheckCustomConfig::builder().build());
    call.send().await.unwrap().service.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_operation_tells_the_namespaces_id_only_in_the_end() {
    let simulator = Simulator::seeded(7);
    let clients = clients(&simulator).await;
    let (client, vpc) = (clients.servicediscovery(), vpc(&clients).await);
    let create = |token: &str| {
        let call = client.create_private_dns_namespace().name("shop.local").vpc(&vpc);
        call.creator_request_id(token).send()
    };
    let id = create("one").await.unwrap().operation_id.unwrap();
    assert_eq!(create("one").await.unwrap().operation_id.unwrap(), id);
    let refused = create("two").await.unwrap_err().into_service_error();
    let text = format!("{refused:?}");
    assert!(refused.is_duplicate_request() && text.contains(&id), "{text}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let pending = operation(client, &id).await;
    assert_eq!(pending.status(), Some(&OperationStatus::Pending));
    assert!(pending.targets().is_none_or(|targets| targets.is_empty()));
    assert!(client.list_namespaces().send().await.unwrap().namespaces().is_empty());

    settle().await;
    let done = operation(client, &id).await;
    assert_eq!(done.status(), Some(&OperationStatus::Success));
    let namespace = &done.targets().unwrap()[&OperationTargetType::Namespace];
    let refused = format!("{:?}", create("two").await.unwrap_err().into_service_error());
    assert!(refused.contains("NamespaceAlreadyExists") && refused.contains(namespace), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_name_is_free_in_another_vpc() {
    let simulator = Simulator::seeded(7);
    let clients = clients(&simulator).await;
    let client = clients.servicediscovery();
    let first = namespace(client, &vpc(&clients).await).await;
    let second = namespace(client, &vpc(&clients).await).await;
    assert_ne!(first, second);
    assert_eq!(simulator.inventory().count("route53", "HostedZone"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_stays_while_it_has_services_and_a_service_while_it_has_instances() {
    let simulator = Simulator::seeded(7);
    let clients = clients(&simulator).await;
    let client = clients.servicediscovery();
    let namespace = namespace(client, &vpc(&clients).await).await;
    let service = service(client, &namespace, "cart").await;
    let (id, arn) = (service.id().unwrap(), service.arn().unwrap());
    let refused = client.delete_namespace().id(&namespace).send().await.unwrap_err();
    assert!(refused.into_service_error().is_resource_in_use());

    // ECS registers a task, and deregisters it some time after it has stopped.
    simulator.behind(|account| {
        assert!(service_exists(account, arn));
        let address = ("AWS_INSTANCE_IPV4".to_owned(), "10.0.0.9".to_owned());
        assert!(register_instance(account, arn, "task", BTreeMap::from([address])));
    });
    let refused = client.delete_service().id(id).send().await.unwrap_err();
    assert!(refused.into_service_error().is_resource_in_use());
    simulator.behind(|account| deregister_instance(account, arn, "task"));
    assert!(client.delete_service().id(id).send().await.is_err());
    settle().await;
    client.delete_service().id(id).send().await.unwrap();
    assert!(!simulator.behind(|account| service_exists(account, arn)));
    client.delete_namespace().id(&namespace).send().await.unwrap();
    let again = client.delete_namespace().id(&namespace).send().await.unwrap_err();
    assert!(again.into_service_error().is_duplicate_request());
    settle().await;
    assert_eq!(simulator.inventory().count("servicediscovery", "Namespace"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_comes_back_under_its_name_has_its_old_id() {
    let simulator = Simulator::seeded(7);
    let clients = clients(&simulator).await;
    let client = clients.servicediscovery();
    let namespace = namespace(client, &vpc(&clients).await).await;
    let first = service(client, &namespace, "cart").await;
    client.delete_service().id(first.id().unwrap()).send().await.unwrap();
    assert_eq!(service(client, &namespace, "cart").await.id, first.id);
    assert_ne!(service(client, &namespace, "users").await.id, first.id);
}

#[tokio::test(start_paused = true)]
async fn instances_are_registered_checked_and_deregistered_by_calls_too() {
    let simulator = Simulator::seeded(7);
    let clients = clients(&simulator).await;
    let client = clients.servicediscovery();
    let namespace = namespace(client, &vpc(&clients).await).await;
    let service = service(client, &namespace, "cart").await.id.unwrap();
    let call = client.register_instance().service_id(&service).instance_id("a");
    assert!(call.clone().attributes("x", "y").send().await.is_err());
    call.attributes("AWS_INSTANCE_IPV4", "10.0.0.9").send().await.unwrap();
    let call = client.update_instance_custom_health_status().service_id(&service);
    let call = call.instance_id("a").status(CustomHealthStatus::Unhealthy);
    call.send().await.unwrap();
    let health = || client.get_instances_health_status().service_id(&service).send();
    let status = health().await.unwrap().status.unwrap();
    assert_eq!(status["a"], HealthStatus::Unhealthy);
    let call = client.get_instance().service_id(&service).instance_id("a");
    assert!(call.send().await.unwrap().instance.is_some());
    let call = client.deregister_instance().service_id(&service).instance_id("a");
    call.send().await.unwrap();
    settle().await;
    assert!(health().await.unwrap_err().into_service_error().is_instance_not_found());
    let left = client.list_instances().service_id(&service).send().await.unwrap();
    assert!(left.instances().is_empty());
}

#[tokio::test(start_paused = true)]
async fn lists_come_in_pages() {
    let simulator = Simulator::seeded(7);
    let clients = clients(&simulator).await;
    let client = clients.servicediscovery();
    let namespace = namespace(client, &vpc(&clients).await).await;
    for name in ["cart", "stock", "users"] {
        service(client, &namespace, name).await;
    }
    let page = client.list_services().max_results(2).send().await.unwrap();
    assert_eq!(page.services().len(), 2);
    let call = client.list_services().max_results(2).set_next_token(page.next_token);
    assert_eq!(call.send().await.unwrap().services().len(), 1);
}
