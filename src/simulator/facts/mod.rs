//! What AWS does, fact by fact, where no test of a service's own says it: one file a service. The
//! page `docs/simulator-facts.md` lists every fact with the test that shows it.

mod apigateway;
mod cloudwatchlogs;
mod ec2;
mod ecs;
mod elasticloadbalancingv2;
mod iam;
mod page;
mod servicediscovery;

use super::{
    Account, Answer, Settings,
    wire::{Call, Service, encode},
};
use serde_json::{Value, json};

/// The region of all tests.
const REGION: &str = "eu-west-1";

/// An account, asked directly. Every answer also passes the wire's check against the service model.
struct World {
    account: Account,
}

impl World {
    fn seeded(seed: u64) -> Self {
        Self { account: Account::new(&Settings { seed, ..Settings::default() }) }
    }

    /// Asks for an action such as `ec2:CreateVpc`, in this very moment.
    fn ask(&mut self, action: &str, input: Value) -> Answer {
        let (prefix, operation) = action.split_once(':').expect("a service and an operation");
        let service = Service::from_prefix(prefix).expect(action);
        let operation = &service.model().operation(operation).expect(action).name;
        let (region, access_key) = (REGION.into(), "LOCAL".into());
        let call =
            Call { service, operation, input, region, access_key, request_id: "request".into() };
        let answer = self.account.call(&call);
        let response = encode(&call, answer.as_ref());
        assert_ne!(response.status(), 500, "{action}: {:?}", response.body());
        answer
    }

    /// What a call answers, and the time in which everybody learns of it.
    fn ok(&mut self, action: &str, input: Value) -> Value {
        let answer = self.ask(action, input);
        self.pass(10);
        answer.unwrap_or_else(|error| panic!("{action}: {error}"))
    }

    /// The code and the words with which a call is refused.
    fn refused(&mut self, action: &str, input: Value) -> (String, String) {
        let answer = self.ask(action, input);
        self.pass(10);
        let error = answer.expect_err(action);
        (error.code, error.message)
    }

    /// The code alone.
    fn code(&mut self, action: &str, input: Value) -> String {
        self.refused(action, input).0
    }

    fn pass(&mut self, seconds: u64) {
        self.account.advance(self.account.now + seconds * 1000);
    }

    fn vpc(&mut self) -> String {
        text(&self.ok("ec2:CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" })), "/Vpc/VpcId")
    }

    fn subnet(&mut self, vpc: &str, third: u8, zone: char) -> String {
        let input = json!({
            "VpcId": vpc,
            "CidrBlock": format!("10.0.{third}.0/24"),
            "AvailabilityZone": format!("{REGION}{zone}"),
        });
        text(&self.ok("ec2:CreateSubnet", input), "/Subnet/SubnetId")
    }

    /// An internet gateway, attached.
    fn gateway(&mut self, vpc: &str) -> String {
        let made = self.ok("ec2:CreateInternetGateway", json!({}));
        let gateway = text(&made, "/InternetGateway/InternetGatewayId");
        let ends = json!({ "InternetGatewayId": gateway, "VpcId": vpc });
        self.ok("ec2:AttachInternetGateway", ends);
        gateway
    }

    fn address(&mut self) -> String {
        text(&self.ok("ec2:AllocateAddress", json!({})), "/AllocationId")
    }

    /// An internal load balancer: its ARN.
    fn balancer(&mut self, kind: &str, subnets: &[String]) -> String {
        let input = json!({
            "Name": format!("{kind}-shop"), "Type": kind, "Scheme": "internal", "Subnets": subnets,
        });
        let made = self.ok("elasticloadbalancing:CreateLoadBalancer", input);
        text(&made, "/LoadBalancers/0/LoadBalancerArn")
    }

    fn target_group(&mut self, vpc: &str, name: &str, protocol: &str) -> String {
        let input = json!({
            "Name": name, "Protocol": protocol, "Port": 3000, "VpcId": vpc, "TargetType": "ip",
            "HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 2,
            "HealthyThresholdCount": 5,
        });
        let made = self.ok("elasticloadbalancing:CreateTargetGroup", input);
        text(&made, "/TargetGroups/0/TargetGroupArn")
    }

    fn listener(&mut self, balancer: &str, protocol: &str, group: &str) -> String {
        let input = json!({
            "LoadBalancerArn": balancer, "Protocol": protocol, "Port": 80,
            "DefaultActions": [{ "Type": "forward", "TargetGroupArn": group }],
        });
        let made = self.ok("elasticloadbalancing:CreateListener", input);
        text(&made, "/Listeners/0/ListenerArn")
    }
}

fn text(answer: &Value, pointer: &str) -> String {
    let found = answer.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{pointer} of {answer}")).into()
}

/// A policy that lets a service of AWS's assume a role.
fn trust(service: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole",
        }],
    })
}

fn filter(name: &str, value: &str) -> Value {
    json!({ "Filters": [{ "Name": name, "Values": [value] }] })
}
