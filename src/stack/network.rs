//! The base of one side: a VPC with public and private subnets, and the ways out.

use super::{Facts, Side};
use crate::{
    config::{Nat, Network, Vpc as Blocks},
    resources::{
        Blueprint, Gate, Handle,
        ec2::{
            eip::Eip,
            internet_gateway::InternetGateway,
            nat_gateway::{NatGateway, NatGatewayNeeds},
            route::{self, Route, RouteNeeds},
            route_table::RouteTable,
            subnet::Subnet,
            subnet_route_table_association::{
                self as association, SubnetRouteTableAssociation, SubnetRouteTableAssociationNeeds,
            },
            vpc::Vpc,
            vpc_gateway_attachment::{
                self as attachment, VpcGatewayAttachment, VpcGatewayAttachmentNeeds,
            },
        },
    },
};

/// What the other blueprints take from a network.
pub struct Base {
    /// Which side.
    pub side: Side,
    /// The VPC.
    pub vpc: Handle<Vpc>,
    /// Its whole range.
    pub cidr: String,
    /// The way to the internet.
    pub attachment: Handle<VpcGatewayAttachment>,
    /// One for each zone.
    pub public: Vec<Handle<Subnet>>,
    /// One for each zone.
    pub private: Vec<Handle<Subnet>>,
    /// Where tasks run.
    pub tasks: Tasks,
}

/// Where tasks run: in the private subnets behind NAT gateways, or in the public ones.
#[derive(Default)]
pub struct Tasks {
    /// One for each zone.
    pub subnets: Vec<Handle<Subnet>>,
    /// Whether each has a public address: the internet gateway serves nothing without one.
    pub assign_public_ip: bool,
    /// What they need before they can pull images.
    pub egress: Vec<Gate>,
}

/// The route out.
const ANYWHERE: &str = "0.0.0.0/0";

/// Declares one side's network.
pub fn base(
    blueprint: &mut Blueprint,
    side: Side,
    network: &Network,
    blocks: &Blocks,
    facts: &Facts,
) -> Base {
    let vpc = blueprint.declare(
        format!("{side}/vpc"),
        Vpc {
            cidr_block: blocks.cidr.to_string(),
            enable_dns_support: true,
            enable_dns_hostnames: true,
        },
    );
    let gateway = blueprint.declare(format!("{side}/internet-gateway"), InternetGateway {});
    let needs =
        VpcGatewayAttachmentNeeds { vpc: vpc.created(), internet_gateway: gateway.created() };
    let attachment =
        blueprint.declare(attachment::address(gateway.address()), VpcGatewayAttachment { needs });
    let mut base = Base {
        side,
        vpc,
        cidr: blocks.cidr.to_string(),
        attachment,
        public: Vec::new(),
        private: Vec::new(),
        tasks: Tasks { assign_public_ip: network.nat == Nat::None, ..Tasks::default() },
    };
    let in_public = base.tasks.assign_public_ip;
    let public_table = table(blueprint, &base, "public", true);
    let route = way_out(blueprint, &public_table, Some(&base.attachment), None);
    if in_public {
        base.tasks.egress.push(route.gate_created());
    }
    for (zone, cidr) in facts.zones.names.iter().zip(&blocks.public) {
        let subnet = subnet(blueprint, &base, "public", zone, cidr.to_string());
        let association = associate(blueprint, &subnet, &public_table, Vec::new());
        if in_public {
            base.tasks.egress.push(association.gate_created());
        }
        base.public.push(subnet);
    }
    let tables = private_tables(blueprint, &mut base, network.nat, facts);
    for (index, (zone, cidr)) in facts.zones.names.iter().zip(&blocks.private).enumerate() {
        let subnet = subnet(blueprint, &base, "private", zone, cidr.to_string());
        let (table, way_out) = &tables[index.min(tables.len() - 1)];
        let association = associate(blueprint, &subnet, table, way_out.clone());
        if !in_public {
            base.tasks.egress.push(association.gate_created());
        }
        base.private.push(subnet);
    }
    base.tasks.subnets = if in_public { &base.public } else { &base.private }.clone();
    base
}

/// A private route table for each NAT gateway, with what makes it a way out; without any gateway, one
/// from which nothing leads out.
fn private_tables(
    blueprint: &mut Blueprint,
    base: &mut Base,
    nat: Nat,
    facts: &Facts,
) -> Vec<(Handle<RouteTable>, Vec<Gate>)> {
    let gateways = nat.per_vpc(facts.zones.names.len());
    let mut tables = Vec::new();
    let places = facts.zones.names.iter().zip(base.public.clone());
    for (index, (zone, subnet)) in places.take(gateways.max(1)).enumerate() {
        let (side, letter) = (base.side, letter(zone));
        let leads_out = index < gateways;
        let table = table(blueprint, base, &format!("private-{letter}"), leads_out);
        if !leads_out {
            tables.push((table, Vec::new()));
            break;
        }
        let address = blueprint.declare(format!("{side}/eip/{letter}"), Eip {});
        // The public subnet's route may come later; without the attachment the gateway would fail.
        let needs = NatGatewayNeeds {
            subnet: subnet.created(),
            address: address.created(),
            attachment: base.attachment.created(),
        };
        let gateway =
            blueprint.declare(format!("{side}/nat-gateway/{letter}"), NatGateway { needs });
        let route = way_out(blueprint, &table, None, Some(&gateway));
        // Tasks started before it is available cannot pull images, and use up their retries.
        let way_out = vec![route.gate_created(), gateway.gate_ready()];
        base.tasks.egress.extend(way_out.clone());
        tables.push((table, way_out));
    }
    tables
}

fn table(
    blueprint: &mut Blueprint,
    base: &Base,
    name: &str,
    leads_out: bool,
) -> Handle<RouteTable> {
    let address = format!("{}/route-table/{name}", base.side);
    blueprint.declare(address, RouteTable { vpc: base.vpc.created(), leads_out })
}

fn way_out(
    blueprint: &mut Blueprint,
    table: &Handle<RouteTable>,
    gateway: Option<&Handle<VpcGatewayAttachment>>,
    nat: Option<&Handle<NatGateway>>,
) -> Handle<Route> {
    // AWS accepts a route to a NAT gateway that is still pending.
    let needs = RouteNeeds {
        table: table.created(),
        gateway: gateway.map(Handle::created),
        nat_gateway: nat.map(Handle::created),
    };
    let route = Route { needs, destination_cidr_block: ANYWHERE.into() };
    blueprint.declare(route::address(table.address()), route)
}

fn subnet(
    blueprint: &mut Blueprint,
    base: &Base,
    name: &str,
    zone: &str,
    cidr_block: String,
) -> Handle<Subnet> {
    let subnet = Subnet {
        vpc: base.vpc.created(),
        cidr_block,
        availability_zone: zone.into(),
        map_public_ip_on_launch: name == "public",
    };
    blueprint.declare(format!("{}/subnet/{name}-{}", base.side, letter(zone)), subnet)
}

fn associate(
    blueprint: &mut Blueprint,
    subnet: &Handle<Subnet>,
    table: &Handle<RouteTable>,
    way_out: Vec<Gate>,
) -> Handle<SubnetRouteTableAssociation> {
    let (subnet_id, table) = (subnet.created(), table.created());
    let needs = SubnetRouteTableAssociationNeeds { subnet: subnet_id, table, way_out };
    let address = association::address(subnet.address());
    blueprint.declare(address, SubnetRouteTableAssociation { needs })
}

/// The letter of a zone: `a` of `eu-west-1a`.
fn letter(zone: &str) -> &str {
    zone.char_indices().last().map_or(zone, |(at, _)| &zone[at..])
}
