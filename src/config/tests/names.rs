//! Names, accounts, and tags.

use super::*;

#[test]
fn a_stack_must_fit_into_every_name() {
    refused(&[
        (
            top("stack = \"a\""),
            "line 1: stack = \"a\" cannot be in the name of every resource; use 2 to 32 \
             small letters, digits, and hyphens, a letter first and no hyphen last",
        ),
        (
            top("stack = \"Shop\""),
            "line 1: stack = \"Shop\" cannot be in the name of every resource; use 2 to 32 \
             small letters, digits, and hyphens, a letter first and no hyphen last",
        ),
        (
            top("stack = \"shop-\""),
            "line 1: stack = \"shop-\" cannot be in the name of every resource; use 2 to 32 \
             small letters, digits, and hyphens, a letter first and no hyphen last",
        ),
        (
            top("stack = \"1shop\""),
            "line 1: stack = \"1shop\" cannot be in the name of every resource; use 2 to 32 \
             small letters, digits, and hyphens, a letter first and no hyphen last",
        ),
        (
            top("stack = \"shop_1\""),
            "line 1: stack = \"shop_1\" cannot be in the name of every resource; use 2 to 32 \
             small letters, digits, and hyphens, a letter first and no hyphen last",
        ),
        (
            top("stack = \"internal-shop\""),
            "line 1: stack = \"internal-shop\" makes names that AWS refuses for load \
             balancers; let it begin with another word",
        ),
        (
            top("stack = \"sg-shop\""),
            "line 1: stack = \"sg-shop\" makes names that AWS refuses for security groups; \
             let it begin with another word",
        ),
        (
            top("stack = \"sg\""),
            "line 1: stack = \"sg\" makes names that AWS refuses for security groups; let it \
             begin with another word",
        ),
    ]);
}

#[test]
fn an_account_has_twelve_digits() {
    refused(&[(
        top("allowed_accounts = [\"123456789012\", \"1234-5678-9012\"]"),
        "line 1: allowed_accounts = \"1234-5678-9012\" is not an AWS account; give its \
             12 digits, in quotes and without hyphens",
    )]);
}

#[test]
fn a_boundary_is_a_policy() {
    for wrong in ["meshctl-boundary", "arn:aws:iam::111122223333:role/a", "arn:aws:iam::1:policy/"]
    {
        let said = format!(
            "line 1: permissions_boundary = \"{wrong}\" is not the ARN of an IAM policy; give one \
             such as \"arn:aws:iam::111122223333:policy/meshctl-boundary\""
        );
        refused(&[(top(&format!("permissions_boundary = \"{wrong}\"")), &said)]);
    }
}

#[test]
fn a_region_has_its_form() {
    refused(&[
        (
            top("region = \"ireland\""),
            "line 1: region = \"ireland\" is not an AWS region; give its code, such as \
             \"eu-west-1\"",
        ),
        (
            top("region = \"eu-west\""),
            "line 1: region = \"eu-west\" is not an AWS region; give its code, such as \
             \"eu-west-1\"",
        ),
        (
            top("region = \"eu-west-1a\""),
            "line 1: region = \"eu-west-1a\" is not an AWS region; give its code, such as \
             \"eu-west-1\"",
        ),
        (
            top("region = \"EU-WEST-1\""),
            "line 1: region = \"EU-WEST-1\" is not an AWS region; give its code, such as \
             \"eu-west-1\"",
        ),
    ]);
}

#[test]
fn a_tag_is_what_aws_takes_and_not_ours() {
    refused(&[
        (
            top("tags = { \"AWS:x\" = \"a\" }"),
            "line 1: tags.\"AWS:x\" has a prefix that is AWS's own; choose another key",
        ),
        (
            top("tags = { \"meshctl:x\" = \"a\" }"),
            "line 1: tags.\"meshctl:x\" is a tag that meshctl sets; choose another key: \
             meshctl finds its resources by this one",
        ),
        (
            top("tags = { Name = \"a\" }"),
            "line 1: tags.Name is a tag that meshctl sets; choose another key: meshctl finds \
             its resources by this one",
        ),
        (
            top("tags = { \"\" = \"a\" }"),
            "line 1: tags.\"\" is not 1 to 128 characters long; choose another key",
        ),
        (
            top("tags = { a = \"b;c\" }"),
            "line 1: tags.a = \"b;c\" has characters that not all of AWS takes in tags; use \
             letters, digits, spaces, and + - = . _ : / @",
        ),
        (
            top("tags = { \"a#\" = \"b\" }"),
            "line 1: tags.\"a#\" = \"b\" has characters that not all of AWS takes in tags; \
             use letters, digits, spaces, and + - = . _ : / @",
        ),
    ]);
}

#[test]
fn a_namespace_is_a_dns_name() {
    refused(&[
        (
            top("mesh.namespace = \"\""),
            "line 1: mesh.namespace = \"\" is not a DNS name; use words of small letters, \
             digits, and inner hyphens with dots between them, such as \"shop.local\"",
        ),
        (
            top("mesh.namespace = \"Shop.local\""),
            "line 1: mesh.namespace = \"Shop.local\" is not a DNS name; use words of small \
             letters, digits, and inner hyphens with dots between them, such as \
             \"shop.local\"",
        ),
        (
            top("mesh.namespace = \"shop..local\""),
            "line 1: mesh.namespace = \"shop..local\" is not a DNS name; use words of small \
             letters, digits, and inner hyphens with dots between them, such as \
             \"shop.local\"",
        ),
        (
            top("mesh.namespace = \"-shop.local\""),
            "line 1: mesh.namespace = \"-shop.local\" is not a DNS name; use words of small \
             letters, digits, and inner hyphens with dots between them, such as \
             \"shop.local\"",
        ),
    ]);
}

#[test]
fn an_envoy_image_is_an_image() {
    refused(&[
        (
            top("mesh.envoy_image = \"\""),
            "line 1: mesh.envoy_image = \"\" is not an image; give registry/repository:tag; \
             only {region} is filled in",
        ),
        (
            top("mesh.envoy_image = \"envoy:{tag}\""),
            "line 1: mesh.envoy_image = \"envoy:{tag}\" is not an image; give \
             registry/repository:tag; only {region} is filled in",
        ),
    ]);
}

#[test]
fn a_stage_is_a_word() {
    refused(&[
        (
            top("api.stage = \"\""),
            "line 1: api.stage = \"\" cannot name a stage; use 1 to 128 letters, digits, \
             hyphens, and underscores",
        ),
        (
            top("api.stage = \"v1/beta\""),
            "line 1: api.stage = \"v1/beta\" cannot name a stage; use 1 to 128 letters, \
             digits, hyphens, and underscores",
        ),
    ]);
}

#[test]
fn a_name_that_is_too_long_is_refused() {
    let long = "a".repeat(64);
    let stack = format!("stack = \"{}\"", &long[..33]);
    assert!(faults(&top(&stack)).contains("cannot be in the name of every resource"));
    assert_eq!(parsed(&top(&format!("stack = \"{}\"", &long[..32]))).stack.len(), 32);

    let stage = format!("api.stage = \"{long}{long}\"");
    assert_eq!(parsed(&top(&stage)).api.stage.len(), 128);
    let stage = format!("api.stage = \"{long}{long}a\"");
    assert!(faults(&top(&stage)).starts_with("line 1: api.stage cannot name a stage;"));

    let namespace = format!("mesh.namespace = \"{}\"", [&long[..63]; 4].join("."));
    assert!(faults(&top(&namespace)).starts_with("line 1: mesh.namespace is not a DNS name;"));
    let namespace = format!("mesh.namespace = \"{long}.local\"");
    assert!(faults(&top(&namespace)).contains("is not a DNS name;"));
}

#[test]
fn tags_are_limited_in_length_and_number() {
    let long = "a".repeat(257);
    assert_eq!(
        faults(&top(&format!("tags.{} = \"\"", &long[..129]))).split_once(" is ").map(|x| x.1),
        Some("not 1 to 128 characters long; choose another key")
    );
    assert_eq!(
        faults(&top(&format!("tags.a = \"{long}\""))),
        "line 1: tags.a has more than 256 characters; shorten its value"
    );
    let tags = |n: usize| (0..n).map(|i| format!("tags.k{i} = \"\"\n")).collect::<String>();
    assert_eq!(parsed(&top(&tags(40))).tags.len(), 40);
    assert_eq!(
        faults(&top(&tags(41))),
        "line 1: tags has 41 tags; keep 40: AWS allows 50, with its own"
    );
}

#[test]
fn tags_do_not_differ_by_case_alone() {
    refused(&[
        (
            top("tags = { Team = \"a\", cost = \"b\", team = \"c\", TEAM = \"d\" }"),
            "line 1: tags.Team is \"TEAM\" to IAM, which knows no case; keep one of the two\n\
             line 1: tags.team is \"Team\" to IAM, which knows no case; keep one of the two",
        ),
        (
            top("tags.É = \"a\"\ntags.é = \"b\"")
                .replace("tags.É", "tags.\"É\"")
                .replace("tags.é", "tags.\"é\""),
            "line 2: tags.\"é\" is \"É\" to IAM, which knows no case; keep one of the two",
        ),
        (
            top("tags.name = \"a\""),
            "line 1: tags.name is `Name` to IAM, which knows no case, and meshctl sets that; choose \
             another key",
        ),
        (
            top("tags.NAME = \"a\""),
            "line 1: tags.NAME is `Name` to IAM, which knows no case, and meshctl sets that; choose \
             another key",
        ),
    ]);
    assert_eq!(parsed(&top("tags = { team = \"a\", names = \"a\" }")).tags.len(), 2);
}

#[test]
fn a_stage_is_not_the_one_of_test_calls() {
    refused(&[(
        top("api.stage = \"test-invoke-stage\""),
        "line 1: api.stage = \"test-invoke-stage\" is the stage of API Gateway's own test calls; \
         give the stage another name",
    )]);
    parsed(&top("api.stage = \"test-invoke\""));
}

#[test]
fn a_region_of_any_partition_is_one() {
    for region in ["eu-west-1", "us-gov-west-1", "us-isob-east-1", "cn-north-1", "eusc-de-east-1"] {
        assert_eq!(parsed(&top(&format!("region = {region:?}"))).region.as_deref(), Some(region));
    }
}
