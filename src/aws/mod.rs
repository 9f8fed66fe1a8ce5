//! AWS as resources see it: clients, errors, tags, batched reads, and a record of every call.

pub mod batch;
pub mod calls;
pub mod classify;
pub mod clients;
pub mod cx;
pub mod error;
pub mod limits;
pub mod pace;
mod silence;
pub mod stacks;
pub mod tags;
pub mod transport;
pub mod vpc_links;

pub use batch::{Batch, Batches};
pub use calls::{CallCounts, CallLog};
pub use clients::{Clients, Endpoint};
pub use cx::{Caller, Cx, Scope};
pub use error::{Answered, OpResult, OrAbsent};
pub use silence::through_silence;
