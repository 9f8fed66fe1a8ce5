//! VPCs and what stands in them.

use super::{World, filter, text};
use serde_json::json;

#[test]
fn creates_without_a_token_make_another_one_each_time() {
    let mut world = World::seeded(1);
    let range = json!({ "CidrBlock": "10.0.0.0/16" });
    for (action, input, pointer) in [
        ("ec2:CreateVpc", range, "/Vpc/VpcId"),
        ("ec2:CreateInternetGateway", json!({}), "/InternetGateway/InternetGatewayId"),
        ("ec2:AllocateAddress", json!({}), "/AllocationId"),
    ] {
        let first = world.ok(action, input.clone());
        assert_ne!(text(&world.ok(action, input), pointer), text(&first, pointer), "{action}");
    }
}

#[test]
fn a_subnet_lies_in_its_vpc_overlaps_none_and_loses_five_addresses() {
    let mut world = World::seeded(1);
    let wide = json!({ "CidrBlock": "10.0.0.0/15" });
    assert_eq!(world.code("ec2:CreateVpc", wide), "InvalidVpc.Range");
    let vpc = world.vpc();
    let subnet = |range: &str| json!({ "VpcId": vpc, "CidrBlock": range });
    let made = world.ok("ec2:CreateSubnet", subnet("10.0.1.0/24"));
    assert_eq!(made["Subnet"]["AvailableIpAddressCount"], 251);
    let overlaps = world.code("ec2:CreateSubnet", subnet("10.0.1.128/25"));
    assert_eq!(overlaps, "InvalidSubnet.Conflict");
    let outside = world.code("ec2:CreateSubnet", subnet("10.1.0.0/24"));
    assert_eq!(outside, "InvalidSubnet.Range");
}

#[test]
fn a_new_vpc_resolves_names_gives_none_and_changes_one_attribute_at_a_time() {
    let mut world = World::seeded(1);
    let vpc = world.vpc();
    let mut is_on = |attribute: &str, member: &str| {
        let input = json!({ "VpcId": vpc, "Attribute": attribute });
        world.ok("ec2:DescribeVpcAttribute", input)[member]["Value"] == true
    };
    assert!(is_on("enableDnsSupport", "EnableDnsSupport"));
    assert!(!is_on("enableDnsHostnames", "EnableDnsHostnames"));
    let on = json!({ "Value": true });
    let both = json!({ "VpcId": vpc, "EnableDnsSupport": on, "EnableDnsHostnames": on });
    assert_eq!(world.code("ec2:ModifyVpcAttribute", both), "InvalidParameterCombination");
}

#[test]
fn a_route_to_an_internet_gateway_needs_its_attachment() {
    let mut world = World::seeded(1);
    let vpc = world.vpc();
    let table = world.ok("ec2:CreateRouteTable", json!({ "VpcId": vpc }));
    let table = text(&table, "/RouteTable/RouteTableId");
    let made = world.ok("ec2:CreateInternetGateway", json!({}));
    let gateway = text(&made, "/InternetGateway/InternetGatewayId");
    let route = json!({
        "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway,
    });
    let (code, message) = world.refused("ec2:CreateRoute", route.clone());
    assert_eq!(code, "InvalidParameterValue");
    assert!(message.ends_with("belong to different networks"), "{message}");
    let ends = json!({ "InternetGatewayId": gateway, "VpcId": vpc });
    world.ok("ec2:AttachInternetGateway", ends.clone());
    world.ok("ec2:CreateRoute", route);
    let twice = world.code("ec2:AttachInternetGateway", ends);
    assert_eq!(twice, "Resource.AlreadyAssociated");
}

#[test]
fn a_nat_gateway_without_an_internet_gateway_fails_frees_its_address_and_is_forgotten() {
    let mut world = World::seeded(1);
    let vpc = world.vpc();
    let subnet = world.subnet(&vpc, 1, 'a');
    let address = world.address();
    let input = json!({ "SubnetId": subnet, "AllocationId": address });
    let made = world.ok("ec2:CreateNatGateway", input);
    assert_eq!(made["NatGateway"]["State"], "pending", "the call itself does not fail");
    world.pass(300);
    let seen = world.ok("ec2:DescribeNatGateways", json!({}));
    assert_eq!(seen["NatGateways"][0]["State"], "failed");
    assert_eq!(seen["NatGateways"][0]["FailureCode"], "Gateway.NotAttached");
    world.ok("ec2:ReleaseAddress", json!({ "AllocationId": address }));
    world.pass(3700);
    assert_eq!(world.ok("ec2:DescribeNatGateways", json!({}))["NatGateways"], json!([]));
}

#[test]
fn a_filter_that_fits_nothing_lists_nothing_and_an_unknown_id_is_refused() {
    let mut world = World::seeded(1);
    world.vpc();
    for (operation, list, ids, prefix, code) in [
        ("DescribeVpcs", "Vpcs", "VpcIds", "vpc", "InvalidVpcID.NotFound"),
        ("DescribeSubnets", "Subnets", "SubnetIds", "subnet", "InvalidSubnetID.NotFound"),
        (
            "DescribeRouteTables",
            "RouteTables",
            "RouteTableIds",
            "rtb",
            "InvalidRouteTableID.NotFound",
        ),
        ("DescribeSecurityGroups", "SecurityGroups", "GroupIds", "sg", "InvalidGroup.NotFound"),
        ("DescribeNatGateways", "NatGateways", "NatGatewayIds", "nat", "NatGatewayNotFound"),
        (
            "DescribeVpcEndpoints",
            "VpcEndpoints",
            "VpcEndpointIds",
            "vpce",
            "InvalidVpcEndpointId.NotFound",
        ),
        (
            "DescribeAddresses",
            "Addresses",
            "AllocationIds",
            "eipalloc",
            "InvalidAllocationID.NotFound",
        ),
    ] {
        let action = format!("ec2:{operation}");
        let none = world.ok(&action, filter("tag:team", "nobody"));
        assert_eq!(none[list], json!([]), "{operation}");
        let id = format!("{prefix}-0123456789abcdef0");
        let unknown = world.code(&action, json!({ ids: [id] }));
        assert_eq!(unknown, code, "{operation}");
    }
}

#[test]
fn a_resource_carries_fifty_tags_and_none_of_awss() {
    let mut world = World::seeded(1);
    let vpc = world.vpc();
    let tags = |keys: &[String]| {
        let tags = keys.iter().map(|key| json!({ "Key": key, "Value": "" }));
        json!({ "Resources": [vpc], "Tags": tags.collect::<Vec<_>>() })
    };
    let fifty: Vec<String> = (0..50).map(|at| format!("key-{at}")).collect();
    world.ok("ec2:CreateTags", tags(&fifty));
    let more = world.code("ec2:CreateTags", tags(&["one more".into()]));
    assert_eq!(more, "TagLimitExceeded");
    let reserved = world.code("ec2:CreateTags", tags(&["aws:team".into()]));
    assert_eq!(reserved, "InvalidParameterValue");
}

#[test]
fn what_was_just_made_may_be_unknown_to_reads_and_to_dependants() {
    let (mut unread, mut unbuilt) = (0, 0);
    for seed in 0..60 {
        let mut world = World::seeded(seed);
        let made = world.ask("ec2:CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }));
        let vpc = text(&made.expect("a VPC"), "/Vpc/VpcId");
        let late = |answer: crate::simulator::Answer| match answer {
            Ok(_) => 0,
            Err(error) => {
                assert_eq!(error.code, "InvalidVpcID.NotFound");
                1
            }
        };
        unread += late(world.ask("ec2:DescribeVpcs", json!({ "VpcIds": [vpc] })));
        unbuilt += late(world.ask("ec2:CreateRouteTable", json!({ "VpcId": vpc })));
        world.pass(10);
        world.ok("ec2:DescribeVpcs", json!({ "VpcIds": [vpc] }));
    }
    assert!(unread > 0 && unbuilt > 0, "{unread} and {unbuilt} of 60");
}

#[test]
fn a_vpc_stays_while_any_part_of_it_is_there() {
    let mut world = World::seeded(1);
    let vpc = world.vpc();
    let of_vpc = json!({ "VpcId": vpc });
    let gateway = world.gateway(&vpc);
    assert_eq!(world.code("ec2:DeleteVpc", of_vpc.clone()), "DependencyViolation");
    let ends = json!({ "VpcId": vpc, "InternetGatewayId": gateway });
    world.ok("ec2:DetachInternetGateway", ends);
    let table = world.ok("ec2:CreateRouteTable", of_vpc.clone());
    assert_eq!(world.code("ec2:DeleteVpc", of_vpc.clone()), "DependencyViolation");
    let table = text(&table, "/RouteTable/RouteTableId");
    world.ok("ec2:DeleteRouteTable", json!({ "RouteTableId": table }));
    let group = json!({ "VpcId": vpc, "GroupName": "shop", "Description": "shop" });
    let group = text(&world.ok("ec2:CreateSecurityGroup", group), "/GroupId");
    assert_eq!(world.code("ec2:DeleteVpc", of_vpc.clone()), "DependencyViolation");
    world.ok("ec2:DeleteSecurityGroup", json!({ "GroupId": group }));
    world.ok("ec2:DeleteVpc", of_vpc);
}

#[test]
fn a_default_group_cannot_be_deleted_nor_a_group_be_named_like_an_id() {
    let mut world = World::seeded(1);
    let vpc = world.vpc();
    let groups = world.ok("ec2:DescribeSecurityGroups", filter("group-name", "default"));
    let default = text(&groups, "/SecurityGroups/0/GroupId");
    let kept = world.code("ec2:DeleteSecurityGroup", json!({ "GroupId": default }));
    assert_eq!(kept, "CannotDelete");
    let named = json!({ "VpcId": vpc, "GroupName": "sg-shop", "Description": "shop" });
    assert_eq!(world.code("ec2:CreateSecurityGroup", named), "InvalidParameterValue");
}

#[test]
fn an_endpoint_has_a_known_service_and_one_token() {
    let mut world = World::seeded(1);
    let vpc = world.vpc();
    let subnet = world.subnet(&vpc, 1, 'a');
    let endpoint = |service: &str| {
        json!({
            "VpcId": vpc, "SubnetIds": [subnet], "VpcEndpointType": "Interface",
            "ServiceName": service, "ClientToken": "one", "PrivateDnsEnabled": false,
        })
    };
    let unknown = world.code("ec2:CreateVpcEndpoint", endpoint("com.amazonaws.eu-west-1.shop"));
    assert_eq!(unknown, "InvalidServiceName");
    let known = endpoint("com.amazonaws.eu-west-1.execute-api");
    let first = world.ok("ec2:CreateVpcEndpoint", known.clone());
    let again = world.ok("ec2:CreateVpcEndpoint", known);
    let id = "/VpcEndpoint/VpcEndpointId";
    assert_eq!(text(&again, id), text(&first, id));
    assert_eq!(world.code("ec2:DeleteVpc", json!({ "VpcId": vpc })), "DependencyViolation");
}

#[test]
fn interfaces_say_whose_they_are() {
    let mut world = World::seeded(1);
    let vpc = world.vpc();
    let subnets = [world.subnet(&vpc, 1, 'a'), world.subnet(&vpc, 2, 'b')];
    world.gateway(&vpc);
    let address = world.address();
    let nat = json!({ "SubnetId": subnets[0], "AllocationId": address });
    let nat = text(&world.ok("ec2:CreateNatGateway", nat), "/NatGateway/NatGatewayId");
    let endpoint = json!({
        "VpcId": vpc, "SubnetIds": [subnets[0]], "VpcEndpointType": "Interface",
        "ServiceName": "com.amazonaws.eu-west-1.execute-api", "PrivateDnsEnabled": false,
    });
    let endpoint = world.ok("ec2:CreateVpcEndpoint", endpoint);
    let endpoint = text(&endpoint, "/VpcEndpoint/VpcEndpointId");
    let (alb, nlb) = (world.balancer("application", &subnets), world.balancer("network", &subnets));
    let name = |arn: &str| arn.split_once("loadbalancer/").expect("an ARN").1.to_owned();
    let seen = world.ok("ec2:DescribeNetworkInterfaces", filter("subnet-id", &subnets[0]));
    let seen = seen["NetworkInterfaces"].as_array().expect("a list").clone();
    for (kind, requester, description) in [
        ("nat_gateway", None, format!("Interface for NAT Gateway {nat}")),
        ("vpc_endpoint", None, format!("VPC Endpoint Interface {endpoint}")),
        ("interface", Some("amazon-elb"), format!("ELB {}", name(&alb))),
        ("network_load_balancer", Some("amazon-aws"), format!("ELB {}", name(&nlb))),
    ] {
        let found = seen.iter().find(|one| one["Description"] == json!(description));
        let found = found.unwrap_or_else(|| panic!("{description} in {seen:?}"));
        assert_eq!(found["InterfaceType"], kind);
        assert_eq!(found["RequesterManaged"], true);
        if let Some(requester) = requester {
            assert_eq!(found["Attachment"]["InstanceOwnerId"], requester, "{found}");
        }
    }
}

#[test]
fn lists_come_in_pages_of_at_least_five() {
    let mut world = World::seeded(1);
    let vpc = world.vpc();
    for third in 0..7 {
        world.subnet(&vpc, third, 'a');
    }
    let first = world.ok("ec2:DescribeSubnets", json!({ "MaxResults": 5 }));
    assert_eq!(first["Subnets"].as_array().map(Vec::len), Some(5));
    let next = json!({ "MaxResults": 5, "NextToken": first["NextToken"] });
    let second = world.ok("ec2:DescribeSubnets", next);
    assert_eq!(second["Subnets"].as_array().map(Vec::len), Some(2));
    assert_eq!(second.get("NextToken"), None);
    assert_eq!(
        world.code("ec2:DescribeSubnets", json!({ "MaxResults": 5, "NextToken": "x" })),
        "InvalidNextToken"
    );
}

#[test]
fn a_network_acl_lets_nothing_through_at_first_and_a_vpc_has_its_number_of_them() {
    let mut world = World::seeded(1);
    world.account.quotas.network_acls_per_vpc = 2;
    let vpc = world.vpc();
    let made = world.ok("ec2:CreateNetworkAcl", json!({ "VpcId": vpc }));
    let entries = made["NetworkAcl"]["Entries"].as_array().expect("entries");
    assert!(entries.iter().all(|entry| entry["RuleAction"] == "deny"), "{entries:?}");
    let more = world.code("ec2:CreateNetworkAcl", json!({ "VpcId": vpc }));
    assert_eq!(more, "NetworkAclLimitExceeded");
    assert_eq!(world.code("ec2:DeleteVpc", json!({ "VpcId": vpc })), "DependencyViolation");
}

#[test]
fn a_subnet_uses_its_vpcs_default_network_acl_until_told_otherwise() {
    let mut world = World::seeded(1);
    let vpc = world.vpc();
    let subnet = world.subnet(&vpc, 1, 'a');
    let of_subnet = filter("association.subnet-id", &subnet);
    let used = world.ok("ec2:DescribeNetworkAcls", of_subnet.clone());
    assert_eq!(used["NetworkAcls"][0]["IsDefault"], true);
    let own = world.ok("ec2:CreateNetworkAcl", json!({ "VpcId": vpc }));
    let own = text(&own, "/NetworkAcl/NetworkAclId");
    let former = text(&used, "/NetworkAcls/0/Associations/0/NetworkAclAssociationId");
    let change = json!({ "AssociationId": former, "NetworkAclId": own });
    world.ok("ec2:ReplaceNetworkAclAssociation", change);
    let used = world.ok("ec2:DescribeNetworkAcls", of_subnet);
    assert_eq!(text(&used, "/NetworkAcls/0/NetworkAclId"), own);
    let refused = world.code("ec2:DeleteNetworkAcl", json!({ "NetworkAclId": own }));
    assert_eq!(refused, "DependencyViolation");
    world.ok("ec2:DeleteSubnet", json!({ "SubnetId": subnet }));
    world.ok("ec2:DeleteNetworkAcl", json!({ "NetworkAclId": own }));
}

#[test]
fn a_gateway_endpoint_is_a_route_in_each_of_its_tables() {
    let mut world = World::seeded(1);
    let vpc = world.vpc();
    let made = world.ok("ec2:CreateRouteTable", json!({ "VpcId": vpc }));
    let table = text(&made, "/RouteTable/RouteTableId");
    let name = "com.amazonaws.eu-west-1.s3";
    let wanted = json!({ "VpcId": vpc, "ServiceName": name, "RouteTableIds": [table] });
    let made = world.ok("ec2:CreateVpcEndpoint", wanted.clone());
    let endpoint = text(&made, "/VpcEndpoint/VpcEndpointId");
    assert_eq!(world.code("ec2:CreateVpcEndpoint", wanted), "RouteAlreadyExists");
    let by_list = filter("route.destination-prefix-list-id", "pl-6da54004");
    let tables = world.ok("ec2:DescribeRouteTables", by_list.clone());
    assert_eq!(text(&tables, "/RouteTables/0/RouteTableId"), table);
    world.ok("ec2:DeleteVpcEndpoints", json!({ "VpcEndpointIds": [endpoint] }));
    assert_eq!(world.ok("ec2:DescribeRouteTables", by_list)["RouteTables"], json!([]));
}
