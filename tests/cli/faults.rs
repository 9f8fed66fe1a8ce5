//! The faults of the documentation, through the binary.

use crate::{
    client::Served,
    home::{Home, resources},
};

const PAGE: &str = include_str!("../../docs/simulator.md");

/// The first block of this language after these words.
fn block(after: &str, language: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(after).unwrap_or_else(|| panic!("the page has {after:?}"));
    let (_, rest) = rest.split_once(&format!("```{language}\n")).expect("a block");
    rest.split_once("```").expect("its end").0
}

/// The command's words in the example, without its name and what only says where it listens.
fn words(command: &str) -> Vec<&'static str> {
    let lines = block("## Faults", "console").lines();
    let line = lines.filter_map(|line| line.strip_prefix("$ meshctl ")).find_map(|line| {
        line.strip_prefix(command).filter(|rest| rest.is_empty() || rest.starts_with(' '))
    });
    let line = line.unwrap_or_else(|| panic!("the example has {command}"));
    let words = line.split_whitespace();
    words.filter(|word| *word != "--endpoint-url" && !word.starts_with("http://")).collect()
}

#[test]
fn the_documentations_example_comes_up_and_goes_down_again() {
    let home = Home::new();
    home.write("faults.json", block("## Faults", "json"));
    let path = home.path().join("faults.json").display().to_string();
    let arguments: Vec<&str> = words("simulator")
        .into_iter()
        .map(|word| if word == "faults.json" { &*path } else { word })
        .collect();
    assert!(arguments.contains(&&*path), "{arguments:?}");
    let mut served = arguments.clone();
    if !served.contains(&"--speed") {
        // What it is unless told otherwise; a test's own begins faster.
        served.extend(["--speed", "60"]);
    }
    let served = Served::start(&served);
    let run = |command: &str| {
        let words = words(command);
        let speed = words.iter().position(|word| *word == "--speed").expect("a speed");
        let others = [&[command], &words[..speed], &words[speed + 2..]].concat();
        home.on(&served, words[speed + 1], &others, &[]).ends(0)
    };
    run("up");
    assert!(resources(&served) > 100);
    run("down");
    assert_eq!(resources(&served), 0);
}
