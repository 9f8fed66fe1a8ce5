//! REST APIs.

use super::{World, text, trust};
use serde_json::json;

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}"#;

/// A REST API with a method, deployed to the stage `dev`: its ID.
fn deployed(world: &mut World) -> String {
    let made = world.ok("apigateway:CreateRestApi", json!({ "name": "shop" }));
    let (api, root) = (text(&made, "/id"), text(&made, "/rootResourceId"));
    let method = json!({
        "restApiId": api, "resourceId": root, "httpMethod": "GET", "authorizationType": "NONE",
    });
    world.ok("apigateway:PutMethod", method);
    let integration = json!({
        "restApiId": api, "resourceId": root, "httpMethod": "GET", "type": "MOCK",
    });
    world.ok("apigateway:PutIntegration", integration);
    world.ok("apigateway:CreateDeployment", json!({ "restApiId": api, "stageName": "dev" }));
    api
}

#[test]
fn a_policy_comes_back_escaped_and_with_the_whole_arn() {
    let mut world = World::seeded(1);
    let made = world.ok("apigateway:CreateRestApi", json!({ "name": "shop", "policy": POLICY }));
    let id = text(&made, "/id");
    let policy = text(&made, "/policy");
    assert!(policy.contains(r#"\"Effect\""#), "{policy}");
    let arn = format!("arn:aws:execute-api:eu-west-1:000000000000:{id}/*");
    assert!(policy.contains(&arn.replace('/', r"\/")) || policy.contains(&arn), "{policy}");
}

#[test]
fn an_integration_needs_its_method() {
    let mut world = World::seeded(1);
    let made = world.ok("apigateway:CreateRestApi", json!({ "name": "shop" }));
    let input = json!({
        "restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET",
        "type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "http://shop.internal/",
    });
    let (code, message) = world.refused("apigateway:PutIntegration", input);
    assert_eq!(code, "NotFoundException");
    assert_eq!(message, "Invalid Method identifier specified");
}

#[test]
fn tags_stand_under_an_arn_without_an_account() {
    let mut world = World::seeded(1);
    let tags = json!({ "team": "shop" });
    let made = world.ok("apigateway:CreateRestApi", json!({ "name": "shop", "tags": tags }));
    let arn = format!("arn:aws:apigateway:eu-west-1::/restapis/{}", text(&made, "/id"));
    let seen = world.ok("apigateway:GetTags", json!({ "resourceArn": arn }));
    assert_eq!(seen["tags"], tags);
}

#[test]
fn execution_logs_leave_their_group_behind() {
    let mut world = World::seeded(1);
    let trust = trust("apigateway.amazonaws.com");
    let role = json!({ "RoleName": "logs", "AssumeRolePolicyDocument": trust.to_string() });
    let role = world.ask("iam:CreateRole", role).expect("a role");
    let role = text(&role, "/Role/Arn");
    let policy = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs";
    let attach = json!({ "RoleName": "logs", "PolicyArn": policy });
    world.ask("iam:AttachRolePolicy", attach).expect("attached");
    let replace =
        |path: &str, value: &str| json!([{ "op": "replace", "path": path, "value": value }]);
    let set = json!({ "patchOperations": replace("/cloudwatchRoleArn", &role) });
    let (code, message) = world.refused("apigateway:UpdateAccount", set.clone());
    assert_eq!(code, "BadRequestException", "the role is too new: {message}");
    world.pass(180);
    world.ok("apigateway:UpdateAccount", set);

    let api = deployed(&mut world);
    let log = json!({
        "restApiId": api, "stageName": "dev",
        "patchOperations": replace("/*/*/logging/loglevel", "ERROR"),
    });
    world.ok("apigateway:UpdateStage", log);
    world.ok("apigateway:DeleteRestApi", json!({ "restApiId": api }));
    let left = json!({ "logGroupNamePrefix": "API-Gateway-Execution-Logs" });
    let left = world.ok("logs:DescribeLogGroups", left);
    let name = format!("API-Gateway-Execution-Logs_{api}/dev");
    assert_eq!(text(&left, "/logGroups/0/logGroupName"), name);
}

#[test]
fn a_deployment_repoints_the_stage_that_it_names() {
    let mut world = World::seeded(1);
    let api = deployed(&mut world);
    let stage = json!({ "restApiId": api, "stageName": "dev" });
    let first = world.ok("apigateway:GetStage", stage.clone());
    let second = world.ok("apigateway:CreateDeployment", stage.clone());
    assert_ne!(first["deploymentId"], second["id"], "each is a snapshot of its own");
    let seen = world.ok("apigateway:GetStage", stage);
    assert_eq!(seen["deploymentId"], second["id"]);
}

#[test]
fn access_logs_need_their_format() {
    let mut world = World::seeded(1);
    let api = deployed(&mut world);
    let format = json!({
        "restApiId": api, "stageName": "dev",
        "patchOperations": [{
            "op": "replace", "path": "/accessLogSettings/format", "value": "$context.status",
        }],
    });
    let (code, message) = world.refused("apigateway:UpdateStage", format);
    assert_eq!(code, "BadRequestException", "{message}");
}

/// A VPC with two subnets and a security group, and a link of the second version there: its ID.
fn link_v2(world: &mut World) -> String {
    let vpc = world.vpc();
    let subnets = [world.subnet(&vpc, 1, 'a'), world.subnet(&vpc, 2, 'b')];
    let group = json!({ "GroupName": "link", "Description": "link", "VpcId": vpc });
    let group = text(&world.ok("ec2:CreateSecurityGroup", group), "/GroupId");
    let input = json!({ "Name": "shop", "SubnetIds": subnets, "SecurityGroupIds": [group] });
    text(&world.ok("apigatewayv2:CreateVpcLink", input), "/VpcLinkId")
}

#[test]
fn a_link_v2_holds_its_subnets_and_no_load_balancer() {
    let mut world = World::seeded(1);
    let link = link_v2(&mut world);
    let id = json!({ "VpcLinkId": link });
    assert_eq!(world.ok("apigatewayv2:GetVpcLink", id.clone())["VpcLinkStatus"], "PENDING");
    world.pass(600);
    let shown = world.ok("apigatewayv2:GetVpcLink", id.clone());
    assert_eq!(shown["VpcLinkStatus"], "AVAILABLE");
    let subnet = json!({ "SubnetId": shown["SubnetIds"][0] });
    assert_eq!(world.code("ec2:DeleteSubnet", subnet.clone()), "DependencyViolation");
    world.ok("apigatewayv2:DeleteVpcLink", id.clone());
    world.pass(600);
    assert_eq!(world.code("apigatewayv2:GetVpcLink", id), "NotFoundException");
    world.ok("ec2:DeleteSubnet", subnet);
}

#[test]
fn an_integration_over_a_link_v2_names_its_load_balancer() {
    let mut world = World::seeded(1);
    let link = link_v2(&mut world);
    let made = world.ok("apigateway:CreateRestApi", json!({ "name": "shop" }));
    let method = json!({
        "restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET",
        "authorizationType": "NONE",
    });
    world.ok("apigateway:PutMethod", method);
    let mut input = json!({
        "restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET",
        "type": "HTTP", "integrationHttpMethod": "GET", "uri": "http://shop.internal/",
        "connectionType": "VPC_LINK", "connectionId": link,
    });
    let (code, message) = world.refused("apigateway:PutIntegration", input.clone());
    assert_eq!(code, "BadRequestException");
    assert_eq!(message, "IntegrationTarget is required for VpcLinkV2");
    let arn = "arn:aws:elasticloadbalancing:eu-west-1:000000000000:loadbalancer/net/shop/0123456789abcdef";
    input["integrationTarget"] = arn.into();
    let put = world.ok("apigateway:PutIntegration", input);
    assert_eq!(put["integrationTarget"], arn);
}

#[test]
fn links_v2_need_subnets_and_groups_of_one_vpc_and_have_a_quota() {
    let mut world = World::seeded(1);
    let (one, other) = (world.vpc(), world.vpc());
    let subnets = [world.subnet(&one, 1, 'a'), world.subnet(&other, 2, 'b')];
    let mut code = |input| world.code("apigatewayv2:CreateVpcLink", input);
    let input = json!({ "Name": "shop", "SubnetIds": subnets });
    assert_eq!(code(input), "BadRequestException");
    assert_eq!(code(json!({ "Name": "shop", "SubnetIds": ["subnet-0"] })), "BadRequestException");
    let input = json!({
        "Name": "shop", "SubnetIds": [subnets[0]], "SecurityGroupIds": ["sg-0"],
    });
    assert_eq!(code(input), "BadRequestException");
    world.account.quotas.vpc_links_v2 = 0;
    let input = json!({ "Name": "shop", "SubnetIds": [subnets[0]] });
    assert_eq!(world.code("apigatewayv2:CreateVpcLink", input), "BadRequestException");
}

#[test]
fn apis_and_their_stages_have_quotas() {
    let mut world = World::seeded(1);
    world.account.quotas.rest_apis = 1;
    world.account.quotas.stages_per_api = 1;
    let api = deployed(&mut world);
    let other = world.code("apigateway:CreateRestApi", json!({ "name": "other" }));
    assert_eq!(other, "LimitExceededException");
    let more = json!({ "restApiId": api, "stageName": "live" });
    assert_eq!(world.code("apigateway:CreateDeployment", more), "LimitExceededException");
}
