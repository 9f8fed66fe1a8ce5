//! The journal's meaning: what is on record of every node. Pure; loading is also checking.

use super::{VERSION, journal::Entry};
use crate::model::{Address, ByAddress, Edges, Fingerprint, Identity, Tags};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{borrow::Cow, collections::BTreeMap, rc::Rc};

/// Everything on record of a stack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The stack's name.
    pub stack: String,
    /// The account; empty before the first run.
    pub account: String,
    /// The region; empty before the first run.
    pub region: String,
    /// What is on record, by address. Shared with whoever looks while nothing is written.
    #[serde(with = "sorted")]
    pub records: Rc<ByAddress<Record>>,
    /// Choices that must not change by themselves.
    pub choices: BTreeMap<String, Value>,
}

/// What is on record of one node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its kind.
    pub kind: Cow<'static, str>,
    /// The token of a creating call whose outcome is not on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// Its identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// What it stands on.
    #[serde(default, skip_serializing_if = "Edges::is_empty")]
    pub edges: Edges,
    /// How it was when it was last as wished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
    /// Earlier ones that are to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<Identity>,
}

/// How a resource was when it was last as wished.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settled {
    /// A fingerprint of the wish; none while it is being changed.
    #[serde(default, with = "empty")]
    pub wish: Option<Fingerprint>,
    /// What AWS changes with every change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The tags that it carried.
    #[serde(default)]
    pub tags: Tags,
}

/// An entry that cannot follow what is on record.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Illegal {
    /// Written by another version of meshctl.
    #[error("it has format {0}, and this meshctl reads format {VERSION}")]
    Version(u32),
    /// Of another stack.
    #[error("it is of stack \"{0}\"")]
    Stack(String),
    /// Of another account or region.
    #[error("it is of account {0}, {1}")]
    Place(String, String),
    /// Entries are missing before it.
    #[error("it is entry {1}, and entry {0} should stand here: something is missing")]
    Gap(u64, u64),
    /// Of a node that is not on record.
    #[error("{0} is not on record")]
    Unknown(Address),
    /// Its serial number is the largest there is.
    #[error("its serial number is the largest there is, so no entry can follow")]
    Last,
}

impl State {
    /// Nothing on record.
    pub fn of(stack: &str) -> Self {
        Self { stack: stack.into(), ..Self::default() }
    }

    /// Takes in one entry: the only place that says what may follow what.
    ///
    /// # Errors
    /// When the entry cannot follow what is on record; the state is then unchanged.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Illegal> {
        match entry {
            Entry::Opened { version, stack, account, region } => {
                if *version != VERSION {
                    return Err(Illegal::Version(*version));
                }
                if *stack != self.stack {
                    return Err(Illegal::Stack(stack.clone()));
                }
                let here = (account, region) == (&self.account, &self.region);
                if !self.account.is_empty() && !here {
                    return Err(Illegal::Place(self.account.clone(), self.region.clone()));
                }
                self.account.clone_from(account);
                self.region.clone_from(region);
            }
            Entry::Started { address, kind, token } => {
                let record = self.record(address);
                record.kind.clone_from(kind);
                record.started = Some(token.clone());
            }
            Entry::Abandoned { address } => {
                self.less(address, |record| record.started = None)?;
            }
            Entry::Created { address, kind, identity, edges } => {
                let record = self.record(address);
                record.kind.clone_from(kind);
                record.started = None;
                record.settled = None;
                // One that was to go is wished for again.
                record.retired.retain(|retired| retired != identity);
                record.identity = Some(identity.clone());
                record.edges.clone_from(edges);
            }
            Entry::Settled { address, wish, mark, tags } => {
                let settled = Settled { wish: Some(*wish), mark: mark.clone(), tags: tags.clone() };
                self.known(address)?.settled = Some(settled);
            }
            Entry::Unsettled { address } => {
                if let Some(settled) = &mut self.known(address)?.settled {
                    settled.wish = None;
                }
            }
            Entry::Retired { address } => {
                let record = self.known(address)?;
                record.settled = None;
                record.retired.extend(record.identity.take());
            }
            Entry::Surplus { address, kind, identity } => {
                let record = self.record(address);
                if record.kind.is_empty() {
                    record.kind.clone_from(kind);
                }
                let known = record.identity.as_ref() == Some(identity);
                if !known && !record.retired.contains(identity) {
                    record.retired.push(identity.clone());
                }
            }
            Entry::Deleted { address, identity } => {
                self.less(address, |record| {
                    if record.identity.as_ref() == Some(identity) {
                        record.identity = None;
                        record.settled = None;
                    } else {
                        record.retired.retain(|retired| retired != identity);
                    }
                })?;
            }
            Entry::Chosen { key, value } => {
                if value.is_null() {
                    self.choices.remove(key);
                } else {
                    self.choices.insert(key.clone(), value.clone());
                }
            }
        }
        Ok(())
    }

    fn record(&mut self, address: &Address) -> &mut Record {
        Rc::make_mut(&mut self.records).entry(address.clone()).or_default()
    }

    fn known(&mut self, address: &Address) -> Result<&mut Record, Illegal> {
        Rc::make_mut(&mut self.records)
            .get_mut(address)
            .ok_or_else(|| Illegal::Unknown(address.clone()))
    }

    /// Takes something off a node's record, and the record away when nothing is left on it.
    fn less(&mut self, address: &Address, take: impl FnOnce(&mut Record)) -> Result<(), Illegal> {
        let records = Rc::make_mut(&mut self.records);
        let (at, _, record) =
            records.get_full_mut(address).ok_or_else(|| Illegal::Unknown(address.clone()))?;
        take(record);
        if record.identity.is_none() && record.started.is_none() && record.retired.is_empty() {
            records.swap_remove_index(at);
        }
        Ok(())
    }
}

/// In a snapshot, no fingerprint is an empty text.
mod empty {
    use super::Fingerprint;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(one: &Option<Fingerprint>, to: S) -> Result<S::Ok, S::Error> {
        one.map(String::from).unwrap_or_default().serialize(to)
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Option<Fingerprint>, D::Error> {
        let text = String::deserialize(from)?;
        if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
    }
}

/// Records in a snapshot: sorted by address, for those who read or compare it.
mod sorted {
    use super::{Address, ByAddress, Record};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::{collections::BTreeMap, rc::Rc};

    pub fn serialize<S: Serializer>(
        records: &Rc<ByAddress<Record>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        records.iter().collect::<BTreeMap<_, _>>().serialize(to)
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(
        from: D,
    ) -> Result<Rc<ByAddress<Record>>, D::Error> {
        let records = BTreeMap::<Address, Record>::deserialize(from)?;
        Ok(Rc::new(records.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn created(address: &Address, identity: &str) -> Entry {
        let (address, kind, identity) = (address.clone(), "K".into(), json!(identity).into());
        Entry::Created { address, kind, identity, edges: Edges::default() }
    }

    #[test]
    fn a_replaced_resource_stays_on_record_until_it_is_deleted() {
        let (mut state, address) = (State::of("s"), Address::new("a"));
        state.apply(&created(&address, "old")).unwrap();
        state.apply(&Entry::Retired { address: address.clone() }).unwrap();
        state.apply(&created(&address, "new")).unwrap();
        assert_eq!(state.records[&address].retired, [Identity::from(json!("old"))]);
        let gone =
            |id: &str| Entry::Deleted { address: address.clone(), identity: json!(id).into() };
        state.apply(&gone("old")).unwrap();
        assert_eq!(state.records[&address].identity, Some(json!("new").into()));
        state.apply(&gone("new")).unwrap();
        assert!(state.records.is_empty());
    }

    #[test]
    fn a_retired_resource_that_is_wished_for_again_is_not_to_go() {
        let (mut state, address) = (State::of("s"), Address::new("a"));
        state.apply(&created(&address, "old")).unwrap();
        state.apply(&Entry::Retired { address: address.clone() }).unwrap();
        state.apply(&created(&address, "old")).unwrap();
        assert_eq!(state.records[&address].identity, Some(json!("old").into()));
        assert!(state.records[&address].retired.is_empty());
    }

    #[test]
    fn another_stack_or_account_is_refused() {
        let opened = |stack: &str, account: &str| Entry::Opened {
            version: VERSION,
            stack: stack.into(),
            account: account.into(),
            region: "r".into(),
        };
        let mut state = State::of("s");
        state.apply(&opened("s", "1")).unwrap();
        assert_eq!(state.apply(&opened("t", "1")), Err(Illegal::Stack("t".into())));
        assert_eq!(state.apply(&opened("s", "2")), Err(Illegal::Place("1".into(), "r".into())));
        assert_eq!(state.account, "1");
    }
}
