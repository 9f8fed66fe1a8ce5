//! Cluster: where services run. Actions: ecs:CreateCluster, ecs:DescribeClusters, ecs:ListClusters,
//! ecs:PutClusterCapacityProviders, ecs:UpdateClusterSettings, ecs:DeleteCluster, ecs:TagResource, ecs:UntagResource, and to name
//! what holds one ecs:ListServices, ecs:ListTasks.

use super::{CLUSTERS, name_in, retag, tag_list, tag_permissions};
use crate::resources::{access::service_linked_role, prelude::*};
use aws_sdk_ecs::types::{self as ecs, ClusterField, ClusterSetting, ClusterSettingName};
use futures_util::{future::try_join_all, join};
use std::collections::BTreeSet;

/// How many clusters one description takes.
const DESCRIBED_AT_ONCE: usize = 100;

/// Container Insights are paid by the metric, so a cluster has none, whatever the account's default.
const CONTAINER_INSIGHTS: &str = "disabled";

/// A cluster's ARN and name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterIdentity {
    /// `arn:…:cluster/{name}`; a cluster that is made anew under the name has it again.
    pub arn: String,
    /// Its name.
    pub name: String,
}

/// A cluster for Fargate, which needs no capacity provider to run `launchType` FARGATE.
///
/// Providers are only ever added: one that nothing uses costs nothing, and AWS refuses to take one away
/// while the last task on it stops.
#[derive(Serialize)]
pub struct Cluster {
    /// Its name, one of its kind in the region.
    pub cluster_name: String,
    /// The capacity providers that its services use, in the order of their names.
    pub capacity_providers: &'static [&'static str],
}

impl Resource for Cluster {
    const KIND: Kind = Kind("AWS::ECS::Cluster");
    const SHOWN_BY: &'static [Kind] = &[super::service::Service::KIND];
    type Needs = ();
    type Out = ClusterIdentity;
    type Live = ecs::Cluster;

    fn needs(&self) {}

    async fn create(&self, cx: &Cx, _: &()) -> Result<ClusterIdentity> {
        const OP: &str = "ecs:CreateCluster";
        let mut call = cx.ecs().create_cluster().cluster_name(&self.cluster_name);
        call = call.settings(insights());
        for provider in self.capacity_providers {
            call = call.capacity_providers(*provider);
        }
        let made = call.set_tags(Some(tag_list(cx.tags()))).send().await.op(OP)?;
        let cluster = made.cluster().answered(OP, "cluster")?;
        let arn = cluster.cluster_arn().answered(OP, "clusterArn")?;
        let out = ClusterIdentity { arn: arn.into(), name: self.cluster_name.clone() };
        // AWS answers a name that is taken with the cluster that has it, as it is.
        if cx.owned(tags_of(cluster.tags()), ()).is_none() {
            let standing = cx.load::<Clusters>(out.arn.clone()).await?;
            if standing.is_some_and(|it| cx.owned(tags_of(it.tags()), ()).is_none()) {
                return Err(Error::stranger(format!("cluster {}", self.cluster_name)));
            }
        }
        Ok(out)
    }

    fn drift(&self, live: &ecs::Cluster, _: &()) -> Drift {
        let has = live.capacity_providers();
        let used = |provider: &&str| self.capacity_providers.contains(provider);
        let has = sorted(has.iter().map(String::as_str).filter(used).map(String::from));
        let drift = Drift::none()
            .fixed("cluster_name", &self.cluster_name, live.cluster_name())
            .mutable("capacity_providers", self.capacity_providers, has);
        let insights = live
            .settings()
            .iter()
            .find(|it| it.name() == Some(&ClusterSettingName::ContainerInsights));
        let drift = match insights.and_then(|setting| setting.value()) {
            Some(have) => drift.mutable("container_insights", CONTAINER_INSIGHTS, have),
            None => drift,
        };
        match live.status() {
            // It is being deleted, and nothing brings it back.
            Some(status @ "DEPROVISIONING") => drift.fixed("status", "ACTIVE", status),
            _ => drift,
        }
    }

    async fn update(&self, cx: &Cx, out: &ClusterIdentity, drift: &Drift, _: &()) -> Result<()> {
        const OP: &str = "ecs:PutClusterCapacityProviders";
        if drift.touches("container_insights") {
            let call = cx.ecs().update_cluster_settings().cluster(&out.arn).settings(insights());
            call.send().await.op("ecs:UpdateClusterSettings")?;
        }
        if !drift.touches("capacity_providers") {
            return Ok(());
        }
        let Some(live) = cx.load::<Clusters>(out.arn.clone()).await? else {
            return Err(Error::new(Class::Missing, format!("cluster {} is gone", out.name)));
        };
        // The call takes away what it does not name.
        let has = live.capacity_providers().iter().map(String::as_str);
        let all: BTreeSet<&str> = has.chain(self.capacity_providers.iter().copied()).collect();
        let all = all.into_iter().map(String::from).collect();
        let default = live.default_capacity_provider_strategy().to_vec();
        let call = cx.ecs().put_cluster_capacity_providers().cluster(&out.arn);
        let call = call.set_capacity_providers(Some(all));
        let call = call.set_default_capacity_provider_strategy(Some(default));
        call.send().await.op(OP).map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tag_permissions(CLUSTERS);
        all.extend(find_permissions());
        all.extend([
            Permission::make("ecs:CreateCluster").on(&[CLUSTERS]).tagging(),
            service_linked_role("ecs.amazonaws.com"),
            Permission::make("ecs:PutClusterCapacityProviders").on(&[CLUSTERS]).tagged(),
            Permission::make("ecs:UpdateClusterSettings").on(&[CLUSTERS]).tagged(),
            Permission::remove("ecs:DeleteCluster").on(&[CLUSTERS]).tagged(),
            Permission::remove("ecs:ListServices"),
            Permission::remove("ecs:ListTasks"),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<ClusterIdentity>>> {
        let pages = cx.ecs().list_clusters().into_paginator().items();
        let all: Vec<String> = pages.send().try_collect().await.op("ecs:ListClusters")?;
        let prefix = &cx.scope().stack;
        let ours = all.into_iter().filter(|arn| name_in(arn).starts_with(prefix));
        let reads = ours.map(|arn| cx.load::<Clusters>(arn));
        let found = try_join_all(reads).await?.into_iter().flatten().filter_map(|cluster| {
            let (arn, name) = (cluster.cluster_arn()?, cluster.cluster_name()?);
            cx.owned(
                tags_of(cluster.tags()),
                ClusterIdentity { arn: arn.into(), name: name.into() },
            )
        });
        Ok(found.collect())
    }

    async fn read(cx: &Cx, out: &ClusterIdentity) -> Result<Option<ecs::Cluster>> {
        let found = cx.load::<Clusters>(out.arn.clone()).await?;
        Ok(found.map(|cluster| (*cluster).clone()))
    }

    fn readiness(live: &ecs::Cluster) -> Readiness {
        match live.status() {
            Some("ACTIVE") if live.attachments_status() == Some("UPDATE_IN_PROGRESS") => {
                Readiness::Waiting("its capacity providers are being added".into())
            }
            Some("ACTIVE") => Readiness::Ready,
            Some("FAILED") => Readiness::Failed("status is FAILED".into()),
            other => Readiness::Waiting(format!("status is {}", other.unwrap_or("unknown"))),
        }
    }

    fn health(live: &ecs::Cluster) -> Option<String> {
        // Those that nothing of ours uses are left alone, and seen here.
        let providers = live.capacity_providers();
        let default = live.default_capacity_provider_strategy().iter();
        let default: Vec<_> = default.map(|item| item.capacity_provider()).collect();
        let strategy = match default.as_slice() {
            [] => String::new(),
            some => format!(", by default {}", some.join(", ")),
        };
        (!providers.is_empty()).then(|| {
            format!("capacity providers {}{strategy}", sorted(providers.to_vec()).join(", "))
        })
    }

    fn tags(live: &ecs::Cluster) -> Option<Tags> {
        Some(tags_of(live.tags()))
    }

    async fn retag(cx: &Cx, out: &ClusterIdentity, changes: &TagChanges) -> Result<()> {
        retag(cx, &out.arn, changes).await
    }

    async fn holders(cx: &Cx, out: &ClusterIdentity) -> Result<Vec<String>> {
        let services = cx.ecs().list_services().cluster(&out.arn).into_paginator().items();
        let tasks = cx.ecs().list_tasks().cluster(&out.arn).into_paginator().items();
        let (services, tasks) = join!(services.send().try_collect(), tasks.send().try_collect());
        let services: Vec<String> = services.op("ecs:ListServices")?;
        let tasks: Vec<String> = tasks.op("ecs:ListTasks")?;
        let services = services.iter().map(|arn| holder("service", name_in(arn), None));
        Ok(services.chain(tasks.iter().map(|arn| holder("task", name_in(arn), None))).collect())
    }

    async fn delete(cx: &Cx, out: &ClusterIdentity) -> Result<()> {
        let call = cx.ecs().delete_cluster().cluster(&out.arn);
        call.send().await.op("ecs:DeleteCluster").or_absent().map(drop)
    }

    fn id(out: &ClusterIdentity) -> String {
        out.name.clone()
    }
}

fn insights() -> ClusterSetting {
    let setting = ClusterSetting::builder().name(ClusterSettingName::ContainerInsights);
    setting.value(CONTAINER_INSIGHTS).build()
}

/// What a search needs of IAM. It describes all clusters whose names begin with the stack's, also
/// those of a stack with a longer name.
pub(super) fn find_permissions() -> Vec<Permission> {
    let described = Permission::find("ecs:DescribeClusters").on(&["cluster/{stack}*"]);
    vec![Permission::find("ecs:ListClusters"), described]
}

/// `DescribeClusters`, for all who ask at once; a deleted cluster answers as INACTIVE for a while.
struct Clusters;

impl Batch for Clusters {
    type Key = String;
    type Value = ecs::Cluster;
    const MAX: usize = DESCRIBED_AT_ONCE;

    async fn fetch(cx: &Cx, arns: Vec<String>) -> Result<BTreeMap<String, ecs::Cluster>> {
        let call = cx.ecs().describe_clusters().set_clusters(Some(arns));
        let call = call.include(ClusterField::Tags).include(ClusterField::Attachments);
        let call = call.include(ClusterField::Settings);
        let found = call.send().await.op("ecs:DescribeClusters")?;
        let clusters = found.clusters.unwrap_or_default().into_iter();
        let standing = clusters.filter(|cluster| cluster.status() != Some("INACTIVE"));
        Ok(standing.filter_map(|it| Some((it.cluster_arn()?.to_owned(), it))).collect())
    }
}
