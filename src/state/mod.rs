//! What meshctl remembers of a stack: a journal of intents, its fold, and who holds it.
//!
//! AWS is the truth; this is a cache of it and a record of what was under way.

pub mod fold;
pub mod history;
pub mod journal;
pub mod lock;
pub mod store;

pub use fold::{Record, Settled, State};
pub use journal::Entry;
pub use lock::{Holder, Lease, Lock};
pub use store::{Store, StoreError};

/// The version of the format of journal and snapshot.
pub const VERSION: u32 = 1;
