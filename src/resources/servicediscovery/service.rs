//! Cloud Map service: one name, whose addresses ECS keeps up to date. Actions:
//! servicediscovery:CreateService, servicediscovery:ListServices, servicediscovery:UpdateService,
//! servicediscovery:DeleteService, servicediscovery:ListTagsForResource,
//! servicediscovery:TagResource, servicediscovery:UntagResource,
//! servicediscovery:GetInstancesHealthStatus, and to name what holds one
//! servicediscovery:ListInstances.

use super::{
    built, owned,
    private_dns_namespace::{NamespaceId, PrivateDnsNamespace, ours},
    retag, tag_list, tag_permissions, tags_if_asked,
};
use crate::resources::prelude::*;
use aws_sdk_servicediscovery::types::{
    self as map, DnsConfig, DnsConfigChange, DnsRecord, FilterCondition, HealthCheckCustomConfig,
    HealthStatus, RecordType, RoutingPolicy, ServiceChange, ServiceFilter, ServiceFilterName,
};
use futures_util::future::try_join_all;
use std::{collections::BTreeSet, rc::Rc};

/// What it is known by, and the namespace that lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceId {
    /// `srv-…`
    pub id: String,
    /// What ECS registers with.
    pub arn: String,
    /// The name inside the namespace.
    pub name: String,
    /// `ns-…`
    pub namespace_id: String,
}

/// A name with one A record per task; ECS says which tasks are healthy.
#[derive(Serialize)]
pub struct Service {
    /// Its ID comes with the end of the creating operation, so Created is as good as Ready.
    pub namespace: Created<PrivateDnsNamespace>,
    /// The name inside the namespace.
    pub name: String,
    /// How long resolvers may keep an address, in seconds.
    pub ttl: i64,
    /// For people.
    pub description: String,
    /// Whether nothing shall be registered: its service keeps no task.
    #[serde(skip)]
    pub idle: bool,
}

/// The service as its namespace lists it, and its tags, which AWS shows one resource at a time.
pub struct LiveService {
    namespace_id: String,
    service: Rc<map::ServiceSummary>,
    /// The health of all that is registered; none where nobody asked.
    instances: Option<Vec<HealthStatus>>,
    tags: Option<Tags>,
}

impl Service {
    fn record(&self) -> Result<DnsRecord> {
        built(DnsRecord::builder().r#type(RecordType::A).ttl(self.ttl).build())
    }
}

impl Resource for Service {
    const KIND: Kind = Kind("AWS::ServiceDiscovery::Service");
    const SEARCHED_ONE_BY_ONE: bool = true;
    type Needs = Created<PrivateDnsNamespace>;
    type Out = ServiceId;
    type Live = LiveService;

    fn needs(&self) -> Created<PrivateDnsNamespace> {
        self.namespace.clone()
    }

    async fn create(&self, cx: &Cx, namespace: &NamespaceId) -> Result<ServiceId> {
        const OP: &str = "servicediscovery:CreateService";
        let dns = DnsConfig::builder().routing_policy(RoutingPolicy::Multivalue);
        let dns = built(dns.dns_records(self.record()?).build())?;
        let call = cx.servicediscovery().create_service().name(&self.name);
        let call = call.namespace_id(&namespace.id).creator_request_id(cx.token());
        let call = call.dns_config(dns).description(&self.description);
        let call = call.set_tags(Some(tag_list(&cx.tags())?));
        let call = call.health_check_custom_config(HealthCheckCustomConfig::builder().build());
        let service = call.send().await.op(OP)?.service.answered(OP, "Service")?;
        Ok(ServiceId {
            id: service.id.answered(OP, "Service.Id")?,
            arn: service.arn.answered(OP, "Service.Arn")?,
            name: self.name.clone(),
            namespace_id: namespace.id.clone(),
        })
    }

    fn drift(&self, live: &LiveService, namespace: &NamespaceId) -> Drift {
        let dns = live.service.dns_config();
        let records = dns.map(DnsConfig::dns_records).unwrap_or_default();
        let types: BTreeSet<_> = records.iter().map(|record| record.r#type().as_str()).collect();
        let policy = dns.and_then(|dns| dns.routing_policy()).map(RoutingPolicy::as_str);
        let custom_check = live.service.health_check_custom_config().is_some();
        let ttl = records.iter().find(|record| *record.r#type() == RecordType::A);
        Drift::none()
            .fixed("namespace_id", &namespace.id, &live.namespace_id)
            .fixed("name", &self.name, live.service.name())
            .fixed("routing_policy", RoutingPolicy::Multivalue.as_str(), policy)
            .fixed("record_types", [RecordType::A.as_str()], types)
            .fixed("health_check_custom_config", true, custom_check)
            .mutable("ttl", self.ttl, ttl.map(DnsRecord::ttl))
            .mutable("description", &self.description, live.service.description())
    }

    fn is_idle(&self) -> bool {
        self.idle
    }

    async fn update(&self, cx: &Cx, out: &ServiceId, drift: &Drift, _: &NamespaceId) -> Result<()> {
        if drift.touches("ttl") || drift.touches("description") {
            // The call takes away what it does not name.
            let dns = built(DnsConfigChange::builder().dns_records(self.record()?).build())?;
            let change = ServiceChange::builder().dns_config(dns);
            let change = change.description(&self.description).build();
            let call = cx.servicediscovery().update_service().id(&out.id).service(change);
            match call.send().await.op("servicediscovery:UpdateService") {
                // An update is under way; whether it is this one, the next read shows.
                Err(error) if error.code == "DuplicateRequest" => {}
                answer => drop(answer?),
            }
        }
        Ok(())
    }

    fn permissions() -> Vec<Permission> {
        let mut all = tag_permissions();
        let service = "service/*";
        all.extend([
            Permission::find("servicediscovery:ListNamespaces"),
            Permission::find("servicediscovery:ListServices"),
            Permission::look("servicediscovery:GetInstancesHealthStatus").on(&[service]),
            Permission::make("servicediscovery:CreateService")
                .on(&["namespace/*", service])
                .tagging(),
            Permission::make("servicediscovery:UpdateService").on(&[service]).tagged(),
            // Another time to live is in the records of every task.
            Permission::make("route53:ChangeResourceRecordSets").on(&["hostedzone/*"]),
            Permission::remove("servicediscovery:DeleteService").on(&[service]).tagged(),
            Permission::remove("servicediscovery:ListInstances").on(&[service]),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<ServiceId>>> {
        let namespaces = ours(cx).await?;
        let lists = namespaces.iter().map(|namespace| async {
            let services = listed(cx, &namespace.out.id).await?;
            let services = services.into_iter().filter_map(|service| {
                let namespace_id = namespace.out.id.clone();
                let (id, arn, name) = (service.id?, service.arn?, service.name?);
                Some(ServiceId { id, arn, name, namespace_id })
            });
            owned(cx, services, |out| &out.arn).await
        });
        Ok(try_join_all(lists).await?.into_iter().flatten().collect())
    }

    async fn read(cx: &Cx, out: &ServiceId) -> Result<Option<LiveService>> {
        let key = (out.namespace_id.clone(), out.id.clone());
        let Some(service) = cx.load::<Services>(key).await? else { return Ok(None) };
        let tags = tags_if_asked(cx, &out.arn);
        let instances = async {
            if cx.with_traffic() { health(cx, &out.id).await.map(Some) } else { Ok(None) }
        };
        let (tags, instances) = futures_util::try_join!(tags, instances)?;
        let namespace_id = out.namespace_id.clone();
        Ok(Some(LiveService { namespace_id, service, instances, tags }))
    }

    fn traffic(live: &LiveService) -> Readiness {
        match live.instances.as_deref() {
            None => Readiness::Ready,
            Some([]) => Readiness::Waiting("no instance is registered".into()),
            Some(all) if healthy(all) == 0 => {
                Readiness::Waiting(format!("0 of {} instances healthy", all.len()))
            }
            Some(_) => Readiness::Ready,
        }
    }

    fn health(live: &LiveService) -> Option<String> {
        let all = live.instances.as_ref()?;
        Some(format!("{} of {} instances healthy", healthy(all), all.len()))
    }

    fn tags(live: &LiveService) -> Option<Tags> {
        live.tags.clone()
    }

    async fn retag(cx: &Cx, out: &ServiceId, changes: &TagChanges) -> Result<()> {
        retag(cx, &out.arn, changes).await
    }

    async fn holders(cx: &Cx, out: &ServiceId) -> Result<Vec<String>> {
        let all = instances(cx, &out.id).await?;
        let named = all.iter().map(|(id, attributes)| {
            let address = attributes.get("AWS_INSTANCE_IPV4");
            holder("instance", id, address.map(String::as_str))
        });
        Ok(named.collect())
    }

    async fn delete(cx: &Cx, out: &ServiceId) -> Result<()> {
        let call = cx.servicediscovery().delete_service().id(&out.id);
        call.send().await.op("servicediscovery:DeleteService").or_absent().map(drop)
    }

    fn id(out: &ServiceId) -> String {
        out.id.clone()
    }
}

/// The ID and the attributes of all that is registered; none when there is no such service.
pub async fn instances(cx: &Cx, id: &str) -> Result<Vec<(String, BTreeMap<String, String>)>> {
    let call = cx.servicediscovery().list_instances().service_id(id);
    let pages = call.into_paginator().send().try_collect().await;
    let pages: Option<Vec<_>> = pages.op("servicediscovery:ListInstances").or_absent()?;
    let all = pages.unwrap_or_default().into_iter();
    let all = all.flat_map(|page| page.instances.unwrap_or_default());
    let named = all
        .filter_map(|it| Some((it.id?, it.attributes.unwrap_or_default().into_iter().collect())));
    Ok(named.collect())
}

/// The health of all that is registered; AWS refuses the question where nothing is.
async fn health(cx: &Cx, id: &str) -> Result<Vec<HealthStatus>> {
    let call = cx.servicediscovery().get_instances_health_status().service_id(id);
    let pages = call.into_paginator().send().try_collect().await;
    let pages: Option<Vec<_>> =
        pages.op("servicediscovery:GetInstancesHealthStatus").or_absent()?;
    let all = pages.unwrap_or_default().into_iter();
    Ok(all.flat_map(|page| page.status.unwrap_or_default().into_values()).collect())
}

fn healthy(all: &[HealthStatus]) -> usize {
    all.iter().filter(|status| **status == HealthStatus::Healthy).count()
}

/// All services of a namespace; none when there is no such namespace.
pub(super) async fn listed(cx: &Cx, namespace_id: &str) -> Result<Vec<map::ServiceSummary>> {
    let filter = ServiceFilter::builder().name(ServiceFilterName::NamespaceId);
    let filter = filter.values(namespace_id).condition(FilterCondition::Eq);
    let call = cx.servicediscovery().list_services().filters(built(filter.build())?);
    let pages = call.into_paginator().send().try_collect().await;
    let pages = pages.op("servicediscovery:ListServices").or_absent()?.unwrap_or_default();
    Ok(pages.into_iter().flat_map(|page| page.services.unwrap_or_default()).collect())
}

/// `ListServices`, once per namespace, for all who ask at once.
struct Services;

impl Batch for Services {
    type Key = (String, String);
    type Value = map::ServiceSummary;
    const MAX: usize = usize::MAX;

    async fn fetch(cx: &Cx, keys: Vec<Self::Key>) -> Result<BTreeMap<Self::Key, Self::Value>> {
        let namespaces: BTreeSet<String> =
            keys.into_iter().map(|(namespace, _)| namespace).collect();
        let lists = namespaces.into_iter().map(|namespace| async move {
            let services = listed(cx, &namespace).await?.into_iter();
            let keyed = services.filter_map(|it| Some(((namespace.clone(), it.id.clone()?), it)));
            Ok(keyed.collect::<Vec<_>>())
        });
        Ok(try_join_all(lists).await?.into_iter().flatten().collect())
    }
}
