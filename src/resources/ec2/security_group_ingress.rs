//! Security group rule: one way in. Actions: ec2:AuthorizeSecurityGroupIngress,
//! ec2:DescribeSecurityGroupRules, ec2:ModifySecurityGroupRules, ec2:RevokeSecurityGroupIngress,
//! ec2:CreateTags.

use super::{FILTER_VALUES, filter, retag, security_group::SecurityGroup, tagging};
use crate::resources::prelude::*;
use aws_sdk_ec2::types::{
    self as ec2, IpPermission, IpRange, ResourceType, SecurityGroupRuleRequest,
    SecurityGroupRuleUpdate, UserIdGroupPair,
};

/// The rule, and the group that it opens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecurityGroupIngressId {
    /// `sgr-…`
    pub rule_id: String,
    /// `sg-…`
    pub group_id: String,
}

needs! {
    /// The group, and the group that may come in, if it is one.
    SecurityGroupIngressNeeds gives SecurityGroupIngressValues {
        /// The group that it opens.
        group: Created<SecurityGroup>,
        /// The group that it lets in.
        source_group: Option<Created<SecurityGroup>>,
    }
}

/// Lets a range of addresses, or another group, reach some ports.
#[derive(Serialize)]
pub struct SecurityGroupIngress {
    /// Into which group, and from which.
    pub needs: SecurityGroupIngressNeeds,
    /// `tcp`, `udp`, or `-1` for all.
    pub ip_protocol: String,
    /// The first port; -1 for all.
    pub from_port: i32,
    /// The last port; -1 for all.
    pub to_port: i32,
    /// Who may come in, unless it is a group.
    pub cidr_ipv4: Option<String>,
}

impl SecurityGroupIngress {
    fn permission(&self, source: Option<&str>) -> IpPermission {
        let range = self.cidr_ipv4.as_ref().map(|cidr| IpRange::builder().cidr_ip(cidr).build());
        let group = source.map(|group| UserIdGroupPair::builder().group_id(group).build());
        IpPermission::builder()
            .ip_protocol(&self.ip_protocol)
            .from_port(self.from_port)
            .to_port(self.to_port)
            .set_ip_ranges(range.map(|range| vec![range]))
            .set_user_id_group_pairs(group.map(|group| vec![group]))
            .build()
    }
}

impl SecurityGroupIngressValues {
    fn source(&self) -> Option<&str> {
        self.source_group.as_ref().map(|group| group.0.as_str())
    }
}

impl Resource for SecurityGroupIngress {
    const KIND: Kind = Kind("AWS::EC2::SecurityGroupIngress");
    const REPLACEMENT: Replacement = Replacement::CreateFirst;
    type Needs = SecurityGroupIngressNeeds;
    type Out = SecurityGroupIngressId;
    type Live = ec2::SecurityGroupRule;

    fn needs(&self) -> SecurityGroupIngressNeeds {
        self.needs.clone()
    }

    async fn create(
        &self,
        cx: &Cx,
        needs: &SecurityGroupIngressValues,
    ) -> Result<SecurityGroupIngressId> {
        const OP: &str = "ec2:AuthorizeSecurityGroupIngress";
        let group_id = needs.group.0.clone();
        let call = cx.ec2().authorize_security_group_ingress().group_id(&group_id);
        let call = call.ip_permissions(self.permission(needs.source()));
        let call = call.tag_specifications(cx.tags_for(ResourceType::SecurityGroupRule));
        let made = call.send().await.op(OP)?;
        let id = made.security_group_rules().first().and_then(|it| it.security_group_rule_id());
        let rule_id = id.answered(OP, "securityGroupRuleId")?.into();
        Ok(SecurityGroupIngressId { rule_id, group_id })
    }

    fn drift(&self, live: &ec2::SecurityGroupRule, needs: &SecurityGroupIngressValues) -> Drift {
        let source = live.referenced_group_info().and_then(|info| info.group_id());
        let kind = |group: Option<&str>| if group.is_some() { "group" } else { "addresses" };
        // Rules keep their kind of source; all else about them changes in place.
        Drift::none()
            .fixed("group_id", &needs.group.0, live.group_id())
            .fixed("source", kind(needs.source()), kind(source))
            .mutable("ip_protocol", &self.ip_protocol, live.ip_protocol())
            .mutable("from_port", self.from_port, live.from_port())
            .mutable("to_port", self.to_port, live.to_port())
            .mutable("cidr_ipv4", &self.cidr_ipv4, live.cidr_ipv4())
            .mutable("source_security_group_id", needs.source(), source)
    }

    async fn update(
        &self,
        cx: &Cx,
        id: &SecurityGroupIngressId,
        _: &Drift,
        needs: &SecurityGroupIngressValues,
    ) -> Result<()> {
        let wanted = SecurityGroupRuleRequest::builder()
            .ip_protocol(&self.ip_protocol)
            .from_port(self.from_port)
            .to_port(self.to_port)
            .set_cidr_ipv4(self.cidr_ipv4.clone())
            .set_referenced_group_id(needs.source().map(String::from))
            .build();
        let update = SecurityGroupRuleUpdate::builder().security_group_rule_id(&id.rule_id);
        let update = update.security_group_rule(wanted).build();
        let call = cx.ec2().modify_security_group_rules().group_id(&id.group_id);
        let call = call.security_group_rules(update);
        call.send().await.op("ec2:ModifySecurityGroupRules").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tagging::permissions("AuthorizeSecurityGroupIngress");
        let (group, rule) = ("security-group/*", "security-group-rule/*");
        all.extend([
            Permission::find("ec2:DescribeSecurityGroupRules"),
            Permission::make("ec2:AuthorizeSecurityGroupIngress").on(&[rule]).tagging(),
            Permission::make("ec2:AuthorizeSecurityGroupIngress").on(&[group]).tagged(),
            Permission::make("ec2:ModifySecurityGroupRules").on(&[group, rule]).tagged(),
            Permission::remove("ec2:RevokeSecurityGroupIngress").on(&[group]).tagged(),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<SecurityGroupIngressId>>> {
        let call = cx.ec2().describe_security_group_rules().filters(cx.stack_filter());
        let pages = call.into_paginator().items();
        let all = pages.send().try_collect().await.op("ec2:DescribeSecurityGroupRules")?;
        let found = all.iter().filter(|rule| rule.is_egress() != Some(true)).filter_map(|rule| {
            let rule_id = rule.security_group_rule_id()?.into();
            let id = SecurityGroupIngressId { rule_id, group_id: rule.group_id()?.into() };
            let source = rule.referenced_group_info().and_then(|group| group.group_id());
            Some(cx.owned(tags_of(rule.tags()), id)?.standing_on(source))
        });
        Ok(found.collect())
    }

    async fn read(cx: &Cx, id: &SecurityGroupIngressId) -> Result<Option<ec2::SecurityGroupRule>> {
        let found = cx.load::<SecurityGroupRules>(id.rule_id.clone()).await?;
        Ok(found.map(|rule| (*rule).clone()))
    }

    fn tags(live: &ec2::SecurityGroupRule) -> Option<Tags> {
        Some(tags_of(live.tags()))
    }

    async fn retag(cx: &Cx, id: &SecurityGroupIngressId, changes: &TagChanges) -> Result<()> {
        retag(cx, &id.rule_id, changes).await
    }

    async fn delete(cx: &Cx, id: &SecurityGroupIngressId) -> Result<()> {
        let call = cx.ec2().revoke_security_group_ingress().group_id(&id.group_id);
        let call = call.security_group_rule_ids(&id.rule_id);
        call.send().await.op("ec2:RevokeSecurityGroupIngress").or_absent().map(drop)
    }

    fn id(id: &SecurityGroupIngressId) -> String {
        id.rule_id.clone()
    }
}

/// `DescribeSecurityGroupRules`, for all who ask at once.
struct SecurityGroupRules;

impl Batch for SecurityGroupRules {
    type Key = String;
    type Value = ec2::SecurityGroupRule;
    const MAX: usize = FILTER_VALUES;

    async fn fetch(cx: &Cx, ids: Vec<String>) -> Result<BTreeMap<String, ec2::SecurityGroupRule>> {
        let wanted = filter("security-group-rule-id", ids);
        let pages = cx.ec2().describe_security_group_rules().filters(wanted).into_paginator();
        let all = pages.items().send().try_collect().await.op("ec2:DescribeSecurityGroupRules")?;
        let by_id = all.into_iter();
        Ok(by_id.filter_map(|it| Some((it.security_group_rule_id()?.into(), it))).collect())
    }
}
