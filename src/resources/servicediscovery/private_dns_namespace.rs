//! Private DNS namespace: the names of one VPC. Actions:
//! servicediscovery:CreatePrivateDnsNamespace, servicediscovery:GetOperation,
//! servicediscovery:ListOperations, servicediscovery:GetNamespace, servicediscovery:ListNamespaces,
//! servicediscovery:DeleteNamespace, servicediscovery:ListTagsForResource,
//! servicediscovery:TagResource, servicediscovery:UntagResource, route53:CreateHostedZone,
//! route53:GetHostedZone, route53:ListHostedZonesByName, route53:DeleteHostedZone,
//! ec2:DescribeVpcs, ec2:DescribeRegions, and to name what holds one servicediscovery:ListServices.

use super::{built, owned, retag, service::listed, tag_list, tag_permissions, tags_if_asked};
use crate::resources::{
    ec2::vpc::{Vpc, VpcId},
    prelude::*,
};
use aws_sdk_servicediscovery::{
    error::SdkError,
    operation::create_private_dns_namespace::CreatePrivateDnsNamespaceError,
    types::{
        self as map, FilterCondition, NamespaceFilter, NamespaceFilterName, OperationFilter,
        OperationFilterName, OperationStatus, OperationTargetType,
    },
};
use std::time::Duration;

/// When to stop asking for an operation's outcome; AWS takes about a minute.
const DEADLINE: Duration = Duration::from_secs(600);
/// Between two questions.
const STEP: Duration = Duration::from_secs(2);

/// Its three names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamespaceId {
    /// `ns-…`
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// The domain.
    pub name: String,
}

/// A domain that only one VPC resolves, with a hosted zone behind it.
#[derive(Serialize)]
pub struct PrivateDnsNamespace {
    /// The hosted zone is tied to a VPC that may still be `pending`.
    pub vpc: Created<Vpc>,
    /// The domain.
    pub name: String,
}

/// The namespace and its tags, which AWS shows one resource at a time.
pub struct LiveNamespace {
    namespace: map::Namespace,
    tags: Option<Tags>,
}

impl Resource for PrivateDnsNamespace {
    const KIND: Kind = Kind("AWS::ServiceDiscovery::PrivateDnsNamespace");
    const TIMES: Times = Times::of(45.0, 45.0, 600.0);
    const SHOWN_BY: &'static [Kind] = &[super::service::Service::KIND];
    type Needs = Created<Vpc>;
    type Out = NamespaceId;
    type Live = LiveNamespace;

    fn needs(&self) -> Created<Vpc> {
        self.vpc.clone()
    }

    // The creating call answers with an operation; the ID is known when that has succeeded.
    async fn create(&self, cx: &Cx, vpc: &VpcId) -> Result<NamespaceId> {
        const OP: &str = "servicediscovery:CreatePrivateDnsNamespace";
        let call = cx.servicediscovery().create_private_dns_namespace();
        let call = call.name(&self.name).vpc(&vpc.0).creator_request_id(cx.token());
        // A namespace does not say whose names it has: its hosted zone does, which is Route 53's.
        let mut tags = cx.tags();
        tags.insert(tags::VPC.into(), vpc.0.clone());
        let made = call.set_tags(Some(tag_list(&tags)?)).send().await;
        if let Some(operation) = made.as_ref().err().and_then(duplicated) {
            // Perhaps our own from a run that was cut short: a search can tell when it is through.
            outcome(cx, operation).await?;
        }
        let made = made.op(OP)?;
        let id = outcome(cx, made.operation_id().answered(OP, "OperationId")?).await?;
        let (region, identity) = (&cx.scope().region, &cx.scope().caller);
        let (partition, account) = (&identity.partition, &identity.account);
        let arn = format!("arn:{partition}:servicediscovery:{region}:{account}:namespace/{id}");
        Ok(NamespaceId { id, arn, name: self.name.clone() })
    }

    fn drift(&self, live: &LiveNamespace, vpc: &VpcId) -> Drift {
        let drift = Drift::none().fixed("name", &self.name, live.namespace.name());
        match live.tags.as_ref().and_then(|tags| tags.get(tags::VPC)) {
            Some(have) => drift.fixed("vpc_id", &vpc.0, have),
            None => drift,
        }
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tag_permissions();
        all.extend([
            Permission::find("servicediscovery:ListNamespaces"),
            Permission::find("servicediscovery:GetNamespace").on(&["namespace/*"]),
            Permission::find("servicediscovery:ListOperations"),
            Permission::find("servicediscovery:GetOperation"),
            Permission::make("servicediscovery:CreatePrivateDnsNamespace").tagging(),
            // What it asks for besides, by Cloud Map's reference of API permissions.
            Permission::make("route53:CreateHostedZone"),
            Permission::make("route53:GetHostedZone").on(&["hostedzone/*"]),
            Permission::make("route53:ListHostedZonesByName"),
            Permission::make("ec2:DescribeVpcs"),
            Permission::make("ec2:DescribeRegions"),
            Permission::remove("servicediscovery:DeleteNamespace").on(&["namespace/*"]).tagged(),
            Permission::remove("servicediscovery:ListServices"),
            Permission::remove("route53:DeleteHostedZone").on(&["hostedzone/*"]),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<NamespaceId>>> {
        // One that is being made has no ID yet; it may be what a killed run left.
        for operation in being_made(cx).await? {
            outcome(cx, &operation).await.or_else(ended_badly)?;
        }
        ours(cx).await
    }

    async fn read(cx: &Cx, out: &NamespaceId) -> Result<Option<LiveNamespace>> {
        let call = cx.servicediscovery().get_namespace().id(&out.id);
        let found = call.send().await.op("servicediscovery:GetNamespace").or_absent()?;
        let Some(namespace) = found.and_then(|found| found.namespace) else { return Ok(None) };
        let tags = tags_if_asked(cx, &out.arn).await?;
        Ok(Some(LiveNamespace { namespace, tags }))
    }

    fn tags(live: &LiveNamespace) -> Option<Tags> {
        live.tags.clone()
    }

    async fn retag(cx: &Cx, out: &NamespaceId, changes: &TagChanges) -> Result<()> {
        retag(cx, &out.arn, changes).await
    }

    async fn holders(cx: &Cx, out: &NamespaceId) -> Result<Vec<String>> {
        let all = listed(cx, &out.id).await?;
        let named = all.iter().filter_map(|it| Some(holder("service", it.id()?, it.name())));
        Ok(named.collect())
    }

    async fn delete(cx: &Cx, out: &NamespaceId) -> Result<()> {
        let call = cx.servicediscovery().delete_namespace().id(&out.id);
        match call.send().await.op("servicediscovery:DeleteNamespace").or_absent() {
            // It is being deleted already.
            Err(error) if error.code == "DuplicateRequest" => Ok(()),
            answer => answer.map(drop),
        }
    }

    fn id(out: &NamespaceId) -> String {
        out.id.clone()
    }
}

/// The operation that does already what was asked for.
fn duplicated(error: &SdkError<CreatePrivateDnsNamespaceError>) -> Option<&str> {
    match error.as_service_error()? {
        CreatePrivateDnsNamespaceError::DuplicateRequest(error) => error.duplicate_operation_id(),
        _ => None,
    }
}

/// The operations under way that make namespaces.
async fn being_made(cx: &Cx) -> Result<Vec<String>> {
    let filter = |name: OperationFilterName, values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let filter = OperationFilter::builder().name(name).set_values(Some(values));
        built(filter.condition(FilterCondition::In).build())
    };
    let call = cx
        .servicediscovery()
        .list_operations()
        .filters(filter(OperationFilterName::Status, &["SUBMITTED", "PENDING"])?)
        .filters(filter(OperationFilterName::Type, &["CREATE_NAMESPACE"])?);
    let pages = call.into_paginator().send().try_collect().await;
    let pages = pages.op("servicediscovery:ListOperations")?.into_iter();
    let operations = pages.flat_map(|page| page.operations.unwrap_or_default());
    Ok(operations.filter_map(|operation| operation.id).collect())
}

/// An operation that fails leaves nothing to find.
fn ended_badly(error: Error) -> Result<String> {
    if error.class == Class::Terminal { Ok(String::new()) } else { Err(error) }
}

/// Waits for an operation and returns the ID of its namespace.
async fn outcome(cx: &Cx, id: &str) -> Result<String> {
    const OP: &str = "servicediscovery:GetOperation";
    let end = cx.clock().now() + DEADLINE;
    loop {
        let call = cx.servicediscovery().get_operation().operation_id(id);
        let operation = match call.send().await.op(OP) {
            Ok(answer) => answer.operation,
            // The namespace comes all the same.
            Err(error) if matches!(error.class, Class::Throttled | Class::Transient) => None,
            Err(error) => return Err(error),
        };
        match operation.as_ref().and_then(|operation| operation.status()) {
            Some(OperationStatus::Success) => {
                let targets = operation.and_then(|operation| operation.targets);
                let id = targets.and_then(|mut all| all.remove(&OperationTargetType::Namespace));
                return id.answered(OP, "Targets.NAMESPACE");
            }
            Some(OperationStatus::Fail) => {
                let (code, message) =
                    operation.map(|it| (it.error_code, it.error_message)).unwrap_or_default();
                let message = message.unwrap_or_else(|| "the operation failed".into());
                let code = code.unwrap_or_default();
                return Err(Error { code, ..Error::new(Class::Terminal, message) });
            }
            _ => {}
        }
        if cx.clock().now() >= end {
            let message = format!("operation {id} has not finished after 10 minutes");
            return Err(Error { operation: OP, ..Error::new(Class::Deadline, message) });
        }
        cx.clock().sleep(STEP).await;
    }
}

/// The stack's namespaces, for both kinds that search among them.
pub(super) async fn ours(cx: &Cx) -> Result<Vec<Found<NamespaceId>>> {
    let found = cx.load::<Ours>(()).await?;
    Ok(found.map(|found| (*found).clone()).unwrap_or_default())
}

/// `ListNamespaces`, for all who ask at once.
struct Ours;

impl Batch for Ours {
    type Key = ();
    type Value = Vec<Found<NamespaceId>>;
    const MAX: usize = 1;

    async fn fetch(cx: &Cx, _: Vec<()>) -> Result<BTreeMap<(), Self::Value>> {
        let filter = NamespaceFilter::builder().name(NamespaceFilterName::Type);
        let filter = filter.values("DNS_PRIVATE").condition(FilterCondition::Eq);
        let call = cx.servicediscovery().list_namespaces().filters(built(filter.build())?);
        let pages = call.into_paginator().send().try_collect().await;
        let pages = pages.op("servicediscovery:ListNamespaces")?.into_iter();
        let all = pages.flat_map(|page| page.namespaces.unwrap_or_default());
        let listed = all.filter_map(|namespace| {
            Some(NamespaceId { id: namespace.id?, arn: namespace.arn?, name: namespace.name? })
        });
        let found = owned(cx, listed, |out| &out.arn).await?.into_iter().map(|found| {
            let vpc = found.tags.get(tags::VPC).cloned();
            found.standing_on(vpc)
        });
        Ok(BTreeMap::from([((), found.collect())]))
    }
}
