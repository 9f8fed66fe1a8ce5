//! What ECS asks of the other services of the account.

use crate::simulator::{
    account::Account,
    cloudwatchlogs,
    ec2::network_interface::{self, NewInterface, PublicAddress},
    ec2::{region, route_table},
    elasticloadbalancingv2 as elb, iam,
    servicediscovery::{instance, namespace, service},
};
use std::collections::BTreeMap;

/// Who assumes the roles of tasks.
const TASKS: &str = "ecs-tasks.amazonaws.com";

/// A task's network interface.
pub struct Interface {
    /// `eni-…`
    pub id: String,
    /// Its private address.
    pub ip: String,
}

/// A target group, as far as ECS looks at it.
pub struct TargetGroup {
    /// `ip`, `instance`, `lambda`, `alb`.
    pub target_type: String,
    /// Whether a listener uses it.
    pub in_use: bool,
    /// Seconds in which connections drain.
    pub deregistration_delay: u64,
}

/// Whether there is such a role.
pub fn role_exists(account: &Account, arn: &str) -> bool {
    iam::exists(account, arn)
}

/// Whether tasks can assume a role by now.
pub fn role_assumable(account: &Account, arn: &str) -> bool {
    matches!(iam::assumable_by(account, arn, TASKS), iam::Assumable::Yes)
}

/// Whether there is such a log group.
pub fn log_group_exists(account: &Account, name: &str) -> bool {
    cloudwatchlogs::exists(account, name)
}

/// The Availability Zone of a subnet that calls can name by now.
pub fn zone_of(account: &Account, subnet: &str) -> Option<String> {
    let subnet = account.ec2.subnets.get(subnet, account.now)?;
    Some(subnet.availability_zone.clone())
}

/// A subnet's zone, where Fargate runs nothing in it.
pub fn zone_without_fargate(account: &Account, subnet: &str) -> Option<String> {
    let subnet = account.ec2.subnets.get(subnet, account.now)?;
    let lacks = !region::has_fargate(&subnet.availability_zone_id);
    lacks.then(|| subnet.availability_zone.clone())
}

/// Whether calls can name a security group by now.
pub fn security_group_exists(account: &Account, id: &str) -> bool {
    account.ec2.security_groups.get(id, account.now).is_some()
}

/// Whether a task in a subnet reaches the internet. An internet gateway serves only those with a
/// public address.
pub fn has_egress(account: &Account, subnet: &str, public: bool) -> bool {
    let routes = route_table::of_subnet(account, subnet).map(|table| &table.routes);
    let mut routes = routes.into_iter().flatten();
    let direct =
        routes.any(|it| it.destination_cidr_block == "0.0.0.0/0" && it.gateway_id.is_some());
    route_table::subnet_has_egress(account, subnet) && (public || !direct)
}

/// Attaches a network interface; or says why not.
pub fn attach(
    account: &mut Account,
    subnet: &str,
    groups: &[&str],
    description: &str,
    public: bool,
) -> Result<Interface, String> {
    let new = NewInterface {
        private_address: None,
        subnet_id: subnet.into(),
        security_groups: groups.iter().map(|id| (*id).to_owned()).collect(),
        description: description.into(),
        interface_type: "interface".into(),
        requester: "amazon-ecs".into(),
        public_address: if public { PublicAddress::Amazon } else { PublicAddress::None },
    };
    let attached = network_interface::attach_interface(account, new);
    let attached = attached.map_err(|error| error.message)?;
    Ok(Interface { id: attached.id, ip: attached.private_ip })
}

/// Takes a network interface away.
pub fn release(account: &mut Account, id: &str) {
    network_interface::release_interface(account, id);
}

/// A target group, if there is one.
pub fn target_group(account: &Account, arn: &str) -> Option<TargetGroup> {
    let group = account.elb.target_groups.known(arn)?;
    Some(TargetGroup {
        target_type: group.target_type.clone(),
        in_use: elb::load_balancer_of(account, arn).is_some(),
        deregistration_delay: group.deregistration_delay() / 1000,
    })
}

/// Registers an address in a target group.
pub fn register_target(account: &mut Account, group: &str, ip: &str, port: i64) {
    // A group that was deleted meanwhile sends no traffic, and the task runs on.
    let _ = elb::register_target(account, group, ip, port, true);
}

/// Deregisters it.
pub fn deregister_target(account: &mut Account, group: &str, ip: &str, port: i64) {
    elb::deregister_target(account, group, ip, port);
}

/// `initial`, `healthy`, `unhealthy`, …; `None` when it is not registered.
pub fn target_health(account: &Account, group: &str, ip: &str, _port: i64) -> Option<String> {
    Some(elb::target_health(account, group, ip).to_owned())
}

/// Whether there is such a Cloud Map service.
pub fn registry_exists(account: &Account, arn: &str) -> bool {
    service::service_exists(account, arn)
}

/// A namespace, as far as ECS looks at it.
pub struct Namespace {
    /// `ns-…`
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// The domain.
    pub name: String,
}

/// A namespace, by its name or its ARN.
pub fn namespace(account: &Account, reference: &str) -> Option<Namespace> {
    let found = namespace::named(account, reference)?;
    Some(Namespace { id: found.id.clone(), arn: found.arn.clone(), name: found.name.clone() })
}

/// Whether a namespace has a service of this name.
pub fn discovery_name_taken(account: &Account, namespace: &str, name: &str) -> bool {
    service::named(account, namespace, name).is_some()
}

/// Makes a Cloud Map service for a Service Connect endpoint, and returns its ID.
pub fn publish(account: &mut Account, region: &str, namespace: &str, name: &str) -> Option<String> {
    service::publish(account, region, namespace, name)
}

/// Takes it away, with what is registered with it.
pub fn unpublish(account: &mut Account, registry: &str) {
    account.servicediscovery.services.remove(registry);
}

/// The ARN of a Cloud Map service.
pub fn registry_arn(account: &Account, registry: &str) -> Option<String> {
    account.servicediscovery.services.known(registry).map(|service| service.arn.clone())
}

/// Publishes a task's address.
pub fn register_instance(
    account: &mut Account,
    registry: &str,
    id: &str,
    attributes: BTreeMap<String, String>,
) {
    // A service that was deleted meanwhile publishes nothing, and the task runs on.
    let _ = instance::register_instance(account, registry, id, attributes);
}

/// Says that a published task works: ECS publishes tasks as unhealthy until they do.
pub fn instance_is_healthy(account: &mut Account, registry: &str, id: &str) {
    let service = account.servicediscovery.services.known_mut(super::name_of(registry));
    if let Some(instance) = service.and_then(|service| service.instances.get_mut(id)) {
        instance.health = "HEALTHY".into();
    }
}

/// Takes a stopped task's address away, some time later.
pub fn deregister_instance(account: &mut Account, registry: &str, id: &str) {
    instance::deregister_instance(account, registry, id);
}
