//! Who may do what: an account can be told the only actions that its caller may use, and on which
//! resources. Everything else is refused as each service does, and what was used is remembered.
//!
//! The conditions of a policy are not judged, nor resources that a call does not name: EC2's and
//! Cloud Map's, whose limits are tags.

mod besides;
mod resource;

use super::{
    account::Account,
    faults::matches,
    wire::{ApiError, Call, Service},
};
use std::collections::BTreeSet;

/// An action by its name in IAM policies, and resources: an ARN in which `*` stands for any text.
pub type Allowed = (String, String);

/// The only actions that may be used, and those that were.
#[derive(Clone, Debug, Default)]
pub struct Authorizer {
    allowed: BTreeSet<Allowed>,
    used: BTreeSet<String>,
}

/// One action that a call needs, and the resources that it needs it on, as far as it names them.
struct Needed {
    action: String,
    resources: Vec<String>,
}

impl Authorizer {
    /// Allows these.
    pub fn allowing(allowed: impl IntoIterator<Item = Allowed>) -> Self {
        Self { allowed: allowed.into_iter().collect(), used: BTreeSet::new() }
    }

    /// The actions that were allowed and used.
    pub fn used(&self) -> &BTreeSet<String> {
        &self.used
    }

    /// Refuses a call for the first action that it needs and that is not allowed.
    pub fn judge(&mut self, account: &Account, call: &Call) -> Result<(), ApiError> {
        let needed = needed(account, call);
        for Needed { action, resources } in &needed {
            let of_action: Vec<_> = self.allowed.iter().filter(|(it, _)| it == action).collect();
            let fits = |resource: &str| of_action.iter().any(|(_, on)| matches(on, resource));
            let barred = resources.iter().find(|resource| !fits(resource));
            if of_action.is_empty() || barred.is_some() {
                return Err(denied(account, call.service, action, barred));
            }
        }
        self.used.extend(needed.into_iter().map(|needed| needed.action));
        Ok(())
    }
}

/// The actions that a call needs: its own, and those that AWS asks for besides.
fn needed(account: &Account, call: &Call) -> Vec<Needed> {
    let own = match call.service {
        // Whoever is signed in may ask who that is.
        Service::Sts => None,
        Service::ApiGateway | Service::ApiGatewayV2 => {
            call.place().map(|(method, _)| format!("apigateway:{method}"))
        }
        _ => Some(format!("{}:{}", call.service.prefix(), call.operation)),
    };
    let mut needed: Vec<Needed> = own
        .map(|action| Needed { action, resources: resource::named(account, call) })
        .into_iter()
        .collect();
    needed.extend(besides::needed(account, call));
    needed
}

/// A service's own refusal of what no policy allows.
fn denied(account: &Account, service: Service, action: &str, on: Option<&String>) -> ApiError {
    let (code, status) = match service {
        Service::Ec2 => ("UnauthorizedOperation", 403),
        Service::ElasticLoadBalancingV2 | Service::Iam | Service::Sts => ("AccessDenied", 403),
        Service::Ecs
        | Service::CloudWatchLogs
        | Service::ServiceDiscovery
        | Service::ServiceQuotas => ("AccessDeniedException", 400),
        Service::AppMesh | Service::ApiGateway | Service::ApiGatewayV2 => {
            ("AccessDeniedException", 403)
        }
    };
    let on = on.map(|arn| format!(" on resource: {arn}")).unwrap_or_default();
    let message = format!(
        "User: arn:aws:iam::{}:user/local is not authorized to perform: {action}{on} because no \
         identity-based policy allows the {action} action",
        account.id
    );
    ApiError::new(code, message).status(status)
}
