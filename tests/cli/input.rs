//! What is given on the command line, in the environment and in the configuration and cannot be: told
//! in a sentence, before anything is done.

use crate::{
    client::Served,
    home::{DEMO, Home, Ran, resources},
};
use insta::assert_snapshot;

/// Ends as a wrong input does: with one error, and no advice about credentials.
#[track_caller]
fn assert_refused(ran: Ran, said: &str) {
    let ran = ran.ends(2);
    assert!(ran.stderr.contains(said), "{said:?} is not in {}", ran.stderr);
    assert_eq!(ran.stderr.matches("error: ").count(), 1, "{}", ran.stderr);
    for word in ["sign in", "panicked", "Error {"] {
        assert!(!ran.stderr.contains(word), "{}", ran.stderr);
    }
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_flag_that_can_be_nothing_is_refused() {
    let home = Home::new();
    let endpoint = "http://127.0.0.1:9";
    for command in ["plan", "up", "down", "status", "doctor", "adopt"] {
        for (flag, value, said) in [
            ("--endpoint-url", "", "'--endpoint-url <URL>'"),
            ("--endpoint-url", "nonsense", "give a URL such as http://127.0.0.1:4566"),
            ("--endpoint-url", "127.0.0.1:4566", "give a URL such as http://127.0.0.1:4566"),
            ("--endpoint-url", "http://a b", "give a URL such as http://127.0.0.1:4566"),
            ("--region", "", "'--region <REGION>'"),
            ("--region", "a b", "give its code, such as \"eu-west-1\""),
            ("--profile", "", "'--profile <PROFILE>'"),
            ("--state", "", "'--state <DIR>'"),
        ] {
            let mut arguments = vec![command, flag, value];
            if flag != "--endpoint-url" {
                arguments.extend(["--endpoint-url", endpoint]);
            }
            assert_refused(home.run(&arguments), said);
        }
    }
    assert!(!home.path().join(".meshctl").exists());
}

#[test]
fn a_variable_that_can_be_nothing_is_refused() {
    let home = Home::new();
    for (name, value, said) in [
        ("AWS_REGION", "a b", "\"a b\", where the calls would go, is not an AWS region"),
        ("AWS_ENDPOINT_URL", "nonsense", "AWS_ENDPOINT_URL is \"nonsense\", which is no URL"),
        ("AWS_ENDPOINT_URL_EC2", "x y", "AWS_ENDPOINT_URL_EC2 is \"x y\", which is no URL"),
    ] {
        let mut plan = home.command(&["plan"]);
        plan.env("AWS_REGION", "eu-west-1").env("AWS_ACCESS_KEY_ID", "test");
        plan.env("AWS_SECRET_ACCESS_KEY", "test").env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
        assert_refused(Ran::of(plan.env(name, value)), said);
    }
    home.write("aws", "[default]\nregion = eu-west-1\nendpoint_url = nonsense\n");
    let mut plan = home.command(&["plan"]);
    plan.env("AWS_CONFIG_FILE", home.path().join("aws")).env("AWS_ACCESS_KEY_ID", "test");
    let ran = Ran::of(plan.env("AWS_SECRET_ACCESS_KEY", "test"));
    assert_refused(ran, "the profile's endpoint_url is \"nonsense\", which is no URL");
}

#[test]
fn an_empty_variable_is_an_absent_one() {
    let (home, served) = (Home::new(), Served::start(&["--speed", "max"]));
    let url = format!("http://{}", served.address);
    let plan = |names: &[&str], arguments: &[&str]| {
        let mut plan = home.command(&[&["plan"], arguments].concat());
        plan.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        names.iter().for_each(|name| {
            plan.env(name, "");
        });
        Ran::of(&mut plan)
    };
    let here = ["--endpoint-url", &url, "--speed", "10000", "--region", "eu-west-1"];
    let expected = plan(&[], &here).ends(0).stdout;
    let names = [
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_CONFIG_FILE",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_EC2",
        "AWS_CA_BUNDLE",
        "AWS_MAX_ATTEMPTS",
        "MESHCTL_LOG",
    ];
    for name in names {
        let ran = plan(&[name], &here).ends(0);
        assert_eq!((ran.stdout, ran.stderr), (expected.clone(), plan(&[], &here).stderr), "{name}");
    }
    assert_eq!(plan(&names, &here).ends(0).stdout, expected);
    assert_refused(plan(&names, &here[..4]), "no AWS region is set");

    // The embedded AWS needs none of them, and a command line keeps its order and its quotes.
    let mut local = home.command(&["plan", "--local", "--stack", "with-a-name"]);
    let local = Ran::of(local.env("AWS_REGION", "").env("MESHCTL_LOG", "")).ends(0);
    assert!(local.stdout.contains("118 to create"), "{}", local.stdout);
}

#[test]
fn what_aws_would_refuse_is_refused_with_its_place_and_a_remedy() {
    let home = Home::new();
    let namespace = format!("{}.{}", "a".repeat(60), "b".repeat(60));
    home.edit(
        "kind = \"auto\"",
        &format!("kind = \"service-connect\"\nnamespace = \"{namespace}\""),
    );
    home.edit("stage = \"default\"", "stage = \"test-invoke-stage\"");
    let blocks: Vec<_> = (0..200).map(|i| format!("\"10.9.{i}.0/24\"")).collect();
    home.edit("[\"0.0.0.0/0\"]", &format!("[{}]", blocks.join(", ")));
    home.edit("cidr = \"10.1.96.0/20\"", "cidr = \"127.1.96.0/20\"");
    home.edit("# team = \"platform\"", "Team = \"a\"\nteam = \"b\"\nname = \"c\"");
    let text = std::fs::read_to_string(home.path().join("meshctl.toml")).expect("a text");
    let large = "x".repeat(70_000);
    home.write("meshctl.toml", &format!("{text}\n[service.environment]\nBLOB = \"{large}\"\n"));
    let plan = home.local(&["plan"]).ends(2);
    assert_snapshot!(plan.stderr, @r#"
    error: meshctl.toml: eight faults
      line 22: tags.team is "Team" to IAM, which knows no case; keep one of the two
      line 23: tags.name is `Name` to IAM, which knows no case, and meshctl sets that; choose another key
      line 35: network.allowed_cidrs has 200 blocks, and a security group takes 60 rules; keep 60, or give fewer and larger ones
      line 47: network.consumer.cidr = "127.1.96.0/20" cannot be a VPC's: 127.0.0.0/8 is for a host's own loopback; give a private block, such as one of 10.0.0.0/8
      line 63: api.stage = "test-invoke-stage" is the stage of API Gateway's own test calls; give the stage another name
      line 76: service "nodejs".name has 128 characters with the namespace, and Service Connect takes 127 in a client alias; shorten it, or mesh.namespace
      line 84: service "crystal".name has 129 characters with the namespace, and Service Connect takes 127 in a client alias; shorten it, or mesh.namespace
      line 110: service "crystal".environment comes to 70027 bytes of JSON, and a task definition holds 65536 in all; keep it under 57344: what is large belongs into the image, or into a store that the container reads
    "#);
    for command in ["up", "doctor"] {
        assert_eq!(home.local(&[command]).ends(2).stderr, plan.stderr, "{command}");
    }
    assert!(!home.path().join(".meshctl").exists());
}

#[test]
fn an_alias_that_service_connect_refuses_is_refused_where_the_account_decides() {
    let home = Home::new();
    let namespace = format!("{}.{}", "a".repeat(60), "b".repeat(60));
    home.edit("kind = \"auto\"", &format!("kind = \"auto\"\nnamespace = \"{namespace}\""));
    home.local(&["plan"]).ends(0);
    let other = Home::new();
    other.edit("kind = \"auto\"", &format!("kind = \"auto\"\nnamespace = \"{namespace}\""));
    for command in ["plan", "up", "doctor"] {
        let ran = other.local(&[command, "--without", "app-mesh"]).ends(2);
        let said = "service \"crystal\".name has 129 characters with the namespace, and Service \
                    Connect takes 127 in a client alias; shorten it, or mesh.namespace";
        assert!(ran.stderr.contains(said), "{command}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{command}");
    }
}

#[test]
fn sixty_one_services_of_the_api_are_refused_and_sixty_one_of_the_mesh_are_not() {
    let home = Home::new();
    let more = |expose: &str| {
        let service = |i| {
            format!(
                "[[service]]\nname = \"s{i}\"\nimage = \"a:1\"\nexpose = {expose:?}\n\
                 mesh_port = {}\n",
                4000 + i
            )
        };
        format!("{DEMO}\n{}", (0..58).map(service).collect::<String>())
    };
    home.write("meshctl.toml", &more("api"));
    for command in ["plan", "up", "doctor"] {
        let ran = home.local(&[command]).ends(2);
        let said = "service \"s48\".expose = \"api\" is one of 60 in the API, each a listener of the \
                    internal load balancer, which takes 50; set expose = \"mesh\" on 10 of them";
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        assert!(ran.stderr.contains("meshctl.toml: one fault\n  line "), "{}", ran.stderr);
    }
    home.write("meshctl.toml", &more("mesh"));
    home.local(&["plan"]).ends(0);
}

#[test]
fn services_that_are_called_as_parts_of_ours_come_up_and_go() {
    let names = ["load-balancer", "consumer", "vpc-link", "endpoint", "envoy", "envoy-envoy"];
    for (mesh, link) in [("app-mesh", "v1"), ("service-connect", "v2")] {
        let home = Home::new();
        let service = |(i, name): (usize, &&str)| {
            let expose = if i % 2 == 0 { "api" } else { "mesh" };
            format!(
                "[[service]]\nname = {name:?}\nimage = \"a:1\"\nexpose = {expose:?}\n\
                 mesh_port = {}\n",
                4000 + i
            )
        };
        let services: String = names.iter().enumerate().map(service).collect();
        // The longest environment that we take is one that ECS takes.
        let longest = "x".repeat(57_300);
        let longest = format!("[service.environment]\nBLOB = \"{longest}\"\n");
        home.write("meshctl.toml", &format!("{DEMO}\n{services}{longest}"));
        home.edit("kind = \"auto\"", &format!("kind = {mesh:?}"));
        home.edit("stage = \"default\"", &format!("stage = \"default\"\nvpc_link = {link:?}"));
        home.local(&["up"]).ends(0);
        home.local(&["plan", "--check"]).ends(0);
        assert_eq!(home.account().count("ecs", "Service"), 4 + names.len());
        home.local(&["down"]).ends(0);
        assert!(home.account().is_empty());
    }
}

#[test]
fn a_state_that_no_entry_can_follow_is_told_in_a_sentence() {
    let (home, served) = (Home::new(), Served::start(&["--speed", "max"]));
    home.on(&served, "10000", &["up"], &[]).ends(0);
    let there = resources(&served);
    let directory = home.path().join(".meshctl/servicemesh-demo");
    std::fs::remove_file(directory.join("journal.jsonl")).expect("a journal");
    let snapshot = format!(
        "{{\"version\":1,\"serial\":{},\"stack\":\"servicemesh-demo\",\"account\":\"\",\
         \"region\":\"\",\"records\":{{}},\"choices\":{{}}}}",
        u64::MAX
    );
    std::fs::write(directory.join("snapshot.json"), snapshot).expect("a snapshot");
    for command in ["plan", "up", "down", "status"] {
        let ran = home.on(&served, "10000", &[command], &[]);
        assert_refused(ran, "its serial number is the largest there is, so no entry can follow");
    }
    assert_eq!(resources(&served), there);
    home.on(&served, "10000", &["adopt"], &[]).ends(0);
    home.on(&served, "10000", &["plan", "--check"], &[]).ends(0);
}
