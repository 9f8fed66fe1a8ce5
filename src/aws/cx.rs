//! What every method of a resource is handed.

use super::{Answered, Batches, Clients, OpResult, tags};
use crate::model::{Address, Clock, Depth, Found, Result, Tags, tags as keys};
use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use std::{ops::Deref, rc::Rc};

/// Whose account it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Twelve digits.
    pub account: String,
    /// Who asks, for messages.
    pub arn: String,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
}

/// What belongs to the stack: names and tags are derived from this.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The stack's name.
    pub stack: String,
    /// The region.
    pub region: String,
    /// The account.
    pub caller: Caller,
    /// The user's own tags.
    pub tags: Tags,
}

/// Clients, the stack's identity, and which node is at work.
#[derive(Clone)]
pub struct Cx {
    clients: Clients,
    batches: Batches,
    scope: Rc<Scope>,
    clock: Clock,
    depth: Depth,
    node: Option<Rc<Node>>,
}

struct Node {
    address: Address,
    token: String,
}

impl Deref for Cx {
    type Target = Clients;

    fn deref(&self) -> &Clients {
        &self.clients
    }
}

impl Cx {
    /// For work on a stack.
    pub fn new(clients: Clients, scope: Scope, clock: Clock) -> Self {
        Self {
            clients,
            batches: Batches::default(),
            scope: Rc::new(scope),
            clock,
            depth: Depth::Full,
            node: None,
        }
    }

    /// For a creating call of one node, marked with its token.
    pub fn creating(&self, address: &Address, token: &str) -> Self {
        let node = Node { address: address.clone(), token: token.into() };
        Self { node: Some(Rc::new(node)), ..self.clone() }
    }

    /// For a read of this depth.
    pub fn at_depth(&self, depth: Depth) -> Self {
        Self { depth, ..self.clone() }
    }

    /// The stack's name, the account, the region.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// AWS's time, for the rare wait inside one call's work.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Whether to read also the settings that AWS shows only one resource at a time.
    pub fn with_settings(&self) -> bool {
        self.depth >= Depth::Settings
    }

    /// Whether to read also the tags that need a call of their own.
    pub fn with_tags(&self) -> bool {
        self.depth >= Depth::Tagged
    }

    /// Whether to look also at what goes through it (targets, instances, tasks), and at what others
    /// have added to it.
    pub fn with_traffic(&self) -> bool {
        self.depth == Depth::Full
    }

    /// Whether to read also what others may have added to it: of what a call has made just now they know
    /// nothing yet.
    pub fn with_extras(&self) -> bool {
        matches!(self.depth, Depth::Listed | Depth::Full)
    }

    pub(super) fn batches(&self) -> &Batches {
        &self.batches
    }

    /// A client token for the creating call: the journalled nonce, so that a repeated call is the
    /// same call. At most 36 characters, the least that any service allows.
    pub fn token(&self) -> &str {
        self.node.as_ref().map_or("", |node| &node.token)
    }

    /// All tags for the creating call.
    pub fn tags(&self) -> Tags {
        match &self.node {
            Some(node) => {
                let mut tags = tags_at(&self.scope, &node.address);
                tags.insert(keys::TOKEN.into(), node.token.clone());
                tags
            }
            None => Tags::new(),
        }
    }

    /// All tags for an EC2 creating call.
    pub fn tags_for(&self, kind: ResourceType) -> TagSpecification {
        let tags = self.tags().into_iter().map(|(k, v)| Tag::builder().key(k).value(v).build());
        TagSpecification::builder().resource_type(kind).set_tags(Some(tags.collect())).build()
    }

    /// EC2's filter for what belongs to the stack.
    pub fn stack_filter(&self) -> Filter {
        let name = format!("tag:{}", keys::STACK);
        Filter::builder().name(name).values(&self.scope.stack).build()
    }

    /// What the tags say of a thing, if it belongs to this stack.
    pub fn owned<Out>(&self, tags: Tags, out: Out) -> Option<Found<Out>> {
        tags::owned(&self.scope.stack, tags, out)
    }
}

/// The tags of a node, without the token of a particular call.
pub fn tags_at(scope: &Scope, address: &Address) -> Tags {
    let mut tags = scope.tags.clone();
    tags.insert(keys::NAME.into(), format!("{}/{address}", scope.stack));
    tags.insert(keys::STACK.into(), scope.stack.clone());
    tags.insert(keys::ADDRESS.into(), address.to_string());
    tags
}

/// Asks AWS who is calling: the first call of every command.
///
/// # Errors
/// When there are no usable credentials, or no AWS to ask.
pub async fn caller(clients: &Clients) -> Result<Caller> {
    const OP: &str = "sts:GetCallerIdentity";
    let caller = clients.sts().get_caller_identity().send().await.op(OP)?;
    let arn = caller.arn().answered(OP, "Arn")?.to_owned();
    let account = caller.account().answered(OP, "Account")?.to_owned();
    let partition = arn.split(':').nth(1).unwrap_or("aws").to_owned();
    Ok(Caller { account, arn, partition })
}
