//! What `doctor` says of an account before anything is made in it, and what it costs.

use crate::common::{DEMO, World, app_mesh, connect, linked, on_spot};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use meshctl::{
    aws::{CallLog, Clients, Endpoint},
    cli::{CliError, doctor::look, session::Session},
    config::Config,
    doctor::{Images, Plan, Registries, examine},
    model::{Check, Clock, Verdict, tags},
    simulator::{Fault, Quotas, Rule, When, iam::Organization},
};
use std::time::{Duration, SystemTime};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

pub async fn checks(world: &World) -> Vec<Check> {
    let session = world.session().await;
    look(&session, session.glance().expect("a state")).await.expect("checks")
}

/// What is not well, one line each.
fn troubles(checks: &[Check]) -> Vec<String> {
    let bad = checks.iter().filter(|check| check.verdict != Verdict::Ok);
    let line = |check: &Check| {
        // What the configuration warns of has its remedy in the sentence.
        let advises = check.remedy.is_some() || check.check == "configuration";
        assert!(advises, "{check:?} says what to do");
        format!("{} {}: {}", check.verdict, check.check, check.what)
    };
    bad.map(line).collect()
}

fn denied() -> Fault {
    let message = "User: u is not authorized to perform this action".to_owned();
    Fault::Refuse { code: "AccessDeniedException".into(), message, status: 400 }
}

#[tokio::test(start_paused = true)]
async fn an_account_with_room_is_well_and_is_asked_little() {
    for config in [app_mesh(), connect()] {
        let world = World::new(&config);
        let session = world.session().await;
        let looked_at = session.cx.log().counts().total;
        let begun = session.clock.now();
        let checks = look(&session, session.glance().unwrap()).await.unwrap();
        assert_eq!(troubles(&checks), [] as [String; 0]);
        for check in
            ["identity", "clock", "mesh", "names", "quotas", "permissions", "service-linked roles"]
        {
            assert!(checks.iter().any(|one| one.check == check), "{check} of {checks:#?}");
        }
        let counts = session.cx.log().counts();
        assert_eq!(counts.mutating, 0);
        let (calls, took) = (counts.total - looked_at, session.clock.now() - begun);
        assert!(calls <= 90, "{calls}: {:#?}", counts.by_operation);
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}

/// What is said, of an account with less than it needs.
type Full = (&'static str, fn(&mut Quotas));

#[tokio::test(start_paused = true)]
async fn a_quota_that_the_plan_exceeds_is_named_with_what_is_used_and_needed() {
    let full: [Full; 11] = [
        ("VPCs: 0 used + 2 to be made, of 1", |all| all.vpcs = 1),
        ("internet gateways: 0 used + 2 to be made, of 1", |all| all.internet_gateways = 1),
        ("Elastic IPs: 0 used + 4 to be made, of 3", |all| all.elastic_ips = 3),
        ("NAT gateways in eu-west-1b: 0 used + 2 to be made, of 1", |all| {
            all.nat_gateways_per_zone = 1;
        }),
        ("application load balancers: 0 used + 2 to be made, of 1", |all| {
            all.application_load_balancers = 1;
        }),
        ("network load balancers: 0 used + 1 to be made, of 0", |all| {
            all.network_load_balancers = 0;
        }),
        ("target groups: 0 used + 4 to be made, of 3", |all| all.target_groups = 3),
        ("VPC links: 0 used + 1 to be made, of 0", |all| all.vpc_links = 0),
        ("Cloud Map namespaces: 0 used + 1 to be made, of 0", |all| all.namespaces = 0),
        ("meshes: 0 used + 1 to be made, of 0", |all| all.meshes = 0),
        ("Fargate vCPUs: 0 used + 4 to be made, of 3", |all| all.fargate_vcpus = 3),
    ];
    let v1 = full.map(|(line, change)| (app_mesh(), line, change));
    let v2: Full = ("VPC links V2: 0 used + 1 to be made, of 0", |all| all.vpc_links_v2 = 0);
    let spot: Full = ("Fargate Spot vCPUs: 0 used + 4 to be made, of 3", |all| {
        // Those of Fargate count apart.
        (all.fargate_vcpus, all.fargate_spot_vcpus) = (0, 3);
    });
    let others = [(linked(), v2.0, v2.1), (on_spot(), spot.0, spot.1)];
    for (config, line, change) in v1.into_iter().chain(others) {
        let world = World::new(&config);
        world.simulator.behind(|account| change(&mut account.quotas));
        let troubles = troubles(&checks(&world).await);
        assert!(troubles.contains(&format!("failure quotas: {line}")), "{line} of {troubles:#?}");
        assert!(
            troubles.iter().all(|one| one.contains(line.split(':').next().unwrap())
                || one.contains("NAT gateways in eu-west-1a")),
            "{troubles:#?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_others_have_counts_and_what_stands_already_does_not_count_again() {
    let world = World::new(DEMO);
    world.up().await.done();
    world.simulator.behind(|account| {
        let quotas = &mut account.quotas;
        (quotas.vpcs, quotas.elastic_ips, quotas.fargate_vcpus) = (2, 4, 4);
    });
    assert_eq!(troubles(&checks(&world).await), [] as [String; 0]);

    let other = world.other(&DEMO.replacen("servicemesh-demo", "other", 1));
    let troubles = troubles(&checks(&other).await);
    for line in [
        "VPCs: 2 used + 2 to be made, of 2",
        "Elastic IPs: 4 used + 4 to be made, of 4",
        "Fargate vCPUs: 4 used + 4 to be made, of 4",
    ] {
        assert!(troubles.contains(&format!("failure quotas: {line}")), "{line} of {troubles:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_is_up_is_asked_for_nothing_more() {
    let world = World::new(DEMO);
    world.up().await.done();
    let again = world.up().await.done().calls.total;
    let session = world.session().await;
    let checks = look(&session, session.glance().unwrap()).await.unwrap();
    assert_eq!(troubles(&checks), [] as [String; 0]);
    assert_eq!(session.cx.log().counts().total, again);
}

#[tokio::test(start_paused = true)]
async fn without_service_quotas_the_defaults_warn_and_never_refuse() {
    let mut world = World::new(DEMO);
    world.simulator.fault(Rule::new("servicequotas:*", When::Always, denied()));
    let found = checks(&world).await;
    assert_eq!(troubles(&found), [] as [String; 0]);
    let vpcs = found.iter().find(|check| check.what.starts_with("VPCs")).unwrap();
    assert!(vpcs.what.contains("of 5 (AWS's default: servicequotas:"), "{vpcs:?}");

    world.edit("availability_zones = 2", "availability_zones = 3");
    let troubles = troubles(&checks(&world).await);
    let line = "warning quotas: Elastic IPs: 0 used + 6 to be made, of 5 (AWS's default";
    assert!(troubles[1].starts_with(line), "{troubles:#?}");
    assert!(troubles[0].starts_with("warning configuration: network.nat"), "{troubles:#?}");
    assert_eq!(troubles.len(), 2, "{troubles:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_counted_is_a_warning_and_what_may_not_be_searched_a_failure() {
    let world = World::new(DEMO);
    let mut other = world.other(&DEMO.replacen("servicemesh-demo", "other", 1));
    other.edit("nat = \"per-az\"", "nat = \"single\"");
    other.up().await.done();
    world.simulator.fault(Rule::new("ecs:ListTasks", When::Always, denied()));
    let found = troubles(&checks(&world).await);
    let line = found.iter().find(|line| line.contains("Fargate vCPUs")).unwrap();
    assert!(line.starts_with("warning quotas: Fargate vCPUs: 4 to be made"), "{line}");

    world.simulator.calm();
    world.simulator.fault(Rule::new("ec2:DescribeVpcs", When::Always, denied()));
    let found = troubles(&checks(&world).await);
    assert!(found[0].starts_with("failure account: ec2:DescribeVpcs refused"), "{found:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_service_keeps_nobody_waiting() {
    let world = World::new(DEMO);
    world.simulator.fault(Rule::new("servicequotas:*", When::Always, Fault::Slow(60.0)));
    let session = world.session().await;
    let begun = session.clock.now();
    let found = look(&session, session.glance().unwrap()).await.unwrap();
    assert_eq!(troubles(&found), [] as [String; 0]);
    let vpcs = found.iter().find(|check| check.what.starts_with("VPCs")).unwrap();
    assert!(vpcs.what.contains("there was no answer in time"), "{vpcs:?}");
    let took = session.clock.now() - begun;
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn names_that_others_have_are_in_the_way() {
    let world = World::new(&app_mesh());
    let session = world.session().await;
    let cx = &session.cx;
    let trust = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let trust = trust.replace(
        "[]",
        r#"[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]"#,
    );
    let role = "servicemesh-demo-eu-west-1-execution";
    cx.iam().create_role().role_name(role).assume_role_policy_document(trust).send().await.unwrap();
    cx.ecs().create_cluster().cluster_name("servicemesh-demo-provider").send().await.unwrap();
    let group = "/meshctl/servicemesh-demo/provider/nodejs";
    cx.logs().create_log_group().log_group_name(group).send().await.unwrap();
    cx.appmesh().create_mesh().mesh_name("servicemesh-demo").send().await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let found = troubles(&checks(&world).await);
    for what in [
        format!("AWS::IAM::Role {role}"),
        "AWS::ECS::Cluster servicemesh-demo-provider".into(),
        format!("AWS::Logs::LogGroup {group}"),
        "AWS::AppMesh::Mesh servicemesh-demo".into(),
    ] {
        let line = format!("failure names: {what} exists, and is not of this stack");
        assert!(found.contains(&line), "{line} of {found:#?}");
    }
    assert_eq!(found.len(), 4, "{found:#?}");
}

#[tokio::test(start_paused = true)]
async fn load_balancers_and_target_groups_of_the_name_are_in_the_way() {
    // Another's stack, whose tags somebody took away.
    let world = World::new(DEMO);
    world.up().await.done();
    world.simulator.behind(|account| {
        account.quotas.elastic_ips = 50;
        account.quotas.vpcs = 50;
        account.quotas.internet_gateways = 50;
    });
    let session = world.session().await;
    let elb = session.cx.elb();
    let balancers = elb.describe_load_balancers().send().await.unwrap();
    let groups = elb.describe_target_groups().send().await.unwrap();
    let balancers = balancers.load_balancers().iter().filter_map(|one| one.load_balancer_arn());
    let groups = groups.target_groups().iter().filter_map(|one| one.target_group_arn());
    for arn in balancers.chain(groups) {
        let call = elb.remove_tags().resource_arns(arn).tag_keys(tags::STACK);
        call.send().await.unwrap();
    }
    let mut fresh = world.other(DEMO);
    fresh.lose_state();
    let found = troubles(&checks(&fresh).await);
    for what in [
        "AWS::ElasticLoadBalancingV2::LoadBalancer servicemesh-demo-internal",
        "AWS::ElasticLoadBalancingV2::LoadBalancer servicemesh-demo-provider",
    ] {
        let line = format!("failure names: {what} exists, and is not of this stack");
        assert!(found.contains(&line), "{line} of {found:#?}");
    }
    assert!(found.iter().any(|line| line.contains("::TargetGroup ")), "{found:#?}");
}

#[tokio::test(start_paused = true)]
async fn app_mesh_that_does_not_answer_is_said_with_its_date() {
    let world = World::new(&app_mesh());
    world.simulator.behind(|account| account.appmesh.closed = true);
    let found = troubles(&checks(&world).await);
    let line = "failure mesh: App Mesh, which AWS ended on 30 September 2026, does not answer";
    assert!(found[0].starts_with(line), "{found:#?}");

    let world = World::new(DEMO);
    world.simulator.behind(|account| account.appmesh.closed = true);
    let found = checks(&world).await;
    assert_eq!(troubles(&found), [] as [String; 0]);
    let mesh = found.iter().find(|check| check.check == "mesh").unwrap();
    assert!(mesh.what.starts_with("Service Connect (App Mesh, which AWS ended on 30 September"));
}

/// An AWS whose clock is this much ahead.
#[derive(Debug)]
struct Skewed(SharedHttpConnector, Duration);

impl HttpConnector for Skewed {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, ahead) = (self.0.call(request), self.1);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            let now = aws_smithy_types::DateTime::from(SystemTime::now() + ahead);
            let date = now.fmt(aws_smithy_types::date_time::Format::HttpDate).expect("a date");
            answer.headers_mut().insert("date", date);
            Ok(answer)
        })
    }
}

fn skewed(inner: SharedHttpClient, ahead: Duration) -> SharedHttpClient {
    http_client_fn(move |settings, components| {
        use aws_smithy_runtime_api::client::http::HttpClient;
        SharedHttpConnector::new(Skewed(inner.http_connector(settings, components), ahead))
    })
}

async fn session_over(http: SharedHttpClient, directory: &str) -> Result<Session, CliError> {
    let region = Some("eu-west-1".into());
    let endpoint = Endpoint { in_process: Some(http), region, ..Endpoint::default() };
    let clients = Clients::load(&endpoint, CallLog::default()).await;
    let config = Config::parse(DEMO, "test").expect("a right configuration");
    let directory = std::env::temp_dir().join(directory).join("no-state");
    Session::with(clients, Some(config), "servicemesh-demo", directory, Clock::started(1.0)).await
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_minutes_off_is_seen_in_awss_answers() {
    let world = World::new(DEMO);
    for (seconds, verdict) in [(0, Verdict::Ok), (270, Verdict::Warning), (600, Verdict::Failure)] {
        let http = skewed(world.simulator.http_client(), Duration::from_secs(seconds));
        let session = session_over(http, "skewed").await.unwrap();
        let found = look(&session, session.glance().unwrap()).await.unwrap();
        let clock = found.iter().find(|check| check.check == "clock").unwrap();
        assert_eq!(clock.verdict, verdict, "{clock:?}");
    }
}

/// A registry that gives everybody a token and has the demonstration's images but for these: one it
/// does not know, one it shows to nobody.
async fn registry(missing: &'static str, closed: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback works");
    let base = format!("http://{}", listener.local_addr().expect("loopback works"));
    let at = base.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("loopback works");
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.expect("loopback works");
            let request = String::from_utf8_lossy(&request[..length]).to_lowercase();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let challenge = format!(
                "401 Unauthorized\r\nwww-authenticate: Bearer realm=\"{at}/token\",service=\"s\""
            );
            let (head, body) = if path.starts_with("/token?service=s") {
                ("200 OK".to_owned(), r#"{"token":"everybody"}"#)
            } else if !request.contains("authorization: bearer everybody") || path.contains(closed)
            {
                (challenge, "")
            } else if path.contains(missing) {
                ("404 Not Found".to_owned(), "")
            } else {
                ("200 OK".to_owned(), "")
            };
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).await.expect("loopback works");
        }
    });
    base
}

#[tokio::test]
async fn images_are_asked_for_in_their_registries() {
    let world = World::new(&app_mesh());
    let session = world.session().await;
    let graph = session.graph().await.unwrap();
    let plan = Plan::of(&graph, graph.iter().map(|(address, _)| address));
    let base = registry("crystal", "frontend").await;
    let lines = |checks: Vec<Check>| {
        let images = checks.into_iter().filter(|check| check.check == "images");
        images.map(|check| format!("{} {}", check.verdict, check.what)).collect::<Vec<_>>()
    };
    let found = examine(&session.cx, &plan, &Images::At(Registries::at(base))).await;
    let image = |name: &str| format!("public.ecr.aws/aws-containers/ecsdemo-{name}:latest");
    let found = lines(found);
    assert!(found[0].contains("is in a private registry and was not asked for"), "{found:#?}");
    assert_eq!(
        found[1..],
        [
            format!("failure {} is not in its registry", image("crystal")),
            format!("warning {} is private or does not exist", image("frontend")),
            format!("ok {} is there", image("nodejs")),
        ]
    );

    // Nobody listens there.
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let found = lines(examine(&session.cx, &plan, &Images::At(Registries::at(base))).await);
    assert!(found.iter().all(|line| line.starts_with("ok ")), "{found:#?}");
    assert!(found[1].contains("was not looked at, because its registry cannot be reached: "));
}

#[tokio::test(start_paused = true)]
async fn a_service_linked_role_that_cannot_be_made_is_in_the_way() {
    let world = World::new(&connect());
    world.simulator.behind(|account| {
        account.iam.denied.insert("iam:CreateServiceLinkedRole".into());
    });
    let found = troubles(&checks(&world).await);
    let line = |role: &str| {
        format!(
            "failure service-linked roles: AWSServiceRoleFor{role} is not there, and these \
             credentials may not have AWS make it"
        )
    };
    assert_eq!(found, ["ECS", "ElasticLoadBalancing", "APIGateway"].map(line));
    // A link of the second version stands on the same role.
    let second = World::new(&linked());
    second.simulator.behind(|account| {
        account.iam.denied.insert("iam:CreateServiceLinkedRole".into());
    });
    assert!(troubles(&checks(&second).await).contains(&line("APIGateway")));

    // Those that are there need not be made.
    let session = world.session().await;
    for service in ["ecs", "elasticloadbalancing", "ops.apigateway"] {
        let call = session.cx.iam().create_service_linked_role();
        call.aws_service_name(format!("{service}.amazonaws.com")).send().await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(troubles(&checks(&world).await), [] as [String; 0]);
}

#[tokio::test(start_paused = true)]
async fn whoever_may_not_simulate_policies_is_not_kept_back() {
    let world = World::new(&connect());
    world.simulator.fault(Rule::new("iam:SimulatePrincipalPolicy", When::Always, denied()));
    assert_eq!(troubles(&checks(&world).await), [] as [String; 0]);
    world.simulator.calm();
    world.simulator.fault(Rule::new("iam:ListRoles", When::Nth(2), denied()));
    let found = troubles(&checks(&world).await);
    assert!(found[0].starts_with("warning service-linked roles: whether they are there"));
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_signature_of_another_time_is_put_down_to_the_clock() {
    let world = World::new(DEMO);
    let message = "Signature expired: 20261128T040000Z is now earlier than 20261128T050000Z";
    let (code, message) = ("SignatureDoesNotMatch".to_owned(), message.to_owned());
    let fault = Fault::Refuse { code, message, status: 403 };
    world.simulator.fault(Rule::new("sts:GetCallerIdentity", When::Always, fault));
    let http = world.simulator.http_client();
    let error = session_over(http, "expired").await.err().unwrap();
    assert!(error.hints[0].contains("set the clock"), "{:?}", error.hints);
}

#[tokio::test(start_paused = true)]
async fn what_iam_would_refuse_is_named_and_what_only_down_needs_is_a_warning() {
    let world = World::new(DEMO);
    let deny = |actions: &[&str]| {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        world.simulator.behind(|account| account.iam.denied = actions);
    };
    deny(&["ec2:CreateVpc", "iam:PassRole"]);
    let found = troubles(&checks(&world).await);
    assert_eq!(found, ["failure permissions: not allowed: ec2:CreateVpc, iam:PassRole"]);
    deny(&["ec2:DeleteVpc"]);
    let found = troubles(&checks(&world).await);
    let line = "warning permissions: not allowed, and needed to look or to remove: ec2:DeleteVpc";
    assert_eq!(found, [line]);
    deny(&["ec2:*"]);
    let found = troubles(&checks(&world).await);
    assert!(found[0].starts_with("failure permissions: not allowed: ec2:"), "{found:#?}");
    assert!(found[0].ends_with(" more"), "{found:#?}");
}

#[tokio::test(start_paused = true)]
async fn an_organisation_that_allows_only_the_stacks_region_is_told_the_region() {
    let world = World::new(DEMO);
    let regions = |regions: &[&str]| {
        let regions = regions.iter().map(|region| (*region).to_owned()).collect();
        let organization = Organization { regions, ..Organization::default() };
        world.simulator.behind(|account| account.iam.organization = Some(organization));
    };
    // IAM's own requests are of us-east-1, wherever they come from.
    regions(&["eu-west-1", "us-east-1"]);
    assert_eq!(troubles(&checks(&world).await), [] as [String; 0]);
    regions(&["us-east-1"]);
    let found = troubles(&checks(&world).await);
    assert_eq!(found.len(), 1, "{found:#?}");
    let begins = "warning permissions: the organisation's policies may not allow: apigateway:";
    assert!(found[0].starts_with(begins), "{found:#?}");
    assert!(!found[0].contains("iam:"), "{found:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_organisation_alone_denies_is_a_warning_and_the_callers_own_policies_a_failure() {
    let world = World::new(DEMO);
    let actions = |actions: &[&str]| actions.iter().map(|action| (*action).to_owned()).collect();
    let denied = actions(&["ec2:CreateVpc", "ec2:CreateSubnet"]);
    let organization = Organization { denied, ..Organization::default() };
    world.simulator.behind(|account| account.iam.organization = Some(organization));
    let may_not = "the organisation's policies may not allow";
    let found = troubles(&checks(&world).await);
    assert_eq!(found, [format!("warning permissions: {may_not}: ec2:CreateSubnet, ec2:CreateVpc")]);
    world.simulator.behind(|account| account.iam.denied = actions(&["iam:PassRole"]));
    let found = troubles(&checks(&world).await);
    assert_eq!(found[0], "failure permissions: not allowed: iam:PassRole");
    assert_eq!(found.len(), 2, "{found:#?}");
}
