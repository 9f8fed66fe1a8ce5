//! `meshctl plan`.

use crate::home::{Home, steady};
use insta::assert_snapshot;

fn first_and_last(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    [&lines[..3], &lines[lines.len() - 3..]].concat().join("\n")
}

#[test]
fn plan_says_what_up_would_do_and_does_nothing() {
    let home = Home::new();
    let plan = home.local(&["plan"]).ends(0);
    assert_snapshot!(first_and_last(&plan.stdout), @r"
      + api/account (AWS::ApiGateway::Account)
      + api/log-group (AWS::Logs::LogGroup)
      + api/rest-api (AWS::ApiGateway::RestApi)
      + provider/vpc (AWS::EC2::VPC)
    118 resources: 118 to create
    expected to take 5 m 31 s: provider/load-balancer/internal 2 m 30 s → api/vpc-link 3 m 00 s
    ");
    home.local(&["plan", "--check"]).ends(3);
    assert!(home.account().is_empty());
    assert!(!home.state().join("servicemesh-demo").exists(), "a plan keeps no state");

    // What is known only once something exists is shown as such.
    let wish = home.local(&["plan", "--verbose"]).ends(0);
    let start =
        wish.stdout.lines().skip_while(|line| !line.contains("+ provider/subnet/private-a ("));
    assert_snapshot!(start.take(5).collect::<Vec<_>>().join("\n"), @r#"
    + provider/subnet/private-a (AWS::EC2::Subnet)
          availability_zone: "us-east-1a"
          cidr_block: "10.0.100.0/24"
          map_public_ip_on_launch: false
          vpc: (known once provider/vpc is made)
    "#);
}

#[test]
fn plan_shows_changes_replacements_and_removals() {
    let home = Home::new();
    home.local(&["up"]).ends(0);
    let plan = home.local(&["plan", "--check", "--refresh"]).ends(0);
    assert_eq!(plan.stdout, "118 resources: 118 as wished; nothing to do\n");

    home.edit("mesh_port = 3002", "mesh_port = 3002\nport = 3030");
    home.edit("log_retention_days = 1", "log_retention_days = 7");
    let plan = home.local(&["plan", "--check"]).ends(3);
    assert_snapshot!(steady(&plan.stdout), @r#"
      ~ api/log-group (/meshctl/servicemesh-demo/api/access)
            retention_in_days: 1 -> 7
      ~ consumer/log-group/frontend (/meshctl/servicemesh-demo/consumer/frontend)
            retention_in_days: 1 -> 7
      ~ mesh/virtual-node/crystal (crystal-ecs)
            port: ["3000/http"] -> ["3030/http"]
            health_check: null -> {"healthy_threshold":2,"interval_millis":5000,"path":"/health","timeout_millis":2000,"unhealthy_threshold":2}
    -/+ provider/listener/crystal (net/servicemesh-demo-internal/[id]/[id]): it stands on provider/target-group/crystal
      ~ provider/log-group/crystal (/meshctl/servicemesh-demo/provider/crystal)
            retention_in_days: 1 -> 7
      ~ provider/log-group/crystal/envoy (/meshctl/servicemesh-demo/provider/crystal/envoy)
            retention_in_days: 1 -> 7
      ~ provider/log-group/frontend (/meshctl/servicemesh-demo/provider/frontend)
            retention_in_days: 1 -> 7
      ~ provider/log-group/frontend/envoy (/meshctl/servicemesh-demo/provider/frontend/envoy)
            retention_in_days: 1 -> 7
      ~ provider/log-group/nodejs (/meshctl/servicemesh-demo/provider/nodejs)
            retention_in_days: 1 -> 7
      ~ provider/log-group/nodejs/envoy (/meshctl/servicemesh-demo/provider/nodejs/envoy)
            retention_in_days: 1 -> 7
      + provider/security-group/crystal/3030/10.0.96.0/20 (AWS::EC2::SecurityGroupIngress)
    -/+ provider/service/crystal (servicemesh-demo-provider/crystal): it stands on provider/target-group/crystal
    -/+ provider/target-group/crystal (servicemesh-demo-provide-f14a083): AWS cannot change this in place
            port: 3000 -> 3030 (replacement)
    -/+ provider/task-definition/crystal (servicemesh-demo-provider-crystal:1): AWS cannot change this in place
            content: "[digest]" -> "[digest]" (replacement)
      - provider/security-group/crystal/3000/10.0.96.0/20 (sgr-[id])
    118 resources: 1 to create, 9 to change, 4 to replace, 1 to remove, 104 as wished
    without `--refresh`, `plan` and `up` compare only what AWS lists
    expected to take [time]: provider/service/crystal [time]
    "#);
}
