//! Ownership tags in the shape that each service wants.

use crate::model::{Address, Found, Tags, tags};
use aws_sdk_ec2::types as ec2;

/// What a tag of any service says.
pub trait AnyTag {
    /// Key and value.
    fn pair(&self) -> (Option<&str>, Option<&str>);
}

macro_rules! any_tag {
    ($($tag:ty: |$it:ident| $pair:expr;)+) => {
        $(impl AnyTag for $tag {
            fn pair(&self) -> (Option<&str>, Option<&str>) {
                let $it = self;
                $pair
            }
        })+
    };
}

any_tag! {
    ec2::Tag: |tag| (tag.key(), tag.value());
    aws_sdk_ecs::types::Tag: |tag| (tag.key(), tag.value());
    aws_sdk_elasticloadbalancingv2::types::Tag: |tag| (tag.key(), tag.value());
    aws_sdk_appmesh::types::TagRef: |tag| (Some(tag.key()), Some(tag.value()));
    aws_sdk_iam::types::Tag: |tag| (Some(tag.key()), Some(tag.value()));
    aws_sdk_servicediscovery::types::Tag: |tag| (Some(tag.key()), Some(tag.value()));
}

/// A service's list of tags as ours.
pub fn tags_of<T: AnyTag>(list: &[T]) -> Tags {
    let pairs = list.iter().filter_map(|tag| match tag.pair() {
        (Some(key), value) => Some((key.to_owned(), value.unwrap_or_default().to_owned())),
        (None, _) => None,
    });
    pairs.collect()
}

/// A map of tags, where a service gives one.
pub fn tags_in(map: Option<&std::collections::HashMap<String, String>>) -> Tags {
    map.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// What the tags say of a thing, if it belongs to this stack and is a node of it.
pub fn owned<Out>(stack: &str, tags: Tags, out: Out) -> Option<Found<Out>> {
    if tags.get(tags::STACK).is_none_or(|owner| owner != stack) {
        return None;
    }
    let address = Address::new(tags.get(tags::ADDRESS)?);
    let token = tags.get(tags::TOKEN).cloned();
    Some(Found { address, token, out, rank: 0, tags, on: Vec::new() })
}
