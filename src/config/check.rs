//! Rules that a well-formed file must also keep: AWS's limits, and what must agree across fields.
//!
//! A rule is silent about keys that already have a fault, because it would judge their defaults.

mod api;
mod mesh;
mod names;
mod network;
mod services;
mod tasks;

pub use mesh::Conflict;
pub(super) use mesh::service_connect;
pub use names::{region_fault, stack_fault};

use super::{Config, findings::Findings};

/// Adds whatever else is wrong with a configuration to what its reader found.
pub(super) fn check(config: &Config, findings: &mut Findings) {
    names::check(config, findings);
    network::check(&config.network, findings);
    services::check(config, findings);
    tasks::check(config, findings);
    api::check(&config.api, findings);
    mesh::check(config, findings);
    services::public(&config.services, findings);
}

/// Whether a name is of small letters, digits, and inner hyphens, beginning with a letter: what all
/// of AWS's names can hold.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}
