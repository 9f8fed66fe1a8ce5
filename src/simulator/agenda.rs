//! What happens later, in order.

use super::{
    account::Millis, apigateway, apigatewayv2, ec2, ecs, elasticloadbalancingv2, servicediscovery,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Something that happens by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// In a network.
    Ec2(ec2::Event),
    /// To a load balancer.
    ElasticLoadBalancingV2(elasticloadbalancingv2::Event),
    /// In a cluster.
    Ecs(ecs::Event),
    /// In Cloud Map.
    ServiceDiscovery(servicediscovery::Event),
    /// In API Gateway.
    ApiGateway(apigateway::Event),
    /// In API Gateway V2.
    ApiGatewayV2(apigatewayv2::Event),
}

/// Events by the time when they are due; those of one moment in the order of planning.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Agenda {
    events: BTreeMap<Millis, Vec<Event>>,
}

impl Agenda {
    /// Plans an event.
    pub fn add(&mut self, due: Millis, event: Event) {
        self.events.entry(due).or_default().push(event);
    }

    /// Takes the next event that is due.
    pub fn next(&mut self, now: Millis) -> Option<(Millis, Event)> {
        let mut first = self.events.first_entry()?;
        let due = *first.key();
        if due > now {
            return None;
        }
        let event = first.get_mut().remove(0);
        if first.get().is_empty() {
            first.remove();
        }
        Some((due, event))
    }
}
