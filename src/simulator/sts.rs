//! STS: who is calling.

use super::{
    account::{Account, Answer, not_built},
    wire::Call,
};
use serde_json::json;

/// Does one operation.
pub fn call(account: &mut Account, call: &Call) -> Answer {
    match call.operation {
        "GetCallerIdentity" => Ok(json!({
            "Account": account.id,
            "Arn": format!("arn:aws:iam::{}:user/local", account.id),
            "UserId": "AIDALOCALLOCALLOCALLO",
        })),
        _ => Err(not_built(call)),
    }
}
