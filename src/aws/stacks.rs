//! Every stack of the account and region, by the tags of whatever is left of it: all kinds that carry
//! tags are asked, but for those that cannot outlive another one that is.
//!
//! Actions: ec2:DescribeTags, iam:ListRoles, iam:GetRole, logs:DescribeLogGroups,
//! logs:ListTagsForResource, ecs:ListClusters, ecs:DescribeClusters, ecs:ListTaskDefinitionFamilies,
//! ecs:DescribeTaskDefinition, appmesh:ListMeshes, appmesh:ListTagsForResource,
//! elasticloadbalancing:DescribeLoadBalancers, elasticloadbalancing:DescribeTargetGroups,
//! elasticloadbalancing:DescribeTags, servicediscovery:ListNamespaces,
//! servicediscovery:ListTagsForResource, and apigateway:GET on /restapis and /vpclinks.

use super::{
    Clients, Cx, OpResult, OrAbsent,
    tags::{AnyTag, tags_in, tags_of},
    through_silence,
    vpc_links::vpc_links,
};
use crate::model::{Class, Error, Result, Tags, tags as keys};
use aws_sdk_apigateway::types::{RestApi, VpcLink};
use aws_sdk_appmesh::types::MeshRef;
use aws_sdk_cloudwatchlogs::types::LogGroup;
use aws_sdk_ec2::{
    primitives::DateTime,
    types::{Filter, NatGateway, TagDescription, VpcEndpoint},
};
use aws_sdk_ecs::types::{ClusterField, TaskDefinitionFamilyStatus, TaskDefinitionField};
use aws_sdk_elasticloadbalancingv2::types::{LoadBalancer, TargetGroup};
use aws_sdk_iam::types::Role;
use futures_util::{future::try_join_all, join, try_join};
use jiff::Timestamp;
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

/// All stacks by name.
///
/// # Errors
/// When a listing is refused. A mesh service that AWS no longer offers has no meshes.
pub async fn stacks(cx: &Cx) -> Result<BTreeMap<String, Expiry>> {
    Ok(stacks_but_silent(cx).await?.0)
}

/// Likewise, and what kept App Mesh from being asked, if it was not: then it counts as empty.
///
/// # Errors
/// Those of [`stacks`].
pub async fn stacks_but_silent(cx: &Cx) -> Result<(BTreeMap<String, Expiry>, Option<Error>)> {
    let (networks, roles, groups, clusters, revisions, meshes, balancing, apis, namespaces) = try_join!(
        networks(cx),
        roles(cx),
        log_groups(cx),
        clusters(cx),
        task_definitions(cx),
        meshes(cx),
        load_balancing(cx),
        apis(cx),
        namespaces(cx)
    )?;
    let (meshes, silence) = meshes;
    let all = [networks, roles, groups, clusters, revisions, meshes, balancing, apis, namespaces];
    let mut stacks: BTreeMap<String, Expiry> = BTreeMap::new();
    for tags in all.iter().flatten() {
        if let Some(stack) = tags.get(keys::STACK) {
            stacks.entry(stack.clone()).or_default().hear(tags);
        }
    }
    Ok((stacks, silence))
}

/// When the oldest and the newest of one stack's resources were made, by those that AWS tells it of:
/// roles, log groups, NAT gateways and endpoints. `None` where it has none of these.
///
/// # Errors
/// When a listing is refused.
pub async fn made_between(cx: &Cx) -> Result<Option<(Timestamp, Timestamp)>> {
    let stack = &cx.scope().stack;
    let roles = cx.iam().list_roles().path_prefix(format!("/meshctl/{stack}/"));
    let roles = roles.into_paginator().items().send();
    let groups =
        cx.logs().describe_log_groups().log_group_name_prefix(format!("/meshctl/{stack}/"));
    let groups = groups.into_paginator().items().send();
    let gateways = cx.ec2().describe_nat_gateways().filter(cx.stack_filter());
    let gateways = gateways.into_paginator().items().send();
    let endpoints = cx.ec2().describe_vpc_endpoints().filters(cx.stack_filter());
    let endpoints = endpoints.into_paginator().items().send();
    let (roles, groups, gateways, endpoints) = join!(
        roles.try_collect(),
        groups.try_collect(),
        gateways.try_collect(),
        endpoints.try_collect()
    );
    let roles: Vec<Role> = roles.op("iam:ListRoles")?;
    let groups: Vec<LogGroup> = groups.op("logs:DescribeLogGroups")?;
    let gateways: Vec<NatGateway> = gateways.op("ec2:DescribeNatGateways")?;
    let endpoints: Vec<VpcEndpoint> = endpoints.op("ec2:DescribeVpcEndpoints")?;
    let roles = roles.iter().map(|role| role.create_date().secs());
    let groups = groups.iter().filter_map(|group| group.creation_time());
    let groups = groups.map(|milliseconds| milliseconds.div_euclid(1000));
    let gateways = gateways.iter().filter_map(|gateway| gateway.create_time());
    let endpoints = endpoints.iter().filter_map(|endpoint| endpoint.creation_timestamp());
    let network = gateways.chain(endpoints).map(DateTime::secs);
    let made = roles.chain(groups).chain(network);
    let made: Vec<Timestamp> =
        made.filter_map(|seconds| Timestamp::from_second(seconds).ok()).collect();
    Ok(made.iter().min().copied().zip(made.iter().max().copied()))
}

fn of_all<T, G: AnyTag>(all: Vec<T>, tags: impl Fn(&T) -> &[G]) -> Vec<Tags> {
    all.iter().map(|one| tags_of(tags(one))).collect()
}

/// What EC2 keeps tags on. NAT gateways and endpoints are shown for a while after they are gone, and
/// stand in a subnet while they are there.
const NETWORK_KINDS: [&str; 6] =
    ["elastic-ip", "internet-gateway", "route-table", "security-group", "subnet", "vpc"];

/// Everything of EC2 at once: VPCs, what is in them, gateways, addresses.
async fn networks(cx: &Clients) -> Result<Vec<Tags>> {
    let keys = [keys::STACK, keys::EXPIRES].map(String::from).to_vec();
    let filter = |name: &str, values| Filter::builder().name(name).set_values(Some(values)).build();
    let call = cx.ec2().describe_tags().filters(filter("key", keys));
    let kinds = NETWORK_KINDS.map(String::from).to_vec();
    let pages = call.filters(filter("resource-type", kinds)).into_paginator().items();
    let all: Vec<TagDescription> = pages.send().try_collect().await.op("ec2:DescribeTags")?;
    let mut by_resource: BTreeMap<String, Tags> = BTreeMap::new();
    for tag in all {
        let (Some(id), Some(key), Some(value)) = (tag.resource_id, tag.key, tag.value) else {
            continue;
        };
        by_resource.entry(id).or_default().insert(key, value);
    }
    Ok(by_resource.into_values().collect())
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
    let (identity, region) = (&cx.scope().caller, &cx.scope().region);
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

async fn meshes(cx: &Cx) -> Result<(Vec<Tags>, Option<Error>)> {
    let list = async || -> Result<Vec<MeshRef>> {
        let pages = cx.appmesh().list_meshes().into_paginator().items();
        pages.send().try_collect().await.op("appmesh:ListMeshes")
    };
    let meshes = match through_silence(cx.clock(), list).await {
        Ok(meshes) => meshes,
        Err(error) if matches!(error.class, Class::Throttled | Class::Transient) => {
            return Err(error);
        }
        Err(error) if error.class == Class::Silent => {
            return Ok((Vec::new(), Some(error)));
        }
        Err(_) => return Ok((Vec::new(), None)),
    };
    let tags = meshes.iter().map(|mesh| async {
        let call = cx.appmesh().list_tags_for_resource().resource_arn(mesh.arn());
        let shown = match call.send().await.op("appmesh:ListTagsForResource").or_absent() {
            Err(error) if error.class == Class::Silent => None,
            shown => shown?,
        };
        Ok(shown.map(|shown| tags_of(shown.tags())).unwrap_or_default())
    });
    Ok((try_join_all(tags).await?, None))
}

async fn load_balancing(cx: &Clients) -> Result<Vec<Tags>> {
    let balancers = cx.elb().describe_load_balancers().into_paginator().items().send();
    let groups = cx.elb().describe_target_groups().into_paginator().items().send();
    let (balancers, groups) = join!(balancers.try_collect(), groups.try_collect());
    let balancers: Vec<LoadBalancer> =
        balancers.op("elasticloadbalancing:DescribeLoadBalancers")?;
    let groups: Vec<TargetGroup> = groups.op("elasticloadbalancing:DescribeTargetGroups")?;
    let balancers = balancers.into_iter().filter_map(|it| it.load_balancer_arn);
    let groups = groups.into_iter().filter_map(|it| it.target_group_arn);
    let arns: Vec<String> = balancers.chain(groups).collect();
    let pages = arns.chunks(20).map(|page| async {
        let call = cx.elb().describe_tags().set_resource_arns(Some(page.to_vec()));
        // One that went away meanwhile makes AWS refuse the page; the rest of its stack is there yet.
        let shown = call.send().await.op("elasticloadbalancing:DescribeTags").or_absent()?;
        let shown = shown.and_then(|shown| shown.tag_descriptions).unwrap_or_default();
        Ok(of_all(shown, |one| one.tags()))
    });
    Ok(try_join_all(pages).await?.into_iter().flatten().collect())
}

async fn apis(cx: &Clients) -> Result<Vec<Tags>> {
    let apis = cx.apigateway().get_rest_apis().limit(500).into_paginator().items().send();
    let links = cx.apigateway().get_vpc_links().limit(500).into_paginator().items().send();
    let (apis, links, second) = join!(apis.try_collect(), links.try_collect(), vpc_links(cx));
    let apis: Vec<RestApi> = apis.op("apigateway:GetRestApis")?;
    let links: Vec<VpcLink> = links.op("apigateway:GetVpcLinks")?;
    let second = second?;
    let tags = apis.iter().map(|api| api.tags()).chain(links.iter().map(|link| link.tags()));
    let tags = tags.chain(second.iter().map(|link| link.tags()));
    Ok(tags.map(tags_in).collect())
}

async fn namespaces(cx: &Clients) -> Result<Vec<Tags>> {
    let pages = cx.servicediscovery().list_namespaces().into_paginator().send();
    let pages: Vec<_> = pages.try_collect().await.op("servicediscovery:ListNamespaces")?;
    let all: Vec<_> = pages.iter().flat_map(|page| page.namespaces()).collect();
    let tags = all.iter().filter_map(|namespace| namespace.arn()).map(|arn| async move {
        let shown = cx.servicediscovery().list_tags_for_resource().resource_arn(arn).send().await;
        let shown = shown.op("servicediscovery:ListTagsForResource").or_absent()?;
        Ok(shown.map(|shown| tags_of(shown.tags())).unwrap_or_default())
    });
    try_join_all(tags).await
}

/// The newest revision of each family. AWS shows the tags of one at a time, and a family's name does
/// not tell whose it is: a stack's name may begin with another's.
async fn task_definitions(cx: &Clients) -> Result<Vec<Tags>> {
    let call = cx.ecs().list_task_definition_families().status(TaskDefinitionFamilyStatus::Active);
    let families = call.into_paginator().items().send().try_collect().await;
    let families: Vec<String> = families.op("ecs:ListTaskDefinitionFamilies")?;
    let tags = families.iter().map(|family| async move {
        let call = cx.ecs().describe_task_definition().task_definition(family);
        let shown = call.include(TaskDefinitionField::Tags).send().await;
        let shown = shown.op("ecs:DescribeTaskDefinition").or_absent()?;
        Ok(shown.map(|shown| tags_of(shown.tags())).unwrap_or_default())
    });
    try_join_all(tags).await
}
