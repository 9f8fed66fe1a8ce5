//! Mesh: the boundary of the services that know each other. Actions: appmesh:CreateMesh,
//! appmesh:DescribeMesh, appmesh:UpdateMesh, appmesh:DeleteMesh, appmesh:ListTagsForResource,
//! appmesh:TagResource, appmesh:UntagResource, iam:CreateServiceLinkedRole, and to name what holds one
//! appmesh:ListVirtualNodes, appmesh:ListVirtualRouters, appmesh:ListVirtualServices.

use super::{
    Described, built, is_refusal, of_mesh, owned, permissions_of, retag, tag_list, tags_if_asked,
    virtual_node, virtual_router, virtual_service,
};
use crate::resources::{access::service_linked_role, prelude::*};
use aws_sdk_appmesh::types::{EgressFilter, EgressFilterType, MeshData, MeshSpec};
use futures_util::try_join;

/// Its name and ARN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeshId {
    /// The name: the stack's.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

/// A boundary, and what may leave it.
#[derive(Serialize)]
pub struct Mesh {
    /// The stack's name.
    pub mesh_name: String,
    /// `DROP_ALL` lets out what is a backend and what is AWS; `ALLOW_ALL` everything.
    pub egress_filter: String,
}

impl Mesh {
    fn spec(&self) -> Result<MeshSpec> {
        let filter = EgressFilter::builder().r#type(EgressFilterType::from(&*self.egress_filter));
        Ok(MeshSpec::builder().egress_filter(built(filter.build())?).build())
    }
}

impl Resource for Mesh {
    const KIND: Kind = Kind("AWS::AppMesh::Mesh");
    const SHOWN_BY: &'static [Kind] = &[super::virtual_node::VirtualNode::KIND];
    type Needs = ();
    type Out = MeshId;
    type Live = Described<MeshSpec>;

    fn needs(&self) {}

    async fn create(&self, cx: &Cx, _: &()) -> Result<MeshId> {
        const OP: &str = "appmesh:CreateMesh";
        let call = cx.appmesh().create_mesh().mesh_name(&self.mesh_name).spec(self.spec()?);
        let call = call.client_token(cx.token()).set_tags(Some(tag_list(&cx.tags())?));
        let mesh = call.send().await.op(OP)?.mesh;
        identity(mesh.as_ref()).answered(OP, "mesh.metadata.arn")
    }

    fn drift(&self, live: &Self::Live, _: &()) -> Drift {
        let drift = Drift::none().fixed("mesh_name", &self.mesh_name, &live.name);
        let Some(spec) = &live.spec else { return drift };
        let filter = spec.egress_filter().map(|filter| filter.r#type().as_str());
        drift.mutable("egress_filter", &self.egress_filter, filter)
    }

    async fn update(&self, cx: &Cx, out: &MeshId, _: &Drift, _: &()) -> Result<()> {
        let call = cx.appmesh().update_mesh().mesh_name(&out.name).spec(self.spec()?);
        call.send().await.op("appmesh:UpdateMesh").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let mut all = permissions_of("Mesh");
        all.push(service_linked_role("appmesh.amazonaws.com"));
        for list in ["ListVirtualNodes", "ListVirtualRouters", "ListVirtualServices"] {
            all.push(of_mesh(Permission::remove(&format!("appmesh:{list}"))));
        }
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<MeshId>>> {
        Ok(ours(cx).await?.into_iter().collect())
    }

    // One call describes the mesh and one call lists it: the description says more.
    async fn read(cx: &Cx, out: &MeshId) -> Result<Option<Self::Live>> {
        let Some(mesh) = describe(cx, &out.name).await? else { return Ok(None) };
        let tags = tags_if_asked(cx, &out.arn).await?;
        let status = mesh.status().and_then(|status| status.status()).map(|code| code.as_str());
        Ok(Described::alone("", &out.name, mesh.metadata(), status, mesh.spec().cloned(), tags))
    }

    fn mark(live: &Self::Live) -> Option<String> {
        live.mark.clone()
    }

    fn tags(live: &Self::Live) -> Option<Tags> {
        live.tags.clone()
    }

    async fn retag(cx: &Cx, out: &MeshId, changes: &TagChanges) -> Result<()> {
        retag(cx, &out.arn, changes).await
    }

    async fn holders(cx: &Cx, out: &MeshId) -> Result<Vec<String>> {
        let (nodes, routers, services) = try_join!(
            virtual_node::listed(cx, &out.name),
            virtual_router::listed(cx, &out.name),
            virtual_service::listed(cx, &out.name)
        )?;
        let nodes = nodes.iter().map(|it| holder("virtual node", it.virtual_node_name(), None));
        let routers = routers.iter();
        let routers = routers.map(|it| holder("virtual router", it.virtual_router_name(), None));
        let services = services.iter();
        let services =
            services.map(|it| holder("virtual service", it.virtual_service_name(), None));
        Ok(services.chain(routers).chain(nodes).collect())
    }

    async fn delete(cx: &Cx, out: &MeshId) -> Result<()> {
        let call = cx.appmesh().delete_mesh().mesh_name(&out.name);
        call.send().await.op("appmesh:DeleteMesh").or_absent().map(drop)
    }

    fn id(out: &MeshId) -> String {
        out.name.clone()
    }
}

fn identity(mesh: Option<&MeshData>) -> Option<MeshId> {
    let mesh = mesh?;
    Some(MeshId { name: mesh.mesh_name().into(), arn: mesh.metadata()?.arn().into() })
}

async fn describe(cx: &Cx, name: &str) -> Result<Option<MeshData>> {
    let call = cx.appmesh().describe_mesh().mesh_name(name);
    let found = call.send().await.op("appmesh:DescribeMesh").or_absent()?;
    Ok(found.and_then(|found| found.mesh))
}

/// The stack's mesh, for all kinds that search in it.
pub(super) async fn ours(cx: &Cx) -> Result<Option<Found<MeshId>>> {
    let name = cx.scope().stack.clone();
    Ok(cx.load::<Ours>(name).await?.map(|found| (*found).clone()))
}

/// `DescribeMesh` and its tags, for all who ask at once.
struct Ours;

impl Batch for Ours {
    type Key = String;
    type Value = Found<MeshId>;
    const MAX: usize = 1;

    async fn fetch(cx: &Cx, names: Vec<String>) -> Result<BTreeMap<String, Found<MeshId>>> {
        let mut found = BTreeMap::new();
        for name in names {
            let mesh = match describe(cx, &name).await {
                Err(error) if error.class == Class::Silent => return Err(error),
                Err(error) if is_refusal(&error) => None,
                answer => answer?,
            };
            let owned = owned(cx, identity(mesh.as_ref()), |out| &out.arn).await?;
            found.extend(owned.into_iter().map(|mesh| (name.clone(), mesh)));
        }
        Ok(found)
    }
}
