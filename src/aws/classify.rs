//! What AWS's codes mean for the next step: the only table of them.
//!
//! Codes are from AWS's service models. A message decides only where one code means several things.

use crate::model::Class;

/// The codes with which AWS's services refuse a call for its rate.
pub const THROTTLING: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];

/// Codes that mean one thing.
const CODES: &[(Class, &[&str])] = &[
    (Class::Throttled, THROTTLING),
    (
        Class::Transient,
        &[
            "InternalError",
            "InternalFailure",
            "InternalServerError",
            "InternalServerErrorException",
            "ServiceFailure",
            "ServerException",
            "ServiceUnavailable",
            "ServiceUnavailableException",
            "Unavailable",
            "RequestTimeout",
            "RequestTimeoutException",
        ],
    ),
    (
        Class::Denied,
        &[
            "AccessDenied",
            "AccessDeniedException",
            "UnauthorizedOperation",
            "UnauthorizedException",
            "ForbiddenException",
            "OptInRequired",
            "SubscriptionRequiredException",
            "PendingVerification",
            "BlockedException",
        ],
    ),
    (
        Class::Credentials,
        &[
            "ExpiredToken",
            "ExpiredTokenException",
            "RequestExpired",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "SignatureDoesNotMatch",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "InvalidSignatureException",
            "RequestTimeTooSkewed",
            "RequestInTheFuture",
        ],
    ),
    (
        Class::Missing,
        &[
            "NoSuchEntity",
            "NotFoundException",
            "ResourceNotFoundException",
            "NamespaceNotFound",
            "NamespaceNotFoundException",
            "ServiceNotFound",
            "InstanceNotFound",
            "OperationNotFound",
            "LoadBalancerNotFound",
            "TargetGroupNotFound",
            "ListenerNotFound",
            "RuleNotFound",
            "SubnetNotFound",
            "ClusterNotFoundException",
            "ServiceNotFoundException",
            "ServiceNotActiveException",
            "NatGatewayNotFound",
            "Gateway.NotAttached",
        ],
    ),
    (
        Class::Exists,
        &[
            "EntityAlreadyExists",
            "ResourceAlreadyExistsException",
            "NamespaceAlreadyExists",
            "ServiceAlreadyExists",
            "DuplicateRequest",
            // A client token that stands for another request.
            "IdempotentParameterMismatch",
            "DuplicateLoadBalancerName",
            "DuplicateTargetGroupName",
            "DuplicateListener",
            "InvalidGroup.Duplicate",
            "InvalidPermission.Duplicate",
            "InvalidSubnet.Conflict",
            "RouteAlreadyExists",
            "Resource.AlreadyAssociated",
        ],
    ),
    (
        Class::Busy,
        &[
            "DependencyViolation",
            "InvalidIPAddress.InUse",
            "InvalidGroup.InUse",
            "ResourceInUse",
            "ResourceInUseException",
            "DeleteConflict",
        ],
    ),
    (
        Class::NotYet,
        &[
            "ConcurrentModification",
            "EntityTemporarilyUnmodifiable",
            "OperationAbortedException",
            "UpdateInProgressException",
            "IncorrectState",
            // Of an ID that we just made: load balancing sees it a little later.
            "InvalidSubnet",
            "InvalidSecurityGroup",
        ],
    ),
    (Class::Quota, &["LimitExceeded", "LimitExceededException", "ResourceLimitExceeded"]),
];

/// Codes that mean several things, told apart by a part of AWS's own text. The first that fits
/// decides; an empty part fits everything.
const TEXTS: &[(&str, &str, Class)] = &[
    ("AuthFailure", "validate the provided access credentials", Class::Credentials),
    ("ConflictException", "concurrent modification", Class::NotYet),
    ("ConflictException", "", Class::Exists),
    // An endpoint's predecessor is still going.
    ("InvalidParameter", "conflicting DNS domain", Class::NotYet),
    ("OperationNotPermitted", "associated with another service", Class::Busy),
    // What was just made is not known everywhere at once.
    ("BadRequestException", "Invalid subnet ID", Class::NotYet),
    ("BadRequestException", "Invalid security group ID", Class::NotYet),
    ("BadRequestException", "is referenced in", Class::Busy),
    ("BadRequestException", "Active stages pointing", Class::Busy),
    ("BadRequestException", "required permissions configured", Class::NotYet),
    ("BadRequestException", "could not successfully write to CloudWatch Logs", Class::NotYet),
    ("BadRequestException", "must be set in account settings", Class::NotYet),
    ("InvalidParameterException", "not idempotent", Class::Exists),
    ("InvalidParameterException", "still Draining", Class::NotYet),
    ("InvalidParameterException", "Unable to assume the service linked role", Class::NotYet),
    ("InvalidParameterException", "does not have an associated load balancer", Class::NotYet),
    ("InvalidParameterException", "Error retrieving", Class::NotYet),
    ("InvalidParameterException", "is not associated with the cluster", Class::NotYet),
    ("InvalidParameterException", "TaskDefinition not found", Class::Missing),
    ("InvalidParameterException", "The service registry", Class::Missing),
    ("InvalidParameterException", "target group does not exist", Class::Missing),
    ("ClientException", "Cluster was not ACTIVE", Class::NotYet),
    // A role that we just made.
    ("ClientException", "Role is not valid", Class::NotYet),
    ("ClientException", "Unable to describe task definition", Class::Missing),
    ("ClientException", "Unable to find task definition", Class::Missing),
    ("ClientException", "TaskDefinition is inactive", Class::Missing),
    ("MalformedPolicyDocument", "Invalid principal", Class::NotYet),
    // A VPC that we just made.
    ("ValidationError", "The VPC ID", Class::NotYet),
];

/// What an error of AWS means. `operation` is the IAM action, `status` the HTTP status.
pub fn classify(operation: &str, code: &str, message: &str, status: u16) -> Class {
    if is_closed(operation, code, message, status) {
        return Class::Closed;
    }
    if let Some((class, _)) = CODES.iter().find(|(_, codes)| codes.contains(&code)) {
        return *class;
    }
    let told = TEXTS.iter().find(|(of, part, _)| *of == code && message.contains(part));
    if let Some((_, _, class)) = told {
        return *class;
    }
    if code == "AuthFailure" && operation == "ec2:ReleaseAddress" {
        // The address of a NAT gateway that is going away.
        Class::Busy
    } else if code.ends_with(".NotFound") {
        Class::Missing
    } else if code.ends_with("LimitExceeded") || code.starts_with("TooMany") {
        Class::Quota
    } else if code.starts_with("ClusterContains") {
        Class::Busy
    } else if status == 429 {
        Class::Throttled
    } else if is_open(code, status) {
        Class::Transient
    } else {
        Class::Invalid
    }
}

/// Whether it is not known what became of the call: AWS failed, what stands in between gave up, or a
/// success cannot be read. 501 is not of AWS: the simulator says so of what it does not have.
fn is_open(code: &str, status: u16) -> bool {
    let is_failure = status >= 500 && status != 501 || status == 408;
    is_failure || code.is_empty() && (200..300).contains(&status)
}

/// Whether this is how a service that AWS has ended keeps everybody out, as App Mesh since 30
/// September 2026. What exactly it answers is not published; a caller who lacks a permission is told
/// so in words.
fn is_closed(operation: &str, code: &str, message: &str, status: u16) -> bool {
    const CODES: [&str; 5] = [
        "ForbiddenException",
        "AccessDeniedException",
        "OptInRequired",
        "SubscriptionRequiredException",
        "UnknownOperationException",
    ];
    let personal = message.contains("authorized to perform") || message.contains("permission");
    operation.starts_with("appmesh:") && !personal && (CODES.contains(&code) || status == 410)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_code_of_several_meanings_is_told_apart_by_awss_text() {
        let class = |code, message| classify("x:Y", code, message, 400);
        assert_eq!(class("ConflictException", "Stage already exists"), Class::Exists);
        let busy = "Unable to complete operation due to concurrent modification. Please try again";
        assert_eq!(class("ConflictException", busy), Class::NotYet);
        assert_eq!(class("InvalidVpcID.NotFound", ""), Class::Missing);
        assert_eq!(class("AddressLimitExceeded", ""), Class::Quota);
        let registry = "The service registry arn:aws:servicediscovery:x does not exist.";
        assert_eq!(class("InvalidParameterException", registry), Class::Missing);
        assert_eq!(class("SomethingNew", ""), Class::Invalid);
        for (code, status) in [("SomethingNew", 503), ("", 502), ("", 504), ("", 408), ("", 200)] {
            assert_eq!(classify("x:Y", code, "", status), Class::Transient, "{status}");
        }
        assert_eq!(classify("x:Y", "", "", 403), Class::Invalid);
    }

    #[test]
    fn an_account_without_app_mesh_is_told_apart_from_a_caller_without_permission() {
        let class = |operation, message| classify(operation, "AccessDeniedException", message, 403);
        let denied = "User: u is not authorized to perform: appmesh:ListMeshes";
        assert_eq!(class("appmesh:ListMeshes", denied), Class::Denied);
        assert_eq!(class("appmesh:ListMeshes", "The service has ended"), Class::Closed);
        assert_eq!(class("ecs:ListClusters", "The service has ended"), Class::Denied);
    }
}
