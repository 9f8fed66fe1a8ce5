//! A service's model: its operations, and the shape and constraints of everything they carry.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use aws_smithy_types::date_time::Format;
use regex::Regex;
use serde::Deserialize;

use super::load;

/// How a service writes requests, answers and errors.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Deserialize)]
pub enum Protocol {
    /// A form in, XML out, as only EC2 does it.
    #[serde(rename = "ec2")]
    Ec2Query,
    /// A form in, XML out.
    #[serde(rename = "query")]
    AwsQuery,
    /// JSON both ways; the operation is in the header `X-Amz-Target`.
    #[serde(rename = "json")]
    AwsJson,
    /// JSON both ways; the operation is the method and the path.
    #[serde(rename = "rest-json")]
    RestJson,
}

/// Where a shape stands in its model.
pub type ShapeId = usize;

/// One service as botocore describes it, reduced to the operations in `operations.txt`.
#[derive(Debug)]
pub struct Model {
    /// How the service speaks.
    pub protocol: Protocol,
    /// The API version that query requests name.
    pub api_version: String,
    /// What stands before the dot in `X-Amz-Target`.
    pub target_prefix: Option<String>,
    /// The namespace of XML answers.
    pub xml_namespace: Option<String>,
    /// The operations by name.
    pub operations: BTreeMap<String, Operation>,
    pub(super) shapes: Vec<Shape>,
    /// Error shapes by the code that stands on the wire.
    pub(super) errors: HashMap<String, ShapeId>,
    /// Operation names and their paths, the most specific first; empty unless REST.
    pub(super) routes: Vec<Route>,
}

impl Model {
    /// Reads a model written by `generate.py`.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        load::parse(text)
    }

    /// The operation called `name`, unless it is not simulated.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }

    /// The shape with this id.
    pub fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[id]
    }

    /// The error shape that stands on the wire as `code`.
    pub fn error(&self, code: &str) -> Option<&Shape> {
        self.errors.get(code).map(|&id| self.shape(id))
    }

    /// The codes of all error shapes.
    #[cfg(test)]
    pub fn error_codes(&self) -> impl Iterator<Item = &str> {
        self.errors.keys().map(String::as_str)
    }

    /// Every shape, for checks over the whole model.
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }
}

/// One call that a service offers.
#[derive(Debug)]
pub struct Operation {
    /// The name, as in `CreateVpc`.
    pub name: String,
    /// The status of success.
    pub status: u16,
    /// The input's shape; none when the call takes nothing.
    pub input: Option<ShapeId>,
    /// The output's shape; none when the call answers nothing.
    pub output: Option<ShapeId>,
    /// The element around the result in awsQuery answers.
    pub result_wrapper: Option<String>,
}

/// A path template of a REST operation.
#[derive(Debug)]
pub(super) struct Route {
    pub operation: String,
    pub method: String,
    pub segments: Vec<Segment>,
    /// Query parameters that the address must carry, as in `?mode=import`.
    pub query: Vec<(String, String)>,
}

/// One step of a path template.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Segment {
    Literal(String),
    Label(String),
    /// `{name+}`: this step and everything behind it.
    Greedy(String),
}

/// A type in the model.
#[derive(Debug)]
pub struct Shape {
    /// The name in the model.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What values it takes.
    pub constraints: Constraints,
    /// Its value must not be shown.
    pub sensitive: bool,
    /// Any JSON at all.
    pub document: bool,
    /// How an error stands on the wire; none for other shapes.
    pub fault: Option<Fault>,
}

impl Shape {
    /// The members, of a structure.
    pub fn structure(&self) -> Option<&Structure> {
        match &self.kind {
            Kind::Structure(structure) => Some(structure),
            _ => None,
        }
    }
}

/// What a shape is.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Kind {
    Structure(Structure),
    List { item: Member, flattened: bool },
    Map { key: Member, value: Member, flattened: bool },
    String,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
    Timestamp,
    Blob,
}

/// The members of a structure.
#[derive(Debug, Default)]
pub struct Structure {
    /// Sorted by name.
    pub members: Vec<Member>,
    /// The names that must be there, in the model's order.
    pub required: Vec<String>,
    /// The member that is the whole body, in REST.
    pub payload: Option<String>,
    /// At most one member is set.
    pub union: bool,
    pub(super) by_wire: HashMap<String, usize>,
    pub(super) by_query: HashMap<String, usize>,
}

impl Structure {
    /// The member called `name` in the model.
    pub fn member(&self, name: &str) -> Option<&Member> {
        let found = self.members.binary_search_by(|member| member.name.as_str().cmp(name));
        found.ok().map(|index| &self.members[index])
    }

    /// The member whose JSON or XML name is `name`.
    pub(super) fn by_wire(&self, name: &str) -> Option<&Member> {
        self.by_wire.get(name).map(|&index| &self.members[index])
    }

    /// The member whose name in a form is `name`.
    pub(super) fn by_query(&self, name: &str) -> Option<&Member> {
        self.by_query.get(name).map(|&index| &self.members[index])
    }
}

/// Where a REST member travels.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Location {
    #[default]
    Body,
    Uri,
    #[serde(rename = "querystring")]
    Query,
    Header,
    /// All headers with the prefix that `wire` names.
    Headers,
    StatusCode,
}

/// A use of a shape: as member, list item, map key or map value.
#[derive(Debug)]
pub struct Member {
    /// The name in the model.
    pub name: String,
    /// The name in JSON, XML, paths and headers.
    pub wire: String,
    /// The name in a form.
    pub query: String,
    /// The name was given, rather than being the default.
    pub named: bool,
    /// The type.
    pub shape: ShapeId,
    /// Where it travels.
    pub location: Location,
    /// A list or map without a wrapping element.
    pub flattened: bool,
    /// How a timestamp is written, when not as the protocol does.
    pub timestamp: Option<TimestampFormat>,
}

/// How a timestamp is written.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Deserialize)]
#[allow(missing_docs)]
pub enum TimestampFormat {
    #[serde(rename = "iso8601")]
    Iso8601,
    #[serde(rename = "unixTimestamp")]
    Epoch,
    #[serde(rename = "rfc822")]
    Http,
}

impl From<TimestampFormat> for Format {
    fn from(format: TimestampFormat) -> Self {
        match format {
            TimestampFormat::Iso8601 => Format::DateTimeWithOffset,
            TimestampFormat::Epoch => Format::EpochSeconds,
            TimestampFormat::Http => Format::HttpDate,
        }
    }
}

/// What an error shape says of its place on the wire.
#[derive(Debug, Default)]
pub struct Fault {
    /// The code, where it is not the shape's name.
    pub code: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The service's fault rather than the caller's.
    pub server: bool,
}

/// What values a shape takes.
#[derive(Debug, Default)]
pub struct Constraints {
    /// The values of an enum; empty for anything else.
    pub values: Vec<String>,
    /// The least length or value.
    pub min: Option<f64>,
    /// The greatest length or value.
    pub max: Option<f64>,
    /// The pattern, as the model writes it.
    pub pattern: Option<String>,
    pub(super) compiled: OnceLock<Option<Pattern>>,
}

/// A pattern that a whole value fits.
#[derive(Debug)]
pub struct Pattern {
    whole: Regex,
    /// What must not stand at the start.
    not_first: Option<Regex>,
}

impl Pattern {
    /// Whether a value fits it.
    pub fn is_match(&self, text: &str) -> bool {
        self.whole.is_match(text) && !self.not_first.as_ref().is_some_and(|it| it.is_match(text))
    }
}

impl Constraints {
    /// The pattern over the whole value; none when there is none or `regex` cannot express it.
    pub fn regex(&self) -> Option<&Pattern> {
        let pattern = self.pattern.as_deref()?;
        self.compiled.get_or_init(|| compile(pattern)).as_ref()
    }
}

/// AWS matches patterns with Java, over the whole value. `regex` has no look-ahead: one at the start
/// that forbids something becomes a regex of its own, and one that demands something is left out,
/// since refusing a value that AWS takes is worse than the reverse.
fn compile(pattern: &str) -> Option<Pattern> {
    let mut whole = pattern.to_owned();
    let mut not_first = None;
    if let Some((first, rest)) = pattern.strip_prefix("^(?!").and_then(|rest| rest.split_once(')'))
    {
        not_first = Some(Regex::new(&format!("\\A(?:{})", ascii(first))).ok()?);
        whole = format!("^{rest}");
    }
    while let Some(at) = whole.find("(?=") {
        let end = at + whole[at..].find(')')?;
        whole.replace_range(at..=end, "");
    }
    let whole = Regex::new(&format!("(?s)\\A(?:{})\\z", ascii(&whole))).ok()?;
    Some(Pattern { whole, not_first })
}

/// A pattern with Java's ASCII classes. A dot will take a line break too, as refusing too much is
/// worse.
fn ascii(pattern: &str) -> String {
    let mut ascii = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        match (char, in_class) {
            ('\\', _) => match (chars.next(), in_class) {
                (Some('w'), true) => ascii.push_str("A-Za-z0-9_"),
                (Some('w'), false) => ascii.push_str("[A-Za-z0-9_]"),
                (Some('d'), true) => ascii.push_str("0-9"),
                (Some('d'), false) => ascii.push_str("[0-9]"),
                (escaped, _) => {
                    ascii.push('\\');
                    ascii.extend(escaped);
                }
            },
            ('[', false) => {
                in_class = true;
                ascii.push('[');
            }
            // Java takes a bracket inside a class for a nested class as `regex` does, but no AWS
            // pattern means one.
            ('[', true) => ascii.push_str("\\["),
            (']', true) => {
                in_class = false;
                ascii.push(']');
            }
            (other, _) => ascii.push(other),
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::super::Service;
    use super::*;

    /// These are not checked, because `regex` has no look-around.
    #[test]
    fn the_patterns_that_are_skipped_are_known() {
        let mut skipped = Vec::new();
        for service in Service::ALL {
            for shape in service.model().shapes() {
                if shape.constraints.pattern.is_some() && shape.constraints.regex().is_none() {
                    skipped.push(format!("{}:{}", service.prefix(), shape.name));
                }
            }
        }
        assert_eq!(skipped, ["iam:accountAliasType"]);
    }

    #[test]
    fn what_a_pattern_forbids_at_the_start_is_refused() {
        let name = compile("^(?!arn:)[!-~]{1,1024}$").expect("a pattern");
        assert!(name.is_match("shop.local") && name.is_match("arn"));
        assert!(!name.is_match("arn:aws") && !name.is_match("a b") && !name.is_match(""));
        let either = compile("((?=^.{1,5}$)^a+$)|(^\\.$)").expect("a pattern");
        assert!(either.is_match("aaa") && either.is_match(".") && !either.is_match("b"));
    }

    #[test]
    fn patterns_cover_the_whole_value_and_take_ascii_classes() {
        let role = compile(r"[\w+=,.@-]+").expect("a plain pattern");
        assert!(role.is_match("shop-execution_role@x"));
        assert!(!role.is_match("shop role"));
        assert!(!role.is_match("rôle"));
    }

    #[test]
    fn models_know_their_protocols_and_errors() {
        let elb = Service::ElasticLoadBalancingV2.model();
        assert_eq!(elb.protocol, Protocol::AwsQuery);
        let error = elb.error("LoadBalancerNotFound").expect("ELBv2 models this error");
        assert_eq!(error.name, "LoadBalancerNotFoundException");
        // The model lists RPC v2 CBOR first; clients still take JSON 1.1.
        assert_eq!(Service::ServiceDiscovery.model().protocol, Protocol::AwsJson);
    }
}
