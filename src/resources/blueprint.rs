//! Where blueprints declare resources: typed handles in and out, a graph at the end.

use super::{Handle, Resource, erased::Node};
use crate::{
    aws::Cx,
    model::{Address, Graph, Step},
};
use std::rc::Rc;

/// A graph under construction.
pub struct Blueprint {
    cx: Cx,
    nodes: Vec<(Address, Rc<dyn Step>)>,
}

impl Blueprint {
    /// An empty one.
    pub fn new(cx: &Cx) -> Self {
        Self { cx: cx.clone(), nodes: Vec::new() }
    }

    /// Adds a resource at an address and returns the handle that others need it by.
    pub fn declare<R: Resource>(&mut self, address: impl AsRef<str>, resource: R) -> Handle<R> {
        let address = Address::new(address);
        self.nodes.push((address.clone(), Rc::new(Node::new(&self.cx, resource))));
        Handle::new(address)
    }

    /// The account, the region, the stack's name.
    pub fn cx(&self) -> &Cx {
        &self.cx
    }

    /// The finished graph.
    pub fn finish(self) -> Graph {
        self.nodes.into_iter().collect()
    }
}
