//! `meshctl status`.

use crate::home::{Home, steady};
use insta::assert_snapshot;

#[test]
fn status_shows_what_there_is_and_what_is_not_as_wished() {
    let home = Home::new();
    let nothing = home.local(&["status"]).ends(1);
    assert_eq!(nothing.stdout, "servicemesh-demo: nothing exists; `meshctl up` makes it\n");

    home.local(&["up"]).ends(0);
    let all = home.local(&["status"]).ends(0);
    assert_eq!(all.stdout.lines().filter(|line| line.starts_with("ready ")).count(), 118);
    assert_eq!(all.stderr, "");
    let end = all.report();
    let end: Vec<&str> = end.lines().skip(118).collect();
    assert_snapshot!(end.join("\n"), @r"
    servicemesh-demo: 118 of 118 resources ready and as wished
      blue     http://servicemesh-demo-provider-[id].us-east-1.elb.amazonaws.com/
      red      http://servicemesh-demo-consumer-[id].us-east-1.elb.amazonaws.com/
      api      [id]
      api url  https://[id].execute-api.us-east-1.amazonaws.com/default
    ");

    home.edit("path = \"/crystal/\"", "path = \"/crystal/\"\ndesired = 3");
    let service = home.local(&["status", "provider/service"]).ends(1);
    let lines: Vec<String> = steady(&service.stdout).lines().take(5).map(String::from).collect();
    assert_snapshot!(lines.join("\n"), @r"
    drifted  provider/service/crystal  servicemesh-demo-provider/crystal  2 of 2 tasks running
            desired_count: 2 -> 3
    ready    provider/service/frontend servicemesh-demo-provider/frontend  2 of 2 tasks running
    ready    provider/service/nodejs   servicemesh-demo-provider/nodejs  2 of 2 tasks running
    servicemesh-demo: 2 of 3 resources ready and as wished
    ");
}
