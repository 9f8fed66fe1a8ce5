"""EC2: VPCs, subnets, gateways, addresses, route tables."""

from stranger import REGION, pages, refused, same, specification, tag_list, waited


def run(aws):
    ec2 = aws.ec2
    vpcs(ec2)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=specification("vpc", n="a"))
    vpc = vpc["Vpc"]["VpcId"]
    subnets = make_subnets(ec2, vpc)
    gateway = internet_gateways(ec2, vpc)
    table = route_tables(ec2, vpc, subnets, gateway)
    nat_gateways(ec2, subnets[0], table, gateway, vpc)
    network_acls(ec2, vpc, subnets)
    tags(ec2, vpc)
    facts(ec2, vpc)
    refused("DependencyViolation", ec2.delete_vpc, VpcId=vpc)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_route_table(RouteTableId=table)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    refused("InvalidVpcID.NotFound", ec2.delete_vpc, VpcId=vpc)


def vpcs(ec2):
    refused("InvalidParameterValue", ec2.create_vpc, CidrBlock="ten", _status=400)
    refused("InvalidVpc.Range", ec2.create_vpc, CidrBlock="10.0.0.0/8")
    refused("DryRunOperation", ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True, _status=412)
    made = []
    for index in range(5):
        tags = specification("vpc", number=str(index))
        vpc = ec2.create_vpc(CidrBlock=f"10.{index}.0.0/16", TagSpecifications=tags)["Vpc"]
        same(vpc["State"], "pending")
        same(vpc["Tags"], tag_list(number=str(index)))
        made.append(vpc["VpcId"])
    refused("VpcLimitExceeded", ec2.create_vpc, CidrBlock="10.9.0.0/16")
    waited(ec2, "vpc_available", VpcIds=made)
    waited(ec2, "vpc_exists", VpcIds=made)
    same([len(page) for page in pages(ec2, "describe_vpcs", "Vpcs", 5)], [5])
    for filters, expected in [
        ([{"Name": "tag:number", "Values": ["1", "3"]}], {made[1], made[3]}),
        ([{"Name": "tag-key", "Values": ["num*"]}], set(made)),
        ([{"Name": "cidr", "Values": ["10.2.0.0/16"]}], {made[2]}),
        ([{"Name": "isDefault", "Values": ["false"]}, {"Name": "vpc-id", "Values": made[:1]}], {made[0]}),
        ([{"Name": "state", "Values": ["pending"]}], set()),
    ]:
        found = ec2.describe_vpcs(Filters=filters)["Vpcs"]
        same({vpc["VpcId"] for vpc in found}, expected, filters)
    refused("InvalidNextToken", ec2.describe_vpcs, NextToken="nonsense")
    refused("InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=[made[0], "vpc-0123456789abcdef0"])
    on = {"Value": True}
    both = {"EnableDnsSupport": on, "EnableDnsHostnames": on}
    refused("InvalidParameterCombination", ec2.modify_vpc_attribute, VpcId=made[0], **both)
    ec2.modify_vpc_attribute(VpcId=made[0], EnableDnsHostnames=on)
    for attribute, member, value in [
        ("enableDnsSupport", "EnableDnsSupport", True),
        ("enableDnsHostnames", "EnableDnsHostnames", True),
        ("enableNetworkAddressUsageMetrics", "EnableNetworkAddressUsageMetrics", False),
    ]:
        answer = ec2.describe_vpc_attribute(VpcId=made[0], Attribute=attribute)
        same(answer[member], {"Value": value}, attribute)
    for vpc in made:
        ec2.delete_vpc(VpcId=vpc)


def make_subnets(ec2, vpc):
    create = ec2.create_subnet
    refused("InvalidVpcID.NotFound", create, VpcId="vpc-0000000000000000f", CidrBlock="10.0.0.0/24")
    refused("InvalidSubnet.Range", create, VpcId=vpc, CidrBlock="192.168.0.0/24")
    refused("InvalidParameterValue", create, VpcId=vpc, CidrBlock="10.0.0/24")
    elsewhere = {"AvailabilityZone": "us-east-1a"}
    refused("InvalidParameterValue", create, VpcId=vpc, CidrBlock="10.0.0.0/24", **elsewhere)
    subnets = []
    for index in range(6):
        zone = f"{REGION}{'abc'[index % 3]}"
        tags = specification("subnet", n=str(index))
        subnet = create(
            VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=zone, TagSpecifications=tags
        )["Subnet"]
        same(subnet["AvailableIpAddressCount"], 251)
        subnets.append(subnet["SubnetId"])
    refused("InvalidSubnet.Conflict", create, VpcId=vpc, CidrBlock="10.0.1.128/25")
    waited(ec2, "subnet_available", SubnetIds=subnets)
    only = [{"Name": "vpc-id", "Values": [vpc]}]
    same([len(it) for it in pages(ec2, "describe_subnets", "Subnets", 5, Filters=only)], [5, 1])
    zone = [{"Name": "availability-zone", "Values": [f"{REGION}b"]}]
    found = ec2.describe_subnets(Filters=zone)["Subnets"]
    same({it["SubnetId"] for it in found}, {subnets[1], subnets[4]})
    ec2.modify_subnet_attribute(SubnetId=subnets[0], MapPublicIpOnLaunch={"Value": True})
    found = ec2.describe_subnets(SubnetIds=subnets[:1])["Subnets"]
    same(found[0]["MapPublicIpOnLaunch"], True)
    refused("InvalidSubnetID.NotFound", ec2.delete_subnet, SubnetId="subnet-0000000000000000f")
    return subnets


def internet_gateways(ec2, vpc):
    made = [
        ec2.create_internet_gateway(TagSpecifications=specification("internet-gateway", n=str(n)))
        for n in range(5)
    ]
    made = [it["InternetGateway"]["InternetGatewayId"] for it in made]
    refused("InternetGatewayLimitExceeded", ec2.create_internet_gateway)
    waited(ec2, "internet_gateway_exists", InternetGatewayIds=made)
    first, second, *rest = made
    attach, detach = ec2.attach_internet_gateway, ec2.detach_internet_gateway
    refused("Gateway.NotAttached", detach, InternetGatewayId=first, VpcId=vpc)
    attach(InternetGatewayId=first, VpcId=vpc)
    refused("Resource.AlreadyAssociated", attach, InternetGatewayId=first, VpcId=vpc)
    refused("InvalidParameterValue", attach, InternetGatewayId=second, VpcId=vpc)
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
    found = ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]
    same([it["Attachments"] for it in found], [[{"VpcId": vpc, "State": "available"}]])
    refused("DependencyViolation", ec2.delete_internet_gateway, InternetGatewayId=first)
    for gateway in [second, *rest]:
        ec2.delete_internet_gateway(InternetGatewayId=gateway)
    gone = {"InternetGatewayId": second}
    refused("InvalidInternetGatewayID.NotFound", ec2.delete_internet_gateway, **gone)
    return first


def route_tables(ec2, vpc, subnets, gateway):
    tags = specification("route-table", n="1")
    create = {"VpcId": vpc, "TagSpecifications": tags, "ClientToken": "a-table"}
    table = ec2.create_route_table(**create)["RouteTable"]["RouteTableId"]
    again = ec2.create_route_table(**create)["RouteTable"]["RouteTableId"]
    same(again, table, "the same client token")
    other = {"VpcId": vpc, "ClientToken": "a-table"}
    refused("IdempotentParameterMismatch", ec2.create_route_table, **other)
    out = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    refused("InvalidGatewayID.NotFound", ec2.create_route, GatewayId="igw-00000000", **out)
    refused("InvalidNatGatewayID.NotFound", ec2.create_route, NatGatewayId="nat-00000000", **out)
    refused("InvalidParameterCombination", ec2.create_route, **out)
    ec2.create_route(GatewayId=gateway, **out)
    refused("InvalidRoute.NotFound", ec2.delete_route, RouteTableId=table, DestinationCidrBlock="1.0.0.0/8")
    refused("InvalidParameterValue", ec2.delete_route, RouteTableId=table, DestinationCidrBlock="10.0.0.0/16")
    ec2.replace_route(GatewayId=gateway, **out)
    associate = ec2.associate_route_table
    first = associate(RouteTableId=table, SubnetId=subnets[0])["AssociationId"]
    refused("Resource.AlreadyAssociated", associate, RouteTableId=table, SubnetId=subnets[0])
    refused("MissingParameter", associate, RouteTableId=table)
    refused("DependencyViolation", ec2.delete_route_table, RouteTableId=table)
    by_subnet = [{"Name": "association.subnet-id", "Values": [subnets[0]]}]
    found = ec2.describe_route_tables(Filters=by_subnet)["RouteTables"]
    same([it["RouteTableId"] for it in found], [table])
    same({it["State"] for it in found[0]["Routes"]}, {"active"})
    replace = {"AssociationId": first, "RouteTableId": table}
    first = ec2.replace_route_table_association(**replace)["NewAssociationId"]
    ec2.disassociate_route_table(AssociationId=first)
    gone = {"AssociationId": first}
    refused("InvalidAssociationID.NotFound", ec2.disassociate_route_table, **gone)
    refused("InvalidRouteTableID.NotFound", ec2.delete_route_table, RouteTableId="rtb-00000000")
    only = [{"Name": "vpc-id", "Values": [vpc]}]
    same([len(it) for it in pages(ec2, "describe_route_tables", "RouteTables", 5, Filters=only)], [2])
    return table


def nat_gateways(ec2, subnet, table, gateway, vpc):
    addresses = [ec2.allocate_address(Domain="vpc")["AllocationId"] for _ in range(5)]
    refused("AddressLimitExceeded", ec2.allocate_address, Domain="vpc")
    first, second, *_ = addresses
    found = ec2.describe_addresses(Filters=[{"Name": "allocation-id", "Values": [first]}])["Addresses"]
    same([it["Domain"] for it in found], ["vpc"])
    ip = found[0]["PublicIp"]
    same(ec2.describe_addresses(PublicIps=[ip])["Addresses"][0]["AllocationId"], first)
    refused("InvalidAddress.NotFound", ec2.describe_addresses, PublicIps=["1.2.3.4"])
    ec2.describe_addresses_attribute(AllocationIds=[first], Attribute="domain-name")
    create = ec2.create_nat_gateway
    refused("MissingParameter", create, SubnetId=subnet)
    refused("InvalidAllocationID.NotFound", create, SubnetId=subnet, AllocationId="eipalloc-00000000")
    made = {"SubnetId": subnet, "AllocationId": first, "ClientToken": "one"}
    nat = create(**made)["NatGateway"]["NatGatewayId"]
    same(create(**made)["NatGateway"]["NatGatewayId"], nat, "the same client token")
    refused("IdempotentParameterMismatch", create, SubnetId=subnet, AllocationId=second, ClientToken="one")
    waited(ec2, "nat_gateway_available", NatGatewayIds=[nat])
    private = [
        create(SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
        for _ in range(4)
    ]
    refused("NatGatewayLimitExceeded", create, SubnetId=subnet, ConnectivityType="private")
    state = [{"Name": "state", "Values": ["available"]}]
    found = pages(ec2, "describe_nat_gateways", "NatGateways", 5, Filters=state)
    same([len(page) for page in found], [5])
    out = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    refused("RouteAlreadyExists", ec2.create_route, NatGatewayId=nat, **out)
    ec2.replace_route(NatGatewayId=nat, **out)
    refused("DependencyViolation", ec2.delete_subnet, SubnetId=subnet)
    detach = {"InternetGatewayId": gateway, "VpcId": vpc}
    refused("DependencyViolation", ec2.detach_internet_gateway, **detach)
    held = ec2.describe_addresses(AllocationIds=[first])["Addresses"][0]
    refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=first)
    refused("AuthFailure", ec2.disassociate_address, AssociationId=held["AssociationId"])
    unknown = {"AssociationId": "eipassoc-00000000"}
    refused("InvalidAssociationID.NotFound", ec2.disassociate_address, **unknown)
    for gateway in [nat, *private]:
        ec2.delete_nat_gateway(NatGatewayId=gateway)
    waited(ec2, "nat_gateway_deleted", NatGatewayIds=[nat, *private])
    refused("NatGatewayNotFound", ec2.delete_nat_gateway, NatGatewayId=nat)
    refused("NatGatewayNotFound", ec2.describe_nat_gateways, NatGatewayIds=["nat-00000000"])
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    same({it["State"] for it in routes}, {"active", "blackhole"}, "a route to what is gone")
    ec2.delete_route(**out)
    for address in addresses:
        ec2.release_address(AllocationId=address)
    refused("InvalidAllocationID.NotFound", ec2.release_address, AllocationId=first)


def network_acls(ec2, vpc, subnets):
    only = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["true"]}]

    def default():
        return ec2.describe_network_acls(Filters=only)["NetworkAcls"][0]

    born = default()
    same({it["SubnetId"] for it in born["Associations"]}, set(subnets), "the default ACL has all subnets")
    same([(it["Egress"], it["RuleNumber"], it["RuleAction"]) for it in born["Entries"]],
         [(True, 100, "allow"), (True, 32767, "deny"), (False, 100, "allow"), (False, 32767, "deny")])
    refused("InvalidParameterValue", ec2.delete_network_acl, NetworkAclId=born["NetworkAclId"])
    tags = specification("network-acl", n="own")
    create = {"VpcId": vpc, "TagSpecifications": tags, "ClientToken": "acl"}
    acl = ec2.create_network_acl(**create)["NetworkAcl"]
    same((acl["IsDefault"], len(acl["Entries"]), acl["Associations"]), (False, 2, []))
    acl = acl["NetworkAclId"]
    same(ec2.create_network_acl(**create)["NetworkAcl"]["NetworkAclId"], acl, "the same client token")

    web = {
        "NetworkAclId": acl, "RuleNumber": 100, "Protocol": "6", "RuleAction": "allow", "Egress": False,
        "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 443, "To": 443},
    }
    enter, replace = ec2.create_network_acl_entry, ec2.replace_network_acl_entry
    refused("InvalidNetworkAclEntry.NotFound", replace, **web)
    enter(**web)
    refused("NetworkAclEntryAlreadyExists", enter, **web)
    for wrong in [{"RuleNumber": 32767}, {"RuleNumber": 0}, {"CidrBlock": "anywhere"}, {"Protocol": "carrier"}]:
        refused("InvalidParameterValue", enter, **{**web, "RuleNumber": 101, **wrong})
    portless = {name: value for name, value in web.items() if name != "PortRange"}
    refused("MissingParameter", enter, **{**portless, "RuleNumber": 101})
    ping = {"Protocol": "icmp", "IcmpTypeCode": {"Type": 8, "Code": -1}, "RuleNumber": 101}
    enter(**{**portless, **ping})
    replace(**{**web, "RuleAction": "deny"})
    for number in range(102, 120):
        enter(**{**web, "RuleNumber": number})
    refused("NetworkAclEntryLimitExceeded", enter, **{**web, "RuleNumber": 200})
    ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=119, Egress=False)
    gone = {"NetworkAclId": acl, "RuleNumber": 119, "Egress": False}
    refused("InvalidNetworkAclEntry.NotFound", ec2.delete_network_acl_entry, **gone)
    found = ec2.describe_network_acls(Filters=[{"Name": "tag:n", "Values": ["own"]}])["NetworkAcls"][0]
    entries = {it["RuleNumber"]: it for it in found["Entries"] if not it["Egress"]}
    same((entries[100]["RuleAction"], entries[100]["PortRange"]), ("deny", {"From": 443, "To": 443}))
    same((entries[101]["Protocol"], entries[101]["IcmpTypeCode"]), ("1", {"Type": 8, "Code": -1}))

    former = next(it for it in born["Associations"] if it["SubnetId"] == subnets[0])
    move = {"AssociationId": former["NetworkAclAssociationId"], "NetworkAclId": acl}
    moved = ec2.replace_network_acl_association(**move)["NewAssociationId"]
    refused("InvalidAssociationID.NotFound", ec2.replace_network_acl_association, **move)
    same({it["SubnetId"] for it in default()["Associations"]}, set(subnets[1:]))
    by_subnet = [{"Name": "association.subnet-id", "Values": subnets[:1]}]
    same(ec2.describe_network_acls(Filters=by_subnet)["NetworkAcls"][0]["NetworkAclId"], acl)
    refused("DependencyViolation", ec2.delete_network_acl, NetworkAclId=acl)
    back = {"AssociationId": moved, "NetworkAclId": born["NetworkAclId"]}
    ec2.replace_network_acl_association(**back)
    ec2.delete_network_acl(NetworkAclId=acl)
    refused("InvalidNetworkAclID.NotFound", ec2.delete_network_acl, NetworkAclId=acl)
    others = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    far = ec2.create_network_acl(VpcId=others)["NetworkAcl"]["NetworkAclId"]
    back = default()["Associations"][0]["NetworkAclAssociationId"]
    away = {"AssociationId": back, "NetworkAclId": far}
    refused("InvalidParameterValue", ec2.replace_network_acl_association, **away)
    refused("DependencyViolation", ec2.delete_vpc, VpcId=others)
    ec2.delete_network_acl(NetworkAclId=far)
    ec2.delete_vpc(VpcId=others)


def tags(ec2, vpc):
    ec2.create_tags(Resources=[vpc], Tags=tag_list(n="b", more="x"))
    of_vpc = [{"Name": "resource-id", "Values": [vpc]}]
    found = ec2.describe_tags(Filters=of_vpc)["Tags"]
    same({it["Key"]: it["Value"] for it in found}, {"n": "b", "more": "x"})
    same({it["ResourceType"] for it in found}, {"vpc"})
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "n", "Value": "other"}, {"Key": "more"}])
    same([it["Key"] for it in ec2.describe_tags(Filters=of_vpc)["Tags"]], ["n"])
    many = tag_list(**{f"k{index}": "v" for index in range(50)})
    refused("TagLimitExceeded", ec2.create_tags, Resources=[vpc], Tags=many)
    refused("InvalidParameterValue", ec2.create_tags, Resources=[vpc], Tags=tag_list(**{"aws:a": "b"}))
    refused("InvalidID", ec2.create_tags, Resources=["thing-00000000"], Tags=tag_list(a="b"))


def facts(ec2, vpc):
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    same({zone["RegionName"] for zone in zones}, {REGION})
    refused("InvalidParameterValue", ec2.describe_availability_zones, ZoneNames=["mars-1a"])
    same([it["RegionName"] for it in ec2.describe_regions(RegionNames=[REGION])["Regions"]], [REGION])
    refused("InvalidParameterValue", ec2.describe_regions, RegionNames=["mars-1"])
    names = ["default-vpc"]
    found = ec2.describe_account_attributes(AttributeNames=names)["AccountAttributes"]
    same([it["AttributeName"] for it in found], names)
    lists = ec2.describe_prefix_lists()["PrefixLists"]
    assert any(it["PrefixListName"].endswith(".s3") for it in lists), lists
    refused("InvalidPrefixListId.NotFound", ec2.describe_prefix_lists, PrefixListIds=["pl-00000000"])
    only = [{"Name": "vpc-id", "Values": [vpc]}]
    acls = ec2.describe_network_acls(Filters=only)["NetworkAcls"]
    same([acl["IsDefault"] for acl in acls], [True])
    gone = {"NetworkAclIds": ["acl-00000000"]}
    refused("InvalidNetworkAclID.NotFound", ec2.describe_network_acls, **gone)
