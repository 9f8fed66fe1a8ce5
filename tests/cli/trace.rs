//! `-v` and `MESHCTL_LOG`: every call on stderr, and nothing that is secret.

use crate::home::{Home, Ran};
use regex::Regex;

/// What must never be printed: the credentials, and what only bodies have.
const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";

fn assert_no_secrets(ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        for secret in [KEY, SECRET, TOKEN, "AWS4-HMAC", "Signature=", "Credential="] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        for body in ["Action=", "<?xml", "xmlns", "\"Statement\"", "AssumeRolePolicyDocument"] {
            assert!(!text.contains(body), "{body} is in {text}");
        }
    }
}

fn calls(ran: &Ran) -> Vec<&str> {
    ran.stderr.lines().filter(|line| line.contains("meshctl::call: ")).collect()
}

#[test]
fn every_call_is_shown_with_its_answer_and_no_secret() {
    let home = Home::new();
    let up = |arguments: &[&str]| {
        let mut command = home.command(&["up", "--local", "--speed", "max", "--output", "json"]);
        command.args(arguments).env("AWS_ACCESS_KEY_ID", KEY);
        command.env("AWS_SECRET_ACCESS_KEY", SECRET).env("AWS_SESSION_TOKEN", TOKEN);
        command
    };
    let ran = Ran::of(&mut up(&["-v"])).ends(0);
    assert_no_secrets(&ran);
    let pattern = Regex::new(
        r"command\{name=.up.\}.* operation=[a-z0-9-]+:[A-Z]\w+ answer=(ok|refused|throttled|failed|no answer) status=\d+ request_id=\S+ milliseconds=\d+$",
    )
    .unwrap();
    let lines = calls(&ran);
    for line in &lines {
        assert!(pattern.is_match(line), "{line}");
    }
    assert_eq!(ran.summary()["calls"]["total"], lines.len());
    let made = lines.iter().find(|line| line.contains("ec2:CreateVpc "));
    assert!(
        made.is_some_and(|line| line.contains("provider/vpc") || line.contains("consumer/vpc"))
    );

    // Whatever is asked, the SDK's own traces, in which bodies are, stay off.
    let ran = Ran::of(up(&[]).env("MESHCTL_LOG", "trace")).ends(0);
    assert_no_secrets(&ran);
    assert!(!calls(&ran).is_empty());
    let ran = Ran::of(up(&["-v"]).env("MESHCTL_LOG", "off")).ends(0);
    assert_eq!(ran.stderr, "");
    let ran = Ran::of(&mut up(&[])).ends(0);
    assert_eq!(ran.stderr, "");
}

#[test]
fn credentials_that_were_really_used_are_not_shown() {
    // Nobody answers there: the errors of a failed call are shown, and they know the request.
    let home = Home::new();
    let mut command = home.command(&["plan", "-vv", "--endpoint-url", "http://127.0.0.1:9"]);
    command.args(["--region", "eu-west-1", "--speed", "10000"]).env("AWS_ACCESS_KEY_ID", KEY);
    command.env("AWS_SECRET_ACCESS_KEY", SECRET).env("AWS_SESSION_TOKEN", TOKEN);
    command.env("MESHCTL_LOG", "trace");
    let ran = Ran::of(&mut command).ends(1);
    assert_no_secrets(&ran);
    assert!(
        ran.stderr.contains("operation=sts:GetCallerIdentity answer=no answer"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("error: AWS cannot be reached: "));
}
