//! What EC2 refuses, and what happens in it by itself. Every answer also passes the wire's check
//! against the service model.

use super::{NewInterface, PublicAddress, attach_interface, release_interface, subnet_has_egress};
use crate::simulator::{
    Account, Answer, Settings,
    account::Millis,
    fields::Fields,
    wire::{ApiError, Call, Service, encode},
};
use serde_json::{Value, json};

/// An account whose states settle when time passes.
fn account() -> Account {
    Account::new(&Settings { seed: 4, ..Settings::default() })
}

fn ask(account: &mut Account, operation: &'static str, input: Value) -> Answer {
    let call = Call {
        service: Service::Ec2,
        operation,
        input,
        region: "eu-west-1".into(),
        access_key: "LOCAL".into(),
        request_id: "request".into(),
    };
    let answer = account.call(&call);
    let response = encode(&call, answer.as_ref());
    assert_ne!(response.status(), 500, "{operation}: {:?}", response.body());
    // Whatever was made can be seen from now on.
    account.advance(account.now + 20_000);
    answer
}

fn made(account: &mut Account, operation: &'static str, input: Value) -> Value {
    ask(account, operation, input).unwrap_or_else(|error| panic!("{operation}: {error:?}"))
}

fn refused(account: &mut Account, operation: &'static str, input: Value) -> (String, String) {
    let answer = ask(account, operation, input);
    let ApiError { code, message, .. } = answer.expect_err(operation);
    (code, message)
}

fn pass(account: &mut Account, seconds: Millis) {
    account.advance(account.now + seconds * 1000);
}

fn id(answer: &Value, pointer: &str) -> String {
    answer.pointer(pointer).and_then(Value::as_str).expect(pointer).into()
}

fn vpc(account: &mut Account) -> String {
    id(&made(account, "CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" })), "/Vpc/VpcId")
}

fn subnet(account: &mut Account, vpc: &str, third: u8, zone: &str) -> String {
    let range = format!("10.0.{third}.0/24");
    let zone = format!("eu-west-1{zone}");
    let input = json!({ "VpcId": vpc, "CidrBlock": range, "AvailabilityZone": zone });
    id(&made(account, "CreateSubnet", input), "/Subnet/SubnetId")
}

fn gateway(account: &mut Account, vpc: &str) -> String {
    let made_one = made(account, "CreateInternetGateway", json!({}));
    let gateway = id(&made_one, "/InternetGateway/InternetGatewayId");
    made(account, "AttachInternetGateway", json!({ "InternetGatewayId": gateway, "VpcId": vpc }));
    gateway
}

fn eip(account: &mut Account) -> String {
    id(&made(account, "AllocateAddress", json!({ "Domain": "vpc" })), "/AllocationId")
}

fn nat(account: &mut Account, subnet: &str, address: &str) -> String {
    let input = json!({ "SubnetId": subnet, "AllocationId": address });
    id(&made(account, "CreateNatGateway", input), "/NatGateway/NatGatewayId")
}

fn table(account: &mut Account, vpc: &str) -> String {
    let made = made(account, "CreateRouteTable", json!({ "VpcId": vpc }));
    id(&made, "/RouteTable/RouteTableId")
}

fn group(account: &mut Account, vpc: &str, name: &str) -> String {
    let input = json!({ "VpcId": vpc, "GroupName": name, "Description": "for tests" });
    id(&made(account, "CreateSecurityGroup", input), "/GroupId")
}

/// How many a Describe operation lists under this filter.
fn count(account: &mut Account, operation: &'static str, filter: (&str, &str)) -> usize {
    let (name, value) = filter;
    let filters = json!([{ "Name": name, "Values": [value] }]);
    let answer = made(account, operation, json!({ "Filters": filters }));
    let lists = answer.as_object().expect("an answer").values().filter_map(Value::as_array);
    lists.map(Vec::len).sum()
}

fn new_interface(subnet: &str, groups: &[&str], public: bool) -> NewInterface {
    NewInterface {
        private_address: None,
        subnet_id: subnet.into(),
        security_groups: groups.iter().map(ToString::to_string).collect(),
        description: "ELB app/shop/0123456789abcdef".into(),
        interface_type: "interface".into(),
        requester: "amazon-elb".into(),
        public_address: if public { PublicAddress::Amazon } else { PublicAddress::None },
    }
}

#[test]
fn a_vpc_is_born_with_a_table_an_acl_and_a_group_and_takes_them_along() {
    let mut account = account();
    let vpc = vpc(&mut account);
    let kinds = ["DescribeRouteTables", "DescribeNetworkAcls", "DescribeSecurityGroups"];
    for operation in kinds {
        assert_eq!(count(&mut account, operation, ("vpc-id", &vpc)), 1, "{operation}");
    }
    assert_eq!(count(&mut account, "DescribeRouteTables", ("association.main", "true")), 1);
    assert_eq!(count(&mut account, "DescribeNetworkAcls", ("default", "true")), 1);
    let subnet = subnet(&mut account, &vpc, 1, "a");
    let held = refused(&mut account, "DeleteVpc", json!({ "VpcId": vpc }));
    let words = format!("The vpc '{vpc}' has dependencies and cannot be deleted.");
    assert_eq!(held, ("DependencyViolation".into(), words));
    made(&mut account, "DeleteSubnet", json!({ "SubnetId": subnet }));
    made(&mut account, "DeleteVpc", json!({ "VpcId": vpc }));
    for operation in kinds {
        assert_eq!(count(&mut account, operation, ("vpc-id", &vpc)), 0, "{operation}");
    }
    let gone = refused(&mut account, "DeleteVpc", json!({ "VpcId": vpc }));
    let words = format!("The vpc ID '{vpc}' does not exist");
    assert_eq!(gone, ("InvalidVpcID.NotFound".into(), words));
}

#[test]
fn a_network_interface_holds_its_subnet_its_group_and_the_gateway() {
    let mut account = account();
    let vpc = vpc(&mut account);
    let subnet = subnet(&mut account, &vpc, 1, "a");
    let group = group(&mut account, &vpc, "shop");
    let gateway = gateway(&mut account, &vpc);
    let interface = attach_interface(&mut account, new_interface(&subnet, &[&group], true));
    let interface = interface.expect("a free address");
    assert_eq!(interface.private_ip, "10.0.1.4", "AWS keeps the first four");
    for filter in [("group-id", &*group), ("description", "ELB app/*")] {
        assert_eq!(count(&mut account, "DescribeNetworkInterfaces", filter), 1, "{filter:?}");
    }
    let held = refused(&mut account, "DeleteSubnet", json!({ "SubnetId": subnet }));
    let words = format!("The subnet '{subnet}' has dependencies and cannot be deleted.");
    assert_eq!(held, ("DependencyViolation".into(), words));
    let held = refused(&mut account, "DeleteSecurityGroup", json!({ "GroupId": group }));
    let words = format!("resource {group} has a dependent object");
    assert_eq!(held, ("DependencyViolation".into(), words));
    let ends = json!({ "InternetGatewayId": gateway, "VpcId": vpc });
    let held = refused(&mut account, "DetachInternetGateway", ends.clone());
    let words = format!(
        "Network {vpc} has some mapped public address(es). Please unmap those public address(es) \
         before detaching the gateway."
    );
    assert_eq!(held, ("DependencyViolation".into(), words));
    release_interface(&mut account, &interface.id);
    made(&mut account, "DetachInternetGateway", ends.clone());
    let done = refused(&mut account, "DetachInternetGateway", ends);
    assert_eq!(done.0, "Gateway.NotAttached");
    made(&mut account, "DeleteSecurityGroup", json!({ "GroupId": group }));
    made(&mut account, "DeleteSubnet", json!({ "SubnetId": subnet }));
}

#[test]
fn a_nat_gateway_keeps_its_address_until_it_is_deleted_and_is_listed_for_an_hour() {
    let mut account = account();
    let vpc = vpc(&mut account);
    let subnet = subnet(&mut account, &vpc, 1, "a");
    gateway(&mut account, &vpc);
    let address = eip(&mut account);
    let first = nat(&mut account, &subnet, &address);
    let table = table(&mut account, &vpc);
    let everywhere = json!({
        "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": first,
    });
    made(&mut account, "CreateRoute", everywhere);
    let second = nat(&mut account, &subnet, &address);
    pass(&mut account, 200);
    let both = json!({ "NatGatewayIds": [first, second] });
    let both = made(&mut account, "DescribeNatGateways", both);
    let states = both.list("NatGateways").iter().map(|nat| {
        let code = nat.text_or_empty("FailureCode");
        (nat.text_or_empty("State"), code)
    });
    let mut states: Vec<_> = states.collect();
    states.sort_unstable();
    assert_eq!(states, [("available", ""), ("failed", "Resource.AlreadyAssociated")]);

    let shown = ("interface-type", "nat_gateway");
    assert_eq!(count(&mut account, "DescribeNetworkInterfaces", shown), 1);
    made(&mut account, "DeleteNatGateway", json!({ "NatGatewayId": first }));
    let held = refused(&mut account, "ReleaseAddress", json!({ "AllocationId": address }));
    assert_eq!(held.0, "InvalidIPAddress.InUse");
    pass(&mut account, 400);
    made(&mut account, "ReleaseAddress", json!({ "AllocationId": address }));
    assert_eq!(count(&mut account, "DescribeRouteTables", ("route.state", "blackhole")), 1);
    let remnants = account.inventory().remnants;
    assert!(remnants.iter().any(|item| item.id == first && item.state == "deleted"));
    pass(&mut account, 3700);
    assert!(account.inventory().remnants.is_empty());
    let gone = refused(&mut account, "DeleteNatGateway", json!({ "NatGatewayId": first }));
    let words = format!("The Nat Gateway {first} was not found");
    assert_eq!(gone, ("NatGatewayNotFound".into(), words));
}

#[test]
fn addresses_and_nat_gateways_are_limited() {
    let mut account = account();
    account.quotas.nat_gateways_per_zone = 1;
    let vpc = vpc(&mut account);
    let subnet = subnet(&mut account, &vpc, 1, "a");
    gateway(&mut account, &vpc);
    let addresses: Vec<String> = (0..5).map(|_| eip(&mut account)).collect();
    let full = refused(&mut account, "AllocateAddress", json!({}));
    let words = "The maximum number of addresses has been reached.";
    assert_eq!(full, ("AddressLimitExceeded".into(), words.into()));
    nat(&mut account, &subnet, &addresses[0]);
    let input = json!({ "SubnetId": subnet, "AllocationId": addresses[1] });
    assert_eq!(refused(&mut account, "CreateNatGateway", input).0, "NatGatewayLimitExceeded");
}

#[test]
fn a_client_token_stands_for_one_request() {
    let mut account = account();
    let (one, other) = (vpc(&mut account), vpc(&mut account));
    let input = |vpc: &str| json!({ "VpcId": vpc, "ClientToken": "0123" });
    let first = made(&mut account, "CreateRouteTable", input(&one));
    assert_eq!(made(&mut account, "CreateRouteTable", input(&one)), first);
    let mismatch = refused(&mut account, "CreateRouteTable", input(&other));
    assert_eq!(mismatch.0, "IdempotentParameterMismatch");
}

#[test]
fn private_dns_needs_the_attributes_and_a_free_name() {
    let mut account = account();
    let vpc = vpc(&mut account);
    let subnet = subnet(&mut account, &vpc, 1, "a");
    let input = json!({
        "VpcId": vpc, "SubnetIds": [subnet], "VpcEndpointType": "Interface",
        "ServiceName": "com.amazonaws.eu-west-1.execute-api",
    });
    let early = refused(&mut account, "CreateVpcEndpoint", input.clone());
    assert_eq!(early.0, "InvalidParameter");
    assert!(early.1.starts_with("Enabling private DNS requires both"), "{}", early.1);
    let on = json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": true } });
    made(&mut account, "ModifyVpcAttribute", on);
    let endpoint = made(&mut account, "CreateVpcEndpoint", input.clone());
    let endpoint = id(&endpoint, "/VpcEndpoint/VpcEndpointId");
    let taken = refused(&mut account, "CreateVpcEndpoint", input);
    let words = format!(
        "private-dns-enabled cannot be set because there is already a conflicting DNS domain for \
         execute-api.eu-west-1.amazonaws.com in the VPC {vpc}"
    );
    assert_eq!(taken, ("InvalidParameter".into(), words));

    let ids = json!({ "VpcEndpointIds": [endpoint, "vpce-0"] });
    let answer = made(&mut account, "DeleteVpcEndpoints", ids);
    assert_eq!(id(&answer, "/Unsuccessful/0/ResourceId"), "vpce-0");
    assert_eq!(id(&answer, "/Unsuccessful/0/Error/Code"), "InvalidVpcEndpointId.NotFound");
    while count(&mut account, "DescribeVpcEndpoints", ("vpc-id", &vpc)) > 0 {
        pass(&mut account, 1);
    }
    let held = refused(&mut account, "DeleteSubnet", json!({ "SubnetId": subnet }));
    assert_eq!(held.0, "DependencyViolation", "its network interface is the last to go");
    pass(&mut account, 300);
    made(&mut account, "DeleteSubnet", json!({ "SubnetId": subnet }));
}

#[test]
fn the_rules_of_a_group_are_written_in_either_form_and_once() {
    let mut account = account();
    let vpc = vpc(&mut account);
    let (a, b) = (group(&mut account, &vpc, "a"), group(&mut account, &vpc, "b"));
    let flat = |from: &str| {
        json!({
            "GroupId": a, "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": from,
        })
    };
    made(&mut account, "AuthorizeSecurityGroupIngress", flat("0.0.0.0/0"));
    let twice = refused(&mut account, "AuthorizeSecurityGroupIngress", flat("0.0.0.0/0"));
    let words = "the specified rule \"peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW\" \
                 already exists";
    assert_eq!(twice, ("InvalidPermission.Duplicate".into(), words.into()));
    let nested = json!({ "GroupId": a, "IpPermissions": [{
        "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{ "GroupId": b }],
    }] });
    made(&mut account, "AuthorizeSecurityGroupIngress", nested.clone());
    let described = made(&mut account, "DescribeSecurityGroups", json!({ "GroupIds": [a] }));
    let permissions = described.pointer("/SecurityGroups/0/IpPermissions").expect("permissions");
    assert_eq!(permissions.as_array().map(Vec::len), Some(1), "one range of ports, one permission");
    let out = described.pointer("/SecurityGroups/0/IpPermissionsEgress/0/IpRanges/0/CidrIp");
    assert_eq!(out, Some(&json!("0.0.0.0/0")));
    let held = refused(&mut account, "DeleteSecurityGroup", json!({ "GroupId": b }));
    assert_eq!(held.0, "DependencyViolation");
    made(&mut account, "RevokeSecurityGroupIngress", nested.clone());
    let gone = refused(&mut account, "RevokeSecurityGroupIngress", nested);
    assert_eq!(gone.0, "InvalidPermission.NotFound");
    made(&mut account, "DeleteSecurityGroup", json!({ "GroupId": b }));
    let named = json!({ "VpcId": vpc, "GroupName": "a", "Description": "again" });
    assert_eq!(refused(&mut account, "CreateSecurityGroup", named).0, "InvalidGroup.Duplicate");
}

#[test]
fn a_subnet_gets_out_once_every_part_of_its_way_is_there() {
    let mut account = account();
    let vpc = vpc(&mut account);
    let (public, private) =
        (subnet(&mut account, &vpc, 1, "a"), subnet(&mut account, &vpc, 2, "a"));
    let gateway = gateway(&mut account, &vpc);
    let (open, inner) = (table(&mut account, &vpc), table(&mut account, &vpc));
    let way = |table: &str, target: &str, id: &str| json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", target: id });
    for (table, subnet) in [(&open, &public), (&inner, &private)] {
        let ends = json!({ "RouteTableId": table, "SubnetId": subnet });
        made(&mut account, "AssociateRouteTable", ends.clone());
        let twice = refused(&mut account, "AssociateRouteTable", ends);
        assert_eq!(twice.0, "Resource.AlreadyAssociated");
    }
    let address = eip(&mut account);
    let nat = nat(&mut account, &public, &address);
    made(&mut account, "CreateRoute", way(&inner, "NatGatewayId", &nat));
    assert!(!subnet_has_egress(&account, &private), "the gateway is pending");
    pass(&mut account, 200);
    assert!(!subnet_has_egress(&account, &private), "the public subnet has no route yet");
    made(&mut account, "CreateRoute", way(&open, "GatewayId", &gateway));
    made(&mut account, "CreateRoute", way(&open, "GatewayId", &gateway));
    assert!(subnet_has_egress(&account, &private) && subnet_has_egress(&account, &public));
    let other = refused(&mut account, "CreateRoute", way(&open, "NatGatewayId", &nat));
    let words = "The route identified by 0.0.0.0/0 already exists.";
    assert_eq!(other, ("RouteAlreadyExists".into(), words.into()));
    let held = refused(&mut account, "DeleteRouteTable", json!({ "RouteTableId": open }));
    assert_eq!(held.0, "DependencyViolation");
}

#[test]
fn what_terraform_reads_besides_is_answered() {
    let mut account = account();
    eip(&mut account);
    for operation in [
        "DescribeAccountAttributes",
        "DescribeAddresses",
        "DescribeAvailabilityZones",
        "DescribePrefixLists",
        "DescribeRegions",
        "DescribeTags",
        "DescribeVpcEndpointServices",
    ] {
        made(&mut account, operation, json!({}));
    }
    let attribute = json!({ "Attribute": "domain-name" });
    made(&mut account, "DescribeAddressesAttribute", attribute);
}

#[test]
fn a_dry_run_has_no_effect() {
    let mut account = account();
    let range = json!({ "CidrBlock": "10.0.0.0/16", "DryRun": true });
    assert_eq!(refused(&mut account, "CreateVpc", range).0, "DryRunOperation");
    assert_eq!(account.ec2.vpcs.len(), 0);
}

#[test]
fn unknown_filter_names_are_refused() {
    let mut account = account();
    vpc(&mut account);
    let filter = |name: &str| json!({ "Filters": [{ "Name": name, "Values": ["x"] }] });
    let (code, message) = refused(&mut account, "DescribeVpcs", filter("vpcid"));
    assert_eq!(code, "InvalidParameterValue");
    assert_eq!(message, "The filter 'vpcid' is invalid");
    for name in ["vpc-id", "tag:Name", "tag-key", "is-default"] {
        assert_eq!(made(&mut account, "DescribeVpcs", filter(name))["Vpcs"], json!([]), "{name}");
    }
}

#[test]
fn the_parts_of_a_network_have_quotas() {
    let mut account = account();
    let vpc = vpc(&mut account);
    account.quotas.subnets_per_vpc = 1;
    account.quotas.route_tables_per_vpc = 2;
    account.quotas.routes_per_table = 0;
    account.quotas.security_groups_per_vpc = 1;
    account.quotas.rules_per_security_group = 1;
    subnet(&mut account, &vpc, 1, "a");
    let of_vpc = json!({ "VpcId": vpc });
    let table = made(&mut account, "CreateRouteTable", of_vpc.clone());
    let gateway = made(&mut account, "CreateInternetGateway", json!({}));
    let gateway = id(&gateway, "/InternetGateway/InternetGatewayId");
    let attach = json!({ "InternetGatewayId": gateway, "VpcId": vpc });
    made(&mut account, "AttachInternetGateway", attach);
    let group = made(&mut account, "DescribeSecurityGroups", json!({}));
    let group = id(&group, "/SecurityGroups/0/GroupId");
    let cases = [
        ("CreateSubnet", json!({ "VpcId": vpc, "CidrBlock": "10.0.2.0/24" }), "SubnetLimit"),
        ("CreateRouteTable", of_vpc, "RouteTableLimit"),
        (
            "CreateRoute",
            json!({
                "RouteTableId": id(&table, "/RouteTable/RouteTableId"),
                "DestinationCidrBlock": "0.0.0.0/0",
                "GatewayId": gateway,
            }),
            "RouteLimit",
        ),
        (
            "CreateSecurityGroup",
            json!({ "VpcId": vpc, "GroupName": "shop", "Description": "shop" }),
            "SecurityGroupLimit",
        ),
        (
            "AuthorizeSecurityGroupIngress",
            json!({
                "GroupId": group, "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80,
                "CidrIp": "0.0.0.0/0",
            }),
            "RulesPerSecurityGroupLimit",
        ),
    ];
    for (operation, input, code) in cases {
        let (refused, message) = refused(&mut account, operation, input);
        assert_eq!(refused, format!("{code}Exceeded"), "{operation}: {message}");
    }
}
