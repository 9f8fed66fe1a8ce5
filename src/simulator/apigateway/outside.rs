//! What API Gateway looks up in other services: the only place where it does.

use crate::simulator::{
    account::Account,
    cloudwatchlogs, elasticloadbalancingv2 as elb,
    iam::{self, Assumable},
};

/// The state of a load balancer, such as `active`.
pub fn lb_state(account: &Account, arn: &str) -> Option<String> {
    account.elb.load_balancers.known(arn).map(|it| it.state.code.clone())
}

/// Keeps a load balancer from being deleted.
pub fn hold(account: &mut Account, arn: &str, by: &str) {
    // A load balancer that went away meanwhile needs no holding.
    let _ = elb::hold(account, arn, by);
}

/// Lets it go.
pub fn release_hold(account: &mut Account, arn: &str, by: &str) {
    elb::release_hold(account, arn, by);
}

/// Whether API Gateway can assume a role by now.
pub fn role_trusts_apigateway(account: &Account, arn: &str) -> bool {
    iam::assumable_by(account, arn, "apigateway.amazonaws.com") == Assumable::Yes
}

/// Whether a role may write logs.
pub fn role_writes_logs(account: &Account, arn: &str) -> bool {
    iam::allows(account, arn, "logs:PutLogEvents")
}

/// Whether there is a log group with this ARN.
pub fn log_group_exists(account: &Account, arn: &str) -> bool {
    let name = arn.split_once(":log-group:").map_or("", |(_, name)| name);
    cloudwatchlogs::exists(account, name)
}

/// Makes the log group of a stage's execution logs, which nobody deletes with the stage.
pub fn make_execution_logs(account: &mut Account, region: &str, api: &str, stage: &str) {
    let name = format!("API-Gateway-Execution-Logs_{api}/{stage}");
    cloudwatchlogs::ensure(account, region, &name);
}

/// Whether there is a VPC endpoint, in whatever state.
pub fn vpc_endpoint_exists(account: &Account, id: &str) -> bool {
    account.ec2.vpc_endpoints.known(id).is_some()
}
