//! Blocks of addresses.

use crate::config::{Network, Vpc, findings::Findings, keys};
use ipnet::Ipv4Net;
use std::net::Ipv4Addr;

/// What AWS takes as a VPC or a subnet.
const PREFIXES: std::ops::RangeInclusive<u8> = 16..=28;

/// What AWS allows of inbound rules in a security group, unless the account asked for more.
const RULES: usize = 60;

/// Blocks that no VPC can have, and what they are for: hosts do not take such addresses (RFC 1122, 3927
/// and 5771), and AWS answers on 169.254 itself.
const TAKEN: [(Ipv4Net, &str); 4] = [
    (block([0, 0, 0, 0], 8), "a host that does not know its address yet"),
    (block([127, 0, 0, 0], 8), "a host's own loopback"),
    (block([169, 254, 0, 0], 16), "link-local addresses, such as those of AWS's metadata"),
    (block([224, 0, 0, 0], 4), "multicast"),
];

const fn block(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    let [a, b, c, d] = octets;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

/// The smallest subnet in which a load balancer can stand.
const LOAD_BALANCER: u8 = 27;

pub(super) fn check(network: &Network, findings: &mut Findings) {
    allowed(&network.allowed_cidrs, findings);
    vpc("network.provider", &network.provider, network.availability_zones, findings);
    vpc("network.consumer", &network.consumer, network.availability_zones, findings);
    let (provider, consumer) = (network.provider.cidr, network.consumer.cidr);
    if findings.sound("network.provider.cidr")
        && findings.sound("network.consumer.cidr")
        && overlap(provider, consumer)
    {
        // A default may be the one that is in the way: the fault belongs to the key that is there.
        let (path, other) = if findings.given("network.consumer.cidr") {
            ("network.consumer.cidr", format!("the provider's \"{provider}\""))
        } else {
            ("network.provider.cidr", format!("the consumer's \"{consumer}\""))
        };
        let remedy = "choose another block, so that logs can tell the two sides' addresses apart";
        findings.refuse(path, format!("overlaps {other}"), remedy);
    }
}

fn allowed(blocks: &[Ipv4Net], findings: &mut Findings) {
    const PATH: &str = "network.allowed_cidrs";
    if !findings.sound(PATH) {
        return;
    }
    if blocks.len() > RULES {
        let problem =
            format!("has {} blocks, and a security group takes {RULES} rules", blocks.len());
        findings.refuse(PATH, problem, format!("keep {RULES}, or give fewer and larger ones"));
    }
    if blocks.is_empty() {
        findings.refuse(PATH, "lets nobody in", "give your own block, or leave the key out");
    }
    for (index, block) in blocks.iter().enumerate() {
        if blocks[..index].contains(block) {
            findings.refuse(&format!("{PATH}[{index}]"), "is there twice", "take one away");
        }
    }
}

fn vpc(path: &str, vpc: &Vpc, zones: usize, findings: &mut Findings) {
    let cidr = format!("{path}.cidr");
    if findings.sound(&cidr) && !PREFIXES.contains(&vpc.cidr.prefix_len()) {
        findings.refuse(&cidr, "is not a size that a VPC can have", "give a block from /16 to /28");
    }
    let taken = TAKEN.iter().find(|(taken, _)| overlap(*taken, vpc.cidr));
    if let Some((taken, what)) = taken
        && findings.sound(&cidr)
    {
        let problem = format!("cannot be a VPC's: {taken} is for {what}");
        findings.refuse(&cidr, problem, "give a private block, such as one of 10.0.0.0/8");
    }
    if !findings.sound(&cidr) {
        return;
    }
    let mut before: Vec<Ipv4Net> = Vec::new();
    for (key, subnets) in [("public", &vpc.public), ("private", &vpc.private)] {
        let list = format!("{path}.{key}");
        if !findings.sound(&list) {
            continue;
        }
        if !findings.given(&list) && keys::find(&cidr).default_text() != vpc.cidr.to_string() {
            let remedy =
                format!("list {zones} subnets of \"{}\"; the default ones are not in it", vpc.cidr);
            findings.refuse_key(&list, "is missing", remedy);
            continue;
        }
        // The consumer's private subnets have only tasks and an endpoint's interfaces in them.
        let balanced = list != "network.consumer.private";
        for (index, block) in subnets.iter().enumerate() {
            subnet(&format!("{list}[{index}]"), *block, vpc, balanced, &before, findings);
            before.push(*block);
        }
        if subnets.len() < zones {
            let problem = format!("is short of the {zones} availability zones");
            let remedy = "give a subnet for each, or lower network.availability_zones";
            findings.refuse(&list, problem, remedy);
        }
    }
}

fn subnet(
    path: &str,
    block: Ipv4Net,
    vpc: &Vpc,
    balanced: bool,
    before: &[Ipv4Net],
    findings: &mut Findings,
) {
    if !vpc.cidr.contains(&block) {
        let problem = format!("is outside its VPC, \"{}\"", vpc.cidr);
        findings.refuse(path, problem, "choose a block inside");
    } else if !PREFIXES.contains(&block.prefix_len()) {
        let remedy = "give a block from /16 to /28";
        findings.refuse(path, "is not a size that a subnet can have", remedy);
    } else if balanced && block.prefix_len() > LOAD_BALANCER {
        let remedy = format!("give a /{LOAD_BALANCER} or larger");
        findings.refuse(path, "is too small for a load balancer", remedy);
    } else if let Some(other) = before.iter().find(|other| overlap(**other, block)) {
        findings.refuse(path, format!("overlaps \"{other}\""), "choose a block of its own");
    }
}

/// Two blocks either lie one in the other or are apart.
fn overlap(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b) || b.contains(&a)
}
