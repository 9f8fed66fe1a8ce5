//! The services' own words for what faults do to calls.

use crate::simulator::wire::{ApiError, Service};

/// A service's own refusal for the rate of calls.
pub(in crate::simulator) fn throttled(service: Service) -> ApiError {
    let (code, status) = match service {
        Service::Ec2 => ("RequestLimitExceeded", 503),
        Service::ElasticLoadBalancingV2 | Service::Iam | Service::Sts => ("Throttling", 400),
        Service::Ecs | Service::CloudWatchLogs => ("ThrottlingException", 400),
        Service::ServiceDiscovery => ("RequestLimitExceeded", 400),
        Service::AppMesh | Service::ApiGateway | Service::ApiGatewayV2 => {
            ("TooManyRequestsException", 429)
        }
        Service::ServiceQuotas => ("TooManyRequestsException", 400),
    };
    let message = match service {
        Service::Ec2 => "Request limit exceeded.",
        _ => "Rate exceeded",
    };
    ApiError::new(code, message).status(status)
}

/// A service's own internal error.
pub(in crate::simulator) fn internal(service: Service) -> ApiError {
    let code = match service {
        Service::Ec2 => "InternalError",
        Service::Iam => "ServiceFailure",
        Service::Ecs => "ServerException",
        Service::CloudWatchLogs | Service::ApiGateway => "ServiceUnavailableException",
        Service::AppMesh => "InternalServerErrorException",
        Service::ServiceQuotas => "ServiceException",
        _ => "InternalFailure",
    };
    ApiError::new(code, "An internal error has occurred").status(500)
}

/// A service's own answer when it cannot be had.
pub(in crate::simulator) fn unavailable(service: Service) -> ApiError {
    let code = match service {
        Service::Ec2 => "Unavailable",
        Service::AppMesh | Service::ApiGateway | Service::CloudWatchLogs => {
            "ServiceUnavailableException"
        }
        _ => "ServiceUnavailable",
    };
    ApiError::new(code, "The service is unavailable. Please try again shortly.").status(503)
}

/// A service's own refusal of credentials whose time is over.
pub(in crate::simulator) fn expired(service: Service) -> ApiError {
    let (code, status) = match service {
        Service::Ec2 => ("RequestExpired", 400),
        Service::ElasticLoadBalancingV2 | Service::Iam | Service::Sts => ("ExpiredToken", 403),
        Service::Ecs
        | Service::CloudWatchLogs
        | Service::ServiceDiscovery
        | Service::ServiceQuotas => ("ExpiredTokenException", 400),
        Service::AppMesh | Service::ApiGateway | Service::ApiGatewayV2 => {
            ("ExpiredTokenException", 403)
        }
    };
    let message = match service {
        Service::Ec2 => "Request has expired.",
        _ => "The security token included in the request is expired",
    };
    ApiError::new(code, message).status(status)
}
