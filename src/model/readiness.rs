//! Whether a resource works yet.

/// A judgement over one description of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It works.
    Ready,
    /// Not yet; says what is being waited for, in AWS's words.
    Waiting(String),
    /// It never will; says why, in AWS's words.
    Failed(String),
}
