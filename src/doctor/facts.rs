//! What the account holds, as far as the plan's limits and names need it: one listing for each
//! kind that is to be made, all at once. Actions: ec2:DescribeVpcs, ec2:DescribeAddresses,
//! ec2:DescribeInternetGateways, ec2:DescribeNatGateways, ec2:DescribeSubnets,
//! elasticloadbalancing:DescribeLoadBalancers, elasticloadbalancing:DescribeTargetGroups,
//! apigateway:GetVpcLinks, servicediscovery:ListNamespaces, appmesh:ListMeshes, iam:ListRoles,
//! ecs:DescribeClusters, ecs:ListClusters, ecs:ListTasks, ecs:DescribeTasks,
//! logs:DescribeLogGroups, servicequotas:GetServiceQuota, servicequotas:ListServiceQuotas. None of
//! them is needed: what cannot be read is told.

use super::{
    Plan, limits, names,
    permissions::{self, Denied},
    plan::Vcpus,
    quotas, service_roles,
};
use crate::{
    aws::{self, Cx, OpResult},
    model::{Address, Class, Error, Permission, Result},
};
use aws_sdk_ec2::types::{Filter, NatGatewayState};
use aws_sdk_ecs::types::LaunchType;
use aws_sdk_elasticloadbalancingv2::types::LoadBalancerTypeEnum;
use futures_util::{
    future::{OptionFuture, join_all, try_join_all},
    join,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::time::Instant;

/// What asking needs of IAM beyond what `up` needs. Simulations of the caller's policies are left out:
/// they could be asked about anybody's.
pub fn own_permissions() -> Vec<Permission> {
    let quotas = ["servicequotas:GetServiceQuota", "servicequotas:ListServiceQuotas"];
    quotas.map(Permission::find).to_vec()
}

/// How long all of it may take: it keeps `up` from beginning.
const PATIENCE: Duration = Duration::from_millis(1800);
/// In how many clusters tasks are counted.
const CLUSTERS: usize = 20;

/// What came of a question.
#[derive(Clone, Debug, Default)]
pub enum Asked<T> {
    /// It was not asked, because nothing depends on it.
    #[default]
    Not,
    /// The answer.
    Known(T),
    /// Why there is none.
    Unknown(Error),
}

/// A load balancer of the account.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadBalancer {
    /// Its name, one of its kind in the region.
    pub name: String,
    /// Whether it is a network load balancer.
    pub network: bool,
}

/// A role of the account.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its path: `/aws-service-role/{service}/` for AWS's own.
    pub path: String,
}

/// What is known of the account.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The blocks of all VPCs.
    pub vpcs: Asked<Vec<String>>,
    /// How many Elastic IP addresses.
    pub addresses: Asked<usize>,
    /// How many internet gateways.
    pub internet_gateways: Asked<usize>,
    /// How many NAT gateways count in each Availability Zone.
    pub nat_gateways: Asked<BTreeMap<String, usize>>,
    /// All load balancers.
    pub load_balancers: Asked<Vec<LoadBalancer>>,
    /// The names of all target groups.
    pub target_groups: Asked<Vec<String>>,
    /// How many VPC links.
    pub vpc_links: Asked<usize>,
    /// How many of its newer ones.
    pub vpc_links_v2: Asked<usize>,
    /// The names of all Cloud Map namespaces.
    pub namespaces: Asked<Vec<String>>,
    /// The names of all meshes.
    pub meshes: Asked<Vec<String>>,
    /// All roles.
    pub roles: Asked<Vec<Role>>,
    /// The names of clusters that stand where ours shall.
    pub clusters: Asked<Vec<String>>,
    /// The names of log groups under this stack's prefix.
    pub log_groups: Asked<Vec<String>>,
    /// vCPUs of all Fargate tasks.
    pub vcpus: Asked<Vcpus>,
    /// Quotas by their codes, as far as Service Quotas told them, and why it did not.
    pub limits: BTreeMap<&'static str, Asked<f64>>,
    /// Nodes whose names seemed to be taken, by themselves: reads lag behind creates.
    pub ours: BTreeSet<Address>,
    /// What the caller may not do, of what the plan needs.
    pub barred: Asked<Denied>,
    /// Which of AWS's own roles, that are absent, the caller may not have made.
    pub denied: Asked<Denied>,
}

impl Facts {
    /// Asks for all that the plan needs.
    pub async fn ask(cx: &Cx, plan: &Plan) -> Self {
        let until = Instant::now() + PATIENCE;
        let roles = plan.has("AWS::IAM::Role") || service_roles::concern(plan);
        let (ec2, elb) = (
            async {
                join!(
                    within(until, plan.has("AWS::EC2::VPC"), vpcs(cx)),
                    within(until, plan.has("AWS::EC2::EIP"), addresses(cx)),
                    within(until, plan.has("AWS::EC2::InternetGateway"), internet_gateways(cx)),
                    within(until, plan.has("AWS::EC2::NatGateway"), nat_gateways(cx)),
                )
            },
            async {
                join!(
                    within(
                        until,
                        plan.has("AWS::ElasticLoadBalancingV2::LoadBalancer"),
                        load_balancers(cx)
                    ),
                    within(
                        until,
                        plan.has("AWS::ElasticLoadBalancingV2::TargetGroup"),
                        target_groups(cx)
                    ),
                )
            },
        );
        let names = async {
            join!(
                within(
                    until,
                    plan.has("AWS::ServiceDiscovery::PrivateDnsNamespace"),
                    namespaces(cx)
                ),
                within(until, plan.has("AWS::AppMesh::Mesh"), meshes(cx)),
                within(until, roles, all_roles(cx)),
                within(until, plan.has("AWS::ECS::Cluster"), clusters(cx, plan)),
                within(until, plan.has("AWS::Logs::LogGroup"), log_groups(cx)),
            )
        };
        let (ec2, elb, names, vpc_links, vpc_links_v2, vcpus, limits, barred) = join!(
            ec2,
            elb,
            names,
            within(until, plan.has("AWS::ApiGateway::VpcLink"), vpc_links(cx)),
            within(until, plan.has("AWS::ApiGatewayV2::VpcLink"), vpc_links_v2(cx)),
            within(until, plan.vcpus != Vcpus::default(), vcpus(cx)),
            limits::ask(cx, until, quotas::needed(plan)),
            within(
                until,
                !plan.wanted.is_empty(),
                permissions::denied(cx, permissions::questions(cx.scope(), plan))
            ),
        );
        let mut facts = Self {
            vpcs: ec2.0,
            addresses: ec2.1,
            internet_gateways: ec2.2,
            nat_gateways: ec2.3,
            load_balancers: elb.0,
            target_groups: elb.1,
            vpc_links,
            vpc_links_v2,
            namespaces: names.0,
            meshes: names.1,
            roles: names.2,
            clusters: names.3,
            log_groups: names.4,
            vcpus,
            limits,
            ours: BTreeSet::new(),
            barred,
            denied: Asked::Not,
        };
        let questions = service_roles::questions(cx.scope(), plan, &facts);
        (facts.ours, facts.denied) = join!(
            ours(until, plan, &facts),
            within(until, !questions.is_empty(), permissions::denied(cx, questions)),
        );
        facts
    }
}

/// Asks a question, if it is one, and for a while only.
pub(super) async fn within<T>(
    until: Instant,
    wanted: bool,
    ask: impl Future<Output = Result<T>>,
) -> Asked<T> {
    let asked = OptionFuture::from(wanted.then(|| tokio::time::timeout_at(until, ask)));
    match asked.await {
        None => Asked::Not,
        Some(Ok(Ok(answer))) => Asked::Known(answer),
        // A line without what only AWS support needs.
        Some(Ok(Err(error))) => Asked::Unknown(Error { request_id: None, ..error }),
        Some(Err(_)) => Asked::Unknown(Error::new(Class::Transient, "there was no answer in time")),
    }
}

/// Which of the nodes whose names are taken have them: another look, since the first one may have
/// come too early after a run that was killed.
async fn ours(until: Instant, plan: &Plan, facts: &Facts) -> BTreeSet<Address> {
    let mut kinds = BTreeMap::new();
    for wanted in names::taken(plan, facts) {
        kinds.entry(wanted.kind).or_insert(&wanted.ops);
    }
    let searches = kinds.into_values().map(|kind| within(until, true, kind.search()));
    let found = join_all(searches).await.into_iter().map(|found| match found {
        Asked::Known(found) => found,
        Asked::Not | Asked::Unknown(_) => Vec::new(),
    });
    found.flatten().map(|found| found.address).collect()
}

async fn vpcs(cx: &Cx) -> Result<Vec<String>> {
    let pages = cx.ec2().describe_vpcs().into_paginator().items().send();
    let found: Vec<_> = pages.try_collect().await.op("ec2:DescribeVpcs")?;
    Ok(found.into_iter().filter_map(|vpc| vpc.cidr_block).collect())
}

async fn addresses(cx: &Cx) -> Result<usize> {
    let found = cx.ec2().describe_addresses().send().await.op("ec2:DescribeAddresses")?;
    Ok(found.addresses().len())
}

async fn internet_gateways(cx: &Cx) -> Result<usize> {
    let pages = cx.ec2().describe_internet_gateways().into_paginator().items().send();
    let found: Vec<_> = pages.try_collect().await.op("ec2:DescribeInternetGateways")?;
    Ok(found.len())
}

/// The zone of a NAT gateway is that of its subnet.
async fn nat_gateways(cx: &Cx) -> Result<BTreeMap<String, usize>> {
    let counting =
        [NatGatewayState::Pending, NatGatewayState::Available, NatGatewayState::Deleting];
    let counting = counting.map(|state| state.as_str().to_owned()).to_vec();
    let filter = Filter::builder().name("state").set_values(Some(counting)).build();
    let pages = cx.ec2().describe_nat_gateways().filter(filter).into_paginator().items().send();
    let found: Vec<_> = pages.try_collect().await.op("ec2:DescribeNatGateways")?;
    let subnets: BTreeSet<String> =
        found.iter().filter_map(|gateway| gateway.subnet_id().map(String::from)).collect();
    if subnets.is_empty() {
        return Ok(BTreeMap::new());
    }
    let of = Filter::builder().name("subnet-id").set_values(Some(subnets.into_iter().collect()));
    let pages = cx.ec2().describe_subnets().filters(of.build()).into_paginator().items().send();
    let subnets: Vec<_> = pages.try_collect().await.op("ec2:DescribeSubnets")?;
    let zones: BTreeMap<_, _> = subnets
        .iter()
        .filter_map(|subnet| Some((subnet.subnet_id()?, subnet.availability_zone()?)))
        .collect();
    let mut counts = BTreeMap::new();
    for gateway in &found {
        if let Some(zone) = gateway.subnet_id().and_then(|subnet| zones.get(subnet)) {
            *counts.entry((*zone).to_owned()).or_default() += 1;
        }
    }
    Ok(counts)
}

async fn load_balancers(cx: &Cx) -> Result<Vec<LoadBalancer>> {
    let pages = cx.elb().describe_load_balancers().into_paginator().items().send();
    let found: Vec<_> =
        pages.try_collect().await.op("elasticloadbalancing:DescribeLoadBalancers")?;
    let shown = found.into_iter().filter_map(|one| {
        let network = one.r#type() == Some(&LoadBalancerTypeEnum::Network);
        Some(LoadBalancer { name: one.load_balancer_name?, network })
    });
    Ok(shown.collect())
}

async fn target_groups(cx: &Cx) -> Result<Vec<String>> {
    let pages = cx.elb().describe_target_groups().into_paginator().items().send();
    let found: Vec<_> =
        pages.try_collect().await.op("elasticloadbalancing:DescribeTargetGroups")?;
    Ok(found.into_iter().filter_map(|group| group.target_group_name).collect())
}

async fn vpc_links(cx: &Cx) -> Result<usize> {
    let pages = cx.apigateway().get_vpc_links().into_paginator().items().send();
    let found: Vec<_> = pages.try_collect().await.op("apigateway:GetVpcLinks")?;
    Ok(found.len())
}

async fn vpc_links_v2(cx: &Cx) -> Result<usize> {
    Ok(aws::vpc_links::vpc_links(cx).await?.len())
}

async fn namespaces(cx: &Cx) -> Result<Vec<String>> {
    let pages = cx.servicediscovery().list_namespaces().into_paginator().send();
    let found: Vec<_> = pages.try_collect().await.op("servicediscovery:ListNamespaces")?;
    let all = found.into_iter().flat_map(|page| page.namespaces.unwrap_or_default());
    Ok(all.filter_map(|namespace| namespace.name).collect())
}

async fn meshes(cx: &Cx) -> Result<Vec<String>> {
    let pages = cx.appmesh().list_meshes().into_paginator().items().send();
    let found: Vec<_> = pages.try_collect().await.op("appmesh:ListMeshes")?;
    Ok(found.into_iter().map(|mesh| mesh.mesh_name).collect())
}

async fn all_roles(cx: &Cx) -> Result<Vec<Role>> {
    let pages = cx.iam().list_roles().max_items(1000).into_paginator().items().send();
    let found: Vec<_> = pages.try_collect().await.op("iam:ListRoles")?;
    Ok(found.into_iter().map(|role| Role { name: role.role_name, path: role.path }).collect())
}

/// Those that stand under the names of ours.
async fn clusters(cx: &Cx, plan: &Plan) -> Result<Vec<String>> {
    let names = plan.of_kind("AWS::ECS::Cluster").map(|one| one.text("cluster_name").to_owned());
    let call = cx.ecs().describe_clusters().set_clusters(Some(names.collect()));
    let found = call.send().await.op("ecs:DescribeClusters")?;
    let standing = found.clusters().iter().filter(|cluster| cluster.status() == Some("ACTIVE"));
    Ok(standing.filter_map(|cluster| cluster.cluster_name().map(String::from)).collect())
}

async fn log_groups(cx: &Cx) -> Result<Vec<String>> {
    let prefix = format!("/meshctl/{}/", cx.scope().stack);
    let call = cx.logs().describe_log_groups().log_group_name_prefix(prefix);
    let found: Vec<_> =
        call.into_paginator().items().send().try_collect().await.op("logs:DescribeLogGroups")?;
    Ok(found.into_iter().filter_map(|group| group.log_group_name).collect())
}

/// AWS counts the vCPUs of tasks that run or are about to.
async fn vcpus(cx: &Cx) -> Result<Vcpus> {
    let pages = cx.ecs().list_clusters().into_paginator().items().send();
    let clusters: Vec<String> = pages.try_collect().await.op("ecs:ListClusters")?;
    if clusters.len() > CLUSTERS {
        let message = format!("there are {} clusters to look into", clusters.len());
        return Err(Error::new(Class::Invalid, message));
    }
    let counts = clusters.iter().map(|cluster| vcpus_in(cx, cluster));
    let mut sum = Vcpus::default();
    for one in try_join_all(counts).await? {
        sum.on_demand += one.on_demand;
        sum.spot += one.spot;
    }
    Ok(sum)
}

async fn vcpus_in(cx: &Cx, cluster: &str) -> Result<Vcpus> {
    let call = cx.ecs().list_tasks().cluster(cluster).launch_type(LaunchType::Fargate);
    let tasks: Vec<String> =
        call.into_paginator().items().send().try_collect().await.op("ecs:ListTasks")?;
    let pages = tasks.chunks(100).map(async |page| {
        let call = cx.ecs().describe_tasks().cluster(cluster).set_tasks(Some(page.to_vec()));
        call.send().await.op("ecs:DescribeTasks")
    });
    let mut sum = Vcpus::default();
    for task in try_join_all(pages).await?.iter().flat_map(|page| page.tasks()) {
        let units = task.cpu().and_then(|units| units.parse::<f64>().ok()).unwrap_or_default();
        sum.add(task.capacity_provider_name(), units / 1024.0);
    }
    Ok(sum)
}
