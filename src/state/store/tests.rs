//! The state on disk through cuts, gaps and refusals.

use super::*;
use crate::model::{Address, Edges, Fingerprint};
use serde_json::json;

fn started(name: &str) -> Entry {
    let (address, kind, token) = (Address::new(name), "K".into(), "t".into());
    Entry::Started { address, kind, token }
}

#[test]
fn a_torn_last_line_is_cut_off_and_the_rest_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path(), "s").unwrap();
    for name in ["a", "b"] {
        store.append(started(name)).unwrap();
    }
    let path = directory.path().join("journal.jsonl");
    let whole = fs::read(&path).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in first..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let mut torn = Store::open(directory.path(), "s").unwrap();
        assert_eq!(torn.state().records.len(), 1, "cut at byte {cut}");
        torn.append(started("c")).unwrap();
        assert_eq!(Store::read(directory.path(), "s").unwrap().state(), torn.state());
    }
}

#[test]
fn a_crash_between_snapshot_and_truncation_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path(), "s").unwrap();
    store.append(started("a")).unwrap();
    let gone = Entry::Abandoned { address: Address::new("a") };
    store.append(gone).unwrap();
    store.append(Entry::Chosen { key: "k".into(), value: json!(1) }).unwrap();
    let path = directory.path().join("journal.jsonl");
    let journal = fs::read(&path).unwrap();
    store.compact().unwrap();
    fs::write(&path, journal).unwrap();
    assert_eq!(Store::read(directory.path(), "s").unwrap().state(), store.state());
}

#[test]
fn a_damaged_line_names_its_place() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("journal.jsonl"), "{}\n{}\n").unwrap();
    let error = Store::open(directory.path(), "s").unwrap_err().to_string();
    assert!(error.contains("journal.jsonl, line 1: not an entry"), "{error}");
}

/// A journal with a bit of everything, and its states after each line.
fn eventful(directory: &Path) -> (Vec<u8>, Vec<State>) {
    let mut store = Store::open(directory, "s").unwrap();
    let mut states = vec![store.state().clone()];
    let address = Address::new("a");
    let created = |identity: &str| Entry::Created {
        address: address.clone(),
        kind: "K".into(),
        identity: json!(identity).into(),
        edges: Edges::default(),
    };
    let opened = Entry::Opened {
        version: VERSION,
        stack: "s".into(),
        account: "1".into(),
        region: "r".into(),
    };
    let settled = Entry::Settled {
        address: address.clone(),
        wish: Fingerprint::of("w", []),
        mark: None,
        tags: crate::model::Tags::new(),
    };
    let retired = Entry::Retired { address: address.clone() };
    let deleted = Entry::Deleted { address: address.clone(), identity: json!("one").into() };
    let entries = [opened, started("a"), created("one"), settled, retired, created("two"), deleted];
    for entry in entries {
        store.append(entry).unwrap();
        states.push(store.state().clone());
    }
    (fs::read(directory.join("journal.jsonl")).unwrap(), states)
}

#[test]
fn a_journal_cut_at_any_byte_is_the_state_of_its_whole_lines() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, states) = eventful(directory.path());
    let path = directory.path().join("journal.jsonl");
    for cut in 0..=journal.len() {
        fs::write(&path, &journal[..cut]).unwrap();
        let lines = journal[..cut].iter().filter(|byte| **byte == b'\n').count();
        let store = Store::open(directory.path(), "s").unwrap();
        assert_eq!(*store.state(), states[lines], "cut at byte {cut}");
    }
}

#[test]
fn a_snapshot_cut_at_any_byte_is_refused_and_never_half_believed() {
    let directory = tempfile::tempdir().unwrap();
    eventful(directory.path());
    Store::open(directory.path(), "s").unwrap().compact().unwrap();
    let path = directory.path().join("snapshot.json");
    let snapshot = fs::read(&path).unwrap();
    for cut in 0..snapshot.len() {
        fs::write(&path, &snapshot[..cut]).unwrap();
        let error = Store::open(directory.path(), "s").unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "cut at byte {cut}: {error}");
    }
}

#[test]
fn missing_lines_are_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, _) = eventful(directory.path());
    let path = directory.path().join("journal.jsonl");
    let lines: Vec<&[u8]> = journal.split_inclusive(|byte| *byte == b'\n').collect();
    for missing in 0..lines.len() - 1 {
        let rest: Vec<&[u8]> = [&lines[..missing], &lines[missing + 1..]].concat();
        fs::write(&path, rest.concat()).unwrap();
        let error = Store::open(directory.path(), "s").unwrap_err().to_string();
        let gap = format!("entry {} should stand here", missing + 1);
        assert!(error.contains(&gap), "without line {}: {error}", missing + 1);
    }
    // The snapshot is lost, and the journal that follows it is there.
    fs::write(&path, &journal).unwrap();
    let mut store = Store::open(directory.path(), "s").unwrap();
    store.compact().unwrap();
    store.append(started("b")).unwrap();
    fs::remove_file(directory.path().join("snapshot.json")).unwrap();
    assert!(Store::open(directory.path(), "s").is_err());
}

#[test]
fn another_version_and_another_stack_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, _) = eventful(directory.path());
    let error = Store::open(directory.path(), "t").unwrap_err().to_string();
    assert!(error.contains("it is of stack \"s\""), "{error}");
    let newer = String::from_utf8(journal).unwrap().replace("\"version\":1", "\"version\":9");
    fs::write(directory.path().join("journal.jsonl"), newer).unwrap();
    let error = Store::open(directory.path(), "s").unwrap_err().to_string();
    assert!(error.contains("format 9, and this meshctl reads format 1"), "{error}");
}

#[test]
fn a_snapshot_of_another_version_or_of_another_stack_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    eventful(directory.path());
    Store::open(directory.path(), "s").unwrap().compact().unwrap();
    let error = Store::open(directory.path(), "t").unwrap_err().to_string();
    assert!(error.contains("it is of stack \"s\""), "{error}");
    let path = directory.path().join("snapshot.json");
    let newer = fs::read_to_string(&path).unwrap().replacen("\"version\": 1", "\"version\": 9", 1);
    fs::write(&path, newer).unwrap();
    let error = Store::open(directory.path(), "s").unwrap_err().to_string();
    assert!(error.contains("format 9, and this meshctl reads format 1"), "{error}");
}

#[test]
fn after_a_full_disk_nothing_is_written_behind_half_a_line() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, states) = eventful(directory.path());
    let mut store = Store::open(directory.path(), "s").unwrap();
    let real = store.journal.replace(OpenOptions::new().write(true).open("/dev/full").unwrap());
    assert!(matches!(store.append(started("b")).unwrap_err(), StoreError::File { .. }));
    // There is room again, and still nothing may follow what is missing.
    store.journal = real;
    assert!(matches!(store.append(started("c")).unwrap_err(), StoreError::Broken { .. }));
    assert!(matches!(store.compact().unwrap_err(), StoreError::Broken { .. }));
    assert_eq!(fs::read(directory.path().join("journal.jsonl")).unwrap(), journal);
    let store = Store::open(directory.path(), "s").unwrap();
    assert_eq!(Some(store.state()), states.last());
}

#[test]
fn what_is_set_aside_twice_under_one_ending_is_kept_twice() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let mut all = Vec::new();
    for turn in ["first", "second", "third"] {
        fs::write(path("journal.jsonl"), format!("journal of the {turn}")).unwrap();
        if turn != "second" {
            fs::write(path("snapshot.json"), format!("snapshot of the {turn}")).unwrap();
        }
        all.extend(set_aside(directory.path(), "now").unwrap());
    }
    let mut kept: Vec<String> = all.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    kept.sort();
    let journals = ["first", "second", "third"].map(|turn| format!("journal of the {turn}"));
    let snapshots = ["first", "third"].map(|turn| format!("snapshot of the {turn}"));
    assert_eq!(kept, [&journals[..], &snapshots[..]].concat());
}

#[test]
fn what_is_set_aside_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, _) = eventful(directory.path());
    let moved = set_aside(directory.path(), "old").unwrap();
    assert_eq!(moved, [directory.path().join("journal.jsonl.old")]);
    assert_eq!(fs::read(&moved[0]).unwrap(), journal);
    assert!(Store::open(directory.path(), "s").unwrap().state().records.is_empty());
}
