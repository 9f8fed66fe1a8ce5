//! meshctl against an AWS that we did not write: moto, on loopback.
//!
//! It shows that our requests are well formed to others, and that others' answers are understood.
//! It shows little of order, waiting and idempotency, which moto does not enforce: its gateways and
//! links work at once, and most of what AWS refuses for what still uses it, moto allows.
//!
//! `requirements.txt` pins moto and all that it needs; the test makes an environment of them under
//! `target/`, once. `census.py` looks at moto's account with boto3, another client than ours.
//!
//! What moto does otherwise than AWS, and what follows here:
//!
//! - **App Mesh** cannot be used: its times are texts where the protocol has numbers, it has no
//!   virtual services, and ARNs are malformed. It alone goes to our simulator.
//! - **ECS** runs no tasks. `MOTO_ECS_SERVICE_RUNNING` says how many it claims to run for every
//!   service, so the test leaves `desired` of what must settle at that number.
//! - **ECS forgets** the grace period of a CreateService, and remembers that of an UpdateService:
//!   the first `up` puts each of the four services right with one call.
//! - **Targets and instances** never register, for no task runs: `up` does not wait for their health, and
//!   `status` says of each target group and each name that nothing is behind it.
//! - **AWS's own IAM policies** are there only with `MOTO_IAM_LOAD_MANAGED_POLICIES`.
//! - **Deleted clusters** stay in its lists, with their status; AWS takes them out.

#[path = "../simulator/client.rs"]
#[expect(dead_code, reason = "of the client that can do it wrong, only the process is needed here")]
mod client;
mod server;

use client::Served;
use serde_json::{Value, json};
use server::{Moto, Python};
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

const DEMO: &str = include_str!("../../config/demo.toml");

/// One directory, and the two servers that are its AWS.
struct World {
    directory: tempfile::TempDir,
    moto: Moto,
    mesh: Served,
}

impl World {
    fn new(python: &Python) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let moto = Moto::start(python, directory.path());
        Self { directory, moto, mesh: Served::start(&[]) }
    }

    fn write(&self, config: &str) {
        fs::write(self.directory.path().join("meshctl.toml"), config).expect("the configuration");
    }

    /// Runs a command that is expected to succeed, and returns its summary.
    fn run(&self, command: &str) -> Value {
        self.ends(command, 0, "done")
    }

    /// Runs a command that is expected to end like this, and returns its summary.
    fn ends(&self, command: &str, code: i32, outcome: &str) -> Value {
        let begun = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_meshctl"))
            .env_clear()
            .env("HOME", self.directory.path())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ENDPOINT_URL_APP_MESH", format!("http://{}", self.mesh.address))
            .args([command, "--endpoint-url", &self.moto.url, "--output", "json"])
            // Nothing there takes any time: what is waited for is only our own caution.
            .args(["--speed", "60"])
            .current_dir(self.directory.path())
            .output()
            .expect("the binary runs");
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        let seen = || format!("{command}:\n{stdout}\n{stderr}\nmoto:\n{}", self.moto.log());
        assert_eq!(output.status.code(), Some(code), "{}", seen());
        assert!(begun.elapsed() < Duration::from_secs(240), "{}", seen());
        let last = stdout.lines().last().unwrap_or_default();
        let summary: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("{}", seen()));
        assert_eq!((&summary["event"], &summary["command"]), (&json!("summary"), &json!(command)));
        assert_eq!(summary["outcome"], outcome, "{}", seen());
        summary
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The calls of a summary that could change something.
fn mutations(summary: &Value) -> BTreeMap<&str, u64> {
    let calls = summary["calls"]["by_operation"].as_object().expect("the calls").iter();
    let all =
        calls.map(|(operation, count)| (operation.as_str(), count.as_u64().expect("a count")));
    all.filter(|(operation, _)| {
        let (_, name) = operation.split_once(':').expect("a service and an operation");
        !meshctl::aws::calls::is_read(name)
    })
    .collect()
}

#[test]
fn the_whole_life_of_the_demo_on_a_server_that_we_did_not_write() {
    let at = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto");
    let python = match Python::with_requirements(&at) {
        Ok(python) => python,
        Err(reason) => {
            return server::tell(&format!("the test against moto was skipped: {reason}"));
        }
    };
    let world = World::new(&python);
    let before = world.moto.census(&python);

    world.write(DEMO);
    let up = world.run("up");
    let total = &up["resources"]["total"];
    assert_eq!(&up["resources"]["created"], total, "{up}");
    came_up(&world, &python, &up);

    let again = world.run("up");
    assert_eq!(mutations(&again), BTreeMap::new());
    assert_eq!(&again["resources"]["unchanged"], total, "{again}");
    assert!(again["calls"]["total"].as_u64() <= Some(40), "{again}");

    let from = "mesh_port = 3001";
    let changed = DEMO
        .replace("log_retention_days = 1", "log_retention_days = 7")
        .replace(from, &format!("{from}\ndesired = 1\nweights = {{ nodejs = 9, crystal = 1 }}"));
    world.write(&changed);
    let change = world.run("up");
    let expected =
        [("appmesh:UpdateRoute", 1), ("ecs:UpdateService", 1), ("logs:PutRetentionPolicy", 8)];
    assert_eq!(mutations(&change), BTreeMap::from(expected));
    assert_eq!(change["resources"]["updated"], 10, "{change}");
    let seen = world.moto.census(&python);
    assert_eq!(seen["log_retention"], json!([7, 7, 7, 7, 7, 7, 7, 7]));
    assert_eq!(seen["desired"]["provider/nodejs"], 1);
    assert_eq!(seen["desired"]["provider/crystal"], 2);

    let status = world.ends("status", 1, "failed");
    assert_eq!(mutations(&status), BTreeMap::new());
    // Four target groups and three names have nothing behind them; the rest is ready and as wished.
    let ready = status["resources"]["unchanged"].as_u64();
    assert_eq!(ready.map(|ready| ready + 7), total.as_u64(), "{status}");
    assert_eq!(status["outputs"], up["outputs"]);

    let down = world.run("down");
    assert_eq!(&down["resources"]["deleted"], total, "{down}");
    assert_eq!(down["resources"]["left"], 0, "{down}");
    assert_eq!(world.moto.census(&python), before);
    assert_eq!(world.mesh.page("/_meshctl/inventory")["resources"], json!([]));
    assert_eq!(mutations(&world.run("down")), BTreeMap::new());
}

/// What the first `up` called, and what stands in moto's account after it.
fn came_up(world: &World, python: &Python, up: &Value) {
    let made = mutations(up);
    for (operation, count) in [
        ("ec2:CreateVpc", 2),
        ("ec2:CreateSubnet", 8),
        ("ec2:CreateNatGateway", 4),
        ("ec2:CreateVpcEndpoint", 1),
        ("elasticloadbalancing:CreateLoadBalancer", 3),
        ("elasticloadbalancing:CreateListener", 4),
        ("ecs:CreateService", 4),
        ("ecs:UpdateService", 4), // only here: the grace periods that CreateService forgot
        ("ecs:RegisterTaskDefinition", 4),
        ("servicediscovery:CreateService", 3),
        ("apigateway:CreateVpcLink", 1),
        ("apigateway:PutIntegration", 2),
        ("iam:CreateRole", 6),
        ("logs:CreateLogGroup", 8),
    ] {
        assert_eq!(made.get(operation), Some(&count), "{operation} in {made:#?}");
    }
    let expected = json!({
        "vpcs": 2,
        "internet_gateways": 2,
        "subnets": 8,
        "nat_gateways": 4,
        "addresses": 4,
        "route_tables": 6,
        "security_groups": 7,
        "vpc_endpoints": 1,
        "load_balancers": ["application", "application", "network"],
        "listeners": [80, 80, 3001, 3002],
        "target_groups": 4,
        "clusters": 2,
        "desired": {
            "consumer/frontend": 2,
            "provider/crystal": 2,
            "provider/frontend": 2,
            "provider/nodejs": 2,
        },
        "task_definitions": 4,
        "apis": ["PRIVATE"],
        "integrations": ["/crystal 3002/crystal/", "/nodejs 3001/"],
        "stages": ["default"],
        "vpc_links": 1,
        "namespaces": ["servicemesh-demo.local"],
        "discovery": ["crystal", "frontend", "nodejs"],
        "roles": 6,
        "log_retention": [1, 1, 1, 1, 1, 1, 1, 1],
    });
    assert_eq!(world.moto.census(python), expected);
    let id = up["outputs"]["api_id"].as_str().expect("the API's ID");
    let url = format!("https://{id}.execute-api.eu-west-1.amazonaws.com/default");
    assert_eq!(up["outputs"]["api_url"], url.as_str());
    for page in ["blue_url", "red_url"] {
        let url = up["outputs"][page].as_str().expect("a URL");
        assert!(url.starts_with("http://servicemesh-demo-"), "{page}: {url}");
    }
}
