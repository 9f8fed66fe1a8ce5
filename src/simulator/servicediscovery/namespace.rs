//! Namespaces, and the hosted zone behind each private one.

use super::{
    id_of, listing,
    operation::{Failure, Work, duplicate, start, underway},
    seconds, shown, tag,
};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    latency::Latency,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The TTL of a zone's SOA record when none is given.
const SOA_TTL: i64 = 15;

/// A namespace as Cloud Map describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Namespace {
    /// `ns-…`
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// The account.
    pub resource_owner: String,
    /// The domain.
    pub name: String,
    /// `DNS_PRIVATE` or `HTTP`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// For people.
    pub description: Option<String>,
    /// How it is found.
    pub properties: Properties,
    /// When it was asked for.
    pub create_date: f64,
    /// The creating call's token.
    pub creator_request_id: Option<String>,
    /// The VPC that resolves it.
    #[serde(rename = "_vpc")]
    pub vpc: Option<String>,
    /// Tags.
    #[serde(rename = "_tags")]
    pub tags: BTreeMap<String, String>,
}

/// How a namespace is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Properties {
    /// By DNS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_properties: Option<DnsProperties>,
    /// By the API.
    pub http_properties: HttpProperties,
}

/// A private hosted zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DnsProperties {
    /// `Z…`
    pub hosted_zone_id: String,
    /// Its SOA record.
    #[serde(rename = "SOA")]
    pub soa: Soa,
}

/// An SOA record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Soa {
    /// How long resolvers may remember that a name does not exist.
    #[serde(rename = "TTL")]
    pub ttl: i64,
}

/// The name for API calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HttpProperties {
    /// The namespace's name.
    pub http_name: String,
}

impl Namespace {
    /// The hosted zone behind it, if it is a private one.
    pub fn hosted_zone(&self) -> Option<&str> {
        self.properties.dns_properties.as_ref().map(|dns| &*dns.hosted_zone_id)
    }

    /// Whether both cannot be: one name in one VPC.
    fn conflicts(&self, other: &Self) -> bool {
        self.name == other.name && self.kind == other.kind && self.vpc == other.vpc
    }
}

/// `CreatePrivateDnsNamespace`: answers with an operation.
pub fn create_private(account: &mut Account, call: &Call) -> Answer {
    let soa = call.input.pointer("/Properties/DnsProperties/SOA/TTL").and_then(Value::as_i64);
    let zone = format!("Z{}", account.alphanumeric(20).to_ascii_uppercase());
    let dns = DnsProperties { hosted_zone_id: zone, soa: Soa { ttl: soa.unwrap_or(SOA_TTL) } };
    create(account, call, "DNS_PRIVATE", Some(dns), Latency::Namespace)
}

/// `CreateHttpNamespace`: answers with an operation.
pub fn create_http(account: &mut Account, call: &Call) -> Answer {
    create(account, call, "HTTP", None, Latency::Visible)
}

fn create(
    account: &mut Account,
    call: &Call,
    kind: &str,
    dns: Option<DnsProperties>,
    takes: Latency,
) -> Answer {
    let input = &call.input;
    let request = input.text("CreatorRequestId").map(|it| (it.to_owned(), input.clone()));
    if let Some(answer) = request.as_ref().and_then(|request| repeated(account, request)) {
        return answer;
    }
    let id = format!("ns-{}", account.alphanumeric(16));
    let name = input.text_or_empty("Name").to_owned();
    let namespace = Namespace {
        arn: format!("arn:aws:servicediscovery:{}:{}:namespace/{id}", call.region, account.id),
        id,
        resource_owner: account.id.clone(),
        name: name.clone(),
        kind: kind.into(),
        description: input.text("Description").map(String::from),
        properties: Properties {
            dns_properties: dns,
            http_properties: HttpProperties { http_name: name },
        },
        create_date: seconds(account.now),
        creator_request_id: input.text("CreatorRequestId").map(String::from),
        vpc: input.text("Vpc").map(String::from),
        tags: input.tag_list("Tags"),
    };
    tag::few_enough(&namespace.arn, &namespace.tags)?;
    free(account, &namespace)?;
    start(account, Work::CreateNamespace(Box::new(namespace)), takes, request)
}

/// The answer to a token that has come before.
fn repeated(account: &Account, request: &(String, Value)) -> Option<Answer> {
    let mut all = account.servicediscovery.operations.values();
    let before = all.find(|operation| {
        // What failed may be tried again under the same token.
        let same = operation.request.as_ref().is_some_and(|(token, _)| *token == request.0);
        same && operation.status != "FAIL"
    })?;
    let same = before.request.as_ref() == Some(request);
    Some(if same { Ok(json!({ "OperationId": before.id })) } else { Err(duplicate(before)) })
}

/// Name and quota must leave room for another one.
fn free(account: &Account, namespace: &Namespace) -> Result<(), ApiError> {
    let map = &account.servicediscovery;
    if let Some((_, other)) = map.namespaces.all().find(|(_, other)| other.conflicts(namespace)) {
        let text = format!("Namespace with name {} already exists.", other.name);
        let creator = other.creator_request_id.as_deref().unwrap_or_default();
        let error = ApiError::new("NamespaceAlreadyExists", text);
        return Err(error.field("NamespaceId", &*other.id).field("CreatorRequestId", creator));
    }
    let same = |work: &Work| matches!(work, Work::CreateNamespace(it) if it.conflicts(namespace));
    if let Some(operation) = underway(account, same).next() {
        return Err(duplicate(operation));
    }
    let coming = underway(account, |work| matches!(work, Work::CreateNamespace(_))).count();
    let most = account.quotas.namespaces;
    if map.namespaces.len() + coming >= most {
        let text = format!("The limit of {most} namespaces has been reached.");
        return Err(ApiError::new("ResourceLimitExceeded", text));
    }
    Ok(())
}

/// A namespace comes into being, if its hosted zone can.
pub fn appear(account: &mut Account, namespace: Namespace) -> Result<(), Failure> {
    if let Some(vpc) = &namespace.vpc
        && account.ec2.vpcs.known(vpc).is_none()
    {
        let message = format!("The VPC {vpc} does not exist or cannot be associated.");
        return Err(Failure { code: "CANNOT_CREATE_HOSTED_ZONE", message });
    }
    let now = account.now;
    account.servicediscovery.namespaces.insert(namespace.id.clone(), namespace, now, now);
    Ok(())
}

/// A namespace takes on a change.
pub fn change(account: &mut Account, id: &str, change: &Value) {
    let Some(namespace) = account.servicediscovery.namespaces.known_mut(id) else { return };
    if let Some(description) = change.text("Description") {
        namespace.description = Some(description.into());
    }
    let soa = change.pointer("/Properties/DnsProperties/SOA/TTL").and_then(Value::as_i64);
    if let (Some(ttl), Some(dns)) = (soa, &mut namespace.properties.dns_properties) {
        dns.soa.ttl = ttl;
    }
}

/// `GetNamespace`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    let namespace = find(account, call.input.text_or_empty("Id"))?;
    Ok(json!({ "Namespace": counted(account, namespace) }))
}

/// `ListNamespaces`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let all = account.servicediscovery.namespaces.all().map(|(_, namespace)| namespace);
    let all = all.filter(|namespace| {
        listing::passes(&call.input, |filter| match filter {
            "TYPE" => Some(namespace.kind.clone()),
            "NAME" | "HTTP_NAME" => Some(namespace.name.clone()),
            "RESOURCE_OWNER" => Some("SELF".into()),
            _ => None,
        })
    });
    let summaries = all.map(|namespace| {
        let mut summary = counted(account, namespace);
        summary.as_object_mut().map(|members| members.remove("CreatorRequestId"));
        summary
    });
    let (page, next) = listing::page(summaries.collect(), &call.input)?;
    Ok(json!({ "Namespaces": page, "NextToken": next }))
}

/// `UpdatePrivateDnsNamespace` and `UpdateHttpNamespace`: answers with an operation.
pub fn update(account: &mut Account, call: &Call) -> Answer {
    let id = find(account, call.input.text_or_empty("Id"))?.id.clone();
    let same = |work: &Work| matches!(work, Work::UpdateNamespace(other, _) if *other == id);
    if let Some(operation) = underway(account, same).next() {
        return Err(duplicate(operation));
    }
    let change = call.input.get("Namespace").cloned().unwrap_or_default();
    start(account, Work::UpdateNamespace(id, change), Latency::Visible, None)
}

/// `DeleteNamespace`: answers with an operation; refused while services stand in it.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let namespace = find(account, call.input.text_or_empty("Id"))?;
    let (id, kind) = (namespace.id.clone(), namespace.kind.clone());
    let deletion = Work::DeleteNamespace(id.clone());
    if let Some(operation) = underway(account, |work| *work == deletion).next() {
        return Err(duplicate(operation));
    }
    if services(account, &id) > 0 {
        let text = "Namespace has associated services; delete the services before deleting the \
                    namespace";
        return Err(ApiError::new("ResourceInUse", text));
    }
    let takes = if kind == "HTTP" { Latency::Visible } else { Latency::Namespace };
    start(account, deletion, takes, None)
}

/// A namespace, by ID or ARN.
pub fn find<'a>(account: &'a Account, id: &str) -> Result<&'a Namespace, ApiError> {
    let namespace = account.servicediscovery.namespaces.known(id_of(id));
    namespace.ok_or_else(|| {
        ApiError::new("NamespaceNotFound", format!("Namespace with ID {id} is not found."))
    })
}

/// A namespace, by name or ARN, as ECS is told of it.
pub fn named<'a>(account: &'a Account, reference: &str) -> Option<&'a Namespace> {
    let mut all = account.servicediscovery.namespaces.all().map(|(_, namespace)| namespace);
    all.find(|namespace| namespace.name == reference || namespace.arn == reference)
}

fn services(account: &Account, namespace: &str) -> usize {
    let all = account.servicediscovery.services.all();
    all.filter(|(_, service)| service.namespace_id == namespace).count()
}

fn counted(account: &Account, namespace: &Namespace) -> Value {
    let mut shape = shown(namespace);
    shape["ServiceCount"] = services(account, &namespace.id).into();
    shape
}
