//! Edits of strangers in the mesh.

use crate::{
    common::app_mesh,
    drift::{Edit, Ground, each_is_seen_and_healed},
};
use aws_sdk_appmesh::types::{
    EgressFilter, EgressFilterType, HeaderMatchMethod, HttpRouteHeader, HttpRouteMatch, MeshSpec,
    RouteSpec, VirtualNodeSpec, VirtualRouterListener, VirtualRouterSpec, VirtualServiceSpec,
};
use futures_util::FutureExt;
use meshctl::model::Depth;

const ROUTER: &str = "mesh/virtual-router/nodejs";
const ROUTE: &str = "mesh/route/nodejs";
const NODE: &str = "mesh/virtual-node/frontend";
const SERVICE: &str = "mesh/virtual-service/nodejs";

fn mesh(on: &Ground) -> String {
    on.id("mesh/mesh", "name")
}

async fn route(on: &Ground) -> RouteSpec {
    let call = on.cx.appmesh().describe_route().mesh_name(mesh(on));
    let call = call.virtual_router_name(on.id(ROUTE, "router")).route_name(on.id(ROUTE, "name"));
    let route = call.send().await.expect("a description").route.expect("a route");
    route.spec.expect("its specification")
}

async fn set_route(on: &Ground, spec: RouteSpec) {
    let call = on.cx.appmesh().update_route().mesh_name(mesh(on)).spec(spec);
    let call = call.virtual_router_name(on.id(ROUTE, "router")).route_name(on.id(ROUTE, "name"));
    call.send().await.expect("another route");
}

async fn node(on: &Ground) -> VirtualNodeSpec {
    let call = on.cx.appmesh().describe_virtual_node().mesh_name(mesh(on));
    let found = call.virtual_node_name(on.id(NODE, "name")).send().await.expect("a description");
    found.virtual_node.expect("a node").spec.expect("its specification")
}

async fn set_node(on: &Ground, spec: VirtualNodeSpec) {
    let call = on.cx.appmesh().update_virtual_node().mesh_name(mesh(on)).spec(spec);
    call.virtual_node_name(on.id(NODE, "name")).send().await.expect("another node");
}

#[tokio::test(start_paused = true)]
async fn what_strangers_do_to_the_mesh_is_seen_and_healed() {
    let edits = [
        Edit {
            what: "a route of theirs",
            at: ROUTER,
            words: "extra route theirs",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let mut spec = route(on).await;
                    spec.priority = Some(1);
                    let call = on.cx.appmesh().create_route().mesh_name(mesh(on)).spec(spec);
                    let call = call.virtual_router_name(on.id(ROUTER, "name"));
                    call.route_name("theirs").send().await.expect("a route");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "a header that requests must have",
            at: ROUTE,
            words: "conditions: [\"headers\"] -> []",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let mut spec = route(on).await;
                    let header = HttpRouteHeader::builder().name("x-theirs");
                    let header = header.r#match(HeaderMatchMethod::Exact("1".into())).build();
                    let wanted = HttpRouteMatch::builder().prefix("/");
                    let wanted = wanted.headers(header.expect("a header")).build();
                    let http = spec.http_route.as_mut().expect("a route for HTTP");
                    http.r#match = Some(wanted);
                    set_route(on, spec).await;
                }
                .boxed_local()
            },
        },
        Edit {
            what: "another priority",
            at: ROUTE,
            words: "priority: 900 -> 10",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let mut spec = route(on).await;
                    spec.priority = Some(900);
                    set_route(on, spec).await;
                }
                .boxed_local()
            },
        },
        Edit {
            what: "another port",
            at: ROUTER,
            words: "port: [\"81/http\"]",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let port = aws_sdk_appmesh::types::PortMapping::builder().port(81);
                    let port = port.protocol(aws_sdk_appmesh::types::PortProtocol::Http).build();
                    let listener = VirtualRouterListener::builder();
                    let listener = listener.port_mapping(port.expect("a port")).build();
                    let spec = VirtualRouterSpec::builder().listeners(listener).build();
                    let call = on.cx.appmesh().update_virtual_router().mesh_name(mesh(on));
                    let call = call.virtual_router_name(on.id(ROUTER, "name")).spec(spec);
                    call.send().await.expect("another port");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "no back-ends",
            at: NODE,
            words: "backends: [] -> [",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let mut spec = node(on).await;
                    spec.backends = None;
                    set_node(on, spec).await;
                }
                .boxed_local()
            },
        },
        Edit {
            what: "back-ends that must speak TLS",
            at: NODE,
            words: "unwanted: [\"backend_defaults\"] -> []",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let defaults = aws_sdk_appmesh::types::BackendDefaults::builder().build();
                    let mut spec = node(on).await;
                    spec.backend_defaults = Some(defaults);
                    set_node(on, spec).await;
                }
                .boxed_local()
            },
        },
        Edit {
            what: "a name that nothing provides",
            at: SERVICE,
            words: "virtual_router: null -> ",
            depth: Depth::Listed,
            make: |on| {
                async {
                    let spec = VirtualServiceSpec::builder().build();
                    let call = on.cx.appmesh().update_virtual_service().mesh_name(mesh(on));
                    let call = call.virtual_service_name(on.id(SERVICE, "name")).spec(spec);
                    call.send().await.expect("a name of nobody's");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "a way out of the mesh",
            at: "mesh/mesh",
            words: "egress_filter: ",
            depth: Depth::Full,
            make: |on| {
                async {
                    let call = on.cx.appmesh().describe_mesh().mesh_name(mesh(on));
                    let seen = call.send().await.expect("a description").mesh.expect("a mesh");
                    let filter = seen.spec.and_then(|spec| spec.egress_filter);
                    let other = match filter.map(|filter| filter.r#type) {
                        Some(EgressFilterType::AllowAll) => EgressFilterType::DropAll,
                        _ => EgressFilterType::AllowAll,
                    };
                    let filter = EgressFilter::builder().r#type(other).build();
                    let spec = MeshSpec::builder().egress_filter(filter.expect("a filter")).build();
                    let call = on.cx.appmesh().update_mesh().mesh_name(mesh(on)).spec(spec);
                    call.send().await.expect("another filter");
                }
                .boxed_local()
            },
        },
        Edit {
            what: "a node without its name",
            at: NODE,
            words: "tag Name: servicemesh-demo/mesh/virtual-node/frontend",
            depth: Depth::Full,
            make: |on| {
                async {
                    let call = on.cx.appmesh().untag_resource().resource_arn(on.id(NODE, "arn"));
                    call.tag_keys("Name").send().await.expect("no tag");
                }
                .boxed_local()
            },
        },
    ];
    each_is_seen_and_healed(&app_mesh(), &edits).await;
}
