//! Virtual service: the name that callers use, and the router behind it. Actions:
//! appmesh:CreateVirtualService, appmesh:DescribeVirtualService, appmesh:ListVirtualServices,
//! appmesh:UpdateVirtualService, appmesh:DeleteVirtualService, appmesh:ListTagsForResource,
//! appmesh:TagResource, appmesh:UntagResource.

use super::{
    Described, built, mark, mesh::ours, of_mesh, owned, permissions_of, retag, tag_list,
    tags_if_asked, virtual_router::VirtualRouter,
};
use crate::resources::prelude::*;
use aws_sdk_appmesh::types::{
    VirtualRouterServiceProvider, VirtualServiceProvider, VirtualServiceRef, VirtualServiceSpec,
};
use futures_util::{future::try_join_all, join};
use std::collections::BTreeSet;

/// Its place, name and ARN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VirtualServiceId {
    /// The mesh's name.
    pub mesh: String,
    /// Its own name, a domain name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

needs! {
    /// App Mesh refuses a provider that it does not know.
    VirtualServiceNeeds gives VirtualServiceValues {
        /// What provides it.
        router: Created<VirtualRouter>,
    }
}

/// A name with a router behind it.
#[derive(Serialize)]
pub struct VirtualService {
    /// What it stands on.
    pub needs: VirtualServiceNeeds,
    /// The domain name that callers use.
    pub name: String,
}

fn spec(router: &str) -> Result<VirtualServiceSpec> {
    let router = VirtualRouterServiceProvider::builder().virtual_router_name(router);
    let provider = VirtualServiceProvider::VirtualRouter(built(router.build())?);
    Ok(VirtualServiceSpec::builder().provider(provider).build())
}

impl Resource for VirtualService {
    const KIND: Kind = Kind("AWS::AppMesh::VirtualService");
    const SEARCHED_ONE_BY_ONE: bool = true;
    type Needs = VirtualServiceNeeds;
    type Out = VirtualServiceId;
    type Live = Described<VirtualServiceSpec>;

    fn needs(&self) -> VirtualServiceNeeds {
        self.needs.clone()
    }

    async fn create(&self, cx: &Cx, needs: &VirtualServiceValues) -> Result<VirtualServiceId> {
        const OP: &str = "appmesh:CreateVirtualService";
        let router = &needs.router;
        let call = cx.appmesh().create_virtual_service().mesh_name(&router.mesh);
        let call = call.virtual_service_name(&self.name).spec(spec(&router.name)?);
        let call = call.client_token(cx.token()).set_tags(Some(tag_list(&cx.tags())?));
        let service = call.send().await.op(OP)?.virtual_service;
        let metadata = service.and_then(|service| service.metadata);
        let arn = metadata.answered(OP, "virtualService.metadata")?.arn;
        Ok(VirtualServiceId { mesh: router.mesh.clone(), name: self.name.clone(), arn })
    }

    fn drift(&self, live: &Self::Live, needs: &VirtualServiceValues) -> Drift {
        let drift = Drift::none().fixed("mesh_name", &needs.router.mesh, &live.mesh).fixed(
            "virtual_service_name",
            &self.name,
            &live.name,
        );
        let Some(spec) = &live.spec else { return drift };
        let router = spec.provider().and_then(|provider| provider.as_virtual_router().ok());
        let router = router.map(VirtualRouterServiceProvider::virtual_router_name);
        drift.mutable("virtual_router", &needs.router.name, router)
    }

    async fn update(
        &self,
        cx: &Cx,
        out: &VirtualServiceId,
        _: &Drift,
        needs: &VirtualServiceValues,
    ) -> Result<()> {
        let call = cx.appmesh().update_virtual_service().mesh_name(&out.mesh);
        let call = call.virtual_service_name(&out.name).spec(spec(&needs.router.name)?);
        call.send().await.op("appmesh:UpdateVirtualService").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let mut all = permissions_of("VirtualService");
        all.push(of_mesh(Permission::find("appmesh:ListVirtualServices")));
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<VirtualServiceId>>> {
        let Some(mesh) = ours(cx).await? else { return Ok(Vec::new()) };
        let services = listed(cx, &mesh.out.name).await?;
        let services = services.into_iter().map(|service| VirtualServiceId {
            mesh: service.mesh_name,
            name: service.virtual_service_name,
            arn: service.arn,
        });
        owned(cx, services, |out| &out.arn).await
    }

    async fn read(cx: &Cx, out: &VirtualServiceId) -> Result<Option<Self::Live>> {
        let (mesh, name) = (&out.mesh, &out.name);
        if !cx.with_settings() {
            let mark = cx.load::<VirtualServices>((mesh.clone(), name.clone())).await?;
            return Ok(mark.map(|mark| Described::listed(mesh, name, &mark)));
        }
        let call = cx.appmesh().describe_virtual_service().mesh_name(mesh);
        let (found, tags) =
            join!(call.virtual_service_name(name).send(), tags_if_asked(cx, &out.arn));
        let found = found.op("appmesh:DescribeVirtualService").or_absent()?;
        let Some(service) = found.and_then(|found| found.virtual_service) else { return Ok(None) };
        let status = service.status().map(|status| status.status().as_str());
        let spec = service.spec().cloned();
        Ok(Described::alone(mesh, name, service.metadata(), status, spec, tags?))
    }

    fn mark(live: &Self::Live) -> Option<String> {
        live.mark.clone()
    }

    fn tags(live: &Self::Live) -> Option<Tags> {
        live.tags.clone()
    }

    async fn retag(cx: &Cx, out: &VirtualServiceId, changes: &TagChanges) -> Result<()> {
        retag(cx, &out.arn, changes).await
    }

    async fn delete(cx: &Cx, out: &VirtualServiceId) -> Result<()> {
        let call = cx.appmesh().delete_virtual_service().mesh_name(&out.mesh);
        let call = call.virtual_service_name(&out.name);
        call.send().await.op("appmesh:DeleteVirtualService").or_absent().map(drop)
    }

    fn id(out: &VirtualServiceId) -> String {
        out.name.clone()
    }
}

/// All virtual services of a mesh; none when there is no such mesh.
pub(super) async fn listed(cx: &Cx, mesh: &str) -> Result<Vec<VirtualServiceRef>> {
    let pages = cx.appmesh().list_virtual_services().mesh_name(mesh).into_paginator().items();
    let all = pages.send().try_collect().await.op("appmesh:ListVirtualServices");
    Ok(all.or_absent()?.unwrap_or_default())
}

/// `ListVirtualServices`, once per mesh, for all who ask at once; gives their marks.
struct VirtualServices;

impl Batch for VirtualServices {
    type Key = (String, String);
    type Value = String;
    const MAX: usize = usize::MAX;

    async fn fetch(cx: &Cx, keys: Vec<Self::Key>) -> Result<BTreeMap<Self::Key, String>> {
        let meshes: BTreeSet<String> = keys.into_iter().map(|(mesh, _)| mesh).collect();
        let lists = meshes.iter().map(|mesh| listed(cx, mesh));
        let services = try_join_all(lists).await?.into_iter().flatten();
        let marked = services.map(|service| {
            let mark = mark(service.version(), service.created_at());
            ((service.mesh_name, service.virtual_service_name), mark)
        });
        Ok(marked.collect())
    }
}
