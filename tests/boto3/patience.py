"""Waiters of botocore, against a simulator in which things take their time; and what refuses for a while."""

from unittest import mock

from botocore.exceptions import ClientError, WaiterError
from ecs import FARGATE, container, service
from stranger import REGION, Aws, Network, refused, waited

# IDs and names for which AWS's reads lag behind its creates.
UNKNOWN = ("NotFound", "NoSuchEntity")


def soon(call, **parameters):
    """Asks again while what was just made is not known everywhere."""
    for _ in range(200):
        try:
            return call(**parameters)
        except ClientError as error:
            if not any(word in error.response["Error"]["Code"] for word in UNKNOWN):
                raise
            last = error
    raise last


class Eventually:
    """A client whose calls wait for what was just made."""

    def __init__(self, client):
        self.client = client

    def __getattr__(self, name):
        found = getattr(self.client, name)
        if name in ("get_waiter", "get_paginator", "meta", "exceptions"):
            return found

        def call(**parameters):
            return soon(found, **parameters)

        call.__name__ = name
        return call


def run(aws):
    for name in ["ec2", "elbv2", "ecs"]:
        setattr(aws, name, Eventually(getattr(aws, name)))
    network = Network(aws)
    gateway_that_fails(aws.ec2)
    nat, address = begin_gateway(aws.ec2, network)
    balancer, group = begin_balancer(aws.elbv2, network)
    waited(aws.ec2, "nat_gateway_available", NatGatewayIds=[nat])
    waited(aws.elbv2, "load_balancer_available", LoadBalancerArns=[balancer])
    tasks(aws, network, group)
    providers(aws.ecs)
    endpoint(aws.ec2, network)
    aws.ec2.delete_nat_gateway(NatGatewayId=nat)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    waited(aws.elbv2, "load_balancers_deleted", LoadBalancerArns=[balancer])
    waited(aws.ec2, "nat_gateway_deleted", NatGatewayIds=[nat])
    aws.ec2.release_address(AllocationId=address)
    aws.elbv2.delete_target_group(TargetGroupArn=group)
    clear(aws.ec2, network)


def begin_gateway(ec2, network):
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=network.subnets[0], AllocationId=address)["NatGateway"]
    assert made["State"] == "pending", made
    return made["NatGatewayId"], address


def gateway_that_fails(ec2):
    """Without a way out, a public NAT gateway fails, and the waiter says so at once."""
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    waited(ec2, "vpc_exists", VpcIds=[vpc])
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    try:
        waited(ec2, "nat_gateway_available", NatGatewayIds=[nat])
        raise AssertionError("a NAT gateway works without an internet gateway")
    except WaiterError as error:
        found = error.last_response["NatGateways"][0]
        assert (found["State"], found["FailureCode"]) == ("failed", "Gateway.NotAttached"), found
    ec2.delete_nat_gateway(NatGatewayId=nat)
    waited(ec2, "nat_gateway_deleted", NatGatewayIds=[nat])
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def endpoint(ec2, network):
    """An endpoint is changed once it is available."""
    made = ec2.create_vpc_endpoint(
        VpcId=network.vpc, ServiceName=f"com.amazonaws.{REGION}.logs", VpcEndpointType="Interface",
        SubnetIds=network.subnets[:1], PrivateDnsEnabled=False,
    )["VpcEndpoint"]["VpcEndpointId"]
    change = {"VpcEndpointId": made, "ResetPolicy": True}
    try:
        refused("IncorrectState", ec2.modify_vpc_endpoint, **change)
    except AssertionError:
        # On a machine that is busy enough, it is available by now.
        ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
        return endpoint(ec2, network)
    for _ in range(1000):
        state = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"][0]["State"]
        if state == "available":
            break
    ec2.modify_vpc_endpoint(**change)
    return ec2.delete_vpc_endpoints(VpcEndpointIds=[made])


def begin_balancer(elb, network):
    balancer = elb.create_load_balancer(Name="slow", Subnets=network.subnets)["LoadBalancers"][0]
    assert balancer["State"]["Code"] == "provisioning", balancer
    group = elb.create_target_group(
        Name="slow", Protocol="HTTP", Port=80, VpcId=network.vpc, TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    action = [{"Type": "forward", "TargetGroupArn": group}]
    arn = balancer["LoadBalancerArn"]
    elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=action)
    return arn, group


def tasks(aws, network, group):
    ecs, cluster = aws.ecs, "slow"
    ecs.create_cluster(clusterName=cluster)
    ecs.register_task_definition(family="slow", containerDefinitions=[container()], **FARGATE)
    behind = [{"targetGroupArn": group, "containerName": "app", "containerPort": 80}]
    ecs.create_service(**service(network, cluster, "slow", loadBalancers=behind))
    for _ in range(1000):
        arns = ecs.list_tasks(cluster=cluster, serviceName="web")["taskArns"]
        if len(arns) == 2:
            break
    waited(ecs, "tasks_running", cluster=cluster, tasks=arns)
    waited(aws.elbv2, "target_in_service", TargetGroupArn=group)
    waited(ecs, "services_stable", cluster=cluster, services=["web"])
    ecs.delete_service(cluster=cluster, service="web", force=True)
    waited(ecs, "tasks_stopped", cluster=cluster, tasks=arns)
    waited(ecs, "services_inactive", cluster=cluster, services=["web"])
    ecs.deregister_task_definition(taskDefinition="slow:1")
    ecs.delete_cluster(cluster=cluster)


def providers(ecs):
    """A cluster's capacity providers change for seconds, in which neither they nor the cluster can be changed."""
    busy, cluster = ecs.exceptions.UpdateInProgressException, "busy"
    ecs.create_cluster(clusterName=cluster)
    change = {"capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []}
    try:
        # On a machine that is busy enough, the last change may be over by now.
        for _ in range(100):
            ecs.put_cluster_capacity_providers(cluster=cluster, **change)
        raise AssertionError("a cluster takes one change beside another")
    except busy:
        pass
    for _ in range(1000):
        try:
            ecs.delete_cluster(cluster=cluster)
            break
        except busy:
            pass
    for _ in range(1000):
        found = ecs.describe_clusters(clusters=[cluster])["clusters"][0]
        if found["status"] == "INACTIVE":
            break


def clear(ec2, network):
    """Network interfaces outlive what they belonged to; their subnets and groups wait for them."""
    for _ in range(1000):
        here = [{"Name": "vpc-id", "Values": [network.vpc]}]
        if not ec2.describe_network_interfaces(Filters=here)["NetworkInterfaces"]:
            break
    network.remove()


# By service: a call, and how it is throttled, fails, is unavailable, and refuses credentials of yesterday.
FAULTS = {
    "ec2": ("describe_vpcs", "RequestLimitExceeded", "InternalError", "Unavailable", "RequestExpired"),
    "elbv2": (
        "describe_load_balancers", "Throttling", "InternalFailure", "ServiceUnavailable", "ExpiredToken",
    ),
    "ecs": (
        "list_clusters", "ThrottlingException", "ServerException", "ServiceUnavailable",
        "ExpiredTokenException",
    ),
    "servicediscovery": (
        "list_namespaces", "RequestLimitExceeded", "InternalFailure", "ServiceUnavailable",
        "ExpiredTokenException",
    ),
    "appmesh": (
        "list_meshes", "TooManyRequestsException", "InternalServerErrorException",
        "ServiceUnavailableException", "ExpiredTokenException",
    ),
    "apigateway": (
        "get_rest_apis", "TooManyRequestsException", "ServiceUnavailableException",
        "ServiceUnavailableException", "ExpiredTokenException",
    ),
    "apigatewayv2": (
        "get_vpc_links", "TooManyRequestsException", "InternalFailure", "ServiceUnavailable",
        "ExpiredTokenException",
    ),
    "iam": ("list_roles", "Throttling", "ServiceFailure", "ServiceUnavailable", "ExpiredToken"),
    "logs": (
        "describe_log_groups", "ThrottlingException", "ServiceUnavailableException",
        "ServiceUnavailableException", "ExpiredTokenException",
    ),
    "service-quotas": (
        "list_service_quotas", "TooManyRequestsException", "ServiceException", "ServiceUnavailable",
        "ExpiredTokenException",
    ),
    "sts": ("get_caller_identity", "Throttling", "InternalFailure", "ServiceUnavailable", "ExpiredToken"),
}

# What a call cannot do without.
PARAMETERS = {"service-quotas": {"ServiceCode": "vpc"}}


def faults(url, record):
    """The rules of faults.json strike one after the other: four that are seen, and two that botocore knows to
    be worth another try."""
    for name, (call, *expected) in FAULTS.items():
        # Credentials that expired stay so.
        once = Aws(url, record, key=f"{name}-1", services=[name])
        patient = Aws(url, record, retries=2, key=f"{name}-2", services=[name])
        codes = []
        for _ in expected:
            try:
                getattr(getattr(once, name), call)(**PARAMETERS.get(name, {}))
            except ClientError as error:
                codes.append(error.response["Error"]["Code"])
        assert codes == expected, f"{name}: {codes}"
        with mock.patch("time.sleep"):
            answer = getattr(getattr(patient, name), call)(**PARAMETERS.get(name, {}))
        assert answer["ResponseMetadata"]["RetryAttempts"] == 2, f"{name}: {answer['ResponseMetadata']}"
