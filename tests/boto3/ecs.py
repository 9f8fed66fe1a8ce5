"""ECS: clusters, task definitions, services, deployments, tasks; with a target group and Cloud Map."""

from stranger import REGION, Network, pages, refused, same, waited


def tags_of(**tags):
    return [{"key": key, "value": value} for key, value in tags.items()]


def run(aws):
    ecs, network = aws.ecs, Network(aws)
    cluster = clusters(ecs)
    family = task_definitions(ecs)
    services(ecs, network, cluster, family)
    strategies(ecs, network, cluster, family)
    with_targets(aws, network, cluster, family)
    ecs.deregister_task_definition(taskDefinition=f"{family}:2")
    refused("ClientException", ecs.create_service, **service(network, cluster, f"{family}:2"))
    ecs.deregister_task_definition(taskDefinition=f"{family}:1")
    gone = ecs.delete_task_definitions(taskDefinitions=[f"{family}:1", f"{family}:2", "none:1"])
    same([it["status"] for it in gone["taskDefinitions"]], ["DELETE_IN_PROGRESS"] * 2)
    same(len(gone["failures"]), 1)
    same(ecs.delete_cluster(cluster=cluster)["cluster"]["status"], "DEPROVISIONING")
    same(ecs.describe_clusters(clusters=[cluster])["clusters"][0]["status"], "INACTIVE")
    refused("ClusterNotFoundException", ecs.list_services, cluster=cluster)
    network.remove()


def clusters(ecs):
    refused("ClusterNotFoundException", ecs.delete_cluster, cluster="none")
    refused("InvalidParameterException", ecs.create_cluster, clusterName="a b")
    names = [f"c{n}" for n in range(3)]
    for name in names:
        made = ecs.create_cluster(clusterName=name, tags=tags_of(n=name))["cluster"]
        same((made["status"], made["tags"]), ("ACTIVE", tags_of(n=name)))
    same([len(it) for it in pages(ecs, "list_clusters", "clusterArns", 2)], [2, 1])
    refused("InvalidParameterException", ecs.list_clusters, nextToken="nonsense")
    found = ecs.describe_clusters(clusters=[*names, "none"], include=["TAGS", "SETTINGS"])
    same([it["clusterName"] for it in found["clusters"]], names)
    same([it["reason"] for it in found["failures"]], ["MISSING"])
    refused("InvalidParameterException", ecs.describe_clusters, clusters=["c"] * 101)
    on = [{"name": "containerInsights", "value": "enabled"}]
    same(ecs.update_cluster(cluster="c0", settings=on)["cluster"]["settings"], on)
    off = [{"name": "containerInsights", "value": "disabled"}]
    same(ecs.update_cluster_settings(cluster="c0", settings=off)["cluster"]["settings"], off)
    providers = {"capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []}
    ecs.put_cluster_capacity_providers(cluster="c0", **providers)
    unknown = {**providers, "capacityProviders": ["MOON"]}
    refused("InvalidParameterException", ecs.put_cluster_capacity_providers, cluster="c0", **unknown)
    found = ecs.describe_capacity_providers(capacityProviders=["FARGATE", "MOON"])
    same([it["name"] for it in found["capacityProviders"]], ["FARGATE"])
    same(ecs.list_container_instances(cluster="c0")["containerInstanceArns"], [])
    one = {"cluster": "c0", "containerInstances": ["none"]}
    same(ecs.describe_container_instances(**one)["containerInstances"], [])
    found = ecs.list_account_settings(name="taskLongArnFormat", effectiveSettings=True)["settings"]
    same([it["value"] for it in found], ["enabled"])
    for name in names[1:]:
        ecs.delete_cluster(cluster=name)
    same(len(ecs.list_clusters()["clusterArns"]), 1, "INACTIVE ones are not listed")
    return names[0]


def container(**more):
    return {"name": "app", "image": "app:1", "portMappings": [{"containerPort": 80}], **more}


FARGATE = {
    "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
}


def task_definitions(ecs):
    register = ecs.register_task_definition
    one = [container()]
    logs = {"logDriver": "awslogs", "options": {}}
    for wrong in [
        {**FARGATE, "family": "a b", "containerDefinitions": one},
        {**FARGATE, "family": "a", "containerDefinitions": []},
        {**FARGATE, "family": "a", "containerDefinitions": one, "networkMode": "bridge"},
        {**FARGATE, "family": "a", "containerDefinitions": one, "memory": "513"},
        {**FARGATE, "family": "a", "containerDefinitions": one * 2},
        {**FARGATE, "family": "a", "containerDefinitions": [container(essential=False)]},
        {**FARGATE, "family": "a", "containerDefinitions": [container(image="")]},
        {**FARGATE, "family": "a", "containerDefinitions": [container(memory=1024)]},
        {**FARGATE, "family": "a", "containerDefinitions": [container(stopTimeout=121)]},
        {**FARGATE, "family": "a", "containerDefinitions": [container(logConfiguration=logs)]},
        {**FARGATE, "family": "a", "containerDefinitions": one, "taskRoleArn": "arn:aws:iam::1:role/no"},
    ]:
        refused("ClientException", register, **wrong)
    for revision in [1, 2]:
        made = register(family="app", containerDefinitions=one, tags=tags_of(n="1"), **FARGATE)
        same(made["taskDefinition"]["revision"], revision)
        same(made["taskDefinition"]["containerDefinitions"][0]["portMappings"][0]["hostPort"], 80)
    found = ecs.describe_task_definition(taskDefinition="app", include=["TAGS"])
    same((found["taskDefinition"]["revision"], found["tags"]), (2, tags_of(n="1")))
    refused("ClientException", ecs.describe_task_definition, taskDefinition="none")
    listed = pages(ecs, "list_task_definitions", "taskDefinitionArns", 1, familyPrefix="app", sort="DESC")
    same([page[0].rsplit(":", 1)[1] for page in listed], ["2", "1"])
    same(ecs.list_task_definition_families(familyPrefix="a")["families"], ["app"])
    refused("ClientException", ecs.deregister_task_definition, taskDefinition="app")
    refused("InvalidParameterException", ecs.delete_task_definitions, taskDefinitions=["a:1"] * 11)
    return "app"


def service(network, cluster, definition, **more):
    vpc = {"subnets": network.subnets, "securityGroups": [network.group], "assignPublicIp": "ENABLED"}
    return {
        "cluster": cluster, "serviceName": "web", "taskDefinition": definition, "desiredCount": 2,
        "launchType": "FARGATE", "networkConfiguration": {"awsvpcConfiguration": vpc}, **more,
    }


def services(ecs, network, cluster, family):
    create, wanted = ecs.create_service, service(network, cluster, family)
    for change in [
        {"serviceName": "a b"},
        {"networkConfiguration": {"awsvpcConfiguration": {"subnets": []}}},
        {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-00000000"]}}},
        {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
        {"healthCheckGracePeriodSeconds": 5},
        {"serviceRegistries": [{"registryArn": "arn:aws:servicediscovery:eu-west-1:1:service/srv-no"}]},
        {"placementConstraints": [{"type": "distinctInstance"}]},
    ]:
        refused("InvalidParameterException", create, **{**wanted, **change})
    refused("ClientException", create, **{**wanted, "taskDefinition": "none"})
    refused("ClusterNotFoundException", create, **{**wanted, "cluster": "none"})
    made = create(**wanted, tags=tags_of(n="1"), clientToken="one")["service"]
    arn = made["serviceArn"]
    refused("InvalidParameterException", create, _text="idempotent", **wanted)
    waited(ecs, "services_stable", cluster=cluster, services=["web"])
    found = ecs.describe_services(cluster=cluster, services=["web", "none"], include=["TAGS"])
    web = found["services"][0]
    same((web["runningCount"], web["tags"], web["loadBalancers"]), (2, tags_of(n="1"), []))
    same([it["reason"] for it in found["failures"]], ["MISSING"])
    refused("InvalidParameterException", ecs.describe_services, cluster=cluster, services=["s"] * 11)
    tasks_of(ecs, cluster)
    refused("ClusterContainsServicesException", ecs.delete_cluster, cluster=cluster)
    changed = ecs.update_service(cluster=cluster, service="web", taskDefinition=f"{family}:1", desiredCount=1)
    same(changed["service"]["desiredCount"], 1)
    waited(ecs, "services_stable", cluster=cluster, services=["web"])
    deployments = ecs.list_service_deployments(cluster=cluster, service="web")["serviceDeployments"]
    assert deployments, "its deployments are listed"
    arns = [deployments[0]["serviceDeploymentArn"]]
    found = ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]
    same([it["serviceArn"] for it in found], [arn])
    refused("ServiceNotFoundException", ecs.update_service, cluster=cluster, service="none")
    refused("InvalidParameterException", ecs.delete_service, cluster=cluster, service="web")
    tag(ecs, arn)
    ecs.update_service(cluster=cluster, service="web", desiredCount=0)
    waited(ecs, "services_stable", cluster=cluster, services=["web"])
    ecs.delete_service(cluster=cluster, service="web")
    waited(ecs, "services_inactive", cluster=cluster, services=["web"])
    refused("ServiceNotActiveException", ecs.update_service, cluster=cluster, service="web")
    refused("ServiceNotFoundException", ecs.delete_service, cluster=cluster, service="web")
    names = [f"s{n}" for n in range(3)]
    for name in names:
        create(**{**wanted, "serviceName": name, "desiredCount": 0})
    same([len(it) for it in pages(ecs, "list_services", "serviceArns", 2, cluster=cluster)], [2, 1])
    for name in names:
        ecs.delete_service(cluster=cluster, service=name)


def strategies(ecs, network, cluster, family):
    """A service on a capacity provider, and how it moves to another one."""
    fargate, spot = ([{"capacityProvider": it, "weight": 1, "base": 0}] for it in ["FARGATE", "FARGATE_SPOT"])
    wanted = service(network, cluster, family, desiredCount=1)
    del wanted["launchType"]
    create, update, put = ecs.create_service, ecs.update_service, ecs.put_cluster_capacity_providers
    refused("InvalidParameterException", create, _text="not associated", capacityProviderStrategy=spot, **wanted)
    made = create(capacityProviderStrategy=fargate, **wanted)["service"]
    same((made.get("launchType"), made["capacityProviderStrategy"]), (None, fargate))
    none = {"cluster": cluster, "defaultCapacityProviderStrategy": []}
    refused("ResourceInUseException", put, capacityProviders=[], **none)
    put(capacityProviders=["FARGATE", "FARGATE_SPOT"], **none)
    change = {"cluster": cluster, "service": "web", "capacityProviderStrategy": spot}
    refused("InvalidParameterException", update, _text="force a new deployment", **change)
    update(forceNewDeployment=True, **change)
    waited(ecs, "services_stable", cluster=cluster, services=["web"])
    arns = ecs.list_tasks(cluster=cluster, serviceName="web", launchType="FARGATE")["taskArns"]
    tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
    same([(it["launchType"], it["capacityProviderName"]) for it in tasks], [("FARGATE", "FARGATE_SPOT")])
    change["capacityProviderStrategy"] = []
    refused("InvalidParameterException", update, _text="No launch type", forceNewDeployment=True, **change)
    ecs.delete_service(cluster=cluster, service="web", force=True)
    waited(ecs, "services_inactive", cluster=cluster, services=["web"])


def tasks_of(ecs, cluster):
    arns = ecs.list_tasks(cluster=cluster, serviceName="web")["taskArns"]
    same(len(arns), 2)
    same([len(it) for it in pages(ecs, "list_tasks", "taskArns", 1, cluster=cluster)], [1, 1])
    waited(ecs, "tasks_running", cluster=cluster, tasks=arns)
    found = ecs.describe_tasks(cluster=cluster, tasks=[*arns, "none"])
    same({it["lastStatus"] for it in found["tasks"]}, {"RUNNING"})
    same(len(found["failures"]), 1)
    refused("InvalidParameterException", ecs.describe_tasks, cluster=cluster, tasks=[])
    refused("ServiceNotFoundException", ecs.list_tasks, cluster=cluster, serviceName="none")
    refused("InvalidParameterException", ecs.list_tasks, cluster=cluster, serviceName="web", family="app")
    refused("ClientException", ecs.stop_task, cluster=cluster, task="none")
    stopped = ecs.stop_task(cluster=cluster, task=arns[0], reason="a test")["task"]
    same(stopped["stoppedReason"], "a test")
    waited(ecs, "tasks_stopped", cluster=cluster, tasks=arns[:1])
    waited(ecs, "services_stable", cluster=cluster, services=["web"])


def tag(ecs, arn):
    ecs.tag_resource(resourceArn=arn, tags=tags_of(a="b"))
    ecs.untag_resource(resourceArn=arn, tagKeys=["n"])
    same(ecs.list_tags_for_resource(resourceArn=arn)["tags"], tags_of(a="b"))
    refused("InvalidParameterException", ecs.list_tags_for_resource, resourceArn="arn:aws:ecs:x")
    none = arn.replace(":service/c0/web", ":cluster/none")
    refused("ClusterNotFoundException", ecs.list_tags_for_resource, resourceArn=none)
    many = tags_of(**{f"k{n}": "v" for n in range(50)})
    refused("InvalidParameterException", ecs.tag_resource, resourceArn=arn, tags=many)


def with_targets(aws, network, cluster, family):
    """A service behind a load balancer: its tasks become targets, and it cannot lose the listener."""
    ecs, elb = aws.ecs, aws.elbv2
    group = elb.create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId=network.vpc, TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    short = [{"Key": "deregistration_delay.timeout_seconds", "Value": "0"}]
    elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=short)
    behind = [{"targetGroupArn": group, "containerName": "app", "containerPort": 80}]
    wanted = service(network, cluster, family, loadBalancers=behind, desiredCount=1)
    refused("InvalidParameterException", ecs.create_service, _text="associated load balancer", **wanted)
    balancer = elb.create_load_balancer(Name="web", Subnets=network.subnets)["LoadBalancers"][0]
    balancer = balancer["LoadBalancerArn"]
    waited(elb, "load_balancer_available", LoadBalancerArns=[balancer])
    action = [{"Type": "forward", "TargetGroupArn": group}]
    elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=action)
    for change in [{"containerName": "other"}, {"containerPort": 81}]:
        wrong = {**wanted, "loadBalancers": [{**behind[0], **change}]}
        refused("InvalidParameterException", ecs.create_service, **wrong)
    ecs.create_service(**wanted)
    waited(ecs, "services_stable", cluster=cluster, services=["web"])
    waited(elb, "target_in_service", TargetGroupArn=group)
    ecs.delete_service(cluster=cluster, service="web", force=True)
    waited(ecs, "services_inactive", cluster=cluster, services=["web"])
    elb.delete_load_balancer(LoadBalancerArn=balancer)
    elb.delete_target_group(TargetGroupArn=group)
