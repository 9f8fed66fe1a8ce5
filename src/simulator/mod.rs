//! An AWS account in memory, under the real SDK clients: requests and answers pass through AWS's
//! own serialisers, so resource code cannot tell it from AWS.

pub mod account;
pub mod agenda;
pub mod apigateway;
pub mod apigatewayv2;
pub mod appmesh;
pub mod authorizer;
pub mod calls;
pub mod clock;
pub mod cloudwatchlogs;
pub mod connector;
#[cfg(test)]
mod documentation;
pub mod ec2;
pub mod ecs;
pub mod elasticloadbalancingv2;
#[cfg(test)]
mod facts;
pub mod faults;
pub mod fields;
pub mod iam;
pub mod inventory;
pub mod latency;
pub mod quotas;
pub mod rates;
pub mod serve;
pub mod servicediscovery;
pub mod servicequotas;
pub mod store;
pub mod sts;
pub mod table;
pub mod wire;

pub use account::{Account, Answer};
pub use calls::SeenCall;
pub use connector::Simulator;
pub use faults::{Fault, Moment, Rule, When};
pub use inventory::{Inventory, Item};
pub use quotas::Quotas;

/// What a simulated account is told at its birth.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Draws latencies, IDs and lags; the same seed gives the same account.
    pub seed: u64,
    /// Seconds of AWS's time in one second of the process's clock.
    pub speed: f64,
    /// No latency at all: every state settles at once.
    pub instant: bool,
    /// No lag of writes: what is made is seen at once, and a new role can be assumed at once.
    pub consistent: bool,
    /// When the account's time begins, in milliseconds since 1970; one that is kept goes on where it
    /// stopped. Always the same unless told otherwise, so that a seed repeats an account to the second;
    /// `clock::today` is what people expect.
    pub begins_at: account::Millis,
    /// An account that AWS has shut out of App Mesh, as it does with all since 30 September 2026. It
    /// stays so.
    pub without_app_mesh: bool,
    /// Whether calls that come too fast are throttled, as AWS does. Off unless asked for: most tests
    /// are about something else.
    pub rates: bool,
    /// Limits other than those that the account has already.
    pub quotas: Option<Quotas>,
    /// The twelve digits.
    pub account_id: String,
    /// Where the account is kept between processes; `None` keeps it in memory.
    pub directory: Option<std::path::PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            speed: 1.0,
            instant: false,
            consistent: false,
            begins_at: 1_700_000_000_000,
            without_app_mesh: false,
            rates: false,
            quotas: None,
            account_id: "000000000000".into(),
            directory: None,
        }
    }
}
