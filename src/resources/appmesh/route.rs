//! Route: which virtual nodes answer a router's requests, and with which weight. Actions:
//! appmesh:CreateRoute, appmesh:DescribeRoute, appmesh:ListRoutes, appmesh:ListVirtualRouters,
//! appmesh:UpdateRoute, appmesh:DeleteRoute, appmesh:ListTagsForResource, appmesh:TagResource,
//! appmesh:UntagResource.

use super::{
    Described, built, mark, mesh::ours, of_mesh, owned, permissions_of, retag, tag_list,
    tags_if_asked, virtual_node::VirtualNode, virtual_router::VirtualRouter,
    virtual_router::listed as routers,
};
use crate::resources::prelude::*;
use aws_sdk_appmesh::types::{self as mesh, HttpRouteAction, HttpRouteMatch, RouteRef, RouteSpec};
use futures_util::{future::try_join_all, join};
use std::collections::BTreeSet;

/// All requests.
const PREFIX: &str = "/";

/// Its place, name and ARN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteId {
    /// The mesh's name.
    pub mesh: String,
    /// The router's name.
    pub router: String,
    /// Its own name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

/// One of the nodes that answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct WeightedTarget {
    /// The node's name.
    pub virtual_node: String,
    /// Its share of all weights; AWS takes 100 in all.
    pub weight: i32,
}

needs! {
    /// App Mesh refuses a route of an unknown router or to an unknown node.
    RouteNeeds gives RouteValues {
        /// The router.
        router: Created<VirtualRouter>,
        /// The nodes of its targets.
        nodes: Vec<Created<VirtualNode>>,
    }
}

/// All HTTP requests of a router, shared out by weight.
#[derive(Serialize)]
pub struct Route {
    /// What it stands on.
    pub needs: RouteNeeds,
    /// The name in the router.
    pub name: String,
    /// Who answers.
    pub targets: Vec<WeightedTarget>,
    /// Lower comes first.
    pub priority: i32,
}

impl Route {
    fn spec(&self) -> Result<RouteSpec> {
        let targets = self.targets.iter().map(|target| {
            let weighted = mesh::WeightedTarget::builder().virtual_node(&target.virtual_node);
            built(weighted.weight(target.weight).build())
        });
        let targets = targets.collect::<Result<_>>()?;
        let action = HttpRouteAction::builder().set_weighted_targets(Some(targets));
        let route = mesh::HttpRoute::builder()
            .r#match(HttpRouteMatch::builder().prefix(PREFIX).build())
            .action(built(action.build())?);
        Ok(RouteSpec::builder().http_route(route.build()).priority(self.priority).build())
    }
}

impl Resource for Route {
    const KIND: Kind = Kind("AWS::AppMesh::Route");
    const SEARCHED_ONE_BY_ONE: bool = true;
    type Needs = RouteNeeds;
    type Out = RouteId;
    type Live = LiveRoute;

    fn needs(&self) -> RouteNeeds {
        self.needs.clone()
    }

    async fn create(&self, cx: &Cx, needs: &RouteValues) -> Result<RouteId> {
        const OP: &str = "appmesh:CreateRoute";
        let router = &needs.router;
        let call = cx.appmesh().create_route().mesh_name(&router.mesh);
        let call = call.virtual_router_name(&router.name).route_name(&self.name);
        let call = call.spec(self.spec()?).client_token(cx.token());
        let call = call.set_tags(Some(tag_list(&cx.tags())?));
        let metadata = call.send().await.op(OP)?.route.and_then(|route| route.metadata);
        let arn = metadata.answered(OP, "route.metadata")?.arn;
        let (mesh, router) = (router.mesh.clone(), router.name.clone());
        Ok(RouteId { mesh, router, name: self.name.clone(), arn })
    }

    fn drift(
        &self,
        LiveRoute { router, described: live }: &LiveRoute,
        needs: &RouteValues,
    ) -> Drift {
        let drift = Drift::none()
            .fixed("mesh_name", &needs.router.mesh, &live.mesh)
            .fixed("virtual_router_name", &needs.router.name, router)
            .fixed("route_name", &self.name, &live.name);
        let Some(spec) = &live.spec else { return drift };
        let wanted: BTreeSet<_> = self.targets.iter().cloned().collect();
        let http = spec.http_route();
        let prefix = http.and_then(|route| route.r#match()).and_then(|it| it.prefix());
        drift
            .mutable("prefix", PREFIX, prefix)
            .mutable("targets", wanted, targets(spec))
            .mutable("priority", self.priority, spec.priority())
            .mutable("conditions", NONE, http.map(conditions).unwrap_or_default())
    }

    async fn update(&self, cx: &Cx, out: &RouteId, _: &Drift, _: &RouteValues) -> Result<()> {
        let call = cx.appmesh().update_route().mesh_name(&out.mesh);
        let call = call.virtual_router_name(&out.router).route_name(&out.name).spec(self.spec()?);
        call.send().await.op("appmesh:UpdateRoute").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let mut all = permissions_of("Route");
        all.push(of_mesh(Permission::find("appmesh:ListRoutes")));
        all.push(of_mesh(Permission::find("appmesh:ListVirtualRouters")));
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<RouteId>>> {
        let Some(mesh) = ours(cx).await? else { return Ok(Vec::new()) };
        let routers = routers(cx, &mesh.out.name).await?;
        let lists =
            routers.iter().map(|router| listed(cx, &router.mesh_name, &router.virtual_router_name));
        let routes = try_join_all(lists).await?.into_iter().flatten().map(|route| RouteId {
            mesh: route.mesh_name,
            router: route.virtual_router_name,
            name: route.route_name,
            arn: route.arn,
        });
        owned(cx, routes, |out| &out.arn).await
    }

    async fn read(cx: &Cx, out: &RouteId) -> Result<Option<LiveRoute>> {
        let described = describe(cx, out).await?;
        Ok(described.map(|described| LiveRoute { router: out.router.clone(), described }))
    }

    fn mark(live: &LiveRoute) -> Option<String> {
        live.described.mark.clone()
    }

    fn tags(live: &LiveRoute) -> Option<Tags> {
        live.described.tags.clone()
    }

    async fn retag(cx: &Cx, out: &RouteId, changes: &TagChanges) -> Result<()> {
        retag(cx, &out.arn, changes).await
    }

    async fn delete(cx: &Cx, out: &RouteId) -> Result<()> {
        let call = cx.appmesh().delete_route().mesh_name(&out.mesh);
        let call = call.virtual_router_name(&out.router).route_name(&out.name);
        call.send().await.op("appmesh:DeleteRoute").or_absent().map(drop)
    }

    fn id(out: &RouteId) -> String {
        format!("{}/{}", out.router, out.name)
    }
}

/// A route and the router that it belongs to.
pub struct LiveRoute {
    router: String,
    described: Described<RouteSpec>,
}

async fn describe(cx: &Cx, out: &RouteId) -> Result<Option<Described<RouteSpec>>> {
    let (mesh, name) = (&out.mesh, &out.name);
    if !cx.with_settings() {
        let routes = cx.load::<Routes>((mesh.clone(), out.router.clone())).await?;
        let mut routes = routes.iter().flat_map(|routes| routes.iter());
        let found = routes.find(|route| route.route_name() == name);
        let mark = found.map(|route| mark(route.version(), route.created_at()));
        return Ok(mark.map(|mark| Described::listed(mesh, name, &mark)));
    }
    let call = cx.appmesh().describe_route().mesh_name(mesh).virtual_router_name(&out.router);
    let (found, tags) = join!(call.route_name(name).send(), tags_if_asked(cx, &out.arn));
    let found = found.op("appmesh:DescribeRoute").or_absent()?;
    let Some(route) = found.and_then(|found| found.route) else { return Ok(None) };
    let status = route.status().map(|status| status.status().as_str());
    let spec = route.spec().cloned();
    Ok(Described::alone(mesh, name, route.metadata(), status, spec, tags?))
}

/// The targets of an HTTP route, whatever their order; `None` for a route of another protocol.
fn targets(spec: &RouteSpec) -> Option<BTreeSet<WeightedTarget>> {
    let targets = spec.http_route()?.action()?.weighted_targets().iter();
    let ours = targets.map(|target| WeightedTarget {
        virtual_node: target.virtual_node().into(),
        weight: target.weight(),
    });
    Some(ours.collect())
}

const NONE: [&str; 0] = [];

/// What a route asks of a request besides its prefix, and does besides passing it on: ours nothing.
fn conditions(route: &mesh::HttpRoute) -> Vec<&'static str> {
    let wanted = route.r#match();
    let has = [
        ("headers", wanted.is_some_and(|wanted| !wanted.headers().is_empty())),
        ("query_parameters", wanted.is_some_and(|wanted| !wanted.query_parameters().is_empty())),
        ("method", wanted.is_some_and(|wanted| wanted.method().is_some())),
        ("scheme", wanted.is_some_and(|wanted| wanted.scheme().is_some())),
        ("path", wanted.is_some_and(|wanted| wanted.path().is_some())),
        ("port", wanted.is_some_and(|wanted| wanted.port().is_some())),
        ("retry_policy", route.retry_policy().is_some()),
        ("timeout", route.timeout().is_some()),
    ];
    has.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}

/// All routes of a router; none when there is no such router.
pub(super) async fn listed(cx: &Cx, mesh: &str, router: &str) -> Result<Vec<RouteRef>> {
    let call = cx.appmesh().list_routes().mesh_name(mesh).virtual_router_name(router);
    let pages = call.into_paginator().items();
    let all = pages.send().try_collect().await.op("appmesh:ListRoutes");
    Ok(all.or_absent()?.unwrap_or_default())
}

/// `ListRoutes`, once per router, for all routes and routers that are asked for at once.
pub(super) struct Routes;

impl Batch for Routes {
    type Key = (String, String);
    type Value = Vec<RouteRef>;
    const MAX: usize = usize::MAX;

    async fn fetch(cx: &Cx, keys: Vec<Self::Key>) -> Result<BTreeMap<Self::Key, Vec<RouteRef>>> {
        let lists = keys.into_iter().map(async |(mesh, router)| {
            let routes = listed(cx, &mesh, &router).await?;
            Ok(((mesh, router), routes))
        });
        Ok(try_join_all(lists).await?.into_iter().collect())
    }
}
