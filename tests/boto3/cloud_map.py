"""Cloud Map: namespaces and their operations, services, instances, tags."""

from stranger import Network, pages, refused, same, tag_list


def run(aws):
    sd, network = aws.servicediscovery, Network(aws)
    namespace = namespaces(sd, network)
    service = services(sd, namespace)
    instances(sd, service)
    same(aws.ecs.list_services_by_namespace(namespace="shop.local")["serviceArns"], [])
    refused("NamespaceNotFoundException", aws.ecs.list_services_by_namespace, namespace="none")
    tags(sd, sd.get_namespace(Id=namespace)["Namespace"]["Arn"])
    refused("ResourceInUse", sd.delete_namespace, Id=namespace)
    sd.delete_service(Id=service)
    refused("ServiceNotFound", sd.delete_service, Id=service)
    finished(sd, sd.delete_namespace(Id=namespace))
    refused("NamespaceNotFound", sd.delete_namespace, Id=namespace)
    network.remove()


def finished(sd, answer, status="SUCCESS"):
    """There is no waiter: an operation is asked for until it is over."""
    for _ in range(500):
        operation = sd.get_operation(OperationId=answer["OperationId"])["Operation"]
        if operation["Status"] in ("SUCCESS", "FAIL"):
            same(operation["Status"], status, operation)
            return operation
    raise AssertionError(f"the operation never ends: {operation}")


def namespaces(sd, network):
    create = sd.create_private_dns_namespace
    wanted = {"Name": "shop.local", "Vpc": network.vpc, "CreatorRequestId": "one"}
    begun = create(**wanted, Tags=tag_list(n="1"))
    same(create(**wanted, Tags=tag_list(n="1")), {**begun, "ResponseMetadata": ANY}, "again")
    refused("DuplicateRequest", create, **{**wanted, "Description": "other"})
    namespace = finished(sd, begun)["Targets"]["NAMESPACE"]
    taken = refused("NamespaceAlreadyExists", create, **{**wanted, "CreatorRequestId": "two"})
    same(taken["NamespaceId"], namespace, "the refusal's own member")
    nowhere = create(Name="other.local", Vpc="vpc-00000000")
    same(finished(sd, nowhere, "FAIL")["ErrorCode"], "CANNOT_CREATE_HOSTED_ZONE")
    made = [finished(sd, sd.create_http_namespace(Name=f"n{n}"))["Targets"]["NAMESPACE"] for n in range(49)]
    refused("ResourceLimitExceeded", sd.create_http_namespace, Name="one-more")
    found = pages(sd, "list_namespaces", "Namespaces", 30)
    same([len(page) for page in found], [30, 20])
    private = [{"Name": "TYPE", "Values": ["DNS_PRIVATE"], "Condition": "EQ"}]
    same([it["Id"] for it in sd.list_namespaces(Filters=private)["Namespaces"]], [namespace])
    refused("InvalidInput", sd.list_namespaces, NextToken="nonsense")
    finished(sd, sd.update_http_namespace(Id=made[0], Namespace={"Description": "b"}))
    same(sd.get_namespace(Id=made[0])["Namespace"]["Description"], "b")
    change = {"Description": "a", "Properties": {"DnsProperties": {"SOA": {"TTL": 30}}}}
    finished(sd, sd.update_private_dns_namespace(Id=namespace, Namespace=change))
    dns = sd.get_namespace(Id=namespace)["Namespace"]["Properties"]["DnsProperties"]
    same(dns["SOA"], {"TTL": 30})
    for one in made:
        finished(sd, sd.delete_namespace(Id=one))
    done = [{"Name": "TYPE", "Values": ["DELETE_NAMESPACE"], "Condition": "EQ"}]
    found = pages(sd, "list_operations", "Operations", 40, Filters=done)
    same([len(page) for page in found], [40, 9])
    refused("OperationNotFound", sd.get_operation, OperationId="none")
    refused("NamespaceNotFound", sd.get_namespace, Id="ns-none")
    return namespace


class Any:
    """Equal to whatever stands there."""

    def __eq__(self, other):
        return True


ANY = Any()


def services(sd, namespace):
    create = sd.create_service
    dns = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    custom = {"HealthCheckCustomConfig": {"FailureThreshold": 1}}
    refused("NamespaceNotFound", create, Name="web", NamespaceId="ns-none")
    refused("InvalidInput", create, Name="web", DnsConfig=dns)
    route53 = {"HealthCheckConfig": {"Type": "TCP"}}
    refused("InvalidInput", create, Name="web", NamespaceId=namespace, DnsConfig=dns, **route53)
    wanted = {"Name": "web", "NamespaceId": namespace, "DnsConfig": dns, **custom}
    made = create(**wanted, Tags=tag_list(n="1"))["Service"]
    taken = refused("ServiceAlreadyExists", create, **wanted)
    same(taken["ServiceId"], made["Id"], "the refusal's own member")
    bare = create(Name="bare", NamespaceId=namespace)["Service"]["Id"]
    found = pages(sd, "list_services", "Services", 1)
    same([len(page) for page in found], [1, 1])
    here = [{"Name": "NAMESPACE_ID", "Values": [namespace], "Condition": "EQ"}]
    same(len(sd.list_services(Filters=here)["Services"]), 2)
    dns = {"DnsRecords": [{"Type": "A", "TTL": 20}]}
    finished(sd, sd.update_service(Id=made["Id"], Service={"Description": "x", "DnsConfig": dns}))
    found = sd.get_service(Id=made["Id"])["Service"]
    same(found["DnsConfig"]["DnsRecords"], dns["DnsRecords"])
    refused("ServiceNotFound", sd.get_service, Id="srv-none")
    one = {"ServiceId": bare, "InstanceId": "i"}
    finished(sd, sd.register_instance(**one, Attributes={"a": "b"}))
    refused("CustomHealthNotFound", sd.update_instance_custom_health_status, **one, Status="HEALTHY")
    finished(sd, sd.deregister_instance(**one))
    sd.delete_service(Id=bare)
    return made["Id"]


def instances(sd, service):
    refused("InstanceNotFound", sd.get_instances_health_status, ServiceId=service)
    at = {"AWS_INSTANCE_IPV4": "10.9.0.9"}
    refused("InvalidInput", sd.register_instance, ServiceId=service, InstanceId="i", Attributes={"a": "b"})
    refused("ServiceNotFound", sd.register_instance, ServiceId="srv-none", InstanceId="i", Attributes=at)
    for name in ["i0", "i1", "i2"]:
        finished(sd, sd.register_instance(ServiceId=service, InstanceId=name, Attributes=at))
    same([len(it) for it in pages(sd, "list_instances", "Instances", 2, ServiceId=service)], [2, 1])
    one = {"ServiceId": service, "InstanceId": "i0"}
    same(sd.get_instance(**one)["Instance"]["Attributes"], at)
    sd.update_instance_custom_health_status(**one, Status="UNHEALTHY")
    health = sd.get_instances_health_status(ServiceId=service)["Status"]
    same(health, {"i0": "UNHEALTHY", "i1": "HEALTHY", "i2": "HEALTHY"})
    refused("ResourceInUse", sd.delete_service, Id=service)
    for name in ["i0", "i1", "i2"]:
        finished(sd, sd.deregister_instance(ServiceId=service, InstanceId=name))
    refused("InstanceNotFound", sd.get_instance, **one)


def tags(sd, arn):
    sd.tag_resource(ResourceARN=arn, Tags=tag_list(a="b"))
    sd.untag_resource(ResourceARN=arn, TagKeys=["n"])
    same(sd.list_tags_for_resource(ResourceARN=arn)["Tags"], tag_list(a="b"))
    none = arn.rsplit("/", 1)[0] + "/ns-none"
    refused("ResourceNotFoundException", sd.list_tags_for_resource, ResourceARN=none)
    many = tag_list(**{f"k{n}": "v" for n in range(50)})
    refused("TooManyTagsException", sd.tag_resource, ResourceARN=arn, Tags=many)
