//! Reads the JSON that `generate.py` writes into a [`Model`] whose references are resolved.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::Error as _;

use super::model::{
    Constraints, Fault, Kind, Location, Member, Model, Operation, Protocol, Route, Segment, Shape,
    ShapeId, Structure, TimestampFormat,
};

type Ids = HashMap<String, ShapeId>;

#[derive(Deserialize)]
struct RawModel {
    metadata: RawMetadata,
    operations: BTreeMap<String, RawOperation>,
    shapes: BTreeMap<String, RawShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMetadata {
    protocol: Protocol,
    api_version: String,
    target_prefix: Option<String>,
    xml_namespace: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawOperation {
    http: RawHttp,
    input: Option<String>,
    output: Option<String>,
    result_wrapper: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHttp {
    method: String,
    request_uri: String,
    response_code: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawShape {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    members: BTreeMap<String, RawMember>,
    #[serde(default)]
    required: Vec<String>,
    payload: Option<String>,
    member: Option<RawMember>,
    key: Option<RawMember>,
    value: Option<RawMember>,
    #[serde(default)]
    flattened: bool,
    #[serde(default, rename = "enum")]
    values: Vec<String>,
    min: Option<f64>,
    max: Option<f64>,
    pattern: Option<String>,
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    document: bool,
    #[serde(default)]
    union: bool,
    #[serde(default)]
    exception: bool,
    #[serde(default)]
    fault: bool,
    error: Option<RawError>,
    location_name: Option<String>,
    timestamp_format: Option<TimestampFormat>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawError {
    code: Option<String>,
    http_status_code: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMember {
    shape: String,
    #[serde(default)]
    location: Location,
    location_name: Option<String>,
    query_name: Option<String>,
    #[serde(default)]
    flattened: bool,
    timestamp_format: Option<TimestampFormat>,
}

/// Reads a model and resolves every reference in it.
pub(super) fn parse(text: &str) -> Result<Model, serde_json::Error> {
    let raw: RawModel = serde_json::from_str(text)?;
    let ids: Ids = raw.shapes.keys().enumerate().map(|(id, name)| (name.clone(), id)).collect();
    let reader = Reader { protocol: raw.metadata.protocol, ids: &ids, shapes: &raw.shapes };

    let mut shapes = Vec::with_capacity(raw.shapes.len());
    for (name, shape) in &raw.shapes {
        shapes.push(reader.shape(name, shape)?);
    }
    let mut errors = HashMap::new();
    for (id, shape) in shapes.iter().enumerate() {
        if let Some(fault) = &shape.fault {
            let code = fault.code.as_ref().unwrap_or(&shape.name);
            errors.entry(code.clone()).or_insert(id);
        }
    }
    let mut operations = BTreeMap::new();
    let mut routes = Vec::new();
    for (name, operation) in raw.operations {
        if raw.metadata.protocol == Protocol::RestJson {
            routes.push(route(&name, &operation.http));
        }
        operations.insert(name.clone(), reader.operation(name, operation)?);
    }
    routes.sort_by_key(specificity);
    Ok(Model {
        protocol: raw.metadata.protocol,
        api_version: raw.metadata.api_version,
        target_prefix: raw.metadata.target_prefix,
        xml_namespace: raw.metadata.xml_namespace,
        operations,
        shapes,
        errors,
        routes,
    })
}

struct Reader<'a> {
    protocol: Protocol,
    ids: &'a Ids,
    shapes: &'a BTreeMap<String, RawShape>,
}

impl Reader<'_> {
    fn id(&self, name: &str) -> Result<ShapeId, serde_json::Error> {
        let unknown = || serde_json::Error::custom(format!("no shape is called {name}"));
        self.ids.get(name).copied().ok_or_else(unknown)
    }

    fn operation(&self, name: String, raw: RawOperation) -> Result<Operation, serde_json::Error> {
        Ok(Operation {
            name,
            status: raw.http.response_code.unwrap_or(200),
            input: raw.input.map(|shape| self.id(&shape)).transpose()?,
            output: raw.output.map(|shape| self.id(&shape)).transpose()?,
            result_wrapper: raw.result_wrapper,
        })
    }

    fn shape(&self, name: &str, raw: &RawShape) -> Result<Shape, serde_json::Error> {
        let part = |part: &Option<RawMember>, default: &str| match part {
            Some(member) => self.member(default, member),
            None => Err(serde_json::Error::custom(format!("{name} has no {default}"))),
        };
        let kind = match raw.kind.as_str() {
            "structure" => Kind::Structure(self.structure(raw)?),
            "list" => Kind::List { item: part(&raw.member, "member")?, flattened: raw.flattened },
            "map" => Kind::Map {
                key: part(&raw.key, "key")?,
                value: part(&raw.value, "value")?,
                flattened: raw.flattened,
            },
            "string" | "character" => Kind::String,
            "integer" => Kind::Integer,
            "long" => Kind::Long,
            "float" => Kind::Float,
            "double" => Kind::Double,
            "boolean" => Kind::Boolean,
            "timestamp" => Kind::Timestamp,
            "blob" => Kind::Blob,
            other => return Err(serde_json::Error::custom(format!("{name} is a {other}"))),
        };
        let fault = raw.exception.then(|| {
            let (code, status) = match &raw.error {
                Some(error) => (error.code.clone(), error.http_status_code),
                None => (None, None),
            };
            Fault { code, status, server: raw.fault }
        });
        Ok(Shape {
            name: name.to_owned(),
            kind,
            constraints: Constraints {
                values: raw.values.clone(),
                min: raw.min,
                max: raw.max,
                pattern: raw.pattern.clone(),
                compiled: OnceLock::new(),
            },
            sensitive: raw.sensitive,
            document: raw.document,
            fault,
        })
    }

    fn structure(&self, raw: &RawShape) -> Result<Structure, serde_json::Error> {
        let mut members = Vec::with_capacity(raw.members.len());
        for (name, member) in &raw.members {
            members.push(self.member(name, member)?);
        }
        let by = |key: fn(&Member) -> &String| {
            members.iter().enumerate().map(|(index, member)| (key(member).clone(), index)).collect()
        };
        Ok(Structure {
            by_wire: by(|member| &member.wire),
            by_query: by(|member| &member.query),
            members,
            required: raw.required.clone(),
            payload: raw.payload.clone(),
            union: raw.union,
        })
    }

    fn member(&self, name: &str, raw: &RawMember) -> Result<Member, serde_json::Error> {
        let shape = &self.shapes.get(&raw.shape);
        // What a use of a shape leaves open, the shape itself may say.
        let given = raw.location_name.as_ref().or(shape.and_then(|it| it.location_name.as_ref()));
        let wire = given.map_or(name, String::as_str);
        let query = match (self.protocol, &raw.query_name, given) {
            (Protocol::Ec2Query, Some(query), _) => query.clone(),
            (Protocol::Ec2Query, None, Some(given)) => capitalised(given),
            _ => wire.to_owned(),
        };
        Ok(Member {
            name: name.to_owned(),
            wire: wire.to_owned(),
            query,
            named: given.is_some(),
            shape: self.id(&raw.shape)?,
            location: raw.location,
            flattened: raw.flattened,
            timestamp: raw.timestamp_format.or(shape.and_then(|it| it.timestamp_format)),
        })
    }
}

/// EC2 takes names in forms with a capital, whatever they are in XML.
fn capitalised(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

fn route(operation: &str, http: &RawHttp) -> Route {
    let (path, query) = http.request_uri.split_once('?').unwrap_or((&http.request_uri, ""));
    let segment = |text: &str| match text.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
        None => Segment::Literal(text.to_owned()),
        Some(label) => match label.strip_suffix('+') {
            Some(label) => Segment::Greedy(label.to_owned()),
            None => Segment::Label(label.to_owned()),
        },
    };
    let pair = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (name.to_owned(), value.to_owned())
    };
    Route {
        operation: operation.to_owned(),
        method: http.method.clone(),
        segments: path.trim_matches('/').split('/').map(segment).collect(),
        query: query.split('&').filter(|it| !it.is_empty()).map(pair).collect(),
    }
}

/// Orders routes so that the first that fits is the right one: what asks for a query parameter
/// before what does not, and a literal before a label.
fn specificity(route: &Route) -> (usize, Vec<u8>) {
    let rank = |segment: &Segment| match segment {
        Segment::Literal(_) => 0,
        Segment::Label(_) => 1,
        Segment::Greedy(_) => 2,
    };
    (usize::MAX - route.query.len(), route.segments.iter().map(rank).collect())
}
