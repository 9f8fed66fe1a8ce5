//! Requests that reach no operation: in which form their sender reads a refusal, and how they are
//! called in the list of calls.

use super::{ApiError, Protocol, Service, error, route, xml};
use bytes::Bytes;
use http::{Request, Response};

/// The services whose answers are XML though their requests are no forms, by the names that they sign
/// with (botocore's `rest-xml`).
const REST_XML: [&str; 2] = ["cloudfront", "route53"];
/// Those of them that write errors as S3 does.
const S3: [&str; 4] = ["s3", "s3-object-lambda", "s3-outposts", "s3express"];
/// The longest name of a call, in bytes: strangers may send anything.
const LONGEST: usize = 120;

/// A form that a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Of a protocol that a simulated service speaks.
    Of(Protocol),
    /// S3's own XML.
    S3,
    /// XML as Route 53 and CloudFront send it.
    RestXml,
    /// `rpc-v2-cbor`, which newer clients of some services speak.
    Cbor,
}

fn form(request: &Request<Bytes>) -> Form {
    if request.headers().contains_key("smithy-protocol") {
        return Form::Cbor;
    }
    match route::credential(request) {
        Ok(credential) if S3.contains(&&*credential.service) => Form::S3,
        Ok(credential) if REST_XML.contains(&&*credential.service) => Form::RestXml,
        _ => Form::Of(route::guess(request)),
    }
}

/// Refuses a request in a form that its sender can read.
pub(super) fn refuse(
    request: &Request<Bytes>,
    error: &ApiError,
    request_id: &str,
) -> Response<Bytes> {
    let status = error.status.unwrap_or(400);
    match form(request) {
        Form::Of(protocol) => error::respond(protocol, None, error, request_id),
        Form::S3 => {
            let body = xml::s3_error(error, request_id);
            error::answer(status, "application/xml", request_id, body)
        }
        Form::RestXml => {
            let body = xml::query_error(error, status, None, request_id);
            error::answer(status, "text/xml", request_id, body)
        }
        Form::Cbor => {
            let body = cbor([("__type", &error.code), ("message", &error.message)]);
            let mut response = error::answer(status, "application/cbor", request_id, body);
            let version = http::HeaderValue::from_static("rpc-v2-cbor");
            response.headers_mut().insert("smithy-protocol", version);
            response
        }
    }
}

/// A map of two texts (RFC 8949: major type 5, and major type 3 with a length of four bytes).
fn cbor(texts: [(&str, &str); 2]) -> Vec<u8> {
    let mut out = vec![0xa2];
    for text in texts.iter().flat_map(|(name, value)| [name, value]) {
        out.push(0x7a);
        out.extend_from_slice(&(text.len() as u32).to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    }
    out
}

/// Whether a request reads JSON, in which codes end in `Exception`.
pub(super) fn reads_json(request: &Request<Bytes>) -> bool {
    matches!(form(request), Form::Of(Protocol::AwsJson | Protocol::RestJson) | Form::Cbor)
}

/// The service that a request is signed for has no place here.
pub(super) fn unknown_service(request: &Request<Bytes>, service: &str) -> ApiError {
    let known = Service::ALL.map(Service::prefix).join(", ");
    let asked = asked(request);
    let message =
        format!("the simulator does not have {asked}: no service {service}; it has {known}");
    ApiError::new("NotImplemented", message).status(501)
}

/// What a request asks for, as far as it says so: `s3:GET /bucket`, `dynamodb:ListTables`.
pub fn asked(request: &Request<Bytes>) -> String {
    let credential = route::credential(request);
    let service = credential.as_ref().map_or("unsigned", |it| &it.service);
    let headers = request.headers();
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let form = [request.uri().query().unwrap_or_default().as_bytes(), request.body()];
    let mut words = form.into_iter().flat_map(|text| text.split(|byte| *byte == b'&'));
    let action = words.find_map(|word| std::str::from_utf8(word.strip_prefix(b"Action=")?).ok());
    let path = request.uri().path();
    let rpc = headers.contains_key("smithy-protocol").then(|| path.rsplit('/').next()).flatten();
    let target = target.and_then(|target| target.rsplit('.').next()).or(rpc);
    let what = match (target, action) {
        (Some(name), _) | (None, Some(name)) => name.to_owned(),
        (None, None) => format!("{} {path}", request.method()),
    };
    let mut asked = format!("{service}:{what}");
    if asked.len() > LONGEST {
        asked.truncate(asked.floor_char_boundary(LONGEST));
        asked.push('…');
    }
    asked
}
