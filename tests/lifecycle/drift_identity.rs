//! Edits of strangers in roles, log groups and links.

use crate::{
    common::{DEMO, World, linked},
    drift::{Edit, Ground, each_is_seen_and_healed, said},
};
use futures_util::FutureExt;
use meshctl::model::{Address, Depth};

const ROLE: &str = "identity/role/execution";
const LOGS: &str = "consumer/log-group/frontend";

fn role(on: &Ground) -> String {
    on.id(ROLE, "name")
}

async fn limit(on: &Ground, arn: &str) {
    let call = on.cx.iam().put_role_permissions_boundary().role_name(role(on));
    call.permissions_boundary(arn).send().await.expect("a boundary");
}

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

#[tokio::test(start_paused = true)]
async fn what_strangers_do_to_roles_is_seen_and_healed() {
    let edits = [
        Edit {
            what: "sessions of a day",
            at: ROLE,
            words: "max_session_duration: 43200 -> 3600",
            depth: Depth::Full,
            make: |on| {
                async {
                    let call = on.cx.iam().update_role().role_name(role(on));
                    call.max_session_duration(43_200).send().await.expect("longer sessions");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "a policy of its own",
            at: ROLE,
            words: "inline_policies: {\"theirs\":",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let all = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
                        "Action":"*","Resource":"*"}]}"#;
                    let call = on.cx.iam().put_role_policy().role_name(role(on));
                    let call = call.policy_name("theirs").policy_document(all);
                    call.send().await.expect("a policy");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "one policy more",
            at: ROLE,
            words: "managed_policies: [",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let call = on.cx.iam().attach_role_policy().role_name(role(on));
                    let more = "arn:aws:iam::aws:policy/AdministratorAccess";
                    call.policy_arn(more).send().await.expect("a policy");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "another who may be it",
            at: ROLE,
            words: "assume_role_policy: ",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
                        "Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
                    let call = on.cx.iam().update_assume_role_policy().role_name(role(on));
                    call.policy_document(trust).send().await.expect("another trust");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "another boundary",
            at: ROLE,
            words: "permissions_boundary: \"arn:aws:iam::aws:policy/ReadOnlyAccess\" -> ",
            depth: Depth::Listed,
            make: |on| limit(on, READ_ONLY).boxed_local(),
        },
        Edit {
            what: "no boundary",
            at: ROLE,
            words: "permissions_boundary: null -> ",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let call = on.cx.iam().delete_role_permissions_boundary();
                    call.role_name(role(on)).send().await.expect("no boundary");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "a role without its name",
            at: ROLE,
            words: "tag Name: servicemesh-demo/identity/role/execution",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let call = on.cx.iam().untag_role().role_name(role(on));
                    call.tag_keys("Name").send().await.expect("no tag");
                }
                .boxed_local()
            },
        },
    ];
    let boundary = "permissions_boundary = \"arn:aws:iam::123456789012:policy/most\"\n\n[tags]";
    each_is_seen_and_healed(&DEMO.replacen("[tags]", boundary, 1), &edits).await;
}

#[tokio::test(start_paused = true)]
async fn a_boundary_that_the_configuration_does_not_name_is_shown_and_left_alone() {
    let world = World::new(DEMO);
    let known = world.up().await.done().known;
    let session = world.session().await;
    let identity = known.raw(&Address::new(ROLE)).expect("a role");
    let ops = session.registry.get("AWS::IAM::Role").expect("a kind");
    let health = async || {
        let live = ops.read(identity, Depth::Listed).await.expect("an answer").expect("a role");
        ops.health(&live)
    };
    assert_eq!(health().await, None);
    let call = session.cx.iam().put_role_permissions_boundary().permissions_boundary(READ_ONLY);
    let call = call.role_name(identity["name"].as_str().expect("a name"));
    call.send().await.expect("a boundary");
    assert_eq!(said(&world, Depth::Full).await, [] as [String; 0]);
    assert_eq!(world.up_in_full().await.done().calls.mutating, 0);
    assert_eq!(health().await, Some(format!("permissions boundary {READ_ONLY}")));
}

#[tokio::test(start_paused = true)]
async fn what_strangers_do_to_log_groups_is_seen_and_healed() {
    let edits = [
        Edit {
            what: "logs for a week",
            at: LOGS,
            words: "retention_in_days: 7 -> 1",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let call = on.cx.logs().put_retention_policy();
                    let call = call.log_group_name(on.id(LOGS, "name")).retention_in_days(7);
                    call.send().await.expect("a week");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "logs for ever",
            at: LOGS,
            words: "retention_in_days: null -> 1",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let call = on.cx.logs().delete_retention_policy();
                    let call = call.log_group_name(on.id(LOGS, "name"));
                    call.send().await.expect("for ever");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "a group without its address",
            at: LOGS,
            words: "tag meshctl:address: consumer/log-group/frontend",
            depth: Depth::Full,
            make: |on| {
                async {
                    let call = on.cx.logs().untag_resource().resource_arn(on.id(LOGS, "arn"));
                    call.tag_keys("meshctl:address").send().await.expect("no tag");
                }
                .boxed_local()
            },
        },
    ];
    each_is_seen_and_healed(DEMO, &edits).await;
}

#[tokio::test(start_paused = true)]
async fn what_strangers_do_to_a_link_of_the_second_version_is_seen_and_healed() {
    const LINK: &str = "api/vpc-link-v2";
    let edits = [
        Edit {
            what: "another name",
            at: LINK,
            words: "name: \"theirs\" -> \"servicemesh-demo\"",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let call = on.cx.apigatewayv2().update_vpc_link();
                    let call = call.vpc_link_id(on.id(LINK, "id")).name("theirs");
                    call.send().await.expect("another name");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "a link without its address",
            at: LINK,
            words: "tag meshctl:address: api/vpc-link-v2",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let arn =
                        format!("arn:aws:apigateway:eu-west-1::/vpclinks/{}", on.id(LINK, "id"));
                    let call = on.cx.apigatewayv2().untag_resource().resource_arn(arn);
                    call.tag_keys("meshctl:address").send().await.expect("no tag");
                }
                .boxed_local()
            },
        },
    ];
    each_is_seen_and_healed(&linked(), &edits).await;
}
