//! Log groups. Their names begin with `/meshctl/{stack}/`, by which a listing finds a stack's.

pub mod log_group;

#[cfg(test)]
mod tests;
