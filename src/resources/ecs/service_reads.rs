//! Reading services: listings, descriptions ten at a time, and the tasks that ended.

use super::{cluster::ClusterIdentity, family_in};
use crate::resources::prelude::*;
use aws_sdk_ecs::types::{self as ecs, DesiredStatus, ServiceField, Task};
use futures_util::future::try_join_all;
use std::rc::Rc;

/// How many services or tasks one description takes.
const SERVICES_AT_ONCE: usize = 10;
const TASKS_AT_ONCE: usize = 100;

/// The services of a cluster that are not INACTIVE, as keys of the batch.
pub(super) async fn listed(cx: &Cx, cluster: &ClusterIdentity) -> Result<Vec<(String, String)>> {
    let pages = cx.ecs().list_services().cluster(&cluster.arn).max_results(100);
    let pages = pages.into_paginator().items().send();
    let arns: Option<Vec<String>> = pages.try_collect().await.op("ecs:ListServices").or_absent()?;
    let arns = arns.unwrap_or_default().into_iter();
    Ok(arns.map(|arn| (cluster.arn.clone(), arn)).collect())
}

/// The tasks of a service that shall run, or those that have stopped or are about to.
pub(super) async fn tasks(cx: &Cx, service: &ecs::Service, ended: bool) -> Result<Vec<Rc<Task>>> {
    let cluster = service.cluster_arn().unwrap_or_default();
    // By family: AWS lists by service only while the service is there.
    let family = service.task_definition().map(family_in).unwrap_or_default();
    let found = cx.load::<Tasks>((cluster.into(), ended, family.into())).await?;
    let group = format!("service:{}", service.service_name().unwrap_or_default());
    let tasks = found.iter().flat_map(|tasks| tasks.iter());
    Ok(tasks.filter(|task| task.group() == Some(&group)).cloned().collect())
}

/// `ListTasks` and `DescribeTasks`, for all who ask at once: one listing for a family, or for the whole
/// cluster where several are asked for.
struct Tasks;

impl Batch for Tasks {
    /// The cluster's ARN, whether they have ended or are about to, the task definition's family.
    type Key = (String, bool, String);
    type Value = Vec<Rc<Task>>;
    const MAX: usize = usize::MAX;

    async fn fetch(cx: &Cx, keys: Vec<Self::Key>) -> Result<BTreeMap<Self::Key, Self::Value>> {
        let mut listings: BTreeMap<(&str, bool), Vec<&str>> = BTreeMap::new();
        for (cluster, ended, family) in &keys {
            listings.entry((cluster, *ended)).or_default().push(family);
        }
        let lists = listings.into_iter().map(|((cluster, ended), families)| async move {
            let only = if let [family] = families[..] { Some(family) } else { None };
            let tasks = tasks_in(cx, cluster, ended, only).await?.into_iter();
            let of_family = tasks.filter_map(|task| {
                let family = family_in(task.task_definition_arn()?).to_owned();
                Some(((cluster.to_owned(), ended, family), Rc::new(task)))
            });
            Ok::<_, Error>(of_family.collect::<Vec<_>>())
        });
        let mut found: BTreeMap<Self::Key, Self::Value> = BTreeMap::new();
        for (key, task) in try_join_all(lists).await?.into_iter().flatten() {
            found.entry(key).or_default().push(task);
        }
        Ok(found)
    }
}

/// The tasks of a cluster that shall run, or those that have stopped or are about to; of one family or
/// of all.
async fn tasks_in(cx: &Cx, cluster: &str, ended: bool, family: Option<&str>) -> Result<Vec<Task>> {
    let status = if ended { DesiredStatus::Stopped } else { DesiredStatus::Running };
    let pages = cx.ecs().list_tasks().cluster(cluster).set_family(family.map(str::to_owned));
    let pages = pages.desired_status(status).into_paginator().items().send();
    let arns: Option<Vec<String>> = pages.try_collect().await.op("ecs:ListTasks").or_absent()?;
    let arns = arns.unwrap_or_default();
    let reads = arns.chunks(TASKS_AT_ONCE).map(|page| async move {
        let call = cx.ecs().describe_tasks().cluster(cluster).set_tasks(Some(page.to_vec()));
        let found = call.send().await.op("ecs:DescribeTasks").or_absent()?;
        Ok::<_, Error>(found.and_then(|found| found.tasks).unwrap_or_default())
    });
    Ok(try_join_all(reads).await?.into_iter().flatten().collect())
}

/// `DescribeServices`, for all who ask at once: ten of one cluster in each call.
pub(super) struct Services;

impl Batch for Services {
    /// The cluster's ARN and the service's.
    type Key = (String, String);
    type Value = ecs::Service;
    const MAX: usize = usize::MAX;

    async fn fetch(
        cx: &Cx,
        keys: Vec<(String, String)>,
    ) -> Result<BTreeMap<(String, String), ecs::Service>> {
        let mut clusters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (cluster, service) in keys {
            clusters.entry(cluster).or_default().push(service);
        }
        let pages = clusters.iter().flat_map(|(cluster, services)| {
            services.chunks(SERVICES_AT_ONCE).map(move |page| (cluster, page))
        });
        let calls = pages.map(|(cluster, page)| async move {
            let call = cx.ecs().describe_services().cluster(cluster);
            let call = call.set_services(Some(page.to_vec())).include(ServiceField::Tags);
            let found = call.send().await.op("ecs:DescribeServices").or_absent()?;
            let services = found.and_then(|found| found.services).unwrap_or_default().into_iter();
            let named = services
                .filter_map(|it| Some(((cluster.clone(), it.service_arn()?.to_owned()), it)));
            Ok::<_, Error>(named.collect::<Vec<_>>())
        });
        Ok(try_join_all(calls).await?.into_iter().flatten().collect())
    }
}
