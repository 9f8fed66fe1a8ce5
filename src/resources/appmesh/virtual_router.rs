//! Virtual router: what splits a virtual service's requests by routes. Actions:
//! appmesh:CreateVirtualRouter, appmesh:DescribeVirtualRouter, appmesh:ListVirtualRouters,
//! appmesh:UpdateVirtualRouter, appmesh:DeleteVirtualRouter, appmesh:ListTagsForResource,
//! appmesh:TagResource, appmesh:UntagResource, and to see what others added and what holds one
//! appmesh:ListRoutes, appmesh:DeleteRoute.

use super::{
    Described, http, mark,
    mesh::{Mesh, MeshId, ours},
    of_mesh, owned, permissions_of, ports, retag,
    route::{self, Route, RouteId, Routes},
    tag_list, tags_if_asked,
};
use crate::resources::prelude::*;
use aws_sdk_appmesh::types::{VirtualRouterListener, VirtualRouterRef, VirtualRouterSpec};
use futures_util::{future::try_join_all, join, try_join};
use std::collections::BTreeSet;

/// Its place, name and ARN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VirtualRouterId {
    /// The mesh's name.
    pub mesh: String,
    /// Its own name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

/// A listener in front of routes.
#[derive(Serialize)]
pub struct VirtualRouter {
    /// The mesh.
    pub mesh: Created<Mesh>,
    /// The name in the mesh.
    pub name: String,
    /// The port that callers use; it may differ from the nodes'.
    pub port: i32,
    /// The names of its routes. They are nodes of their own; here they tell those from what others add.
    pub routes: Vec<String>,
}

/// A router, and what leads out of it.
pub struct LiveVirtualRouter {
    described: Described<VirtualRouterSpec>,
    routes: Vec<RouteId>,
}

impl VirtualRouter {
    fn spec(&self) -> Result<VirtualRouterSpec> {
        let listener = VirtualRouterListener::builder().port_mapping(http(self.port)?).build();
        Ok(VirtualRouterSpec::builder().listeners(listener).build())
    }
}

impl Resource for VirtualRouter {
    const KIND: Kind = Kind("AWS::AppMesh::VirtualRouter");
    const SEARCHED_ONE_BY_ONE: bool = true;
    type Needs = Created<Mesh>;
    type Out = VirtualRouterId;
    type Live = LiveVirtualRouter;

    fn needs(&self) -> Created<Mesh> {
        self.mesh.clone()
    }

    async fn create(&self, cx: &Cx, mesh: &MeshId) -> Result<VirtualRouterId> {
        const OP: &str = "appmesh:CreateVirtualRouter";
        let call = cx.appmesh().create_virtual_router().mesh_name(&mesh.name);
        let call = call.virtual_router_name(&self.name).spec(self.spec()?);
        let call = call.client_token(cx.token()).set_tags(Some(tag_list(&cx.tags())?));
        let router = call.send().await.op(OP)?.virtual_router;
        let metadata = router.and_then(|router| router.metadata);
        let arn = metadata.answered(OP, "virtualRouter.metadata")?.arn;
        Ok(VirtualRouterId { mesh: mesh.name.clone(), name: self.name.clone(), arn })
    }

    fn drift(
        &self,
        LiveVirtualRouter { described: live, routes }: &LiveVirtualRouter,
        mesh: &MeshId,
    ) -> Drift {
        let drift = Drift::none().fixed("mesh_name", &mesh.name, &live.mesh).fixed(
            "virtual_router_name",
            &self.name,
            &live.name,
        );
        let foreign = routes.iter().filter(|route| !self.routes.contains(&route.name));
        let drift = foreign
            .fold(drift, |drift, route| drift.extra(Route::KIND, "route", route, &route.name));
        let Some(spec) = &live.spec else { return drift };
        let have = ports(spec.listeners().iter().map(|listener| listener.port_mapping()));
        drift.mutable("port", [format!("{}/http", self.port)], have)
    }

    async fn update(
        &self,
        cx: &Cx,
        out: &VirtualRouterId,
        drift: &Drift,
        _: &MeshId,
    ) -> Result<()> {
        for route in drift.extras(Route::KIND) {
            Route::delete(cx, &route).await?;
        }
        if !drift.touches("port") {
            return Ok(());
        }
        let call = cx.appmesh().update_virtual_router().mesh_name(&out.mesh);
        let call = call.virtual_router_name(&out.name).spec(self.spec()?);
        call.send().await.op("appmesh:UpdateVirtualRouter").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let mut all = permissions_of("VirtualRouter");
        all.push(of_mesh(Permission::find("appmesh:ListVirtualRouters")));
        all.push(of_mesh(Permission::find("appmesh:ListRoutes")));
        all.push(of_mesh(Permission::make("appmesh:DeleteRoute")));
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<VirtualRouterId>>> {
        let Some(mesh) = ours(cx).await? else { return Ok(Vec::new()) };
        let routers = listed(cx, &mesh.out.name).await?.into_iter().map(|router| VirtualRouterId {
            mesh: router.mesh_name,
            name: router.virtual_router_name,
            arn: router.arn,
        });
        owned(cx, routers, |out| &out.arn).await
    }

    async fn read(cx: &Cx, out: &VirtualRouterId) -> Result<Option<LiveVirtualRouter>> {
        let (described, routes) = try_join!(describe(cx, out), routes(cx, out))?;
        Ok(described.map(|described| LiveVirtualRouter { described, routes }))
    }

    fn mark(live: &LiveVirtualRouter) -> Option<String> {
        live.described.mark.clone()
    }

    fn tags(live: &LiveVirtualRouter) -> Option<Tags> {
        live.described.tags.clone()
    }

    async fn retag(cx: &Cx, out: &VirtualRouterId, changes: &TagChanges) -> Result<()> {
        retag(cx, &out.arn, changes).await
    }

    async fn holders(cx: &Cx, out: &VirtualRouterId) -> Result<Vec<String>> {
        let routes = route::listed(cx, &out.mesh, &out.name).await?;
        Ok(routes.iter().map(|it| holder("route", it.route_name(), None)).collect())
    }

    async fn delete(cx: &Cx, out: &VirtualRouterId) -> Result<()> {
        let call = cx.appmesh().delete_virtual_router().mesh_name(&out.mesh);
        let call = call.virtual_router_name(&out.name);
        call.send().await.op("appmesh:DeleteVirtualRouter").or_absent().map(drop)
    }

    fn id(out: &VirtualRouterId) -> String {
        out.name.clone()
    }
}

async fn describe(cx: &Cx, out: &VirtualRouterId) -> Result<Option<Described<VirtualRouterSpec>>> {
    let (mesh, name) = (&out.mesh, &out.name);
    if !cx.with_settings() {
        let mark = cx.load::<VirtualRouters>((mesh.clone(), name.clone())).await?;
        return Ok(mark.map(|mark| Described::listed(mesh, name, &mark)));
    }
    let call = cx.appmesh().describe_virtual_router().mesh_name(mesh).virtual_router_name(name);
    let (found, tags) = join!(call.send(), tags_if_asked(cx, &out.arn));
    let found = found.op("appmesh:DescribeVirtualRouter").or_absent()?;
    let Some(router) = found.and_then(|found| found.virtual_router) else { return Ok(None) };
    let status = router.status().map(|status| status.status().as_str());
    let spec = router.spec().cloned();
    Ok(Described::alone(mesh, name, router.metadata(), status, spec, tags?))
}

/// What leads out of a router.
async fn routes(cx: &Cx, out: &VirtualRouterId) -> Result<Vec<RouteId>> {
    if !cx.with_extras() {
        return Ok(Vec::new());
    }
    let routes = cx.load::<Routes>((out.mesh.clone(), out.name.clone())).await?;
    let routes = routes.iter().flat_map(|routes| routes.iter());
    let routes = routes.map(|route| RouteId {
        mesh: route.mesh_name.clone(),
        router: route.virtual_router_name.clone(),
        name: route.route_name.clone(),
        arn: route.arn.clone(),
    });
    Ok(routes.collect())
}

/// All virtual routers of a mesh; none when there is no such mesh.
pub(super) async fn listed(cx: &Cx, mesh: &str) -> Result<Vec<VirtualRouterRef>> {
    let pages = cx.appmesh().list_virtual_routers().mesh_name(mesh).into_paginator().items();
    let all = pages.send().try_collect().await.op("appmesh:ListVirtualRouters");
    Ok(all.or_absent()?.unwrap_or_default())
}

/// `ListVirtualRouters`, once per mesh, for all who ask at once; gives their marks.
struct VirtualRouters;

impl Batch for VirtualRouters {
    type Key = (String, String);
    type Value = String;
    const MAX: usize = usize::MAX;

    async fn fetch(cx: &Cx, keys: Vec<Self::Key>) -> Result<BTreeMap<Self::Key, String>> {
        let meshes: BTreeSet<String> = keys.into_iter().map(|(mesh, _)| mesh).collect();
        let lists = meshes.iter().map(|mesh| listed(cx, mesh));
        let routers = try_join_all(lists).await?.into_iter().flatten();
        let marked = routers.map(|router| {
            let mark = mark(router.version(), router.created_at());
            ((router.mesh_name, router.virtual_router_name), mark)
        });
        Ok(marked.collect())
    }
}
