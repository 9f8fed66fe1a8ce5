//! Whether the names that are derived from the stack's are free, where AWS has one of a name.

use super::{Asked, Facts, Plan, Wanted};
use crate::model::Check;

const NAME: &str = "names";

/// What of the plan stands under a name that something in the account has.
pub fn taken<'a>(plan: &'a Plan, facts: &Facts) -> Vec<&'a Wanted> {
    plan.wanted.iter().filter(|wanted| is_taken(wanted, facts)).collect()
}

fn is_taken(wanted: &Wanted, facts: &Facts) -> bool {
    let has = |names: &Asked<Vec<String>>, field| matches!(names, Asked::Known(names) if names.iter().any(|name| name == wanted.text(field)));
    match wanted.kind {
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
            let name = wanted.text("name");
            matches!(&facts.load_balancers, Asked::Known(all) if all.iter().any(|it| it.name == name))
        }
        // IAM's names differ by more than case.
        "AWS::IAM::Role" => {
            let name = wanted.text("role_name");
            let is = |role: &super::facts::Role| role.name.eq_ignore_ascii_case(name);
            matches!(&facts.roles, Asked::Known(all) if all.iter().any(is))
        }
        "AWS::ElasticLoadBalancingV2::TargetGroup" => has(&facts.target_groups, "name"),
        "AWS::ECS::Cluster" => has(&facts.clusters, "cluster_name"),
        "AWS::Logs::LogGroup" => has(&facts.log_groups, "log_group_name"),
        "AWS::AppMesh::Mesh" => has(&facts.meshes, "mesh_name"),
        _ => false,
    }
}

/// One line for each name that another has, and what is not refused but may surprise.
pub fn judge(plan: &Plan, facts: &Facts) -> Vec<Check> {
    let strangers = taken(plan, facts).into_iter();
    let strangers = strangers.filter(|wanted| !facts.ours.contains(&wanted.address));
    let mut checks: Vec<Check> = strangers
        .map(|wanted| {
            let name = ["name", "role_name", "cluster_name", "log_group_name", "mesh_name"]
                .into_iter()
                .map(|field| wanted.text(field))
                .find(|text| !text.is_empty())
                .unwrap_or_default();
            let what = format!("{} {name} exists, and is not of this stack", wanted.kind);
            Check::failure(NAME, what, "rename the stack, or remove what is in the way")
        })
        .collect();
    checks.extend(namespaces(plan, facts));
    if checks.is_empty() {
        checks.push(Check::ok(NAME, "no name that is to be given is taken"));
    }
    checks
}

/// Two private namespaces may have one name, in two VPCs. Whoever looks one up by its name, as ECS
/// does for Service Connect where no ARN is given, may find the other.
fn namespaces(plan: &Plan, facts: &Facts) -> Option<Check> {
    let Asked::Known(names) = &facts.namespaces else { return None };
    let wanted = plan.of_kind("AWS::ServiceDiscovery::PrivateDnsNamespace");
    let twin = wanted.map(|it| it.text("name")).find(|name| names.iter().any(|it| it == name))?;
    Some(Check::warning(
        NAME,
        format!("another Cloud Map namespace is called {twin}"),
        "set mesh.namespace to another name, unless the two are meant to be alike",
    ))
}
