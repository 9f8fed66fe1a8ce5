//! Failures by their causes: what failed for one cause is told once.

use crate::model::{Address, Class, Error, error::permission};
use regex::Regex;
use std::sync::LazyLock;

/// How many of the addresses of one cause are named.
const MOST_NAMED: usize = 4;

/// What differs between two messages of one cause: ARNs, IDs, actions, URLs, numbers.
static PARTICULARS: LazyLock<Regex> = LazyLock::new(|| {
    let patterns = [
        r"\barn:\S+",
        r"\bhttps?://\S+",
        r"\b[a-z]+-[0-9a-f]{8,}\b",
        r"\b[a-z][a-z0-9-]*:[A-Z]\w+",
        r"\b[0-9a-f]{8,}\b",
        r"\d+",
    ];
    Regex::new(&patterns.join("|")).expect("a pattern")
});

/// What tells a cause from others: what it means, AWS's code, and AWS's words without particulars.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(Class, String, String);

impl Key {
    /// Of an error.
    pub fn of(error: &Error) -> Self {
        let words = PARTICULARS.replace_all(&error.message, "*").into_owned();
        Self(error.class, error.code.clone(), words)
    }
}

/// One cause, and all that failed for it.
#[derive(Debug)]
pub struct Cause<'a> {
    /// The first of its errors.
    pub error: &'a Error,
    /// What failed, in the order of the failures.
    pub addresses: Vec<&'a Address>,
    /// What was not started, because it needs one of those.
    pub waiting: usize,
    operations: Vec<&'a str>,
    actions: Vec<&'a str>,
}

/// The causes of these failures, each with what was not started for it: of `skipped`, what needs the
/// second of two was not.
pub fn causes<'a>(
    failures: impl IntoIterator<Item = (&'a Address, &'a Error)>,
    skipped: &[(Address, Address)],
) -> Vec<Cause<'a>> {
    let mut causes: Vec<(Key, Cause<'a>)> = Vec::new();
    for (address, error) in failures {
        let key = Key::of(error);
        let place = causes.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            let (addresses, operations, actions) = (Vec::new(), Vec::new(), Vec::new());
            causes.push((key, Cause { error, addresses, waiting: 0, operations, actions }));
            causes.len() - 1
        });
        let cause = &mut causes[place].1;
        cause.addresses.push(address);
        add(&mut cause.operations, error.operation);
        add(&mut cause.actions, error.action());
    }
    let mut causes: Vec<_> = causes.into_iter().map(|(_, cause)| cause).collect();
    for (_, because) in skipped {
        if let Some(cause) = causes.iter_mut().find(|cause| cause.addresses.contains(&because)) {
            cause.waiting += 1;
        }
    }
    causes
}

fn add<'a>(words: &mut Vec<&'a str>, word: &'a str) {
    if !word.is_empty() && !words.contains(&word) {
        words.push(word);
    }
}

impl Cause<'_> {
    /// What it is, and AWS's words: of one resource with its address, of several with their number.
    pub fn headline(&self) -> String {
        let text = self.error.of_calls(&several(&self.operations, "calls"));
        match self.addresses.as_slice() {
            [address] => format!("{address}: {text}"),
            all => format!("{} resources: {text}", all.len()),
        }
    }

    /// Which resources, where the headline has only their number.
    pub fn places(&self) -> Option<String> {
        (self.addresses.len() > 1).then(|| several(&self.addresses, "resources"))
    }

    /// What to do about it.
    pub fn remedy(&self) -> Option<String> {
        match (self.error.class, &self.error.hint) {
            (Class::Denied, None) => {
                Some(permission(&self.actions, self.error.message.contains("explicit deny")))
            }
            _ => self.error.remedy(),
        }
    }
}

/// The first of them, and how many more there are.
fn several<T: ToString>(all: &[T], noun: &str) -> String {
    // One more takes no more room than to say that there is one.
    let named = if all.len() == MOST_NAMED + 1 { all.len() } else { MOST_NAMED };
    let names: Vec<String> = all.iter().take(named).map(T::to_string).collect();
    match all.len().saturating_sub(named) {
        0 => names.join(", "),
        more => format!("{} and {more} more {noun}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(
        address: &str,
        operation: &'static str,
        code: &str,
        message: &str,
    ) -> (Address, Error) {
        let error = Error::new(Class::Denied, message);
        (Address::new(address), Error { operation, code: code.into(), ..error })
    }

    #[test]
    fn failures_of_one_cause_are_one_whatever_they_name() {
        let denied = |action: &str, id: &str| {
            format!(
                "User: arn:aws:iam::1:user/ci is not authorized to perform: {action} on \
                 resource: arn:aws:ec2:eu-west-1:1:vpc/{id}"
            )
        };
        let vpc = denied("ec2:CreateVpc", "*");
        let subnet = denied("ec2:CreateSubnet", "vpc-0123456789abcdef0");
        let failures = [
            failure("a/vpc", "ec2:CreateVpc", "UnauthorizedOperation", &vpc),
            failure("b/vpc", "ec2:CreateVpc", "UnauthorizedOperation", &vpc),
            failure("c/subnet", "ec2:CreateSubnet", "UnauthorizedOperation", &subnet),
            failure("c/role", "iam:CreateRole", "AccessDenied", "no"),
        ];
        let skipped = |on: &str| (Address::new("x"), Address::new(on));
        let skipped = [skipped("a/vpc"), skipped("c/subnet"), skipped("c/role")];
        let failures = failures.iter().map(|(address, error)| (address, error));
        let causes = causes(failures, &skipped);
        let told: Vec<_> = causes.iter().map(|cause| (cause.places(), cause.waiting)).collect();
        assert_eq!(told, [(Some("a/vpc, b/vpc, c/subnet".into()), 2), (None, 1)]);
        let headline = causes[0].headline();
        assert!(headline.starts_with("3 resources: ec2:CreateVpc, ec2:CreateSubnet refused: "));
        let remedy = causes[0].remedy().unwrap();
        assert!(remedy.starts_with("allow ec2:CreateVpc, ec2:CreateSubnet; `meshctl policy up`"));
        assert_eq!(causes[1].headline(), "c/role: iam:CreateRole refused: AccessDenied: no");
    }

    #[test]
    fn many_are_named_in_part() {
        assert_eq!(several(&["a", "b", "c", "d", "e"], "calls"), "a, b, c, d, e");
        assert_eq!(
            several(&["a", "b", "c", "d", "e", "f"], "calls"),
            "a, b, c, d and 2 more calls"
        );
    }
}
