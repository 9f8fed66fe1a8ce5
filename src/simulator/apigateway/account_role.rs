//! The account's role for logs.

use super::{
    bad_request, outside,
    patch::{self, Holds},
};
use crate::simulator::{
    account::{Account, Answer},
    wire::Call,
};
use serde_json::json;

/// `GetAccount`.
pub fn get(account: &Account) -> Answer {
    Ok(json!({
        "cloudwatchRoleArn": account.apigateway.role,
        "throttleSettings": { "burstLimit": 5000, "rateLimit": 10_000.0 },
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    }))
}

/// `UpdateAccount`: API Gateway tries the role at once.
pub fn update(account: &mut Account, call: &Call) -> Answer {
    let mut settings = json!({ "cloudwatchRoleArn": account.apigateway.role });
    let steps = patch::steps(&call.input);
    patch::apply(&mut settings, &steps, &[("/cloudwatchRoleArn", Holds::Text)])?;
    let role = settings["cloudwatchRoleArn"].as_str().map(String::from);
    if let Some(arn) =
        role.as_deref().filter(|arn| account.apigateway.role.as_deref() != Some(*arn))
    {
        if !outside::role_trusts_apigateway(account, arn) {
            return Err(bad_request(
                "The role ARN does not have required permissions configured. Please grant trust \
                 permission for API Gateway and add the required role policy.",
            ));
        }
        if !outside::role_writes_logs(account, arn) {
            let message = "API Gateway could not successfully write to CloudWatch Logs using the \
                           ARN specified";
            return Err(bad_request(message));
        }
    }
    account.apigateway.role = role;
    get(account)
}
