//! Services of a namespace.

use super::{
    id_of,
    instance::Instance,
    invalid, listing, namespace,
    operation::{Work, duplicate, start, underway},
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

/// A service as Cloud Map describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Service {
    /// `srv-…`
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// The account.
    pub resource_owner: String,
    /// The name inside the namespace.
    pub name: String,
    /// The namespace.
    pub namespace_id: String,
    /// For people.
    pub description: Option<String>,
    /// How DNS answers.
    pub dns_config: Option<DnsConfig>,
    /// `DNS_HTTP` or `HTTP`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// Route 53's checks, as given.
    pub health_check_config: Option<Value>,
    /// Checks by whoever registers.
    pub health_check_custom_config: Option<CustomCheck>,
    /// When it was made.
    pub create_date: f64,
    /// The creating call's token.
    pub creator_request_id: Option<String>,
    /// The account that made it.
    pub created_by_account: String,
    /// Tags.
    #[serde(rename = "_tags")]
    pub tags: BTreeMap<String, String>,
    /// What is registered, by ID.
    #[serde(rename = "_instances")]
    pub instances: BTreeMap<String, Instance>,
    /// The creating call's input, for its repetition.
    #[serde(rename = "_input")]
    pub input: Value,
}

/// How DNS answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DnsConfig {
    /// The namespace, once more.
    pub namespace_id: String,
    /// `MULTIVALUE` or `WEIGHTED`.
    pub routing_policy: String,
    /// One per type.
    pub dns_records: Vec<DnsRecord>,
}

/// One type of record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DnsRecord {
    /// Such as `A`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// How long resolvers may remember it.
    #[serde(rename = "TTL")]
    pub ttl: i64,
}

/// Checks by whoever registers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CustomCheck {
    /// Always 1.
    pub failure_threshold: i64,
}

/// `CreateService`.
pub fn create(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let dns = input.get("DnsConfig");
    let namespace = input.text("NamespaceId").or(dns.and_then(|dns| dns.text("NamespaceId")));
    let namespace = namespace.ok_or_else(|| invalid("NamespaceId is required."))?;
    let namespace = namespace::find(account, namespace)?.clone();
    let deleted = Work::DeleteNamespace(namespace.id.clone());
    if underway(account, |work| *work == deleted).next().is_some() {
        let text = format!("Namespace with ID {} is not found.", namespace.id);
        return Err(ApiError::new("NamespaceNotFound", text));
    }
    let name = input.text_or_empty("Name");
    let services = &account.servicediscovery.services;
    let taken = services.all().find(|(_, it)| it.namespace_id == namespace.id && it.name == name);
    if let Some((_, other)) = taken {
        return repeated(account, other, input);
    }
    if input.get("HealthCheckConfig").is_some() {
        return Err(match input.get("HealthCheckCustomConfig") {
            Some(_) => invalid("HealthCheckConfig and HealthCheckCustomConfig exclude each other."),
            None => invalid("A service in this namespace cannot have Route 53 health checks."),
        });
    }
    if dns.is_some() && namespace.kind == "HTTP" {
        return Err(invalid("A service in an HTTP namespace cannot have a DnsConfig."));
    }
    let tags = input.tag_list("Tags");
    let (id, arn) = identity(account, &call.region, &namespace.id, name);
    tag::few_enough(&arn, &tags)?;
    let custom = input.get("HealthCheckCustomConfig");
    let service = Service {
        id: id.clone(),
        arn,
        resource_owner: account.id.clone(),
        name: name.into(),
        namespace_id: namespace.id.clone(),
        description: input.text("Description").map(String::from),
        dns_config: dns.map(|dns| DnsConfig {
            namespace_id: namespace.id.clone(),
            routing_policy: dns.text("RoutingPolicy").unwrap_or("MULTIVALUE").into(),
            dns_records: records(dns),
        }),
        kind: if dns.is_some() { "DNS_HTTP" } else { "HTTP" }.into(),
        health_check_config: None,
        health_check_custom_config: custom.map(|_| CustomCheck { failure_threshold: 1 }),
        create_date: seconds(account.now),
        creator_request_id: input.text("CreatorRequestId").map(String::from),
        created_by_account: account.id.clone(),
        tags,
        instances: BTreeMap::new(),
        input: input.clone(),
    };
    let answer = json!({ "Service": counted(&service) });
    let now = account.now;
    account.servicediscovery.services.insert(id, service, now, now);
    Ok(answer)
}

/// ID and ARN for a name in a namespace: a name that comes back gets them again.
fn identity(account: &mut Account, region: &str, namespace: &str, name: &str) -> (String, String) {
    let key = format!("{namespace}/{name}");
    let before = account.servicediscovery.service_ids.get(&key).cloned();
    let id = before.unwrap_or_else(|| format!("srv-{}", account.alphanumeric(16)));
    let arn = format!("arn:aws:servicediscovery:{region}:{}:service/{id}", account.id);
    account.servicediscovery.service_ids.insert(key, id.clone());
    (id, arn)
}

/// The service of this name in a namespace.
pub fn named<'a>(account: &'a Account, namespace: &str, name: &str) -> Option<&'a Service> {
    let mut all = account.servicediscovery.services.all().map(|(_, service)| service);
    all.find(|service| service.namespace_id == namespace && service.name == name)
}

/// ECS makes a service for a Service Connect endpoint: known to the API and not to DNS.
pub fn publish(account: &mut Account, region: &str, namespace: &str, name: &str) -> Option<String> {
    account.servicediscovery.namespaces.known(namespace)?;
    if let Some(standing) = named(account, namespace, name) {
        return Some(standing.id.clone());
    }
    let (id, arn) = identity(account, region, namespace, name);
    let service = Service {
        id: id.clone(),
        arn,
        resource_owner: account.id.clone(),
        name: name.into(),
        namespace_id: namespace.into(),
        description: Some("Managed by arn:aws:ecs".into()),
        dns_config: None,
        kind: "HTTP".into(),
        health_check_config: None,
        health_check_custom_config: None,
        create_date: seconds(account.now),
        creator_request_id: None,
        created_by_account: account.id.clone(),
        tags: BTreeMap::from([("AmazonECSManaged".into(), "true".into())]),
        instances: BTreeMap::new(),
        input: Value::Null,
    };
    let now = account.now;
    account.servicediscovery.services.insert(id.clone(), service, now, now);
    Some(id)
}

/// The same request, sent again, is answered as before; another one is refused.
fn repeated(account: &Account, service: &Service, input: &Value) -> Answer {
    if service.creator_request_id.is_some() && service.input == *input {
        return Ok(json!({ "Service": counted(service) }));
    }
    let text = format!("Service with name {} already exists in the namespace.", service.name);
    let error = ApiError::new("ServiceAlreadyExists", text);
    let error = error.field("ServiceId", service.id.as_str());
    let error = error.field("ServiceArn", service.arn.as_str());
    let creator = service.creator_request_id.as_deref().unwrap_or(&account.id);
    Err(error.field("CreatorRequestId", creator))
}

fn records(dns: &Value) -> Vec<DnsRecord> {
    let records = dns.list("DnsRecords").iter().map(|record| DnsRecord {
        kind: record.text_or_empty("Type").into(),
        ttl: record.int("TTL").unwrap_or_default(),
    });
    records.collect()
}

/// `GetService`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    let service = find(account, call.input.text_or_empty("Id"))?;
    Ok(json!({ "Service": counted(service) }))
}

/// `ListServices`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let all = account.servicediscovery.services.all().map(|(_, service)| service);
    let all = all.filter(|service| {
        listing::passes(&call.input, |filter| match filter {
            "NAMESPACE_ID" => Some(service.namespace_id.clone()),
            "RESOURCE_OWNER" => Some("SELF".into()),
            _ => None,
        })
    });
    let summaries = all.map(|service| {
        let mut summary = counted(service);
        if let Some(members) = summary.as_object_mut() {
            members.retain(|name, _| !matches!(&**name, "NamespaceId" | "CreatorRequestId"));
        }
        summary
    });
    let (page, next) = listing::page(summaries.collect(), &call.input)?;
    Ok(json!({ "Services": page, "NextToken": next }))
}

/// `UpdateService`: answers with an operation.
pub fn update(account: &mut Account, call: &Call) -> Answer {
    let id = find(account, call.input.text_or_empty("Id"))?.id.clone();
    let same = |work: &Work| matches!(work, Work::UpdateService(other, _) if *other == id);
    if let Some(operation) = underway(account, same).next() {
        return Err(duplicate(operation));
    }
    let change = call.input.get("Service").cloned().unwrap_or_default();
    start(account, Work::UpdateService(id, change), Latency::Visible, None)
}

/// A service takes on a change. Records that it does not name are dropped.
pub fn change(account: &mut Account, id: &str, change: &Value) {
    let Some(service) = account.servicediscovery.services.known_mut(id) else { return };
    service.description = change.text("Description").map(String::from);
    if let (Some(given), Some(dns)) = (change.get("DnsConfig"), &mut service.dns_config) {
        dns.dns_records = records(given);
    }
}

/// `DeleteService`: refused while instances are registered.
pub fn delete(account: &mut Account, call: &Call) -> Answer {
    let service = find(account, call.input.text_or_empty("Id"))?;
    if !service.instances.is_empty() {
        let text = "Service contains registered instances; delete the instances before deleting \
                    the service";
        return Err(ApiError::new("ResourceInUse", text));
    }
    let id = service.id.clone();
    account.servicediscovery.services.remove(&id);
    Ok(json!({}))
}

/// Whether there is a service of this ID or ARN: ECS asks before it registers with one.
pub fn service_exists(account: &Account, service: &str) -> bool {
    account.servicediscovery.services.known(id_of(service)).is_some()
}

/// A service, by ID or ARN.
pub fn find<'a>(account: &'a Account, id: &str) -> Result<&'a Service, ApiError> {
    account.servicediscovery.services.known(id_of(id)).ok_or_else(|| unknown(id))
}

/// `ServiceNotFound`.
pub fn unknown(id: &str) -> ApiError {
    ApiError::new("ServiceNotFound", format!("Service with ID {id} is not found."))
}

fn counted(service: &Service) -> Value {
    let mut shape = shown(service);
    shape["InstanceCount"] = service.instances.len().into();
    shape
}
