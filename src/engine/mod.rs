//! The engine: one thread, one loop, nodes that start as soon as what they need has been reached.
//!
//! It knows steps, not AWS: [`crate::model::Step`] brings its own clients.

mod build;
pub mod ensure;
pub mod event;
pub mod forecast;
pub mod foreign;
pub mod interrupt;
mod look;
pub mod outcome;
pub mod proof;
pub mod queue;
pub mod removal;
pub mod retry;
pub mod run;
pub mod survey;
pub mod work;

pub use event::{Event, Events, Phase};
pub use forecast::forecast;
pub use interrupt::Interrupt;
pub use outcome::{Counts, Failure, Outcome};
pub use run::Engine;
pub use survey::{Action, Finding, Survey};
