"""API Gateway: REST APIs with resources, methods, integrations, deployments, stages; VPC links."""

import json

from stranger import REGION, Network, pages, refused, same, waited


def run(aws):
    gateway, network = aws.apigateway, Network(aws)
    api = apis(gateway)
    resource = resources(gateway, api)
    balancer, link = links(aws, network)
    over_link_v2(aws, network, api, resource, balancer)
    methods(gateway, api, resource, link)
    deployments(gateway, aws, api, resource)
    account(gateway, aws.iam, api)
    documents(gateway)
    tags(gateway, api, link)
    gateway.delete_stage(restApiId=api, stageName="live")
    gateway.delete_integration(restApiId=api, resourceId=resource, httpMethod="GET")
    gateway.delete_method(restApiId=api, resourceId=resource, httpMethod="GET")
    gateway.delete_resource(restApiId=api, resourceId=resource)
    gateway.delete_rest_api(restApiId=api)
    refused("NotFoundException", gateway.delete_rest_api, restApiId=api, _status=404)
    gateway.delete_vpc_link(vpcLinkId=link)
    refused("NotFoundException", gateway.get_vpc_link, vpcLinkId=link)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    network.remove()


def patch(path, value, op="replace"):
    return {"op": op, "path": path, "value": value}


def apis(gateway):
    create = gateway.create_rest_api
    refused("BadRequestException", create, name=" ", _status=400)
    refused("BadRequestException", create, name="a", policy="not JSON")
    both = {"types": ["EDGE", "REGIONAL"]}
    refused("BadRequestException", create, name="a", endpointConfiguration=both)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",
                 "Resource": "execute-api:/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    long = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Sid": "s" * 8192}]})
    refused("LimitExceededException", create, name="a", policy=long, _status=429)
    made = [
        create(name=f"a{n}", endpointConfiguration={"types": ["REGIONAL"]}, policy=policy)["id"]
        for n in range(3)
    ]
    same([len(page) for page in pages(gateway, "get_rest_apis", "items", 2)], [2, 1])
    refused("BadRequestException", gateway.get_rest_apis, position="nonsense")
    changed = gateway.update_rest_api(restApiId=made[0], patchOperations=[patch("/name", "shop")])
    same(changed["name"], "shop")
    refused("BadRequestException", gateway.update_rest_api, restApiId=made[0],
            patchOperations=[patch("/moon", "full")])
    found = gateway.get_rest_api(restApiId=made[0])
    assert f"arn:aws:execute-api:{REGION}" in found["policy"].replace("\\/", "/"), found["policy"]
    refused("NotFoundException", gateway.get_rest_api, restApiId="none")
    for one in made[1:]:
        gateway.delete_rest_api(restApiId=one)
    return made[0]


def resources(gateway, api):
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    create = {"restApiId": api, "parentId": root}
    resource = gateway.create_resource(**create, pathPart="a")["id"]
    refused("ConflictException", gateway.create_resource, **create, pathPart="a", _status=409)
    refused("NotFoundException", gateway.create_resource, restApiId=api, parentId="none", pathPart="b")
    changed = [patch("/pathPart", "b")]
    answer = gateway.update_resource(restApiId=api, resourceId=resource, patchOperations=changed)
    same(answer["path"], "/b")
    refused("BadRequestException", gateway.delete_resource, restApiId=api, resourceId=root)
    found = gateway.get_resource(restApiId=api, resourceId=resource)
    same((found["parentId"], found["pathPart"]), (root, "b"))
    same([len(it) for it in pages(gateway, "get_resources", "items", 1, restApiId=api)], [1, 1])
    refused("NotFoundException", gateway.get_resource, restApiId=api, resourceId="none")
    return resource


def links(aws, network):
    gateway = aws.apigateway
    balancer = aws.elbv2.create_load_balancer(
        Name="inner", Type="network", Scheme="internal", Subnets=network.subnets
    )["LoadBalancers"][0]["LoadBalancerArn"]
    waited(aws.elbv2, "load_balancer_available", LoadBalancerArns=[balancer])
    create = gateway.create_vpc_link
    refused("BadRequestException", create, name="l", targetArns=[])
    refused("BadRequestException", create, name="l", targetArns=[balancer] * 2)
    link = create(name="l", targetArns=[balancer], tags={"n": "1"})["id"]
    same(settled(gateway, link)["status"], "AVAILABLE")
    wrong = create(name="w", targetArns=[balancer.replace("/net/", "/app/")])["id"]
    same(settled(gateway, wrong)["status"], "FAILED")
    gateway.delete_vpc_link(vpcLinkId=wrong)
    refused("ResourceInUse", aws.elbv2.delete_load_balancer, LoadBalancerArn=balancer)
    changed = [patch("/name", "link")]
    same(gateway.update_vpc_link(vpcLinkId=link, patchOperations=changed)["name"], "link")
    same([it["id"] for it in gateway.get_vpc_links(limit=5)["items"]], [link])
    return balancer, link


def over_link_v2(aws, network, api, resource, balancer):
    """VPC links of the second version, which API Gateway V2 makes, and a method over one."""
    gateway = aws.apigatewayv2
    create = gateway.create_vpc_link
    place = {"SubnetIds": network.subnets, "SecurityGroupIds": [network.group]}
    refused("BadRequestException", create, Name="l", SubnetIds=["subnet-none"])
    made = [create(Name=f"l{n}", **place, Tags={"n": str(n)})["VpcLinkId"] for n in range(3)]
    found = gateway.get_vpc_link(VpcLinkId=made[0])
    same((found["SubnetIds"], found["VpcLinkVersion"]), (network.subnets, "V2"))
    # botocore has no paginator for them.
    first = gateway.get_vpc_links(MaxResults="2")
    second = gateway.get_vpc_links(MaxResults="2", NextToken=first["NextToken"])
    found = [link["VpcLinkId"] for page in (first, second) for link in page["Items"]]
    same((sorted(found), second.get("NextToken")), (sorted(made), None))
    refused("BadRequestException", gateway.get_vpc_links, NextToken="nonsense")
    same(gateway.update_vpc_link(VpcLinkId=made[0], Name="link")["Name"], "link")
    arn = f"arn:aws:apigateway:{REGION}::/vpclinks/{made[0]}"
    gateway.tag_resource(ResourceArn=arn, Tags={"a": "1", "b": "2"})
    gateway.untag_resource(ResourceArn=arn, TagKeys=["a"])
    same(gateway.get_tags(ResourceArn=arn)["Tags"], {"n": "0", "b": "2"})
    method(aws.apigateway, api, resource, made[0], balancer)
    for link in made:
        gateway.delete_vpc_link(VpcLinkId=link)
    refused("NotFoundException", gateway.get_vpc_link, VpcLinkId=made[0], _status=404)


def method(gateway, api, resource, link, balancer):
    at = {"restApiId": api, "resourceId": resource, "httpMethod": "DELETE"}
    gateway.put_method(**at, authorizationType="NONE")
    over = {
        "type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "http://inner:80/",
        "connectionType": "VPC_LINK", "connectionId": link,
    }
    refused("BadRequestException", gateway.put_integration, **at, **over)
    put = gateway.put_integration(**at, **over, integrationTarget=balancer)
    same(put["integrationTarget"], balancer)
    gateway.delete_method(**at)


def settled(gateway, link):
    """There is no waiter for VPC links."""
    for _ in range(500):
        found = gateway.get_vpc_link(vpcLinkId=link)
        if found["status"] != "PENDING":
            return found
    raise AssertionError(f"the link stays pending: {found}")


def methods(gateway, api, resource, link):
    at = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
    refused("NotFoundException", gateway.get_method, **at)
    gateway.put_method(**at, authorizationType="NONE")
    refused("ConflictException", gateway.put_method, **at, authorizationType="NONE")
    answer = gateway.update_method(**at, patchOperations=[patch("/apiKeyRequired", "true")])
    same(answer["apiKeyRequired"], True)
    same(gateway.get_method(**at)["authorizationType"], "NONE")
    refused("BadRequestException", gateway.create_deployment, restApiId=api, _text="No integration")
    refused("NotFoundException", gateway.get_integration, **at)
    put = gateway.put_integration
    proxy = {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "http://inner/"}
    refused("BadRequestException", put, **at, type="HTTP_PROXY", integrationHttpMethod="GET")
    refused("BadRequestException", put, **at, **{**proxy, "uri": "inner"})
    through = {"connectionType": "VPC_LINK", "connectionId": link}
    refused("NotFoundException", put, **at, **proxy, **{**through, "connectionId": "none"})
    made = put(**at, **proxy, **through)
    same((made["connectionId"], made["timeoutInMillis"]), (link, 29000))
    same(gateway.get_integration(**at)["uri"], "http://inner/")
    change = [patch("/timeoutInMillis", "1000")]
    same(gateway.update_integration(**at, patchOperations=change)["timeoutInMillis"], 1000)
    ok = {**at, "statusCode": "200"}
    refused("NotFoundException", gateway.put_integration_response, **ok)
    gateway.put_method_response(**ok)
    refused("ConflictException", gateway.put_method_response, **ok)
    models = [patch("/responseModels/application~1json", "Empty", "add")]
    gateway.update_method_response(**ok, patchOperations=models)
    same(gateway.get_method_response(**ok)["responseModels"], {"application/json": "Empty"})
    gateway.put_integration_response(**ok)
    pattern = [patch("/selectionPattern", "2..")]
    gateway.update_integration_response(**ok, patchOperations=pattern)
    same(gateway.get_integration_response(**ok)["selectionPattern"], "2..")
    gateway.delete_integration_response(**ok)
    gateway.delete_method_response(**ok)
    refused("NotFoundException", gateway.get_method_response, **ok)


def deployments(gateway, aws, api, resource):
    first = gateway.create_deployment(restApiId=api, stageName="live")["id"]
    spare = gateway.create_deployment(restApiId=api, description="spare")["id"]
    same([len(it) for it in pages(gateway, "get_deployments", "items", 1, restApiId=api)], [1, 1])
    summary = gateway.get_deployment(restApiId=api, deploymentId=first, embed=["apisummary"])
    same(list(summary["apiSummary"]), ["/b"])
    text = [patch("/description", "said")]
    answer = gateway.update_deployment(restApiId=api, deploymentId=first, patchOperations=text)
    same(answer["description"], "said")
    refused("BadRequestException", gateway.delete_deployment, restApiId=api, deploymentId=first)
    create = {"restApiId": api, "deploymentId": spare}
    refused("ConflictException", gateway.create_stage, **create, stageName="live")
    refused("BadRequestException", gateway.create_stage, restApiId=api, deploymentId="none", stageName="x")
    refused("BadRequestException", gateway.create_stage, **create, stageName="a b")
    gateway.create_stage(**create, stageName="spare", variables={"a": "b"}, tags={"n": "1"})
    same(len(gateway.get_stages(restApiId=api)["item"]), 2)
    same(gateway.get_stage(restApiId=api, stageName="spare")["variables"], {"a": "b"})
    logs = [patch("/accessLogSettings/format", "$context.requestId"),
            patch("/accessLogSettings/destinationArn", f"arn:aws:logs:{REGION}:123456789012:log-group:a")]
    refused("BadRequestException", gateway.update_stage, restApiId=api, stageName="live",
            patchOperations=logs)
    rate = [patch("/*/*/throttling/rateLimit", "10")]
    answer = gateway.update_stage(restApiId=api, stageName="live", patchOperations=rate)
    same(answer["methodSettings"]["*/*"]["throttlingRateLimit"], 10.0)
    gateway.delete_stage(restApiId=api, stageName="spare")
    refused("NotFoundException", gateway.get_stage, restApiId=api, stageName="spare")
    gateway.delete_deployment(restApiId=api, deploymentId=spare)


def account(gateway, iam, api):
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"Service": "apigateway.amazonaws.com"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="logs", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    set_role = [patch("/cloudwatchRoleArn", role)]
    refused("BadRequestException", gateway.update_account, patchOperations=set_role)
    policy = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    iam.attach_role_policy(RoleName="logs", PolicyArn=policy)
    same(gateway.update_account(patchOperations=set_role)["cloudwatchRoleArn"], role)
    same(gateway.get_account()["cloudwatchRoleArn"], role)
    gateway.update_account(patchOperations=[patch("/cloudwatchRoleArn", "")])
    iam.detach_role_policy(RoleName="logs", PolicyArn=policy)
    iam.delete_role(RoleName="logs")


def documents(gateway):
    mock = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
    get = {"responses": {"200": {}}, "x-amazon-apigateway-integration": mock}
    document = {"openapi": "3.0.1", "info": {"title": "written", "version": "1"}, "paths": {"/a": {"get": get}}}
    made = gateway.import_rest_api(body=json.dumps(document).encode())
    same(made["name"], "written")
    document["paths"]["/b"] = {"get": get}
    gateway.put_rest_api(restApiId=made["id"], mode="overwrite", body=json.dumps(document).encode())
    found = gateway.get_resources(restApiId=made["id"])["items"]
    same(sorted(it["path"] for it in found), ["/", "/a", "/b"])
    gateway.delete_rest_api(restApiId=made["id"])


def tags(gateway, api, link):
    for path in [f"restapis/{api}", f"vpclinks/{link}", f"restapis/{api}/stages/live"]:
        arn = f"arn:aws:apigateway:{REGION}::/{path}"
        gateway.tag_resource(resourceArn=arn, tags={"a": "b", "n": "2"})
        gateway.untag_resource(resourceArn=arn, tagKeys=["n"])
        same(gateway.get_tags(resourceArn=arn)["tags"], {"a": "b"})
    none = f"arn:aws:apigateway:{REGION}::/restapis/none"
    refused("NotFoundException", gateway.get_tags, resourceArn=none)
    refused("BadRequestException", gateway.get_tags, resourceArn="arn:aws:iam::123456789012:role/a")
    many = {f"k{n}": "v" for n in range(51)}
    arn = f"arn:aws:apigateway:{REGION}::/restapis/{api}"
    refused("LimitExceededException", gateway.tag_resource, resourceArn=arn, tags=many)
