//! `meshctl policy`: JSON that can be given to IAM as it is, without asking AWS anything.

use crate::home::Home;
use insta::assert_snapshot;
use serde_json::Value;

/// One policy document on stdout.
fn document(stdout: &str) -> Value {
    let document: Value = serde_json::from_str(stdout).expect("one JSON value");
    assert_eq!(document["Version"], "2012-10-17", "{document}");
    document
}

fn arns(document: &Value) -> Vec<String> {
    let statements = document["Statement"].as_array().expect("statements").iter();
    let arns = statements.flat_map(|it| it["Resource"].as_array().expect("resources").clone());
    arns.map(|arn| arn.as_str().expect("an ARN").to_owned()).filter(|arn| arn != "*").collect()
}

#[test]
fn the_boundary_of_the_demonstration() {
    let home = Home::new();
    let place = ["--region", "eu-west-1", "--account", "111122223333"];
    let arguments = [&["policy", "boundary", "--mesh", "app-mesh"][..], &place].concat();
    let ran = home.run(&arguments).ends(0);
    assert_snapshot!(ran.stdout, @r#"
    {
      "Statement": [
        {
          "Action": [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetAuthorizationToken",
            "ecr:GetDownloadUrlForLayer",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
            "logs:FilterLogEvents",
            "logs:GetLogEvents",
            "logs:PutLogEvents"
          ],
          "Effect": "Allow",
          "Resource": [
            "*"
          ]
        },
        {
          "Action": [
            "appmesh:StreamAggregatedResources"
          ],
          "Effect": "Allow",
          "Resource": [
            "arn:aws:appmesh:eu-west-1:111122223333:mesh/servicemesh-demo/virtualNode/*"
          ]
        }
      ],
      "Version": "2012-10-17"
    }
    "#);
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_policy_is_one_document_and_needs_no_aws() {
    let home = Home::new();
    for of in ["up", "down", "status"] {
        let ran = home.run(&["policy", of]).ends(0);
        let document = document(&ran.stdout);
        assert!(arns(&document).iter().all(|arn| arn.starts_with("arn:aws:")), "{document}");
        let ecs = "arn:aws:ecs:*:*:service/servicemesh-demo-*/*".to_owned();
        assert!(arns(&document).contains(&ecs), "{document}");
        let long = ran.stderr.contains("a managed policy holds 6144: --split prints several");
        assert_eq!(long, of == "up", "{}", ran.stderr);

        let split = home.run(&["policy", of, "--split"]).ends(0);
        assert_eq!(split.stderr, "");
        let parts: Vec<Value> = serde_json::from_str(&split.stdout).expect("a list");
        let all: usize = parts.iter().map(|it| it["Statement"].as_array().unwrap().len()).sum();
        assert_eq!(all, document["Statement"].as_array().unwrap().len());
        assert!(parts.iter().all(|part| part.to_string().len() <= 6144));

        // For machines, one line for each document.
        let lines = home.run(&["policy", of, "--output", "json"]).ends(0);
        assert_eq!((lines.json(), lines.stderr.as_str()), (vec![document], ""));
        let lines = home.run(&["policy", of, "--split", "--output", "json"]).ends(0);
        assert_eq!(lines.json(), parts);
    }
    assert!(!home.path().join(".meshctl").exists());
}

#[test]
fn account_and_region_are_the_configuration_s_the_flags_or_the_state_s() {
    let home = Home::new();
    let cluster = |arguments: &[&str]| {
        let arguments = [&["policy", "status"], arguments].concat();
        let document = document(&home.run(&arguments).ends(0).stdout);
        arns(&document).into_iter().find(|arn| arn.contains(":cluster/")).expect("clusters")
    };
    home.edit("# region = \"eu-west-1\"", "region = \"eu-west-1\"");
    home.edit("allowed_accounts = []", "allowed_accounts = [\"111122223333\"]");
    assert_eq!(cluster(&[]), "arn:aws:ecs:eu-west-1:111122223333:cluster/servicemesh-demo*");
    let flags = ["--region", "cn-north-1", "--account", "444455556666", "--stack", "shop"];
    assert_eq!(cluster(&flags), "arn:aws-cn:ecs:cn-north-1:444455556666:cluster/shop*");

    home.edit("allowed_accounts = [\"111122223333\"]", "allowed_accounts = []");
    assert_eq!(cluster(&[]), "arn:aws:ecs:eu-west-1:*:cluster/servicemesh-demo*");
    home.local(&["up"]).ends(0);
    let recorded = "arn:aws:ecs:eu-west-1:000000000000:cluster/servicemesh-demo*";
    assert_eq!(cluster(&["--local"]), recorded);
}

#[test]
fn the_mesh_is_the_configuration_s_the_flag_s_or_the_state_s() {
    let home = Home::new();
    let has_app_mesh = |arguments: &[&str]| {
        let arguments = [&["policy", "status"], arguments].concat();
        home.run(&arguments).ends(0).stdout.contains("appmesh:")
    };
    assert!(!has_app_mesh(&[]), "AWS has ended App Mesh");
    assert!(has_app_mesh(&["--mesh", "app-mesh"]));
    home.run(&["up", "--local", "--speed", "max", "--region", "eu-west-1"]).ends(0);
    assert!(has_app_mesh(&["--local"]), "the stack has it");
    // A stack that moves needs what it has.
    home.edit("kind = \"auto\"", "kind = \"service-connect\"");
    assert!(has_app_mesh(&["--local"]));
    assert!(!has_app_mesh(&["--local", "--mesh", "service-connect"]));
    home.edit("kind = \"service-connect\"", "kind = \"app-mesh\"");
    assert!(has_app_mesh(&[]));
}

#[test]
fn what_is_no_account_and_no_command_is_refused() {
    let home = Home::new();
    for (arguments, said) in [
        (&["policy"][..], "<OF>"),
        (&["policy", "plan"], "[possible values: up, down, status, boundary]"),
        (&["policy", "up", "--account", "1234"], "give twelve digits"),
        (&["policy", "up", "--config", "nowhere.toml"], "nowhere.toml"),
    ] {
        let ran = home.run(arguments).ends(2);
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}
