//! AWS's errors as ours: the operation, the code, the request ID, and what follows from them.

use super::{calls::Refused, classify::classify};
use crate::model::{Class, Error, Result};
use aws_smithy_runtime_api::{
    client::{orchestrator::HttpResponse, result::SdkError},
    http::Headers,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Names the operation of a result and turns its error into ours.
pub trait OpResult<T> {
    /// `operation` is the IAM action, such as `ec2:CreateSubnet`.
    fn op(self, operation: &'static str) -> Result<T>;
}

impl<T, E: ProvideErrorMetadata> OpResult<T> for Result<T, SdkError<E, HttpResponse>> {
    fn op(self, operation: &'static str) -> Result<T> {
        self.map_err(|error| ours(operation, &error))
    }
}

fn ours<E: ProvideErrorMetadata>(
    operation: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> Error {
    let headers = error.raw_response().map(HttpResponse::headers);
    let request_id = headers.and_then(request_id).map(String::from);
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    let (class, code, message): (Class, String, String) = match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or_default();
            let message = service.err().message().unwrap_or_default();
            let class = classify(operation, code, message, status);
            // What stands between us and AWS, or imitates it, may answer without a reason.
            let is_silent = code.is_empty() && message.is_empty();
            let message = if is_silent { format!("status {status}") } else { message.into() };
            (class, code.into(), message)
        }
        SdkError::TimeoutError(_) => (Class::Transient, "RequestTimeout".into(), causes(error)),
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
            (Class::Transient, "ConnectionFailed".into(), causes(error))
        }
        SdkError::DispatchFailure(failure) => {
            match refused(failure.as_connector_error().map(|error| error as _)) {
                Some(why) => (Class::State, "NotSent".into(), why),
                None => (Class::Denied, "NotSent".into(), causes(error)),
            }
        }
        SdkError::ResponseError(_) => (Class::Transient, "UnreadableAnswer".into(), causes(error)),
        _ => (Class::Invalid, "NotSent".into(), causes(error)),
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

fn request_id(headers: &Headers) -> Option<&str> {
    headers.get("x-amzn-requestid").or_else(|| headers.get("x-amz-request-id"))
}

/// Whether AWS refuses a request for the time of its signature.
fn is_of_another_time(code: &str, message: &str) -> bool {
    ["RequestTimeTooSkewed", "RequestInTheFuture"].contains(&code)
        || ["Signature expired", "Signature not yet current"].iter().any(|it| message.contains(it))
}

/// Why we did not send it ourselves, if so.
fn refused(error: Option<&(dyn std::error::Error + 'static)>) -> Option<String> {
    let mut next = error;
    while let Some(cause) = next {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return Some(refused.0.clone());
        }
        next = cause.source();
    }
    None
}

/// The chain of causes of an error that is no answer of a service.
fn causes<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> String {
    let source: Option<&(dyn std::error::Error + 'static)> = match error {
        SdkError::ConstructionFailure(_) => None,
        SdkError::DispatchFailure(failure) => {
            failure.as_connector_error().map(|error| error as &(dyn std::error::Error + 'static))
        }
        _ => None,
    };
    let mut text = match error {
        SdkError::ConstructionFailure(_) => "the request could not be built".to_owned(),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(_) => "the request could not be sent".to_owned(),
        SdkError::ResponseError(_) => "the answer could not be read".to_owned(),
        _ => "the request failed".to_owned(),
    };
    let mut next = source;
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
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
