"""EC2: security groups and their rules, interface endpoints, network interfaces."""

from stranger import REGION, Network, pages, refused, same, specification, tag_list


def run(aws):
    ec2, network = aws.ec2, Network(aws)
    groups(ec2, network)
    rules(ec2, network)
    endpoints(ec2, network)
    gateway_endpoints(ec2, network)
    every_service(ec2, network)
    full_subnet(ec2, network)
    network.remove()


def groups(ec2, network):
    create, vpc = ec2.create_security_group, network.vpc
    say = {"Description": "said"}
    refused("MissingParameter", create, GroupName="a", **say)
    refused("InvalidVpcID.NotFound", create, GroupName="a", VpcId="vpc-00000000", **say)
    refused("InvalidParameterValue", create, GroupName="default", VpcId=vpc, **say)
    refused("InvalidParameterValue", create, GroupName="sg-own", VpcId=vpc, **say)
    refused("InvalidParameterValue", create, GroupName="é", VpcId=vpc, **say)
    refused("InvalidGroup.Duplicate", create, GroupName="inside", VpcId=vpc, **say)
    made = [
        create(
            GroupName=f"g{n}", VpcId=vpc, TagSpecifications=specification("security-group", n=str(n)), **say
        )["GroupId"]
        for n in range(6)
    ]
    only = [{"Name": "vpc-id", "Values": [vpc]}]
    found = pages(ec2, "describe_security_groups", "SecurityGroups", 5, Filters=only)
    same([len(page) for page in found], [5, 3], "its own, the default one and six")
    named = [{"Name": "group-name", "Values": ["g1", "g2"]}, *only]
    found = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    same({it["GroupId"] for it in found}, set(made[1:3]))
    tagged = [{"Name": "tag:n", "Values": ["5"]}]
    same(len(ec2.describe_security_groups(Filters=tagged)["SecurityGroups"]), 1)
    default = [{"Name": "group-name", "Values": ["default"]}, *only]
    default = ec2.describe_security_groups(Filters=default)["SecurityGroups"][0]["GroupId"]
    refused("CannotDelete", ec2.delete_security_group, GroupId=default)
    for group in made:
        ec2.delete_security_group(GroupId=group)
    refused("InvalidGroup.NotFound", ec2.delete_security_group, GroupId=made[0])


def permission(port, **peer):
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}


def rules(ec2, network):
    group = network.group
    other = ec2.create_security_group(GroupName="other", Description="other", VpcId=network.vpc)
    other = other["GroupId"]
    into = ec2.authorize_security_group_ingress
    anyone = {"IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}
    answer = into(
        GroupId=group,
        IpPermissions=[permission(80, **anyone)],
        TagSpecifications=specification("security-group-rule", n="web"),
    )
    rule = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    refused("InvalidPermission.Duplicate", into, GroupId=group, IpPermissions=[permission(80, **anyone)])
    for wrong in [
        permission(80, IpRanges=[{"CidrIp": "nowhere"}]),
        permission(80, IpRanges=[{"CidrIp": "10.0.0.1/8"}]),
        permission(70000, **anyone),
    ]:
        refused("InvalidParameterValue", into, GroupId=group, IpPermissions=[wrong])
    twice = [permission(81, **anyone), permission(81, **anyone)]
    refused("InvalidParameterValue", into, GroupId=group, IpPermissions=twice)
    refused("MissingParameter", into, GroupId=group)
    unknown = permission(82, UserIdGroupPairs=[{"GroupId": "sg-00000000"}])
    refused("InvalidGroup.NotFound", into, GroupId=group, IpPermissions=[unknown])
    into(GroupId=group, IpPermissions=[permission(8080, UserIdGroupPairs=[{"GroupId": other}])])
    refused("DependencyViolation", ec2.delete_security_group, GroupId=other)
    many = [permission(port, **anyone) for port in range(1000, 1060)]
    refused("RulesPerSecurityGroupLimitExceeded", into, GroupId=group, IpPermissions=many)
    egress = {"GroupId": group, "IpPermissions": [permission(443, **anyone)]}
    ec2.authorize_security_group_egress(**egress)
    by_group = [{"Name": "group-id", "Values": [group]}]
    found = ec2.describe_security_group_rules(Filters=by_group)["SecurityGroupRules"]
    same(sorted((it["IsEgress"], it["FromPort"]) for it in found),
         [(False, 80), (False, 8080), (True, -1), (True, 443)])
    page = ec2.describe_security_group_rules(Filters=by_group, MaxResults=5)["SecurityGroupRules"]
    same(len(page), 4)
    change = {"IpProtocol": "tcp", "FromPort": 90, "ToPort": 90, "CidrIpv4": "10.0.0.0/8"}
    change = [{"SecurityGroupRuleId": rule, "SecurityGroupRule": change}]
    ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=change)
    found = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]
    same([(it["FromPort"], it["CidrIpv4"]) for it in found], [(90, "10.0.0.0/8")])
    ec2.revoke_security_group_egress(**egress)
    refused("InvalidPermission.NotFound", ec2.revoke_security_group_egress, **egress)
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])
    again = {"GroupId": group, "SecurityGroupRuleIds": [rule]}
    refused("InvalidSecurityGroupRuleId.NotFound", ec2.revoke_security_group_ingress, **again)
    ec2.revoke_security_group_ingress(
        GroupId=group, IpPermissions=[permission(8080, UserIdGroupPairs=[{"GroupId": other}])]
    )
    ec2.delete_security_group(GroupId=other)


def endpoints(ec2, network):
    service = f"com.amazonaws.{REGION}.logs"
    services = ec2.describe_vpc_endpoint_services(ServiceNames=[service])
    same([it["ServiceName"] for it in services["ServiceDetails"]], [service])
    create = ec2.create_vpc_endpoint
    wanted = {
        "VpcId": network.vpc, "ServiceName": service, "VpcEndpointType": "Interface",
        "SubnetIds": network.subnets, "SecurityGroupIds": [network.group],
    }
    refused("InvalidServiceName", create, **{**wanted, "ServiceName": "com.amazonaws.mars.logs"})
    refused("InvalidServiceName", ec2.describe_vpc_endpoint_services, ServiceNames=["com.amazonaws.x"])
    refused("InvalidParameter", create, _text="enableDnsHostnames", **wanted)
    ec2.modify_vpc_attribute(VpcId=network.vpc, EnableDnsHostnames={"Value": True})
    refused("InvalidSubnetID.NotFound", create, **{**wanted, "SubnetIds": ["subnet-00000000"]})
    twin = ec2.create_subnet(
        VpcId=network.vpc, CidrBlock="10.9.7.0/24", AvailabilityZone=f"{REGION}a"
    )["Subnet"]["SubnetId"]
    both = {**wanted, "SubnetIds": [twin, network.subnets[0]]}
    refused("DuplicateSubnetsInSameZone", create, **both)
    ec2.delete_subnet(SubnetId=twin)
    other = {**wanted, "VpcEndpointType": "GatewayLoadBalancer"}
    refused("NotImplemented", create, _status=501, **other)
    gateway = {"VpcId": network.vpc, "ServiceName": service}
    refused("InvalidParameter", create, _text=r"\(Gateway\) does not match .*\[Interface\]", **gateway)
    tags = specification("vpc-endpoint", n="1")
    made = create(**wanted, ClientToken="one", TagSpecifications=tags)["VpcEndpoint"]
    endpoint = made["VpcEndpointId"]
    same(len(made["NetworkInterfaceIds"]), 2)
    refused("IdempotentParameterMismatch", create, **wanted, ClientToken="one")
    refused("InvalidParameter", create, _text="conflicting DNS domain", **wanted)
    tagged = [{"Name": "tag:n", "Values": ["1"]}]
    found = ec2.describe_vpc_endpoints(Filters=tagged)["VpcEndpoints"]
    same([it["State"] for it in found], ["available"])
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSubnetIds=network.subnets[1:])
    found = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    same(found[0]["SubnetIds"], network.subnets[:1])
    interfaces(ec2, network, found[0]["NetworkInterfaceIds"])
    refused("DependencyViolation", ec2.delete_security_group, GroupId=network.group)
    limit(ec2, wanted)
    gone = {"VpcEndpointIds": ["vpce-00000000"]}
    refused("InvalidVpcEndpointId.NotFound", ec2.describe_vpc_endpoints, **gone)
    answer = ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint, "vpce-00000000"])
    codes = [it["Error"]["Code"] for it in answer["Unsuccessful"]]
    same(codes, ["InvalidVpcEndpointId.NotFound"], "what could not be deleted")


def gateway_endpoints(ec2, network):
    create, vpc = ec2.create_vpc_endpoint, network.vpc
    only = [{"Name": "vpc-id", "Values": [vpc]}]
    table = ec2.describe_route_tables(Filters=only)["RouteTables"][0]["RouteTableId"]
    wanted = {"VpcId": vpc, "ServiceName": f"com.amazonaws.{REGION}.s3"}
    refused("InvalidRouteTableID.NotFound", create, RouteTableIds=["rtb-00000000"], **wanted)
    refused("InvalidParameter", create, PrivateDnsEnabled=True, **wanted)
    made = create(**wanted, RouteTableIds=[table], ClientToken="s3")["VpcEndpoint"]
    same((made["VpcEndpointType"], made["State"], made["RouteTableIds"]), ("Gateway", "available", [table]))
    refused("RouteAlreadyExists", create, RouteTableIds=[table], **wanted)
    endpoint, by_list = made["VpcEndpointId"], {"Filters": [{"Name": "prefix-list-name", "Values": ["*.s3"]}]}
    lists = ec2.describe_managed_prefix_lists(**by_list)["PrefixLists"]
    same([it["OwnerId"] for it in lists], ["AWS"])
    prefix_list = lists[0]["PrefixListId"]
    entries = ec2.get_managed_prefix_list_entries(PrefixListId=prefix_list)["Entries"]
    same([it["Cidr"] for it in entries], ec2.describe_prefix_lists(**by_list)["PrefixLists"][0]["Cidrs"])
    gone = {"PrefixListId": "pl-00000000"}
    refused("InvalidPrefixListId.NotFound", ec2.get_managed_prefix_list_entries, **gone)

    def routes():
        found = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return [it["DestinationPrefixListId"] for it in found if it.get("GatewayId") == endpoint]

    same(routes(), [prefix_list], "the endpoint's own route")
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveRouteTableIds=[table])
    same(routes(), [], "a table that it left")
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[table])
    same(routes(), [prefix_list], "a table that it joined")
    refused("DependencyViolation", ec2.delete_vpc, VpcId=vpc)
    many = [create(**wanted)["VpcEndpoint"]["VpcEndpointId"] for _ in range(19)]
    refused("VpcEndpointLimitExceeded", create, **wanted)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint, *many])
    same(routes(), [], "the endpoint is gone")


def every_service(ec2, network):
    """AWS's own services, those that a task in a closed network needs among them."""
    found = ec2.describe_vpc_endpoint_services(Filters=[{"Name": "service-type", "Values": ["Interface"]}])
    names = {it["ServiceName"] for it in found["ServiceDetails"]}
    assert len(names) > 150, names
    for service in ["ecr.api", "ecr.dkr", "logs", "sts", "ssm", "ssmmessages", "secretsmanager", "kms",
                    "monitoring", "ecs", "ecs-agent", "ecs-telemetry", "sqs", "sns", "lambda"]:
        name = f"com.amazonaws.{REGION}.{service}"
        assert name in names, service
        endpoint = ec2.create_vpc_endpoint(
            VpcId=network.vpc, ServiceName=name, VpcEndpointType="Interface", SubnetIds=network.subnets[:1]
        )["VpcEndpoint"]
        same(len(endpoint["DnsEntries"]), 2, service)
        ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])


def limit(ec2, wanted):
    made = []
    wanted = {**wanted, "PrivateDnsEnabled": False, "SubnetIds": []}
    for _ in range(49):
        made.append(ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["VpcEndpointId"])
    refused("VpcEndpointLimitExceeded", ec2.create_vpc_endpoint, **wanted)
    same(len(ec2.describe_vpc_endpoints(MaxResults=10)["VpcEndpoints"]), 10)
    ec2.delete_vpc_endpoints(VpcEndpointIds=made)


def interfaces(ec2, network, expected):
    by_vpc = [{"Name": "vpc-id", "Values": [network.vpc]}]
    found = ec2.describe_network_interfaces(Filters=by_vpc)["NetworkInterfaces"]
    same([it["NetworkInterfaceId"] for it in found], expected)
    same(found[0]["RequesterManaged"], True)
    ec2.create_tags(Resources=expected, Tags=tag_list(n="eni"))
    tagged = [{"Name": "tag:n", "Values": ["eni"]}]
    same(len(ec2.describe_network_interfaces(Filters=tagged)["NetworkInterfaces"]), 1)
    gone = {"NetworkInterfaceIds": ["eni-00000000"]}
    refused("InvalidNetworkInterfaceID.NotFound", ec2.describe_network_interfaces, **gone)


def full_subnet(ec2, network):
    """Eleven addresses of a /28 are free."""
    small = ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.9.9.0/28")["Subnet"]["SubnetId"]
    wanted = {
        "VpcId": network.vpc, "ServiceName": f"com.amazonaws.{REGION}.logs", "SubnetIds": [small],
        "VpcEndpointType": "Interface", "PrivateDnsEnabled": False,
    }
    create = ec2.create_vpc_endpoint
    made = [create(**wanted)["VpcEndpoint"]["VpcEndpointId"] for _ in range(11)]
    refused("InsufficientFreeAddressesInSubnet", create, **wanted)
    ec2.delete_vpc_endpoints(VpcEndpointIds=made)
    ec2.delete_subnet(SubnetId=small)
