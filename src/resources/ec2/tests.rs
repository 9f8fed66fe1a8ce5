//! Every kind of network resource, through the SDK's clients, over a simulated account.

use super::{
    eip::{Eip, EipId},
    internet_gateway::{InternetGateway, InternetGatewayId},
    nat_gateway::{NatGateway, NatGatewayId, NatGatewayNeeds, NatGatewayValues},
    route::{self, Route, RouteId, RouteNeeds, RouteValues},
    route_table::{RouteTable, RouteTableId},
    security_group::{SecurityGroup, SecurityGroupId},
    security_group_ingress::{
        SecurityGroupIngress, SecurityGroupIngressId, SecurityGroupIngressNeeds,
        SecurityGroupIngressValues,
    },
    subnet::{Subnet, SubnetId},
    subnet_route_table_association::{
        self as association, SubnetRouteTableAssociation, SubnetRouteTableAssociationId,
        SubnetRouteTableAssociationNeeds, SubnetRouteTableAssociationValues,
    },
    vpc::{Vpc, VpcId},
    vpc_endpoint::{VpcEndpoint, VpcEndpointId, VpcEndpointNeeds, VpcEndpointValues},
    vpc_gateway_attachment::{
        self as attachment, VpcGatewayAttachment, VpcGatewayAttachmentId,
        VpcGatewayAttachmentNeeds, VpcGatewayAttachmentValues,
    },
};
use crate::{
    aws::{CallLog, Caller, Clients, Endpoint, Scope},
    model::Clock,
    resources::{Handle, prelude::*},
    simulator::Simulator,
};
use std::time::Duration;

async fn cx(simulator: &Simulator) -> Cx {
    let endpoint = Endpoint {
        region: Some("eu-west-1".into()),
        in_process: Some(simulator.http_client()),
        ..Endpoint::default()
    };
    let clients = Clients::load(&endpoint, CallLog::default()).await;
    let caller = Caller {
        account: "000000000000".into(),
        arn: "arn:aws:iam::000000000000:root".into(),
        partition: "aws".into(),
    };
    let scope =
        Scope { stack: "shop".into(), region: "eu-west-1".into(), caller, tags: Tags::new() };
    Cx::new(clients, scope, Clock::started(1.0))
}

fn handle<R>(address: &str) -> Handle<R> {
    Handle::new(Address::new(address))
}

async fn pause() {
    tokio::time::sleep(Duration::from_secs(2)).await;
}

/// What the engine does: create, read, mend, and wait.
async fn settle<R: Resource>(cx: &Cx, at: &str, wish: &R, needs: &Values<R>) -> R::Out {
    let address = Address::new(at);
    let token = format!("token-{at}");
    let out = loop {
        match wish.create(&cx.creating(&address, &token), needs).await {
            Ok(out) => break out,
            Err(error) if error.class == Class::Missing => pause().await,
            Err(error) => panic!("{at}: {error}"),
        }
    };
    mend::<R>(cx, wish, &out, needs).await;
    for _ in 0..200 {
        let live = R::read(cx, &out).await.expect("a description").expect("a resource");
        match R::readiness(&live) {
            Readiness::Ready => break,
            Readiness::Waiting(_) => pause().await,
            Readiness::Failed(why) => panic!("{at}: {why}"),
        }
    }
    let found = R::search(cx).await.expect("a search");
    assert!(found.iter().any(|found| found.address == address), "{at} is not found");
    out
}

/// Updates until nothing differs, and says whether anything did.
async fn mend<R: Resource>(cx: &Cx, wish: &R, out: &R::Out, needs: &Values<R>) -> bool {
    let mut differed = false;
    for _ in 0..20 {
        let Some(live) = R::read(cx, out).await.expect("a description") else {
            pause().await;
            continue;
        };
        let drift = wish.drift(&live, needs);
        if drift.is_empty() {
            return differed;
        }
        assert!(!drift.replaces(), "{drift}");
        differed = true;
        match wish.update(cx, out, &drift, needs).await {
            Err(error) if error.class == Class::NotYet => pause().await,
            answer => answer.expect("an update"),
        }
    }
    panic!("{} still differs", R::KIND);
}

/// Deletes, as often as AWS says that something is in use, and once more for good measure.
async fn remove<R: Resource>(cx: &Cx, out: &R::Out) {
    for _ in 0..400 {
        match R::delete(cx, out).await {
            Err(error) if error.class == Class::Busy => pause().await,
            answer => {
                answer.expect("a deletion");
                break;
            }
        }
    }
    for _ in 0..400 {
        if R::read(cx, out).await.expect("a description").is_none() {
            break;
        }
        pause().await;
    }
    R::delete(cx, out).await.expect("what is gone can be deleted");
    assert!(R::read(cx, out).await.expect("a description").is_none(), "{} stays", R::KIND);
}

fn vpc() -> Vpc {
    let cidr_block = "10.0.96.0/20".into();
    Vpc { cidr_block, enable_dns_support: true, enable_dns_hostnames: true }
}

fn subnet(third: u8, zone: &str) -> Subnet {
    Subnet {
        vpc: handle("vpc").created(),
        cidr_block: format!("10.0.{third}.0/24"),
        availability_zone: format!("eu-west-1{zone}"),
        map_public_ip_on_launch: third > 103,
    }
}

fn attached() -> VpcGatewayAttachment {
    let needs = VpcGatewayAttachmentNeeds {
        vpc: handle("vpc").created(),
        internet_gateway: handle("igw").created(),
    };
    VpcGatewayAttachment { needs }
}

fn nat() -> NatGateway {
    let needs = NatGatewayNeeds {
        subnet: handle("subnet").created(),
        address: handle("eip").created(),
        attachment: handle("igw/attachment").created(),
    };
    NatGateway { needs }
}

fn group(name: &str) -> SecurityGroup {
    let vpc = handle("vpc").created();
    SecurityGroup { vpc, group_name: name.into(), description: format!("for {name}") }
}

fn way_in(port: i32, cidr: Option<&str>) -> SecurityGroupIngress {
    let source_group = cidr.is_none().then(|| handle("group/a").created());
    SecurityGroupIngress {
        needs: SecurityGroupIngressNeeds { group: handle("group/b").created(), source_group },
        ip_protocol: "tcp".into(),
        from_port: port,
        to_port: port,
        cidr_ipv4: cidr.map(String::from),
    }
}

fn endpoint() -> VpcEndpoint {
    let needs = VpcEndpointNeeds {
        vpc: handle("vpc").ready(),
        subnets: vec![handle("subnet").created()],
        security_groups: vec![handle("group/a").created()],
    };
    let service_name = "com.amazonaws.eu-west-1.execute-api".into();
    VpcEndpoint { needs, service_name, private_dns_enabled: true }
}

fn table() -> RouteTable {
    RouteTable { vpc: handle("vpc").created(), leads_out: true }
}

fn to_the_internet(through_nat: bool) -> Route {
    let needs = RouteNeeds {
        table: handle("table").created(),
        gateway: (!through_nat).then(|| handle("igw/attachment").created()),
        nat_gateway: through_nat.then(|| handle("nat").created()),
    };
    Route { needs, destination_cidr_block: "0.0.0.0/0".into() }
}

fn uses() -> SubnetRouteTableAssociation {
    let needs = SubnetRouteTableAssociationNeeds {
        way_out: Vec::new(),
        subnet: handle("subnet").created(),
        table: handle("table").created(),
    };
    SubnetRouteTableAssociation { needs }
}

/// A VPC with a public and a private side.
struct Network {
    vpc: VpcId,
    public: SubnetId,
    private: SubnetId,
    gateway: InternetGatewayId,
    attachment: VpcGatewayAttachmentId,
    eip: EipId,
    nat: NatGatewayId,
    tables: [RouteTableId; 2],
    routes: [RouteId; 2],
    associations: [SubnetRouteTableAssociationId; 2],
}

impl Network {
    async fn make(cx: &Cx) -> Self {
        let vpc = settle(cx, "vpc", &vpc(), &()).await;
        let public = settle(cx, "subnet/public", &subnet(104, "a"), &vpc).await;
        let private = settle(cx, "subnet/private", &subnet(100, "a"), &vpc).await;
        let gateway = settle(cx, "igw", &InternetGateway {}, &()).await;
        let ends =
            VpcGatewayAttachmentValues { vpc: vpc.clone(), internet_gateway: gateway.clone() };
        let at = attachment::address(&Address::new("igw"));
        let attachment = settle(cx, at.as_str(), &attached(), &ends).await;
        let eip = settle(cx, "eip", &Eip {}, &()).await;
        let place = NatGatewayValues {
            subnet: public.clone(),
            address: eip.clone(),
            attachment: attachment.clone(),
        };
        let address = Address::new("nat");
        let nat = nat().create(&cx.creating(&address, "nat"), &place).await.expect("a gateway");
        let mut tables = Vec::new();
        let mut routes = Vec::new();
        let mut associations = Vec::new();
        for (at, subnet) in [("public", &public), ("private", &private)] {
            let behind_nat = at == "private";
            let table_at = format!("table/{at}");
            let table = settle(cx, &table_at, &table(), &vpc).await;
            let way = RouteValues {
                table: table.clone(),
                gateway: (!behind_nat).then(|| attachment.clone()),
                nat_gateway: behind_nat.then(|| nat.clone()),
            };
            let route_at = route::address(&Address::new(table_at));
            routes.push(settle(cx, route_at.as_str(), &to_the_internet(behind_nat), &way).await);
            let ends = SubnetRouteTableAssociationValues {
                subnet: subnet.clone(),
                table: table.clone(),
                way_out: Vec::new(),
            };
            let at = association::address(&Address::new(format!("subnet/{at}")));
            associations.push(settle(cx, at.as_str(), &uses(), &ends).await);
            tables.push(table);
        }
        let tables = tables.try_into().expect("two");
        let routes = routes.try_into().expect("two");
        let associations = associations.try_into().expect("two");
        Self { vpc, public, private, gateway, attachment, eip, nat, tables, routes, associations }
    }

    async fn remove(&self, cx: &Cx) {
        for association in &self.associations {
            remove::<SubnetRouteTableAssociation>(cx, association).await;
        }
        for route in &self.routes {
            remove::<Route>(cx, route).await;
        }
        for table in &self.tables {
            remove::<RouteTable>(cx, table).await;
        }
        remove::<NatGateway>(cx, &self.nat).await;
        remove::<Eip>(cx, &self.eip).await;
        remove::<VpcGatewayAttachment>(cx, &self.attachment).await;
        remove::<InternetGateway>(cx, &self.gateway).await;
        remove::<Subnet>(cx, &self.public).await;
        remove::<Subnet>(cx, &self.private).await;
        remove::<Vpc>(cx, &self.vpc).await;
    }

    fn endpoint(&self, groups: &[&SecurityGroupId], subnets: &[&SubnetId]) -> VpcEndpointValues {
        VpcEndpointValues {
            vpc: self.vpc.clone(),
            subnets: subnets.iter().map(|&id| id.clone()).collect(),
            security_groups: groups.iter().map(|&id| id.clone()).collect(),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_kind_settles_without_drift_and_leaves_nothing() {
    let simulator = Simulator::seeded(7);
    let cx = cx(&simulator).await;
    let network = Network::make(&cx).await;
    let a = settle(&cx, "group/a", &group("a"), &network.vpc).await;
    let b = settle(&cx, "group/b", &group("b"), &network.vpc).await;
    let open = SecurityGroupIngressValues { group: b.clone(), source_group: None };
    let open = settle(&cx, "rule/open", &way_in(80, Some("0.0.0.0/0")), &open).await;
    let inner = SecurityGroupIngressValues { group: b.clone(), source_group: Some(a.clone()) };
    let inner = settle(&cx, "rule/inner", &way_in(3000, None), &inner).await;
    let values = network.endpoint(&[&a], &[&network.private]);
    let endpoint: VpcEndpointId = settle(&cx, "endpoint", &endpoint(), &values).await;

    let held = SecurityGroup::delete(&cx, &a).await.expect_err("a rule of b names a");
    assert_eq!(held.class, Class::Busy);
    remove::<VpcEndpoint>(&cx, &endpoint).await;
    remove::<SecurityGroupIngress>(&cx, &inner).await;
    remove::<SecurityGroupIngress>(&cx, &open).await;
    remove::<SecurityGroup>(&cx, &a).await;
    remove::<SecurityGroup>(&cx, &b).await;
    network.remove(&cx).await;
    let left = simulator.inventory();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(left.remnants.len(), 1, "the deleted NAT gateway stays in the listing");
}

#[tokio::test(start_paused = true)]
async fn what_changes_behind_our_back_is_mended_in_place() {
    let simulator = Simulator::seeded(11);
    let cx = cx(&simulator).await;
    let network = Network::make(&cx).await;
    let a = settle(&cx, "group/a", &group("a"), &network.vpc).await;
    let b = settle(&cx, "group/b", &group("b"), &network.vpc).await;

    let values = SecurityGroupIngressValues { group: b.clone(), source_group: None };
    let id: SecurityGroupIngressId =
        settle(&cx, "rule", &way_in(80, Some("0.0.0.0/0")), &values).await;
    assert!(mend(&cx, &way_in(443, Some("10.0.0.0/8")), &id, &values).await);
    let twin = cx.creating(&Address::new("twin"), "twin");
    let twice = way_in(443, Some("10.0.0.0/8")).create(&twin, &values).await;
    assert_eq!(twice.expect_err("the rule is there").class, Class::Exists);

    // A public table that is made private, and back.
    let [_, private] = &network.tables;
    let [route, _] = &network.routes;
    let way = |through_nat: bool| RouteValues {
        table: network.tables[0].clone(),
        gateway: (!through_nat).then(|| network.attachment.clone()),
        nat_gateway: through_nat.then(|| network.nat.clone()),
    };
    assert!(mend(&cx, &to_the_internet(true), route, &way(true)).await);
    assert!(mend(&cx, &to_the_internet(false), route, &way(false)).await);

    // A subnet that moves to another table keeps its recorded identity.
    let [recorded, _] = &network.associations;
    let ends = |table: &RouteTableId| SubnetRouteTableAssociationValues {
        way_out: Vec::new(),
        subnet: network.public.clone(),
        table: table.clone(),
    };
    assert!(mend(&cx, &uses(), recorded, &ends(private)).await);
    assert!(mend(&cx, &uses(), recorded, &ends(&network.tables[0])).await);
    assert!(mend(&cx, &uses(), recorded, &ends(private)).await);
    remove::<SubnetRouteTableAssociation>(&cx, recorded).await;

    let all = aws_sdk_ec2::types::IpPermission::builder().ip_protocol("-1");
    let range = aws_sdk_ec2::types::IpRange::builder().cidr_ip("0.0.0.0/0").build();
    let revoke = cx.ec2().revoke_security_group_egress().group_id(&a.0);
    revoke.ip_permissions(all.ip_ranges(range).build()).send().await.expect("a revocation");
    assert!(mend(&cx, &group("a"), &a, &network.vpc).await);

    let values = network.endpoint(&[&a], &[&network.private]);
    let id: VpcEndpointId = settle(&cx, "endpoint", &endpoint(), &values).await;
    let other = settle(&cx, "subnet/b", &subnet(101, "b"), &network.vpc).await;
    let values = network.endpoint(&[&b], &[&other]);
    let quiet = VpcEndpoint { private_dns_enabled: false, ..endpoint() };
    assert!(mend(&cx, &quiet, &id, &values).await);
    let added = network.endpoint(&[&a, &b], &[&other, &network.private]);
    assert!(mend(&cx, &endpoint(), &id, &added).await);
}

#[tokio::test(start_paused = true)]
async fn a_nat_gateway_that_failed_says_why_and_is_replaced() {
    let simulator = Simulator::seeded(3);
    let cx = cx(&simulator).await;
    let vpc = settle(&cx, "vpc", &vpc(), &()).await;
    let subnet = settle(&cx, "subnet", &subnet(104, "a"), &vpc).await;
    let address = settle(&cx, "eip", &Eip {}, &()).await;
    let attachment =
        VpcGatewayAttachmentId { vpc_id: vpc.0.clone(), internet_gateway_id: "igw-0".into() };
    let values = NatGatewayValues { subnet, address, attachment };
    let at = cx.creating(&Address::new("nat"), "nat");
    let id = nat().create(&at, &values).await.expect("a gateway");
    let again = nat().create(&at, &values).await.expect("the same gateway");
    assert_eq!(id, again, "one token, one gateway");

    tokio::time::sleep(Duration::from_secs(60)).await;
    let live = NatGateway::read(&cx, &id).await.expect("a description").expect("a gateway");
    let Readiness::Failed(why) = NatGateway::readiness(&live) else { panic!("it did not fail") };
    assert!(why.starts_with("Gateway.NotAttached: Network vpc-"), "{why}");
    assert!(nat().drift(&live, &values).replaces());
    remove::<NatGateway>(&cx, &id).await;
    assert!(NatGateway::search(&cx).await.expect("a search").is_empty());
}

#[tokio::test(start_paused = true)]
async fn tags_are_changed_on_every_kind_that_has_them() {
    let simulator = Simulator::seeded(5);
    let cx = cx(&simulator).await;
    let vpc = settle(&cx, "vpc", &vpc(), &()).await;
    let table = settle(&cx, "table", &table(), &vpc).await;
    let group = settle(&cx, "group", &group("a"), &vpc).await;
    let eip = settle(&cx, "eip", &Eip {}, &()).await;
    let values = SecurityGroupIngressValues { group: group.clone(), source_group: None };
    let rule = settle(&cx, "rule", &way_in(80, Some("0.0.0.0/0")), &values).await;
    let set = Tags::from([("team".into(), "mesh".into())]);
    let changes = TagChanges { set, remove: vec![tags::NAME.into()] };

    async fn check<R: Resource>(cx: &Cx, out: &R::Out, changes: &TagChanges) {
        R::retag(cx, out, changes).await.expect("new tags");
        let live = R::read(cx, out).await.expect("a description").expect("a resource");
        let tags = R::tags(&live).expect("tags are shown");
        assert_eq!(tags.get("team").map(String::as_str), Some("mesh"), "{}", R::KIND);
        assert!(!tags.contains_key(tags::NAME), "{}", R::KIND);
    }
    check::<Vpc>(&cx, &vpc, &changes).await;
    check::<RouteTable>(&cx, &table, &changes).await;
    check::<SecurityGroup>(&cx, &group, &changes).await;
    check::<Eip>(&cx, &eip, &changes).await;
    check::<SecurityGroupIngress>(&cx, &rule, &changes).await;
}

#[tokio::test(start_paused = true)]
async fn reads_of_tables_routes_and_associations_are_one_call() {
    let simulator = Simulator::seeded(9);
    let cx = cx(&simulator).await;
    let network = Network::make(&cx).await;
    let before = simulator.calls().len();
    let tables = network.tables.iter().map(|id| RouteTable::read(&cx, id));
    let tables = futures_util::future::join_all(tables);
    let routes = network.routes.iter().map(|id| Route::read(&cx, id));
    let routes = futures_util::future::join_all(routes);
    let associations =
        network.associations.iter().map(|id| SubnetRouteTableAssociation::read(&cx, id));
    let associations = futures_util::future::join_all(associations);
    let (tables, routes, associations) = futures_util::join!(tables, routes, associations);
    assert!(tables.iter().all(|read| matches!(read, Ok(Some(_)))));
    assert!(routes.iter().all(|read| matches!(read, Ok(Some(_)))));
    assert!(associations.iter().all(|read| matches!(read, Ok(Some(_)))));
    assert_eq!(simulator.calls().len(), before + 1);
}
