//! Entries of a network ACL: the one with the lowest number that fits a packet decides.

use super::{done, full, invalid, missing, network_acl};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An entry as EC2 describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Entry {
    /// Once in each way.
    pub rule_number: i64,
    /// A protocol's number; `-1` for all.
    pub protocol: String,
    /// `allow` or `deny`.
    pub rule_action: String,
    /// Which way.
    pub egress: bool,
    /// Whom it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_block: Option<String>,
    /// Whom it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6_cidr_block: Option<String>,
    /// `Code` and `Type`, of ICMP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmp_type_code: Option<Value>,
    /// `From` and `To`, of TCP and UDP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_range: Option<Value>,
}

/// The number of the entry that nobody can change: what nothing lets through is dropped.
const LAST: i64 = 32767;
/// The protocols that have ports.
const WITH_PORTS: [&str; 2] = ["6", "17"];
/// The protocols that have types and codes.
const WITH_TYPES: [&str; 2] = ["1", "58"];

/// The entries of an ACL that a VPC is born with.
pub fn of_default() -> Vec<Entry> {
    let open = |egress| entry(100, egress, "allow");
    let mut entries = vec![open(true), open(false)];
    entries.extend(last());
    entries.sort_by_key(|entry| (!entry.egress, entry.rule_number));
    entries
}

/// The entries of a new one.
pub fn last() -> Vec<Entry> {
    [true, false].map(|egress| entry(LAST, egress, "deny")).into()
}

fn entry(rule_number: i64, egress: bool, action: &str) -> Entry {
    Entry {
        rule_number,
        protocol: "-1".into(),
        rule_action: action.into(),
        egress,
        cidr_block: Some("0.0.0.0/0".into()),
        ipv6_cidr_block: None,
        icmp_type_code: None,
        port_range: None,
    }
}

/// `CreateNetworkAclEntry`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let entry = wanted(&call.input)?;
    let most = account.quotas.entries_per_network_acl;
    let entries = entries(account, call)?;
    if position(entries, &entry).is_some() {
        let message =
            format!("The network acl entry identified by {} already exists.", entry.rule_number);
        return Err(ApiError::new("NetworkAclEntryAlreadyExists", message));
    }
    let same_way = entries.iter().filter(|other| other.egress == entry.egress);
    if same_way.filter(|other| other.rule_number != LAST).count() >= most {
        return Err(full("NetworkAclEntryLimitExceeded", "network ACL entries"));
    }
    entries.push(entry);
    entries.sort_by_key(|entry| (!entry.egress, entry.rule_number));
    done()
}

/// `ReplaceNetworkAclEntry`.
pub fn replace(account: &mut Account, call: &Call) -> Answer {
    let entry = wanted(&call.input)?;
    let entries = entries(account, call)?;
    let at = position(entries, &entry).ok_or_else(|| unknown(entry.rule_number))?;
    entries[at] = entry;
    done()
}

/// `DeleteNetworkAclEntry`.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let number = number(&call.input)?;
    let egress = call.input.flag("Egress").unwrap_or_default();
    let entries = entries(account, call)?;
    let is_named = |entry: &Entry| entry.rule_number == number && entry.egress == egress;
    let at = entries.iter().position(is_named).ok_or_else(|| unknown(number))?;
    entries.remove(at);
    done()
}

/// The entries of the ACL that a call names.
fn entries<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut Vec<Entry>, ApiError> {
    let acl_id = call.input.text_or_empty("NetworkAclId");
    let acl_id = network_acl::find(account, acl_id)?.network_acl_id.clone();
    let acl = account.ec2.network_acls.known_mut(&acl_id);
    acl.map(|acl| &mut acl.entries).ok_or_else(|| invalid(acl_id))
}

fn position(entries: &[Entry], entry: &Entry) -> Option<usize> {
    entries
        .iter()
        .position(|other| other.rule_number == entry.rule_number && other.egress == entry.egress)
}

/// 1 to 32766.
fn number(input: &Value) -> Result<i64, ApiError> {
    let number = input.int("RuleNumber").ok_or_else(|| missing("ruleNumber"))?;
    if (1..LAST).contains(&number) {
        return Ok(number);
    }
    let message = format!("Value ({number}) for parameter ruleNumber is invalid.");
    Err(invalid(message))
}

fn wanted(input: &Value) -> Result<Entry, ApiError> {
    let protocol = protocol(input.text_or_empty("Protocol"))?;
    let range = |member: &str| -> Result<Option<String>, ApiError> {
        let Some(text) = input.text(member) else { return Ok(None) };
        let message = || invalid(format!("The CIDR block {text} is not a valid CIDR."));
        let range: IpNet = text.parse().map_err(|_| message())?;
        let fits = matches!(range, IpNet::V6(_)) == (member == "Ipv6CidrBlock");
        if fits { Ok(Some(range.trunc().to_string())) } else { Err(message()) }
    };
    let (cidr_block, ipv6_cidr_block) = (range("CidrBlock")?, range("Ipv6CidrBlock")?);
    if cidr_block.is_some() == ipv6_cidr_block.is_some() {
        return Err(missing("cidrBlock or ipv6CidrBlock"));
    }
    let given = |member: &str, of: [&str; 2]| {
        input.get(member).filter(|_| of.contains(&&*protocol)).cloned()
    };
    let port_range = given("PortRange", WITH_PORTS);
    let icmp_type_code = given("IcmpTypeCode", WITH_TYPES);
    if WITH_PORTS.contains(&&*protocol) && port_range.is_none() {
        return Err(missing("portRange"));
    }
    Ok(Entry {
        rule_number: number(input)?,
        rule_action: input.text_or_empty("RuleAction").into(),
        egress: input.flag("Egress").unwrap_or_default(),
        protocol,
        cidr_block,
        ipv6_cidr_block,
        icmp_type_code,
        port_range,
    })
}

/// A protocol's number, which is how EC2 shows it.
fn protocol(text: &str) -> Result<String, ApiError> {
    let number = match text.to_ascii_lowercase().as_str() {
        "all" | "-1" => -1,
        "icmp" => 1,
        "tcp" => 6,
        "udp" => 17,
        "icmpv6" => 58,
        other => {
            other.parse().ok().filter(|number| (0..=255).contains(number)).ok_or_else(|| {
                invalid(format!("Invalid value '{text}' for IP protocol. Unknown protocol."))
            })?
        }
    };
    Ok(number.to_string())
}

fn unknown(number: i64) -> ApiError {
    let message = format!("The network acl entry identified by {number} does not exist.");
    ApiError::new("InvalidNetworkAclEntry.NotFound", message)
}
