//! `meshctl doctor`, and the same checks at the start of `up`.

use crate::home::Home;
use insta::assert_snapshot;

#[test]
fn doctor_says_line_by_line_that_an_account_has_room() {
    let home = Home::new();
    let doctor = home.local(&["doctor"]).ends(0);
    assert_snapshot!(doctor.stdout, @r#"
    ok       identity: arn:aws:iam::000000000000:user/local in account 000000000000, us-east-1; allowed_accounts admits every account
    ok       zones: us-east-1a, us-east-1b
    ok       mesh: App Mesh (App Mesh answers this account); AWS ended it on 30 September 2026
    ok       clock: the simulator keeps its own time
    ok       names: no name that is to be given is taken
    ok       addresses: no other VPC has addresses of 10.1.96.0/20 and 10.0.96.0/20
    ok       quotas: VPCs: 0 used + 2 to be made, of 5
    ok       quotas: internet gateways: 0 used + 2 to be made, of 5
    ok       quotas: Elastic IPs: 0 used + 4 to be made, of 5
    ok       quotas: application load balancers: 0 used + 2 to be made, of 50
    ok       quotas: network load balancers: 0 used + 1 to be made, of 50
    ok       quotas: target groups: 0 used + 4 to be made, of 3000
    ok       quotas: VPC links: 0 used + 1 to be made, of 20
    ok       quotas: Cloud Map namespaces: 0 used + 1 to be made, of 50
    ok       quotas: meshes: 0 used + 1 to be made, of 15
    ok       quotas: Fargate vCPUs: 0 used + 4 to be made, of 4000
    ok       quotas: NAT gateways in us-east-1a: 0 used + 2 to be made, of 5
    ok       quotas: NAT gateways in us-east-1b: 0 used + 2 to be made, of 5
    ok       permissions: all that is to be done is allowed, by IAM's simulation
    ok       service-linked roles: AWS makes AWSServiceRoleForECS, AWSServiceRoleForElasticLoadBalancing, AWSServiceRoleForAPIGateway, AWSServiceRoleForAppMesh at the first use
    ok       images: not looked at: the simulator pulls none
    21 ok: `meshctl up` may begin
    "#);
    assert!(home.account().is_empty());
    assert!(!home.state().join("servicemesh-demo").exists(), "doctor keeps no state");
}

#[test]
fn what_is_in_the_way_is_told_by_doctor_and_keeps_up_from_beginning() {
    let home = Home::new();
    home.local(&["up", "--stack", "first"]).ends(0);
    let doctor = home.local(&["doctor"]).ends(5);
    let troubles = doctor.stdout.lines().skip_while(|line| !line.starts_with("failure"));
    assert_snapshot!(troubles.take(2).collect::<Vec<_>>().join("\n"), @r#"
    failure  quotas: Elastic IPs: 4 used + 4 to be made, of 5
             remedy: raise the quota "EC2-VPC Elastic IPs" (ec2 L-0263D0A3), or release some that are not needed, or set network.nat = "single" or "none"
    "#);
    assert_snapshot!(doctor.stdout.lines().last().unwrap_or_default(), @"20 ok, 1 in the way: `meshctl up` would be refused");

    let lines = home.local(&["doctor", "--output", "json"]).ends(5).json();
    let failure = lines.iter().find(|line| line["verdict"] == "failure").expect("a failure");
    assert_snapshot!(failure, @r#"
    {"check":"quotas","event":"check","remedy":"raise the quota \"EC2-VPC Elastic IPs\" (ec2 L-0263D0A3), or release some that are not needed, or set network.nat = \"single\" or \"none\"","verdict":"failure","what":"Elastic IPs: 4 used + 4 to be made, of 5"}
    "#);
    let summary = lines.last().expect("a summary");
    assert_eq!((&summary["event"], &summary["outcome"]), (&"summary".into(), &"refused".into()));
    assert_eq!(summary["calls"]["mutating"], 0, "{summary}");

    let before = home.account().resources.len();
    let up = home.local(&["up"]).ends(5);
    assert_eq!(up.stdout, "");
    assert_snapshot!(up.stderr, @r#"
    mesh: App Mesh (App Mesh answers this account)
    looking at what there is
    failure: quotas: Elastic IPs: 4 used + 4 to be made, of 5
      hint: raise the quota "EC2-VPC Elastic IPs" (ec2 L-0263D0A3), or release some that are not needed, or set network.nat = "single" or "none"
    error: 1 check failed, and nothing was changed
      hint: mend what is named above and run the command again
      hint: `meshctl up --skip-checks` goes on regardless
    "#);
    assert_eq!(home.account().resources.len(), before);
    let json = home.local(&["up", "--output", "json"]).ends(5).json();
    assert!(json.iter().any(|line| line["event"] == "check" && line["verdict"] == "failure"));

    // AWS refuses in the middle what the checks would have refused before.
    let regardless = home.local(&["up", "--skip-checks"]).ends(1);
    assert!(regardless.stderr.contains("AddressLimitExceeded"), "{}", regardless.stderr);
    assert!(!regardless.stderr.contains("Elastic IPs: "), "{}", regardless.stderr);
}

#[test]
fn a_wrong_account_is_a_line_too() {
    let home = Home::new();
    home.edit("allowed_accounts = []", "allowed_accounts = [\"111122223333\"]");
    let doctor = home.local(&["doctor"]).ends(5);
    assert_snapshot!(doctor.stdout, @r#"
    failure  identity: these credentials are of account 000000000000, and allowed_accounts is 111122223333
             remedy: switch the profile, or add the account to allowed_accounts
    1 in the way: `meshctl up` would be refused
    "#);
    let json = home.local(&["doctor", "--output", "json"]).ends(5);
    assert_eq!(json.json()[0]["check"], "identity");
    assert_eq!(json.summary()["outcome"], "refused");
}
