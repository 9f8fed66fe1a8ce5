//! Load balancers. There is no filter by tag: candidates are found by their derived names, then
//! asked for their tags.

pub mod attributes;
pub mod listener;
pub mod load_balancer;
pub mod tagging;
pub mod target_group;

#[cfg(test)]
mod tests;

use crate::resources::prelude::*;

/// How many ARNs one Describe operation takes.
const ARNS: usize = 20;

/// How many resources one page of a listing has.
const PAGE: i32 = 400;

/// The load balancers of a stack, in permissions.
const LOAD_BALANCERS: [&str; 2] = ["loadbalancer/app/{short}-*/*", "loadbalancer/net/{short}-*/*"];

/// Their listeners, in permissions.
const LISTENERS: [&str; 2] = ["listener/app/{short}-*/*/*", "listener/net/{short}-*/*/*"];

/// Whether a name may be one that was derived from the stack's name. Names longer than 32 characters
/// are cut to 24 and ended with a hash.
fn may_be_ours(cx: &Cx, name: Option<&str>) -> bool {
    let stack = &cx.scope().stack;
    let kept = stack.char_indices().nth(24).map_or(stack.len(), |(end, _)| end);
    name.is_some_and(|name| name.starts_with(&stack[..kept]))
}
