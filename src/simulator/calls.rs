//! The calls that the account has seen.

use super::account::Millis;
use serde::Serialize;

/// One call, as it was answered.
#[derive(Clone, Debug, Serialize)]
pub struct SeenCall {
    /// When, in the account's time.
    pub at: Millis,
    /// The IAM action, such as `ec2:CreateVpc`.
    pub operation: String,
    /// The answer's status; 0 when the request or the answer was lost.
    pub status: u16,
}
