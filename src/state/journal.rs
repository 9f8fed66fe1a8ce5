//! One line per event, written before anyone relies on it.

use crate::model::{Address, Edges, Fingerprint, Identity, Tags};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

/// Something that happened, or is about to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// Whose state this is; the first entry.
    Opened {
        /// The format.
        version: u32,
        /// The stack's name.
        stack: String,
        /// The account.
        account: String,
        /// The region.
        region: String,
    },
    /// A creating call is about to be made.
    Started {
        /// The node.
        address: Address,
        /// Its kind.
        kind: Cow<'static, str>,
        /// The nonce that the call carries, as a tag or a client token.
        token: String,
    },
    /// The creating call was refused for good: nothing came of it.
    Abandoned {
        /// The node.
        address: Address,
    },
    /// It has an identity.
    Created {
        /// The node.
        address: Address,
        /// Its kind.
        kind: Cow<'static, str>,
        /// IDs and ARNs.
        identity: Identity,
        /// What it stands on: the order of its removal.
        edges: Edges,
    },
    /// It is as wished, and ready.
    Settled {
        /// The node.
        address: Address,
        /// A fingerprint of the wish.
        wish: Fingerprint,
        /// What AWS changes with every change, where it has such a thing.
        mark: Option<String>,
        /// The tags that it carries.
        tags: Tags,
    },
    /// It is about to be changed.
    Unsettled {
        /// The node.
        address: Address,
    },
    /// Another takes its place; this one is to be removed.
    Retired {
        /// The node.
        address: Address,
    },
    /// Another one of the node was found, that nothing wishes for: it is to be removed.
    Surplus {
        /// The node.
        address: Address,
        /// Its kind.
        kind: Cow<'static, str>,
        /// Which one.
        identity: Identity,
    },
    /// It is gone: the current one, or the retired one of this identity.
    Deleted {
        /// The node.
        address: Address,
        /// Which one.
        identity: Identity,
    },
    /// A choice that must not change by itself, such as the Availability Zones.
    Chosen {
        /// Its name.
        key: String,
        /// What was chosen; null when the choice no longer stands.
        value: Value,
    },
}

/// An entry with its serial number, as a line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    /// Counts all entries of the state, also those that a snapshot has swallowed.
    pub serial: u64,
    /// What happened.
    #[serde(flatten)]
    pub entry: Entry,
}
