//! Whether the account's quotas leave room for what is to be made.

use super::{Asked, Facts, Plan};
use crate::model::Check;

const NAME: &str = "quotas";

/// One limit of an account. Service and code are those of Service Quotas; the default is the one
/// that AWS documents, for when the account's own cannot be read.
pub struct Quota {
    /// What is counted, as the start of a sentence.
    what: &'static str,
    /// Its name in Service Quotas.
    name: &'static str,
    /// The service's code.
    pub service: &'static str,
    /// Its code.
    pub code: &'static str,
    default: f64,
    need: fn(&Plan) -> f64,
    used: fn(&Facts) -> Asked<f64>,
    /// What also helps, beside a higher quota.
    remedy: &'static str,
}

const DELETE: &str = "delete some that are not needed";
const SINGLE: &str =
    "release some that are not needed, or set network.nat = \"single\" or \"none\"";

/// All limits that a stack can meet.
const QUOTAS: &[Quota] = &[
    Quota {
        what: "VPCs",
        name: "VPCs per Region",
        service: "vpc",
        code: "L-F678F1CE",
        default: 5.0,
        need: |plan| count(plan, "AWS::EC2::VPC"),
        used: |facts| number(&facts.vpcs, |all| all.len() as f64),
        remedy: DELETE,
    },
    Quota {
        what: "internet gateways",
        name: "Internet gateways per Region",
        service: "vpc",
        code: "L-A4707A72",
        default: 5.0,
        need: |plan| count(plan, "AWS::EC2::InternetGateway"),
        used: |facts| number(&facts.internet_gateways, |count| *count as f64),
        remedy: DELETE,
    },
    Quota {
        what: "Elastic IPs",
        name: "EC2-VPC Elastic IPs",
        service: "ec2",
        code: "L-0263D0A3",
        default: 5.0,
        need: |plan| count(plan, "AWS::EC2::EIP"),
        used: |facts| number(&facts.addresses, |count| *count as f64),
        remedy: SINGLE,
    },
    Quota {
        what: "application load balancers",
        name: "Application Load Balancers per Region",
        service: "elasticloadbalancing",
        code: "L-53DA6B97",
        default: 50.0,
        need: |plan| balancers(plan, "application"),
        used: |facts| {
            number(&facts.load_balancers, |all| all.iter().filter(|it| !it.network).count() as f64)
        },
        remedy: DELETE,
    },
    Quota {
        what: "network load balancers",
        name: "Network Load Balancers per Region",
        service: "elasticloadbalancing",
        code: "L-69A177A2",
        default: 50.0,
        need: |plan| balancers(plan, "network"),
        used: |facts| {
            number(&facts.load_balancers, |all| all.iter().filter(|it| it.network).count() as f64)
        },
        remedy: DELETE,
    },
    Quota {
        what: "target groups",
        name: "Target Groups per Region",
        service: "elasticloadbalancing",
        code: "L-B22855CB",
        default: 3000.0,
        need: |plan| count(plan, "AWS::ElasticLoadBalancingV2::TargetGroup"),
        used: |facts| number(&facts.target_groups, |all| all.len() as f64),
        remedy: DELETE,
    },
    Quota {
        what: "VPC links",
        name: "VPC links",
        service: "apigateway",
        code: "L-A4C7274F",
        default: 20.0,
        need: |plan| count(plan, "AWS::ApiGateway::VpcLink"),
        used: |facts| number(&facts.vpc_links, |count| *count as f64),
        remedy: DELETE,
    },
    Quota {
        what: "VPC links V2",
        name: "VPC links(V2)",
        service: "apigateway",
        code: "L-608BDCD4",
        default: 10.0,
        need: |plan| count(plan, "AWS::ApiGatewayV2::VpcLink"),
        used: |facts| number(&facts.vpc_links_v2, |count| *count as f64),
        remedy: DELETE,
    },
    Quota {
        what: "Cloud Map namespaces",
        name: "Namespaces per Region",
        service: "AWSCloudMap",
        code: "L-0FE3F50E",
        default: 50.0,
        need: |plan| count(plan, "AWS::ServiceDiscovery::PrivateDnsNamespace"),
        used: |facts| number(&facts.namespaces, |all| all.len() as f64),
        remedy: DELETE,
    },
    Quota {
        what: "meshes",
        name: "Meshes per account",
        service: "appmesh",
        code: "L-AC861A39",
        default: 15.0,
        need: |plan| count(plan, "AWS::AppMesh::Mesh"),
        used: |facts| number(&facts.meshes, |all| all.len() as f64),
        remedy: "set mesh.kind = \"service-connect\"",
    },
    Quota {
        what: "Fargate vCPUs",
        name: "Fargate On-Demand vCPU resource count",
        service: "fargate",
        code: "L-3032A538",
        // Of a new account; it grows with use.
        default: 6.0,
        need: |plan| plan.vcpus.on_demand,
        used: |facts| number(&facts.vcpus, |all| all.on_demand),
        remedy: "lower desired or cpu of the services",
    },
    Quota {
        what: "Fargate Spot vCPUs",
        name: "Fargate Spot vCPU resource count",
        service: "fargate",
        code: "L-36FBB829",
        // Of a new account; it grows with use.
        default: 6.0,
        need: |plan| plan.vcpus.spot,
        used: |facts| number(&facts.vcpus, |all| all.spot),
        remedy: "lower desired or cpu of the services, or set capacity = \"fargate\"",
    },
];

/// Counted by Availability Zone, and so apart from the others.
const NAT_GATEWAYS: Quota = Quota {
    what: "NAT gateways",
    name: "NAT gateways per Availability Zone",
    service: "vpc",
    code: "L-FE5A380F",
    default: 5.0,
    need: |plan| count(plan, "AWS::EC2::NatGateway"),
    used: |facts| number(&facts.nat_gateways, |zones| zones.values().sum::<usize>() as f64),
    remedy: SINGLE,
};

/// Those of which the plan needs any.
pub fn needed(plan: &Plan) -> impl Iterator<Item = &'static Quota> {
    QUOTAS.iter().chain([&NAT_GATEWAYS]).filter(|quota| (quota.need)(plan) > 0.0)
}

/// One line for each quota of which the plan needs any.
pub fn judge(plan: &Plan, facts: &Facts) -> Vec<Check> {
    let mut checks: Vec<Check> = QUOTAS
        .iter()
        .filter(|quota| (quota.need)(plan) > 0.0)
        .map(|quota| judge_one(quota, "", (quota.need)(plan), &(quota.used)(facts), facts))
        .collect();
    for (zone, need) in &plan.nat_gateways {
        let used = number(&facts.nat_gateways, |all| all.get(zone).copied().unwrap_or(0) as f64);
        let place = format!(" in {zone}");
        checks.push(judge_one(&NAT_GATEWAYS, &place, *need as f64, &used, facts));
    }
    if checks.is_empty() {
        checks.push(Check::ok(NAME, "nothing that counts is to be made"));
    }
    checks
}

fn judge_one(quota: &Quota, place: &str, need: f64, used: &Asked<f64>, facts: &Facts) -> Check {
    let Quota { what, name, service, code, default, remedy, .. } = quota;
    let used = match used {
        Asked::Known(used) => used,
        Asked::Not => &0.0,
        Asked::Unknown(why) => {
            let text = format!("{what}{place}: {need} to be made, and how many there are: {why}");
            return Check::warning(NAME, text, "allow the call to have them counted");
        }
    };
    let (limit, source) = match facts.limits.get(code) {
        Some(Asked::Known(limit)) => (*limit, String::new()),
        Some(Asked::Unknown(why)) => (*default, format!(" (AWS's default: {why})")),
        Some(Asked::Not) | None => (*default, " (AWS's default)".into()),
    };
    let text = format!("{what}{place}: {used} used + {need} to be made, of {limit}{source}");
    let remedy = format!("raise the quota \"{name}\" ({service} {code}), or {remedy}");
    if used + need <= limit {
        Check::ok(NAME, text)
    } else if source.is_empty() {
        Check::failure(NAME, text, remedy)
    } else {
        // The account may have been given more.
        Check::warning(NAME, text, remedy)
    }
}

fn count(plan: &Plan, kind: &str) -> f64 {
    plan.count(kind) as f64
}

fn balancers(plan: &Plan, kind: &str) -> f64 {
    let all = plan.of_kind("AWS::ElasticLoadBalancingV2::LoadBalancer");
    all.filter(|wanted| wanted.text("kind_of") == kind).count() as f64
}

fn number<T>(asked: &Asked<T>, count: impl Fn(&T) -> f64) -> Asked<f64> {
    match asked {
        Asked::Known(known) => Asked::Known(count(known)),
        Asked::Unknown(why) => Asked::Unknown(why.clone()),
        Asked::Not => Asked::Not,
    }
}
