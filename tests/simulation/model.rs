//! What must be true of the account. It knows the shape that was asked for and reads the simulated
//! account; it sees neither meshctl's state nor its graph.

use super::shape::{Link, STACK, Shape};
use meshctl::simulator::{Inventory, Item, Simulator};
use std::collections::{BTreeMap, BTreeSet};

/// Of these there may be two at one address for a while: the new one comes first. Tasks and their
/// interfaces are AWS's own.
const SEVERAL: [(&str, &str); 5] = [
    ("ecs", "TaskDefinition"),
    ("apigateway", "Deployment"),
    ("apigatewayv2", "VpcLink"),
    ("ecs", "Task"),
    ("ec2", "NetworkInterface"),
];

/// How many of each kind a stack of this shape has.
pub fn expected(shape: &Shape) -> BTreeMap<(&'static str, &'static str), usize> {
    let services = shape.services.len();
    let apis = shape.apis();
    let gateways = shape.gateways();
    let api = usize::from(apis > 0);
    let second = if shape.link == Link::V1 { 0 } else { api };
    let application = shape.link == Link::V2Application;
    // App Mesh wants a node, a router, a route, a service and a task's role for each of ours.
    let members = if shape.connect { 0 } else { services };
    BTreeMap::from([
        (("ec2", "Vpc"), 2),
        (("ec2", "Subnet"), 4 * shape.zones),
        (("ec2", "InternetGateway"), 2),
        (("ec2", "ElasticIp"), 2 * gateways),
        (("ec2", "NatGateway"), 2 * gateways),
        (("ec2", "RouteTable"), 2 + 2 * gateways.max(1)),
        // Two load balancers, the endpoint, every service, and the public one's copy; a second link, and
        // an application load balancer behind it.
        (("ec2", "SecurityGroup"), 3 + services + 1 + second + usize::from(application)),
        // For each back-end behind an application load balancer: the link may come to the balancer's
        // port, and the page's tasks past the balancer to its own.
        (
            ("ec2", "SecurityGroupRule"),
            2 * shape.cidrs + 1 + services + 1 + if application { 2 * apis } else { 0 },
        ),
        (("ec2", "VpcEndpoint"), 1),
        // For pulling images, for the copy's tasks, for every member of App Mesh, and for the API's
        // logs.
        (("iam", "Role"), 2 + members + api),
        // The service's, its Envoy's, the copy's, and the API's.
        (("logs", "LogGroup"), 2 * services + 1 + api),
        (("elasticloadbalancing", "LoadBalancer"), 3),
        (("elasticloadbalancing", "TargetGroup"), 2 + apis),
        (("elasticloadbalancing", "Listener"), 2 + apis),
        (("ecs", "Cluster"), 2),
        (("ecs", "Service"), services + 1),
        (("ecs", "TaskDefinition"), services + 1),
        (("servicediscovery", "Namespace"), 1),
        (("servicediscovery", "Service"), services),
        (("appmesh", "Mesh"), usize::from(members > 0)),
        (("appmesh", "VirtualNode"), members),
        (("appmesh", "VirtualRouter"), members),
        (("appmesh", "Route"), members),
        (("appmesh", "VirtualService"), members),
        (("apigateway", "RestApi"), api),
        (("apigateway", "VpcLink"), api - second),
        (("apigatewayv2", "VpcLink"), second),
        (("apigateway", "Deployment"), api),
        (("apigateway", "Stage"), api),
        (("apigateway", "Method"), apis),
    ])
}

/// What was there before the stack, and must stay as it is.
#[derive(Clone)]
pub struct Model {
    strangers: Vec<Item>,
    ids: BTreeSet<String>,
}

impl Model {
    pub fn before(simulator: &Simulator) -> Self {
        let strangers = simulator.inventory().resources;
        let ids = strangers.iter().map(|item| item.id.clone()).collect();
        Self { strangers, ids }
    }

    fn ours<'a>(&self, inventory: &'a Inventory) -> Vec<&'a Item> {
        inventory.resources.iter().filter(|item| !self.ids.contains(&item.id)).collect()
    }

    /// What holds at every moment, unless two machines were at work at once: then one address may have
    /// two resources, until the next `up` or `down` that says that all is done.
    pub fn always(&self, simulator: &Simulator) -> Result<(), String> {
        self.strangers(simulator)?;
        let inventory = simulator.inventory();
        let mut at: BTreeMap<(&str, &str), &Item> = BTreeMap::new();
        for item in self.ours(&inventory) {
            let Some(address) = item.tags.get("meshctl:address") else { continue };
            if !SEVERAL.contains(&(item.service, item.kind))
                && let Some(twin) = at.insert((item.kind, address), item)
            {
                return Err(format!("two of one address: {twin:?} and {item:?}"));
            }
        }
        Ok(())
    }

    /// What holds whoever is at work: what others have is as it was, and nothing is made for others.
    pub fn strangers(&self, simulator: &Simulator) -> Result<(), String> {
        let inventory = simulator.inventory();
        for stranger in &self.strangers {
            if !inventory.resources.contains(stranger) {
                return Err(format!("a stranger's resource was touched: {stranger:?}"));
            }
        }
        for item in self.ours(&inventory) {
            let owner = item.tags.get("meshctl:stack");
            if owner.is_some_and(|owner| owner != STACK) {
                return Err(format!("it was made for another stack: {item:?}"));
            }
        }
        Ok(())
    }

    /// What of these carries the stack's tag and was not there before it.
    pub fn ours_by_tag<'a>(&self, items: &'a [Item]) -> Vec<&'a Item> {
        let ours = |item: &&Item| {
            item.tags.get("meshctl:stack").is_some_and(|stack| stack == STACK)
                && !self.ids.contains(&item.id)
        };
        items.iter().filter(ours).collect()
    }

    /// What holds after an `up` that said that all is done.
    pub fn up(&self, simulator: &Simulator, shape: &Shape) -> Result<(), String> {
        let inventory = simulator.inventory();
        // ECS keeps Cloud Map services of its own for Service Connect.
        let managed = |item: &Item| item.tags.contains_key("AmazonECSManaged");
        let ours = self.ours(&inventory).into_iter().filter(|item| !managed(item));
        let ours: Vec<&Item> = ours.collect();
        for ((service, kind), count) in expected(shape) {
            let there = ours.iter().filter(|item| (item.service, item.kind) == (service, kind));
            let there: Vec<&str> = there.map(|item| item.id.as_str()).collect();
            if there.len() != count {
                return Err(format!("{count} {service} {kind} are expected: {there:?}"));
            }
        }
        let tasks = ours.iter().filter(|item| item.kind == "Task").count();
        let front = shape.services[0].desired;
        let wanted = shape.services.iter().map(|one| one.desired).sum::<u32>() + front;
        if tasks < wanted as usize {
            return Err(format!("{wanted} tasks are expected, and there are {tasks}"));
        }
        Ok(())
    }

    /// What holds after a `down` that said that all is gone.
    pub fn down(&self, simulator: &Simulator) -> Result<(), String> {
        let inventory = simulator.inventory();
        match self.ours(&inventory).as_slice() {
            [] => Ok(()),
            left => Err(format!("left over: {left:?}")),
        }
    }
}
