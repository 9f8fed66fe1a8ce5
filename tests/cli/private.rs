//! The state is its owner's alone, and its files are what they seem.

use crate::{
    client::{Served, refused},
    home::{Home, Ran},
};
use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

/// Everything below a directory, and the directory.
fn all(directory: &Path) -> Vec<PathBuf> {
    let mut found = vec![directory.to_owned()];
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(all(&path)) } else { found.push(path) }
    }
    found
}

/// Runs a command, and gives up on it after a while.
fn local(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    Ran::of(command.args(["--local", "--speed", "max"]).timeout(Duration::from_secs(60)))
}

fn assert_private(directory: &Path) {
    for path in all(directory) {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
}

#[test]
fn whatever_the_commands_keep_is_their_owners_alone() {
    let home = Home::new();
    let kept = home.path().join(".meshctl");
    local(&home, &["plan"]).ends(0);
    assert_private(&kept);
    local(&home, &["up"]).ends(0);
    assert_private(&kept);
    for name in ["account.json", "servicemesh-demo/lock", "servicemesh-demo/timings.jsonl"] {
        assert!(home.state().join(name).exists(), "{name}");
    }
    // What an earlier meshctl left.
    chmod(&home.state().join("account.json"), 0o644);
    chmod(&home.state().join("servicemesh-demo/journal.jsonl"), 0o644);
    local(&home, &["down"]).ends(0);
    assert_private(&kept);

    let data = home.path().join("new/data");
    let served = Served::start(&["--data", data.to_str().expect("text")]);
    home.on(&served, "10000", &["up"], &[]).ends(0);
    assert_private(&data);
    assert!(data.join("account.json").exists());
}

#[test]
fn a_state_that_is_open_to_others_is_closed_with_a_word() {
    let home = Home::new();
    local(&home, &["up"]).ends(0);
    let stack = home.state().join("servicemesh-demo");
    for (directory, shown, open) in [
        (&stack, ".meshctl/local/servicemesh-demo", 0o755),
        (&stack, ".meshctl/local/servicemesh-demo", 0o777),
        (&home.state(), ".meshctl/local", 0o770),
    ] {
        for command in ["plan", "status", "up"] {
            chmod(directory, open);
            let ran = local(&home, &[command]).ends(0);
            let note = format!(
                "note: {shown} was open to others (mode {open:04o}), and is closed to them now\n"
            );
            assert!(ran.stderr.contains(&note), "{command}: {}", ran.stderr);
            assert_eq!(mode(directory), 0o700, "{command}");
            assert!(!local(&home, &[command]).ends(0).stderr.contains("note:"), "{command}");
        }
    }
}

#[test]
fn a_directory_in_which_anybody_may_put_states_is_refused() {
    let home = Home::new();
    let root = home.path().join("shared");
    fs::create_dir(&root).expect("a directory");
    chmod(&root, 0o777);
    for command in ["plan", "up", "down", "status", "doctor", "adopt"] {
        let ran = local(&home, &[command, "--state", "shared"]).ends(1);
        let said = ran.stderr;
        assert!(said.contains("anybody may write to shared, and so put"), "{command}: {said}");
        assert!(said.contains("chmod o-w shared, or give another directory"), "{command}: {said}");
    }
    assert_eq!(all(&root).len(), 1, "nothing is put there");
    // There only its owner renames what is in it.
    chmod(&root, 0o1777);
    local(&home, &["up", "--state", "shared"]).ends(0);
    assert_eq!(mode(&root), 0o1777);
    assert_private(&root.join("local"));
}

#[test]
fn a_simulator_keeps_no_account_where_others_look() {
    let home = Home::new();
    let data = home.path().join("data");
    fs::create_dir(&data).expect("a directory");
    home.write("data/notes.txt", "");
    chmod(&data, 0o755);
    let path = data.to_str().expect("text");
    let refusal = refused(&["--data", path]);
    assert_eq!(refusal.code, Some(1), "{}", refusal.error);
    assert!(refusal.error.contains("more than an account is in there"), "{}", refusal.error);
    assert_eq!((mode(&data), all(&data).len()), (0o755, 2));

    fs::remove_file(data.join("notes.txt")).expect("a file");
    let _served = Served::start(&["--data", path]);
    assert_private(&data);
}

#[test]
fn files_of_the_state_are_not_followed_through_links() {
    let home = Home::new();
    local(&home, &["up"]).ends(0);
    let stack = home.state().join("servicemesh-demo");
    let files = ["journal.jsonl", "snapshot.json", "lock", "../account.json"];
    for name in files {
        let (file, theirs) = (stack.join(name), home.path().join("theirs"));
        let ours = fs::read(&file).unwrap_or_default();
        fs::write(&theirs, &ours).expect("a file");
        let _ = fs::remove_file(&file);
        symlink(&theirs, &file).expect("a link");
        for command in ["up", "down"] {
            let ran = local(&home, &[command]).ends(1);
            let said = "it is a symbolic link, and links are not followed";
            assert!(ran.stderr.contains(said), "{name}: {}", ran.stderr);
            assert!(ran.stderr.contains("directory with --state"), "{name}: {}", ran.stderr);
        }
        assert_eq!(fs::read(&theirs).expect("a file"), ours, "{name}");
        fs::remove_file(&file).expect("a link");
        if name != "snapshot.json" {
            fs::write(&file, ours).expect("a file");
        }
    }
    // Timings are let go, and a link to theirs is replaced, not written through.
    let (timings, theirs) = (stack.join("timings.jsonl"), home.path().join("theirs"));
    fs::write(&theirs, "theirs").expect("a file");
    fs::remove_file(&timings).expect("timings");
    symlink(&theirs, &timings).expect("a link");
    local(&home, &["down"]).ends(0);
    assert_eq!(fs::read_to_string(&theirs).expect("a file"), "theirs");
    assert!(home.account().is_empty());
}

#[test]
fn a_fifo_in_the_place_of_a_file_is_refused_and_not_waited_upon() {
    let home = Home::new();
    local(&home, &["plan"]).ends(0);
    let stack = home.state().join("servicemesh-demo");
    fs::create_dir(&stack).expect("a directory");
    chmod(&stack, 0o700);
    for name in ["journal.jsonl", "snapshot.json", "lock", "../account.json"] {
        let file = stack.join(name);
        let _ = fs::remove_file(&file);
        assert!(Command::new("mkfifo").arg(&file).status().expect("mkfifo runs").success());
        let ran = local(&home, &["up"]).ends(1);
        assert!(ran.stderr.contains("it is a FIFO"), "{name}: {}", ran.stderr);
        fs::remove_file(&file).expect("a FIFO");
    }
    local(&home, &["up"]).ends(0);
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_as_a_full_disk_is() {
    let home = Home::new();
    let served = Served::start(&["--speed", "max"]);
    let script = format!(
        "ulimit -f 8; exec {} up --endpoint-url http://{} --speed 10000",
        env!("CARGO_BIN_EXE_meshctl"),
        served.address
    );
    let mut command = assert_cmd::Command::new("bash");
    command.args(["-c", &script]).env_clear().env("HOME", home.path()).current_dir(home.path());
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    let ran = Ran::of(command.env("AWS_REGION", "eu-west-1")).ends(1);
    assert!(ran.stderr.contains("journal.jsonl: File too large"), "{}", ran.stderr);
    let journal = home.path().join(".meshctl/servicemesh-demo/journal.jsonl");
    let written = fs::read_to_string(journal).expect("a journal");
    assert!(written.ends_with('\n') && written.len() <= 8192, "{} bytes", written.len());
    // With room, the same state goes on.
    home.on(&served, "10000", &["up"], &[]).ends(0);
    home.on(&served, "10000", &["plan", "--check"], &[]).ends(0);
}
