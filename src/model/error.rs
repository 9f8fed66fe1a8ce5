//! What can go wrong with one resource, and what follows from it.

use std::fmt;

/// The result of work on one resource.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What an error means for the next step. Decided from AWS's codes, never from a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The request was refused for its rate; it had no effect.
    Throttled,
    /// AWS or the network failed; whether the request had an effect is unknown.
    Transient,
    /// What the request names does not exist (yet).
    Missing,
    /// Something else must settle first: a role must propagate, a service must drain.
    NotYet,
    /// Something still uses it.
    Busy,
    /// The name is taken.
    Exists,
    /// Not permitted.
    Denied,
    /// There are no credentials, or AWS takes them no longer: every other call fails likewise.
    Credentials,
    /// AWS does not offer the service to this account, so nothing of it exists.
    Closed,
    /// A service that AWS has ended does not answer: whether the request had an effect is unknown, and
    /// there may never be an answer.
    Silent,
    /// A quota of the account is used up.
    Quota,
    /// The request is wrong, and will be wrong again.
    Invalid,
    /// The resource is in a state that it never leaves.
    Terminal,
    /// It exists, and it is not this stack's.
    Stranger,
    /// It is left in place on purpose: others share it.
    Kept,
    /// It took longer than its deadline.
    Deadline,
    /// AWS answered without something that it always gives.
    Answer,
    /// The state could not be written, so nothing more may be done.
    State,
    /// The user asked to stop.
    Interrupted,
}

/// One failure, with all that a person needs to act on it.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Error {
    /// What follows from it.
    pub class: Class,
    /// The call, as an IAM action such as `ec2:CreateSubnet`; empty when no call failed.
    pub operation: &'static str,
    /// AWS's own code.
    pub code: String,
    /// AWS's own words.
    pub message: String,
    /// What AWS support asks for.
    pub request_id: Option<String>,
    /// What to do about it, where more is known than the class says.
    pub hint: Option<String>,
}

impl Error {
    /// A failure that no call reported.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { class, operation: "", code: String::new(), message, request_id: None, hint: None }
    }

    /// AWS left out what it always gives.
    pub fn answer(operation: &'static str, member: &str) -> Self {
        let message = format!("the answer has no {member}");
        Self { operation, ..Self::new(Class::Answer, message) }
    }

    /// Something that is not ours stands where ours should be.
    pub fn stranger(what: impl fmt::Display) -> Self {
        let message = format!("{what} exists but does not carry this stack's tags");
        Self::new(Class::Stranger, message)
    }

    /// Adds what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What to do about it: the error's own hint, else what its class suggests.
    pub fn remedy(&self) -> Option<String> {
        let general = match self.class {
            Class::Throttled => "AWS limits the rate of this call; run the command again later",
            Class::Transient => "run the command again; nothing is lost",
            Class::Denied => return Some(self.hint.clone().unwrap_or_else(|| self.permission())),
            Class::Credentials => {
                "sign in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID, then run the command again"
            }
            Class::Answer => "run the command again; if AWS still answers so, tell us",
            Class::Quota => "raise the quota or free some of it, then run the command again",
            Class::Stranger => "rename the stack, or remove or rename what is in the way",
            Class::Busy => "remove what uses it, then run the command again",
            Class::Deadline => "run the command again: it goes on from here",
            Class::Missing => "run `meshctl up` again: what is gone is made anew",
            Class::NotYet => {
                "run the command again (`meshctl up` goes on from here): AWS was not ready in time"
            }
            Class::Terminal => "mend what the reason names; then `meshctl up` makes it work anew",
            _ => return self.hint.clone(),
        };
        Some(self.hint.clone().unwrap_or_else(|| general.into()))
    }

    /// The IAM action that a call lacked: by AWS's own words, for one call may need several, else the
    /// call itself.
    pub fn action(&self) -> &str {
        let told = self.message.split_once("authorized to perform: ").map(|(_, rest)| rest);
        let action = told.and_then(|rest| rest.split(|c: char| !is_of_action(c)).next());
        action.filter(|action| action.contains(':')).unwrap_or(self.operation)
    }

    /// Whether AWS said no, and not the network or what stands in between.
    fn is_refusal(&self) -> bool {
        let is_ours = ["NotSent", "UntrustedCertificate"].contains(&&*self.code);
        !is_ours && !matches!(self.class, Class::Transient | Class::Answer)
    }

    fn permission(&self) -> String {
        permission(&[self.action()], self.message.contains("explicit deny"))
    }

    /// The error in words, of these calls instead of its own.
    pub fn of_calls(&self, calls: &str) -> String {
        let mut text = String::new();
        if !calls.is_empty() {
            let verb = if self.is_refusal() { "refused" } else { "failed" };
            text = format!("{calls} {verb}: ");
        }
        if !self.code.is_empty() {
            text.push_str(&self.code);
            text.push_str(": ");
        }
        text.push_str(&self.message);
        if let Some(id) = &self.request_id {
            text.push_str(&format!(" [{id}]"));
        }
        text
    }
}

fn is_of_action(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == ':'
}

/// What to do about permissions that lack these actions; `denied` where a policy forbids them.
pub fn permission(actions: &[&str], denied: bool) -> String {
    let actions = actions.join(", ");
    if denied {
        return format!("a policy denies {actions}, and nothing that is allowed outranks that");
    }
    format!("allow {actions}; `meshctl policy up` prints the whole policy")
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.of_calls(self.operation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_action_is_the_one_that_aws_names() {
        let denied = |message: &str| Error {
            operation: "ec2:CreateVpc",
            ..Error::new(Class::Denied, message)
        };
        let tags = "You are not authorized to perform this operation. User: \
                    arn:aws:iam::111122223333:user/ci is not authorized to perform: \
                    ec2:CreateTags on resource: arn:aws:ec2:eu-west-1:111122223333:vpc/*";
        assert_eq!(denied(tags).action(), "ec2:CreateTags");
        let short = "You are not authorized to perform this operation.";
        assert_eq!(denied(short).action(), "ec2:CreateVpc");
        let remedy = denied(short).remedy().unwrap();
        assert_eq!(remedy, "allow ec2:CreateVpc; `meshctl policy up` prints the whole policy");
        let deny = "not authorized to perform: ec2:CreateVpc with an explicit deny in a policy";
        assert!(denied(deny).remedy().unwrap().starts_with("a policy denies ec2:CreateVpc"));
    }
}
