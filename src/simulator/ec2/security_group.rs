//! Security groups.

use super::{
    Tag,
    describe::Describe,
    full, id, invalid, ip_permission, missing,
    network_interface::GroupIdentifier,
    security_group_rule::{self, Peer, SecurityGroupRule, Traffic},
    shape, tags, unknown as no_such, vpc,
};
use crate::simulator::{
    account::{Account, Answer, Millis},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A security group as EC2 describes it, but for its rules.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SecurityGroup {
    /// `sg-…`
    pub group_id: String,
    /// Once in a VPC.
    pub group_name: String,
    /// For people.
    pub description: String,
    /// Its VPC.
    pub vpc_id: String,
    /// The account.
    pub owner_id: String,
    /// Its ARN.
    pub security_group_arn: String,
    /// Tags.
    pub tags: Vec<Tag>,
}

impl SecurityGroup {
    /// Whether it is the one that its VPC was born with.
    pub fn is_default(&self) -> bool {
        self.group_name == "default"
    }

    /// Its ID and its name.
    pub fn identifier(&self) -> GroupIdentifier {
        GroupIdentifier { group_id: self.group_id.clone(), group_name: self.group_name.clone() }
    }
}

/// `CreateSecurityGroup`: all the way out is open from the start.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let vpc_id = call.input.text("VpcId").ok_or_else(|| missing("VpcId"))?;
    let vpc_id = vpc::find(account, vpc_id)?.vpc_id.clone();
    let group_name = call.input.text_or_empty("GroupName");
    let description = call.input.text_or_empty("Description");
    check("GroupName", group_name)?;
    check("GroupDescription", description)?;
    if group_name == "default" {
        return Err(invalid("Cannot use reserved security group name: default"));
    }
    if group_name.starts_with("sg-") {
        return Err(invalid(format!("invalid value for parameter GroupName: {group_name}")));
    }
    let groups = || account.ec2.security_groups.all();
    if groups().any(|(_, group)| group.vpc_id == vpc_id && group.group_name == group_name) {
        let message =
            format!("The security group '{group_name}' already exists for VPC '{vpc_id}'");
        return Err(ApiError::new("InvalidGroup.Duplicate", message));
    }
    let there = groups().filter(|(_, group)| group.vpc_id == vpc_id).count();
    if there >= account.quotas.security_groups_per_vpc {
        return Err(full("SecurityGroupLimitExceeded", "security groups"));
    }
    let visible = account.visible_at();
    let texts = (group_name, description);
    let tags = tags::specified(&call.input, "security-group");
    let group = make(account, &vpc_id, texts, tags, (&call.region, visible));
    Ok(json!({
        "GroupId": group.group_id,
        "SecurityGroupArn": group.security_group_arn,
        "Tags": shape(&group)["Tags"],
    }))
}

/// Makes the one that a VPC is born with.
pub(super) fn make_default(account: &mut Account, vpc_id: &str, region: &str, visible: Millis) {
    let texts = ("default", "default VPC security group");
    let group = make(account, vpc_id, texts, Vec::new(), (region, visible));
    let peer = Peer { referenced_group_id: Some(group.group_id.clone()), ..Peer::default() };
    let traffic = Traffic::all(false);
    SecurityGroupRule::make(account, &group.group_id, &traffic, peer, (region, visible), true);
}

fn make(
    account: &mut Account,
    vpc_id: &str,
    (group_name, description): (&str, &str),
    tags: Vec<Tag>,
    (region, visible): (&str, Millis),
) -> SecurityGroup {
    let group_id = id(account, "sg");
    let group = SecurityGroup {
        security_group_arn: format!(
            "arn:aws:ec2:{region}:{}:security-group/{group_id}",
            account.id
        ),
        group_id: group_id.clone(),
        group_name: group_name.into(),
        description: description.into(),
        vpc_id: vpc_id.into(),
        owner_id: account.id.clone(),
        tags,
    };
    let made = account.now;
    account.ec2.security_groups.insert(&group_id, group.clone(), made, visible);
    let peer = Peer { cidr_ipv4: Some("0.0.0.0/0".into()), ..Peer::default() };
    let traffic = Traffic::all(true);
    SecurityGroupRule::make(account, &group_id, &traffic, peer, (region, visible), true);
    group
}

/// Names and descriptions: up to 255 of certain characters.
fn check(member: &str, text: &str) -> Result<(), ApiError> {
    let allowed =
        |letter: char| letter.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(letter);
    if text.is_empty() || text.len() > 255 || !text.chars().all(allowed) {
        let message = format!(
            "Value ({text}) for parameter {member} is invalid. Character sets beyond ASCII are \
             not supported."
        );
        return Err(invalid(message));
    }
    Ok(())
}

/// `DescribeSecurityGroups`.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let by_name = call.input.get("GroupNames").is_some();
    let describe = Describe {
        list: "SecurityGroups",
        ids: if by_name { "GroupNames" } else { "GroupIds" },
        id: if by_name { "GroupName" } else { "GroupId" },
        unknown,
        filters: "Filters",
        special: &[
            ("ip-permission.cidr", "IpPermissions.IpRanges.CidrIp"),
            ("ip-permission.group-id", "IpPermissions.UserIdGroupPairs.GroupId"),
            ("ip-permission.protocol", "IpPermissions.IpProtocol"),
            ("ip-permission.from-port", "IpPermissions.FromPort"),
            ("ip-permission.to-port", "IpPermissions.ToPort"),
            ("egress.ip-permission.cidr", "IpPermissionsEgress.IpRanges.CidrIp"),
            ("egress.ip-permission.group-id", "IpPermissionsEgress.UserIdGroupPairs.GroupId"),
        ],
    };
    let groups = account.ec2.security_groups.visible(account.now);
    describe.answer(&call.input, groups.map(|group| described(account, group)))
}

fn described(account: &Account, group: &SecurityGroup) -> Value {
    let mut shape = shape(group);
    for (member, egress) in [("IpPermissions", false), ("IpPermissionsEgress", true)] {
        let rules = account.ec2.security_group_rules.visible(account.now);
        let ours = rules.filter(|it| it.group_id == group.group_id && it.is_egress == egress);
        shape[member] = ip_permission::of_rules(ours);
    }
    shape
}

/// `DeleteSecurityGroup`: refused while a network interface or another group's rule uses it.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let group_id = call.input.text("GroupId").ok_or_else(|| missing("GroupId"))?;
    let group = find(account, group_id)?.clone();
    let GroupIdentifier { group_id, group_name } = group.identifier();
    if group.is_default() {
        let message = format!(
            "the specified group: \"{group_id}\" name: \"{group_name}\" cannot be deleted by a user"
        );
        return Err(ApiError::new("CannotDelete", message));
    }
    let interfaces = || account.ec2.network_interfaces.all();
    let in_use = interfaces().any(|(_, it)| it.groups.iter().any(|it| it.group_id == group_id));
    if in_use || security_group_rule::names(account, &group_id) {
        let message = format!("resource {group_id} has a dependent object");
        return Err(ApiError::new("DependencyViolation", message));
    }
    remove(account, &group_id);
    Ok(json!({ "Return": true, "GroupId": group_id }))
}

/// Takes a group and its rules away.
pub(super) fn remove(account: &mut Account, group_id: &str) {
    let rules = account.ec2.security_group_rules.all();
    let ours = rules.filter(|(_, rule)| rule.group_id == group_id);
    let ours: Vec<String> = ours.map(|(id, _)| id.clone()).collect();
    for rule in ours {
        account.ec2.security_group_rules.remove(&rule);
    }
    account.ec2.security_groups.remove(group_id);
}

/// A security group that calls can name by now.
pub fn find<'a>(account: &'a Account, id: &str) -> Result<&'a SecurityGroup, ApiError> {
    account.ec2.security_groups.get(id, account.now).ok_or_else(|| unknown(id))
}

/// The one that a VPC was born with.
pub fn default_of<'a>(account: &'a Account, vpc_id: &str) -> Option<&'a SecurityGroup> {
    let mut all = account.ec2.security_groups.all().map(|(_, group)| group);
    all.find(|group| group.vpc_id == vpc_id && group.is_default())
}

fn unknown(id: &str) -> ApiError {
    no_such("InvalidGroup.NotFound", "security group", id)
}
