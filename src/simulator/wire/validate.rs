//! Checks values against the model: what clients send, and what the simulator answers.

use std::fmt;

use serde_json::{Map, Value};

use super::model::{Kind, Member, Model, Protocol, Shape, ShapeId, Structure};

/// A refusal lists no more faults than this.
const MOST: usize = 20;

/// A value that breaks a constraint.
#[derive(Debug)]
pub(super) struct Violation {
    /// Where it is, in the service's own spelling.
    pub path: String,
    /// The value, as the message shows it.
    pub value: String,
    /// What it breaks.
    pub limit: Limit,
}

/// A constraint that is broken.
#[derive(Debug)]
pub(super) enum Limit {
    Required,
    Union,
    Values(String),
    MinLength(f64),
    MaxLength(f64),
    MinValue(f64),
    MaxValue(f64),
    Pattern(String),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, value, limit } = self;
        if matches!(limit, Limit::Required) {
            return write!(
                f,
                "Value null at '{path}' failed to satisfy constraint: Member must not be null"
            );
        }
        write!(f, "Value '{value}' at '{path}' failed to satisfy constraint: Member must ")?;
        match limit {
            Limit::Required => Ok(()),
            Limit::Union => write!(f, "have exactly one member set"),
            Limit::Values(values) => write!(f, "satisfy enum value set: [{values}]"),
            Limit::MinLength(least) => write!(f, "have length greater than or equal to {least}"),
            Limit::MaxLength(most) => write!(f, "have length less than or equal to {most}"),
            Limit::MinValue(least) => write!(f, "have value greater than or equal to {least}"),
            Limit::MaxValue(most) => write!(f, "have value less than or equal to {most}"),
            Limit::Pattern(pattern) => write!(f, "satisfy regular expression pattern: {pattern}"),
        }
    }
}

/// Checks an input whose types are right already.
pub(super) fn input(model: &Model, shape: ShapeId, value: &Value) -> Vec<Violation> {
    let mut check = InputCheck { model, path: String::new(), found: Vec::new() };
    check.value(model.shape(shape), value);
    check.found
}

struct InputCheck<'m> {
    model: &'m Model,
    path: String,
    found: Vec<Violation>,
}

impl InputCheck<'_> {
    fn value(&mut self, shape: &Shape, value: &Value) {
        if self.found.len() >= MOST || shape.document {
            return;
        }
        match (&shape.kind, value) {
            (Kind::Structure(structure), Value::Object(members)) => {
                self.structure(structure, members);
            }
            (Kind::List { item, .. }, Value::Array(items)) => {
                self.length(shape, items.len(), value);
                let query = self.model.protocol == Protocol::Ec2Query;
                for (index, element) in (1..).zip(items) {
                    let step = if query { format!("{index}") } else { format!("{index}.member") };
                    self.at(&step, item, Some(element));
                }
            }
            (Kind::Map { key, value: of, .. }, Value::Object(entries)) => {
                self.length(shape, entries.len(), value);
                let key = self.model.shape(key.shape);
                for (name, entry) in entries {
                    self.text(key, name);
                    self.at(&format!("{name}.member"), of, Some(entry));
                }
            }
            (Kind::String, Value::String(text)) => self.text(shape, text),
            (Kind::Blob, Value::String(text)) => self.length(shape, text.len() / 4 * 3, value),
            (_, Value::Number(number)) => self.number(shape, number.as_f64().unwrap_or_default()),
            _ => {}
        }
    }

    fn structure(&mut self, structure: &Structure, members: &Map<String, Value>) {
        if structure.union && members.values().filter(|it| !it.is_null()).count() != 1 {
            let given = members.keys().cloned().collect::<Vec<_>>();
            self.break_at(Limit::Union, given.join(", "));
        }
        for name in &structure.required {
            if let Some(member) = structure.member(name)
                && !members.contains_key(name)
            {
                self.at(self.spelling(member).as_str(), member, None);
            }
        }
        for (name, value) in members {
            if let Some(member) = structure.member(name) {
                self.at(self.spelling(member).as_str(), member, Some(value));
            }
        }
    }

    /// Java services show their fields in lower camel case; EC2 shows the form's names.
    fn spelling(&self, member: &Member) -> String {
        if self.model.protocol == Protocol::Ec2Query {
            return member.query.clone();
        }
        let mut chars = member.name.chars();
        chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
    }

    fn at(&mut self, step: &str, member: &Member, value: Option<&Value>) {
        let end = self.path.len();
        if end > 0 {
            self.path.push('.');
        }
        self.path.push_str(step);
        match value {
            None | Some(Value::Null) => self.break_at(Limit::Required, String::new()),
            Some(value) => self.value(self.model.shape(member.shape), value),
        }
        self.path.truncate(end);
    }

    fn text(&mut self, shape: &Shape, text: &str) {
        let limits = &shape.constraints;
        let lenient = self.model.protocol == Protocol::Ec2Query;
        if !limits.values.is_empty() && !is_one_of(&limits.values, text, lenient) {
            self.break_at(Limit::Values(limits.values.join(", ")), shown(shape, text));
        }
        // Java counts UTF-16 units.
        if limits.min.is_some() || limits.max.is_some() {
            let units = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
            self.length(shape, units, &Value::from(shown(shape, text)));
        }
        if let (Some(pattern), Some(regex)) = (&limits.pattern, limits.regex())
            && !regex.is_match(text)
        {
            self.break_at(Limit::Pattern(pattern.clone()), shown(shape, text));
        }
    }

    fn length(&mut self, shape: &Shape, length: usize, value: &Value) {
        #[allow(clippy::cast_precision_loss)]
        let length = length as f64;
        let show = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let Some(least) = shape.constraints.min.filter(|&least| length < least) {
            self.break_at(Limit::MinLength(least), show());
        }
        if let Some(most) = shape.constraints.max.filter(|&most| length > most) {
            self.break_at(Limit::MaxLength(most), show());
        }
    }

    fn number(&mut self, shape: &Shape, number: f64) {
        if let Some(least) = shape.constraints.min.filter(|&least| number < least) {
            self.break_at(Limit::MinValue(least), number.to_string());
        }
        if let Some(most) = shape.constraints.max.filter(|&most| number > most) {
            self.break_at(Limit::MaxValue(most), number.to_string());
        }
    }

    fn break_at(&mut self, limit: Limit, value: String) {
        self.found.push(Violation { path: self.path.clone(), value, limit });
    }
}

fn shown(shape: &Shape, text: &str) -> String {
    if shape.sensitive { "***".to_owned() } else { text.to_owned() }
}

/// EC2 writes and takes enums in either case.
fn is_one_of(values: &[String], text: &str, lenient: bool) -> bool {
    values.iter().any(|value| value == text || (lenient && value.eq_ignore_ascii_case(text)))
}

/// Checks an output; the error says where it contradicts the model.
pub(super) fn output(model: &Model, shape: ShapeId, value: &Value) -> Result<(), String> {
    let shape = model.shape(shape);
    if shape.document {
        return Ok(());
    }
    let within = |step: &str, why: String| format!("{}.{step}: {why}", shape.name);
    match (&shape.kind, value) {
        (Kind::Structure(structure), Value::Object(members)) => {
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                let Some(member) = structure.member(name) else {
                    return Err(format!("{} has no member {name}", shape.name));
                };
                output(model, member.shape, value).map_err(|why| within(name, why))?;
            }
            for name in &structure.required {
                if members.get(name).is_none_or(Value::is_null) {
                    return Err(format!("{} lacks its required member {name}", shape.name));
                }
            }
            if structure.union && members.values().filter(|it| !it.is_null()).count() != 1 {
                return Err(format!("the union {} must have exactly one member", shape.name));
            }
            Ok(())
        }
        (Kind::List { item, .. }, Value::Array(items)) => {
            items.iter().enumerate().try_for_each(|(index, it)| {
                output(model, item.shape, it).map_err(|why| within(&index.to_string(), why))
            })
        }
        (Kind::Map { key, value: of, .. }, Value::Object(entries)) => {
            entries.iter().try_for_each(|(name, it)| {
                known(model, model.shape(key.shape), name).map_err(|why| within(name, why))?;
                output(model, of.shape, it).map_err(|why| within(name, why))
            })
        }
        (Kind::String, Value::String(text)) => known(model, shape, text),
        (Kind::Blob, Value::String(_))
        | (Kind::Boolean, Value::Bool(_))
        | (Kind::Float | Kind::Double | Kind::Timestamp, Value::Number(_)) => Ok(()),
        (Kind::Integer, value) if value.as_i64().is_some_and(|it| i32::try_from(it).is_ok()) => {
            Ok(())
        }
        (Kind::Long, value) if value.is_i64() => Ok(()),
        (_, value) => Err(format!("{} cannot be {value}", shape.name)),
    }
}

/// Values that AWS answers and its models do not list: an internet gateway's attachment is
/// `available` where the model says `attached`, and a NAT gateway's interface is of its own type.
const UNLISTED: &[(&str, &str)] =
    &[("AttachmentStatus", "available"), ("NetworkInterfaceType", "nat_gateway")];

fn known(model: &Model, shape: &Shape, text: &str) -> Result<(), String> {
    let values = &shape.constraints.values;
    if UNLISTED.iter().any(|(name, value)| *name == &*shape.name && *value == text) {
        return Ok(());
    }
    if values.is_empty() || is_one_of(values, text, model.protocol == Protocol::Ec2Query) {
        Ok(())
    } else {
        Err(format!("{} has no value {text}", shape.name))
    }
}
