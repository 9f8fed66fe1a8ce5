//! Blocks of addresses.

use super::*;

#[test]
fn a_block_is_a_network() {
    refused(&[
        (
            top("network.allowed_cidrs = [\"10.0.0.0\"]"),
            "line 1: network.allowed_cidrs = \"10.0.0.0\" is not an IPv4 block; write one \
             such as \"10.0.96.0/20\"",
        ),
        (
            top("network.allowed_cidrs = [\"10.0.0.1/24\", \"::/0\"]"),
            "line 1: network.allowed_cidrs = \"10.0.0.1/24\" has address bits beyond its \
             /24; write \"10.0.0.0/24\"\n\
             line 1: network.allowed_cidrs = \"::/0\" is not an IPv4 block; write one such \
             as \"10.0.96.0/20\"",
        ),
    ]);
}

#[test]
fn somebody_must_be_let_in_and_only_once() {
    refused(&[
        (
            top("network.allowed_cidrs = []"),
            "line 1: network.allowed_cidrs = [] lets nobody in; give your own block, or \
             leave the key out",
        ),
        (
            top("network.allowed_cidrs = [\"10.0.0.0/8\", \"10.0.0.0/8\"]"),
            "line 1: network.allowed_cidrs = \"10.0.0.0/8\" is there twice; take one away",
        ),
    ]);
}

#[test]
fn a_vpc_has_a_size_that_aws_takes() {
    refused(&[
        (
            top("network.provider.cidr = \"10.0.0.0/15\""),
            "line 1: network.provider.cidr = \"10.0.0.0/15\" is not a size that a VPC can \
             have; give a block from /16 to /28",
        ),
        (
            top("network.provider.cidr = \"10.0.0.0/29\""),
            "line 1: network.provider.cidr = \"10.0.0.0/29\" is not a size that a VPC can \
             have; give a block from /16 to /28",
        ),
    ]);
}

#[test]
fn another_vpc_needs_its_own_subnets() {
    refused(&[(
        top("network.provider.cidr = \"10.4.0.0/16\""),
        "line 1: network.provider.public is missing; list 2 subnets of \"10.4.0.0/16\"; \
             the default ones are not in it\n\
             line 1: network.provider.private is missing; list 2 subnets of \"10.4.0.0/16\"; \
             the default ones are not in it",
    )]);
}

#[test]
fn the_vpcs_are_apart() {
    refused(&[
        (
            top("network.consumer.cidr = \"10.0.96.0/20\"\n\
             network.consumer.public = [\"10.0.96.0/24\", \"10.0.97.0/24\"]\n\
             network.consumer.private = [\"10.0.98.0/24\", \"10.0.99.0/24\"]"),
            "line 1: network.consumer.cidr = \"10.0.96.0/20\" overlaps the provider's \
             \"10.0.96.0/20\"; choose another block, so that logs can tell the two sides' \
             addresses apart",
        ),
        (
            top("network.provider.cidr = \"10.1.0.0/16\"\n\
             network.provider.public = [\"10.1.1.0/24\", \"10.1.2.0/24\"]\n\
             network.provider.private = [\"10.1.3.0/24\", \"10.1.4.0/24\"]"),
            "line 1: network.provider.cidr = \"10.1.0.0/16\" overlaps the consumer's \
             \"10.1.96.0/20\"; choose another block, so that logs can tell the two sides' \
             addresses apart",
        ),
    ]);
}

#[test]
fn a_subnet_is_in_its_vpc_large_enough_and_alone() {
    refused(&[
        (
            top("network.provider.public = [\"10.0.104.0/24\", \"10.1.105.0/24\"]"),
            "line 1: network.provider.public = \"10.1.105.0/24\" is outside its VPC, \
             \"10.0.96.0/20\"; choose a block inside",
        ),
        (
            top("network.provider.public = [\"10.0.104.0/24\", \"10.0.105.0/29\"]"),
            "line 1: network.provider.public = \"10.0.105.0/29\" is not a size that a subnet \
             can have; give a block from /16 to /28",
        ),
        (
            top("network.provider.public = [\"10.0.104.0/24\", \"10.0.105.0/28\"]"),
            "line 1: network.provider.public = \"10.0.105.0/28\" is too small for a load \
             balancer; give a /27 or larger",
        ),
        (
            top("network.provider.private = [\"10.0.100.0/24\", \"10.0.101.0/28\"]"),
            "line 1: network.provider.private = \"10.0.101.0/28\" is too small for a load \
             balancer; give a /27 or larger",
        ),
        (
            top("network.provider.public = [\"10.0.104.0/24\", \"10.0.104.128/25\"]"),
            "line 1: network.provider.public = \"10.0.104.128/25\" overlaps \
             \"10.0.104.0/24\"; choose a block of its own",
        ),
        (
            top("network.provider.private = [\"10.0.104.0/24\", \"10.0.101.0/24\"]"),
            "line 1: network.provider.private = \"10.0.104.0/24\" overlaps \
             \"10.0.104.0/24\"; choose a block of its own",
        ),
    ]);
}

#[test]
fn every_zone_has_a_subnet() {
    refused(&[
        (
            top("network.provider.public = [\"10.0.104.0/24\"]"),
            "line 1: network.provider.public = [\"10.0.104.0/24\"] is short of the 2 \
             availability zones; give a subnet for each, or lower network.availability_zones",
        ),
        (
            top("network.availability_zones = 3\n\
             network.consumer.private = [\"10.1.100.0/24\", \"10.1.101.0/24\"]"),
            "line 2: network.consumer.private = [\"10.1.100.0/24\", \"10.1.101.0/24\"] is \
             short of the 3 availability zones; give a subnet for each, or lower \
             network.availability_zones",
        ),
    ]);
}

/// A provider of this block with subnets in it.
fn provider(block: &str) -> String {
    let two = block.rsplitn(3, '.').last().expect("four numbers");
    top(&format!(
        "network.provider.cidr = \"{block}\"\n\
         network.provider.public = [\"{two}.1.0/24\", \"{two}.2.0/24\"]\n\
         network.provider.private = [\"{two}.3.0/24\", \"{two}.4.0/24\"]"
    ))
}

#[test]
fn a_vpc_has_addresses_that_hosts_can_have() {
    for (block, why) in [
        ("0.1.0.0/16", "0.0.0.0/8 is for a host that does not know its address yet"),
        ("127.0.0.0/16", "127.0.0.0/8 is for a host's own loopback"),
        (
            "169.254.0.0/16",
            "169.254.0.0/16 is for link-local addresses, such as those of AWS's metadata",
        ),
        ("224.0.0.0/16", "224.0.0.0/4 is for multicast"),
        ("239.255.0.0/16", "224.0.0.0/4 is for multicast"),
    ] {
        let expected = format!(
            "line 1: network.provider.cidr = \"{block}\" cannot be a VPC's: {why}; give a private \
             block, such as one of 10.0.0.0/8"
        );
        refused(&[(provider(block), &expected)]);
    }
    for block in
        ["100.64.0.0/16", "169.253.0.0/16", "172.31.0.0/16", "198.19.0.0/16", "20.10.0.0/16"]
    {
        parsed(&provider(block));
    }
}

#[test]
fn a_security_group_takes_sixty_blocks() {
    let blocks = |n: usize| {
        let all: Vec<_> = (0..n).map(|i| format!("\"10.{}.{}.0/24\"", i / 256, i % 256)).collect();
        top(&format!("network.allowed_cidrs = [{}]", all.join(", ")))
    };
    assert_eq!(parsed(&blocks(60)).network.allowed_cidrs.len(), 60);
    for n in [61, 200] {
        let expected = format!(
            "line 1: network.allowed_cidrs has {n} blocks, and a security group takes 60 rules; \
             keep 60, or give fewer and larger ones"
        );
        refused(&[(blocks(n), &expected)]);
    }
}
