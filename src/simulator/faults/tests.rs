//! Each fault as a client meets it: over the wire, in virtual time.

use super::*;
use crate::simulator::{Simulator, ecs::world, wire::Call};
use bytes::Bytes;
use serde_json::{Value, json};
use std::time::Duration;

/// A request as an SDK signs it with this key, and the answer's status and text; 0 when it is lost.
async fn send(
    simulator: &Simulator,
    key: &str,
    service: &str,
    (method, path): (&str, &str),
    (target, body): (&str, &str),
) -> (u16, String) {
    let scope = format!("{key}/20260101/eu-west-1/{service}/aws4_request");
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
    let request = http::Request::builder().method(method).uri(path);
    let request = request.header("authorization", authorization).header("x-amz-target", target);
    let mut request = request.body(Bytes::from(body.to_owned())).expect("a request");
    if target.is_empty() {
        request.headers_mut().remove("x-amz-target");
    }
    match simulator.answer(request).await {
        Ok(response) => {
            let text = String::from_utf8(response.body().to_vec()).expect("UTF-8");
            (response.status().as_u16(), text)
        }
        Err(lost) => (0, lost.to_string()),
    }
}

async fn ec2(simulator: &Simulator, action: &str) -> (u16, String) {
    let body = format!("Action={action}&Version=2016-11-15");
    send(simulator, "KEY", "ec2", ("POST", "/"), ("", &body)).await
}

/// One harmless read of every service.
async fn ask_all(simulator: &Simulator, key: &str) -> Vec<(String, u16, String)> {
    let root = ("POST", "/");
    let cases = [
        ("ec2", root, ("", "Action=DescribeVpcs&Version=2016-11-15")),
        ("elasticloadbalancing", root, ("", "Action=DescribeLoadBalancers&Version=2015-12-01")),
        ("iam", root, ("", "Action=ListRoles&Version=2010-05-08")),
        ("sts", root, ("", "Action=GetCallerIdentity&Version=2011-06-15")),
        ("ecs", root, ("AmazonEC2ContainerServiceV20141113.ListClusters", "{}")),
        ("servicediscovery", root, ("Route53AutoNaming_v20170314.ListServices", "{}")),
        ("logs", root, ("Logs_20140328.DescribeLogGroups", "{}")),
        (
            "servicequotas",
            root,
            ("ServiceQuotasV20190624.ListServiceQuotas", r#"{"ServiceCode":"vpc"}"#),
        ),
        ("appmesh", ("GET", "/v20190125/meshes"), ("", "")),
        ("apigateway", ("GET", "/restapis"), ("", "")),
    ];
    let mut answers = Vec::new();
    for (service, address, content) in cases {
        let (status, text) = send(simulator, key, service, address, content).await;
        answers.push((service.to_owned(), status, text));
    }
    answers
}

fn code(text: &str) -> String {
    if let Some((_, rest)) = text.split_once("<Code>") {
        return rest.split('<').next().unwrap_or_default().into();
    }
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    body["__type"].as_str().unwrap_or_default().into()
}

async fn assert_refused(fault: Fault, expected: &[(&str, u16, &str)]) {
    let simulator = Simulator::seeded(1);
    simulator.fault(Rule::new("*", When::Always, fault));
    let answers = ask_all(&simulator, "KEY").await;
    for (service, status, wanted) in expected {
        let answer = answers.iter().find(|(name, ..)| name == service).expect("a service");
        assert_eq!(answer.1, *status, "{answer:?}");
        // REST answers have the code in a header.
        if !["appmesh", "apigateway"].contains(service) {
            assert_eq!(code(&answer.2), *wanted, "{answer:?}");
        }
    }
    simulator.calm();
    for (service, status, text) in ask_all(&simulator, "KEY").await {
        assert_eq!(status, 200, "{service}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_has_each_services_own_code_and_status() {
    let expected = [
        ("ec2", 503, "RequestLimitExceeded"),
        ("elasticloadbalancing", 400, "Throttling"),
        ("iam", 400, "Throttling"),
        ("ecs", 400, "ThrottlingException"),
        ("servicediscovery", 400, "RequestLimitExceeded"),
        ("logs", 400, "ThrottlingException"),
        ("servicequotas", 400, "TooManyRequestsException"),
        ("appmesh", 429, "TooManyRequestsException"),
        ("apigateway", 429, "TooManyRequestsException"),
    ];
    assert_refused(Fault::Throttle, &expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_service_fails_with_500_or_503_in_its_own_words() {
    let internal =
        [("ec2", 500, "InternalError"), ("ecs", 500, "ServerException"), ("apigateway", 500, "")];
    assert_refused(Fault::InternalError, &internal).await;
    let unavailable = [
        ("ec2", 503, "Unavailable"),
        ("iam", 503, "ServiceUnavailable"),
        ("logs", 503, "ServiceUnavailableException"),
        ("appmesh", 503, ""),
    ];
    assert_refused(Fault::Unavailable, &unavailable).await;
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_stay_expired_and_new_ones_are_good() {
    let expected = [
        ("ec2", 400, "RequestExpired"),
        ("sts", 403, "ExpiredToken"),
        ("iam", 403, "ExpiredToken"),
        ("ecs", 400, "ExpiredTokenException"),
        ("appmesh", 403, ""),
    ];
    assert_refused(Fault::ExpireCredentials, &expected).await;

    let simulator = Simulator::seeded(1);
    simulator.fault(Rule::new("ec2:*", When::Nth(2), Fault::ExpireCredentials));
    assert_eq!(ec2(&simulator, "DescribeVpcs").await.0, 200);
    assert_eq!(code(&ec2(&simulator, "DescribeVpcs").await.1), "RequestExpired");
    // Of all services, and for as long as the same key signs.
    assert!(ask_all(&simulator, "KEY").await.iter().all(|(_, status, _)| *status >= 400));
    assert!(ask_all(&simulator, "NEW").await.iter().all(|(_, status, _)| *status == 200));
}

#[tokio::test(start_paused = true)]
async fn a_lost_request_has_no_effect_and_a_lost_answer_has() {
    for (fault, vpcs) in [(Fault::LoseRequest, 0), (Fault::LoseAnswer, 1)] {
        let simulator = Simulator::seeded(1);
        simulator.fault(Rule::new("ec2:CreateVpc", When::Nth(1), fault));
        let (status, text) = ec2(&simulator, "CreateVpc&CidrBlock=10.0.0.0/16").await;
        assert_eq!(status, 0, "{text}");
        assert_eq!(simulator.inventory().count("ec2", "Vpc"), vpcs);
        assert_eq!(simulator.calls()[0].status, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_takes_that_much_longer() {
    let simulator = Simulator::seeded(1);
    simulator.fault(Rule::new("ec2:DescribeVpcs", When::Always, Fault::Slow(25.0)));
    let begun = tokio::time::Instant::now();
    assert_eq!(ec2(&simulator, "DescribeVpcs").await.0, 200);
    assert!(begun.elapsed() >= Duration::from_secs(25), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stale_read_shows_the_account_as_it_was() {
    let simulator = Simulator::seeded(1);
    simulator.fault(Rule::new("ec2:Describe*", When::Always, Fault::StaleRead(60.0)));
    let vpcs = async || ec2(&simulator, "DescribeVpcs").await.1.matches("<vpcId>").count();
    ec2(&simulator, "CreateVpc&CidrBlock=10.0.0.0/16").await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    // Made half a minute ago: a read that is a minute behind misses it.
    assert_eq!(vpcs().await, 0);
    tokio::time::sleep(Duration::from_secs(40)).await;
    assert_eq!(vpcs().await, 1);

    // A state that changes by itself is behind as well, and so is a deletion.
    let id = simulator.inventory().resources[0].id.clone();
    let (status, text) = ec2(&simulator, &format!("DeleteVpc&VpcId={id}")).await;
    assert_eq!(status, 200, "{text}");
    assert!(simulator.inventory().is_empty());
    assert_eq!(vpcs().await, 1);
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(vpcs().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stale_read_shows_a_state_that_has_changed_since() {
    let simulator = Simulator::seeded(1);
    simulator.fault(Rule::new("ec2:DescribeVpcs", When::Nth(1), Fault::StaleRead(30.0)));
    ec2(&simulator, "CreateVpc&CidrBlock=10.0.0.0/16").await;
    let pending = simulator.inventory().resources[0].state.clone();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(
        (pending.as_str(), simulator.inventory().resources[0].state.as_str()),
        ("pending", "available")
    );
    let (_, text) = ec2(&simulator, "DescribeVpcs").await;
    assert!(text.contains("<state>pending</state>") || !text.contains("<vpcId>"), "{text}");
    let (_, text) = ec2(&simulator, "DescribeVpcs").await;
    assert!(text.contains("<state>available</state>"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_resource_vanishes_before_or_after_a_call_that_is_about_it() {
    let simulator = Simulator::seeded(1);
    let create = "CreateVpc&CidrBlock=10.0.0.0/16";
    simulator.fault(Rule::new("ec2:CreateVpc", When::Nth(1), Fault::Vanish(Moment::After)));
    let (status, text) = ec2(&simulator, create).await;
    assert_eq!(status, 200, "{text}");
    assert!(simulator.inventory().is_empty(), "{:?}", simulator.inventory());

    ec2(&simulator, create).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    let id = simulator.inventory().resources[0].id.clone();
    simulator.fault(Rule::new("ec2:CreateSubnet", When::Nth(2), Fault::Vanish(Moment::Before)));
    let subnet = |third: u8| format!("CreateSubnet&VpcId={id}&CidrBlock=10.0.{third}.0/24");
    let (status, _) = ec2(&simulator, &subnet(1)).await;
    assert_eq!(status, 200);
    // AWS would not delete a VPC with a subnet in it, so it stays.
    assert_eq!(ec2(&simulator, &subnet(2)).await.0, 200);
    assert_eq!(simulator.inventory().count("ec2", "Subnet"), 2);

    let subnets = simulator.inventory().resources;
    let subnet = &subnets.iter().find(|item| item.kind == "Subnet").expect("a subnet").id;
    tokio::time::sleep(Duration::from_secs(20)).await;
    simulator.fault(Rule::new("ec2:DescribeSubnets", When::Nth(1), Fault::Vanish(Moment::Before)));
    let (_, text) = ec2(&simulator, &format!("DescribeSubnets&SubnetId.1={subnet}")).await;
    assert_eq!(code(&text), "InvalidSubnetID.NotFound", "{text}");
    assert_eq!(simulator.inventory().count("ec2", "Subnet"), 1);
}

/// Every kind of the inventory that somebody can delete with one call, as the demo has them.
#[tokio::test(start_paused = true)]
async fn a_thing_is_found_by_whatever_a_call_names_it() {
    let simulator = Simulator::seeded(1);
    let account = |operation: &'static str, service: Service, input: Value| {
        simulator.behind(|account| {
            let (region, access_key) = ("eu-west-1".into(), "KEY".into());
            let request_id = "request".into();
            let call = Call { service, operation, input, region, access_key, request_id };
            let answer = account.call(&call).unwrap_or_else(|error| panic!("{error}"));
            account.advance(account.now + 60_000);
            (call, answer)
        })
    };
    let vanish = |call: &Call| {
        simulator.behind(|account| {
            // Writes to one API that overlap are refused.
            account.advance(account.now + 1000);
            vanish::before(account, call);
        });
    };
    let named = |operation: &'static str, service: Service, input: Value| {
        let (region, access_key) = ("eu-west-1".into(), "KEY".into());
        Call { service, operation, input, region, access_key, request_id: "request".into() }
    };
    account("CreateMesh", Service::AppMesh, json!({ "meshName": "shop" }));
    let node = json!({ "meshName": "shop", "virtualNodeName": "cart", "spec": {} });
    account("CreateVirtualNode", Service::AppMesh, node.clone());
    account("CreateCluster", Service::Ecs, json!({ "clusterName": "shop" }));
    let (_, api) = account("CreateRestApi", Service::ApiGateway, json!({ "name": "shop" }));
    let (_, resource) = account(
        "CreateResource",
        Service::ApiGateway,
        json!({
            "restApiId": api["id"], "parentId": api["rootResourceId"], "pathPart": "cart",
        }),
    );
    let count = |service, kind| simulator.inventory().count(service, kind);

    vanish(&named("UpdateVirtualNode", Service::AppMesh, node));
    assert_eq!((count("appmesh", "VirtualNode"), count("appmesh", "Mesh")), (0, 1));
    vanish(&named("ListServices", Service::Ecs, json!({ "cluster": "shop" })));
    assert_eq!((count("ecs", "Cluster"), count("appmesh", "Mesh")), (0, 1));
    let input = json!({ "restApiId": api["id"], "resourceId": resource["id"] });
    vanish(&named("GetResource", Service::ApiGateway, input.clone()));
    assert_eq!((count("apigateway", "Resource"), count("apigateway", "RestApi")), (0, 1));
    vanish(&named("GetRestApi", Service::ApiGateway, input));
    assert_eq!(count("apigateway", "RestApi"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_doomed_ends_in_its_terminal_bad_state() {
    let world = world::World::new(3).await;
    world.simulator.fault(Rule::new("*", When::Always, Fault::Fail));
    let cx = &world.cx;
    let address = cx.ec2().allocate_address().send().await.expect("an address");
    let nat = cx.ec2().create_nat_gateway().subnet_id(&world.subnets[0]);
    let nat = nat.allocation_id(address.allocation_id().expect("its ID")).send().await;
    let nat = nat.expect("a NAT gateway").nat_gateway.and_then(|it| it.nat_gateway_id);
    let balancer = cx.elb().create_load_balancer().name("shop").r#type("network".into());
    let balancer = balancer.subnets(&world.subnets[0]).scheme("internal".into()).send().await;
    balancer.expect("a load balancer");
    let namespace = cx.servicediscovery().create_http_namespace().name("shop").send().await;
    let operation = namespace.expect("an operation").operation_id.expect("its ID");
    world::pass(400).await;

    let nats = cx.ec2().describe_nat_gateways().nat_gateway_ids(nat.expect("its ID"));
    let nats = nats.send().await.expect("the NAT gateway").nat_gateways.expect("a list");
    assert_eq!(nats[0].state().map(|it| it.as_str()), Some("failed"));
    assert_eq!(nats[0].failure_code(), Some("InternalError"));
    let balancers = cx.elb().describe_load_balancers().names("shop").send().await.expect("it");
    let state = balancers.load_balancers()[0].state().expect("a state");
    assert_eq!(state.code().map(|it| it.as_str()), Some("failed"));
    let operation = cx.servicediscovery().get_operation().operation_id(operation).send().await;
    let operation = operation.expect("the operation").operation.expect("it");
    assert_eq!(operation.status().map(|it| it.as_str()), Some("FAIL"));
    assert_eq!(operation.error_code(), Some("INTERNAL_FAILURE"));
}

#[test]
fn a_list_of_rules_is_read() {
    let text = r#"[
        { "operation": "ec2:Create*", "when": { "rate": 0.1 }, "fault": "throttle" },
        { "operation": "*", "when": { "nth": 3 }, "fault": { "slow": 2.5 } },
        { "operation": "ecs:CreateService", "when": "always", "fault":
            { "refuse": { "code": "ServerException", "message": "no", "status": 500 } } }
    ]"#;
    let rules = Rule::list(text).unwrap();
    assert_eq!(rules[0], Rule::new("ec2:Create*", When::Rate(0.1), Fault::Throttle));
    assert_eq!(rules[1].fault, Fault::Slow(2.5));
    assert_eq!(rules.len(), 3);
}

#[test]
fn a_rule_that_could_never_strike_is_refused() {
    let refused = |text: &str| Rule::list(text).unwrap_err().to_string();
    let rule = |operation: &str, when: &str, fault: &str| {
        format!(r#"[{{ "operation": "{operation}", "when": {when}, "fault": {fault} }}]"#)
    };
    assert!(refused("{}").contains("expected a sequence at line 1"), "{}", refused("{}"));
    let unknown = refused(&rule("ec2:CreateVPC", r#""always""#, r#""throttle""#));
    assert!(unknown.starts_with("rule 1: no operation"), "{unknown}");
    let rate = refused(&rule("*", r#"{ "rate": 7 }"#, r#""throttle""#));
    assert_eq!(rate, "rule 1: a rate is from 0 to 1");
    let typo = refused(&rule("*", r#""allways""#, r#""throttle""#));
    assert!(typo.contains("unknown variant `allways`"), "{typo}");
    let read = refused(&rule("ec2:Create*", r#""always""#, r#"{ "stale-read": 5 }"#));
    assert!(read.contains("fits no operation that can fail so; reads can"), "{read}");
    let doomed = refused(&rule("ec2:CreateVpc", r#""always""#, r#""fail""#));
    assert!(
        doomed.contains("these can: apigateway:CreateVpcLink, apigatewayv2:CreateVpcLink"),
        "{doomed}"
    );
}
