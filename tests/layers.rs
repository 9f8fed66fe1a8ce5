//! The layering of the house: reads the sources and holds who may import whom, where the SDK is
//! named, how long a file gets, and that no file lies about unused.

use regex::Regex;
use std::{
    collections::BTreeSet,
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// Each layer and what it may import; nothing else, and no layer that is not here.
const LAYERS: &[(&str, &[&str])] = &[
    (
        "cli",
        &[
            "aws",
            "config",
            "disk",
            "doctor",
            "engine",
            "model",
            "report",
            "resources",
            "simulator",
            "stack",
            "state",
        ],
    ),
    ("doctor", &["aws", "config", "model", "stack"]),
    ("stack", &["aws", "config", "model", "resources"]),
    ("resources", &["aws", "model"]),
    ("aws", &["model"]),
    ("engine", &["model", "state"]),
    ("report", &["engine::event", "model"]),
    ("state", &["disk", "model"]),
    ("config", &["model"]),
    ("model", &[]),
    ("disk", &[]),
    ("simulator", &["aws::calls", "disk", "model"]),
];
/// Where the SDK's crates may be named.
const SPEAK_TO_AWS: &[&str] = &["aws", "doctor", "resources", "simulator"];
/// A file that grows beyond this is split by noun.
const LONGEST: usize = 450;

/// Patterns of what the reader looks for. The reader needs no more of Rust than this.
macro_rules! pattern {
    ($($name:ident = $pattern:expr;)+) => {
        $(static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($pattern).expect("a pattern"));)+
    };
}

pattern! {
    SDK = r"\baws_sdk_\w+";
    MOD_LINE = r"(#\[cfg\(test\)\]\s*)?(?:pub(?:\([^)]*\))?\s+)?\bmod\s+(\w+)\s*;";
    MOD_BLOCK = r"\bmod\s+(\w+)\s*\{";
    TEST_BLOCK = r"#\[cfg\(test\)\]\s*(?:pub\s+)?mod\s+\w+\s*\{";
    USE = r"\buse\s+([^;]+);";
    PUB_USE = r"\bpub\s+use\s+([^;]+);";
    TREE_TOKEN = r"\w+|[{},*]";
    PATH = r"\b(?:crate|super|self|meshctl)(?:::\w+)+";
    LITERAL = concat!(
        r"(?s)//[^\n]*|/\*.*?\*/",
        r###"|\bb?r"[^"]*"|\bb?r#".*?"#|\bb?r##".*?"##"###,
        r#"|b?"(?:\\.|[^"\\])*""#,
        r"|b?'(?:\\[^u]|\\u\{\w+\}|[^'\\])'",
    );
}

#[test]
fn imports_point_one_way() {
    let sources = Sources::read();
    let mut broken = Vec::new();
    for file in sources.files.iter().filter(|file| !file.test) {
        for (line, path) in file.paths() {
            let path = sources.resolved(path);
            let Some(to) = path.first() else { continue };
            let from = file.layer();
            if from == to || (from.is_empty() && ["cli", ""].contains(&to.as_str())) {
                continue;
            }
            let allowed = LAYERS.iter().find(|(layer, _)| *layer == from).map(|(_, may)| *may);
            let target = path.join("::");
            let fits = |may: &str| target == may || target.starts_with(&format!("{may}::"));
            if !allowed.unwrap_or_default().iter().any(|may| fits(may)) {
                let rule = match allowed {
                    Some([]) => format!("{from} imports no other layer"),
                    Some(may) => format!("{from} imports only {}", may.join(", ")),
                    None if from.is_empty() => "main.rs imports only cli".to_owned(),
                    None => format!("tests/layers.rs has no rule for the layer {from}"),
                };
                broken.push(format!("{}:{line}: imports {target}, but {rule}", file.name));
            }
        }
    }
    assert!(broken.is_empty(), "imports against the layering:\n{}", broken.join("\n"));
}

#[test]
fn the_sdk_is_named_only_where_aws_is_spoken_to() {
    let sources = Sources::read();
    let mut broken = Vec::new();
    for file in sources.files.iter().filter(|file| !SPEAK_TO_AWS.contains(&file.layer())) {
        for found in SDK.find_iter(&file.code) {
            let (name, line, krate) = (&file.name, file.line(found.start()), found.as_str());
            let rule = format!("SDK crates are named only in {}", SPEAK_TO_AWS.join(", "));
            broken.push(format!("{name}:{line}: names {krate}, but {rule}"));
        }
    }
    assert!(broken.is_empty(), "the SDK where it does not belong:\n{}", broken.join("\n"));
}

/// Where the wall's clock may be read, which anybody can set: in words for people, for the end of a
/// stack, and to compare it with AWS's. Whatever waits or decides counts seconds that have passed.
const TELL_THE_TIME: [&str; 5] = [
    "src/aws/calls.rs",
    "src/cli/adopt.rs",
    "src/cli/reap.rs",
    "src/cli/session.rs",
    "src/state/lock.rs",
];

#[test]
fn nothing_waits_by_a_clock_that_can_jump() {
    let of_the_client = |file: &&File| !file.name.starts_with("src/simulator/");
    let reads =
        |file: &&File| file.code.contains("SystemTime") || file.code.contains("Timestamp::now");
    let sources = Sources::read();
    let files = sources.files.iter().filter(of_the_client).filter(reads);
    let found: BTreeSet<&str> = files.map(|file| file.name.as_str()).collect();
    assert_eq!(found, BTreeSet::from(TELL_THE_TIME), "the wall's clock is read elsewhere");
}

#[test]
fn no_file_is_too_long() {
    let mut broken = Vec::new();
    for path in rust_files(&root().join("src")) {
        let lines = text(&path).lines().count();
        if lines > LONGEST {
            broken.push(format!("{}:{lines}: has more than {LONGEST} lines", name(&path)));
        }
    }
    assert!(broken.is_empty(), "files to split by noun:\n{}", broken.join("\n"));
}

#[test]
fn every_file_is_reached_by_a_mod_line() {
    let reached: BTreeSet<_> = Sources::read().files.into_iter().map(|file| file.name).collect();
    let all = rust_files(&root().join("src"));
    let all = all.iter().map(|path| name(path));
    let broken: Vec<_> = all
        .filter(|name| !reached.contains(name))
        .map(|name| format!("{name}:1: no `mod` line leads here, so it is not compiled"))
        .collect();
    assert!(broken.is_empty(), "files that nothing reaches:\n{}", broken.join("\n"));
}

#[test]
fn the_reader_sees_every_path_and_nothing_else() {
    let file = File::new(
        "src/stack/edge.rs",
        &["stack", "edge"],
        r##"
//! crate::a
use crate::{
    aws::{Cx, cx::caller as who},
    model,
};
use super::super::state::*; /* crate::b */
const TEXT: &str = r#"crate::c " crate::d"#; const QUOTE: char = '"';
fn f<'a>(x: &'a str) { crate::engine::run(x, "crate::e") }
mod inner { use super::super::network; use self::own::thing; }
#[cfg(test)]
mod tests { use crate::simulator::Simulator; }
"##,
        false,
    );
    let mut paths = file.paths();
    paths.sort();
    let paths: Vec<_> = paths.iter().map(|(line, path)| (*line, path.join("::"))).collect();
    let expected = [
        (4, "aws::Cx"),
        (4, "aws::cx::caller"),
        (5, "model"),
        (7, "state::*"),
        (9, "engine::run"),
        (10, "stack::edge::inner::own::thing"),
        (10, "stack::network"),
    ];
    assert_eq!(paths, expected.map(|(line, path)| (line, path.to_owned())));
}

/// A path from the crate's root, as segments.
type Segments = Vec<String>;

/// All files that `mod` lines lead to.
struct Sources {
    files: Vec<File>,
}

impl Sources {
    fn read() -> Self {
        let mut files = Vec::new();
        for start in ["lib.rs", "main.rs"] {
            reach(&root().join("src").join(start), &[], false, &mut files);
        }
        assert!(files.len() > 30, "only {} files were reached", files.len());
        Self { files }
    }

    /// `engine::Event` as `engine::event::Event`, where the layer's own file says `pub use`.
    fn resolved(&self, path: Segments) -> Segments {
        let [layer, item, ..] = path.as_slice() else { return path };
        let own = |file: &&File| file.module == [layer.as_str()];
        let Some(file) = self.files.iter().find(own) else { return path };
        let from = file.re_exports().into_iter().find(|segments| {
            segments.len() > 2 && segments[0] == *layer && segments.last() == Some(item)
        });
        match from {
            Some(mut from) => {
                from.extend(path[2..].iter().cloned());
                from
            }
            None => path,
        }
    }
}

/// Reads a file and those that its `mod` lines name.
fn reach(path: &Path, module: &[&str], test: bool, files: &mut Vec<File>) {
    let file = File::new(&name(path), module, &text(path), test);
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let parent = path.parent().expect("a file has a folder");
    let folder = match stem {
        "mod" | "lib" | "main" => parent.to_owned(),
        _ => parent.join(stem),
    };
    let mods: Vec<_> = MOD_LINE
        .captures_iter(&file.all)
        .map(|found| (found.get(1).is_some(), found[2].to_owned()))
        .collect();
    files.push(file);
    for (test_only, child) in mods {
        let beside = folder.join(format!("{child}.rs"));
        let inside = folder.join(&child).join("mod.rs");
        let path = if beside.exists() { beside } else { inside };
        let module = [module, &[child.as_str()]].concat();
        reach(&path, &module, test || test_only, files);
    }
}

/// One source file.
struct File {
    /// From the crate's folder, such as `src/aws/cx.rs`.
    name: String,
    /// Such as `aws`, `cx`.
    module: Vec<String>,
    /// The text with spaces for comments and literals.
    all: String,
    /// The same with spaces for what is only compiled for tests.
    code: String,
    /// Whether all of it is only compiled for tests.
    test: bool,
}

impl File {
    fn new(name: &str, module: &[&str], text: &str, test: bool) -> Self {
        let all = without_text(text);
        let mut code = all.clone();
        for found in TEST_BLOCK.find_iter(&all) {
            let end = closing(&all, found.end());
            code.replace_range(found.start()..end, &blank(&all[found.start()..end]));
        }
        let module = module.iter().map(|segment| (*segment).to_owned()).collect();
        Self { name: name.into(), module, all, code, test }
    }

    fn layer(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }

    fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }

    /// Every path into the crate, in `use` and elsewhere, from the crate's root, with its line.
    fn paths(&self) -> Vec<(usize, Segments)> {
        let mut rest = self.code.clone();
        let mut found = Vec::new();
        for one in USE.captures_iter(&self.code) {
            let range = one.get(1).expect("the tree").range();
            rest.replace_range(range.clone(), &blank(&self.code[range.clone()]));
            found.extend(leaves(&self.code, range));
        }
        found.extend(
            PATH.find_iter(&rest)
                .map(|path| (path.start(), path.as_str().split("::").map(String::from).collect())),
        );
        let found = found.into_iter();
        found.filter_map(|(at, path)| Some((self.line(at), self.rooted(at, path)?))).collect()
    }

    /// What the file offers under a shorter name.
    fn re_exports(&self) -> Vec<Segments> {
        let trees = PUB_USE.captures_iter(&self.code);
        let leaves = trees.flat_map(|one| leaves(&self.code, one.get(1).expect("a tree").range()));
        let paths = leaves.map(|(at, path)| {
            let own = [self.module.clone(), path.clone()].concat();
            self.rooted(at, path).unwrap_or(own)
        });
        paths.collect()
    }

    /// `None` for paths of other crates, and for names that stand in this file.
    fn rooted(&self, at: usize, path: Segments) -> Option<Segments> {
        let mut module = self.module.clone();
        module.extend(self.inline_modules(at));
        let mut segments = path.into_iter().peekable();
        match segments.peek()?.as_str() {
            "crate" | "meshctl" => {
                segments.next();
                module.clear();
            }
            "self" => drop(segments.next()),
            "super" => {
                while segments.next_if(|segment| segment == "super").is_some() {
                    module.pop();
                }
            }
            _ => return None,
        }
        module.extend(segments);
        Some(module)
    }

    /// The modules inside the file that enclose this place.
    fn inline_modules(&self, at: usize) -> Vec<String> {
        let enclosing = MOD_BLOCK.captures_iter(&self.code).filter(|one| {
            let start = one.get(0).expect("the match").end();
            start <= at && at < closing(&self.code, start)
        });
        enclosing.map(|one| one[1].to_owned()).collect()
    }
}

/// The paths of a `use` tree, each with the place of its last segment.
fn leaves(code: &str, range: Range<usize>) -> Vec<(usize, Segments)> {
    let mut found = Vec::new();
    let (mut prefixes, mut path) = (Vec::<Segments>::new(), Segments::new());
    let (mut last, mut renamed) = (range.start, false);
    let tokens = TREE_TOKEN.find_iter(&code[range.clone()]);
    let tokens = tokens.map(|token| (range.start + token.start(), token.as_str()));
    for (at, token) in tokens.chain([(range.end, ",")]) {
        match token {
            "{" => prefixes.push(path.clone()),
            "," | "}" => {
                let stem = prefixes.last().cloned().unwrap_or_default();
                if path.len() > stem.len() {
                    found.push((last, std::mem::take(&mut path)));
                }
                // After a group only a comma begins another path.
                path = if token == "," { stem } else { Segments::new() };
                if token == "}" {
                    prefixes.pop();
                }
                renamed = false;
            }
            "as" => renamed = true,
            _ if renamed => {}
            "self" if !path.is_empty() => found.push((at, path.clone())),
            segment => {
                path.push(segment.to_owned());
                last = at;
            }
        }
    }
    found
}

/// Where the block ends that begins before this place.
fn closing(code: &str, start: usize) -> usize {
    let mut depth = 1;
    for (at, letter) in code[start..].char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return start + at + 1;
        }
    }
    code.len()
}

/// The text with spaces for comments, strings and characters; lines stay where they are.
fn without_text(text: &str) -> String {
    LITERAL.replace_all(text, |found: &regex::Captures<'_>| blank(&found[0])).into_owned()
}

fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
