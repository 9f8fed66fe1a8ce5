//! AWS's errors as ours: the operation, the code, the request ID, and what follows from them.

use super::{
    calls::Refused,
    classify::classify,
    transport::{NoAnswer, chain},
};
use crate::model::{Class, Error, Result};
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::{
    client::{orchestrator::HttpResponse, result::SdkError},
    http::Headers,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use regex::Regex;
use std::{error::Error as StdError, sync::LazyLock};

/// Our code where no credentials were found.
pub const NO_CREDENTIALS: &str = "NoCredentials";
/// Our code where the profile that was named is in no file.
pub const NO_PROFILE: &str = "NoSuchProfile";
/// Our code where a session of single sign-on is over.
pub const SSO_EXPIRED: &str = "SignInExpired";
/// Our code where a session of the console's, on the command line, is over.
pub const LOGIN_EXPIRED: &str = "LoginExpired";

/// Where the SDK prints an error as its programmers see it: `(DispatchFailure(DispatchFailure { …`.
static DUMP: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r":? *\(?\b[A-Z]\w*[a-z]\w*(\(\w| \{ \w)").expect("a pattern"));

/// Names the operation of a result and turns its error into ours.
pub trait OpResult<T> {
    /// `operation` is the IAM action, such as `ec2:CreateSubnet`.
    fn op(self, operation: &'static str) -> Result<T>;
}

impl<T, E> OpResult<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    fn op(self, operation: &'static str) -> Result<T> {
        self.map_err(|error| ours(operation, &error))
    }
}

fn ours<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let response = error.raw_response();
    let request_id = response.and_then(|response| request_id(response.headers())).map(String::from);
    let status = response.map_or(0, |response| response.status().as_u16());
    let (class, code, message): (Class, String, String) = match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or_default();
            let message = service.err().message().unwrap_or_default();
            let class = classify(operation, code, message, status);
            match (code, message) {
                ("", "") if status < 300 => (class, "UnreadableAnswer".into(), causes(error)),
                // What stands between us and AWS, or imitates it, may answer without a reason.
                ("", "") => (class, code.into(), format!("status {status}")),
                _ => (class, code.into(), readable(message)),
            }
        }
        SdkError::TimeoutError(_) => (Class::Transient, "RequestTimeout".into(), causes(error)),
        SdkError::ResponseError(_) => (Class::Transient, "UnreadableAnswer".into(), causes(error)),
        _ => unsent(error),
    };
    // Of a service that AWS has ended, nobody knows whether it will be back.
    let is_silent = class == Class::Transient && operation.starts_with("appmesh:");
    let class = if is_silent { Class::Silent } else { class };
    let hint = match class {
        Class::Closed | Class::Silent => {
            Some("AWS ended App Mesh on 30 September 2026: set mesh.kind = \"service-connect\"")
        }
        _ if is_of_another_time(&code, &message) => {
            Some("this machine's clock and AWS's differ: set the clock, for instance by NTP")
        }
        _ => hint(&code),
    };
    let hint = hint.map(String::from);
    Error { class, operation, code, message, request_id, hint }
}

/// Why a request was not sent, or what became of it on its way.
fn unsent(error: &(dyn StdError + 'static)) -> (Class, String, String) {
    if let Some(Refused(why)) = chain(error).find_map(|cause| cause.downcast_ref()) {
        return (Class::State, "NotSent".into(), why.clone());
    }
    let lost = chain(error).filter_map(|cause| cause.downcast_ref::<NoAnswer>()).last();
    if let Some(reason) = chain(error).find_map(|cause| cause.downcast_ref()) {
        let Error { class, code, message, .. } = unsigned(reason);
        return (class, code, message);
    }
    match lost {
        Some(lost) => (lost.fate.class(), lost.fate.code().into(), lost.to_string()),
        None => (Class::Invalid, "NotSent".into(), causes(error)),
    }
}

/// Why there are no credentials to sign with. Whoever gives them may be out of reach for a while.
pub(super) fn unsigned(reason: &CredentialsError) -> Error {
    let says = |part: &str| chain(reason).any(|cause| cause.to_string().contains(part));
    let lost = chain(reason).filter_map(|cause| cause.downcast_ref::<NoAnswer>()).last();
    let (class, code) = match reason {
        CredentialsError::CredentialsNotLoaded(_) if says("was not defined") => {
            (Class::Credentials, NO_PROFILE)
        }
        CredentialsError::CredentialsNotLoaded(_) => (Class::Credentials, NO_CREDENTIALS),
        CredentialsError::ProviderTimedOut(_) => (Class::Transient, "CredentialsUnreachable"),
        _ if lost.is_some_and(|lost| lost.fate.class() == Class::Transient) => {
            (Class::Transient, "CredentialsUnreachable")
        }
        // The words of the SDK's providers of these two, whose errors are not for others.
        _ if says("SSO token") || says("Session token not found or invalid") => {
            (Class::Credentials, SSO_EXPIRED)
        }
        _ if says("Login token") || says("Please reauthenticate") => {
            (Class::Credentials, LOGIN_EXPIRED)
        }
        _ => (Class::Credentials, "CredentialsFailed"),
    };
    Error { code: code.into(), ..Error::new(class, causes(reason)) }
}

/// AWS's words without what only AWS can read.
fn readable(message: &str) -> String {
    let end = message.find("Encoded authorization failure message").unwrap_or(message.len());
    message[..end].trim_end().into()
}

fn request_id(headers: &Headers) -> Option<&str> {
    headers.get("x-amzn-requestid").or_else(|| headers.get("x-amz-request-id"))
}

/// Whether AWS refuses a request for the time of its signature.
fn is_of_another_time(code: &str, message: &str) -> bool {
    ["RequestTimeTooSkewed", "RequestInTheFuture"].contains(&code)
        || ["Signature expired", "Signature not yet current"].iter().any(|it| message.contains(it))
}

/// What the causes of an error say, each once, and without what only programmers can read.
fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in chain(error) {
        let text = cause.to_string();
        let text = DUMP.find(&text).map_or(&*text, |dump| text[..dump.start()].trim_end());
        if !text.is_empty() && !said.iter().any(|said| said.contains(text)) {
            said.push(text.to_owned());
        }
    }
    said.join(": ")
}

fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "AddressLimitExceeded" => {
            "release an unused Elastic IP, raise the quota \"EC2-VPC Elastic IPs\", or set \
             network.nat = \"single\" or \"none\"; then run `meshctl up` again"
        }
        "VpcLimitExceeded" => {
            "delete an unused VPC or raise the quota \"VPCs per Region\", then run `meshctl up` again"
        }
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            "renew the credentials and run the command again: it goes on from here"
        }
        "InvalidClientTokenId" | "UnrecognizedClientException" => {
            "these credentials are not known to AWS: check AWS_PROFILE and AWS_ACCESS_KEY_ID"
        }
        "SignatureDoesNotMatch" | "InvalidSignatureException" => {
            "the secret key is not that of the access key: check AWS_SECRET_ACCESS_KEY"
        }
        "UntrustedCertificate" => {
            "check the URL, this machine's clock, and whether a proxy opens what is encrypted"
        }
        SSO_EXPIRED => "run `aws sso login`, then the command again: it goes on from here",
        LOGIN_EXPIRED => "run `aws login`, then the command again: it goes on from here",
        _ => return None,
    })
}

/// Treats "there is no such thing" as an answer.
pub trait OrAbsent<T> {
    /// `None` when AWS says that it does not exist.
    fn or_absent(self) -> Result<Option<T>>;
}

impl<T> OrAbsent<T> for Result<T> {
    fn or_absent(self) -> Result<Option<T>> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(error) if matches!(error.class, Class::Missing | Class::Closed) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Demands a member that AWS always gives.
pub trait Answered<T> {
    /// # Errors
    /// Names the operation and the member that its answer lacks.
    fn answered(self, operation: &'static str, member: &str) -> Result<T>;
}

impl<T> Answered<T> for Option<T> {
    fn answered(self, operation: &'static str, member: &str) -> Result<T> {
        self.ok_or_else(|| Error::answer(operation, member))
    }
}
