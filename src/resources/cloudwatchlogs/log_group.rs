//! Log group: what tasks and the API write. Actions: logs:CreateLogGroup, logs:PutRetentionPolicy,
//! logs:DescribeLogGroups, logs:ListTagsForResource, logs:DeleteLogGroup, logs:TagResource,
//! logs:UntagResource.

use crate::resources::prelude::*;
use aws_sdk_cloudwatchlogs::types as logs;
use futures_util::future::try_join_all;
use std::collections::BTreeSet;

/// Which log group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogGroupIdentity {
    /// Unique in the region.
    pub name: String,
    /// Without the `:*` that stands for the streams in it.
    pub arn: String,
}

/// Where log streams are kept, for a while.
#[derive(Serialize)]
pub struct LogGroup {
    /// `/meshctl/{stack}/…`
    pub log_group_name: String,
    /// One of the numbers of days that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, …
    pub retention_days: i32,
}

/// The log group and its tags, which AWS shows one group at a time.
pub struct LiveLogGroup {
    group: logs::LogGroup,
    tags: Option<Tags>,
}

impl Resource for LogGroup {
    const KIND: Kind = Kind("AWS::Logs::LogGroup");
    const SEARCHED_ONE_BY_ONE: bool = true;
    type Needs = ();
    type Out = LogGroupIdentity;
    type Live = LiveLogGroup;

    fn needs(&self) {}

    async fn create(&self, cx: &Cx, _: &()) -> Result<LogGroupIdentity> {
        let call = cx.logs().create_log_group().log_group_name(&self.log_group_name);
        let call = call.set_tags(Some(cx.tags().into_iter().collect()));
        call.send().await.op("logs:CreateLogGroup")?;
        // The answer is empty.
        Ok(identity(cx, &self.log_group_name))
    }

    fn drift(&self, live: &LiveLogGroup, _: &()) -> Drift {
        Drift::none().mutable(
            "retention_in_days",
            self.retention_days,
            live.group.retention_in_days(),
        )
    }

    async fn update(&self, cx: &Cx, group: &LogGroupIdentity, drift: &Drift, _: &()) -> Result<()> {
        if drift.touches("retention_in_days") {
            let call = cx.logs().put_retention_policy().log_group_name(&group.name);
            let call = call.retention_in_days(self.retention_days);
            call.send().await.op("logs:PutRetentionPolicy")?;
        }
        Ok(())
    }

    fn permissions() -> Vec<Permission> {
        const GROUPS: &[&str] = &["log-group:/meshctl/{stack}/*"];
        vec![
            Permission::find("logs:DescribeLogGroups"),
            Permission::find("logs:ListTagsForResource").on(GROUPS),
            Permission::make("logs:CreateLogGroup").on(GROUPS).tagging(),
            Permission::make("logs:PutRetentionPolicy").on(GROUPS),
            Permission::make("logs:TagResource").on(GROUPS),
            Permission::make("logs:UntagResource").on(GROUPS),
            Permission::remove("logs:DeleteLogGroup").on(GROUPS),
        ]
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<LogGroupIdentity>>> {
        let found = beginning_with(cx, &prefix(cx)).await?;
        let found = found.iter().filter_map(logs::LogGroup::log_group_name).map(async |name| {
            let id = identity(cx, name);
            let tags = tags_at(cx, &id.arn).await?;
            Ok(tags.and_then(|tags| cx.owned(tags, id)))
        });
        Ok(try_join_all(found).await?.into_iter().flatten().collect())
    }

    async fn read(cx: &Cx, group: &LogGroupIdentity) -> Result<Option<LiveLogGroup>> {
        let Some(found) = cx.load::<LogGroups>(group.name.clone()).await? else { return Ok(None) };
        let tags = if cx.with_tags() { tags_at(cx, &group.arn).await? } else { None };
        Ok(Some(LiveLogGroup { group: (*found).clone(), tags }))
    }

    fn tags(live: &LiveLogGroup) -> Option<Tags> {
        live.tags.clone()
    }

    async fn retag(cx: &Cx, group: &LogGroupIdentity, changes: &TagChanges) -> Result<()> {
        if !changes.set.is_empty() {
            let call = cx.logs().tag_resource().resource_arn(&group.arn);
            let call = call.set_tags(Some(changes.set.clone().into_iter().collect()));
            call.send().await.op("logs:TagResource")?;
        }
        if !changes.remove.is_empty() {
            let call = cx.logs().untag_resource().resource_arn(&group.arn);
            let call = call.set_tag_keys(Some(changes.remove.clone()));
            call.send().await.op("logs:UntagResource")?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, group: &LogGroupIdentity) -> Result<()> {
        let call = cx.logs().delete_log_group().log_group_name(&group.name);
        call.send().await.op("logs:DeleteLogGroup").or_absent().map(drop)
    }

    fn id(group: &LogGroupIdentity) -> String {
        group.name.clone()
    }
}

/// `DescribeLogGroups`, for all who ask at once: one listing for the stack's groups, and one for
/// each of other names.
struct LogGroups;

impl Batch for LogGroups {
    type Key = String;
    type Value = logs::LogGroup;
    const MAX: usize = usize::MAX;

    async fn fetch(cx: &Cx, names: Vec<String>) -> Result<BTreeMap<String, logs::LogGroup>> {
        let ours = prefix(cx);
        let prefixes = names.iter().map(|name| if name.starts_with(&ours) { &ours } else { name });
        let prefixes: BTreeSet<&String> = prefixes.collect();
        let found = prefixes.into_iter().map(|prefix| beginning_with(cx, prefix));
        let found = try_join_all(found).await?.into_iter().flatten();
        let found = found.filter_map(|group| Some((group.log_group_name()?.to_owned(), group)));
        Ok(found.filter(|(name, _)| names.contains(name)).collect())
    }
}

/// All groups whose name begins with this text.
async fn beginning_with(cx: &Cx, prefix: &str) -> Result<Vec<logs::LogGroup>> {
    let pages = cx.logs().describe_log_groups().log_group_name_prefix(prefix).into_paginator();
    pages.items().send().try_collect().await.op("logs:DescribeLogGroups")
}

/// The tags of one group; `None` when there is no such group.
async fn tags_at(cx: &Cx, arn: &str) -> Result<Option<Tags>> {
    let call = cx.logs().list_tags_for_resource().resource_arn(arn);
    let shown = call.send().await.op("logs:ListTagsForResource").or_absent()?;
    Ok(shown.map(|shown| tags_in(shown.tags())))
}

/// What the names of the stack's groups begin with.
fn prefix(cx: &Cx) -> String {
    format!("/meshctl/{}/", cx.scope().stack)
}

fn identity(cx: &Cx, name: &str) -> LogGroupIdentity {
    let scope = cx.scope();
    let (partition, account) = (&scope.caller.partition, &scope.caller.account);
    let arn = format!("arn:{partition}:logs:{}:{account}:log-group:{name}", scope.region);
    LogGroupIdentity { name: name.into(), arn }
}
