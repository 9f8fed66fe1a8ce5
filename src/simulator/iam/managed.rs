//! AWS's managed policies: those that an environment like ours attaches. Where AWS's own text is
//! long, only the actions that matter here are kept.

use super::{document::encoded, page, unknown};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::{Value, json};

/// What an ARN of AWS's own begins with.
const PREFIX: &str = "arn:aws:iam::aws:policy";
/// When AWS made them, as far as anyone here asks.
const MADE: u64 = 1_500_000_000;

/// Path, name, and the actions that the policy allows on everything.
type Policy = (&'static str, &'static str, &'static [&'static str]);

const POLICIES: &[Policy] = &[
    ("/", "AWSAppMeshEnvoyAccess", &["appmesh:StreamAggregatedResources"]),
    ("/", "AWSAppMeshPreviewEnvoyAccess", &["appmesh-preview:StreamAggregatedResources"]),
    (
        "/",
        "AWSXRayDaemonWriteAccess",
        &[
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
        ],
    ),
    ("/", "AdministratorAccess", &["*"]),
    (
        "/",
        "AmazonEC2ContainerRegistryReadOnly",
        &[
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
            "ecr:Describe*",
            "ecr:List*",
        ],
    ),
    (
        "/",
        "AmazonSSMManagedInstanceCore",
        &["ssm:UpdateInstanceInformation", "ssmmessages:*", "ec2messages:*"],
    ),
    ("/", "AmazonSSMReadOnlyAccess", &["ssm:Describe*", "ssm:Get*", "ssm:List*"]),
    (
        "/",
        "CloudWatchAgentServerPolicy",
        &[
            "cloudwatch:PutMetricData",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
        ],
    ),
    ("/", "CloudWatchLogsFullAccess", &["logs:*"]),
    ("/", "ReadOnlyAccess", &["*:Describe*", "*:Get*", "*:List*"]),
    (
        "/service-role/",
        "AmazonAPIGatewayPushToCloudWatchLogs",
        &[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogGroups",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
            "logs:GetLogEvents",
            "logs:FilterLogEvents",
        ],
    ),
    (
        "/service-role/",
        "AmazonEC2ContainerServiceforEC2Role",
        &["ecs:*", "ecr:*", "logs:CreateLogStream", "logs:PutLogEvents"],
    ),
    (
        "/service-role/",
        "AmazonECSInfrastructureRolePolicyForLoadBalancers",
        &["elasticloadbalancing:*"],
    ),
    (
        "/service-role/",
        "AmazonECSTaskExecutionRolePolicy",
        &[
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
    ),
];

/// Whether there is such a policy.
pub fn exists(arn: &str) -> bool {
    find(arn).is_some()
}

/// The text of a policy.
pub fn document(arn: &str) -> Option<String> {
    let (_, _, actions) = find(arn)?;
    let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    Some(json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
}

/// The path in an ARN, such as `/service-role/`.
pub fn path(arn: &str) -> &str {
    find(arn).map_or("/", |(path, ..)| path)
}

/// A policy in the list of a role's.
pub fn attached(arn: &str) -> Value {
    json!({ "PolicyName": arn.rsplit('/').next(), "PolicyArn": arn })
}

fn find(arn: &str) -> Option<&'static Policy> {
    let rest = arn.strip_prefix(PREFIX)?;
    POLICIES.iter().find(|(path, name, _)| rest.strip_prefix(path) == Some(*name))
}

/// `GetPolicy`.
pub fn get(account: &mut Account, call: &Call) -> Answer {
    let policy = named(call)?;
    Ok(json!({ "Policy": described(account, policy) }))
}

/// `GetPolicyVersion`: each policy has one.
pub fn get_version(call: &Call) -> Answer {
    let arn = call.input.text_or_empty("PolicyArn");
    named(call)?;
    let version = call.input.text_or_empty("VersionId");
    if version != "v1" {
        let message =
            format!("Policy {arn} version {version} does not exist or is not attachable.");
        return Err(unknown(message));
    }
    let mut shape = version_one();
    shape["Document"] = encoded(&document(arn).unwrap_or_default()).into();
    Ok(json!({ "PolicyVersion": shape }))
}

/// `ListPolicyVersions`: shows no documents.
pub fn list_versions(call: &Call) -> Answer {
    named(call)?;
    page(&call.input, "Versions", vec![version_one()])
}

/// `ListPolicies`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let prefix = input.text("PathPrefix").unwrap_or("/");
    let only_attached = input.flag("OnlyAttached").unwrap_or(false);
    let of_aws = input.text("Scope") != Some("Local");
    let wanted = |policy: &&Policy| {
        of_aws && policy.0.starts_with(prefix) && (!only_attached || uses(account, policy) > 0)
    };
    let found = POLICIES.iter().filter(wanted).map(|policy| described(account, policy));
    page(input, "Policies", found.collect())
}

fn named(call: &Call) -> Result<&'static Policy, ApiError> {
    let arn = call.input.text_or_empty("PolicyArn");
    find(arn).ok_or_else(|| unknown(format!("Policy {arn} was not found.")))
}

fn described(account: &Account, policy: &Policy) -> Value {
    let (path, name, _) = policy;
    json!({
        "PolicyName": name,
        "Arn": format!("{PREFIX}{path}{name}"),
        "Path": path,
        "DefaultVersionId": "v1",
        "AttachmentCount": uses(account, policy),
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": true,
        "CreateDate": MADE,
        "UpdateDate": MADE,
    })
}

fn uses(account: &Account, (path, name, _): &Policy) -> usize {
    let arn = format!("{PREFIX}{path}{name}");
    account.iam.roles.all().filter(|(_, role)| role.attached.contains(&arn)).count()
}

fn version_one() -> Value {
    json!({ "VersionId": "v1", "IsDefaultVersion": true, "CreateDate": MADE })
}
