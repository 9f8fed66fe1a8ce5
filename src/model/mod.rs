//! The vocabulary of the house: no AWS, no I/O.

pub mod address;
pub mod check;
pub mod clock;
pub mod critical_path;
pub mod dag;
pub mod drift;
pub mod error;
pub mod fingerprint;
pub mod graph;
pub mod identities;
pub mod kind;
pub mod milestone;
pub mod name;
pub mod permission;
pub mod readiness;
pub mod run;
pub mod step;
pub mod tags;
pub mod token;

pub use address::{Address, ByAddress, Hashed};
pub use check::{Check, Verdict};
pub use clock::Clock;
pub use critical_path::{CriticalPath, Leg, Span};
pub use dag::Dag;
pub use drift::{Change, Drift, Fix};
pub use error::{Class, Error, Result};
pub use fingerprint::Fingerprint;
pub use graph::Graph;
pub use identities::{Identities, Identity};
pub use kind::{Kind, Replacement, Times};
pub use milestone::{Edge, Edges, Milestone};
pub use permission::{Need, Permission};
pub use readiness::Readiness;
pub use run::{Estimates, Part, Run};
pub use step::{Depth, Found, KindOps, Live, Registry, Step};
pub use tags::Tags;
