//! Whether the account has room for what is to be made: looks at it before the first change, in a
//! handful of calls that are all made at once.
//!
//! [`facts`] asks AWS, [`registry`] asks where images are; every other file is one check, a function of facts and plan that asks nothing.

pub mod cidrs;
pub mod clock;
pub mod facts;
pub mod identity;
pub mod images;
pub mod limits;
pub mod mesh;
pub mod names;
pub mod permissions;
pub mod plan;
pub mod quotas;
pub mod registry;
pub mod service_roles;
pub mod zones;

pub use facts::{Asked, Facts, own_permissions};
pub use images::Images;
pub use plan::{Plan, Wanted};
pub use registry::Registries;

use crate::{aws::Cx, model::Check};
use futures_util::join;

/// Looks at all that the plan needs. A plan that makes nothing costs no call.
pub async fn examine(cx: &Cx, plan: &Plan, images: &Images) -> Vec<Check> {
    let pulled = async {
        match images {
            Images::Skipped(why) => vec![images::skipped(why)],
            Images::At(registries) => images::judge(&images::ask(plan, registries).await),
        }
    };
    let (facts, pulled) = join!(Facts::ask(cx, plan), pulled);
    let mut checks = vec![clock::judge(cx.log().skew())];
    checks.extend(mesh::judge(plan, &facts));
    checks.extend(names::judge(plan, &facts));
    checks.extend(cidrs::judge(plan, &facts));
    checks.extend(quotas::judge(plan, &facts));
    checks.extend(permissions::judge(plan, &facts));
    checks.extend(service_roles::judge(cx.scope(), plan, &facts));
    checks.extend(pulled);
    checks
}
