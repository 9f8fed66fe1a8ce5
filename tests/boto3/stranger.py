"""What every script here begins with: clients of a stranger's making, and a record of what they met."""

import json
import re
import urllib.request
from collections import defaultdict

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "eu-west-1"
SERVICES = [
    "ec2", "elbv2", "ecs", "servicediscovery", "appmesh", "apigateway", "apigatewayv2", "iam", "logs", "sts",
    "service-quotas",
]

# One for all: it reads each service's model once.
SESSION = boto3.Session(region_name=REGION)


class Record:
    """The operations that were answered and the codes that were provoked, by service."""

    def __init__(self):
        self.answered = defaultdict(set)
        self.codes = defaultdict(set)
        self.calls = 0

    def note(self, http_response, parsed, model, **_):
        self.calls += 1
        service = model.service_model.service_name
        if http_response.status_code < 300:
            self.answered[service].add(model.name)
        else:
            self.codes[service].add(parsed.get("Error", {}).get("Code", ""))


class Aws:
    """Clients of one endpoint, under their names in boto3."""

    def __init__(self, url, record, validate=True, retries=0, key="test", services=SERVICES):
        config = Config(
            retries={"total_max_attempts": retries + 1, "mode": "standard"},
            parameter_validation=validate,
            # API Gateway's hosts and the like are made by prefixes, which loopback has not.
            inject_host_prefix=False,
        )
        self.url, self.record = url, record
        for service in services:
            client = SESSION.client(
                service, endpoint_url=url, config=config,
                aws_access_key_id=key, aws_secret_access_key="test",
            )
            client.meta.events.register("after-call", record.note)
            setattr(self, service, client)

    def page(self, path):
        """One of the simulator's own pages."""
        with urllib.request.urlopen(f"{self.url}/_meshctl/{path}") as answer:
            return json.load(answer)

    def left(self):
        """What the account holds."""
        return [f"{it['service']} {it['kind']} {it['id']}" for it in self.page("inventory")["resources"]]


def refused(code, call, _status=None, _text="", **parameters):
    """Makes a call that must be refused with this code, and gives the parsed refusal."""
    try:
        answer = call(**parameters)
    except ClientError as error:
        answer = error.response
        found, status = answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]
        assert found == code, f"{call.__name__}{parameters}: {found} and not {code}: {error}"
        assert _status in (None, status), f"{call.__name__}: status {status} and not {_status}"
        message = answer["Error"].get("Message", "")
        assert re.search(_text, message), f"{call.__name__}: {message!r} has no {_text!r}"
        return answer
    answer.pop("ResponseMetadata", None)
    raise AssertionError(f"{call.__name__}{parameters} is not refused with {code}: {answer}")


def same(found, expected, what=""):
    """Fails with both values."""
    assert found == expected, f"{what}: {found!r} and not {expected!r}"


def pages(client, operation, member, size, **parameters):
    """Walks all pages of a listing, by botocore's own paginator; gives the items of each page."""
    pager = client.get_paginator(operation)
    config = {"PageSize": size}
    return [page.get(member, []) for page in pager.paginate(PaginationConfig=config, **parameters)]


def waited(client, waiter, delay=0.02, attempts=300, **parameters):
    """Runs one of botocore's waiters, sped up."""
    client.get_waiter(waiter).wait(
        WaiterConfig={"Delay": delay, "MaxAttempts": attempts}, **parameters
    )


def tag_list(**tags):
    """Tags as most services take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def specification(kind, **tags):
    """Tags as EC2's creating calls take them."""
    return [{"ResourceType": kind, "Tags": tag_list(**tags)}]


class Network:
    """A VPC with two public subnets, the smallest place for load balancers and tasks."""

    def __init__(self, aws, cidr="10.9.0.0/16"):
        ec2 = self.ec2 = aws.ec2
        self.vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        waited(ec2, "vpc_available", VpcIds=[self.vpc])
        base = cidr.rsplit(".", 2)[0]
        zones = [f"{REGION}a", f"{REGION}b"]
        self.subnets = [
            ec2.create_subnet(
                VpcId=self.vpc, CidrBlock=f"{base}.{index}.0/24", AvailabilityZone=zone
            )["Subnet"]["SubnetId"]
            for index, zone in enumerate(zones)
        ]
        waited(ec2, "subnet_available", SubnetIds=self.subnets)
        self.gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        only = [{"Name": "vpc-id", "Values": [self.vpc]}]
        table = ec2.describe_route_tables(Filters=only)["RouteTables"][0]["RouteTableId"]
        ec2.create_route(
            RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=self.gateway
        )
        self.group = ec2.create_security_group(
            VpcId=self.vpc, GroupName="inside", Description="inside"
        )["GroupId"]

    def remove(self):
        """Takes it away again."""
        ec2 = self.ec2
        ec2.delete_security_group(GroupId=self.group)
        for subnet in self.subnets:
            ec2.delete_subnet(SubnetId=subnet)
        ec2.detach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        ec2.delete_internet_gateway(InternetGatewayId=self.gateway)
        ec2.delete_vpc(VpcId=self.vpc)
