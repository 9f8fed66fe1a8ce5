//! What the run is still waiting for: the critical path, and how much of it is left.

use super::text::whole;
use crate::{
    engine::Event,
    model::{Address, CriticalPath, Leg, Milestone},
};
use std::{collections::BTreeMap, time::Duration};

/// The expected critical path, and how far it has come.
#[derive(Debug, Default)]
pub struct Forecast {
    path: CriticalPath,
    begun: BTreeMap<Address, Duration>,
    reached: BTreeMap<Address, Milestone>,
}

impl Forecast {
    /// Takes in one event that happened `now`.
    pub fn hear(&mut self, event: &Event, now: Duration) {
        match event {
            Event::Forecast { path } => self.path = path.clone(),
            Event::Begun { address, .. } => drop(self.begun.insert(address.clone(), now)),
            Event::Created { address, .. } => {
                self.reached.insert(address.clone(), Milestone::Created);
            }
            Event::Ready { address, .. } | Event::Deleted { address, .. } => {
                self.reached.insert(address.clone(), Milestone::Ready);
            }
            _ => {}
        }
    }

    /// `critical path: load-balancer/internal → vpc-link, 2 m 10 s left`, while there is any.
    pub fn line(&self, now: Duration) -> Option<String> {
        let open = |leg: &&Leg| self.reached.get(&leg.address) < Some(&leg.until);
        let left: f64 = self.path.legs.iter().filter(open).map(|leg| self.left(leg, now)).sum();
        let main: Vec<&str> = self.path.main().filter(open).map(|leg| name(&leg.address)).collect();
        if main.is_empty() {
            return None;
        }
        let left = whole(Duration::from_secs_f64(left));
        Some(format!("critical path: {}, {left} left", main.join(" → ")))
    }

    fn left(&self, leg: &Leg, now: Duration) -> f64 {
        let spent = self.begun.get(&leg.address).map_or(0.0, |at| (now - *at).as_secs_f64());
        (leg.seconds - spent).max(0.0)
    }
}

/// `5 m 30 s: provider/load-balancer/internal 2 m 30 s → api/vpc-link 3 m 00 s`.
pub fn sentence(path: &CriticalPath) -> String {
    let seconds = |seconds: f64| whole(Duration::from_secs_f64(seconds));
    let legs: Vec<String> =
        path.main().map(|leg| format!("{} {}", leg.address, seconds(leg.seconds))).collect();
    format!("{}: {}", seconds(path.seconds), legs.join(" → "))
}

/// An address without its group.
fn name(address: &Address) -> &str {
    address.as_str().split_once('/').map_or(address.as_str(), |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn what_is_left_shrinks_as_time_passes_and_legs_end() {
        let leg = |address: &str, seconds| {
            let until = Milestone::Ready;
            Leg { address: Address::new(address), until, seconds }
        };
        let legs = vec![leg("p/nlb", 150.0), leg("api/vpc-link", 180.0)];
        let mut forecast = Forecast::default();
        let at = Duration::from_secs;
        forecast.hear(&Event::Forecast { path: CriticalPath { seconds: 330.0, legs } }, at(0));
        let kind = Kind("AWS::ElasticLoadBalancingV2::LoadBalancer");
        let address = Address::new("p/nlb");
        let begun = Event::Begun { address: address.clone(), kind, action: "create", at: at(0) };
        forecast.hear(&begun, at(0));
        let line = forecast.line(at(60));
        assert_eq!(line.as_deref(), Some("critical path: nlb → vpc-link, 4 m 30 s left"));
        let (id, took) = (String::new(), at(150));
        forecast.hear(&Event::Ready { address, kind, id, took, changed: true }, at(150));
        let line = forecast.line(at(150));
        assert_eq!(line.as_deref(), Some("critical path: vpc-link, 3 m 00 s left"));
    }
}
