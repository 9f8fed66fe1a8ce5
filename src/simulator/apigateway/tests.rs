//! What API Gateway refuses, and what happens in it by itself. Every answer also passes the wire's
//! check against the service model.

use crate::simulator::{
    Account, Answer, Settings,
    wire::{Call, Service, encode},
};
use serde_json::{Value, json};

/// A network load balancer in an account, and a REST API.
struct World {
    account: Account,
    balancer: String,
    api: String,
    root: String,
}

fn text(answer: &Value, pointer: &str) -> String {
    answer.pointer(pointer).and_then(Value::as_str).expect(pointer).into()
}

impl World {
    fn new() -> Self {
        let account = Account::new(&Settings { seed: 5, ..Settings::default() });
        let nothing = String::new;
        let mut world = Self { account, balancer: nothing(), api: nothing(), root: nothing() };
        let vpc = world.made(Service::Ec2, "CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }));
        let subnet = json!({ "VpcId": vpc["Vpc"]["VpcId"], "CidrBlock": "10.0.1.0/24" });
        let subnet = world.made(Service::Ec2, "CreateSubnet", subnet);
        let balancer = json!({
            "Name": "shop", "Type": "network", "Scheme": "internal",
            "Subnets": [subnet["Subnet"]["SubnetId"]],
        });
        let balancer = world.made(Service::ElasticLoadBalancingV2, "CreateLoadBalancer", balancer);
        world.balancer = text(&balancer, "/LoadBalancers/0/LoadBalancerArn");
        let api = world.ok("CreateRestApi", json!({ "name": "shop" }));
        (world.api, world.root) = (text(&api, "/id"), text(&api, "/rootResourceId"));
        world
    }

    fn ask(&mut self, service: Service, operation: &str, input: Value) -> Answer {
        let operation = &service.model().operation(operation).expect("an operation").name;
        let (region, access_key) = ("eu-west-1".into(), "LOCAL".into());
        let call =
            Call { service, operation, input, region, access_key, request_id: "request".into() };
        let answer = self.account.call(&call);
        let response = encode(&call, answer.as_ref());
        assert_ne!(response.status(), 500, "{operation}: {:?}", response.body());
        answer
    }

    /// A call of another service, and the time in which everybody learns of it.
    fn made(&mut self, service: Service, operation: &str, input: Value) -> Value {
        let answer = self.ask(service, operation, input);
        self.pass(5);
        answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    fn ok(&mut self, operation: &str, input: Value) -> Value {
        self.made(Service::ApiGateway, operation, input)
    }

    fn refused(&mut self, operation: &str, input: Value) -> String {
        let answer = self.ask(Service::ApiGateway, operation, input);
        self.pass(5);
        let error = answer.expect_err(operation);
        format!("{}: {}", error.code, error.message)
    }

    fn pass(&mut self, seconds: u64) {
        self.account.advance(self.account.now + seconds * 1000);
    }

    fn link(&mut self) -> String {
        let input = json!({ "name": "shop", "targetArns": [self.balancer] });
        text(&self.ok("CreateVpcLink", input), "/id")
    }

    fn status(&mut self, link: &str) -> (String, String) {
        let link = self.ok("GetVpcLink", json!({ "vpcLinkId": link }));
        (text(&link, "/status"), text(&link, "/statusMessage"))
    }

    /// The root's GET, and what it takes to integrate it through a link.
    fn method(&mut self) -> Value {
        let method = json!({ "restApiId": self.api, "resourceId": self.root, "httpMethod": "GET" });
        let mut open = method.clone();
        open["authorizationType"] = "NONE".into();
        self.ok("PutMethod", open);
        method
    }

    fn integrate(&mut self, method: &Value, connection: &str) {
        let mut input = method.clone();
        for (member, value) in [
            ("type", "HTTP_PROXY"),
            ("integrationHttpMethod", "GET"),
            ("uri", "http://shop.internal:3001/"),
            ("connectionType", "VPC_LINK"),
            ("connectionId", connection),
        ] {
            input[member] = value.into();
        }
        self.ok("PutIntegration", input);
    }

    fn deploy(&mut self, stage: &str) -> String {
        let input = json!({ "restApiId": self.api, "stageName": stage });
        text(&self.ok("CreateDeployment", input), "/id")
    }
}

#[test]
fn a_link_on_a_provisioning_load_balancer_fails_for_good() {
    let mut world = World::new();
    let early = world.link();
    assert_eq!(world.status(&early).0, "PENDING");
    world.pass(400);
    let (status, why) = world.status(&early);
    assert_eq!(status, "FAILED");
    assert!(why.starts_with("NLB is not in active state."), "{why}");
    let late = world.link();
    world.pass(400);
    assert_eq!(world.status(&late).0, "AVAILABLE");
    let second = world.link();
    world.pass(400);
    let (status, why) = world.status(&second);
    assert_eq!(status, "FAILED");
    assert!(why.contains("already associated with another VPC Endpoint Service"), "{why}");
}

#[test]
fn a_link_takes_one_load_balancer_and_keeps_it() {
    let mut world = World::new();
    let two = json!({ "name": "shop", "targetArns": [world.balancer, world.balancer] });
    let refusal = world.refused("CreateVpcLink", two);
    assert!(refusal.contains("More than one target arn specified for vpc link."), "{refusal}");
    world.pass(400);
    let link = world.link();
    let patch = json!({ "op": "replace", "path": "/targetArns/0", "value": "x" });
    let change = json!({ "vpcLinkId": link, "patchOperations": [patch] });
    let refusal = world.refused("UpdateVpcLink", change);
    assert!(refusal.contains("Target arns are not allowed to be changed"), "{refusal}");
    let delete = json!({ "LoadBalancerArn": world.balancer });
    let held = world.ask(Service::ElasticLoadBalancingV2, "DeleteLoadBalancer", delete);
    assert!(held.expect_err("it is held").message.contains("associated with another service"));
}

#[test]
fn a_link_that_a_deployed_stage_names_is_not_deleted() {
    let mut world = World::new();
    world.pass(400);
    let link = world.link();
    world.pass(400);
    let method = world.method();
    world.integrate(&method, &link);
    world.deploy("dev");
    let refusal = world.refused("DeleteVpcLink", json!({ "vpcLinkId": link }));
    assert!(refusal.contains("is referenced in [GET:"), "{refusal}");
    assert!(refusal.contains(":dev] in format of [Method:Resource:Stage]"), "{refusal}");
    world.ok("DeleteStage", json!({ "restApiId": world.api, "stageName": "dev" }));
    world.ok("DeleteVpcLink", json!({ "vpcLinkId": link }));
    assert_eq!(world.status(&link).0, "DELETING");
    world.pass(400);
    let gone = world.refused("GetVpcLink", json!({ "vpcLinkId": link }));
    assert!(gone.starts_with("NotFoundException: Invalid Vpc Link identifier"), "{gone}");
}

#[test]
fn a_link_behind_a_stage_variable_holds_nothing() {
    let mut world = World::new();
    let method = world.method();
    world.integrate(&method, "${stageVariables.link}");
    // No link is there yet, and the deployment does not ask for one.
    world.deploy("dev");
    world.pass(400);
    let link = world.link();
    world.pass(400);
    let patch = json!({ "op": "replace", "path": "/variables/link", "value": link });
    let input = json!({
        "restApiId": world.api, "stageName": "dev", "patchOperations": [patch],
    });
    let stage = world.ok("UpdateStage", input);
    assert_eq!(stage["variables"]["link"], json!(link));
    world.ok("DeleteVpcLink", json!({ "vpcLinkId": link }));
}

#[test]
fn parallel_writes_of_one_api_are_refused() {
    let mut world = World::new();
    let child = |part: &str, world: &World| json!({ "restApiId": world.api, "parentId": world.root, "pathPart": part });
    let (first, second) = (child("a", &world), child("b", &world));
    // Both arrive in one moment.
    world.ask(Service::ApiGateway, "CreateResource", first).expect("the first");
    let refusal = world.refused("CreateResource", second.clone());
    assert!(refusal.starts_with("ConflictException: Unable to complete operation"), "{refusal}");
    assert!(refusal.contains("concurrent modification"), "{refusal}");
    world.ok("CreateResource", second.clone());
    let taken = world.refused("CreateResource", second);
    assert!(taken.contains("Another resource with the same parent already has this name"));
}

#[test]
fn a_deployment_needs_methods_and_integrations_and_is_a_snapshot() {
    let mut world = World::new();
    let deploy = json!({ "restApiId": world.api });
    let refusal = world.refused("CreateDeployment", deploy.clone());
    assert!(refusal.contains("The REST API doesn't contain any methods"), "{refusal}");
    let method = world.method();
    let refusal = world.refused("CreateDeployment", deploy);
    assert!(refusal.contains("No integration defined for method"), "{refusal}");
    world.integrate(&method, "${stageVariables.link}");
    let deployment = world.deploy("dev");
    world.ok("DeleteMethod", method);
    let shown = world.ok(
        "GetDeployment",
        json!({ "restApiId": world.api, "deploymentId": deployment, "embed": ["apisummary"] }),
    );
    assert!(shown["apiSummary"]["/"]["GET"].is_object(), "{shown}");
    let delete = json!({ "restApiId": world.api, "deploymentId": deployment });
    let refusal = world.refused("DeleteDeployment", delete.clone());
    assert!(refusal.contains("Active stages pointing to this deployment"), "{refusal}");
    world.ok("DeleteStage", json!({ "restApiId": world.api, "stageName": "dev" }));
    world.ok("DeleteDeployment", delete);
}

#[test]
fn names_of_apis_are_not_unique_and_names_of_stages_are() {
    let mut world = World::new();
    let again = world.ok("CreateRestApi", json!({ "name": "shop" }));
    assert_ne!(text(&again, "/id"), world.api);
    let method = world.method();
    world.integrate(&method, "${stageVariables.link}");
    let deployment = world.deploy("dev");
    let stage = json!({ "restApiId": world.api, "stageName": "dev", "deploymentId": deployment });
    let refusal = world.refused("CreateStage", stage);
    assert_eq!(refusal, "ConflictException: Stage already exists");
}

#[test]
fn logs_need_the_accounts_role_and_the_role_must_be_able_to_write_them() {
    let mut world = World::new();
    let method = world.method();
    world.integrate(&method, "${stageVariables.link}");
    world.deploy("dev");
    let patch = json!({ "op": "replace", "path": "/*/*/logging/loglevel", "value": "ERROR" });
    let log = json!({ "restApiId": world.api, "stageName": "dev", "patchOperations": [patch] });
    let refusal = world.refused("UpdateStage", log.clone());
    assert!(refusal.contains("role ARN must be set in account settings"), "{refusal}");
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let role = json!({ "RoleName": "logs", "AssumeRolePolicyDocument": trust });
    let role = world.made(Service::Iam, "CreateRole", role);
    let arn = text(&role, "/Role/Arn");
    let patch = json!({ "op": "replace", "path": "/cloudwatchRoleArn", "value": arn });
    let set = json!({ "patchOperations": [patch] });
    world.pass(120);
    let refusal = world.refused("UpdateAccount", set.clone());
    assert!(refusal.contains("could not successfully write to CloudWatch Logs"), "{refusal}");
    let policy = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs";
    let attach = json!({ "RoleName": "logs", "PolicyArn": policy });
    world.made(Service::Iam, "AttachRolePolicy", attach);
    world.ok("UpdateAccount", set);
    world.ok("UpdateStage", log);
}
