"""App Mesh: meshes, virtual nodes, routers, routes, services, tags."""

from stranger import pages, refused, same

PORT = {"port": 80, "protocol": "http"}


def tags_of(**tags):
    return [{"key": key, "value": value} for key, value in tags.items()]


def node(*backends):
    return {
        "listeners": [{"portMapping": PORT}],
        "serviceDiscovery": {"dns": {"hostname": "a.shop.local"}},
        "backends": [{"virtualService": {"virtualServiceName": name}} for name in backends],
    }


def http(**weights):
    targets = [{"virtualNode": name, "weight": weight} for name, weight in weights.items()]
    return {"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": targets}}}


def run(aws):
    mesh = aws.appmesh
    arn = meshes(mesh)
    nodes(mesh)
    routers(mesh)
    services(mesh)
    mesh_tags(mesh, arn)
    refused("ResourceInUseException", mesh.delete_mesh, meshName="shop", _status=409)
    mesh.delete_virtual_service(meshName="shop", virtualServiceName="a.shop.local")
    mesh.delete_route(meshName="shop", virtualRouterName="a", routeName="all")
    mesh.delete_virtual_router(meshName="shop", virtualRouterName="a")
    for name in ["a", "b"]:
        mesh.delete_virtual_node(meshName="shop", virtualNodeName=name)
    same(mesh.delete_mesh(meshName="shop")["mesh"]["status"]["status"], "DELETED")
    refused("NotFoundException", mesh.delete_mesh, meshName="shop", _status=404)


def meshes(mesh):
    made = mesh.create_mesh(meshName="shop", tags=tags_of(n="1"), clientToken="one")["mesh"]
    same((made["spec"], made["metadata"]["version"]), ({"egressFilter": {"type": "DROP_ALL"}}, 1))
    mesh.create_mesh(meshName="shop", tags=tags_of(n="1"), clientToken="one")
    refused("ConflictException", mesh.create_mesh, meshName="shop", clientToken="two", _status=409)
    open_mesh = {"egressFilter": {"type": "ALLOW_ALL"}}
    changed = mesh.update_mesh(meshName="shop", spec=open_mesh)["mesh"]
    same((changed["spec"], changed["metadata"]["version"]), (open_mesh, 2))
    more = [f"m{n}" for n in range(14)]
    for name in more:
        mesh.create_mesh(meshName=name)
    refused("LimitExceededException", mesh.create_mesh, meshName="one-more")
    same([len(page) for page in pages(mesh, "list_meshes", "meshes", 10)], [10, 5])
    refused("BadRequestException", mesh.list_meshes, nextToken="nonsense", _status=400)
    for name in more:
        mesh.delete_mesh(meshName=name)
    refused("NotFoundException", mesh.describe_mesh, meshName="none")
    return mesh.describe_mesh(meshName="shop")["mesh"]["metadata"]["arn"]


def nodes(mesh):
    at = {"meshName": "shop"}
    lacking = {"listeners": [{"portMapping": PORT}]}
    refused("BadRequestException", mesh.create_virtual_node, **at, virtualNodeName="a", spec=lacking)
    refused("NotFoundException", mesh.create_virtual_node, meshName="none", virtualNodeName="a", spec=node())
    for name in ["a", "b"]:
        mesh.create_virtual_node(**at, virtualNodeName=name, spec=node())
    many = node(*[f"s{n}" for n in range(51)])
    refused("LimitExceededException", mesh.create_virtual_node, **at, virtualNodeName="c", spec=many)
    changed = mesh.update_virtual_node(**at, virtualNodeName="a", spec=node("b.shop.local"))
    same(len(changed["virtualNode"]["spec"]["backends"]), 1)
    same([len(it) for it in pages(mesh, "list_virtual_nodes", "virtualNodes", 1, **at)], [1, 1])
    found = mesh.describe_virtual_node(**at, virtualNodeName="a")["virtualNode"]
    same(found["status"], {"status": "ACTIVE"})
    refused("NotFoundException", mesh.describe_virtual_node, **at, virtualNodeName="none")


def routers(mesh):
    at = {"meshName": "shop"}
    listening = {"listeners": [{"portMapping": PORT}]}
    refused("BadRequestException", mesh.create_virtual_router, **at, virtualRouterName="a", spec={})
    mesh.create_virtual_router(**at, virtualRouterName="a", spec=listening)
    mesh.update_virtual_router(**at, virtualRouterName="a", spec=listening)
    found = mesh.describe_virtual_router(**at, virtualRouterName="a")["virtualRouter"]
    same(found["metadata"]["version"], 2)
    same(len(mesh.list_virtual_routers(**at)["virtualRouters"]), 1)
    on = {**at, "virtualRouterName": "a"}
    for wrong in [{}, http(a=60, b=60)]:
        refused("BadRequestException", mesh.create_route, **on, routeName="all", spec=wrong)
    refused("NotFoundException", mesh.create_route, **on, routeName="all", spec=http(none=1))
    mesh.create_route(**on, routeName="all", spec=http(a=100))
    refused("ResourceInUseException", mesh.delete_virtual_node, **at, virtualNodeName="a")
    refused("ResourceInUseException", mesh.delete_virtual_router, **on)
    spec = http(a=90, b=10)
    same(mesh.update_route(**on, routeName="all", spec=spec)["route"]["spec"], spec)
    same(mesh.describe_route(**on, routeName="all")["route"]["metadata"]["version"], 2)
    more = [f"r{n}" for n in range(49)]
    for name in more:
        mesh.create_route(**on, routeName=name, spec=http(a=1))
    refused("LimitExceededException", mesh.create_route, **on, routeName="r", spec=http(a=1))
    same([len(it) for it in pages(mesh, "list_routes", "routes", 30, **on)], [30, 20])
    for name in more:
        mesh.delete_route(**on, routeName=name)


def services(mesh):
    at = {"meshName": "shop", "virtualServiceName": "a.shop.local"}
    by_node = {"provider": {"virtualNode": {"virtualNodeName": "a"}}}
    by_router = {"provider": {"virtualRouter": {"virtualRouterName": "a"}}}
    none = {"provider": {"virtualRouter": {"virtualRouterName": "none"}}}
    refused("NotFoundException", mesh.create_virtual_service, **at, spec=none)
    mesh.create_virtual_service(**at, spec=by_node)
    same(mesh.update_virtual_service(**at, spec=by_router)["virtualService"]["spec"], by_router)
    same(mesh.describe_virtual_service(**at)["virtualService"]["metadata"]["version"], 2)
    same(len(mesh.list_virtual_services(meshName="shop")["virtualServices"]), 1)


def mesh_tags(mesh, arn):
    mesh.tag_resource(resourceArn=arn, tags=tags_of(a="b"))
    mesh.untag_resource(resourceArn=arn, tagKeys=["n"])
    same(mesh.list_tags_for_resource(resourceArn=arn)["tags"], tags_of(a="b"))
    refused("NotFoundException", mesh.list_tags_for_resource, resourceArn=arn + "-none")
    many = tags_of(**{f"k{n}": "v" for n in range(50)})
    refused("TooManyTagsException", mesh.tag_resource, resourceArn=arn, tags=many)
