//! The proof at the end of `down`: one listing by tag and derived name, over every kind.

use super::{
    survey::{Extra, census},
    work::Work,
};
use crate::model::{Address, Registry, Result};
use std::collections::BTreeSet;

/// Everything of the stack that is still there, but for what stays on purpose.
///
/// # Errors
/// When a listing is refused: then nothing is proved.
pub async fn left(
    work: &Work,
    registry: &Registry,
    kept: &BTreeSet<Address>,
) -> Result<Vec<Extra>> {
    let mut left = Vec::new();
    for (kind, found) in census(work, registry.iter()).await? {
        let Some(kind) = registry.get(kind) else { continue };
        for found in found.into_iter().filter(|found| !kept.contains(&found.address)) {
            left.push(Extra::found(kind, found));
        }
    }
    Ok(left)
}
