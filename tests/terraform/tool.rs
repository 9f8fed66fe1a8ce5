//! Terraform and its AWS provider, as this machine has them, and runs of it that ask no network.

use std::{
    env::consts::{ARCH, EXE_SUFFIX, OS},
    ffi::{OsStr, OsString},
    fmt, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The provider that the configuration asks for.
const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";
const VERSION: &str = "5.100.0";
/// What the configuration asks for: major and minor.
const OLDEST: (u32, u32) = (1, 5);

/// Terraform and a mirror of the provider.
#[derive(Debug)]
pub struct Tool {
    binary: PathBuf,
    mirror: PathBuf,
}

impl Tool {
    /// Finds both, or says what is missing. `TF_PLUGIN_MIRROR` names a mirror, in the layout of
    /// `terraform providers mirror`; else the usual places are tried.
    pub fn find(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, String> {
        Ok(Self {
            binary: binary(&variable("PATH").unwrap_or_default())?,
            mirror: mirror(variable)?,
        })
    }
}

fn binary(path: &OsStr) -> Result<PathBuf, String> {
    let binary = std::env::split_paths(path)
        .map(|directory| directory.join(format!("terraform{EXE_SUFFIX}")))
        .find(|file| file.is_file())
        .ok_or("`terraform` is not on PATH")?;
    let mut asked = Command::new(&binary);
    asked.env_clear().env("CHECKPOINT_DISABLE", "1").arg("version").stdin(Stdio::null());
    let said = asked.output().map_err(|error| format!("{}: {error}", binary.display()))?;
    let said = String::from_utf8_lossy(&said.stdout);
    let version = said.lines().next().and_then(version);
    if version.is_none_or(|version| version < OLDEST) {
        let (binary, (major, minor)) = (binary.display(), OLDEST);
        return Err(format!("{binary} is not Terraform {major}.{minor} or newer: {said:?}"));
    }
    Ok(binary)
}

fn mirror(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, String> {
    let places = places(variable);
    let found = places.iter().find(|place| has_provider(place));
    found.and_then(|place| fs::canonicalize(place).ok()).ok_or_else(|| {
        let places: Vec<String> = places.iter().map(|it| it.display().to_string()).collect();
        format!(
            "no mirror with {PROVIDER} {VERSION} for {} in {}; `terraform providers mirror` makes \
             one, and TF_PLUGIN_MIRROR names it",
            platform(),
            places.join(", ")
        )
    })
}

/// Major and minor of `Terraform v1.11.4`.
fn version(line: &str) -> Option<(u32, u32)> {
    let mut numbers = line.strip_prefix("Terraform v")?.split('.').map(|it| it.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// Where a mirror may be: the named one alone, or those that Terraform looks into unasked, then
/// where people keep one.
fn places(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    if let Some(named) = variable("TF_PLUGIN_MIRROR") {
        return vec![named.into()];
    }
    let mut places: Vec<PathBuf> = Vec::new();
    if let Some(cache) = variable("TF_PLUGIN_CACHE_DIR") {
        places.push(cache.into());
    }
    if let Some(home) = variable("HOME").map(PathBuf::from) {
        for directory in [
            ".terraform.d/plugins",
            ".terraform.d/plugin-cache",
            ".local/share/terraform/plugins",
            "Library/Application Support/io.terraform/plugins",
        ] {
            places.push(home.join(directory));
        }
    }
    let shared = variable("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let shared = std::env::split_paths(&shared).chain(variable("XDG_DATA_HOME").map(PathBuf::from));
    places.extend(shared.map(|directory| directory.join("terraform/plugins")));
    places.push("/Library/Application Support/io.terraform/plugins".into());
    places.push("/opt/tf-plugins".into());
    places.push("/opt/terraform/plugins".into());
    places
}

/// Unpacked or packed, as Terraform takes both.
fn has_provider(mirror: &Path) -> bool {
    let (folder, platform) = (mirror.join(PROVIDER), platform());
    folder.join(VERSION).join(&platform).is_dir()
        || folder.join(format!("terraform-provider-aws_{VERSION}_{platform}.zip")).is_file()
}

/// Terraform's name for this kind of machine.
fn platform() -> String {
    let os = if OS == "macos" { "darwin" } else { OS };
    let arch = match ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{os}_{arch}")
}

/// The configuration in a directory of its own, against one endpoint.
pub struct Terraform<'a> {
    tool: &'a Tool,
    endpoint: String,
    directory: tempfile::TempDir,
}

/// How a run ended, and all that it printed.
pub struct Ran {
    pub code: Option<i32>,
    pub text: String,
}

impl<'a> Terraform<'a> {
    /// A copy of the configuration of that name that knows no other source of providers than the mirror.
    pub fn new(tool: &'a Tool, endpoint: &str, configuration: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform");
        copy(&all.join(configuration), &directory.path().join("environment"));
        let mirror = serde_json::to_string(&tool.mirror).expect("a path as HCL quotes it");
        let settings = format!(
            "disable_checkpoint = true\n\nprovider_installation {{\n  filesystem_mirror {{\n    \
             path = {mirror}\n  }}\n}}\n"
        );
        fs::write(directory.path().join("terraform.rc"), settings).expect("a file");
        Self { tool, endpoint: endpoint.into(), directory }
    }

    /// Runs a command to its end, without anything of this machine's settings or credentials.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let here = self.directory.path();
        let mut command = Command::new(&self.tool.binary);
        command.env_clear().current_dir(here.join("environment")).stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", here).env("TMPDIR", here);
        command.env("TF_CLI_CONFIG_FILE", here.join("terraform.rc")).env("TF_IN_AUTOMATION", "1");
        command.env("TF_VAR_endpoint", &self.endpoint).env("TF_VAR_max_retries", "2");
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ] {
            command.env(name, value);
        }
        command.args(arguments).args(["-input=false", "-no-color"]);
        let output = command.output().expect("terraform runs");
        let (out, err) = (output.stdout, output.stderr);
        let text = [String::from_utf8_lossy(&out), String::from_utf8_lossy(&err)].concat();
        Ran { code: output.status.code(), text }
    }
}

impl Ran {
    /// Panics with all that was printed unless it did what it was told.
    pub fn expect_success(&self) {
        assert_eq!(self.code, Some(0), "{self}");
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "terraform ended with {:?}:\n{}", self.code, self.text)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a directory");
    for entry in fs::read_dir(from).expect("the configuration") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
}

#[test]
fn terraform_that_is_missing_or_old_is_said() {
    let why = binary(OsStr::new("")).expect_err("no terraform without a PATH");
    assert_eq!(why, "`terraform` is not on PATH");
    assert_eq!(version("Terraform v1.11.4"), Some((1, 11)));
    assert!(version("Terraform v1.4.9-dev") < Some(OLDEST));
    assert_eq!(version("OpenTofu v1.9.0"), None);
}

#[test]
fn a_mirror_has_the_provider_for_this_machine_unpacked_or_packed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let named = |name: &str| (name == "TF_PLUGIN_MIRROR").then(|| directory.path().into());
    let why = mirror(named).expect_err("an empty mirror");
    assert!(why.contains(&directory.path().display().to_string()), "{why}");
    assert!(why.contains("TF_PLUGIN_MIRROR names it"), "{why}");

    let provider = directory.path().join(PROVIDER);
    let unpacked = provider.join(VERSION).join(platform());
    fs::create_dir_all(&unpacked).expect("a directory");
    mirror(named).expect("an unpacked provider");
    fs::remove_dir(&unpacked).expect("an empty directory");
    let packed = format!("terraform-provider-aws_{VERSION}_{}.zip", platform());
    fs::write(provider.join(packed), "").expect("a file");
    mirror(named).expect("a packed provider");
}
