//! Names, derived from the stack's, so that what exists can be found again by name alone.

use crate::{aws::Scope, model::name::fit_apart as fit};

/// Load balancers and target groups: 32 letters.
pub(super) fn balancing(scope: &Scope, rest: &str) -> String {
    fit(&format!("{}-{rest}", scope.stack), 32)
}

/// What all names of load balancers and target groups begin with, before a hyphen: longer ones are cut
/// to 24 letters and ended with a hash.
pub(super) fn short(scope: &Scope) -> &str {
    let kept = scope.stack.char_indices().nth(24).map_or(scope.stack.len(), |(end, _)| end);
    scope.stack[..kept].trim_end_matches('-')
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
