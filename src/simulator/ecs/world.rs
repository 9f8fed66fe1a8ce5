//! What tests of ECS stand on: a network with a way out, a role, a log group.

use crate::{
    aws::{CallLog, Caller, Clients, Cx, Endpoint, Scope},
    model::{Clock, Tags},
    simulator::{Settings, Simulator},
};
use aws_sdk_ec2::{client::Waiters, types::DomainType};
use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, Compatibility, ContainerDefinition, LogConfiguration,
    LogDriver, NetworkConfiguration, NetworkMode, PortMapping,
};
use std::time::Duration;

/// The region of all tests.
pub const REGION: &str = "eu-west-1";
/// Who may assume the role.
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// An account with a network.
pub struct World {
    /// The account.
    pub simulator: Simulator,
    /// Its clients.
    pub cx: Cx,
    /// The VPC.
    pub vpc: String,
    /// Two private subnets.
    pub subnets: Vec<String>,
    /// A security group.
    pub group: String,
    /// A role that tasks can assume.
    pub role: String,
}

/// The name of the log group.
pub const LOGS: &str = "/meshctl/shop/app";

/// Clients of an account, for the stack `shop`.
pub async fn cx(simulator: &Simulator) -> Cx {
    let in_process = Some(simulator.http_client());
    let endpoint = Endpoint { in_process, region: Some(REGION.into()), ..Endpoint::default() };
    let clients = Clients::load(&endpoint, CallLog::default()).await;
    let caller = Caller {
        account: "000000000000".into(),
        arn: "arn:aws:iam::000000000000:user/local".into(),
        partition: "aws".into(),
    };
    let scope = Scope { stack: "shop".into(), region: REGION.into(), caller, tags: Tags::new() };
    Cx::new(clients, scope, Clock::started(1.0))
}

/// Lets time pass.
pub async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

impl World {
    /// One with AWS's latencies.
    pub async fn new(seed: u64) -> Self {
        Self::of(Simulator::seeded(seed)).await
    }

    /// One where every state settles at once.
    pub async fn instant() -> Self {
        let settings = Settings { instant: true, ..Settings::default() };
        Self::of(Simulator::open(&settings).expect("an account in memory")).await
    }

    async fn of(simulator: Simulator) -> Self {
        let cx = cx(&simulator).await;
        let ec2 = cx.ec2();
        let vpc = ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.expect("a VPC");
        let vpc = vpc.vpc().and_then(|it| it.vpc_id()).expect("its ID").to_owned();
        let gateway = ec2.create_internet_gateway().send().await.expect("an internet gateway");
        let gateway = gateway.internet_gateway().and_then(|it| it.internet_gateway_id());
        let gateway = gateway.expect("its ID");
        pass(30).await;
        let attach = ec2.attach_internet_gateway().internet_gateway_id(gateway).vpc_id(&vpc);
        attach.send().await.expect("an attachment");
        let mut subnets = Vec::new();
        for (range, zone) in [("10.0.1.0/24", "a"), ("10.0.2.0/24", "b"), ("10.0.9.0/24", "a")] {
            let call = ec2.create_subnet().vpc_id(&vpc).cidr_block(range);
            let call = call.availability_zone(format!("{REGION}{zone}"));
            let subnet = call.send().await.expect("a subnet");
            subnets.push(subnet.subnet().and_then(|it| it.subnet_id()).expect("its ID").to_owned());
        }
        let address = ec2.allocate_address().domain(DomainType::Vpc).send().await;
        let address = address.expect("an address").allocation_id.expect("its ID");
        let tables = ec2.describe_route_tables().send().await.expect("the main table");
        let main = tables.route_tables()[0].route_table_id().expect("its ID");
        let table = ec2.create_route_table().vpc_id(&vpc).send().await.expect("a table");
        let table = table.route_table().and_then(|it| it.route_table_id()).expect("its ID");
        pass(30).await;
        let public = subnets.pop().expect("three subnets");
        let nat = ec2.create_nat_gateway().subnet_id(&public).allocation_id(address).send().await;
        let nat = nat.expect("a NAT gateway").nat_gateway.and_then(|it| it.nat_gateway_id);
        let nat = nat.expect("its ID");
        let call = ec2.create_route().route_table_id(main).gateway_id(gateway);
        call.destination_cidr_block("0.0.0.0/0").send().await.expect("a route");
        pass(30).await;
        let call = ec2.create_route().route_table_id(table).nat_gateway_id(&nat);
        call.destination_cidr_block("0.0.0.0/0").send().await.expect("a route");
        for subnet in &subnets {
            let call = ec2.associate_route_table().route_table_id(table).subnet_id(subnet);
            call.send().await.expect("an association");
        }
        let call = ec2.create_security_group().vpc_id(&vpc).group_name("tasks").description("-");
        let group = call.send().await.expect("a group").group_id.expect("its ID");
        let call = cx.iam().create_role().role_name("tasks").assume_role_policy_document(TRUST);
        let role = call.send().await.expect("a role").role.expect("the role").arn;
        let logs = cx.logs().create_log_group().log_group_name(LOGS);
        logs.send().await.expect("a log group");
        let wait = ec2.wait_until_nat_gateway_available().nat_gateway_ids(nat);
        wait.wait(Duration::from_secs(600)).await.expect("an available NAT gateway");
        pass(120).await;
        Self { simulator, cx, vpc, subnets, group, role }
    }

    /// The private subnets and the security group.
    pub fn network(&self) -> NetworkConfiguration {
        let awsvpc = AwsVpcConfiguration::builder()
            .set_subnets(Some(self.subnets.clone()))
            .security_groups(&self.group)
            .assign_public_ip(AssignPublicIp::Disabled)
            .build()
            .expect("subnets are given");
        NetworkConfiguration::builder().awsvpc_configuration(awsvpc).build()
    }

    /// Registers a revision of the family `app` with one container of this image, which
    /// serves port 3000.
    pub async fn register(&self, image: &str) -> String {
        let log = LogConfiguration::builder()
            .log_driver(LogDriver::Awslogs)
            .options("awslogs-group", LOGS)
            .build()
            .expect("a driver is given");
        let port = PortMapping::builder().container_port(3000).build();
        let container = ContainerDefinition::builder().name("app").image(image);
        let container = container.port_mappings(port).log_configuration(log).build();
        let call = self.cx.ecs().register_task_definition().family("app").cpu("256").memory("512");
        let call = call.network_mode(NetworkMode::Awsvpc).execution_role_arn(&self.role);
        let call = call.requires_compatibilities(Compatibility::Fargate);
        let made = call.container_definitions(container).send().await.expect("a revision");
        made.task_definition.and_then(|it| it.task_definition_arn).expect("its ARN")
    }
}
