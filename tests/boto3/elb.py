"""Elastic Load Balancing: load balancers, target groups, listeners, rules, targets."""

from stranger import REGION, Network, pages, refused, same, tag_list, waited

ARN = f"arn:aws:elasticloadbalancing:{REGION}:123456789012"
NOWHERE = {
    "balancer": f"{ARN}:loadbalancer/app/none/0123456789abcdef",
    "group": f"{ARN}:targetgroup/none/0123456789abcdef",
    "listener": f"{ARN}:listener/app/none/0123456789abcdef/0123456789abcdef",
    "rule": f"{ARN}:listener-rule/app/none/0123456789abcdef/0123456789abcdef/0123456789abcdef",
}


def run(aws):
    elb, network = aws.elbv2, Network(aws)
    balancer, internal = balancers(elb, network, aws.ec2)
    groups = target_groups(elb, network)
    listener = listeners(elb, balancer, internal, groups)
    rules(elb, listener, groups)
    targets(elb, groups)
    attributes(elb, balancer, groups[0], listener)
    tags(elb, balancer, groups[0], listener)
    settings(elb, balancer, internal, network, aws.ec2)
    limits(elb)
    addresses(elb, network, aws.ec2)
    certificates(elb, balancer, internal, groups)
    refused("ResourceInUse", elb.delete_target_group, TargetGroupArn=groups[0])
    elb.delete_listener(ListenerArn=listener)
    refused("ListenerNotFound", elb.delete_listener, ListenerArn=listener)
    for arn in [balancer, internal]:
        elb.delete_load_balancer(LoadBalancerArn=arn)
    waited(elb, "load_balancers_deleted", LoadBalancerArns=[balancer, internal])
    for arn in groups:
        elb.delete_target_group(TargetGroupArn=arn)
    # What is not there is deleted already.
    elb.delete_target_group(TargetGroupArn=groups[0])
    elb.delete_load_balancer(LoadBalancerArn=balancer)
    network.remove()


def balancers(elb, network, ec2):
    create, subnets = elb.create_load_balancer, network.subnets
    for name in ["a" * 33, "with_underscore", "-a", "a-", "internal-a"]:
        refused("ValidationError", create, Name=name, Subnets=subnets)
    refused("ValidationError", create, Name="web")
    refused("ValidationError", create, Name="web", Subnets=subnets[:1])
    refused("SubnetNotFound", create, Name="web", Subnets=["subnet-00000000", subnets[0]])
    wrong = {"SecurityGroups": ["sg-00000000"]}
    refused("InvalidSecurityGroup", create, Name="web", Subnets=subnets, **wrong)
    twin = ec2.create_subnet(
        VpcId=network.vpc, CidrBlock="10.9.4.0/24", AvailabilityZone=f"{REGION}a"
    )["Subnet"]["SubnetId"]
    both = [subnets[0], twin]
    refused("InvalidConfigurationRequest", create, Name="web", Subnets=both)
    ec2.delete_subnet(SubnetId=twin)
    gateway = {"InternetGatewayId": network.gateway, "VpcId": network.vpc}
    ec2.detach_internet_gateway(**gateway)
    refused("InvalidSubnet", create, Name="web", Subnets=subnets)
    ec2.attach_internet_gateway(**gateway)
    wanted = {
        "Name": "web", "Subnets": subnets, "SecurityGroups": [network.group], "Tags": tag_list(n="1"),
    }
    made = create(**wanted)["LoadBalancers"][0]
    same(made["State"], {"Code": "provisioning"})
    same(made["DNSName"].split(".", 1)[1], f"{REGION}.elb.amazonaws.com")
    same(create(**wanted)["LoadBalancers"][0]["LoadBalancerArn"], made["LoadBalancerArn"], "again")
    refused("DuplicateLoadBalancerName", create, **{**wanted, "Scheme": "internal"})
    refused("DuplicateTagKeys", create, **{**wanted, "Tags": tag_list(n="1") * 2})
    internal = {"Name": "inside", "Subnets": subnets, "Scheme": "internal", "Type": "network"}
    internal = create(**internal)["LoadBalancers"][0]["LoadBalancerArn"]
    arns = [made["LoadBalancerArn"], internal]
    waited(elb, "load_balancer_available", LoadBalancerArns=arns)
    waited(elb, "load_balancer_exists", Names=["web"])
    same([len(it) for it in pages(elb, "describe_load_balancers", "LoadBalancers", 1)], [1, 1])
    refused("ValidationError", elb.describe_load_balancers, Marker="nonsense")
    refused("ValidationError", elb.describe_load_balancers, LoadBalancerArns=arns, Names=["web"])
    refused("LoadBalancerNotFound", elb.describe_load_balancers, Names=["web", "none"])
    refused("ValidationError", elb.describe_load_balancers, Names=[f"n{n}" for n in range(21)])
    refused("ValidationError", elb.delete_load_balancer, LoadBalancerArn="web")
    capacity = elb.describe_capacity_reservation(LoadBalancerArn=internal)
    same(capacity["CapacityReservationState"], [])
    return arns


def target_groups(elb, network):
    create = elb.create_target_group
    usual = {"Protocol": "HTTP", "Port": 80, "VpcId": network.vpc, "TargetType": "ip"}
    for member in ["Protocol", "Port", "VpcId"]:
        lacking = {key: value for key, value in usual.items() if key != member}
        refused("ValidationError", create, Name="one", **lacking)
    refused("ValidationError", create, Name="one", **{**usual, "VpcId": "vpc-00000000"})
    slow = {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 6}
    refused("ValidationError", create, Name="one", **usual, **slow)
    tcp = {"HealthCheckProtocol": "TCP", "HealthCheckPath": "/"}
    refused("InvalidConfigurationRequest", create, Name="one", **{**usual, "Protocol": "TCP", **tcp})
    refused("NotImplemented", create, Name="one", TargetType="lambda", _status=501)
    made = [create(Name=f"web-{n}", **usual, Tags=tag_list(n=str(n))) for n in range(2)]
    made.append(create(Name="tcp", **{**usual, "Protocol": "TCP"}))
    made = [it["TargetGroups"][0]["TargetGroupArn"] for it in made]
    again = create(Name="web-0", **usual)["TargetGroups"][0]["TargetGroupArn"]
    same(again, made[0], "the same settings again")
    refused("DuplicateTargetGroupName", create, Name="web-0", **{**usual, "Port": 81})
    same([len(it) for it in pages(elb, "describe_target_groups", "TargetGroups", 2)], [2, 1])
    refused("TargetGroupNotFound", elb.describe_target_groups, Names=["none"])
    changed = elb.modify_target_group(TargetGroupArn=made[0], HealthCheckPath="/health")
    same(changed["TargetGroups"][0]["HealthCheckPath"], "/health")
    refused("TargetGroupNotFound", elb.modify_target_group, TargetGroupArn=NOWHERE["group"])
    return made


def forward(*arns):
    if len(arns) == 1:
        return [{"Type": "forward", "TargetGroupArn": arns[0]}]
    groups = [{"TargetGroupArn": arn, "Weight": n} for n, arn in enumerate(arns)]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]


def fixed(code="404"):
    return [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": code}}]


def listeners(elb, balancer, internal, groups):
    create = elb.create_listener
    on = {"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80}
    refused("LoadBalancerNotFound", create, **{**on, "LoadBalancerArn": NOWHERE["balancer"]},
            DefaultActions=forward(groups[0]))
    refused("ValidationError", create, **{**on, "Protocol": "TCP"}, DefaultActions=forward(groups[2]))
    refused("ValidationError", create, **{**on, "Protocol": "HTTPS"}, DefaultActions=forward(groups[0]))
    refused("TargetGroupNotFound", create, **on, DefaultActions=forward(NOWHERE["group"]))
    refused("IncompatibleProtocols", create, **on, DefaultActions=forward(groups[2]))
    inside = {"LoadBalancerArn": internal, "Protocol": "TCP", "Port": 80}
    refused("InvalidLoadBalancerAction", create, **inside, DefaultActions=fixed())
    listener = create(**on, DefaultActions=forward(groups[0]))["Listeners"][0]
    action = listener["DefaultActions"][0]
    same(action["ForwardConfig"]["TargetGroups"], [{"TargetGroupArn": groups[0], "Weight": 1}])
    again = create(**on, DefaultActions=forward(groups[0]))["Listeners"][0]["ListenerArn"]
    same(again, listener["ListenerArn"], "the same settings again")
    refused("DuplicateListener", create, **on, DefaultActions=fixed())
    tcp = create(**inside, DefaultActions=forward(groups[2]))["Listeners"][0]["ListenerArn"]
    refused("UnsupportedProtocol", elb.create_rule, ListenerArn=tcp, Priority=1,
            Conditions=path("/a"), Actions=forward(groups[2]))
    third = elb.create_load_balancer(
        Name="third", Scheme="internal", Type="network",
        Subnets=[zone["SubnetId"] for zone in describe(elb, internal)["AvailabilityZones"]],
    )["LoadBalancers"][0]["LoadBalancerArn"]
    refused("TargetGroupAssociationLimit", create, **{**inside, "LoadBalancerArn": third},
            DefaultActions=forward(groups[2]))
    elb.delete_load_balancer(LoadBalancerArn=third)
    arn = listener["ListenerArn"]
    changed = elb.modify_listener(ListenerArn=arn, DefaultActions=forward(groups[0], groups[1]))
    weights = changed["Listeners"][0]["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]
    same([it["Weight"] for it in weights], [0, 1])
    spare = [
        create(**{**on, "Port": port}, DefaultActions=fixed())["Listeners"][0]["ListenerArn"]
        for port in range(81, 130)
    ]
    refused("TooManyListeners", create, **{**on, "Port": 130}, DefaultActions=fixed())
    refused("DuplicateListener", elb.modify_listener, ListenerArn=spare[0], Port=80)
    found = pages(elb, "describe_listeners", "Listeners", 30, LoadBalancerArn=balancer)
    same([len(page) for page in found], [30, 20])
    for one in spare:
        elb.delete_listener(ListenerArn=one)
    refused("ValidationError", elb.describe_listeners)
    refused("ListenerNotFound", elb.describe_listeners, ListenerArns=[NOWHERE["listener"]])
    same(elb.describe_listener_certificates(ListenerArn=arn)["Certificates"], [])
    return arn


def addresses(elb, network, ec2):
    """Fixed addresses of network load balancers: Elastic IPs outside, the subnet's own inside."""
    subnet, other = network.subnets
    elastic = ec2.allocate_address(Domain="vpc")
    elastic, public = elastic["AllocationId"], elastic["PublicIp"]
    create = elb.create_load_balancer

    def wanted(name, scheme, kind="network", subnet=subnet, **mapping):
        mappings = [{"SubnetId": subnet, **mapping}]
        if kind == "application":
            mappings.append({"SubnetId": other})
        return {"Name": name, "Type": kind, "Scheme": scheme, "SubnetMappings": mappings}

    def shown(balancer):
        return [zone["LoadBalancerAddresses"] for zone in balancer["AvailabilityZones"]]

    mine, inside = {"AllocationId": elastic}, {"PrivateIPv4Address": "10.9.0.77"}
    wrong = "InvalidConfigurationRequest"
    refused(wrong, create, **wanted("fix", "internal", **mine))
    refused(wrong, create, **wanted("fix", "internet-facing", **inside))
    refused(wrong, create, **wanted("fix", "internet-facing", "application", **mine))
    unknown = {"AllocationId": "eipalloc-00000000"}
    refused("AllocationIdNotFound", create, **wanted("fix", "internet-facing", **unknown))
    for address in ["10.9.1.77", "10.9.0.0", "10.9.0.3", "10.9.0.255", "nowhere"]:
        refused(wrong, create, **wanted("fix", "internal", PrivateIPv4Address=address))

    outer = create(**wanted("outer", "internet-facing", **mine))["LoadBalancers"][0]
    same(shown(outer), [[{"AllocationId": elastic, "IpAddress": public}]])
    same(shown(describe(elb, outer["LoadBalancerArn"])), shown(outer))
    again = create(**wanted("outer", "internet-facing", **mine))["LoadBalancers"][0]
    same(again["LoadBalancerArn"], outer["LoadBalancerArn"], "the same addresses again")
    refused("ResourceInUse", create, _text="allocation IDs are not available", **wanted("fix", "internet-facing", **mine))
    refused("InvalidIPAddress.InUse", ec2.release_address, AllocationId=elastic)
    inner = create(**wanted("inner", "internal", **inside))["LoadBalancers"][0]
    same(shown(inner), [[inside]])
    refused("ResourceInUse", create, **wanted("fix", "internal", **inside))
    refused("DuplicateLoadBalancerName", create, **wanted("inner", "internal", PrivateIPv4Address="10.9.0.78"))
    more = [{"SubnetId": subnet, **inside}, {"SubnetId": other, "PrivateIPv4Address": "10.9.1.77"}]
    changed = elb.set_subnets(LoadBalancerArn=inner["LoadBalancerArn"], SubnetMappings=more)
    addresses = [it["PrivateIPv4Address"] for it in sum(shown(changed), [])]
    same(addresses, ["10.9.0.77", "10.9.1.77"])
    found = ec2.describe_network_interfaces(Filters=[{"Name": "private-ip-address", "Values": addresses}])
    same({it["SubnetId"] for it in found["NetworkInterfaces"]}, {subnet, other})
    for balancer in [outer, inner]:
        elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    ec2.release_address(AllocationId=elastic)


def certificates(elb, balancer, internal, groups):
    account = balancer.split(":")[4]
    own = [f"arn:aws:acm:{REGION}:{account}:certificate/{n}" for n in range(3)]
    policies = pages(elb, "describe_ssl_policies", "SslPolicies", 20)
    names = {policy["Name"] for page in policies for policy in page}
    assert {"ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS13-1-2-2021-06"} <= names, names
    newest = elb.describe_ssl_policies(Names=["ELBSecurityPolicy-TLS13-1-2-2021-06"])["SslPolicies"][0]
    same(newest["SslProtocols"], ["TLSv1.2", "TLSv1.3"])
    refused("SSLPolicyNotFound", elb.describe_ssl_policies, Names=["Own"])

    create = elb.create_listener
    on = {"LoadBalancerArn": balancer, "Protocol": "HTTPS", "Port": 443, "DefaultActions": fixed()}
    certified = {**on, "Certificates": [{"CertificateArn": own[0]}]}
    refused("ValidationError", create, _text="certificate must be specified", **on)
    for arn in [f"arn:aws:acm:us-east-1:{account}:certificate/a", f"arn:aws:acm:{REGION}:123456789012:certificate/a", "a"]:
        refused("CertificateNotFound", create, **{**on, "Certificates": [{"CertificateArn": arn}]})
    refused("SSLPolicyNotFound", create, **certified, SslPolicy="Own")
    plain = {**on, "Protocol": "HTTP", "Port": 8443}
    refused("ValidationError", create, **plain, Certificates=certified["Certificates"])
    refused("ValidationError", create, **plain, SslPolicy="ELBSecurityPolicy-2016-08")
    made = create(**certified)["Listeners"][0]
    same(made["SslPolicy"], "ELBSecurityPolicy-2016-08")
    arn = made["ListenerArn"]
    refused("SSLPolicyNotFound", elb.modify_listener, ListenerArn=arn, SslPolicy="Own")
    refused("CertificateNotFound", elb.modify_listener, ListenerArn=arn, Certificates=[{"CertificateArn": "a"}])
    changed = elb.modify_listener(ListenerArn=arn, SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06")
    same(changed["Listeners"][0]["SslPolicy"], "ELBSecurityPolicy-TLS13-1-2-2021-06")

    more = [{"CertificateArn": arn} for arn in own[1:]]
    elb.add_listener_certificates(ListenerArn=arn, Certificates=more)
    refused("CertificateNotFound", elb.add_listener_certificates, ListenerArn=arn, Certificates=[{"CertificateArn": "a"}])
    elb.remove_listener_certificates(ListenerArn=arn, Certificates=more[:1])
    default = [{"CertificateArn": own[0]}]
    refused("OperationNotPermitted", elb.remove_listener_certificates, ListenerArn=arn, Certificates=default)
    found = elb.describe_listener_certificates(ListenerArn=arn)["Certificates"]
    same([(it["CertificateArn"], it["IsDefault"]) for it in found], [(own[0], True), (own[2], False)])
    opened = elb.modify_listener(ListenerArn=arn, Protocol="HTTP")["Listeners"][0]
    same((opened.get("SslPolicy"), opened.get("Certificates", [])), (None, []), "nothing left to secure")
    elb.delete_listener(ListenerArn=arn)
    plain = create(**plain)["Listeners"][0]["ListenerArn"]
    refused("ValidationError", elb.add_listener_certificates, ListenerArn=plain, Certificates=more)
    elb.delete_listener(ListenerArn=plain)


def describe(elb, arn):
    return elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]


def path(*patterns):
    return [{"Field": "path-pattern", "Values": list(patterns)}]


def rules(elb, listener, groups):
    create = elb.create_rule
    on = {"ListenerArn": listener, "Conditions": path("/a/*"), "Actions": forward(groups[1])}
    first = create(**on, Priority=10, Tags=tag_list(n="1"))["Rules"][0]
    same(first["Conditions"][0]["PathPatternConfig"], {"Values": ["/a/*"]})
    refused("PriorityInUse", create, **on, Priority=10)
    refused("ListenerNotFound", create, **{**on, "ListenerArn": NOWHERE["listener"]}, Priority=2)
    wrong = {**on, "Conditions": [{"Field": "moon-phase", "Values": ["full"]}]}
    refused("ValidationError", create, **wrong, Priority=2)
    more = [create(**on, Priority=n)["Rules"][0]["RuleArn"] for n in range(100, 199)]
    refused("TooManyRules", create, **on, Priority=300)
    found = pages(elb, "describe_rules", "Rules", 100, ListenerArn=listener)
    same([len(page) for page in found], [100, 1], "a hundred and the default one")
    default = next(rule for page in found for rule in page if rule["IsDefault"])["RuleArn"]
    refused("OperationNotPermitted", elb.delete_rule, RuleArn=default)
    order = [{"RuleArn": first["RuleArn"], "Priority": 150}]
    refused("PriorityInUse", elb.set_rule_priorities, RulePriorities=order)
    order = [{"RuleArn": first["RuleArn"], "Priority": 11}]
    same(elb.set_rule_priorities(RulePriorities=order)["Rules"][0]["Priority"], "11")
    changed = elb.modify_rule(RuleArn=first["RuleArn"], Conditions=path("/b"))["Rules"][0]
    same(changed["Conditions"][0]["Values"], ["/b"])
    refused("RuleNotFound", elb.modify_rule, RuleArn=NOWHERE["rule"])
    refused("ValidationError", elb.describe_rules)
    for rule in [first["RuleArn"], *more]:
        elb.delete_rule(RuleArn=rule)
    refused("RuleNotFound", elb.delete_rule, RuleArn=first["RuleArn"])


def targets(elb, groups):
    here = [{"Id": "10.9.0.50"}, {"Id": "10.9.1.50", "Port": 81}]
    refused("InvalidTarget", elb.register_targets, TargetGroupArn=groups[0],
            Targets=[{"Id": "192.0.2.1"}])
    refused("TargetGroupNotFound", elb.register_targets, TargetGroupArn=NOWHERE["group"], Targets=here)
    elb.register_targets(TargetGroupArn=groups[0], Targets=here)
    waited(elb, "target_in_service", TargetGroupArn=groups[0])
    health = elb.describe_target_health(TargetGroupArn=groups[0])["TargetHealthDescriptions"]
    same(sorted(it["Target"]["Port"] for it in health), [80, 81])
    none = elb.describe_target_health(TargetGroupArn=groups[0], Targets=[{"Id": "10.9.0.51"}])
    reason = none["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"]
    same(reason, "Target.NotRegistered")
    # 1000 targets, of which two are there.
    many = [{"Id": "10.9.0.50", "Port": port} for port in range(1000, 1998)]
    elb.register_targets(TargetGroupArn=groups[0], Targets=many)
    refused("TooManyTargets", elb.register_targets, TargetGroupArn=groups[0],
            Targets=[{"Id": "10.9.0.50", "Port": 1999}])
    elb.modify_target_group_attributes(
        TargetGroupArn=groups[0],
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "0"}],
    )
    elb.deregister_targets(TargetGroupArn=groups[0], Targets=here + many)
    waited(elb, "target_deregistered", TargetGroupArn=groups[0], Targets=here)


def attributes(elb, balancer, group, listener):
    for what, arn, key, value in [
        ("load_balancer", {"LoadBalancerArn": balancer}, "idle_timeout.timeout_seconds", "120"),
        ("target_group", {"TargetGroupArn": group}, "slow_start.duration_seconds", "30"),
        ("listener", {"ListenerArn": listener}, "routing.http.response.server.enabled", "false"),
    ]:
        change = getattr(elb, f"modify_{what}_attributes")
        refused("ValidationError", change, **arn, Attributes=[{"Key": "moon.phase", "Value": "1"}])
        refused("ValidationError", change, **arn, Attributes=[{"Key": key, "Value": "many"}])
        change(**arn, Attributes=[{"Key": key, "Value": value}])
        found = getattr(elb, f"describe_{what}_attributes")(**arn)["Attributes"]
        same({it["Key"]: it["Value"] for it in found}[key], value)
    protection = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    elb.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=protection)
    refused("OperationNotPermitted", elb.delete_load_balancer, LoadBalancerArn=balancer)
    protection[0]["Value"] = "false"
    elb.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=protection)


def tags(elb, *arns):
    elb.add_tags(ResourceArns=list(arns), Tags=tag_list(a="b", c="d"))
    elb.remove_tags(ResourceArns=list(arns), TagKeys=["c", "n"])
    found = elb.describe_tags(ResourceArns=list(arns))["TagDescriptions"]
    same([it["Tags"] for it in found], [tag_list(a="b")] * 3)
    for what, code in [("balancer", "LoadBalancer"), ("group", "TargetGroup"),
                       ("listener", "Listener"), ("rule", "Rule")]:
        refused(f"{code}NotFound", elb.describe_tags, ResourceArns=[NOWHERE[what]])
    many = tag_list(**{f"k{n}": "v" for n in range(50)})
    refused("TooManyTags", elb.add_tags, ResourceArns=[arns[0]], Tags=many)
    refused("ValidationError", elb.add_tags, ResourceArns=[arns[0]], Tags=tag_list(**{"aws:a": "b"}))
    refused("ValidationError", elb.describe_tags, ResourceArns=["arn:aws:iam::123456789012:role/a"])


def settings(elb, balancer, internal, network, ec2):
    third = ec2.create_subnet(
        VpcId=network.vpc, CidrBlock="10.9.5.0/24", AvailabilityZone=f"{REGION}c"
    )["Subnet"]["SubnetId"]
    answer = elb.set_subnets(LoadBalancerArn=balancer, Subnets=[*network.subnets, third])
    same(len(answer["AvailabilityZones"]), 3)
    elb.set_subnets(LoadBalancerArn=balancer, Subnets=network.subnets)
    ec2.delete_subnet(SubnetId=third)
    groups = [network.group]
    same(elb.set_security_groups(LoadBalancerArn=balancer, SecurityGroups=groups)["SecurityGroupIds"],
         groups)
    refused("InvalidConfigurationRequest", elb.set_security_groups, LoadBalancerArn=internal,
            SecurityGroups=groups)
    same(elb.set_ip_address_type(LoadBalancerArn=balancer, IpAddressType="ipv4")["IpAddressType"], "ipv4")
    made = [
        elb.create_load_balancer(
            Name=f"n{n}", Scheme="internal", Type="network", Subnets=network.subnets[:1]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        for n in range(49)
    ]
    refused("TooManyLoadBalancers", elb.create_load_balancer, Name="n50", Scheme="internal",
            Type="network", Subnets=network.subnets[:1])
    for arn in made:
        elb.delete_load_balancer(LoadBalancerArn=arn)


def limits(elb):
    found = {it["Name"]: it["Max"] for it in elb.describe_account_limits()["Limits"]}
    same(found["network-load-balancers"], "50")
