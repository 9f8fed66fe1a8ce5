//! Whether other VPCs of the region have the addresses that ours are to have. AWS allows it.

use super::{Asked, Facts, Plan};
use crate::model::Check;
use ipnet::Ipv4Net;

const NAME: &str = "addresses";

/// Says so where it is the case: it matters to those who want to connect the VPCs one day.
pub fn judge(plan: &Plan, facts: &Facts) -> Option<Check> {
    let Asked::Known(vpcs) = &facts.vpcs else { return None };
    let blocks: Vec<&str> =
        plan.of_kind("AWS::EC2::VPC").map(|vpc| vpc.text("cidr_block")).collect();
    let twins = vpcs.iter().filter(|vpc| blocks.iter().any(|block| overlap(block, vpc))).count();
    let blocks = blocks.join(" and ");
    Some(match twins {
        0 => Check::ok(NAME, format!("no other VPC has addresses of {blocks}")),
        twins => Check::ok(
            NAME,
            format!(
                "{twins} other VPCs have addresses of {blocks}: they could not be connected with these"
            ),
        ),
    })
}

fn overlap(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (one.parse::<Ipv4Net>(), other.parse::<Ipv4Net>()) else {
        return false;
    };
    one.contains(&other) || other.contains(&one)
}
