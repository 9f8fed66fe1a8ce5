//! The simulator's wire layer: HTTP requests in, calls inside, HTTP responses out, all as AWS.
//!
//! Calls and outputs are JSON values under the model's member names; what stands on the wire, in
//! which protocol and under which name, is settled here.

mod error;
mod json;
mod load;
mod model;
mod query;
mod rest_json;
mod route;
mod scalar;
mod stranger;
mod unbuilt;
mod validate;
mod xml;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Map, Value};

pub use error::ApiError;
pub use model::{Constraints, Kind, Member, Model, Operation, Protocol, Shape, ShapeId, Structure};
pub use stranger::asked;
pub use unbuilt::not_built;

use error::Fault;
use model::Segment;

/// AWS's own limits vary; none of our services takes more than this.
pub const LARGEST_BODY: usize = 10 * 1024 * 1024;
/// The deepest nesting of an input.
const DEEPEST: usize = 64;

/// What a client asked for, whatever the protocol.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    /// The service asked.
    pub service: Service,
    /// The operation, as in `CreateVpc`.
    pub operation: &'static str,
    /// The input under the model's member names, valid by the model.
    pub input: Value,
    /// The region that the request is signed for.
    pub region: String,
    /// The access key that it is signed with.
    pub access_key: String,
    /// The id that the answer carries.
    pub request_id: String,
}

impl Call {
    /// The HTTP method and the path of a REST operation; `None` in other protocols.
    pub fn place(&self) -> Option<(&'static str, String)> {
        let model = self.service.model();
        let route = model.routes.iter().find(|route| route.operation == self.operation)?;
        let input = model.operation(self.operation)?.input.map(|shape| model.shape(shape));
        let members = input.and_then(Shape::structure).map(|it| it.members.as_slice());
        let value = |label: &str| {
            let member = members.unwrap_or_default().iter().find(|it| it.wire == label)?;
            self.input.get(&member.name)?.as_str()
        };
        let parts = route.segments.iter().map(|segment| match segment {
            Segment::Literal(text) => text.as_str(),
            Segment::Label(label) | Segment::Greedy(label) => value(label).unwrap_or_default(),
        });
        Some((&route.method, parts.map(|part| format!("/{part}")).collect()))
    }
}

/// A service that the simulator speaks for.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
#[allow(missing_docs)]
pub enum Service {
    Ec2,
    ElasticLoadBalancingV2,
    Ecs,
    ServiceDiscovery,
    AppMesh,
    ApiGateway,
    ApiGatewayV2,
    Iam,
    CloudWatchLogs,
    ServiceQuotas,
    Sts,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 11] = [
        Self::Ec2,
        Self::ElasticLoadBalancingV2,
        Self::Ecs,
        Self::ServiceDiscovery,
        Self::AppMesh,
        Self::ApiGateway,
        Self::ApiGatewayV2,
        Self::Iam,
        Self::CloudWatchLogs,
        Self::ServiceQuotas,
        Self::Sts,
    ];

    /// What stands before the colon where operations are named. Requests are signed for the same name,
    /// but for those of API Gateway V2, which signs as API Gateway does.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::ElasticLoadBalancingV2 => "elasticloadbalancing",
            Self::Ecs => "ecs",
            Self::ServiceDiscovery => "servicediscovery",
            Self::AppMesh => "appmesh",
            Self::ApiGateway => "apigateway",
            Self::ApiGatewayV2 => "apigatewayv2",
            Self::Iam => "iam",
            Self::CloudWatchLogs => "logs",
            Self::ServiceQuotas => "servicequotas",
            Self::Sts => "sts",
        }
    }

    /// The file of its model, by the name of the Rust SDK's crate.
    fn file(self) -> &'static str {
        match self {
            Self::ElasticLoadBalancingV2 => "elasticloadbalancingv2",
            Self::CloudWatchLogs => "cloudwatchlogs",
            other => other.prefix(),
        }
    }

    /// The service with this prefix.
    pub fn from_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.prefix() == prefix)
    }

    /// The service of a request that is signed for a name. The two versions of API Gateway share
    /// theirs; the path tells them apart.
    fn signed_for(name: &str, path: &str) -> Option<Self> {
        match Self::from_prefix(name)? {
            Self::ApiGateway if path.starts_with("/v2/") => Some(Self::ApiGatewayV2),
            service => Some(service),
        }
    }

    /// The service's model, parsed when first asked for.
    pub fn model(self) -> &'static Model {
        macro_rules! parsed {
            ($file:literal) => {{
                static MODEL: LazyLock<Model> = LazyLock::new(|| {
                    Model::parse(include_str!(concat!("../models/", $file)))
                        .expect("the models in the repository are what generate.py writes")
                });
                &MODEL
            }};
        }
        match self {
            Self::Ec2 => parsed!("ec2.json"),
            Self::ElasticLoadBalancingV2 => parsed!("elasticloadbalancingv2.json"),
            Self::Ecs => parsed!("ecs.json"),
            Self::ServiceDiscovery => parsed!("servicediscovery.json"),
            Self::AppMesh => parsed!("appmesh.json"),
            Self::ApiGateway => parsed!("apigateway.json"),
            Self::ApiGatewayV2 => parsed!("apigatewayv2.json"),
            Self::Iam => parsed!("iam.json"),
            Self::CloudWatchLogs => parsed!("cloudwatchlogs.json"),
            Self::ServiceQuotas => parsed!("servicequotas.json"),
            Self::Sts => parsed!("sts.json"),
        }
    }
}

/// Refuses a request before anyone has looked for its operation, in a form that its sender can read.
/// Where that is JSON the code ends in `Exception`.
pub fn refuse(request: &Request<Bytes>, mut error: ApiError, request_id: &str) -> Response<Bytes> {
    if stranger::reads_json(request) {
        error.code.push_str("Exception");
    }
    stranger::refuse(request, &error, request_id)
}

/// Reads a request. A refusal is already written in the protocol's own form.
pub fn decode(request: &Request<Bytes>, request_id: String) -> Result<Call, Box<Response<Bytes>>> {
    let unknown = |error: ApiError| Box::new(stranger::refuse(request, &error, &request_id));
    if request.body().len() > LARGEST_BODY {
        let message = format!("The body is longer than {LARGEST_BODY} bytes");
        return Err(unknown(ApiError::new("RequestEntityTooLarge", message).status(413)));
    }
    let credential = route::credential(request)
        .map_err(|error| Box::new(refuse(request, error, &request_id)))?;
    let service = Service::signed_for(&credential.service, request.uri().path())
        .ok_or_else(|| unknown(stranger::unknown_service(request, &credential.service)))?;
    let model = service.model();
    let (operation, input) = read(service, request).map_err(|error| {
        Box::new(error::respond(model.protocol, Some(model), &error, &request_id))
    })?;
    Ok(Call {
        service,
        operation: &operation.name,
        input,
        region: credential.region,
        access_key: credential.access_key,
        request_id,
    })
}

fn read(
    service: Service,
    request: &Request<Bytes>,
) -> Result<(&'static Operation, Value), ApiError> {
    let model = service.model();
    let refuse = |fault: Fault| fault.into_error(service);
    let nothing = || Value::Object(Map::new());
    let body = request.body();
    let (operation, input) = match model.protocol {
        Protocol::Ec2Query | Protocol::AwsQuery => {
            let address = request.uri().query().unwrap_or_default();
            let form = query::form(address, body).map_err(refuse)?;
            let operation = route::by_form(service, &form)?;
            let input = match operation.input {
                Some(shape) => query::decode(model, shape, &form),
                None => query::decode_nothing(model, &form),
            };
            (operation, input.map_err(refuse)?)
        }
        Protocol::AwsJson => {
            let operation = route::by_target(service, request.headers())?;
            let members = json::object(body).map_err(refuse)?;
            let input = operation.input.map(|shape| json::decode(model, shape, members));
            (operation, input.transpose().map_err(refuse)?.map_or_else(nothing, Value::Object))
        }
        Protocol::RestJson => {
            let found = route::by_path(service, request)?;
            let operation = found.operation;
            let input = operation
                .input
                .map(|shape| rest_json::decode(model, shape, &found, request.headers(), body));
            (operation, input.transpose().map_err(refuse)?.unwrap_or_else(nothing))
        }
    };
    if let Some(shape) = operation.input {
        let violations = validate::input(model, shape, &input);
        if !violations.is_empty() {
            return Err(refuse(Fault::Violations(violations)));
        }
    }
    Ok((operation, input))
}

/// Writes the answer to `call`. An output that contradicts the model is a bug of the simulator and
/// becomes a 500 `InternalFailure` that says where.
pub fn encode(call: &Call, output: Result<&Value, &ApiError>) -> Response<Bytes> {
    let model = call.service.model();
    let written = match output {
        Ok(output) => write(model, call, output),
        Err(error) => Ok(error::respond(model.protocol, Some(model), error, &call.request_id)),
    };
    written.unwrap_or_else(|why| {
        let action = format!("{}:{}", call.service.prefix(), call.operation);
        let bug = ApiError::bug(format!("{action}: {why}"));
        error::respond(model.protocol, Some(model), &bug, &call.request_id)
    })
}

fn write(model: &Model, call: &Call, output: &Value) -> Result<Response<Bytes>, String> {
    let operation = model.operation(call.operation).ok_or("no such operation")?;
    let empty = Value::Object(Map::new());
    let output = if output.is_null() { &empty } else { output };
    match operation.output {
        Some(shape) => validate::output(model, shape, output)?,
        None if output.as_object().is_some_and(Map::is_empty) => {}
        None => return Err(format!("{} answers nothing, not {output}", call.operation)),
    }
    let id = call.request_id.as_str();
    Ok(match model.protocol {
        Protocol::Ec2Query => {
            let body = xml::answer(model, operation, output, id);
            error::answer(operation.status, "text/xml;charset=UTF-8", id, body)
        }
        Protocol::AwsQuery => {
            let body = xml::answer(model, operation, output, id);
            error::answer(operation.status, "text/xml", id, body)
        }
        Protocol::AwsJson => {
            // A call without an output shape answers with no body at all.
            let body = operation.output.map(|shape| json::encode(model, shape, output));
            let body = body.unwrap_or_default();
            error::answer(operation.status, "application/x-amz-json-1.1", id, body)
        }
        Protocol::RestJson => rest_json::answer(model, operation, output, id),
    })
}
