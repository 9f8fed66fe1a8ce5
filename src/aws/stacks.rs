//! Every stack of the account and region, by the tags of what is made first and goes last.
//!
//! Actions: ec2:DescribeVpcs, ec2:DescribeInternetGateways, ec2:DescribeAddresses, iam:ListRoles,
//! iam:GetRole, logs:DescribeLogGroups, logs:ListTagsForResource, ecs:ListClusters,
//! ecs:DescribeClusters, appmesh:ListMeshes, appmesh:ListTagsForResource.

use super::{
    Clients, Cx, OpResult, OrAbsent,
    tags::{AnyTag, tags_in, tags_of},
};
use crate::model::{Class, Result, Tags, tags as keys};
use aws_sdk_appmesh::types::MeshRef;
use aws_sdk_ec2::types::Filter;
use aws_sdk_ecs::types::ClusterField;
use futures_util::{future::try_join_all, try_join};
use std::collections::BTreeMap;

/// What the tags of one stack's resources say of its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expiry {
    /// The latest moment that any of them names, RFC 3339.
    pub latest: Option<String>,
    /// Whether some name none: such a stack has no end.
    pub endless: bool,
}

impl Expiry {
    fn hear(&mut self, tags: &Tags) {
        match tags.get(keys::EXPIRES) {
            Some(at) => self.latest = self.latest.take().max(Some(at.clone())),
            None => self.endless = true,
        }
    }
}

/// All stacks by name. Networks, roles, log groups, clusters and meshes are asked: a stack of which
/// anything is left has one of them.
///
/// # Errors
/// When a listing is refused. A mesh service that AWS no longer offers has no meshes.
pub async fn stacks(cx: &Cx) -> Result<BTreeMap<String, Expiry>> {
    let (networks, roles, groups, clusters, meshes) =
        try_join!(networks(cx), roles(cx), log_groups(cx), clusters(cx), meshes(cx))?;
    let mut stacks: BTreeMap<String, Expiry> = BTreeMap::new();
    for tags in networks.iter().chain(&roles).chain(&groups).chain(&clusters).chain(&meshes) {
        if let Some(stack) = tags.get(keys::STACK) {
            stacks.entry(stack.clone()).or_default().hear(tags);
        }
    }
    Ok(stacks)
}

fn of_all<T, G: AnyTag>(all: Vec<T>, tags: impl Fn(&T) -> &[G]) -> Vec<Tags> {
    all.iter().map(|one| tags_of(tags(one))).collect()
}

async fn networks(cx: &Clients) -> Result<Vec<Tags>> {
    let filter = || Filter::builder().name("tag-key").values(keys::STACK).build();
    let vpcs = cx.ec2().describe_vpcs().filters(filter()).into_paginator().items();
    let gateways = cx.ec2().describe_internet_gateways().filters(filter()).into_paginator().items();
    let vpcs: Vec<_> = vpcs.send().try_collect().await.op("ec2:DescribeVpcs")?;
    let gateways: Vec<_> =
        gateways.send().try_collect().await.op("ec2:DescribeInternetGateways")?;
    let addresses = cx.ec2().describe_addresses().filters(filter()).send().await;
    let addresses = addresses.op("ec2:DescribeAddresses")?.addresses.unwrap_or_default();
    let mut all = of_all(vpcs, |vpc| vpc.tags());
    all.extend(of_all(gateways, |gateway| gateway.tags()));
    all.extend(of_all(addresses, |address| address.tags()));
    Ok(all)
}

async fn roles(cx: &Clients) -> Result<Vec<Tags>> {
    let pages = cx.iam().list_roles().path_prefix("/meshctl/").into_paginator().items();
    let roles: Vec<_> = pages.send().try_collect().await.op("iam:ListRoles")?;
    // The listing shows no tags.
    let tags = roles.iter().map(|role| async {
        let got = cx.iam().get_role().role_name(role.role_name()).send().await;
        let got = got.op("iam:GetRole").or_absent()?.and_then(|got| got.role);
        Ok(got.map(|role| tags_of(role.tags())).unwrap_or_default())
    });
    try_join_all(tags).await
}

async fn log_groups(cx: &Cx) -> Result<Vec<Tags>> {
    let pages = cx.logs().describe_log_groups().log_group_name_prefix("/meshctl/");
    let pages = pages.into_paginator().items();
    let groups: Vec<_> = pages.send().try_collect().await.op("logs:DescribeLogGroups")?;
    let (identity, region) = (&cx.scope().identity, &cx.scope().region);
    let tags = groups.iter().filter_map(|group| group.log_group_name()).map(|name| async move {
        let (partition, account) = (&identity.partition, &identity.account);
        let arn = format!("arn:{partition}:logs:{region}:{account}:log-group:{name}");
        let shown = cx.logs().list_tags_for_resource().resource_arn(arn).send().await;
        let shown = shown.op("logs:ListTagsForResource").or_absent()?;
        Ok(shown.map(|shown| tags_in(shown.tags())).unwrap_or_default())
    });
    try_join_all(tags).await
}

async fn clusters(cx: &Clients) -> Result<Vec<Tags>> {
    let pages = cx.ecs().list_clusters().into_paginator().items();
    let arns: Vec<String> = pages.send().try_collect().await.op("ecs:ListClusters")?;
    let pages = arns.chunks(100).map(|page| async {
        let call = cx.ecs().describe_clusters().set_clusters(Some(page.to_vec()));
        let found = call.include(ClusterField::Tags).send().await.op("ecs:DescribeClusters")?;
        Ok(of_all(found.clusters.unwrap_or_default(), |cluster| cluster.tags()))
    });
    Ok(try_join_all(pages).await?.into_iter().flatten().collect())
}

async fn meshes(cx: &Clients) -> Result<Vec<Tags>> {
    let pages = cx.appmesh().list_meshes().into_paginator().items();
    let listed: Result<Vec<MeshRef>> = pages.send().try_collect().await.op("appmesh:ListMeshes");
    let meshes = match listed {
        Ok(meshes) => meshes,
        Err(error) if matches!(error.class, Class::Throttled | Class::Transient) => {
            return Err(error);
        }
        Err(_) => return Ok(Vec::new()),
    };
    let tags = meshes.iter().map(|mesh| async {
        let call = cx.appmesh().list_tags_for_resource().resource_arn(mesh.arn());
        let shown = call.send().await.op("appmesh:ListTagsForResource").or_absent()?;
        Ok(shown.map(|shown| tags_of(shown.tags())).unwrap_or_default())
    });
    try_join_all(tags).await
}
