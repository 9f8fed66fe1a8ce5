//! What holds subnets, security groups and internet gateways: the network interfaces that load
//! balancers, tasks and endpoints leave behind for minutes. No kind of its own: AWS's services make
//! and remove them. Actions: ec2:DescribeNetworkInterfaces.

use super::{FILTER_VALUES, filter};
use crate::resources::prelude::*;
use aws_sdk_ec2::types::NetworkInterface;
use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
};

/// What may be held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Held {
    /// A subnet, by everything in it.
    Subnet(String),
    /// A security group, by everything that is in it.
    Group(String),
    /// The internet gateway of a VPC, by every public address.
    Gateway(String),
}

/// What counting them needs of IAM.
pub(super) fn permission() -> Permission {
    Permission::remove("ec2:DescribeNetworkInterfaces")
}

/// How many network interfaces hold it. All who ask at once share a call.
pub(super) async fn count(cx: &Cx, held: Held) -> Result<Option<usize>> {
    Ok(Some(cx.load::<Holders>(held).await?.map_or(0, |count| *count)))
}

/// The network interfaces that hold it, each with what AWS says it is for.
pub(super) async fn named(cx: &Cx, held: &Held) -> Result<Vec<String>> {
    let (name, id) = match held {
        Held::Subnet(id) => ("subnet-id", id),
        Held::Group(id) => ("group-id", id),
        Held::Gateway(vpc) => ("vpc-id", vpc),
    };
    let call = cx.ec2().describe_network_interfaces().filters(filter(name, vec![id.clone()]));
    let all = call.into_paginator().items().send().try_collect().await;
    let all: Vec<NetworkInterface> = all.op("ec2:DescribeNetworkInterfaces")?;
    let holding = all.iter().filter(|interface| holds(interface).contains(held));
    let named = holding.filter_map(|interface| {
        let id = interface.network_interface_id()?;
        Some(holder("network interface", id, interface.description()))
    });
    Ok(named.collect())
}

thread_local! {
    /// The VPCs of what was once seen to be held: then one call per VPC tells of everything in it.
    static VPCS: RefCell<HashMap<Held, String>> = RefCell::default();
}

/// `DescribeNetworkInterfaces`, for all who ask at once.
struct Holders;

impl Batch for Holders {
    type Key = Held;
    type Value = usize;
    const MAX: usize = FILTER_VALUES;

    async fn fetch(cx: &Cx, asked: Vec<Held>) -> Result<BTreeMap<Held, usize>> {
        let (mut vpcs, mut subnets, mut groups) = (BTreeSet::new(), Vec::new(), Vec::new());
        VPCS.with_borrow(|known| {
            for held in &asked {
                match (held, known.get(held)) {
                    (Held::Gateway(vpc), _) | (_, Some(vpc)) => drop(vpcs.insert(vpc.clone())),
                    (Held::Subnet(id), None) => subnets.push(id.clone()),
                    (Held::Group(id), None) => groups.push(id.clone()),
                }
            }
        });
        let filters =
            [("vpc-id", vpcs.into_iter().collect()), ("subnet-id", subnets), ("group-id", groups)];
        let mut seen = BTreeMap::new();
        for (name, values) in filters {
            if !values.is_empty() {
                let call = cx.ec2().describe_network_interfaces().filters(filter(name, values));
                let pages = call.into_paginator().items();
                let all = pages.send().try_collect().await.op("ec2:DescribeNetworkInterfaces")?;
                let named = all.into_iter().filter_map(|it| {
                    let id = it.network_interface_id()?.to_owned();
                    Some((id, it))
                });
                seen.extend(named);
            }
        }
        let mut counts: BTreeMap<Held, usize> = BTreeMap::new();
        for interface in seen.values() {
            for held in holds(interface) {
                if let Some(vpc) = interface.vpc_id() {
                    VPCS.with_borrow_mut(|known| known.insert(held.clone(), vpc.into()));
                }
                *counts.entry(held).or_default() += 1;
            }
        }
        Ok(asked.into_iter().filter_map(|held| counts.get(&held).map(|n| (held, *n))).collect())
    }
}

/// Everything that one network interface holds.
fn holds(interface: &NetworkInterface) -> Vec<Held> {
    let groups = interface.groups().iter().filter_map(|group| group.group_id());
    let mut held: Vec<Held> = groups.map(|id| Held::Group(id.into())).collect();
    held.extend(interface.subnet_id().map(|id| Held::Subnet(id.into())));
    let public = interface.association().is_some();
    held.extend(interface.vpc_id().filter(|_| public).map(|id| Held::Gateway(id.into())));
    held
}
