//! Python environments for the tests in which programs that we did not write judge ours: made once,
//! under `target/`, from a pinned list.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

/// The interpreter of an environment with these requirements, or why there is none.
pub fn python(requirements: &Path) -> Result<PathBuf, String> {
    let text = fs::read_to_string(requirements).expect("the requirements are in the repository");
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let name = format!("python-{:016x}", hasher.finish());
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let interpreter = home.join("bin/python");
    // Tests in other processes want the same environment.
    let lock = File::create(home.with_extension("lock")).expect("target/ can be written");
    lock.lock().expect("the lock can be had");
    let ready = home.join("ready");
    if !ready.exists() {
        let _ = fs::remove_dir_all(&home);
        run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        let mut install = Command::new(&interpreter);
        install.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-compile",
            "--disable-pip-version-check",
            "-r",
        ]);
        run(install.arg(requirements))?;
        File::create(ready).expect("target/ can be written");
    }
    Ok(interpreter)
}

fn run(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{shown}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let last: Vec<&str> = said.lines().rev().take(5).collect();
    Err(format!("{shown}: {}", last.into_iter().rev().collect::<Vec<_>>().join("\n")))
}
