//! Operations: what Cloud Map answers at once and does later.

use super::{Event, instance, listing, namespace, namespace::Namespace, seconds, service, shown};
use crate::simulator::{
    account::{Account, Answer},
    agenda,
    faults::doom::REASON,
    fields::Fields,
    latency::Latency,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An operation as Cloud Map describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Operation {
    /// Thirty-two characters and eight.
    pub id: String,
    /// The account.
    pub owner_account: String,
    /// Such as `CREATE_NAMESPACE`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// `SUBMITTED`, `PENDING`, then `SUCCESS` or `FAIL`.
    pub status: String,
    /// Why it failed, in words.
    pub error_message: Option<String>,
    /// Why it failed.
    pub error_code: Option<String>,
    /// When it was asked for.
    pub create_date: f64,
    /// When its status changed last.
    pub update_date: f64,
    /// What it is about. A new namespace's ID is not told before the operation succeeds.
    pub targets: BTreeMap<String, String>,
    /// What is done in the end.
    #[serde(rename = "_work")]
    pub work: Work,
    /// The token and the input of the request, for its repetition.
    #[serde(rename = "_request")]
    pub request: Option<(String, Value)>,
}

/// What an operation does in the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Work {
    /// Makes a namespace and its hosted zone.
    CreateNamespace(Box<Namespace>),
    /// Changes a namespace.
    UpdateNamespace(String, Value),
    /// Removes a namespace and its hosted zone.
    DeleteNamespace(String),
    /// Changes a service.
    UpdateService(String, Value),
    /// Says that an instance is registered; it is found from the start.
    RegisterInstance(String, String),
    /// Removes an instance of a service.
    DeregisterInstance(String, String),
}

impl Work {
    fn kind(&self) -> &'static str {
        match self {
            Self::CreateNamespace(_) => "CREATE_NAMESPACE",
            Self::UpdateNamespace(..) => "UPDATE_NAMESPACE",
            Self::DeleteNamespace(_) => "DELETE_NAMESPACE",
            Self::UpdateService(..) => "UPDATE_SERVICE",
            Self::RegisterInstance(..) => "REGISTER_INSTANCE",
            Self::DeregisterInstance(..) => "DEREGISTER_INSTANCE",
        }
    }

    fn targets(&self) -> BTreeMap<String, String> {
        let (kind, id) = match self {
            Self::CreateNamespace(_) => return BTreeMap::new(),
            Self::UpdateNamespace(id, _) | Self::DeleteNamespace(id) => ("NAMESPACE", id),
            Self::UpdateService(id, _) => ("SERVICE", id),
            Self::RegisterInstance(service, id) | Self::DeregisterInstance(service, id) => {
                let both = [("SERVICE", service), ("INSTANCE", id)];
                return both.map(|(kind, id)| (kind.into(), id.clone())).into();
            }
        };
        BTreeMap::from([(kind.into(), id.clone())])
    }
}

/// Why an operation failed.
pub struct Failure {
    /// Such as `CANNOT_CREATE_HOSTED_ZONE`.
    pub code: &'static str,
    /// In words.
    pub message: String,
}

/// Starts an operation and answers with its ID.
pub fn start(
    account: &mut Account,
    work: Work,
    takes: Latency,
    request: Option<(String, Value)>,
) -> Answer {
    let id = format!("{}-{}", account.alphanumeric(32), account.alphanumeric(8));
    let operation = Operation {
        id: id.clone(),
        owner_account: account.id.clone(),
        kind: work.kind().into(),
        status: "SUBMITTED".into(),
        error_message: None,
        error_code: None,
        create_date: seconds(account.now),
        update_date: seconds(account.now),
        targets: work.targets(),
        work,
        request,
    };
    account.servicediscovery.operations.insert(id.clone(), operation);
    let event = |event| agenda::Event::ServiceDiscovery(event);
    account.after(Latency::Call, event(Event::Pending(id.clone())));
    account.after(takes, event(Event::Settled(id.clone())));
    Ok(json!({ "OperationId": id }))
}

/// The unfinished operations that do this.
pub fn underway(
    account: &Account,
    does: impl Fn(&Work) -> bool,
) -> impl Iterator<Item = &Operation> {
    let all = account.servicediscovery.operations.values();
    all.filter(move |it| matches!(&*it.status, "SUBMITTED" | "PENDING") && does(&it.work))
}

/// `DuplicateRequest`, with the operation that is in the way.
pub fn duplicate(operation: &Operation) -> ApiError {
    let (kind, id) = (&operation.kind, &operation.id);
    let text = format!("Another operation of type {kind} and id {id} is in progress");
    ApiError::new("DuplicateRequest", text).field("DuplicateOperationId", id.as_str())
}

/// `GetOperation`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    let id = call.input.text_or_empty("OperationId");
    let operation = account.servicediscovery.operations.get(id);
    let operation = operation.ok_or_else(|| {
        ApiError::new("OperationNotFound", format!("No operation exists with id {id}"))
    })?;
    Ok(json!({ "Operation": shown(operation) }))
}

/// `ListOperations`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let all = account.servicediscovery.operations.values().filter(|operation| {
        listing::passes(&call.input, |filter| match filter {
            "NAMESPACE_ID" => operation.targets.get("NAMESPACE").cloned(),
            "SERVICE_ID" => operation.targets.get("SERVICE").cloned(),
            "STATUS" => Some(operation.status.clone()),
            "TYPE" => Some(operation.kind.clone()),
            "UPDATE_DATE" => Some(((operation.update_date * 1000.0) as u64).to_string()),
            _ => None,
        })
    });
    let all = all.map(|operation| json!({ "Id": operation.id, "Status": operation.status }));
    let (page, next) = listing::page(all.collect(), &call.input)?;
    Ok(json!({ "Operations": page, "NextToken": next }))
}

/// Work on it has begun.
pub fn begin(account: &mut Account, id: &str) {
    let now = account.now;
    if let Some(operation) = account.servicediscovery.operations.get_mut(id)
        && operation.status == "SUBMITTED"
    {
        operation.status = "PENDING".into();
        operation.update_date = seconds(now);
    }
}

/// Does the work.
pub fn settle(account: &mut Account, id: &str) {
    let operation = account.servicediscovery.operations.get(id);
    let Some(work) = operation.map(|operation| operation.work.clone()) else { return };
    let mut targets = work.targets();
    let outcome = match work {
        Work::CreateNamespace(_) if account.doomed.remove(id) => {
            Err(Failure { code: "INTERNAL_FAILURE", message: REASON.into() })
        }
        Work::CreateNamespace(namespace) => {
            targets.insert("NAMESPACE".into(), namespace.id.clone());
            namespace::appear(account, *namespace)
        }
        Work::UpdateNamespace(id, change) => {
            namespace::change(account, &id, &change);
            Ok(())
        }
        Work::DeleteNamespace(id) => {
            account.servicediscovery.namespaces.remove(&id);
            Ok(())
        }
        Work::UpdateService(id, change) => {
            service::change(account, &id, &change);
            Ok(())
        }
        Work::RegisterInstance(..) => Ok(()),
        Work::DeregisterInstance(service, id) => {
            instance::forget(account, &service, &id);
            Ok(())
        }
    };
    let now = account.now;
    let Some(operation) = account.servicediscovery.operations.get_mut(id) else { return };
    operation.update_date = seconds(now);
    match outcome {
        Ok(()) => {
            operation.status = "SUCCESS".into();
            operation.targets = targets;
        }
        Err(Failure { code, message }) => {
            operation.status = "FAIL".into();
            operation.error_code = Some(code.into());
            operation.error_message = Some(message);
        }
    }
}
