//! In another account than the allowed ones nothing is done, with a configuration and without one.

use crate::{
    client::Served,
    home::{Home, Ran, resources},
};

const OURS: &str = "000000000000";
const OTHERS: &str = "111111111111,222222222222";

/// A command on the served account, under what the environment allows.
fn run(home: &Home, served: &Served, arguments: &[&str], allowed: &str) -> Ran {
    home.on(served, "10000", arguments, &[("MESHCTL_ALLOWED_ACCOUNTS", allowed)])
}

#[test]
fn without_a_configuration_the_command_line_or_the_environment_says_which_accounts_are_allowed() {
    let (home, served) = (Home::new(), Served::start(&["--speed", "max"]));
    run(&home, &served, &["up"], OURS).ends(0);
    let there = resources(&served);
    assert!(there > 100, "{there}");
    let elsewhere = Home::new();
    let down = ["down", "--yes", "--stack", "servicemesh-demo", "--state", "lost"];
    let ran = run(&elsewhere, &served, &down, OTHERS).ends(5);
    let expected = "these credentials are of account 000000000000, and --allowed-account or \
                    MESHCTL_ALLOWED_ACCOUNTS is 111111111111, 222222222222";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    let flag = [&down[..], &["--allowed-account", "333333333333"]].concat();
    let ran = run(&elsewhere, &served, &flag, OURS).ends(5);
    assert!(ran.stderr.contains("is 333333333333"), "the flag outranks it: {}", ran.stderr);
    let ran = run(&elsewhere, &served, &down, "").ends(5);
    assert!(ran.stderr.contains("MESHCTL_ALLOWED_ACCOUNTS is empty"), "{}", ran.stderr);
    assert_eq!(resources(&served), there);
    run(&elsewhere, &served, &down, OURS).ends(0);
    assert_eq!(resources(&served), 0);
}
