//! The parts of `docs/simulator.md` that a test writes: which operations there are, and which of AWS's codes no operation
//! answers with.

use super::{
    Account, Settings,
    wire::{Call, Service},
};
use serde_json::json;
use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

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

/// The folder, or the file, of `src/simulator` that answers for a service.
fn home(service: Service) -> &'static str {
    match service {
        Service::Ec2 => "ec2",
        Service::ElasticLoadBalancingV2 => "elasticloadbalancingv2",
        Service::Ecs => "ecs",
        Service::ServiceDiscovery => "servicediscovery",
        Service::AppMesh => "appmesh",
        Service::ApiGateway => "apigateway",
        Service::ApiGatewayV2 => "apigatewayv2.rs",
        Service::Iam => "iam",
        Service::CloudWatchLogs => "cloudwatchlogs",
        Service::ServiceQuotas => "servicequotas.rs",
        Service::Sts => "sts.rs",
    }
}

/// What the sources below a folder, or of a file, say outside their tests.
fn source(path: &Path) -> String {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a folder of the sources").flatten();
        return entries.map(|entry| source(&entry.path())).collect();
    }
    let is_source = path.extension().is_some_and(|kind| kind == "rs");
    if !is_source || path.file_name().is_some_and(|name| name == "tests.rs") {
        return String::new();
    }
    fs::read_to_string(path).expect("a source")
}

/// The codes that the models know and the sources of their service do not name.
fn codes() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/simulator");
    let shared = source(&root.join("wire")) + &source(&root.join("faults"));
    let mut text = String::new();
    for service in Service::ALL {
        let own = source(&root.join(home(service)));
        assert!(!own.is_empty(), "{service:?} has no sources at {}", home(service));
        let is_said = |code: &&str| {
            let literal = format!("\"{code}\"");
            own.contains(&literal) || shared.contains(&literal)
        };
        let modelled: BTreeSet<&str> = service.model().error_codes().collect();
        let silent: Vec<&str> = modelled.into_iter().filter(|code| !is_said(code)).collect();
        if !silent.is_empty() {
            let _ = writeln!(text, "- `{}`: {}", service.prefix(), silent.join(", "));
        }
    }
    text
}

/// A page with what stands between its marks replaced, one text after the other.
fn rewritten(page: &str, texts: &[String]) -> String {
    let mut parts = page.split(BEGIN);
    let mut fresh = parts.next().unwrap_or_default().to_owned();
    let parts: Vec<&str> = parts.collect();
    assert_eq!(parts.len(), texts.len(), "the page has a place for each text");
    for (part, text) in parts.into_iter().zip(texts) {
        let (_, after) = part.split_once(END).expect("the end of what is written");
        let _ = write!(fresh, "{BEGIN}\n{text}\n{END}{after}");
    }
    fresh
}

#[test]
fn the_documentation_lists_the_operations_that_there_are_and_the_codes_that_are_not() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/simulator.md");
    let page = fs::read_to_string(&path).expect("the page");
    let fresh = rewritten(&page, &[operations(), codes()]);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &fresh).expect("docs/ can be written");
    }
    let page = fs::read_to_string(&path).expect("the page");
    assert!(page == fresh, "run UPDATE_DOCS=1 cargo test documentation, and commit the page");
}
