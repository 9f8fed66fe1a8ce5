//! Task definition: what a task consists of, for good; a change is a new revision. Actions:
//! ecs:RegisterTaskDefinition, ecs:DescribeTaskDefinition, ecs:ListTaskDefinitionFamilies,
//! ecs:ListTaskDefinitions, ecs:DeregisterTaskDefinition, ecs:DeleteTaskDefinitions, iam:PassRole,
//! ecs:TagResource, ecs:UntagResource.

use super::{
    REVISIONS,
    container::{Container, Proxy},
    family_in, name_in, retag, tag_list, tag_permissions,
};
use crate::resources::{
    access::pass_role, apigateway::rest_api::RestApi, iam::role::Role, prelude::*,
};
use aws_sdk_ecs::types::{
    Compatibility, ContainerDefinition, NetworkMode, TaskDefinition as Definition,
    TaskDefinitionFamilyStatus, TaskDefinitionField, TaskDefinitionStatus,
};
use futures_util::future::try_join_all;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The tag that keeps the hash of what was registered.
pub const CONTENT_TAG: &str = "meshctl:content";
/// Stands for the REST API's ID in a container's texts.
pub const REST_API_ID: &str = "{rest_api_id}";

/// One revision, and the hash of what it holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskDefinitionIdentity {
    /// `arn:…:task-definition/{family}:{revision}`
    pub arn: String,
    /// SHA-256 of what was registered, in hexadecimal.
    pub content: String,
}

needs! {
    /// What a task definition names.
    TaskDefinitionNeeds gives TaskDefinitionValues {
        /// With it ECS pulls images and writes logs. Its trust is looked at when a task starts.
        execution_role: Created<Role>,
        /// With it the containers call AWS.
        task_role: Option<Created<Role>>,
        /// The API whose ID a container's environment holds.
        rest_api: Option<Loose<RestApi>>,
    }
}

/// A task for Fargate with a network interface of its own.
#[derive(Serialize)]
pub struct TaskDefinition {
    /// What it names.
    pub needs: TaskDefinitionNeeds,
    /// The name that its revisions share.
    pub family: String,
    /// CPU units of the task, in one of Fargate's pairs with the memory.
    pub cpu: u32,
    /// MiB of the task.
    pub memory: u32,
    /// What runs in it.
    pub containers: Vec<Container>,
    /// App Mesh's proxy, if there is one.
    pub proxy: Option<Proxy>,
}

/// The hash of a revision that stands, and AWS's description where it was looked at in full.
pub struct LiveTaskDefinition {
    content: String,
    tags: Option<Tags>,
    /// What AWS says of it.
    pub definition: Option<Definition>,
}

impl TaskDefinition {
    /// The containers with the API's ID in place.
    fn filled(&self, needs: &TaskDefinitionValues) -> Result<Vec<Container>> {
        let Some(api) = &needs.rest_api else { return Ok(self.containers.clone()) };
        let invalid = |error: serde_json::Error| Error::new(Class::Invalid, error.to_string());
        let text = serde_json::to_string(&self.containers).map_err(invalid)?;
        // IDs are letters and digits, so they can stand in JSON as they are.
        serde_json::from_str(&text.replace(REST_API_ID, &api.id)).map_err(invalid)
    }

    /// The hash of everything that is registered, but for the tags.
    fn content(&self, needs: &TaskDefinitionValues) -> Result<String> {
        // `json!` sorts members by name, so the text does not depend on the order of our fields.
        let whole = json!({
            "family": self.family,
            "cpu": self.cpu,
            "memory": self.memory,
            "containers": self.filled(needs)?,
            "proxy": self.proxy,
            "execution_role": needs.execution_role.arn,
            "task_role": needs.task_role.as_ref().map(|role| &role.arn),
            "rest_api": needs.rest_api.as_ref().map(|api| &api.id),
        });
        let digest = Sha256::digest(whole.to_string());
        Ok(digest.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        }))
    }
}

impl Resource for TaskDefinition {
    const KIND: Kind = Kind("AWS::ECS::TaskDefinition");
    const SEARCHED_ONE_BY_ONE: bool = true;
    const REPLACEMENT: Replacement = Replacement::CreateFirst;
    type Needs = TaskDefinitionNeeds;
    type Out = TaskDefinitionIdentity;
    type Live = LiveTaskDefinition;

    fn needs(&self) -> TaskDefinitionNeeds {
        self.needs.clone()
    }

    async fn create(
        &self,
        cx: &Cx,
        needs: &TaskDefinitionValues,
    ) -> Result<TaskDefinitionIdentity> {
        const OP: &str = "ecs:RegisterTaskDefinition";
        let content = self.content(needs)?;
        let mut tags = cx.tags();
        tags.insert(CONTENT_TAG.into(), content.clone());
        let region = &cx.scope().region;
        let containers = self.filled(needs)?;
        let containers = containers.iter().map(|container| container.definition(region));
        let containers = containers.collect::<Result<Vec<ContainerDefinition>>>()?;
        let proxy = self.proxy.as_ref().map(Proxy::configuration).transpose()?;
        let call = cx
            .ecs()
            .register_task_definition()
            .family(&self.family)
            .requires_compatibilities(Compatibility::Fargate)
            .network_mode(NetworkMode::Awsvpc)
            .cpu(self.cpu.to_string())
            .memory(self.memory.to_string())
            .execution_role_arn(&needs.execution_role.arn)
            .set_task_role_arn(needs.task_role.as_ref().map(|role| role.arn.clone()))
            .set_container_definitions(Some(containers))
            .set_proxy_configuration(proxy)
            .set_tags(Some(tag_list(tags)));
        let made = call.send().await.op(OP)?;
        let arn = made.task_definition().and_then(|made| made.task_definition_arn());
        Ok(TaskDefinitionIdentity { arn: arn.answered(OP, "taskDefinitionArn")?.into(), content })
    }

    fn drift(&self, live: &LiveTaskDefinition, needs: &TaskDefinitionValues) -> Drift {
        Drift::none().fixed("content", self.content(needs).ok(), &live.content)
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tag_permissions(REVISIONS);
        all.extend([
            Permission::find("ecs:ListTaskDefinitionFamilies"),
            Permission::find("ecs:ListTaskDefinitions"),
            Permission::find("ecs:DescribeTaskDefinition"),
            Permission::make("ecs:RegisterTaskDefinition").on(&[REVISIONS]).tagging(),
            pass_role("ecs-tasks.amazonaws.com"),
            Permission::remove("ecs:DeregisterTaskDefinition"),
            Permission::remove("ecs:DeleteTaskDefinitions").on(&[REVISIONS]).tagged(),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<TaskDefinitionIdentity>>> {
        let families = active_families(cx).await?;
        let revisions = families.iter().map(|family| async move {
            // Here the "prefix" is a family's whole name.
            let pages = cx.ecs().list_task_definitions().family_prefix(family);
            let pages = pages.status(TaskDefinitionStatus::Active).into_paginator().items();
            let arns: Vec<String> =
                pages.send().try_collect().await.op("ecs:ListTaskDefinitions")?;
            Ok::<_, Error>(arns)
        });
        let revisions = try_join_all(revisions).await?.into_iter().flatten();
        let described = revisions.map(|arn| async move {
            let Some((definition, tags)) = describe(cx, &arn).await? else { return Ok(None) };
            let content = tags.get(CONTENT_TAG).cloned().unwrap_or_default();
            let found = cx.owned(tags, TaskDefinitionIdentity { arn, content });
            let rank = i64::from(definition.revision());
            Ok::<_, Error>(found.map(|found| Found { rank, ..found }))
        });
        Ok(try_join_all(described).await?.into_iter().flatten().collect())
    }

    async fn read(cx: &Cx, out: &TaskDefinitionIdentity) -> Result<Option<LiveTaskDefinition>> {
        // A revision never changes, so its hash is the one that was recorded with its ARN.
        let content = out.content.clone();
        if cx.with_settings() {
            let described = describe(cx, &out.arn).await?;
            let active = described.filter(|(it, _)| {
                it.status().is_none_or(|status| *status == TaskDefinitionStatus::Active)
            });
            return Ok(active.map(|(definition, tags)| LiveTaskDefinition {
                content,
                tags: Some(tags),
                definition: Some(definition),
            }));
        }
        let active = cx.load::<Families>(family_in(&out.arn).into()).await?;
        Ok(active.map(|_| LiveTaskDefinition { content, tags: None, definition: None }))
    }

    fn tags(live: &LiveTaskDefinition) -> Option<Tags> {
        live.tags.clone()
    }

    async fn retag(cx: &Cx, out: &TaskDefinitionIdentity, changes: &TagChanges) -> Result<()> {
        retag(cx, &out.arn, changes).await
    }

    /// Deregistered is gone. Tasks that still run keep theirs, so AWS erases it when it can, and
    /// nothing waits for that.
    async fn delete(cx: &Cx, out: &TaskDefinitionIdentity) -> Result<()> {
        let call = cx.ecs().deregister_task_definition().task_definition(&out.arn);
        call.send().await.op("ecs:DeregisterTaskDefinition").or_absent()?;
        cx.load::<Deletions>(out.arn.clone()).await.map(drop)
    }

    fn id(out: &TaskDefinitionIdentity) -> String {
        name_in(&out.arn).into()
    }
}

/// `DeleteTaskDefinitions`, for all who ask at once: AWS takes one such call a second.
struct Deletions;

impl Batch for Deletions {
    type Key = String;
    type Value = ();
    const MAX: usize = 10;

    async fn fetch(cx: &Cx, arns: Vec<String>) -> Result<BTreeMap<String, ()>> {
        if delete_all(cx, arns.clone()).await.or_absent()?.is_none() {
            // One that is gone already may fail the call for all.
            let apart =
                arns.iter().map(async |arn| delete_all(cx, vec![arn.clone()]).await.or_absent());
            try_join_all(apart).await?;
        }
        Ok(arns.into_iter().map(|arn| (arn, ())).collect())
    }
}

async fn delete_all(cx: &Cx, arns: Vec<String>) -> Result<()> {
    let call = cx.ecs().delete_task_definitions().set_task_definitions(Some(arns));
    call.send().await.op("ecs:DeleteTaskDefinitions").map(drop)
}

async fn describe(cx: &Cx, arn: &str) -> Result<Option<(Definition, Tags)>> {
    let call = cx.ecs().describe_task_definition().task_definition(arn);
    let call = call.include(TaskDefinitionField::Tags);
    let found = call.send().await.op("ecs:DescribeTaskDefinition").or_absent()?;
    Ok(found.and_then(|found| {
        let tags = tags_of(found.tags());
        found.task_definition.map(|definition| (definition, tags))
    }))
}

/// The families with an active revision whose names begin with the stack's.
async fn active_families(cx: &Cx) -> Result<Vec<String>> {
    let call = cx.ecs().list_task_definition_families().family_prefix(&cx.scope().stack);
    let pages = call.status(TaskDefinitionFamilyStatus::Active).into_paginator().items();
    pages.send().try_collect().await.op("ecs:ListTaskDefinitionFamilies")
}

/// `ListTaskDefinitionFamilies`, for all who ask at once.
struct Families;

impl Batch for Families {
    type Key = String;
    type Value = ();
    const MAX: usize = usize::MAX;

    async fn fetch(cx: &Cx, families: Vec<String>) -> Result<BTreeMap<String, ()>> {
        let active = active_families(cx).await?;
        Ok(active.into_iter().filter(|it| families.contains(it)).map(|it| (it, ())).collect())
    }
}
