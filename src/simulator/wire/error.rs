//! AWS errors: what a handler or the wire refuses with, and how each protocol writes it.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

use super::model::{Kind, Location, Model, Protocol, Shape, Structure, TimestampFormat};
use super::validate::{Limit, Violation};
use super::{Service, json, scalar, xml};

/// An AWS error in the service's own words.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// The code on the wire: for the query protocols not the shape's name but, for instance,
    /// `LoadBalancerNotFound`; for the JSON protocols the shape's name.
    pub code: String,
    /// The message, as AWS words it.
    pub message: String,
    /// The HTTP status; none for the one that the model or AWS's custom gives the code.
    pub status: Option<u16>,
    /// Further members that the model gives the error, such as `NamespaceId`.
    pub fields: Map<String, Value>,
    /// Seconds for the header `Retry-After`.
    pub retry_after: Option<u32>,
}

impl ApiError {
    /// An error with nothing beyond code and message.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        Self { code, message, status: None, fields: Map::new(), retry_after: None }
    }

    /// The same error under another HTTP status.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// The same error with a further modelled member.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// The error of a simulator that contradicts the model; tests look for it.
    pub(super) fn bug(message: impl std::fmt::Display) -> Self {
        Self::new("InternalFailure", format!("simulator bug: {message}")).status(500)
    }
}

/// Why an input cannot be taken.
#[derive(Debug)]
pub(super) enum Fault {
    /// The body is not what the protocol says.
    Malformed(String),
    /// A form names a parameter that the call does not have.
    Unknown(String),
    /// A text is not of its parameter's type.
    Invalid { parameter: String, value: String },
    /// Values break the model's constraints.
    Violations(Vec<Violation>),
}

impl Fault {
    /// The error that the service answers.
    pub fn into_error(self, service: Service) -> ApiError {
        let protocol = service.model().protocol;
        match self {
            Self::Malformed(why) => match protocol {
                Protocol::Ec2Query | Protocol::AwsQuery => {
                    ApiError::new("MalformedQueryString", why)
                }
                Protocol::AwsJson | Protocol::RestJson => {
                    ApiError::new("SerializationException", why)
                }
            },
            Self::Unknown(parameter) => ApiError::new(
                "UnknownParameter",
                format!("The parameter {parameter} is not recognized"),
            ),
            Self::Invalid { parameter, value } => match protocol {
                Protocol::Ec2Query => ec2_invalid(&parameter, &value),
                Protocol::AwsQuery => ApiError::new(
                    "MalformedInput",
                    format!("The value '{value}' of {parameter} has the wrong type"),
                ),
                Protocol::AwsJson | Protocol::RestJson => ApiError::new(
                    "SerializationException",
                    format!("The value '{value}' of {parameter} has the wrong type"),
                ),
            },
            Self::Violations(violations) => violated(service, &violations),
        }
    }
}

fn ec2_invalid(parameter: &str, value: &str) -> ApiError {
    let message = format!("Value ({value}) for parameter {parameter} is invalid.");
    ApiError::new("InvalidParameterValue", message)
}

fn violated(service: Service, violations: &[Violation]) -> ApiError {
    let code = match service {
        Service::Ec2 => return ec2_violated(violations),
        Service::ElasticLoadBalancingV2 | Service::Iam | Service::Sts => "ValidationError",
        Service::Ecs | Service::CloudWatchLogs => "InvalidParameterException",
        Service::ServiceDiscovery => "InvalidInput",
        Service::AppMesh | Service::ApiGateway | Service::ApiGatewayV2 => "BadRequestException",
        Service::ServiceQuotas => "IllegalArgumentException",
    };
    let count = violations.len();
    let plural = if count == 1 { "" } else { "s" };
    let all: Vec<_> = violations.iter().map(ToString::to_string).collect();
    let all = all.join("; ");
    ApiError::new(code, format!("{count} validation error{plural} detected: {all}"))
}

/// EC2 names the first fault only.
fn ec2_violated(violations: &[Violation]) -> ApiError {
    let Some(Violation { path, value, limit }) = violations.first() else {
        return ApiError::bug("a refusal without a reason");
    };
    match limit {
        Limit::Required => ApiError::new(
            "MissingParameter",
            format!("The request must contain the parameter {path}"),
        ),
        Limit::MinValue(least) => ApiError::new(
            "InvalidParameterValue",
            format!(
                "Value ( {value} ) for parameter {path} is invalid. Expecting a value greater \
                 than {least}."
            ),
        ),
        _ => ec2_invalid(path, value),
    }
}

/// Writes `error` as `protocol` does. There is no model when the service is unknown.
pub(super) fn respond(
    protocol: Protocol,
    model: Option<&Model>,
    error: &ApiError,
    request_id: &str,
) -> Response<Bytes> {
    let shape = model.and_then(|model| model.error(&error.code));
    let status = status(protocol, shape, error);
    let (content_type, body) = match protocol {
        Protocol::Ec2Query => ("text/xml;charset=UTF-8", xml::ec2_error(error, request_id)),
        Protocol::AwsQuery => {
            let namespace = model.and_then(|model| model.xml_namespace.as_deref());
            ("text/xml", xml::query_error(error, status, namespace, request_id))
        }
        Protocol::AwsJson => ("application/x-amz-json-1.1", body(shape, error, true)),
        Protocol::RestJson => ("application/json", body(shape, error, false)),
    };
    let mut response = answer(status, content_type, request_id, body);
    let headers = response.headers_mut();
    if matches!(protocol, Protocol::AwsJson | Protocol::RestJson) {
        if let Ok(code) = HeaderValue::from_str(&error.code) {
            headers.insert("x-amzn-errortype", code);
        }
        for (name, value) in &error.fields {
            let member = shape.and_then(Shape::structure).and_then(|it| it.member(name));
            let Some(member) = member.filter(|it| it.location == Location::Header) else {
                continue;
            };
            let text = scalar::text(&Kind::String, TimestampFormat::Http, value);
            let name = HeaderName::try_from(member.wire.as_str());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&text)) {
                headers.insert(name, value);
            }
        }
    }
    if let Some(seconds) = error.retry_after {
        headers.insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// An answer with the headers that every service sends.
pub(super) fn answer(
    status: u16,
    content_type: &'static str,
    request_id: &str,
    body: Vec<u8>,
) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

fn body(shape: Option<&Shape>, error: &ApiError, typed: bool) -> Vec<u8> {
    let structure = shape.and_then(Shape::structure);
    // Cloud Map models `Message`, everyone else `message`.
    let message = match structure.and_then(|it| it.member("Message")) {
        Some(_) => "Message",
        None => "message",
    };
    let mut body = Map::new();
    for (name, value) in &error.fields {
        let member = structure.and_then(|it: &Structure| it.member(name));
        if member.is_none_or(|it| it.location == Location::Body) {
            let name = member.map_or(name, |it| &it.wire);
            body.insert(name.clone(), value.clone());
        }
    }
    if typed {
        body.insert("__type".to_owned(), Value::from(error.code.as_str()));
    }
    body.insert(message.to_owned(), Value::from(error.message.as_str()));
    json::text(&Value::Object(body))
}

fn status(protocol: Protocol, shape: Option<&Shape>, error: &ApiError) -> u16 {
    let fault = shape.and_then(|shape| shape.fault.as_ref());
    // What the models say of JSON 1.1's statuses does not hold: AWS answers with 400 or 500.
    let spoken = |status: &u16| protocol != Protocol::AwsJson || *status >= 500;
    let modelled = fault.and_then(|it| it.status.filter(spoken).or(it.server.then_some(500)));
    error.status.or(modelled).unwrap_or_else(|| customary(protocol, &error.code))
}

/// The status of codes that the models leave out, among them all of EC2's.
fn customary(protocol: Protocol, code: &str) -> u16 {
    match (protocol, code) {
        (_, "InternalError" | "InternalFailure" | "InternalServerError") => 500,
        (_, "InternalServerException" | "InternalServerErrorException") => 500,
        (_, "ServiceUnavailable" | "ServiceUnavailableException" | "Unavailable")
        | (Protocol::Ec2Query, "RequestLimitExceeded") => 503,
        (Protocol::Ec2Query, "AuthFailure") => 401,
        (_, "MissingAuthenticationToken" | "MissingAuthenticationTokenException") => 403,
        (_, "AccessDenied" | "UnauthorizedOperation" | "OptInRequired") => 403,
        (_, "InvalidClientTokenId" | "SignatureDoesNotMatch" | "ExpiredToken") => 403,
        (Protocol::RestJson, "AccessDeniedException" | "UnrecognizedClientException") => 403,
        (Protocol::RestJson, "ExpiredTokenException" | "InvalidSignatureException") => 403,
        (Protocol::RestJson, "UnknownOperationException") => 404,
        (Protocol::RestJson, "ThrottlingException") => 429,
        _ => 400,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(service: Service, error: &ApiError) -> (u16, String) {
        let model = service.model();
        let response = respond(model.protocol, Some(model), error, "req-1");
        assert_eq!(response.headers()["x-amzn-requestid"], "req-1");
        let body = String::from_utf8(response.body().to_vec()).expect("UTF-8");
        (response.status().as_u16(), body)
    }

    #[test]
    fn ec2_throttling_is_a_503() {
        let error = ApiError::new("RequestLimitExceeded", "Request limit exceeded.");
        let (status, body) = written(Service::Ec2, &error);
        assert_eq!(status, 503);
        assert_eq!(
            body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>\
             <Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message>\
             </Error></Errors><RequestID>req-1</RequestID></Response>"
        );
    }

    #[test]
    fn query_errors_say_whose_fault_it_is() {
        let error = ApiError::new("NoSuchEntity", "no <role>");
        let (status, body) = written(Service::Iam, &error);
        assert_eq!(status, 404);
        assert!(body.contains("<Type>Sender</Type><Code>NoSuchEntity</Code>"), "{body}");
        assert!(body.contains("<Message>no &lt;role&gt;</Message>"), "{body}");
    }

    #[test]
    fn cloud_map_errors_carry_their_fields() {
        let error = ApiError::new("NamespaceAlreadyExists", "taken")
            .field("NamespaceId", "ns-0123456789abcdef");
        let (status, body) = written(Service::ServiceDiscovery, &error);
        assert_eq!(status, 400);
        assert_eq!(
            body,
            r#"{"Message":"taken","NamespaceId":"ns-0123456789abcdef","__type":"NamespaceAlreadyExists"}"#
        );
    }

    #[test]
    fn json_services_refuse_with_400_whatever_their_models_say() {
        let error = ApiError::new("NamespaceNotFound", "none");
        assert_eq!(written(Service::ServiceDiscovery, &error).0, 400);
        let error = ApiError::new("NotFoundException", "none");
        assert_eq!(written(Service::AppMesh, &error).0, 404);
    }

    #[test]
    fn api_gateway_throttling_names_the_wait() {
        let mut error = ApiError::new("TooManyRequestsException", "slow down");
        error.retry_after = Some(2);
        let model = Service::ApiGateway.model();
        let response = respond(Protocol::RestJson, Some(model), &error, "req-1");
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["x-amzn-errortype"], "TooManyRequestsException");
        assert_eq!(response.body().as_ref(), br#"{"message":"slow down"}"#);
    }
}
