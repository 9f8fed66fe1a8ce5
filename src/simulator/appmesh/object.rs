//! A mesh or a part of one, as App Mesh keeps and shows it.

use super::seconds;
use crate::simulator::{account::Account, fields::Fields};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// The boundary.
    Mesh,
    /// One version of a service.
    VirtualNode,
    /// What splits requests.
    VirtualRouter,
    /// How it splits them.
    Route,
    /// A name for callers.
    VirtualService,
}

impl Kind {
    /// All of them, in the order in which they can be made.
    pub const ALL: [Self; 5] =
        [Self::Mesh, Self::VirtualNode, Self::VirtualRouter, Self::Route, Self::VirtualService];

    /// As operations name it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Mesh => "Mesh",
            Self::VirtualNode => "VirtualNode",
            Self::VirtualRouter => "VirtualRouter",
            Self::Route => "Route",
            Self::VirtualService => "VirtualService",
        }
    }

    /// As list operations name it.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Mesh => "Meshes",
            Self::VirtualNode => "VirtualNodes",
            Self::VirtualRouter => "VirtualRouters",
            Self::Route => "Routes",
            Self::VirtualService => "VirtualServices",
        }
    }

    /// The member that holds one in answers; ARNs use the same word.
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::Mesh => "mesh",
            Self::VirtualNode => "virtualNode",
            Self::VirtualRouter => "virtualRouter",
            Self::Route => "route",
            Self::VirtualService => "virtualService",
        }
    }

    /// The member that holds many.
    pub(super) fn list(self) -> &'static str {
        match self {
            Self::Mesh => "meshes",
            Self::VirtualNode => "virtualNodes",
            Self::VirtualRouter => "virtualRouters",
            Self::Route => "routes",
            Self::VirtualService => "virtualServices",
        }
    }

    /// The member that holds its name.
    pub(super) fn name_member(self) -> &'static str {
        match self {
            Self::Mesh => "meshName",
            Self::VirtualNode => "virtualNodeName",
            Self::VirtualRouter => "virtualRouterName",
            Self::Route => "routeName",
            Self::VirtualService => "virtualServiceName",
        }
    }

    /// As errors group what refers to a thing.
    pub(super) fn shouted(self) -> &'static str {
        match self {
            Self::Mesh => "MESH",
            Self::VirtualNode => "VIRTUAL_NODE",
            Self::VirtualRouter => "VIRTUAL_ROUTER",
            Self::Route => "ROUTE",
            Self::VirtualService => "VIRTUAL_SERVICE",
        }
    }

    /// As errors speak of one.
    pub(super) fn called(self, input: &Value) -> String {
        format!("{} with name {}", self.noun(), input.text_or_empty(self.name_member()))
    }

    /// The last part of its ARN, from the names in a request.
    pub(super) fn path(self, input: &Value) -> String {
        let name = input.text_or_empty(self.name_member());
        self.path_of(
            input.text_or_empty("meshName"),
            input.text_or_empty("virtualRouterName"),
            name,
        )
    }

    /// The last part of its ARN.
    pub(super) fn path_of(self, mesh: &str, router: &str, name: &str) -> String {
        match self {
            Self::Mesh => format!("mesh/{mesh}"),
            Self::Route => format!("mesh/{mesh}/virtualRouter/{router}/route/{name}"),
            _ => format!("mesh/{mesh}/{}/{name}", self.member()),
        }
    }
}

/// What App Mesh knows of every object.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The ARN.
    pub arn: String,
    /// Differs from that of an earlier object of this name.
    pub uid: String,
    /// From 1, one more with each update.
    pub version: i64,
    /// When it was made.
    pub created_at: f64,
    /// When it was updated last.
    pub last_updated_at: f64,
    /// The mesh's account.
    pub mesh_owner: String,
    /// The object's account.
    pub resource_owner: String,
}

impl Metadata {
    /// Of an object that is made now.
    pub(super) fn new(account: &mut Account, region: &str, path: &str) -> Self {
        let digits = account.hex(32);
        let uuid = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
        Self {
            arn: format!("arn:aws:appmesh:{region}:{}:{path}", account.id),
            uid: uuid.join("-"),
            version: 1,
            created_at: seconds(account.now),
            last_updated_at: seconds(account.now),
            mesh_owner: account.id.clone(),
            resource_owner: account.id.clone(),
        }
    }
}

/// A mesh or a part of one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// The mesh's name; a mesh's own.
    pub mesh: String,
    /// The router's name, for a route.
    pub router: Option<String>,
    /// Its own name.
    pub name: String,
    /// What App Mesh knows of it.
    pub metadata: Metadata,
    /// The specification in AWS's shape, which holds far more than this simulator acts on: kept as
    /// given, with AWS's defaults.
    pub spec: Value,
    /// The specification of the creating call, for its repetition.
    pub given: Value,
    /// The token of the creating call.
    pub token: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl Object {
    /// With the names of a request, and no tags.
    pub(super) fn new(kind: Kind, input: &Value, metadata: Metadata, spec: Value) -> Self {
        let router = (kind == Kind::Route).then(|| input.text_or_empty("virtualRouterName").into());
        Self {
            kind,
            mesh: input.text_or_empty("meshName").into(),
            router,
            name: input.text_or_empty(kind.name_member()).into(),
            metadata,
            spec,
            given: Value::Null,
            token: None,
            tags: BTreeMap::new(),
        }
    }

    /// As the operations of one object show it.
    pub(super) fn describe(&self) -> Value {
        let mut shape = self.names();
        shape["metadata"] = serde_json::to_value(&self.metadata).unwrap_or_default();
        shape["spec"] = self.spec.clone();
        shape["status"] = json!({ "status": "ACTIVE" });
        shape
    }

    /// As lists show it: without `uid`, specification and status.
    pub(super) fn refer(&self) -> Value {
        let mut shape = self.names();
        let metadata = serde_json::to_value(&self.metadata).unwrap_or_default();
        for (member, value) in metadata.as_object().into_iter().flatten() {
            if member != "uid" {
                shape[member] = value.clone();
            }
        }
        shape
    }

    fn names(&self) -> Value {
        let mut names = json!({ "meshName": self.mesh, self.kind.name_member(): self.name });
        if let Some(router) = &self.router {
            names["virtualRouterName"] = router.as_str().into();
        }
        names
    }

    /// Whether both count against the same quota.
    pub(super) fn stands_beside(&self, other: &Self) -> bool {
        self.kind == other.kind
            && (self.kind == Kind::Mesh || self.mesh == other.mesh)
            && self.router == other.router
    }
}
