//! The `meshctl` binary: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(meshctl::cli::run().code())
}
