//! How often AWS takes a call: token buckets, one for each account and region and operation, or for
//! operations that share one. This table is the only one of them, with its sources.

use super::{account::Millis, faults::matches};
use std::collections::BTreeMap;

/// A bucket: how many calls at once, and how many a second after that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// IAM actions; `*` stands for any text.
    pub actions: &'static str,
    /// What the bucket holds when it is full.
    pub burst: f64,
    /// How fast it fills.
    pub per_second: f64,
    /// Whether all these operations take from one bucket.
    pub shared: bool,
}

const fn each(actions: &'static str, burst: f64, per_second: f64) -> Rate {
    Rate { actions, burst, per_second, shared: false }
}

const fn all(actions: &'static str, burst: f64, per_second: f64) -> Rate {
    Rate { actions, burst, per_second, shared: true }
}

/// The first that fits decides. An operation that fits none is not limited: AWS publishes no figure
/// for it.
pub const RATES: &[Rate] = &[
    // EC2 API guide, request throttling.
    each("ec2:CreateVpcEndpoint", 4.0, 0.3),
    each("ec2:ModifyVpcEndpoint", 4.0, 0.3),
    each("ec2:DeleteVpcEndpoints", 4.0, 0.3),
    each("ec2:CreateNatGateway", 10.0, 1.0),
    each("ec2:DeleteNatGateway", 10.0, 1.0),
    each("ec2:*Tags", 100.0, 10.0),
    each("ec2:Describe*", 100.0, 20.0),
    each("ec2:*", 50.0, 5.0),
    // API Gateway guide, quotas of the management API.
    each("apigateway:CreateRestApi", 1.0, 1.0 / 3.0),
    each("apigateway:ImportRestApi", 1.0, 1.0 / 3.0),
    each("apigateway:PutRestApi", 1.0, 1.0),
    each("apigateway:CreateResource", 5.0, 5.0),
    each("apigateway:DeleteResource", 5.0, 5.0),
    each("apigateway:CreateDeployment", 1.0, 0.2),
    each("apigateway:DeleteRestApi", 1.0, 1.0 / 30.0),
    each("apigateway:UpdateAccount", 1.0, 1.0 / 20.0),
    each("apigateway:GetResources", 5.0, 2.5),
    all("apigateway:*", 40.0, 10.0),
    each("apigatewayv2:CreateVpcLink", 1.0, 1.0 / 15.0),
    each("apigatewayv2:DeleteVpcLink", 1.0, 1.0 / 30.0),
    all("apigatewayv2:*", 40.0, 10.0),
    // No published figure; what other tools of AWS's keep to.
    each("elasticloadbalancing:Describe*", 40.0, 10.0),
    all("ecs:DescribeClusters", 50.0, 20.0),
    all("ecs:ListClusters", 50.0, 20.0),
    each("ecs:DeregisterTaskDefinition", 15.0, 1.0),
    each("ecs:DeleteTaskDefinitions", 5.0, 1.0),
    // CloudWatch Logs guide, quotas.
    each("logs:CreateLogGroup", 5.0, 5.0),
    each("logs:DeleteLogGroup", 5.0, 5.0),
    each("logs:DescribeLogGroups", 10.0, 10.0),
    // Service Quotas user guide, quotas of its own: so many a second, and as many again at once.
    each("servicequotas:GetServiceQuota", 10.0, 5.0),
    each("servicequotas:ListServiceQuotas", 20.0, 10.0),
    // AWS's own controller for App Mesh keeps to these, for Cloud Map and App Mesh.
    each("servicediscovery:ListNamespaces", 8.0, 1.0),
    each("servicediscovery:ListServices", 8.0, 1.0),
    each("servicediscovery:GetService", 40.0, 4.0),
    each("servicediscovery:GetOperation", 40.0, 4.0),
    each("servicediscovery:CreateService", 80.0, 8.0),
    each("servicediscovery:DeleteService", 80.0, 8.0),
    each("servicediscovery:ListInstances", 400.0, 40.0),
    each("servicediscovery:RegisterInstance", 80.0, 4.0),
    each("servicediscovery:DeregisterInstance", 80.0, 4.0),
    each("appmesh:Describe*", 40.0, 40.0),
    each("appmesh:List*", 40.0, 40.0),
    each("appmesh:*", 8.0, 8.0),
];
/// Lists that are long in any account: without a filter, IDs or a page size they cost more.
const LONG: &[&str] = &["ec2:DescribeSecurityGroups", "ec2:DescribeNetworkInterfaces"];
const UNFILTERED: Rate = each("ec2:Describe*", 50.0, 10.0);

/// The buckets of an account.
#[derive(Debug, Default)]
pub struct Buckets(BTreeMap<String, Bucket>);

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Millis,
}

impl Buckets {
    /// Takes a token for a call; or says how many milliseconds it comes too early. `narrow` is
    /// whether it has a filter, IDs or a page size.
    pub fn take(&mut self, action: &str, narrow: bool, now: Millis) -> Result<(), Millis> {
        let Some(rate) = RATES.iter().find(|rate| matches(rate.actions, action)) else {
            return Ok(());
        };
        if !narrow && LONG.contains(&action) {
            return self.take_from(&format!("{action}, unfiltered"), UNFILTERED, now);
        }
        let name = if rate.shared { rate.actions } else { action };
        self.take_from(name, *rate, now)
    }

    fn take_from(&mut self, name: &str, rate: Rate, now: Millis) -> Result<(), Millis> {
        let full = Bucket { tokens: rate.burst, at: now };
        let bucket = match self.0.get_mut(name) {
            Some(bucket) => bucket,
            None => self.0.entry(name.to_owned()).or_insert(full),
        };
        let passed = now.saturating_sub(bucket.at) as f64 / 1000.0;
        bucket.tokens = (bucket.tokens + passed * rate.per_second).min(rate.burst);
        bucket.at = bucket.at.max(now);
        // Rounding must not make a call wait that comes exactly in time.
        if bucket.tokens < 1.0 - 1e-6 {
            return Err(((1.0 - bucket.tokens) / rate.per_second * 1000.0).ceil() as Millis);
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::wire::Service;

    fn taken(buckets: &mut Buckets, action: &str, calls: usize, now: Millis) -> usize {
        (0..calls).filter(|_| buckets.take(action, true, now).is_ok()).count()
    }

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let mut buckets = Buckets::default();
        assert_eq!(taken(&mut buckets, "ec2:CreateVpcEndpoint", 9, 0), 4);
        assert_eq!(buckets.take("ec2:CreateVpcEndpoint", true, 0), Err(3334));
        assert_eq!(taken(&mut buckets, "ec2:CreateVpcEndpoint", 9, 10_000), 3);
        // A bucket for each operation.
        assert_eq!(taken(&mut buckets, "ec2:DeleteVpcEndpoints", 9, 10_000), 4);
        assert_eq!(taken(&mut buckets, "ec2:CreateSubnet", 99, 0), 50);
        assert_eq!(taken(&mut buckets, "ec2:DescribeSubnets", 199, 0), 100);
        assert_eq!(taken(&mut buckets, "apigateway:DeleteRestApi", 2, 0), 1);
        assert_eq!(taken(&mut buckets, "apigateway:DeleteRestApi", 2, 30_000), 1);
    }

    #[test]
    fn what_api_gateway_does_not_name_shares_one_bucket() {
        let mut buckets = Buckets::default();
        assert_eq!(taken(&mut buckets, "apigateway:PutMethod", 30, 0), 30);
        assert_eq!(taken(&mut buckets, "apigateway:GetVpcLink", 30, 0), 10);
        assert_eq!(taken(&mut buckets, "apigateway:GetResources", 30, 0), 5);
    }

    #[test]
    fn a_long_list_without_a_filter_costs_more() {
        let mut buckets = Buckets::default();
        let mut take = |narrow| buckets.take("ec2:DescribeNetworkInterfaces", narrow, 0).is_ok();
        assert_eq!((0..99).filter(|_| take(false)).count(), 50);
        assert_eq!((0..199).filter(|_| take(true)).count(), 100);
    }

    #[test]
    fn every_rate_is_of_an_operation() {
        for rate in RATES {
            let fits = Service::ALL.into_iter().any(|service| {
                let mut names = service.model().operations.keys();
                let action = |name: &String| format!("{}:{name}", service.prefix());
                names.any(|name| matches(rate.actions, &action(name)))
            });
            assert!(fits, "{rate:?}");
        }
    }
}
