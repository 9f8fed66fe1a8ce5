//! Permissions that several services' kinds need.

use crate::model::Permission;

/// To give a service one of the stack's roles. AWS asks for it where a call names a role.
pub(super) fn pass_role(service: &str) -> Permission {
    let passes = Permission::make("iam:PassRole").on(&["role/meshctl/{stack}/*"]);
    passes.when("iam:PassedToService", service)
}

/// To let a service make its own role in the account. AWS asks for it at the first of certain calls
/// of an account, and never again.
pub(super) fn service_linked_role(service: &str) -> Permission {
    let made = Permission::make("iam:CreateServiceLinkedRole").on(&["role/aws-service-role/*"]);
    made.when("iam:AWSServiceName", service)
}
