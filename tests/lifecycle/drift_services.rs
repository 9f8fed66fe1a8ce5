//! What others change in load balancing, ECS and Cloud Map: seen by `status` and by `plan` in the same
//! words, brought back by `up`, and nothing else.

use crate::common::{DEMO, World};
use meshctl::{
    cli::plan::differences,
    engine::{Events, Interrupt, Standing, Survey},
    model::{Address, Depth, Identities},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// How soon a change shows.
#[derive(Clone, Copy, PartialEq)]
enum Shows {
    /// AWS lists it.
    Listed,
    /// AWS shows it only one resource at a time.
    InFull,
}

/// What a stranger's client does.
struct Edit {
    /// The call.
    call: &'static str,
    /// What it is about: a member of the input, and the address and the part of the identity.
    on: (&'static str, &'static str, &'static str),
    /// The rest of the input.
    with: Value,
    /// Where it shows; the address of the call's resource, unless another is named.
    at: &'static str,
    /// The words that tell of it.
    words: &'static str,
    shows: Shows,
}

fn edit(call: &'static str, on: (&'static str, &'static str, &'static str), with: Value) -> Edit {
    Edit { call, on, with, at: on.1, words: "", shows: Shows::InFull }
}

impl Edit {
    fn tells(self, words: &'static str) -> Self {
        Self { words, ..self }
    }

    fn at(self, at: &'static str) -> Self {
        Self { at, ..self }
    }

    fn listed(self) -> Self {
        Self { shows: Shows::Listed, ..self }
    }
}

const PUBLIC: (&str, &str, &str) = ("LoadBalancerArn", "provider/load-balancer/public", "arn");
const INTERNAL: (&str, &str, &str) = ("LoadBalancerArn", "provider/load-balancer/internal", "arn");
const GROUP: (&str, &str, &str) = ("TargetGroupArn", "provider/target-group/frontend", "arn");
const TCP_GROUP: (&str, &str, &str) = ("TargetGroupArn", "provider/target-group/nodejs", "arn");
const LISTENER: (&str, &str, &str) = ("ListenerArn", "provider/listener/frontend", "arn");
const SERVICE: (&str, &str, &str) = ("service", "provider/service/nodejs", "arn");
const DISCOVERY: (&str, &str, &str) = ("Id", "mesh/discovery/nodejs", "id");

fn attributes(pairs: &[(&str, &str)]) -> Value {
    let pairs = pairs.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
    json!({ "Attributes": pairs.collect::<Vec<_>>() })
}

fn of_load_balancing() -> Vec<Edit> {
    const LB: &str = "elasticloadbalancing:ModifyLoadBalancerAttributes";
    const TG: &str = "elasticloadbalancing:ModifyTargetGroupAttributes";
    let page = json!({ "StatusCode": "200" });
    let fixed = json!([{ "Type": "fixed-response", "FixedResponseConfig": page }]);
    let rule = json!({
        "Priority": 1, "Actions": fixed,
        "Conditions": [{ "Field": "path-pattern", "Values": ["/old/*"] }],
    });
    let listener = json!({ "Protocol": "HTTP", "Port": 8080, "DefaultActions": fixed });
    let tag = |value: &str| json!({ "Tags": [{ "Key": "Name", "Value": value }] });
    let keys = json!({ "TagKeys": ["meshctl:address"] });
    vec![
        edit("elasticloadbalancing:CreateListener", PUBLIC, listener)
            .tells("extra listener :8080 (HTTP)"),
        edit("elasticloadbalancing:CreateRule", LISTENER, rule)
            .tells("extra rule 1 path-pattern /old/*"),
        edit("elasticloadbalancing:ModifyListener", LISTENER, json!({ "DefaultActions": fixed }))
            .tells("default_actions: [\"fixed-response\"]")
            .listed(),
        edit("elasticloadbalancing:ModifyListener", LISTENER, json!({ "Port": 81 }))
            .tells("port: 81 -> 80")
            .listed(),
        edit(LB, PUBLIC, attributes(&[("idle_timeout.timeout_seconds", "4000")]))
            .tells("idle_timeout_seconds: \"4000\" -> \"60\""),
        edit(LB, PUBLIC, attributes(&[("routing.http.preserve_host_header.enabled", "true")]))
            .tells("preserve_host_header: \"true\" -> \"false\""),
        edit(LB, PUBLIC, attributes(&[("deletion_protection.enabled", "true")]))
            .tells("deletion_protection: \"true\" -> \"false\""),
        edit(LB, INTERNAL, attributes(&[("load_balancing.cross_zone.enabled", "false")]))
            .tells("cross_zone: \"false\" -> \"true\""),
        edit(LB, INTERNAL, attributes(&[("dns_record.client_routing_policy", "partial")]))
            .tells("client_routing_policy: \"partial\""),
        edit(TG, GROUP, attributes(&[("stickiness.enabled", "true")]))
            .tells("stickiness: \"true\" -> \"false\""),
        edit(TG, GROUP, attributes(&[("slow_start.duration_seconds", "900")]))
            .tells("slow_start_seconds: \"900\" -> \"0\""),
        edit(TG, GROUP, attributes(&[("load_balancing.algorithm.type", "weighted_random")]))
            .tells("algorithm: \"weighted_random\""),
        edit(TG, GROUP, attributes(&[("load_balancing.cross_zone.enabled", "off")]))
            .tells("cross_zone: \"off\""),
        edit(TG, TCP_GROUP, attributes(&[("deregistration_delay.timeout_seconds", "3600")]))
            .tells("deregistration_delay_seconds: \"3600\" -> \"5\""),
        edit(TG, TCP_GROUP, attributes(&[("proxy_protocol_v2.enabled", "true")]))
            .tells("proxy_protocol_v2: \"true\" -> \"false\""),
        edit(TG, TCP_GROUP, attributes(&[("preserve_client_ip.enabled", "true")]))
            .tells("preserve_client_ip: \"true\" -> \"false\""),
        edit(
            "elasticloadbalancing:ModifyTargetGroup",
            GROUP,
            json!({ "Matcher": { "HttpCode": "200-499" } }),
        )
        .tells("matcher: \"200-499\" -> \"200\"")
        .listed(),
        edit(
            "elasticloadbalancing:ModifyTargetGroup",
            GROUP,
            json!({ "HealthCheckPort": "81", "HealthCheckPath": "/else", "HealthyThresholdCount": 9 }),
        )
        .tells("health_check_port: \"81\" -> \"traffic-port\"")
        .listed(),
        edit("elasticloadbalancing:AddTags", ("ResourceArns", PUBLIC.1, "arn"), tag("theirs"))
            .tells("tag Name: \"servicemesh-demo/provider/load-balancer/public\""),
        edit("elasticloadbalancing:RemoveTags", ("ResourceArns", LISTENER.1, "arn"), keys)
            .tells("tag meshctl:address: \"provider/listener/frontend\""),
    ]
}

fn of_containers() -> Vec<Edit> {
    const UPDATE: &str = "ecs:UpdateService";
    let cluster = |rest: Value| {
        let mut all = rest;
        all["cluster"] = "servicemesh-demo-provider".into();
        all
    };
    let service = |rest: Value| edit(UPDATE, SERVICE, cluster(rest)).listed();
    let insights = json!([{ "name": "containerInsights", "value": "enhanced" }]);
    let name = json!({ "tags": [{ "key": "Name", "value": "theirs" }] });
    vec![
        service(json!({ "enableExecuteCommand": true }))
            .tells("enable_execute_command: true -> false"),
        service(json!({ "deploymentConfiguration": { "maximumPercent": 100 } }))
            .tells("maximum_percent: 100 -> 200"),
        service(json!({ "deploymentConfiguration": { "minimumHealthyPercent": 0 } }))
            .tells("minimum_healthy_percent: 0 -> 100"),
        service(json!({ "deploymentConfiguration": {
            "deploymentCircuitBreaker": { "enable": false, "rollback": false } } }))
        .tells("deployment_circuit_breaker: {\"enable\":false,\"rollback\":false}"),
        service(json!({ "propagateTags": "NONE" }))
            .tells("propagate_tags: \"NONE\" -> \"SERVICE\""),
        service(json!({ "healthCheckGracePeriodSeconds": 0 }))
            .tells("health_check_grace_period_seconds: 0"),
        service(json!({ "desiredCount": 3 })).tells("desired_count: 3 -> 2"),
        edit(
            "ecs:UpdateClusterSettings",
            ("cluster", "provider/cluster", "arn"),
            json!({ "settings": insights }),
        )
        .tells("container_insights: \"enhanced\" -> \"disabled\""),
        edit("ecs:TagResource", ("resourceArn", SERVICE.1, "arn"), name)
            .tells("tag Name: \"servicemesh-demo/provider/service/nodejs\"")
            .listed(),
    ]
}

fn of_discovery() -> Vec<Edit> {
    const UPDATE: &str = "servicediscovery:UpdateService";
    let records = json!([{ "Type": "A", "TTL": 60 }]);
    let ours = json!([{ "Type": "A", "TTL": 5 }]);
    let name = json!({ "Tags": [{ "Key": "Name", "Value": "theirs" }] });
    let theirs = json!({
        "InstanceId": "theirs", "Attributes": { "AWS_INSTANCE_IPV4": "10.0.0.7" },
    });
    let target = json!({ "Targets": [{ "Id": "10.0.100.77", "Port": 3000 }] });
    vec![
        edit(UPDATE, DISCOVERY, json!({ "Service": { "DnsConfig": { "DnsRecords": records } } }))
            .tells("ttl: 60 -> 5")
            .listed(),
        edit(
            UPDATE,
            DISCOVERY,
            json!({ "Service": { "Description": "theirs", "DnsConfig": { "DnsRecords": ours } } }),
        )
        .tells("description: \"theirs\" -> \"Tasks of nodejs\"")
        .listed(),
        edit(
            "servicediscovery:UpdatePrivateDnsNamespace",
            ("Id", "mesh/namespace", "id"),
            json!({ "Namespace": {
                "Description": "theirs", "Properties": { "DnsProperties": { "SOA": { "TTL": 3600 } } },
            } }),
        )
        .tells("soa_ttl: 3600 -> 15"),
        edit("servicediscovery:TagResource", ("ResourceARN", DISCOVERY.1, "arn"), name)
            .tells("tag Name: \"servicemesh-demo/mesh/discovery/nodejs\""),
        edit("servicediscovery:RegisterInstance", ("ServiceId", DISCOVERY.1, "id"), theirs)
            .at(SERVICE.1)
            .tells("extra instance theirs 10.0.0.7"),
        edit("elasticloadbalancing:RegisterTargets", TCP_GROUP, target)
            .at(SERVICE.1)
            .tells("extra target 10.0.100.77:3000"),
    ]
}

/// Everything of the account that does not come and go by itself.
fn lasting(world: &World) -> Vec<(&'static str, &'static str, String)> {
    let all = world.simulator.inventory().resources.into_iter();
    let passing = ["Task", "NetworkInterface", "Instance"];
    let lasting = all.filter(|item| !passing.contains(&item.kind));
    let mut ids: Vec<_> = lasting.map(|item| (item.service, item.kind, item.id)).collect();
    ids.sort();
    ids
}

/// How everything stands, and what tells of a difference.
pub async fn look(world: &World, depth: Depth) -> BTreeMap<Address, (Standing, Vec<String>)> {
    let session = world.session().await;
    let graph = session.graph().await.expect("a graph");
    let store = session.glance().expect("a state");
    let engine = session.engine(store, Events::nowhere(), Interrupt::default());
    let survey = Survey::take(&engine.work, &graph, &engine.registry, depth).await;
    let survey = survey.expect("a survey");
    assert!(survey.errors.is_empty(), "{:#?}", survey.errors);
    let seen = survey.findings.iter().filter_map(|(address, finding)| {
        let standing = Standing::of(&**graph.get(address)?, finding);
        let told = (standing, differences(finding));
        (told.0 != Standing::Ready).then(|| (address.clone(), told))
    });
    seen.collect()
}

async fn make(world: &World, known: &Identities, edit: &Edit) {
    let (member, address, part) = edit.on;
    let id = known.raw(&Address::new(address)).expect(address)[part].clone();
    let mut input = edit.with.clone();
    input[member] = if member == "ResourceArns" { json!([id]) } else { id };
    world.ask(edit.call, input).await;
    // Drift is told apart from what moves: a change of the number of tasks ends first.
    tokio::time::sleep(Duration::from_secs(300)).await;
}

async fn each_is_seen_and_brought_back(edits: Vec<Edit>) {
    let world = World::new(DEMO);
    let known = world.up().await.done().known;
    let before = lasting(&world);
    for edit in edits {
        let what = format!("{} {}", edit.call, edit.words);
        make(&world, &known, &edit).await;
        let at = Address::new(edit.at);
        // What it keeps from working is called so; what differs is this one alone.
        let status = look(&world, Depth::Full).await;
        let drifted = |seen: &(_, &(Standing, _))| matches!(seen.1.0, Standing::Drifted(_));
        let [(address, (_, told))] = Vec::from_iter(status.iter().filter(drifted))[..] else {
            panic!("{what}: {status:#?}");
        };
        assert_eq!(*address, at, "{what}");
        assert!(told.iter().any(|line| line.starts_with(edit.words)), "{what}: {told:#?}");
        // What `plan` says is what `up` does, and with `--refresh` both look as `status` does.
        let plan = world.plan(Depth::Listed).await;
        let listed = edit.shows == Shows::Listed;
        assert_eq!(plan.contains_key(&at), listed, "{what}: {plan:?}");
        let up = world.up().await.done();
        assert_eq!(up.calls.mutating > 0, listed, "{what}: {:#?}", up.calls.by_operation);
        let up = world.up_in_full().await.done();
        assert_eq!(up.calls.mutating > 0, !listed, "{what}: {:#?}", up.calls.by_operation);
        tokio::time::sleep(Duration::from_secs(300)).await;
        let left = look(&world, Depth::Full).await;
        assert!(left.is_empty(), "{what}: {left:#?}");
        assert_eq!(lasting(&world), before, "{what}");
        assert_eq!(world.up_in_full().await.done().calls.mutating, 0, "{what}");
    }
    world.assert_serving();
    world.assert_blue_path();
    world.assert_red_path();
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn what_others_change_in_load_balancing_is_seen_and_brought_back() {
    each_is_seen_and_brought_back(of_load_balancing()).await;
}

#[tokio::test(start_paused = true)]
async fn what_others_change_in_services_and_clusters_is_seen_and_brought_back() {
    each_is_seen_and_brought_back(of_containers()).await;
}

#[tokio::test(start_paused = true)]
async fn what_others_change_in_cloud_map_and_register_is_seen_and_brought_back() {
    each_is_seen_and_brought_back(of_discovery()).await;
}
