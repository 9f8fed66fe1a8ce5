//! What people read of what strangers added.

use crate::home::Home;
use meshctl::{
    aws::{CallLog, Clients, Endpoint},
    simulator::{Settings, Simulator},
};

/// Somebody opens SSH to the pages of the provider, in the embedded account between two commands.
async fn open_ssh(home: &Home) {
    let settings = Settings { directory: Some(home.state()), ..Settings::default() };
    let simulator = Simulator::open(&settings).expect("the account");
    let endpoint = Endpoint {
        in_process: Some(simulator.http_client()),
        region: Some("us-east-1".into()),
        ..Endpoint::default()
    };
    let clients = Clients::load(&endpoint, CallLog::default()).await;
    let groups = clients.ec2().describe_security_groups().send().await.expect("the groups");
    let named = |name: &str| name == "servicemesh-demo-provider-load_balancer";
    let mut groups = groups.security_groups().iter();
    let group = groups.find(|group| group.group_name().is_some_and(named)).expect("a group");
    let call = clients.ec2().authorize_security_group_ingress().ip_protocol("tcp");
    let call = call.group_id(group.group_id().expect("an ID")).cidr_ip("0.0.0.0/0");
    call.from_port(22).to_port(22).send().await.expect("a rule");
}

#[test]
fn plan_status_and_up_say_what_strangers_added_in_words() {
    const WORDS: &str = "extra ingress rule tcp/22 from 0.0.0.0/0";
    let home = Home::new();
    home.local(&["up"]).ends(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(open_ssh(&home));
    for (command, code) in [(&["plan", "--check"][..], 3), (&["status"][..], 1)] {
        let said = home.local(command).ends(code).stdout;
        let mut lines = said.lines();
        let group = lines.find(|line| line.contains("provider/security-group/load_balancer ("));
        let group = group.or_else(|| said.lines().find(|line| line.starts_with("drifted")));
        assert!(group.is_some_and(|line| line.contains("load_balancer")), "{said}");
        assert!(said.lines().any(|line| line.trim().starts_with(WORDS)), "{said}");
    }
    let up = home.local(&["up"]).ends(0);
    assert!(up.stdout.contains(WORDS) || up.stderr.contains(WORDS), "{}{}", up.stdout, up.stderr);
    home.local(&["plan", "--check", "--refresh"]).ends(0);
}
