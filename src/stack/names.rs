//! Names, derived from the stack's, so that what exists can be found again by name alone.

use crate::{aws::Scope, model::name::fit};

/// Load balancers and target groups: 32 letters.
pub(super) fn balancing(scope: &Scope, rest: &str) -> String {
    fit(&format!("{}-{rest}", scope.stack), 32)
}

/// Roles: 64 letters, one name space for all regions of the account.
pub(super) fn role(scope: &Scope, rest: &str) -> String {
    fit(&format!("{}-{}-{rest}", scope.stack, scope.region), 64)
}

/// Clusters, task definitions, services, security groups: 255 letters.
pub(super) fn long(scope: &Scope, rest: &str) -> String {
    fit(&format!("{}-{rest}", scope.stack), 255)
}

/// Log groups: a folder of the stack's own.
pub(super) fn log_group(scope: &Scope, rest: &str) -> String {
    format!("/meshctl/{}/{rest}", scope.stack)
}
