//! The policies of `meshctl policy`: with each, its command does all its work, and the work needs
//! every action of it.

use crate::common::{DEMO, World, app_mesh, connect, linked};
use aws_sdk_appmesh::types::{EgressFilter, EgressFilterType, MeshSpec, VirtualServiceSpec};
use aws_sdk_ec2::types::{
    IpPermission, IpRange, SecurityGroupRuleRequest, SecurityGroupRuleUpdate,
};
use aws_sdk_servicediscovery::types::{DnsConfigChange, DnsRecord, RecordType, ServiceChange};
use meshctl::{
    aws::cx::tags_at,
    cli::session::Session,
    doctor::{self, Images, Plan},
    engine::{Events, Interrupt, Survey},
    model::{
        Address, Check, Class, Depth, Graph, Identities,
        check::Verdict,
        permission::{REQUEST_TAG, RESOURCE_TAG},
    },
    simulator::{Fault, Rule, When, iam::managed},
    stack::policies::{self, Command, MANAGED, Policy},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

/// A stack whose commands may do only what their policies allow.
struct Trial {
    world: World,
    policy: Policy,
    used: BTreeSet<String>,
}

impl Trial {
    /// Of a command on a stack that is not there yet.
    async fn new(config: &str, command: Command) -> Self {
        let world = World::new(config);
        let policy = policy(&world, command).await;
        Self { world, policy, used: BTreeSet::new() }
    }

    /// Whatever `work` does must be allowed, and counts as used.
    async fn within<T>(&mut self, work: impl AsyncFnOnce(&World) -> T) -> T {
        self.world.simulator.allow_only(self.policy.allowed());
        // A run's future is larger than a test's stack likes to hold, several times over.
        let done = Box::pin(work(&self.world)).await;
        self.used.extend(self.world.simulator.allow_everything());
        done
    }

    async fn up(&mut self) {
        self.within(async |world| drop(world.up().await.done())).await;
    }

    async fn up_in_full(&mut self) {
        self.within(async |world| drop(world.up_in_full().await.done())).await;
    }

    async fn down(&mut self) {
        self.within(async |world| drop(world.down().await.done())).await;
    }

    async fn status(&mut self) {
        self.within(async |world| look(world).await).await;
    }

    fn edit(&mut self, from: &str, to: &str) {
        self.world.edit(from, to);
    }

    /// The same text everywhere in the configuration.
    fn edit_all(&mut self, from: &str, to: &str) {
        assert!(self.world.config.contains(from), "the configuration has {from:?}");
        self.world.config = self.world.config.replace(from, to);
    }

    /// Panics with the actions that no work needed.
    fn assert_all_used(&self) {
        let allowed = self.policy.actions();
        let unused: Vec<_> = allowed.difference(&self.used).collect();
        assert!(unused.is_empty(), "allowed and never used: {unused:#?}");
    }
}

async fn policy(world: &World, command: Command) -> Policy {
    let session = world.session().await;
    let graph = session.graph().await.expect("a graph");
    of(&session, &graph, command)
}

fn of(session: &Session, graph: &Graph, command: Command) -> Policy {
    let config = session.config.as_ref().expect("a configuration");
    let checks = if command == Command::Up { doctor::own_permissions() } else { Vec::new() };
    policies::policy(command, session.cx.scope(), config, graph, &session.registry, checks)
}

/// What `status` asks: all settings of everything, and what the configuration does not have.
async fn look(world: &World) {
    let session = world.session().await;
    let graph = session.graph().await.expect("a graph");
    let store = session.glance().expect("a state");
    let engine = session.engine(store, Events::nowhere(), Interrupt::default());
    let survey = Survey::take(&engine.work, &graph, &engine.registry, Depth::Full).await;
    let survey = survey.expect("a survey");
    assert!(survey.errors.is_empty(), "{:#?}", survey.errors);
    for extra in &survey.extras {
        extra.kind.read(&extra.identity, Depth::Full).await.expect("an answer");
    }
}

/// What `up` looks at before its first change, on a stack of which nothing is there.
async fn examine(world: &World) {
    let session = world.session().await;
    let graph = session.graph().await.expect("a graph");
    let plan = Plan::of(&graph, graph.iter().map(|(address, _)| address));
    let images = Images::Skipped("nothing pulls them here");
    for check in doctor::examine(&session.cx, &plan, &images).await {
        assert_eq!(check.verdict, Verdict::Ok, "{check:?}");
        assert!(!check.what.contains("could not be"), "{check:?}");
    }
}

fn text<'a>(known: &'a Identities, address: &str, member: &str) -> &'a str {
    let identity =
        known.raw(&Address::new(address)).unwrap_or_else(|| panic!("{address} is there"));
    let value = if member.is_empty() { identity } else { &identity[member] };
    value.as_str().unwrap_or_else(|| panic!("{address} has {member}"))
}

/// Somebody else changes what the configuration says nothing of, in every way that AWS allows.
async fn meddle(world: &World, known: &Identities) {
    let session = world.session().await;
    let cx = &session.cx;
    let everywhere = IpRange::builder().cidr_ip("0.0.0.0/0").build();
    let everything = IpPermission::builder().ip_protocol("-1").ip_ranges(everywhere).build();
    let group = text(known, "provider/security-group/load_balancer", "");
    let revoke = cx.ec2().revoke_security_group_egress().group_id(group);
    revoke.ip_permissions(everything).send().await.expect("no way out");
    let anywhere = IpRange::builder().cidr_ip("10.0.0.0/8").build();
    let some = IpPermission::builder().ip_protocol("-1").ip_ranges(anywhere).build();
    let authorize = cx.ec2().authorize_security_group_egress().group_id(group);
    authorize.ip_permissions(some).send().await.expect("another way out");

    let rule = "consumer/security-group/vpc_endpoint/443/10.1.96.0/20";
    let wider = SecurityGroupRuleRequest::builder().ip_protocol("tcp").from_port(80).to_port(443);
    let wider = SecurityGroupRuleUpdate::builder()
        .security_group_rule_id(text(known, rule, "rule_id"))
        .security_group_rule(wider.cidr_ipv4("10.0.0.0/8").build())
        .build();
    let modify = cx.ec2().modify_security_group_rules().security_group_rules(wider);
    modify.group_id(text(known, rule, "group_id")).send().await.expect("a wider rule");

    let replace = cx.ec2().replace_route().destination_cidr_block("0.0.0.0/0");
    let replace = replace.route_table_id(text(known, "consumer/route-table/private-a", ""));
    let replace = replace.nat_gateway_id(text(known, "consumer/nat-gateway/b", ""));
    replace.send().await.expect("another way out");

    let endpoint = text(known, "consumer/vpc-endpoint/execute-api", "");
    let modify = cx.ec2().modify_vpc_endpoint().vpc_endpoint_id(endpoint);
    modify.private_dns_enabled(false).send().await.expect("no private names");

    let set = cx.elb().set_security_groups();
    let set = set.load_balancer_arn(text(known, "provider/load-balancer/public", "arn"));
    let other = text(known, "provider/security-group/frontend", "");
    set.security_groups(other).send().await.expect("another group");

    let role = text(known, "identity/role/execution", "name");
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
        "Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let update = cx.iam().update_assume_role_policy().role_name(role).policy_document(trust);
    update.send().await.expect("another trust");
    let update = cx.iam().update_role().role_name(role).max_session_duration(43_200);
    update.send().await.expect("longer sessions");
    Box::pin(give_a_policy(world, known)).await;

    let record = DnsRecord::builder().r#type(RecordType::A).ttl(60).build().expect("a record");
    let dns = DnsConfigChange::builder().dns_records(record).build().expect("a change");
    let change = ServiceChange::builder().dns_config(dns).build();
    let update = cx.servicediscovery().update_service().service(change);
    update.id(text(known, "mesh/discovery/nodejs", "id")).send().await.expect("another TTL");

    Box::pin(open_doors(world, known)).await;
    if known.raw(&Address::new("mesh/mesh")).is_some() {
        let filter = EgressFilter::builder().r#type(EgressFilterType::AllowAll).build();
        let spec = MeshSpec::builder().egress_filter(filter.expect("a filter")).build();
        let name = text(known, "mesh/mesh", "name");
        let update = cx.appmesh().update_mesh().mesh_name(name).spec(spec);
        update.send().await.expect("an open mesh");
        let service = text(known, "mesh/virtual-service/nodejs", "name");
        let update = cx.appmesh().update_virtual_service().mesh_name(name);
        let update = update.virtual_service_name(service);
        let update = update.spec(VirtualServiceSpec::builder().build());
        update.send().await.expect("a service of nobody's");
    }
}

/// Somebody else lets requests go other ways than ours.
async fn open_doors(world: &World, known: &Identities) {
    let page = json!({ "Type": "fixed-response", "FixedResponseConfig": { "StatusCode": "200" } });
    let listener = json!({
        "LoadBalancerArn": text(known, "provider/load-balancer/public", "arn"),
        "Protocol": "HTTP", "Port": 8080, "DefaultActions": [page],
    });
    world.ask("elasticloadbalancing:CreateListener", listener).await;
    let rule = json!({
        "ListenerArn": text(known, "provider/listener/frontend", "arn"),
        "Priority": 1, "Actions": [page],
        "Conditions": [{ "Field": "path-pattern", "Values": ["/old/*"] }],
    });
    world.ask("elasticloadbalancing:CreateRule", rule).await;
    let target = json!({
        "TargetGroupArn": text(known, "provider/target-group/nodejs", "arn"),
        "Targets": [{ "Id": "10.0.100.77", "Port": 3000 }],
    });
    world.ask("elasticloadbalancing:RegisterTargets", target).await;
    hold_a_name(world, known).await;
    let settings = json!({
        "cluster": text(known, "provider/cluster", "arn"),
        "settings": [{ "name": "containerInsights", "value": "enabled" }],
    });
    world.ask("ecs:UpdateClusterSettings", settings).await;
    let soa = json!({
        "Id": text(known, "mesh/namespace", "id"),
        "Namespace": { "Properties": { "DnsProperties": { "SOA": { "TTL": 3600 } } } },
    });
    world.ask("servicediscovery:UpdatePrivateDnsNamespace", soa).await;
}

/// Somebody else protects a load balancer from deletion.
async fn protect(world: &World, known: &Identities) {
    let on = json!({ "Key": "deletion_protection.enabled", "Value": "true" });
    let protection = json!({
        "LoadBalancerArn": text(known, "provider/load-balancer/internal", "arn"),
        "Attributes": [on],
    });
    world.ask("elasticloadbalancing:ModifyLoadBalancerAttributes", protection).await;
}

/// Somebody else registers an address under a name of the stack's, so that the name cannot go.
/// Returns what takes it back.
async fn hold_a_name(world: &World, known: &Identities) -> Value {
    let instance = json!({
        "ServiceId": text(known, "mesh/discovery/nodejs", "id"),
        "InstanceId": "theirs",
        "Attributes": { "AWS_INSTANCE_IPV4": "10.0.0.7" },
    });
    world.ask("servicediscovery:RegisterInstance", instance.clone()).await;
    json!({ "ServiceId": instance["ServiceId"], "InstanceId": "theirs" })
}

/// Somebody else gives one of the roles a policy of its own.
async fn give_a_policy(world: &World, known: &Identities) {
    let session = world.session().await;
    let role = text(known, "identity/role/execution", "name");
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",
        "Resource":"*"}]}"#;
    let put = session.cx.iam().put_role_policy().role_name(role).policy_name("theirs");
    put.policy_document(document).send().await.expect("a policy");
}

/// Somebody else deletes one of the roles.
async fn delete_a_role(world: &World, known: &Identities) {
    let session = world.session().await;
    let role = known.raw(&Address::new("identity/role/consumer-task")).expect("a role");
    let ops = session.registry.get("AWS::IAM::Role").expect("a kind");
    ops.delete(role).await.expect("nothing is left of it");
}

/// What an older configuration may have left: things that every configuration has at another address.
async fn leave_behind(world: &World) {
    let session = world.session().await;
    let graph = session.graph().await.expect("a graph");
    let none = Identities::default();
    let gateway = graph.get(&Address::new("provider/internet-gateway")).expect("a gateway");
    let made = gateway.create(&Address::new("old/internet-gateway"), "of-old", &none).await;
    made.expect("a gateway of old");
    let tags = tags_at(session.cx.scope(), &Address::new("old/cluster"));
    let tags = tags
        .into_iter()
        .map(|(key, value)| aws_sdk_ecs::types::Tag::builder().key(key).value(value).build());
    let old = session.cx.ecs().create_cluster().cluster_name("servicemesh-demo-old");
    old.set_tags(Some(tags.collect())).send().await.expect("a cluster of old");
    // Reads lag behind creates.
    tokio::time::sleep(Duration::from_secs(60)).await;
}

/// A namespace of the stack's that is still being made.
async fn begin_a_namespace(world: &World) {
    let session = world.session().await;
    let vpcs = session.cx.ec2().describe_vpcs().send().await.expect("the VPCs");
    let vpc = vpcs.vpcs().iter().find_map(|vpc| vpc.vpc_id()).expect("a VPC");
    let create = session.cx.servicediscovery().create_private_dns_namespace();
    let tags = tags_at(session.cx.scope(), &Address::new("old/namespace"));
    let tags = tags.into_iter().map(|(key, value)| {
        aws_sdk_servicediscovery::types::Tag::builder().key(key).value(value).build()
    });
    let tags = tags.collect::<Result<_, _>>().expect("tags");
    let create = create.name("another.local").vpc(vpc).set_tags(Some(tags));
    create.send().await.expect("an operation");
}

async fn known(world: &World) -> Identities {
    world.up().await.done().known
}

/// What IAM's simulation of a policy is said to leave to be wished for.
async fn missing_by_simulation(world: &World, policy: &Policy) -> Vec<Check> {
    let session = world.session().await;
    let graph = session.graph().await.expect("a graph");
    let plan = Plan::of(&graph, graph.iter().map(|(address, _)| address));
    let images = Images::Skipped("nothing pulls them here");
    let simulate = ("iam:SimulatePrincipalPolicy".to_owned(), "*".to_owned());
    world.simulator.allow_only(policy.allowed().chain([simulate]));
    let checks = doctor::examine(&session.cx, &plan, &images).await;
    world.simulator.allow_everything();
    let of_permissions = checks.into_iter().filter(|check| check.check == "permissions");
    of_permissions.collect()
}

#[tokio::test(start_paused = true)]
async fn iams_simulation_of_the_policy_of_up_says_that_nothing_is_missing() {
    for config in [DEMO.to_owned(), connect(), linked()] {
        let world = World::new(&config);
        let up = policy(&world, Command::Up).await;
        let checks = missing_by_simulation(&world, &up).await;
        let [Check { verdict: Verdict::Ok, what, .. }] = checks.as_slice() else {
            panic!("{checks:#?}");
        };
        assert_eq!(what, "all that is to be done is allowed, by IAM's simulation");

        let down = policy(&world, Command::Down).await;
        let checks = missing_by_simulation(&world, &down).await;
        assert!(checks.iter().any(|check| check.verdict == Verdict::Failure), "{checks:#?}");
    }
}

/// Everything that `up` may meet in a stack's life.
async fn ups(config: &str) {
    let mut trial = Box::pin(Trial::new(config, Command::Up)).await;
    trial.within(async |world| examine(world).await).await;
    trial.up().await;
    trial.up().await;
    trial.up_in_full().await;

    // What others did is undone.
    let before = known(&trial.world).await;
    Box::pin(meddle(&trial.world, &before)).await;
    trial.up_in_full().await;

    // What the configuration says now is done.
    trial.edit("log_retention_days = 1", "log_retention_days = 3");
    trial.edit("# team = \"platform\"", "team = \"platform\"");
    trial.edit("path = \"/crystal/\"", "path = \"/crystal/api\"");
    trial.edit(
        "mesh_port = 3001",
        "mesh_port = 3011\ndesired = 1\nhealth = { interval_seconds = 12 }",
    );
    let app_mesh = before.raw(&Address::new("mesh/mesh")).is_some();
    if app_mesh {
        trial.edit("desired = 1", "desired = 1\nweights = { nodejs = 3, crystal = 1 }");
    }
    trial.up().await;
    trial.edit("team = \"platform\"", "# team = \"platform\"");
    trial.edit("nat = \"per-az\"", "nat = \"single\"");
    trial.up().await;
    trial.edit("availability_zones = 2", "availability_zones = 3");
    trial.up().await;
    trial.edit("nat = \"single\"", "nat = \"none\"");
    trial.edit("log_retention_days = 3", "log_retention_days = 3\ncapacity = \"fargate-spot\"");
    trial.up().await;

    // What it no longer has is removed, whoever remembers it.
    Box::pin(leave_behind(&trial.world)).await;
    Box::pin(begin_a_namespace(&trial.world)).await;
    trial.world.lose_state();
    trial.up().await;
    trial.edit_all("expose = \"api\"", "expose = \"mesh\"");
    trial.up().await;
    let instance = hold_a_name(&trial.world, &known(&trial.world).await).await;
    trial.edit_all("10.0.", "10.2.");
    trial.edit_all("10.1.", "10.3.");
    trial.within(async |world| assert!(!world.up().await.outcome.is_done())).await;
    trial.world.ask("servicediscovery:DeregisterInstance", instance).await;
    trial.up().await;
    if app_mesh {
        trial.edit("weights = { nodejs = 3, crystal = 1 }", "");
        let kind = ["app-mesh", "auto"].map(|kind| format!("kind = \"{kind}\""));
        let kind =
            kind.iter().find(|kind| trial.world.config.contains(*kind)).expect("a kind").clone();
        trial.edit(&kind, "kind = \"service-connect\"");
        trial.up().await;
        assert_eq!(trial.world.count("appmesh", "Mesh"), 0);
    }
    trial.assert_all_used();
}

#[tokio::test(start_paused = true)]
async fn up_does_all_with_its_policy_and_needs_all_of_it() {
    ups(DEMO).await;
}

#[tokio::test(start_paused = true)]
async fn up_does_all_with_its_policy_over_service_connect() {
    ups(&connect()).await;
}

async fn downs(config: &str) {
    let mut trial = Trial::new(config, Command::Down).await;
    trial.down().await;
    let before = known(&trial.world).await;
    // What somebody else has deleted meanwhile is no reason to stop; what somebody holds is one.
    delete_a_role(&trial.world, &before).await;
    protect(&trial.world, &before).await;
    let instance = hold_a_name(&trial.world, &before).await;
    trial.within(async |world| assert!(!world.down().await.outcome.is_done())).await;
    trial.world.ask("servicediscovery:DeregisterInstance", instance).await;
    trial.down().await;
    trial.world.assert_empty();

    // What an `up` left that failed on the way is looked at in full.
    for change in [
        "ec2:ModifyVpcAttribute",
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
        "elasticloadbalancing:ModifyTargetGroupAttributes",
        "iam:AttachRolePolicy",
    ] {
        let (code, message) = ("ValidationError".to_owned(), "not today".to_owned());
        let refuse = Fault::Refuse { code, message, status: 400 };
        trial.world.simulator.fault(Rule::new(change, When::Always, refuse));
    }
    let failed = trial.world.up().await;
    assert!(!failed.outcome.is_done());
    trial.world.simulator.calm();
    give_a_policy(&trial.world, &failed.known).await;
    trial.down().await;
    trial.world.assert_empty();

    trial.world.up().await.done();
    trial.world.lose_state();
    begin_a_namespace(&trial.world).await;
    trial.down().await;
    trial.world.assert_empty();
    trial.assert_all_used();
}

#[tokio::test(start_paused = true)]
async fn down_does_all_with_its_policy_and_needs_all_of_it() {
    downs(DEMO).await;
}

#[tokio::test(start_paused = true)]
async fn down_does_all_with_its_policy_over_service_connect() {
    downs(&connect()).await;
}

#[tokio::test(start_paused = true)]
async fn a_link_of_the_second_version_needs_no_endpoint_service() {
    let mut trial = Trial::new(&linked(), Command::Up).await;
    trial.up().await;
    let made = |service: &str| trial.policy.actions().contains(service);
    assert!(!made("ec2:CreateVpcEndpointServiceConfiguration"));
    trial.up_in_full().await;
    trial.policy = policy(&trial.world, Command::Down).await;
    trial.down().await;
    trial.world.assert_empty();
}

async fn looks(config: &str) {
    let mut trial = Trial::new(config, Command::Status).await;
    trial.status().await;
    let known = known(&trial.world).await;
    give_a_policy(&trial.world, &known).await;
    trial.status().await;
    delete_a_role(&trial.world, &known).await;
    trial.status().await;
    begin_a_namespace(&trial.world).await;
    trial.world.lose_state();
    trial.status().await;

    // Tasks that end again and again are looked at.
    trial.edit("ecsdemo-nodejs:latest", "ecsdemo-nodejs:broken");
    let fail = Rule::new("ecs:RegisterTaskDefinition", When::Always, Fault::Fail);
    trial.world.simulator.fault(fail);
    assert!(!trial.world.up().await.outcome.is_done());
    trial.world.simulator.calm();
    trial.status().await;
    trial.assert_all_used();
}

#[tokio::test(start_paused = true)]
async fn status_sees_all_with_its_policy_and_needs_all_of_it() {
    looks(DEMO).await;
}

#[tokio::test(start_paused = true)]
async fn status_sees_all_with_its_policy_over_service_connect() {
    looks(&connect()).await;
}

/// The policies of all commands over both kinds of mesh.
async fn all_policies() -> Vec<(String, Policy)> {
    let mut all = Vec::new();
    for (mesh, config) in [("App Mesh", DEMO.to_owned()), ("Service Connect", connect())] {
        let world = World::new(&config);
        for command in [Command::Up, Command::Down, Command::Status] {
            all.push((format!("{command:?} over {mesh}"), policy(&world, command).await));
        }
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_split_into_documents_that_iam_takes() {
    for (name, policy) in all_policies().await {
        let parts = policy.split();
        let statements: Vec<_> = parts.iter().flat_map(|part| part.statements()).cloned().collect();
        assert_eq!(statements, policy.statements(), "{name}");
        assert!(parts.iter().all(|part| part.characters() <= MANAGED), "{name}");
        // A role has at most ten managed policies, and `down` is no more than one.
        assert!(parts.len() <= if name.starts_with("Up") { 3 } else { 1 }, "{name}");
        for part in parts {
            let json = part.json();
            assert_eq!(part.characters(), json.to_string().len(), "{name}");
            assert_eq!(json["Version"], "2012-10-17");
            for statement in json["Statement"].as_array().expect("statements") {
                let members: Vec<_> = statement.as_object().unwrap().keys().collect();
                let expected = ["Action", "Condition", "Effect", "Resource"];
                assert!(members.iter().all(|it| expected.contains(&it.as_str())), "{statement}");
                assert_eq!(statement["Effect"], "Allow");
                let texts = |member: &str| statement[member].as_array().unwrap().clone();
                assert!(!texts("Action").is_empty() && !texts("Resource").is_empty());
                let known = |arn: &Value| {
                    let arn = arn.as_str().unwrap();
                    arn == "*" || (arn.starts_with("arn:aws:") && !arn.contains('{'))
                };
                assert!(texts("Resource").iter().all(known), "{statement}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_changes_something_is_limited_wherever_iam_can_limit_it() {
    // AWS's reference has neither resources nor tags for these.
    let boundless = BTreeSet::from([
        "ecs:DeregisterTaskDefinition",
        "route53:AssociateVPCWithHostedZone",
        "route53:CreateHostedZone",
        "servicediscovery:TagResource",
        "servicediscovery:UntagResource",
    ]);
    let reads = |action: &str| {
        let name = action.split(':').nth(1).unwrap_or_default();
        meshctl::aws::calls::is_read(name) || name == "GET"
    };
    for (name, policy) in all_policies().await {
        for statement in policy.statements() {
            let changes = statement.actions.iter().filter(|action| !reads(action));
            let changes: BTreeSet<&str> = changes.map(String::as_str).collect();
            if statement.resources.contains("*") && statement.conditions.is_empty() {
                assert!(changes.is_subset(&boundless), "{name}: {changes:?}");
                assert!(!name.starts_with("Up") || changes == boundless, "{name}: {changes:?}");
            }
            let tagged = statement.conditions.contains_key(REQUEST_TAG)
                || statement.conditions.contains_key(RESOURCE_TAG)
                || statement.conditions.contains_key("ec2:CreateAction");
            let named = |arn: &String| arn.contains("servicemesh-demo");
            for change in &changes {
                let service = change.split(':').next().unwrap_or_default();
                match service {
                    // What API Gateway makes for a VPC link carries no tags of ours.
                    "ec2" if change.contains("VpcEndpointService") => {}
                    "ec2" => assert!(tagged, "{name}: {change}"),
                    "ecs" | "elasticloadbalancing" | "logs" | "appmesh" | "iam" => {
                        let linked = *change == "iam:CreateServiceLinkedRole";
                        let limited = statement.resources.iter().all(named) || linked;
                        assert!(limited || boundless.contains(change), "{name}: {change}");
                    }
                    _ => {}
                }
            }
        }
        let condition = |action: &str, key: &str| {
            let mut of = policy.statements().iter().filter(|it| it.actions.contains(action));
            of.find_map(|it| it.conditions.get(key).cloned()).unwrap_or_default()
        };
        if name.starts_with("Up") {
            let passed = condition("iam:PassRole", "iam:PassedToService");
            let passed: Vec<_> = passed.iter().map(String::as_str).collect();
            assert_eq!(passed, ["apigateway.amazonaws.com", "ecs-tasks.amazonaws.com"]);
            assert_eq!(condition("iam:AttachRolePolicy", "iam:PolicyARN").len(), 2, "{name}");
            let creating = condition("ec2:CreateTags", "ec2:CreateAction");
            assert!(creating.contains("CreateVpc") && creating.len() >= 9, "{creating:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn app_mesh_is_in_the_policy_of_a_stack_that_has_it_and_no_other() {
    let app_mesh_actions = async |config: &str, command| {
        let actions = policy(&World::new(config), command).await.actions();
        actions.into_iter().filter(|action| action.starts_with("appmesh:")).collect::<BTreeSet<_>>()
    };
    for command in [Command::Up, Command::Down, Command::Status] {
        assert!(app_mesh_actions(&connect(), command).await.is_empty(), "{command:?}");
        let told = app_mesh_actions(&app_mesh(), command).await;
        let mut asked = app_mesh_actions(DEMO, command).await;
        assert!(!told.is_empty() && !told.contains("appmesh:ListMeshes"));
        // Only who decides by the account's answer must ask.
        assert_eq!(asked.remove("appmesh:ListMeshes"), command != Command::Down, "{command:?}");
        assert_eq!(asked, told);
    }
}

#[tokio::test(start_paused = true)]
async fn what_no_configuration_makes_is_not_allowed_to_be_made() {
    let world = World::new(&DEMO.replace("expose = \"api\"", "expose = \"mesh\""));
    let actions = policy(&world, Command::Up).await.actions();
    assert!(!actions.contains("apigateway:POST"), "{actions:?}");
    assert!(!actions.contains("ec2:CreateVpcEndpointServiceConfiguration"), "{actions:?}");
    // Another configuration may have made it.
    assert!(actions.contains("apigateway:DELETE"), "{actions:?}");
}

#[tokio::test(start_paused = true)]
async fn the_boundary_is_what_the_roles_are_given_and_no_more() {
    for config in [DEMO.to_owned(), connect()] {
        let world = World::new(&config);
        let session = world.session().await;
        let graph = session.graph().await.expect("a graph");
        let boundary = policies::boundary(session.cx.scope(), &graph);
        let mut given = BTreeSet::new();
        let roles =
            graph.iter().map(|(_, step)| step).filter(|it| it.kind().kind().short() == "Role");
        for role in roles.map(|step| step.wish()) {
            for arn in role["managed_policies"].as_array().expect("policies") {
                let document = managed::document(arn.as_str().unwrap()).expect("AWS has it");
                let document: Value = serde_json::from_str(&document).expect("a policy");
                let actions =
                    document["Statement"][0]["Action"].as_array().expect("actions").clone();
                given.extend(actions.iter().map(|it| it.as_str().unwrap().to_owned()));
            }
            for own in role["inline_policies"].as_object().expect("policies").values() {
                let statement = &own["Statement"][0];
                given.insert(statement["Action"].as_str().expect("an action").to_owned());
                let node = statement["Resource"].as_str().expect("a node");
                let nodes = boundary.statements().iter().flat_map(|it| &it.resources);
                let mut nodes = nodes.filter_map(|arn| arn.strip_suffix('*'));
                assert!(nodes.any(|nodes| !nodes.is_empty() && node.starts_with(nodes)), "{node}");
            }
        }
        assert_eq!(boundary.actions(), given);
        assert!(boundary.characters() <= MANAGED);
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_boundary_roles_are_made_and_given_policies_only_within_it() {
    const BOUNDARY: &str = "arn:aws:iam::000000000000:policy/meshctl-boundary";
    let top = format!("permissions_boundary = \"{BOUNDARY}\"\nallowed_accounts = []");
    let config = DEMO.replacen("allowed_accounts = []", &top, 1);
    let mut trial = Trial::new(&config, Command::Up).await;
    trial.up().await;
    let boundaries = |world: &World| -> BTreeSet<Option<String>> {
        world.simulator.behind(|account| {
            let roles = account.iam.roles.all().filter(|(_, role)| role.linked_to.is_none());
            roles.map(|(_, role)| role.permissions_boundary.clone()).collect()
        })
    };
    let all = BTreeSet::from([Some(BOUNDARY.to_owned())]);
    assert_eq!(boundaries(&trial.world), all);
    trial.world.simulator.behind(|account| {
        account.iam.roles.all_mut().for_each(|(_, role)| role.permissions_boundary = None);
    });
    trial.up_in_full().await;
    assert_eq!(boundaries(&trial.world), all);

    let giving = [
        "iam:CreateRole",
        "iam:AttachRolePolicy",
        "iam:PutRolePolicy",
        "iam:PutRolePermissionsBoundary",
    ];
    for action in giving {
        assert!(trial.used.contains(action), "{action}");
        for statement in trial.policy.statements().iter().filter(|it| it.actions.contains(action)) {
            let bound = statement.conditions.get("iam:PermissionsBoundary");
            assert_eq!(bound, Some(&BTreeSet::from([BOUNDARY.to_owned()])), "{statement:?}");
        }
    }
    let more = trial.policy.actions();
    let without = policy(&World::new(DEMO), Command::Up).await.actions();
    let more: Vec<_> = more.difference(&without).collect();
    assert_eq!(more, ["iam:PutRolePermissionsBoundary"]);
}

#[tokio::test(start_paused = true)]
async fn the_policy_of_another_stack_allows_nothing_that_bears_this_ones_name() {
    let world = World::new(DEMO);
    let policy = policy(&world, Command::Up).await;
    let elsewhere =
        |(action, on): (String, String)| (action, on.replace("servicemesh-demo", "shop"));
    world.simulator.allow_only(policy.allowed().map(elsewhere));
    let run = world.up().await;
    let named = ["ec2:CreateVpc", "servicediscovery:CreatePrivateDnsNamespace"];
    let refused: BTreeSet<&str> =
        run.outcome.failures.iter().map(|it| it.error.operation).collect();
    for operation in [
        "appmesh:CreateMesh",
        "ecs:CreateCluster",
        "elasticloadbalancing:CreateLoadBalancer",
        "elasticloadbalancing:CreateTargetGroup",
        "iam:CreateRole",
        "logs:CreateLogGroup",
    ] {
        assert!(refused.contains(operation), "{operation}: {refused:?}");
    }
    assert!(run.outcome.failures.iter().all(|failure| failure.error.class == Class::Denied));
    // The simulator does not judge tags.
    assert!(named.iter().all(|operation| !refused.contains(operation)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_allowed_is_refused_in_each_service_s_words() {
    let world = World::new(DEMO);
    let session = world.session().await;
    world.simulator.allow_only([("ec2:DescribeVpcs".to_owned(), "*".to_owned())]);
    let refusal = async |kind: &str| {
        let search = session.registry.get(kind).expect("a kind").search().await;
        search.err().map(|error| (error.code, error.class))
    };
    let denied = |code: &str| Some((code.to_owned(), Class::Denied));
    for (kind, expected) in [
        ("AWS::EC2::VPC", None),
        ("AWS::EC2::Subnet", denied("UnauthorizedOperation")),
        ("AWS::IAM::Role", denied("AccessDenied")),
        ("AWS::ElasticLoadBalancingV2::TargetGroup", denied("AccessDenied")),
        ("AWS::ECS::Cluster", denied("AccessDeniedException")),
        ("AWS::Logs::LogGroup", denied("AccessDeniedException")),
        ("AWS::ServiceDiscovery::Service", denied("AccessDeniedException")),
        ("AWS::ApiGateway::RestApi", denied("AccessDeniedException")),
        // A search takes it for "none there".
        ("AWS::AppMesh::Mesh", None),
    ] {
        assert_eq!(refusal(kind).await, expected, "{kind}");
    }
    let used = world.simulator.allow_everything();
    assert_eq!(used, BTreeSet::from(["ec2:DescribeVpcs".to_owned()]));
    assert_eq!(refusal("AWS::EC2::Subnet").await, None);
}

#[tokio::test(start_paused = true)]
async fn the_first_load_balancer_of_an_account_wants_its_attributes_to_be_readable() {
    let attributes = "ec2:DescribeAccountAttributes";
    let world = World::new(DEMO);
    let policy = policy(&world, Command::Up).await;
    assert!(policy.allowed().any(|(action, _)| action == attributes));
    let others = policy.allowed().filter(|(action, _)| action != attributes);
    let others: BTreeSet<_> = others.collect();
    world.simulator.allow_only(others.clone());
    let refused = world.up().await;
    let balancers: Vec<_> = refused
        .outcome
        .failures
        .iter()
        .filter(|failure| failure.error.message.contains(attributes))
        .map(|failure| failure.address.as_str().to_owned())
        .collect();
    assert_eq!(balancers.len(), 3, "{:#?}", refused.outcome.failures);
    assert!(balancers.iter().all(|address| address.contains("/load-balancer/")), "{balancers:?}");
    // Once the account has the role, nobody asks.
    world.simulator.allow_everything();
    world.up().await.done();
    world.down().await.done();
    world.simulator.allow_only(others);
    world.up().await.done();
}
