//! Whether `docs/simulator-facts.md` names tests that there are, and all of these.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The tests of the page: the file below the repository, and the name.
fn named(page: &str) -> Vec<(String, String)> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.contains(".rs"));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit_once("| "));
    let mut all = Vec::new();
    for (_, cell) in cells {
        let mut file = String::new();
        for part in cell.split('`').skip(1).step_by(2) {
            match part.ends_with(".rs") {
                true => file = part.into(),
                false => all.push((file.clone(), part.into())),
            }
        }
    }
    all
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        match entry.path() {
            path if path.is_dir() => sources(&path, found),
            path => found.push(path),
        }
    }
}

#[test]
fn the_page_of_facts_names_tests_that_there_are_and_every_test_of_facts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/simulator-facts.md")).expect("the page");
    let named = named(&page);
    assert!(named.len() > 80, "the page's tables are read: {}", named.len());
    for (file, test) in &named {
        let text = fs::read_to_string(root.join(file)).unwrap_or_default();
        assert!(text.contains(&format!("fn {test}(")), "{file} has no test {test}");
    }
    let named: BTreeSet<&str> = named.iter().map(|(_, test)| &**test).collect();
    let mut files = Vec::new();
    sources(&root.join("src/simulator/facts"), &mut files);
    for file in files.iter().filter(|file| !file.ends_with("page.rs")) {
        let text = fs::read_to_string(file).expect("a source");
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                let name = lines.next().unwrap_or_default();
                let name = name.trim_start_matches("async ").trim_start_matches("fn ");
                let name = name.split('(').next().unwrap_or_default();
                assert!(named.contains(name), "{}: {name} is not on the page", file.display());
            }
        }
    }
}
