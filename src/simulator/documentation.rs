//! The part of `docs/simulator.md` that is written by a test: which operations there are.

use super::{
    Account, Settings,
    wire::{Call, Service},
};
use serde_json::json;
use std::fmt::Write;

const BEGIN: &str =
    "<!-- Written by `UPDATE_DOCS=1 cargo test documentation`; do not edit by hand. -->\n";
const END: &str = "<!-- The end of what is written so. -->\n";

/// Whether the simulator has an operation, by asking it.
fn is_built(service: Service, operation: &'static str) -> bool {
    let mut account = Account::new(&Settings::default());
    let (region, access_key) = ("eu-west-1".into(), "KEY".into());
    let request_id = "request".into();
    let call = Call { service, operation, input: json!({}), region, access_key, request_id };
    !account.call(&call).is_err_and(|error| error.code == "NotImplemented")
}

fn operations() -> String {
    let mut text = String::new();
    for service in Service::ALL {
        let names = service.model().operations.keys().map(String::as_str);
        let (built, other): (Vec<_>, Vec<_>) = names.partition(|name| is_built(service, name));
        let (prefix, count) = (service.prefix(), built.len());
        let _ = writeln!(text, "- `{prefix}` ({count}): {}", built.join(", "));
        if !other.is_empty() {
            let _ = writeln!(text, "  Read and answered `NotImplemented`: {}", other.join(", "));
        }
    }
    text
}

#[test]
fn the_documentation_lists_the_operations_that_there_are() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/simulator.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("the begin of the list");
    let (_, after) = rest.split_once(END).expect("the end of the list");
    let fresh = format!("{before}{BEGIN}\n{}\n{END}{after}", operations());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &fresh).expect("docs/ can be written");
    }
    let page = std::fs::read_to_string(&path).expect("the page");
    let advice = "run UPDATE_DOCS=1 cargo test documentation, and commit the page";
    assert!(page == fresh, "{advice}");
}
