//! Edits of strangers in the network.

use crate::{
    common::{DEMO, World, without_nat},
    drift::{Edit, Ground, each_is_seen_and_healed, said},
};
use aws_sdk_ec2::types::{
    AttributeBooleanValue, IpPermission, IpRange, SecurityGroupRuleRequest,
    SecurityGroupRuleUpdate, Tag, UserIdGroupPair,
};
use futures_util::FutureExt;
use meshctl::model::Depth;

const PAGES: &str = "provider/security-group/load_balancer";
const TASKS: &str = "provider/security-group/frontend";
const ENDPOINT: &str = "consumer/vpc-endpoint/execute-api";
const PRIVATE: &str = "consumer/route-table/private-a";

fn to(protocol: &str, port: i32, cidr: &str) -> IpPermission {
    let range = IpRange::builder().cidr_ip(cidr).build();
    let permission = IpPermission::builder().ip_protocol(protocol).ip_ranges(range);
    permission.from_port(port).to_port(port).build()
}

async fn let_in(on: &Ground, group: &str, permission: IpPermission) {
    let call = on.cx.ec2().authorize_security_group_ingress().group_id(on.id(group, ""));
    call.ip_permissions(permission).send().await.expect("a rule");
}

async fn let_out(on: &Ground, group: &str, permission: IpPermission) {
    let call = on.cx.ec2().authorize_security_group_egress().group_id(on.id(group, ""));
    call.ip_permissions(permission).send().await.expect("a rule");
}

async fn tag(on: &Ground, id: String, key: &str, value: &str) {
    let tag = Tag::builder().key(key).value(value).build();
    on.cx.ec2().create_tags().resources(id).tags(tag).send().await.expect("a tag");
}

async fn untag(on: &Ground, id: String, key: &str) {
    let tag = Tag::builder().key(key).build();
    on.cx.ec2().delete_tags().resources(id).tags(tag).send().await.expect("no tag");
}

#[tokio::test(start_paused = true)]
async fn what_strangers_do_to_security_groups_is_seen_and_healed() {
    const RULE: &str = "provider/security-group/load_balancer/80/0.0.0.0/0";
    let edits = [
        Edit {
            what: "SSH from everywhere",
            at: PAGES,
            words: "extra ingress rule tcp/22 from 0.0.0.0/0",
            depth: Depth::Listed,
            make: |on| let_in(on, PAGES, to("tcp", 22, "0.0.0.0/0")).boxed_local(),
        },
        Edit {
            what: "everything from everywhere",
            at: TASKS,
            words: "extra ingress rule everything from 0.0.0.0/0",
            depth: Depth::Listed,
            make: |on| let_in(on, TASKS, to("-1", -1, "0.0.0.0/0")).boxed_local(),
        },
        Edit {
            what: "another group",
            at: TASKS,
            words: "extra ingress rule udp/53 from sg-",
            depth: Depth::Listed,
            make: |on| {
                let peer = UserIdGroupPair::builder().group_id(on.id(PAGES, "")).build();
                let permission = IpPermission::builder().ip_protocol("udp");
                let permission = permission.from_port(53).to_port(53).user_id_group_pairs(peer);
                let_in(on, TASKS, permission.build()).boxed_local()
            },
        },
        Edit {
            what: "a way out beside the one that leads everywhere",
            at: TASKS,
            words: "extra egress rule tcp/443 to 10.0.0.0/8",
            depth: Depth::Listed,
            make: |on| let_out(on, TASKS, to("tcp", 443, "10.0.0.0/8")).boxed_local(),
        },
        Edit {
            what: "no way out",
            at: TASKS,
            words: "egress_is_open: false -> true",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let revoke = on.cx.ec2().revoke_security_group_egress();
                    let revoke = revoke.group_id(on.id(TASKS, ""));
                    let revoke = revoke.ip_permissions(to("-1", -1, "0.0.0.0/0"));
                    revoke.send().await.expect("no way out");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "a narrower rule",
            at: RULE,
            words: "cidr_ipv4: \"10.0.0.0/8\" -> \"0.0.0.0/0\"",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let rule = SecurityGroupRuleRequest::builder().ip_protocol("tcp");
                    let rule = rule.from_port(80).to_port(80).cidr_ipv4("10.0.0.0/8").build();
                    let update = SecurityGroupRuleUpdate::builder().security_group_rule(rule);
                    let update = update.security_group_rule_id(on.id(RULE, "rule_id")).build();
                    let modify = on.cx.ec2().modify_security_group_rules();
                    let modify = modify.group_id(on.id(PAGES, "")).security_group_rules(update);
                    modify.send().await.expect("a narrower rule");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "a rule that is gone",
            at: RULE,
            words: "missing",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let revoke = on.cx.ec2().revoke_security_group_ingress();
                    let revoke = revoke.group_id(on.id(PAGES, ""));
                    let revoke = revoke.security_group_rule_ids(on.id(RULE, "rule_id"));
                    revoke.send().await.expect("no rule");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "a rule without its address",
            at: RULE,
            words: "tag meshctl:address: provider/security-group/load_balancer/80/0.0.0.0/0",
            depth: Depth::Listed,
            make: |on| untag(on, on.id(RULE, "rule_id"), "meshctl:address").boxed_local(),
        },
    ];
    each_is_seen_and_healed(DEMO, &edits).await;
}

#[tokio::test(start_paused = true)]
async fn what_strangers_do_to_routes_is_seen_and_healed() {
    let edits = [
        Edit {
            what: "a route of theirs",
            at: PRIVATE,
            words: "extra route to 192.168.0.0/16 through igw-",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let call = on.cx.ec2().create_route().route_table_id(on.id(PRIVATE, ""));
                    let call = call.destination_cidr_block("192.168.0.0/16");
                    let call = call.gateway_id(on.id("consumer/internet-gateway", ""));
                    call.send().await.expect("a route");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "another NAT gateway",
            at: "consumer/route-table/private-a/route",
            words: "nat_gateway_id",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let call = on.cx.ec2().replace_route().route_table_id(on.id(PRIVATE, ""));
                    let call = call.destination_cidr_block("0.0.0.0/0");
                    let call = call.nat_gateway_id(on.id("consumer/nat-gateway/b", ""));
                    call.send().await.expect("another way out");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "an internet gateway in place of the NAT gateway",
            at: "consumer/route-table/private-a/route",
            words: "gateway_id",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let call = on.cx.ec2().replace_route().route_table_id(on.id(PRIVATE, ""));
                    let call = call.destination_cidr_block("0.0.0.0/0");
                    let call = call.gateway_id(on.id("consumer/internet-gateway", ""));
                    call.send().await.expect("another way out");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "a route that is gone",
            at: "consumer/route-table/private-a/route",
            words: "missing",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let call = on.cx.ec2().delete_route().route_table_id(on.id(PRIVATE, ""));
                    let call = call.destination_cidr_block("0.0.0.0/0");
                    call.send().await.expect("no way out");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "a subnet with another table",
            at: "consumer/subnet/private-a/route-table",
            words: "route_table_id",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let association = "consumer/subnet/private-a/route-table";
                    let call = on.cx.ec2().replace_route_table_association();
                    let call = call.association_id(on.id(association, "association_id"));
                    let call = call.route_table_id(on.id("consumer/route-table/public", ""));
                    call.send().await.expect("another table");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "public addresses in a private subnet",
            at: "consumer/subnet/private-a",
            words: "map_public_ip_on_launch: true -> false",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let yes = AttributeBooleanValue::builder().value(true).build();
                    let subnet = on.id("consumer/subnet/private-a", "");
                    let call = on.cx.ec2().modify_subnet_attribute().subnet_id(subnet);
                    call.map_public_ip_on_launch(yes).send().await.expect("public addresses");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "no names in the VPC",
            at: "provider/vpc",
            words: "enable_dns_hostnames: false -> true",
            depth: Depth::Full,
            make: |on| {
                async {
                    let no = AttributeBooleanValue::builder().value(false).build();
                    let call = on.cx.ec2().modify_vpc_attribute();
                    let call = call.vpc_id(on.id("provider/vpc", "")).enable_dns_hostnames(no);
                    call.send().await.expect("no names");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "another name",
            at: "provider/vpc",
            words: "tag Name: servicemesh-demo/provider/vpc",
            depth: Depth::Listed,
            make: |on| tag(on, on.id("provider/vpc", ""), "Name", "theirs").boxed_local(),
        },
        Edit {
            what: "a table without its address",
            at: PRIVATE,
            words: "tag meshctl:address: consumer/route-table/private-a",
            depth: Depth::Listed,
            make: |on| untag(on, on.id(PRIVATE, ""), "meshctl:address").boxed_local(),
        },
        Edit {
            what: "an address without the user's own tag",
            at: "consumer/eip/a",
            words: "tag purpose: demonstration",
            depth: Depth::Full,
            make: |on| untag(on, on.id("consumer/eip/a", ""), "purpose").boxed_local(),
        },
    ];
    each_is_seen_and_healed(&tagged(), &edits).await;
}

/// The demonstration with a tag of the user's own.
fn tagged() -> String {
    let tags = "[tags]";
    assert!(DEMO.contains(tags), "the demonstration has tags");
    DEMO.replacen(tags, &format!("{tags}\npurpose = \"demonstration\""), 1)
}

#[tokio::test(start_paused = true)]
async fn what_strangers_do_to_the_endpoint_is_seen_and_healed() {
    let edits = [
        Edit {
            what: "a policy that denies",
            at: ENDPOINT,
            words: "policy_document",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let call = on.cx.ec2().modify_vpc_endpoint().vpc_endpoint_id(on.id(ENDPOINT, ""));
                    let call = call.policy_document(
                        r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#,
                    );
                    call.send().await.expect("a policy");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "no private names",
            at: ENDPOINT,
            words: "private_dns_enabled: false -> true",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let call =
                        on.cx.ec2().modify_vpc_endpoint().vpc_endpoint_id(on.id(ENDPOINT, ""));
                    call.private_dns_enabled(false).send().await.expect("no names");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "one group more",
            at: ENDPOINT,
            words: "security_group_ids",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let call =
                        on.cx.ec2().modify_vpc_endpoint().vpc_endpoint_id(on.id(ENDPOINT, ""));
                    let group = on.id("consumer/security-group/load_balancer", "");
                    call.add_security_group_ids(group).send().await.expect("a group");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "one subnet fewer",
            at: ENDPOINT,
            words: "subnet_ids",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let call =
                        on.cx.ec2().modify_vpc_endpoint().vpc_endpoint_id(on.id(ENDPOINT, ""));
                    let subnet = on.id("consumer/subnet/private-a", "");
                    call.remove_subnet_ids(subnet).send().await.expect("no subnet");
                }
                .boxed_local()
            },
        },
    ];
    each_is_seen_and_healed(DEMO, &edits).await;
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_says_the_same_in_other_words_is_no_drift() {
    let world = World::new(DEMO);
    let known = world.up().await.done().known;
    let session = world.session().await;
    let endpoint = known.raw(&meshctl::model::Address::new(ENDPOINT)).expect("an endpoint");
    let call = session.cx.ec2().modify_vpc_endpoint();
    let call = call.vpc_endpoint_id(endpoint.as_str().expect("an ID"));
    let call = call.policy_document(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":["*"],"Action":["*"],"Resource":"*"}}"#,
    );
    call.send().await.expect("a policy");
    assert_eq!(said(&world, Depth::Full).await, [] as [String; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_way_out_that_a_table_shall_lose_stays_until_nothing_uses_it() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    world.config = without_nat();
    let heard = said(&world, Depth::Full).await;
    assert!(!heard.iter().any(|line| line.contains("extra route")), "{heard:#?}");
    world.watched(async { drop(world.up().await.done()) }, |_| ()).await;
    assert_eq!(said(&world, Depth::Full).await, [] as [String; 0]);
    // To the internet without a NAT gateway it was never the stack's.
    let session = world.session().await;
    let found = |kind: &'static str| {
        let registry = &session.registry;
        async move { registry.get(kind).expect("a kind").search().await.expect("a search") }
    };
    let table = found("AWS::EC2::RouteTable").await;
    let table = table.iter().find(|it| it.address.as_str() == PRIVATE).expect("a table");
    let gateway = found("AWS::EC2::InternetGateway").await;
    let gateway = gateway.iter().find(|it| it.address.as_str().starts_with("consumer"));
    let gateway = gateway.expect("a gateway").out.as_str().expect("an ID").to_owned();
    let call = session.cx.ec2().create_route().destination_cidr_block("0.0.0.0/0");
    let call = call.route_table_id(table.out.as_str().expect("an ID")).gateway_id(gateway);
    call.send().await.expect("a route");
    let heard = said(&world, Depth::Listed).await;
    assert_eq!(heard.len(), 1, "{heard:#?}");
    assert!(heard[0].contains("extra route to 0.0.0.0/0 through igw-"), "{heard:#?}");
    world.up().await.done();
    assert_eq!(said(&world, Depth::Full).await, [] as [String; 0]);
}
