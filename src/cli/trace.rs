//! Traces on stderr: off, every AWS call, or everything of meshctl's own.

use tracing_subscriber::{EnvFilter, filter::filter_fn, fmt, prelude::*};

/// What chooses what is traced, in the form of `RUST_LOG`.
const VARIABLE: &str = "MESHCTL_LOG";

/// Starts tracing; `MESHCTL_LOG` outranks the count of `-v`.
///
/// Bodies and credentials are in the SDK's own traces, so those are never on, whatever is asked.
pub fn start(verbose: u8) {
    let level = match verbose {
        0 => "off",
        1 => "off,meshctl::call=debug",
        _ => "off,meshctl=trace",
    };
    let asked = std::env::var(VARIABLE);
    let filter = EnvFilter::new(asked.as_deref().unwrap_or(level));
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .log_internal_errors(false)
        .without_time();
    let ours = filter_fn(|metadata| metadata.target().starts_with("meshctl"));
    tracing_subscriber::registry().with(filter).with(ours).with(lines).init();
}

/// Whether anything is traced.
pub fn is_on(verbose: u8) -> bool {
    verbose > 0 || std::env::var_os(VARIABLE).is_some()
}
