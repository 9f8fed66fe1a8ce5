//! Reading services: listings, descriptions ten at a time, and the tasks that ended.

use super::{cluster::ClusterIdentity, name_in};
use crate::resources::prelude::*;
use aws_sdk_ecs::types::{self as ecs, DesiredStatus, ServiceField, Task};
use futures_util::future::try_join_all;

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

/// The tasks of a service that have stopped or are about to.
pub(super) async fn ended_tasks(cx: &Cx, service: &ecs::Service) -> Result<Vec<Task>> {
    let cluster = service.cluster_arn().unwrap_or_default();
    // By family: AWS lists by service only while the service is there.
    let family = service.task_definition().map(name_in).unwrap_or_default();
    let family = family.split(':').next().unwrap_or_default();
    let pages = cx.ecs().list_tasks().cluster(cluster).family(family);
    let pages = pages.desired_status(DesiredStatus::Stopped).into_paginator().items().send();
    let arns: Option<Vec<String>> = pages.try_collect().await.op("ecs:ListTasks").or_absent()?;
    let arns = arns.unwrap_or_default();
    let reads = arns.chunks(TASKS_AT_ONCE).map(|page| async move {
        let call = cx.ecs().describe_tasks().cluster(cluster).set_tasks(Some(page.to_vec()));
        let found = call.send().await.op("ecs:DescribeTasks").or_absent()?;
        Ok::<_, Error>(found.and_then(|found| found.tasks).unwrap_or_default())
    });
    let group = format!("service:{}", service.service_name().unwrap_or_default());
    let tasks = try_join_all(reads).await?.into_iter().flatten();
    Ok(tasks.filter(|task| task.group() == Some(&group)).collect())
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
