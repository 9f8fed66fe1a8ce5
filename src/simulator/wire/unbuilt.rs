//! The operations that AWS has and the simulator has not: known by name, so that whoever asks for one
//! hears which it is, and not that AWS has none of that name.

use super::{ApiError, Service};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

/// What `generate.py` writes.
#[derive(Deserialize)]
struct File {
    operations: BTreeMap<String, Vec<String>>,
}

/// One service's other operations.
#[derive(Default)]
struct Others {
    names: BTreeSet<String>,
    /// Of REST services: the name, the method and the path.
    places: Vec<(String, String, Vec<String>)>,
}

static ALL: LazyLock<BTreeMap<String, Others>> = LazyLock::new(|| {
    let file: File = serde_json::from_str(include_str!("../models/unbuilt.json"))
        .expect("the names in the repository are what generate.py writes");
    file.operations.into_iter().map(|(service, lines)| (service, others(&lines))).collect()
});

fn others(lines: &[String]) -> Others {
    let mut others = Others::default();
    for line in lines {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        others.names.insert(name.to_owned());
        if let (Some(method), Some(place)) = (words.next(), words.next()) {
            let path = place.split('?').next().unwrap_or_default();
            let steps = path.trim_matches('/').split('/').map(String::from).collect();
            others.places.push((name.to_owned(), method.to_owned(), steps));
        }
    }
    // A literal fits better than a label.
    let labels = |steps: &[String]| steps.iter().filter(|step| step.starts_with('{')).count();
    others.places.sort_by_key(|(_, _, steps)| labels(steps));
    others
}

/// The honest answer to an operation that AWS has and the simulator has not.
pub fn not_built(service: Service, operation: &str) -> ApiError {
    let action = format!("{}:{operation}", service.prefix());
    ApiError::new("NotImplemented", format!("the simulator does not have {action}")).status(501)
}

/// The same, when AWS's service has an operation of this name.
pub(super) fn by_name(service: Service, operation: &str) -> Option<ApiError> {
    let others = ALL.get(service.file())?;
    others.names.contains(operation).then(|| not_built(service, operation))
}

/// The same, when AWS's service has an operation at this place.
pub(super) fn by_place(service: Service, method: &str, steps: &[&str]) -> Option<ApiError> {
    let others = ALL.get(service.file())?;
    let mut places = others.places.iter();
    let (name, ..) = places.find(|(_, of, path)| of == method && fits(path, steps))?;
    Some(not_built(service, name))
}

fn fits(path: &[String], steps: &[&str]) -> bool {
    let rest = path.last().is_some_and(|last| last.ends_with("+}"));
    let length = if rest { steps.len() >= path.len() } else { steps.len() == path.len() };
    let fit = |(part, step): (&String, &&str)| {
        if part.starts_with('{') { !step.is_empty() } else { part == step }
    };
    length && path.iter().zip(steps).all(fit)
}
