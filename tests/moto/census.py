"""What moto's account holds, as boto3 sees it: one JSON object on stdout.

Usage: census.py URL
"""

import json
import sys

import boto3

REGION = "eu-west-1"


def client(service):
    return boto3.client(
        service,
        endpoint_url=sys.argv[1],
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def pages(service, operation, member, **arguments):
    paginator = service.get_paginator(operation)
    return [item for page in paginator.paginate(**arguments) for item in page[member]]


def network(ec2):
    """Without what every account begins with: the default VPC, and what belongs to any VPC."""
    ours = [{"Name": "tag-key", "Values": ["meshctl:stack"]}]
    alive = [{"Name": "state", "Values": ["pending", "available"]}]
    return {
        "vpcs": len(ec2.describe_vpcs(Filters=ours)["Vpcs"]),
        "internet_gateways": len(ec2.describe_internet_gateways()["InternetGateways"]),
        "subnets": len(ec2.describe_subnets(Filters=ours)["Subnets"]),
        "nat_gateways": len(ec2.describe_nat_gateways(Filters=alive)["NatGateways"]),
        "addresses": len(ec2.describe_addresses()["Addresses"]),
        "route_tables": len(ec2.describe_route_tables(Filters=ours)["RouteTables"]),
        "security_groups": len(ec2.describe_security_groups(Filters=ours)["SecurityGroups"]),
        "vpc_endpoints": sum(
            endpoint["State"] != "deleted"
            for endpoint in ec2.describe_vpc_endpoints()["VpcEndpoints"]
        ),
    }


def balancing(elb):
    balancers = pages(elb, "describe_load_balancers", "LoadBalancers")
    listeners = [
        listener["Port"]
        for balancer in balancers
        for listener in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    ]
    return {
        "load_balancers": sorted(balancer["Type"] for balancer in balancers),
        "listeners": sorted(listeners),
        "target_groups": len(pages(elb, "describe_target_groups", "TargetGroups")),
    }


def containers(ecs):
    arns = pages(ecs, "list_clusters", "clusterArns")
    # Deleted ones are still listed.
    described = ecs.describe_clusters(clusters=arns)["clusters"] if arns else []
    clusters = [one["clusterArn"] for one in described if one["status"] == "ACTIVE"]
    desired = {}
    for cluster in clusters:
        arns = pages(ecs, "list_services", "serviceArns", cluster=cluster)
        described = ecs.describe_services(cluster=cluster, services=arns)["services"] if arns else []
        for service in described:
            name = cluster.rsplit("-", 1)[1] + "/" + service["serviceName"]
            desired[name] = service["desiredCount"]
    return {
        "clusters": len(clusters),
        "desired": desired,
        "task_definitions": len(pages(ecs, "list_task_definitions", "taskDefinitionArns")),
    }


def api(apigateway):
    apis = pages(apigateway, "get_rest_apis", "items")
    integrations, stages = [], []
    for one in apis:
        stages += [stage["stageName"] for stage in apigateway.get_stages(restApiId=one["id"])["item"]]
        resources = pages(apigateway, "get_resources", "items", restApiId=one["id"])
        for resource in resources:
            for method in resource.get("resourceMethods", {}):
                found = apigateway.get_integration(
                    restApiId=one["id"], resourceId=resource["id"], httpMethod=method
                )
                integrations.append(resource["path"] + " " + found["uri"].rsplit(":", 1)[1])
    return {
        "apis": [types for one in apis for types in one["endpointConfiguration"]["types"]],
        "integrations": sorted(integrations),
        "stages": stages,
        "vpc_links": len(pages(apigateway, "get_vpc_links", "items")),
    }


def others(discovery, iam, logs):
    roles = pages(iam, "list_roles", "Roles")
    return {
        "namespaces": [one["Name"] for one in pages(discovery, "list_namespaces", "Namespaces")],
        "discovery": sorted(one["Name"] for one in pages(discovery, "list_services", "Services")),
        "roles": sum(role["Path"].startswith("/meshctl/") for role in roles),
        "log_retention": sorted(
            group["retentionInDays"] for group in pages(logs, "describe_log_groups", "logGroups")
        ),
    }


json.dump(
    network(client("ec2"))
    | balancing(client("elbv2"))
    | containers(client("ecs"))
    | api(client("apigateway"))
    | others(client("servicediscovery"), client("iam"), client("logs")),
    sys.stdout,
)
