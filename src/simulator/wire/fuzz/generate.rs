//! Requests by the models: some in order, most not quite.

use super::{Dice, mutate};
use crate::simulator::{
    Inventory,
    wire::{
        Service,
        model::{Kind, Location, Member, Model, Operation, Protocol, Segment, ShapeId},
    },
};
use bytes::Bytes;
use http::Request;
use rand::{Rng, RngExt};
use serde_json::{Map, Value, json};

/// Makes requests, with words that an account knows.
pub struct Generator {
    dice: Dice,
    known: Vec<String>,
}

/// What is written in a request before it is one.
#[derive(Default)]
pub struct Draft {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Words for texts of which the model says too little.
const WORDS: &[&str] = &[
    "",
    "shop",
    "default",
    "10.0.0.0/16",
    "10.0.1.0/24",
    "0.0.0.0/0",
    "eu-west-1a",
    "com.amazonaws.eu-west-1.execute-api",
    "ecs-tasks.amazonaws.com",
    "arn:aws:iam::000000000000:role/shop",
    "${stageVariables.link}",
    "/",
    "*",
    "-1",
    "99999999999999999999",
    "tag:Name",
    "<&>\"'",
    "\u{0}\u{1}",
    "ünïcödé 🦀",
    "%00%zz",
    "..%2f..",
    "a.b.c",
];
/// Documents for texts that hold one.
const DOCUMENTS: &[&str] = &[
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#,
    r#"{"openapi":"3.0.1","info":{"title":"shop"},"paths":{"/cart":{"get":{}}}}"#,
    "{",
    "[]",
    "null",
];
const DEEPEST: usize = 7;

impl Generator {
    /// One that throws these dice.
    pub fn new(dice: Dice) -> Self {
        Self { dice, known: Vec::new() }
    }

    /// Takes up the IDs of what exists.
    pub fn learn(&mut self, inventory: &Inventory) {
        let ids = inventory.resources.iter().flat_map(|item| {
            let parts = item.id.split('/').map(String::from);
            parts.chain([item.id.clone()])
        });
        self.known = ids.collect();
    }

    /// The next request.
    pub fn request(&mut self) -> Request<Bytes> {
        let service = Service::ALL[self.dice.random_range(0..Service::ALL.len())];
        let model = service.model();
        let chosen = self.dice.random_range(0..model.operations.len());
        let operation = model.operations.values().nth(chosen).expect("it is one of them");
        let input = match operation.input {
            Some(shape) => self.value(model, shape, 0),
            None => json!({}),
        };
        let mut draft = draft(model, operation, &input);
        let scope = format!("KEY/20260101/eu-west-1/{}/aws4_request", service.prefix());
        let signature =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
        draft.headers.push(("authorization".into(), signature));
        if self.dice.random_bool(0.6) {
            for _ in 0..self.dice.random_range(1..4) {
                mutate::mutate(&mut self.dice, &mut draft);
            }
        }
        draft.request()
    }

    /// A value of a shape, more or less.
    fn value(&mut self, model: &Model, id: ShapeId, depth: usize) -> Value {
        let shape = model.shape(id);
        if self.dice.random_ratio(1, 60) {
            return self.nonsense(depth);
        }
        let least = shape.constraints.min.unwrap_or(0.0);
        match &shape.kind {
            Kind::Structure(structure) => {
                let mut members = Map::new();
                for member in &structure.members {
                    let required = structure.required.contains(&member.name);
                    let likely = if required { 0.97 } else { 0.35 / (1.0 + depth as f64) };
                    if depth < DEEPEST && self.dice.random_bool(likely) {
                        let value = self.value(model, member.shape, depth + 1);
                        members.insert(member.name.clone(), value);
                    }
                }
                Value::Object(members)
            }
            Kind::List { item, .. } => {
                let count = self.dice.random_range(0..3).max(least as usize).min(5);
                if depth >= DEEPEST {
                    return json!([]);
                }
                (0..count).map(|_| self.value(model, item.shape, depth + 1)).collect()
            }
            Kind::Map { key, value, .. } => {
                let count = if depth < DEEPEST { self.dice.random_range(0..3) } else { 0 };
                let entries = (0..count).map(|_| {
                    let key = self.value(model, key.shape, depth + 1);
                    let key = key.as_str().map_or_else(|| key.to_string(), String::from);
                    (key, self.value(model, value.shape, depth + 1))
                });
                Value::Object(entries.collect())
            }
            Kind::String | Kind::Blob => self.text(&shape.constraints.values),
            Kind::Boolean => self.dice.random_bool(0.5).into(),
            Kind::Integer | Kind::Long => self.number(least, shape.constraints.max).into(),
            Kind::Float | Kind::Double => json!(self.dice.random_range(-1.0..100.0)),
            Kind::Timestamp => json!(self.dice.random_range(0..2_000_000_000)),
        }
    }

    fn text(&mut self, values: &[String]) -> Value {
        if !values.is_empty() && self.dice.random_bool(0.9) {
            return values[self.dice.random_range(0..values.len())].as_str().into();
        }
        let texts: &[&str] = if self.dice.random_ratio(1, 6) { DOCUMENTS } else { WORDS };
        match self.dice.random_range(0..10) {
            0..5 if !self.known.is_empty() => {
                self.known[self.dice.random_range(0..self.known.len())].as_str().into()
            }
            5 => "x".repeat(1 << self.dice.random_range(0..13)).into(),
            _ => texts[self.dice.random_range(0..texts.len())].into(),
        }
    }

    fn number(&mut self, least: f64, most: Option<f64>) -> i64 {
        let most = most.unwrap_or(least + 1000.0);
        match self.dice.random_range(0..8) {
            0 => least as i64,
            1 => most as i64,
            2 => (most as i64).saturating_add(1),
            3 => (least as i64).saturating_sub(1),
            4 => [i64::MIN, i64::MAX, 0, -1][self.dice.random_range(0..4)],
            _ => self.dice.random_range(least..=most.max(least)) as i64,
        }
    }

    /// A value of another kind.
    fn nonsense(&mut self, depth: usize) -> Value {
        match self.dice.random_range(0..8) {
            0 => Value::Null,
            1 => json!([[[]]]),
            2 => json!({ "x": { "y": [1, null] } }),
            3 => json!(f64::MAX),
            4 => self.dice.next_u64().into(),
            5 => (0..depth * 20).fold(json!(1), |inner, _| json!([inner])),
            6 => true.into(),
            _ => "".into(),
        }
    }
}

fn draft(model: &Model, operation: &Operation, input: &Value) -> Draft {
    let root = Draft { method: "POST".into(), path: "/".into(), ..Draft::default() };
    match model.protocol {
        Protocol::Ec2Query | Protocol::AwsQuery => {
            let mut form = vec![
                ("Action".to_owned(), operation.name.clone()),
                ("Version".to_owned(), model.api_version.clone()),
            ];
            if let Some(shape) = operation.input {
                spell(model, shape, input, "", &mut form);
            }
            Draft { body: encoded(&form).into_bytes(), ..root }
        }
        Protocol::AwsJson => {
            let prefix = model.target_prefix.as_deref().unwrap_or_default();
            let target = format!("{prefix}.{}", operation.name);
            let headers = vec![("x-amz-target".to_owned(), target)];
            Draft { headers, body: input.to_string().into_bytes(), ..root }
        }
        Protocol::RestJson => rest(model, operation, input),
    }
}

/// The parameters of a form.
fn spell(
    model: &Model,
    shape: ShapeId,
    value: &Value,
    prefix: &str,
    form: &mut Vec<(String, String)>,
) {
    let under = |name: &str| match prefix {
        "" => name.to_owned(),
        _ => format!("{prefix}.{name}"),
    };
    let ec2 = model.protocol == Protocol::Ec2Query;
    match (&model.shape(shape).kind, value) {
        (Kind::Structure(structure), Value::Object(members)) => {
            for member in &structure.members {
                if let Some(value) = members.get(&member.name) {
                    spell(model, member.shape, value, &under(&member.query), form);
                }
            }
        }
        (Kind::List { item, .. }, Value::Array(values)) => {
            for (index, value) in values.iter().enumerate() {
                let place = match ec2 {
                    true => format!("{}", index + 1),
                    false => format!("member.{}", index + 1),
                };
                spell(model, item.shape, value, &under(&place), form);
            }
        }
        (Kind::Map { value: of, .. }, Value::Object(entries)) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                let entry = format!("entry.{}", index + 1);
                form.push((under(&format!("{entry}.key")), key.clone()));
                spell(model, of.shape, value, &under(&format!("{entry}.value")), form);
            }
        }
        (_, Value::String(text)) => form.push((prefix.to_owned(), text.clone())),
        (_, other) => form.push((prefix.to_owned(), other.to_string())),
    }
}

/// A REST call: path, address, headers and body share the members.
fn rest(model: &Model, operation: &Operation, input: &Value) -> Draft {
    let route = model.routes.iter().find(|route| route.operation == operation.name);
    let route = route.expect("every operation has a path");
    let structure = operation.input.and_then(|shape| model.shape(shape).structure());
    let members: Vec<&Member> = structure.iter().flat_map(|it| &it.members).collect();
    let text = |member: &Member| match &input[&member.name] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let mut draft = Draft { method: route.method.clone(), ..Draft::default() };
    for segment in &route.segments {
        draft.path.push('/');
        match segment {
            Segment::Literal(literal) => draft.path.push_str(literal),
            Segment::Label(name) | Segment::Greedy(name) => {
                let member = members.iter().find(|it| it.wire == *name || it.name == *name);
                let value = member.and_then(|member| text(member)).unwrap_or_default();
                draft.path.push_str(&escaped(&value));
            }
        }
    }
    let mut query = route.query.clone();
    let mut body = Map::new();
    for member in members {
        match (member.location, text(member)) {
            (_, None) | (Location::Uri, _) => {}
            (Location::Query, Some(value)) => query.push((member.wire.clone(), value)),
            (Location::Header, Some(value)) => draft.headers.push((member.wire.clone(), value)),
            _ => {
                body.insert(member.wire.clone(), input[&member.name].clone());
            }
        }
    }
    draft.query = encoded(&query);
    let payload = structure.and_then(|structure| structure.payload.as_ref());
    draft.body = match payload {
        Some(payload) => match &input[payload] {
            Value::String(text) => text.clone().into_bytes(),
            other => other.to_string().into_bytes(),
        },
        None if body.is_empty() => Vec::new(),
        None => Value::Object(body).to_string().into_bytes(),
    };
    draft
}

fn encoded(form: &[(String, String)]) -> String {
    let pairs = form.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let bytes = text.bytes().map(|byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    bytes.collect()
}

impl Draft {
    /// The request, or one without what HTTP cannot carry at all.
    fn request(self) -> Request<Bytes> {
        let address = match self.query.is_empty() {
            true => self.path.clone(),
            false => format!("{}?{}", self.path, self.query),
        };
        let method = http::Method::from_bytes(self.method.as_bytes()).unwrap_or_default();
        let uri = address.parse().unwrap_or_default();
        let mut request = Request::new(Bytes::from(self.body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        for (name, value) in self.headers {
            let name = http::HeaderName::try_from(name);
            if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_bytes(value.as_bytes())) {
                request.headers_mut().append(name, value);
            }
        }
        request
    }
}
