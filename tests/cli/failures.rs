//! A failure is told once, by its cause and with what to do; what merely was not started is counted.

use crate::{
    client::Served,
    home::{Home, Ran, resources, steady},
};
use insta::assert_snapshot;
use regex::Regex;
use serde_json::{Value, json};

/// What the user of these tests may not do, in EC2's words.
const DENIED: &str = "You are not authorized to perform this operation. User: \
    arn:aws:iam::000000000000:user/ci is not authorized to perform: ec2:CreateVpc on resource: \
    arn:aws:ec2:eu-west-1:000000000000:vpc/* because no identity-based policy allows the \
    ec2:CreateVpc action. Encoded authorization failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abc";

fn served(home: &Home, faults: &Value) -> Served {
    home.write("faults.json", &faults.to_string());
    let path = home.path().join("faults.json").display().to_string();
    Served::start(&["--speed", "2000", "--rates", "off", "--faults", &path])
}

/// A command under other credentials than those that a fault has ended.
fn renewed(home: &Home, served: &Served, arguments: &[&str]) -> Ran {
    home.on(served, "2000", arguments, &[("AWS_ACCESS_KEY_ID", "renewed")])
}

/// What stands below the progress.
fn told(ran: &Ran) -> String {
    let lines = ran.stderr.lines().skip_while(|line| !line.starts_with("error: "));
    steady(&lines.collect::<Vec<_>>().join("\n"))
}

#[test]
fn a_permission_that_lacks_is_told_once_with_its_action() {
    let home = Home::new();
    let refuse = json!({ "code": "UnauthorizedOperation", "message": DENIED, "status": 403 });
    let fault = json!({ "refuse": refuse });
    let rule = json!({ "operation": "ec2:CreateVpc", "when": "always", "fault": fault });
    let served = served(&home, &json!([rule]));
    let up = home.on(&served, "2000", &["up"], &[]).ends(1);
    let request = Regex::new(r"\[[0-9a-f-]{36}\]").expect("a pattern");
    assert_snapshot!(request.replace(&told(&up), "[request]"), @r"
    error: 2 resources: ec2:CreateVpc refused: UnauthorizedOperation: You are not authorized to perform this operation. User: arn:aws:iam::000000000000:user/ci is not authorized to perform: ec2:CreateVpc on resource: arn:aws:ec2:eu-west-1:000000000000:vpc/* because no identity-based policy allows the ec2:CreateVpc action. [request]
      consumer/vpc, provider/vpc
      hint: allow ec2:CreateVpc; `meshctl policy up` prints the whole policy
      77 resources not started, because of that
    ");
    // What is not started has no line of its own, but for those who ask for everything.
    assert!(!up.stderr.contains("not started, needs"), "{}", up.stderr);
    let told = up.stderr.matches("is not authorized to perform").count();
    assert_eq!(told, 2, "once when it happens, once in the end: {}", up.stderr);
    let traced = home.on(&served, "2000", &["up", "-v"], &[]).ends(1);
    assert!(traced.stderr.contains("not started, needs provider/vpc"), "{}", traced.stderr);
    let lines = home.on(&served, "2000", &["up", "--output", "json"], &[]).ends(1).json();
    let skipped = lines.iter().filter(|line| line["event"] == "skipped").count();
    assert!(skipped > 50, "{skipped}");
}

#[test]
fn credentials_that_expire_end_an_up_at_once_and_the_next_goes_on() {
    let home = Home::new();
    let rule = json!({ "operation": "ec2:CreateSubnet", "when": { "nth": 3 },
                       "fault": "expire-credentials" });
    let served = served(&home, &json!([rule]));
    let up = home.on(&served, "2000", &["up"], &[]).ends(1);
    let failed = up.stderr.lines().filter(|line| line.contains(": failed")).count();
    assert_eq!(failed, 1, "{}", up.stderr);
    let told = told(&up);
    assert_eq!(told.matches("error: ").count(), 1, "{told}");
    for part in [
        "RequestExpired: Request has expired.",
        "  hint: renew the credentials and run the command again: it goes on from here",
        "  stopped there, for every other call would fail likewise; the state is safe",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert!(told.lines().count() <= 4, "{told}");
    let calls = served.page("/_meshctl/calls");
    let refused = calls.as_array().expect("a list").iter().filter(|it| it["status"] == 400).count();
    assert!(refused < 60, "it makes no call that it need not: {refused}");
    renewed(&home, &served, &["up"]).ends(0);
    let up = renewed(&home, &served, &["up", "--output", "json"]).ends(0).summary();
    assert_eq!(up["calls"]["mutating"], 0, "{up}");
}

#[test]
fn credentials_that_expire_end_a_down_at_once_and_the_record_stays() {
    let home = Home::new();
    let rule = json!({ "operation": "ec2:DeleteSubnet", "when": { "nth": 2 },
                       "fault": "expire-credentials" });
    let served = served(&home, &json!([rule]));
    home.on(&served, "2000", &["up"], &[]).ends(0);
    let down = home.on(&served, "2000", &["down", "--yes"], &[]).ends(1);
    let told = told(&down);
    assert_eq!(told.matches("error: ").count(), 1, "{told}");
    assert!(told.contains("the state is safe"), "{told}");
    assert!(down.stdout.contains("`meshctl down` goes on from there"), "{}", down.stdout);
    assert!(!down.stdout.contains("asked AWS for all"), "it did not: {}", down.stdout);
    assert!(resources(&served) > 0);
    let down = renewed(&home, &served, &["down", "--yes", "--output", "json"]).ends(0).summary();
    assert_eq!(down["resources"]["left"], 0, "{down}");
    assert_eq!(resources(&served), 0);
}

/// A command that cannot begin, without AWS's metadata service to ask. A variable without a value is
/// not there.
fn unbegun(home: &Home, arguments: &[&str], environment: &[(&str, &str)], code: i32) -> String {
    let mut command = home.command(arguments);
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_REGION", "eu-west-1");
    for (name, value) in environment {
        match *value {
            "" => command.env_remove(name),
            value => command.env(name, value),
        };
    }
    Ran::of(&mut command).ends(code).stderr
}

#[test]
fn a_profile_that_is_not_there_is_named() {
    let home = Home::new();
    home.write("config", "[profile other]\nregion = eu-west-1\n");
    let config = home.path().join("config").display().to_string();
    let profile = [("AWS_CONFIG_FILE", &*config), ("AWS_PROFILE", "tema")];
    let told = unbegun(&home, &["plan"], &profile, 2);
    assert_snapshot!(told, @r#"
    error: there is no profile "tema"
      hint: check --profile and AWS_PROFILE; `aws configure list-profiles` shows those that there are
    "#);
    let flag = unbegun(&home, &["plan", "--profile", "tema"], &profile[..1], 2);
    assert_eq!(flag, told);
    // One that would name the region, too.
    let nowhere = [profile[0], profile[1], ("AWS_REGION", "")];
    assert_eq!(unbegun(&home, &["plan"], &nowhere, 2), told);
    // On a machine that has no profiles at all.
    let missing = home.path().join("missing").display().to_string();
    let bare = [("AWS_CONFIG_FILE", &*missing), profile[1]];
    assert_snapshot!(unbegun(&home, &["plan"], &bare, 5), @r#"
    error: there are no credentials of profile "tema"
      hint: sign in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID; --local needs no AWS account
    "#);
}

#[test]
fn a_session_of_single_sign_on_that_is_over_is_told_with_the_command_for_a_new_one() {
    let home = Home::new();
    let config = "[profile team]\nsso_session = team\nsso_account_id = 111122223333\n\
                  sso_role_name = dev\nregion = eu-west-1\n\n[sso-session team]\n\
                  sso_region = eu-west-1\nsso_start_url = https://team.example/start\n";
    home.write("config", config);
    let path = home.path().join("config").display().to_string();
    let profile = [("AWS_CONFIG_FILE", &*path), ("AWS_PROFILE", "team")];
    let told = unbegun(&home, &["plan"], &profile, 5);
    assert_snapshot!(told, @r#"
    error: the SSO session of profile "team" is over
      hint: run `aws sso login --profile team`, then the command again: it goes on from here
    "#);
    // The name is the session's, hashed.
    let cache = home.path().join(".aws/sso/cache");
    std::fs::create_dir_all(&cache).expect("a directory");
    let token = json!({ "accessToken": "secret", "expiresAt": "2020-01-01T00:00:00Z",
                        "startUrl": "https://team.example/start", "region": "eu-west-1" });
    let name = "d25187dc137f35c88bc80ec8c3ffbdb17b5eb873.json";
    std::fs::write(cache.join(name), token.to_string()).expect("a file");
    assert_eq!(unbegun(&home, &["plan"], &profile, 5), told);
}

#[test]
fn no_credentials_and_nobody_who_answers_are_told_in_two_lines() {
    let home = Home::new();
    let none = unbegun(&home, &["plan"], &[], 5);
    assert_snapshot!(none, @r"
    error: there are no AWS credentials
      hint: sign in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID; --local needs no AWS account
    ");
    let keys = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];
    let nobody = ["plan", "--endpoint-url", "http://127.0.0.1:9", "--speed", "10000"];
    assert_snapshot!(unbegun(&home, &nobody, &keys, 1), @r"
    error: AWS cannot be reached: http://127.0.0.1:9 refuses the connection
      hint: check --endpoint-url and AWS_ENDPOINT_URL
    ");
}
