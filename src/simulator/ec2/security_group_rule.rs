//! Security group rules.

use super::{
    Tag, describe::Describe, id, invalid, ip_permission, missing, security_group, shape, tags,
    unknown as no_such, yes,
};
use crate::simulator::{
    account::{Account, Answer, Millis},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A rule as EC2 describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SecurityGroupRule {
    /// `sgr-…`
    pub security_group_rule_id: String,
    /// Its ARN.
    pub security_group_rule_arn: String,
    /// Its group.
    pub group_id: String,
    /// The account.
    pub group_owner_id: String,
    /// Which way.
    pub is_egress: bool,
    /// `tcp`, `udp`, `icmp`, `-1` for all.
    pub ip_protocol: String,
    /// -1 for all.
    pub from_port: i64,
    /// -1 for all.
    pub to_port: i64,
    /// A peer.
    pub cidr_ipv4: Option<String>,
    /// A peer.
    pub cidr_ipv6: Option<String>,
    /// A peer.
    pub prefix_list_id: Option<String>,
    /// A peer.
    pub referenced_group_info: Option<ReferencedGroup>,
    /// For people.
    pub description: Option<String>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Whether it came with its group.
    #[serde(rename = "_by_default")]
    pub by_default: bool,
}

/// A group as a peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReferencedGroup {
    /// `sg-…`
    pub group_id: String,
    /// The account.
    pub user_id: String,
}

/// Which packets a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Which way.
    pub egress: bool,
    /// `tcp`, `udp`, `icmp`, `-1` for all.
    pub ip_protocol: String,
    /// -1 for all.
    pub from_port: i64,
    /// -1 for all.
    pub to_port: i64,
}

/// Where they come from or go to: one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// Addresses.
    pub cidr_ipv4: Option<String>,
    /// Addresses.
    pub cidr_ipv6: Option<String>,
    /// Addresses.
    pub prefix_list_id: Option<String>,
    /// Whatever is in a group.
    pub referenced_group_id: Option<String>,
    /// No part of the rule's identity.
    pub description: Option<String>,
}

impl Traffic {
    /// Protocols may come as numbers; one that is for all has no ports.
    pub fn new(egress: bool, protocol: &str, from: Option<i64>, to: Option<i64>) -> Self {
        let ip_protocol = match protocol.to_ascii_lowercase().as_str() {
            "6" => "tcp".into(),
            "17" => "udp".into(),
            "1" => "icmp".into(),
            "all" => "-1".into(),
            other => other.to_owned(),
        };
        let ports = if ip_protocol == "-1" { None } else { from.zip(to) };
        let (from_port, to_port) = ports.unwrap_or((-1, -1));
        Self { egress, ip_protocol, from_port, to_port }
    }

    /// All of it.
    pub fn all(egress: bool) -> Self {
        Self::new(egress, "-1", None, None)
    }
}

impl Peer {
    fn text(&self) -> &str {
        let all = [&self.cidr_ipv4, &self.cidr_ipv6, &self.prefix_list_id];
        let all = all.into_iter().chain([&self.referenced_group_id]);
        all.flatten().next().map_or("", String::as_str)
    }
}

impl SecurityGroupRule {
    /// Which packets it is about.
    pub fn traffic(&self) -> Traffic {
        Traffic {
            egress: self.is_egress,
            ip_protocol: self.ip_protocol.clone(),
            from_port: self.from_port,
            to_port: self.to_port,
        }
    }

    /// Adds one to a group.
    pub fn make(
        account: &mut Account,
        group_id: &str,
        traffic: &Traffic,
        peer: Peer,
        (region, visible): (&str, Millis),
        by_default: bool,
    ) -> Self {
        let rule_id = id(account, "sgr");
        let user_id = account.id.clone();
        let rule = Self {
            security_group_rule_arn: format!(
                "arn:aws:ec2:{region}:{user_id}:security-group-rule/{rule_id}"
            ),
            security_group_rule_id: rule_id.clone(),
            group_id: group_id.into(),
            group_owner_id: user_id.clone(),
            is_egress: traffic.egress,
            ip_protocol: traffic.ip_protocol.clone(),
            from_port: traffic.from_port,
            to_port: traffic.to_port,
            cidr_ipv4: peer.cidr_ipv4,
            cidr_ipv6: peer.cidr_ipv6,
            prefix_list_id: peer.prefix_list_id,
            referenced_group_info: peer
                .referenced_group_id
                .map(|group_id| ReferencedGroup { group_id, user_id }),
            description: peer.description,
            tags: Vec::new(),
            by_default,
        };
        let made = account.now;
        account.ec2.security_group_rules.insert(rule_id, rule.clone(), made, visible);
        rule
    }

    fn is(&self, traffic: &Traffic, peer: &Peer) -> bool {
        let group = self.referenced_group_info.as_ref().map(|info| &info.group_id);
        self.traffic() == *traffic
            && self.cidr_ipv4 == peer.cidr_ipv4
            && self.cidr_ipv6 == peer.cidr_ipv6
            && self.prefix_list_id == peer.prefix_list_id
            && group == peer.referenced_group_id.as_ref()
    }
}

/// Whether a rule of another group names this group.
pub(super) fn names(account: &Account, group_id: &str) -> bool {
    account.ec2.security_group_rules.all().any(|(_, rule)| {
        let peer = rule.referenced_group_info.as_ref();
        rule.group_id != group_id && peer.is_some_and(|peer| peer.group_id == group_id)
    })
}

/// `AuthorizeSecurityGroupIngress` and `…Egress`: all of the rules, or none.
pub fn authorize(account: &mut Account, call: &Call, egress: bool) -> Answer {
    let group_id = call.input.text("GroupId").ok_or_else(|| missing("GroupId"))?;
    let group_id = security_group::find(account, group_id)?.group_id.clone();
    let wanted = ip_permission::rules_in(&call.input, egress);
    if wanted.is_empty() {
        return Err(missing("ipProtocol"));
    }
    for (index, (traffic, peer)) in wanted.iter().enumerate() {
        check(account, traffic, peer)?;
        let twice = wanted[..index].iter().any(|(other, from)| {
            other == traffic && Peer { description: None, ..from.clone() }.text() == peer.text()
        });
        if twice {
            return Err(invalid("The same permission must not appear multiple times"));
        }
        let mut there = of_group(account, &group_id);
        if there.any(|rule| rule.is(traffic, peer)) {
            return Err(duplicate(traffic, peer));
        }
    }
    let there = of_group(account, &group_id).filter(|rule| rule.is_egress == egress).count();
    if there + wanted.len() > account.quotas.rules_per_security_group {
        let message = "The maximum number of rules per security group has been reached.";
        return Err(ApiError::new("RulesPerSecurityGroupLimitExceeded", message));
    }
    let tags = tags::specified(&call.input, "security-group-rule");
    let visible = account.visible_at();
    let mut rules = Vec::new();
    for (traffic, peer) in wanted {
        let place = (&*call.region, visible);
        let mut rule = SecurityGroupRule::make(account, &group_id, &traffic, peer, place, false);
        rule.tags = tags.clone();
        let id = &rule.security_group_rule_id;
        if let Some(kept) = account.ec2.security_group_rules.known_mut(id) {
            kept.tags = tags.clone();
        }
        rules.push(shape(&rule));
    }
    Ok(json!({ "Return": true, "SecurityGroupRules": rules }))
}

/// `RevokeSecurityGroupIngress` and `…Egress`: by ID, or by what the rules say.
pub fn revoke(account: &mut Account, call: &Call, egress: bool) -> Answer {
    let group_id = call.input.text("GroupId").ok_or_else(|| missing("GroupId"))?;
    let group_id = security_group::find(account, group_id)?.group_id.clone();
    let mut gone = Vec::new();
    for rule_id in call.input.texts("SecurityGroupRuleIds") {
        let rule = account.ec2.security_group_rules.get(rule_id, account.now);
        let ours = rule.filter(|rule| rule.group_id == group_id && rule.is_egress == egress);
        gone.push(ours.ok_or_else(|| unknown(rule_id))?.security_group_rule_id.clone());
    }
    for (traffic, peer) in ip_permission::rules_in(&call.input, egress) {
        let rule = of_group(account, &group_id).find(|rule| rule.is(&traffic, &peer));
        let rule = rule.ok_or_else(|| {
            let message = "The specified rule does not exist in this security group.";
            ApiError::new("InvalidPermission.NotFound", message)
        })?;
        gone.push(rule.security_group_rule_id.clone());
    }
    for rule_id in gone {
        account.ec2.security_group_rules.remove(&rule_id);
    }
    yes()
}

/// `DescribeSecurityGroupRules`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let describe = Describe {
        list: "SecurityGroupRules",
        ids: "SecurityGroupRuleIds",
        id: "SecurityGroupRuleId",
        unknown,
        filters: "Filters",
        special: &[],
    };
    describe.answer(&call.input, account.ec2.security_group_rules.visible(account.now).map(shape))
}

/// `ModifySecurityGroupRules`: in place, and the kind of peer stays as it is.
pub fn modify(account: &mut Account, call: &Call) -> Answer {
    let group_id = call.input.text_or_empty("GroupId");
    let group_id = security_group::find(account, group_id)?.group_id.clone();
    for update in call.input.list("SecurityGroupRules") {
        let rule_id = update.text_or_empty("SecurityGroupRuleId");
        let rule = account.ec2.security_group_rules.get(rule_id, account.now);
        let rule = rule.filter(|rule| rule.group_id == group_id);
        let egress = rule.ok_or_else(|| unknown(rule_id))?.is_egress;
        let request = update.get("SecurityGroupRule").unwrap_or(&Value::Null);
        let traffic = Traffic::new(
            egress,
            request.text("IpProtocol").unwrap_or("-1"),
            request.int("FromPort"),
            request.int("ToPort"),
        );
        let own = |member: &str| request.text(member).map(String::from);
        let peer = Peer {
            cidr_ipv4: own("CidrIpv4"),
            cidr_ipv6: own("CidrIpv6"),
            prefix_list_id: own("PrefixListId"),
            referenced_group_id: own("ReferencedGroupId"),
            description: own("Description"),
        };
        check(account, &traffic, &peer)?;
        let others = || of_group(account, &group_id);
        if others().any(|it| it.security_group_rule_id != rule_id && it.is(&traffic, &peer)) {
            return Err(duplicate(&traffic, &peer));
        }
        let user_id = account.id.clone();
        let now = account.now;
        let rule = account.ec2.security_group_rules.get_mut(rule_id, now);
        let rule = rule.ok_or_else(|| unknown(rule_id))?;
        let kind = |rule: &SecurityGroupRule| {
            [rule.cidr_ipv4.is_some(), rule.cidr_ipv6.is_some(), rule.prefix_list_id.is_some()]
        };
        let before = kind(rule);
        if before != [&peer.cidr_ipv4, &peer.cidr_ipv6, &peer.prefix_list_id].map(|it| it.is_some())
        {
            return Err(invalid("You may not change the type of a rule's source or destination."));
        }
        rule.ip_protocol = traffic.ip_protocol;
        rule.from_port = traffic.from_port;
        rule.to_port = traffic.to_port;
        rule.cidr_ipv4 = peer.cidr_ipv4;
        rule.cidr_ipv6 = peer.cidr_ipv6;
        rule.prefix_list_id = peer.prefix_list_id;
        let group = peer.referenced_group_id;
        rule.referenced_group_info = group.map(|group_id| ReferencedGroup { group_id, user_id });
        rule.description = peer.description;
    }
    yes()
}

/// What no rule can be.
fn check(account: &Account, traffic: &Traffic, peer: &Peer) -> Result<(), ApiError> {
    if let Some(group_id) = &peer.referenced_group_id {
        security_group::find(account, group_id)?;
    }
    if let Some(cidr) = &peer.cidr_ipv4 {
        let range: Result<ipnet::Ipv4Net, _> = cidr.parse();
        if !range.is_ok_and(|range| range.trunc() == range) {
            return Err(invalid(format!("CIDR block {cidr} is malformed")));
        }
    }
    let ports = [traffic.from_port, traffic.to_port];
    let numbered = matches!(&*traffic.ip_protocol, "tcp" | "udp");
    if numbered && (ports.iter().any(|port| !(0..=65535).contains(port)) || ports[0] > ports[1]) {
        let [from, to] = ports;
        let message = format!("Invalid TCP/UDP port range ({from}:{to})");
        return Err(invalid(message));
    }
    Ok(())
}

fn of_group<'a>(account: &'a Account, id: &str) -> impl Iterator<Item = &'a SecurityGroupRule> {
    let rules = account.ec2.security_group_rules.all().map(|(_, rule)| rule);
    rules.filter(move |rule| rule.group_id == id)
}

fn duplicate(traffic: &Traffic, peer: &Peer) -> ApiError {
    let protocol = match &*traffic.ip_protocol {
        "-1" => "ALL".into(),
        other => other.to_ascii_uppercase(),
    };
    let ports = match traffic.from_port {
        -1 => String::new(),
        from => format!(", from port: {from}, to port: {}", traffic.to_port),
    };
    let message = format!(
        "the specified rule \"peer: {}, {protocol}{ports}, ALLOW\" already exists",
        peer.text()
    );
    ApiError::new("InvalidPermission.Duplicate", message)
}

fn unknown(id: &str) -> ApiError {
    no_such("InvalidSecurityGroupRuleId.NotFound", "security group rule ID", id)
}
