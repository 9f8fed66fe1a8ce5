"""The calls that moto and the simulator are both asked, in one order, service by service.

A step is `do(case, call, **parameters)`: it keeps what came back, and gives it, or nothing when it was
refused. App Mesh is left out: moto's answers to it cannot be parsed.
"""

import json

from stranger import REGION, specification, tag_list

EVERYTHING = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
WEB = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "web"}]}


def run(do, aws):
    network = ec2_network(do, aws.ec2)
    ec2_edge(do, aws.ec2, network)
    ec2_groups(do, aws.ec2, network)
    balancers(do, aws.elbv2, network)
    ecs(do, aws.ecs, network)
    cloud_map(do, aws.servicediscovery, network)
    gateway(do, aws.apigateway)
    iam(do, aws.iam)
    logs(do, aws.logs)
    do("", aws.sts.get_caller_identity)
    occupied(do, aws.ec2, network)


def ec2_network(do, ec2):
    vpc = do("", ec2.create_vpc, CidrBlock="10.0.0.0/16", TagSpecifications=specification("vpc", n="1"))
    vpc = vpc["Vpc"]["VpcId"]
    do("too wide", ec2.create_vpc, CidrBlock="10.0.0.0/8")
    do("no range", ec2.create_vpc, CidrBlock="ten")
    do("dry", ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True)
    do("", ec2.describe_vpcs, VpcIds=[vpc])
    do("by tag", ec2.describe_vpcs, Filters=[{"Name": "tag:n", "Values": ["1"]}])
    do("unknown", ec2.describe_vpcs, VpcIds=["vpc-00000000"])
    do("", ec2.modify_vpc_attribute, VpcId=vpc, EnableDnsHostnames={"Value": True})
    do("", ec2.describe_vpc_attribute, VpcId=vpc, Attribute="enableDnsHostnames")
    subnets = []
    for zone in "ab":
        subnet = do(
            "", ec2.create_subnet, VpcId=vpc, CidrBlock=f"10.0.{len(subnets)}.0/24",
            AvailabilityZone=f"{REGION}{zone}", TagSpecifications=specification("subnet", n=zone),
        )
        subnets.append(subnet["Subnet"]["SubnetId"])
    do("overlap", ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.1.0/25")
    do("outside", ec2.create_subnet, VpcId=vpc, CidrBlock="10.1.0.0/24")
    do("unknown VPC", ec2.create_subnet, VpcId="vpc-00000000", CidrBlock="10.0.0.0/24")
    do("", ec2.modify_subnet_attribute, SubnetId=subnets[0], MapPublicIpOnLaunch={"Value": True})
    here = [{"Name": "vpc-id", "Values": [vpc]}]
    do("", ec2.describe_subnets, Filters=here)
    do("unknown", ec2.describe_subnets, SubnetIds=["subnet-00000000"])
    do("in use", ec2.delete_vpc, VpcId=vpc)
    do("", ec2.create_tags, Resources=[vpc], Tags=tag_list(a="b"))
    do("", ec2.delete_tags, Resources=[vpc], Tags=[{"Key": "a"}])
    do("", ec2.describe_tags, Filters=[{"Name": "resource-id", "Values": [vpc]}])
    return {"vpc": vpc, "subnets": subnets, "here": here}


def ec2_edge(do, ec2, network):
    vpc, here, subnet = network["vpc"], network["here"], network["subnets"][0]
    igw = do("", ec2.create_internet_gateway)["InternetGateway"]["InternetGatewayId"]
    do("not attached", ec2.detach_internet_gateway, InternetGatewayId=igw, VpcId=vpc)
    do("", ec2.attach_internet_gateway, InternetGatewayId=igw, VpcId=vpc)
    do("again", ec2.attach_internet_gateway, InternetGatewayId=igw, VpcId=vpc)
    do("", ec2.describe_internet_gateways, InternetGatewayIds=[igw])
    do("attached", ec2.delete_internet_gateway, InternetGatewayId=igw)
    table = do("", ec2.create_route_table, VpcId=vpc)["RouteTable"]["RouteTableId"]
    out = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    do("unknown gateway", ec2.create_route, GatewayId="igw-00000000", **out)
    do("", ec2.create_route, GatewayId=igw, **out)
    made = do("", ec2.associate_route_table, RouteTableId=table, SubnetId=subnet)
    do("", ec2.describe_route_tables, RouteTableIds=[table])
    do("unknown", ec2.describe_route_tables, RouteTableIds=["rtb-00000000"])
    do("in use", ec2.delete_route_table, RouteTableId=table)
    address = do("", ec2.allocate_address, Domain="vpc")["AllocationId"]
    nat = do("", ec2.create_nat_gateway, SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    do("no address", ec2.create_nat_gateway, SubnetId=subnet)
    do("unknown subnet", ec2.create_nat_gateway, SubnetId="subnet-00000000", AllocationId=address)
    do("", ec2.describe_nat_gateways, NatGatewayIds=[nat])
    do("unknown", ec2.describe_nat_gateways, NatGatewayIds=["nat-00000000"])
    do("", ec2.describe_addresses, AllocationIds=[address])
    do("", ec2.delete_nat_gateway, NatGatewayId=nat)
    do("", ec2.release_address, AllocationId=address)
    do("unknown", ec2.release_address, AllocationId=address)
    do("", ec2.disassociate_route_table, AssociationId=made["AssociationId"])
    do("unknown", ec2.disassociate_route_table, AssociationId=made["AssociationId"])
    do("", ec2.delete_route, **out)
    do("unknown", ec2.delete_route, **out)
    do("", ec2.delete_route_table, RouteTableId=table)
    do("", ec2.describe_network_acls, Filters=here)
    do("no service", ec2.create_vpc_endpoint, VpcId=vpc, ServiceName="com.amazonaws.mars",
       VpcEndpointType="Interface")
    endpoint = do("", ec2.create_vpc_endpoint, VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.logs",
                  VpcEndpointType="Interface", SubnetIds=[subnet])
    endpoint = endpoint["VpcEndpoint"]["VpcEndpointId"]
    do("", ec2.describe_vpc_endpoints, VpcEndpointIds=[endpoint])
    do("", ec2.delete_vpc_endpoints, VpcEndpointIds=[endpoint])
    do("unknown", ec2.describe_vpc_endpoints, VpcEndpointIds=["vpce-00000000"])


def occupied(do, ec2, network):
    """What moto lets go although something stands on it comes last: nothing works afterwards."""
    address = do("", ec2.allocate_address, Domain="vpc")["AllocationId"]
    do("again", ec2.create_nat_gateway, SubnetId=network["subnets"][1], AllocationId=address)
    do("in use", ec2.release_address, AllocationId=address)
    do("occupied", ec2.delete_subnet, SubnetId=network["subnets"][1])


def ec2_groups(do, ec2, network):
    vpc = network["vpc"]
    made = do("", ec2.create_security_group, GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    network["group"] = made
    do("again", ec2.create_security_group, GroupName="g", Description="d", VpcId=vpc)
    rules = do("", ec2.authorize_security_group_ingress, GroupId=made, IpPermissions=[WEB])
    do("again", ec2.authorize_security_group_ingress, GroupId=made, IpPermissions=[WEB])
    wrong = {**WEB, "IpRanges": [{"CidrIp": "nowhere"}]}
    do("no range", ec2.authorize_security_group_ingress, GroupId=made, IpPermissions=[wrong])
    do("by default there", ec2.authorize_security_group_egress, GroupId=made, IpPermissions=[EVERYTHING])
    do("", ec2.describe_security_groups, GroupIds=[made])
    do("unknown", ec2.describe_security_groups, GroupIds=["sg-00000000"])
    do("", ec2.describe_security_group_rules, Filters=[{"Name": "group-id", "Values": [made]}])
    ids = [it["SecurityGroupRuleId"] for it in rules["SecurityGroupRules"]]
    do("", ec2.revoke_security_group_ingress, GroupId=made, SecurityGroupRuleIds=ids)
    do("unknown", ec2.revoke_security_group_ingress, GroupId=made, IpPermissions=[WEB])
    do("unknown", ec2.delete_security_group, GroupId="sg-00000000")


def balancers(do, elb, network):
    vpc, subnets = network["vpc"], network["subnets"]
    usual = {"Name": "web", "Subnets": subnets, "SecurityGroups": [network["group"]]}
    do("one subnet", elb.create_load_balancer, **{**usual, "Subnets": subnets[:1]})
    do("long name", elb.create_load_balancer, **{**usual, "Name": "n" * 33})
    balancer = do("", elb.create_load_balancer, **usual)["LoadBalancers"][0]["LoadBalancerArn"]
    do("other settings", elb.create_load_balancer, **{**usual, "Scheme": "internal"})
    do("", elb.describe_load_balancers, LoadBalancerArns=[balancer])
    do("unknown", elb.describe_load_balancers, Names=["none"])
    do("", elb.describe_load_balancer_attributes, LoadBalancerArn=balancer)
    group = {"Name": "web", "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip"}
    target = do("", elb.create_target_group, **group)["TargetGroups"][0]["TargetGroupArn"]
    do("other settings", elb.create_target_group, **{**group, "Port": 81})
    do("", elb.describe_target_groups, TargetGroupArns=[target])
    do("unknown", elb.describe_target_groups, Names=["none"])
    do("", elb.describe_target_group_attributes, TargetGroupArn=target)
    do("", elb.modify_target_group, TargetGroupArn=target, HealthCheckPath="/health")
    forward = [{"Type": "forward", "TargetGroupArn": target}]
    on = {"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80}
    listener = do("", elb.create_listener, **on, DefaultActions=forward)["Listeners"][0]["ListenerArn"]
    none = [{"Type": "forward", "TargetGroupArn": target[:-2] + "00"}]
    do("unknown group", elb.create_listener, **{**on, "Port": 81}, DefaultActions=none)
    do("", elb.describe_listeners, ListenerArns=[listener])
    rule = {"ListenerArn": listener, "Actions": forward, "Priority": 5,
            "Conditions": [{"Field": "path-pattern", "Values": ["/a"]}]}
    made = do("", elb.create_rule, **rule)["Rules"][0]["RuleArn"]
    do("same priority", elb.create_rule, **rule)
    do("", elb.describe_rules, ListenerArn=listener)
    do("in use", elb.delete_target_group, TargetGroupArn=target)
    do("", elb.add_tags, ResourceArns=[balancer], Tags=tag_list(a="b"))
    do("", elb.describe_tags, ResourceArns=[balancer, target])
    do("", elb.delete_rule, RuleArn=made)
    do("unknown", elb.delete_rule, RuleArn=made)
    do("", elb.delete_listener, ListenerArn=listener)
    do("unknown", elb.describe_listeners, ListenerArns=[listener])
    do("", elb.delete_load_balancer, LoadBalancerArn=balancer)
    do("deleted", elb.describe_load_balancers, LoadBalancerArns=[balancer])
    do("", elb.delete_target_group, TargetGroupArn=target)


def ecs(do, ecs, network):
    tags = [{"key": "n", "value": "1"}]
    do("", ecs.create_cluster, clusterName="c", tags=tags)
    do("", ecs.describe_clusters, clusters=["c", "none"], include=["TAGS"])
    do("", ecs.list_clusters)
    one = [{"name": "app", "image": "app:1", "portMappings": [{"containerPort": 80}]}]
    fargate = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512"}
    do("", ecs.register_task_definition, family="app", containerDefinitions=one, tags=tags, **fargate)
    do("no such size", ecs.register_task_definition, family="wrong", containerDefinitions=one,
       **{**fargate, "memory": "513"})
    do("no image", ecs.register_task_definition, family="wrong", containerDefinitions=[{"name": "app"}], **fargate)
    do("", ecs.describe_task_definition, taskDefinition="app")
    do("unknown", ecs.describe_task_definition, taskDefinition="none")
    vpc = {"subnets": network["subnets"], "securityGroups": [network["group"]]}
    service = {"cluster": "c", "serviceName": "web", "taskDefinition": "app", "desiredCount": 0,
               "launchType": "FARGATE", "networkConfiguration": {"awsvpcConfiguration": vpc}}
    do("unknown cluster", ecs.create_service, **{**service, "cluster": "none"})
    do("unknown definition", ecs.create_service, **{**service, "taskDefinition": "none"})
    do("", ecs.create_service, **service)
    do("", ecs.describe_services, cluster="c", services=["web", "none"])
    do("", ecs.list_services, cluster="c")
    do("unknown", ecs.update_service, cluster="c", service="none", desiredCount=1)
    do("unknown", ecs.delete_service, cluster="c", service="none")
    do("", ecs.list_tasks, cluster="c")
    do("", ecs.delete_service, cluster="c", service="web")
    do("", ecs.deregister_task_definition, taskDefinition="app:1")
    do("", ecs.delete_cluster, cluster="c")
    do("unknown", ecs.delete_cluster, cluster="none")


def cloud_map(do, sd, network):
    begun = do("", sd.create_private_dns_namespace, Name="shop.local", Vpc=network["vpc"])
    operation = do("", sd.get_operation, OperationId=begun["OperationId"])["Operation"]
    namespace = operation["Targets"]["NAMESPACE"]
    do("again", sd.create_private_dns_namespace, Name="shop.local", Vpc=network["vpc"])
    do("", sd.get_namespace, Id=namespace)
    do("unknown", sd.get_namespace, Id="ns-none")
    dns = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    made = do("", sd.create_service, Name="web", NamespaceId=namespace, DnsConfig=dns)["Service"]["Id"]
    do("unknown namespace", sd.create_service, Name="web", NamespaceId="ns-none")
    do("", sd.get_service, Id=made)
    do("unknown", sd.get_service, Id="srv-none")
    do("", sd.list_services)
    do("", sd.list_namespaces)
    do("", sd.delete_service, Id=made)
    do("", sd.delete_namespace, Id=namespace)
    do("unknown", sd.delete_namespace, Id=namespace)


def gateway(do, gateway):
    regional = {"types": ["REGIONAL"]}
    api = do("", gateway.create_rest_api, name="a", endpointConfiguration=regional, tags={"n": "1"})["id"]
    do("", gateway.get_rest_api, restApiId=api)
    do("unknown", gateway.get_rest_api, restApiId="none")
    root = do("root", gateway.get_resources, restApiId=api)["items"][0]["id"]
    resource = do("", gateway.create_resource, restApiId=api, parentId=root, pathPart="a")["id"]
    at = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
    do("no methods", gateway.create_deployment, restApiId=api)
    do("unknown", gateway.get_method, **at)
    do("", gateway.put_method, **at, authorizationType="NONE")
    do("no integration", gateway.create_deployment, restApiId=api)
    do("unknown", gateway.get_integration, **at)
    do("no address", gateway.put_integration, **at, type="HTTP_PROXY", integrationHttpMethod="GET")
    do("", gateway.put_integration, **at, type="HTTP_PROXY", integrationHttpMethod="GET", uri="http://a.b/")
    do("", gateway.put_method_response, **at, statusCode="200")
    do("", gateway.get_method, **at)
    deployment = do("", gateway.create_deployment, restApiId=api, stageName="live")["id"]
    do("", gateway.get_stage, restApiId=api, stageName="live")
    do("unknown", gateway.get_stage, restApiId=api, stageName="none")
    rate = [{"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "10"}]
    do("", gateway.update_stage, restApiId=api, stageName="live", patchOperations=rate)
    do("in use", gateway.delete_deployment, restApiId=api, deploymentId=deployment)
    do("", gateway.delete_stage, restApiId=api, stageName="live")
    do("", gateway.delete_deployment, restApiId=api, deploymentId=deployment)
    do("unknown parent", gateway.create_resource, restApiId=api, parentId="none", pathPart="b")
    do("root", gateway.delete_resource, restApiId=api, resourceId=root)
    do("", gateway.delete_rest_api, restApiId=api)
    do("unknown", gateway.delete_rest_api, restApiId=api)
    do("unknown", gateway.get_vpc_link, vpcLinkId="none")


def iam(do, iam):
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
    allow = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    document = lambda statement: json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    managed = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    do("", iam.create_role, RoleName="r", AssumeRolePolicyDocument=document(trust), Tags=tag_list(n="1"))
    do("again", iam.create_role, RoleName="r", AssumeRolePolicyDocument=document(trust))
    do("no policy", iam.create_role, RoleName="s", AssumeRolePolicyDocument="{")
    do("", iam.get_role, RoleName="r")
    do("unknown", iam.get_role, RoleName="none")
    do("", iam.put_role_policy, RoleName="r", PolicyName="p", PolicyDocument=document(allow))
    do("no resource", iam.put_role_policy, RoleName="r", PolicyName="q",
       PolicyDocument=document({"Effect": "Allow", "Action": "logs:*"}))
    do("", iam.get_role_policy, RoleName="r", PolicyName="p")
    do("unknown", iam.get_role_policy, RoleName="r", PolicyName="none")
    do("", iam.attach_role_policy, RoleName="r", PolicyArn=managed)
    do("unknown", iam.attach_role_policy, RoleName="r", PolicyArn=managed + "No")
    do("", iam.list_attached_role_policies, RoleName="r")
    do("in use", iam.delete_role, RoleName="r")
    do("", iam.detach_role_policy, RoleName="r", PolicyArn=managed)
    do("again", iam.detach_role_policy, RoleName="r", PolicyArn=managed)
    do("", iam.delete_role_policy, RoleName="r", PolicyName="p")
    do("", iam.delete_role, RoleName="r")
    do("unknown", iam.delete_role, RoleName="r")


def logs(do, logs):
    do("", logs.create_log_group, logGroupName="/a", tags={"n": "1"})
    do("again", logs.create_log_group, logGroupName="/a")
    do("", logs.put_retention_policy, logGroupName="/a", retentionInDays=7)
    do("no such time", logs.put_retention_policy, logGroupName="/a", retentionInDays=8)
    do("", logs.describe_log_groups, logGroupNamePrefix="/a")
    do("", logs.list_tags_log_group, logGroupName="/a")
    do("", logs.delete_log_group, logGroupName="/a")
    do("unknown", logs.delete_log_group, logGroupName="/a")
