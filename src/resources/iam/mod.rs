//! Roles. They live under the path `/meshctl/{stack}/`, by which a listing finds a stack's.

pub mod policy;
pub mod role;
mod role_reads;

#[cfg(test)]
mod tests;
