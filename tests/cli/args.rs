//! Command lines and configurations that are not right, and what is said about them.

use crate::home::Home;
use insta::assert_snapshot;

#[test]
fn help_and_version_are_no_errors() {
    let home = Home::new();
    let help = home.run(&["--help"]).ends(0);
    assert_snapshot!(help.stdout, @r"
    Stands up, inspects and tears down an ECS service-mesh environment on AWS.

    Exit codes: 0 done, 1 a resource failed, 2 usage or configuration, 3 changes pending, 4 another
    meshctl holds the stack, 5 refused by a guard, 130 interrupted (the state is safe).

    Usage: meshctl <COMMAND>

    Commands:
      up         Bring the account to the configuration
      down       Remove everything of the stack, and prove it
      status     Show what exists, its health and its drift
      plan       Show what `up` would do, and why
      doctor     Look whether `up` would get through, before it changes anything
      policy     Print the IAM policy that a command needs
      adopt      Rebuild the state from the tags of what exists
      reap       Remove every stack of the account whose time is over
      timings    Show how long the last run took, and what it waited for
      simulator  Serve the embedded AWS on loopback, for other clients
      help       Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version
    ");
    for command in ["up", "down", "status", "plan", "doctor", "policy", "simulator"] {
        let help = home.run(&[command, "--help"]).ends(0);
        assert!(help.stdout.contains(&format!("Usage: meshctl {command}")), "{}", help.stdout);
        assert!(help.stdout.lines().all(|line| line.chars().count() <= 100), "{}", help.stdout);
    }
    assert!(home.run(&["--version"]).ends(0).stdout.starts_with("meshctl "));
}

#[test]
fn a_wrong_command_line_is_refused_before_anything_is_done() {
    let home = Home::new();
    for (arguments, said) in [
        (&[][..], "Usage: meshctl <COMMAND>"),
        (&["upp"], "unrecognized subcommand 'upp'"),
        (&["up", "--frob"], "unexpected argument '--frob'"),
        (&["up", "--speed", "3"], "--local|--endpoint-url"),
        (&["up", "--local", "--speed", "fast"], "give a number from 0.1 to 10000, or max"),
        (&["up", "--local", "--profile", "x"], "cannot be used with"),
        (&["up", "--endpoint-url", "http://127.0.0.1:9", "--speed", "max"], "give a number"),
        (&["up", "--output", "xml"], "[possible values: human, json]"),
        (&["up", "--local", "--stack", "Not A Name"], "--stack \"Not A Name\""),
        (&["up"], "give --region, set AWS_REGION, or add region to the configuration"),
        (&["up", "--local", "--config", "nowhere.toml"], "nowhere.toml"),
    ] {
        let ran = home.run(arguments).ends(2);
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
    assert!(!home.path().join(".meshctl").exists());
}

#[test]
fn all_faults_of_a_configuration_are_shown_together() {
    let home = Home::new();
    home.write(
        "meshctl.toml",
        r#"
stack = "Bad_Name"
colour = "red"

[network.provider]
cidr = "10.0.96.0/33"

[[service]]
name = "frontend"
image = "a"
expose = "public"
backends = ["nodejs", "chrystal"]

[[service]]
name = "nodejs"
image = "b"
mesh_port = 3001

[[service]]
name = "crystal"
image = "c"
mesh_port = 3001
"#,
    );
    let ran = home.local(&["up"]).ends(2);
    assert_eq!(ran.stdout, "");
    assert_snapshot!(ran.stderr, @r#"
    error: meshctl.toml: five faults
      line 2: stack = "Bad_Name" cannot be in the name of every resource; use 2 to 32 small letters, digits, and hyphens, a letter first and no hyphen last
      line 3: colour is not a key; keys here are stack, region, allowed_accounts, ttl, permissions_boundary, log_retention_days, capacity, tags, network, mesh, api, service
      line 6: network.provider.cidr = "10.0.96.0/33" is not an IPv4 block; write one such as "10.0.96.0/20"
      line 12: service "frontend".backends = "chrystal" is no service; did you mean "crystal"?
      line 22: service "crystal".mesh_port = 3001 is the mesh port of "nodejs", too; give each its own
    "#);
}

#[test]
fn another_account_is_refused_before_anything_is_changed() {
    let home = Home::new();
    home.edit("allowed_accounts = []", "allowed_accounts = [\"111122223333\"]");
    let refusal = "error: these credentials are of account 000000000000, and allowed_accounts \
                   is 111122223333\n  hint: switch the profile, or add the account to \
                   allowed_accounts\n";
    for command in ["up", "down", "plan", "status"] {
        assert_eq!(home.local(&[command]).ends(5).stderr, refusal, "{command}");
    }
    assert!(home.account().is_empty());
}
