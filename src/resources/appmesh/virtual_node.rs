//! Virtual node: one version of one service, as Envoy sees it. Actions: appmesh:CreateVirtualNode,
//! appmesh:DescribeVirtualNode, appmesh:ListVirtualNodes, appmesh:UpdateVirtualNode,
//! appmesh:DeleteVirtualNode, appmesh:ListTagsForResource, appmesh:TagResource,
//! appmesh:UntagResource.

use super::{
    Described, built, http, mark,
    mesh::{Mesh, MeshId, ours},
    of_mesh, owned, permissions_of, ports, retag, tag_list, tags_if_asked,
};
use crate::resources::prelude::*;
use aws_sdk_appmesh::types::{
    AccessLog, AwsCloudMapServiceDiscovery, Backend, FileAccessLog, HealthCheckPolicy, Listener,
    Logging, PortProtocol, ServiceDiscovery, VirtualNodeRef, VirtualNodeSpec,
    VirtualServiceBackend,
};
use futures_util::{future::try_join_all, join};
use std::collections::BTreeSet;

/// Where the container runtime picks up what Envoy logs.
const ACCESS_LOG: &str = "/dev/stdout";

/// Its place, name and ARN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VirtualNodeId {
    /// The mesh's name.
    pub mesh: String,
    /// Its own name.
    pub name: String,
    /// What Envoy is started with.
    pub arn: String,
}

/// How Envoy asks whether the application lives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HealthCheck {
    /// The path to get.
    pub path: String,
    /// From 5000 to 300000.
    pub interval_millis: i64,
    /// From 2000 to 60000.
    pub timeout_millis: i64,
    /// From 2 to 10.
    pub healthy_threshold: i32,
    /// From 2 to 10.
    pub unhealthy_threshold: i32,
}

/// A listener and the names that it may call. Neither the Cloud Map service nor the backends need
/// exist.
#[derive(Serialize)]
pub struct VirtualNode {
    /// The mesh.
    pub mesh: Created<Mesh>,
    /// The name in the mesh.
    pub name: String,
    /// Where the application listens.
    pub port: i32,
    /// How Envoy checks it.
    pub health_check: HealthCheck,
    /// The virtual services that it may call.
    pub backends: Vec<String>,
    /// The Cloud Map namespace's domain.
    pub namespace: String,
    /// The Cloud Map service's name.
    pub cloud_map_service: String,
}

impl VirtualNode {
    fn spec(&self) -> Result<VirtualNodeSpec> {
        let check = &self.health_check;
        let policy = HealthCheckPolicy::builder()
            .protocol(PortProtocol::Http)
            .port(self.port)
            .path(&check.path)
            .interval_millis(check.interval_millis)
            .timeout_millis(check.timeout_millis)
            .healthy_threshold(check.healthy_threshold)
            .unhealthy_threshold(check.unhealthy_threshold);
        let listener = Listener::builder().port_mapping(http(self.port)?);
        let listener = listener.health_check(built(policy.build())?).build();
        let discovery = AwsCloudMapServiceDiscovery::builder()
            .namespace_name(&self.namespace)
            .service_name(&self.cloud_map_service);
        let log = built(FileAccessLog::builder().path(ACCESS_LOG).build())?;
        let backends = self.backends.iter().map(|name| {
            let backend = VirtualServiceBackend::builder().virtual_service_name(name);
            Ok(Backend::VirtualService(built(backend.build())?))
        });
        let spec = VirtualNodeSpec::builder()
            .listeners(listener)
            .service_discovery(ServiceDiscovery::AwsCloudMap(built(discovery.build())?))
            .set_backends(Some(backends.collect::<Result<_>>()?))
            .logging(Logging::builder().access_log(AccessLog::File(log)).build());
        Ok(spec.build())
    }
}

impl Resource for VirtualNode {
    const KIND: Kind = Kind("AWS::AppMesh::VirtualNode");
    const SEARCHED_ONE_BY_ONE: bool = true;
    type Needs = Created<Mesh>;
    type Out = VirtualNodeId;
    type Live = Described<VirtualNodeSpec>;

    fn needs(&self) -> Created<Mesh> {
        self.mesh.clone()
    }

    async fn create(&self, cx: &Cx, mesh: &MeshId) -> Result<VirtualNodeId> {
        const OP: &str = "appmesh:CreateVirtualNode";
        let call = cx.appmesh().create_virtual_node().mesh_name(&mesh.name);
        let call = call.virtual_node_name(&self.name).spec(self.spec()?);
        let call = call.client_token(cx.token()).set_tags(Some(tag_list(&cx.tags())?));
        let node = call.send().await.op(OP)?.virtual_node;
        let metadata = node.and_then(|node| node.metadata);
        let arn = metadata.answered(OP, "virtualNode.metadata")?.arn;
        Ok(VirtualNodeId { mesh: mesh.name.clone(), name: self.name.clone(), arn })
    }

    fn drift(&self, live: &Self::Live, mesh: &MeshId) -> Drift {
        let drift = Drift::none().fixed("mesh_name", &mesh.name, &live.mesh).fixed(
            "virtual_node_name",
            &self.name,
            &live.name,
        );
        let Some(spec) = &live.spec else { return drift };
        let listeners = spec.listeners();
        let policy = listeners.first().and_then(|listener| listener.health_check());
        let discovery = spec.service_discovery().and_then(|it| it.as_aws_cloud_map().ok());
        let discovery = discovery.filter(|map| map.attributes().is_empty());
        let backends: BTreeSet<&str> = self.backends.iter().map(String::as_str).collect();
        drift
            .mutable(
                "port",
                [format!("{}/http", self.port)],
                ports(listeners.iter().map(|listener| listener.port_mapping())),
            )
            .mutable("health_check", &self.health_check, policy.and_then(|it| check(it, self.port)))
            .mutable("backends", backends, names(spec.backends()))
            .mutable(
                "service_discovery",
                [&self.namespace, &self.cloud_map_service],
                discovery.map(|map| [map.namespace_name(), map.service_name()]),
            )
            .mutable("access_log", ACCESS_LOG, access_log(spec))
            .mutable("unwanted", NONE, unwanted(spec))
    }

    async fn update(&self, cx: &Cx, out: &VirtualNodeId, _: &Drift, _: &MeshId) -> Result<()> {
        let call = cx.appmesh().update_virtual_node().mesh_name(&out.mesh);
        let call = call.virtual_node_name(&out.name).spec(self.spec()?);
        call.send().await.op("appmesh:UpdateVirtualNode").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let mut all = permissions_of("VirtualNode");
        all.push(of_mesh(Permission::find("appmesh:ListVirtualNodes")));
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<VirtualNodeId>>> {
        let Some(mesh) = ours(cx).await? else { return Ok(Vec::new()) };
        let nodes = listed(cx, &mesh.out.name).await?.into_iter().map(|node| VirtualNodeId {
            mesh: node.mesh_name,
            name: node.virtual_node_name,
            arn: node.arn,
        });
        owned(cx, nodes, |out| &out.arn).await
    }

    async fn read(cx: &Cx, out: &VirtualNodeId) -> Result<Option<Self::Live>> {
        let (mesh, name) = (&out.mesh, &out.name);
        if !cx.with_settings() {
            let mark = cx.load::<VirtualNodes>((mesh.clone(), name.clone())).await?;
            return Ok(mark.map(|mark| Described::listed(mesh, name, &mark)));
        }
        let call = cx.appmesh().describe_virtual_node().mesh_name(mesh).virtual_node_name(name);
        let (found, tags) = join!(call.send(), tags_if_asked(cx, &out.arn));
        let found = found.op("appmesh:DescribeVirtualNode").or_absent()?;
        let Some(node) = found.and_then(|found| found.virtual_node) else { return Ok(None) };
        let status = node.status().map(|status| status.status().as_str());
        let spec = node.spec().cloned();
        Ok(Described::alone(mesh, name, node.metadata(), status, spec, tags?))
    }

    fn mark(live: &Self::Live) -> Option<String> {
        live.mark.clone()
    }

    fn tags(live: &Self::Live) -> Option<Tags> {
        live.tags.clone()
    }

    async fn retag(cx: &Cx, out: &VirtualNodeId, changes: &TagChanges) -> Result<()> {
        retag(cx, &out.arn, changes).await
    }

    async fn delete(cx: &Cx, out: &VirtualNodeId) -> Result<()> {
        let call = cx.appmesh().delete_virtual_node().mesh_name(&out.mesh);
        let call = call.virtual_node_name(&out.name);
        call.send().await.op("appmesh:DeleteVirtualNode").or_absent().map(drop)
    }

    fn id(out: &VirtualNodeId) -> String {
        out.name.clone()
    }
}

/// A health check in our terms; `None` when it is of another protocol or port.
fn check(policy: &HealthCheckPolicy, port: i32) -> Option<HealthCheck> {
    let ours = *policy.protocol() == PortProtocol::Http && policy.port().is_none_or(|p| p == port);
    ours.then(|| HealthCheck {
        path: policy.path().unwrap_or_default().into(),
        interval_millis: policy.interval_millis(),
        timeout_millis: policy.timeout_millis(),
        healthy_threshold: policy.healthy_threshold(),
        unhealthy_threshold: policy.unhealthy_threshold(),
    })
}

fn names(backends: &[Backend]) -> BTreeSet<&str> {
    let services = backends.iter().filter_map(|backend| backend.as_virtual_service().ok());
    services.map(VirtualServiceBackend::virtual_service_name).collect()
}

const NONE: [&str; 0] = [];

/// What keeps Envoy from passing on what it would pass on, and ours never has.
fn unwanted(spec: &VirtualNodeSpec) -> Vec<&'static str> {
    let listeners = spec.listeners();
    let backends = spec.backends().iter().filter_map(|backend| backend.as_virtual_service().ok());
    let mut policies = backends.map(VirtualServiceBackend::client_policy);
    let has = [
        ("backend_defaults", spec.backend_defaults().is_some()),
        ("client_policy", policies.any(|policy| policy.is_some())),
        ("tls", listeners.iter().any(|listener| listener.tls().is_some())),
        ("timeout", listeners.iter().any(|listener| listener.timeout().is_some())),
        ("connection_pool", listeners.iter().any(|listener| listener.connection_pool().is_some())),
        (
            "outlier_detection",
            listeners.iter().any(|listener| listener.outlier_detection().is_some()),
        ),
    ];
    has.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}

fn access_log(spec: &VirtualNodeSpec) -> Option<&str> {
    Some(spec.logging()?.access_log()?.as_file().ok()?.path())
}

/// All virtual nodes of a mesh; none when there is no such mesh.
pub(super) async fn listed(cx: &Cx, mesh: &str) -> Result<Vec<VirtualNodeRef>> {
    let pages = cx.appmesh().list_virtual_nodes().mesh_name(mesh).into_paginator().items();
    let all = pages.send().try_collect().await.op("appmesh:ListVirtualNodes");
    Ok(all.or_absent()?.unwrap_or_default())
}

/// `ListVirtualNodes`, once per mesh, for all who ask at once; gives their marks.
struct VirtualNodes;

impl Batch for VirtualNodes {
    type Key = (String, String);
    type Value = String;
    const MAX: usize = usize::MAX;

    async fn fetch(cx: &Cx, keys: Vec<Self::Key>) -> Result<BTreeMap<Self::Key, String>> {
        let meshes: BTreeSet<String> = keys.into_iter().map(|(mesh, _)| mesh).collect();
        let lists = meshes.iter().map(|mesh| listed(cx, mesh));
        let nodes = try_join_all(lists).await?.into_iter().flatten();
        let marked = nodes.map(|node| {
            let mark = mark(node.version(), node.created_at());
            ((node.mesh_name, node.virtual_node_name), mark)
        });
        Ok(marked.collect())
    }
}
