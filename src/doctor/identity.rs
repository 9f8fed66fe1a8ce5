//! Who is asking, and where.

use crate::{aws::Scope, config::Config, model::Check};

/// Says it. That the account is not one of the allowed ones is refused before any check.
pub fn judge(scope: &Scope, config: Option<&Config>) -> Check {
    let allowed = config.map(|config| config.allowed_accounts.as_slice()).unwrap_or_default();
    let guard = match allowed {
        [] => "allowed_accounts admits every account",
        _ => "allowed_accounts admits it",
    };
    let (identity, region) = (&scope.caller, &scope.region);
    let what = format!("{} in account {}, {region}; {guard}", identity.arn, identity.account);
    Check::ok("identity", what)
}
