//! From TOML's values to ours, within what a key accepts.

use crate::config::{
    findings::{did_you_mean, quoted},
    keys::Kind,
};
use ipnet::Ipv4Net;
use toml::{Spanned, de::DeValue};

/// Why a value, or one element of a list, is not accepted.
pub(super) struct Refusal {
    pub(super) element: Option<usize>,
    pub(super) problem: String,
    pub(super) remedy: String,
}

/// A type that values of the file become.
pub(super) trait FromToml: Sized {
    /// The value, or why not. Lists are taken whole or not at all.
    fn from_toml(
        kind: Kind,
        value: &Spanned<DeValue<'_>>,
        refusals: &mut Vec<Refusal>,
    ) -> Option<Self>;
}

type Judged<T> = Result<T, (String, String)>;

/// Notes the refusal of a value that is no list.
fn single<T>(judged: Judged<T>, refusals: &mut Vec<Refusal>) -> Option<T> {
    let note = |(problem, remedy)| refusals.push(Refusal { element: None, problem, remedy });
    judged.map_err(note).ok()
}

/// Judges each element of a list.
fn list<T>(
    value: &Spanned<DeValue<'_>>,
    refusals: &mut Vec<Refusal>,
    what: &str,
    judge: impl Fn(&DeValue<'_>) -> Judged<T>,
) -> Option<Vec<T>> {
    let Some(items) = value.get_ref().as_array() else {
        return single(
            Err((not_a(value.get_ref(), what), "put it in [brackets]".into())),
            refusals,
        );
    };
    let mut taken = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match judge(item.get_ref()) {
            Ok(item) => taken.push(item),
            Err((problem, remedy)) => {
                refusals.push(Refusal { element: Some(index), problem, remedy });
            }
        }
    }
    (taken.len() == items.len()).then_some(taken)
}

fn not_a(value: &DeValue<'_>, what: &str) -> String {
    let is = match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    format!("is {is}, not {what}")
}

fn text(kind: Kind, value: &DeValue<'_>) -> Judged<String> {
    let Some(text) = value.as_str() else {
        let remedy = match value {
            DeValue::Array(_) | DeValue::Table(_) => "give one text in quotes",
            _ => "put it in quotes",
        };
        return Err((not_a(value, "text"), remedy.into()));
    };
    if let Kind::Choice(words) = kind
        && !words.contains(&text)
    {
        let all: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        let remedy = did_you_mean(text, words.iter().copied(), || format!("give {}", or(&all)));
        return Err(("is not a choice here".into(), remedy));
    }
    Ok(text.to_string())
}

fn block(value: &DeValue<'_>) -> Judged<Ipv4Net> {
    let Some(text) = value.as_str() else {
        return Err((not_a(value, "an IPv4 block"), "write one such as \"10.0.96.0/20\"".into()));
    };
    let Ok(block) = text.parse::<Ipv4Net>() else {
        return Err(("is not an IPv4 block".into(), "write one such as \"10.0.96.0/20\"".into()));
    };
    if block != block.trunc() {
        let problem = format!("has address bits beyond its /{}", block.prefix_len());
        return Err((problem, format!("write \"{}\"", block.trunc())));
    }
    Ok(block)
}

fn number<T: TryFrom<i64>>(kind: Kind, value: &DeValue<'_>) -> Judged<T> {
    let remedy = match kind {
        Kind::Whole(from, to) => format!("give a number from {from} to {to}"),
        Kind::OneOf(numbers) => {
            format!("give {}", or(&numbers.iter().map(ToString::to_string).collect::<Vec<_>>()))
        }
        _ => "give a number from 1 to 65535".to_string(),
    };
    let Some(digits) = value.as_integer() else {
        return Err((not_a(value, "a whole number"), remedy));
    };
    let accepted =
        i64::from_str_radix(digits.as_str(), digits.radix()).ok().filter(|n| match kind {
            Kind::Whole(from, to) => (from..=to).contains(n),
            Kind::OneOf(numbers) => numbers.contains(n),
            _ => (1..=65535).contains(n),
        });
    let problem = match kind {
        Kind::Port => "is not a port",
        Kind::OneOf(_) => "is not a choice here",
        _ => "is out of range",
    };
    accepted.and_then(|n| T::try_from(n).ok()).ok_or_else(|| (problem.into(), remedy))
}

/// "a, b, or c".
pub(in crate::config) fn or(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} or {two}"),
        [most @ .., last] => format!("{}, or {last}", most.join(", ")),
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl FromToml for $number {
            fn from_toml(
                kind: Kind,
                value: &Spanned<DeValue<'_>>,
                refusals: &mut Vec<Refusal>,
            ) -> Option<Self> {
                single(number(kind, value.get_ref()), refusals)
            }
        }
    )*};
}

numbers!(u16, u32, i32, usize);

impl FromToml for String {
    fn from_toml(
        kind: Kind,
        value: &Spanned<DeValue<'_>>,
        refusals: &mut Vec<Refusal>,
    ) -> Option<Self> {
        single(text(kind, value.get_ref()), refusals)
    }
}

impl FromToml for Vec<String> {
    fn from_toml(
        kind: Kind,
        value: &Spanned<DeValue<'_>>,
        refusals: &mut Vec<Refusal>,
    ) -> Option<Self> {
        list(value, refusals, "a list of texts", |item| text(kind, item))
    }
}

impl FromToml for Ipv4Net {
    fn from_toml(
        _: Kind,
        value: &Spanned<DeValue<'_>>,
        refusals: &mut Vec<Refusal>,
    ) -> Option<Self> {
        single(block(value.get_ref()), refusals)
    }
}

impl FromToml for Vec<Ipv4Net> {
    fn from_toml(
        _: Kind,
        value: &Spanned<DeValue<'_>>,
        refusals: &mut Vec<Refusal>,
    ) -> Option<Self> {
        list(value, refusals, "a list of IPv4 blocks", block)
    }
}
