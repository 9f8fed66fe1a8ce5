//! How often AWS lets an operation be called: the only table of it. Where AWS publishes nothing the
//! figures are careful guesses (E), below what is known to work.

/// A token bucket: so many calls at once, then so many in a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Whose bucket: an operation's own, or one that several share.
    pub bucket: &'static str,
    /// How many calls it holds.
    pub burst: f64,
    /// How many it gains in a second.
    pub rate: f64,
}

const fn of(bucket: &'static str, burst: f64, rate: f64) -> Limit {
    Limit { bucket, burst, rate }
}

/// The limit of an operation. An empty bucket is the operation's own. `None` where AWS has no limit
/// that this environment could meet.
pub fn limit(service: &str, operation: &str) -> Option<Limit> {
    let read = super::calls::is_read(operation);
    Some(match (service, operation) {
        // EC2: a bucket for each operation, account and region.
        ("ec2", "CreateVpcEndpoint" | "ModifyVpcEndpoint" | "DeleteVpcEndpoints") => {
            of("", 4.0, 0.3)
        }
        ("ec2", "CreateNatGateway" | "DeleteNatGateway") => of("", 10.0, 1.0),
        ("ec2", "CreateTags" | "DeleteTags") => of("", 100.0, 10.0),
        ("ec2", _) if read => of("", 100.0, 20.0),
        ("ec2", _) => of("", 50.0, 5.0),
        // API Gateway: some operations of their own, the others together.
        ("apigateway", "CreateRestApi" | "ImportRestApi") => of("", 1.0, 1.0 / 3.0),
        ("apigateway", "PutRestApi") => of("", 1.0, 1.0),
        ("apigateway", "CreateResource" | "DeleteResource") => of("", 5.0, 5.0),
        ("apigateway", "CreateDeployment") => of("", 1.0, 0.2),
        ("apigateway", "DeleteRestApi") => of("", 1.0, 1.0 / 30.0),
        ("apigateway", "UpdateAccount") => of("", 1.0, 1.0 / 20.0),
        ("apigateway", "GetResources") => of("", 5.0, 2.5),
        ("apigatewayv2", "CreateVpcLink") => of("", 1.0, 1.0 / 15.0),
        ("apigatewayv2", "DeleteVpcLink") => of("", 1.0, 1.0 / 30.0),
        ("apigateway" | "apigatewayv2", _) => of("apigateway", 40.0, 10.0),
        // Load balancing: a bucket for reads and one for changes; their sizes are E.
        ("elasticloadbalancing", _) if read => of("elb:read", 40.0, 10.0),
        ("elasticloadbalancing", _) => of("elb:change", 20.0, 5.0),
        ("ecs", "DeregisterTaskDefinition") => of("", 15.0, 1.0),
        ("ecs", "DeleteTaskDefinitions") => of("", 5.0, 1.0),
        ("ecs", _) if read => of("", 50.0, 20.0),
        ("ecs", _) => of("", 40.0, 10.0), // E
        ("iam", _) => of("", 20.0, 10.0), // E
        ("logs", _) => of("", 5.0, 5.0),
        ("servicediscovery", "ListNamespaces" | "ListServices") => of("", 8.0, 1.0),
        ("servicediscovery", "CreateService" | "DeleteService") => of("", 80.0, 8.0),
        ("servicediscovery", _) => of("", 40.0, 4.0),
        ("appmesh", _) if read => of("", 40.0, 40.0),
        ("appmesh", _) => of("", 5.0, 8.0),
        // Service Quotas user guide, quotas of its own.
        ("servicequotas", "GetServiceQuota") => of("", 5.0, 5.0),
        ("servicequotas", "ListServiceQuotas") => of("", 10.0, 10.0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_has_its_own_limit_or_shares_its_classs() {
        assert_eq!(limit("ec2", "CreateVpcEndpoint").unwrap().burst, 4.0);
        assert_eq!(limit("ec2", "DescribeVpcs").unwrap().rate, 20.0);
        assert_eq!(limit("apigateway", "PutMethod").unwrap().bucket, "apigateway");
        assert_eq!(limit("sts", "GetCallerIdentity"), None);
    }
}
