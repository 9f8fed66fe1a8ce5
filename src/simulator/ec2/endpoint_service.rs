//! The services of AWS that a VPC can have endpoints for.

use super::{describe::Describe, region};
use crate::simulator::{
    account::Answer,
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::{Value, json};

/// AWS services with interface endpoints, as their names end (the PrivateLink guide, "AWS services that
/// integrate with AWS PrivateLink"; every region has most of them, and here all).
const INTERFACES: &[&str] = &[
    "access-analyzer",
    "account",
    "acm",
    "acm-pca",
    "airflow.api",
    "airflow.env",
    "airflow.ops",
    "amplify",
    "apigateway",
    "appconfig",
    "appconfigdata",
    "app-integrations",
    "application-autoscaling",
    "appmesh",
    "appmesh-envoy-management",
    "apprunner",
    "apprunner.requests",
    "appstream.api",
    "appsync-api",
    "athena",
    "auditmanager",
    "autoscaling",
    "autoscaling-plans",
    "awsconnector",
    "backup",
    "backup-gateway",
    "batch",
    "bedrock",
    "bedrock-agent",
    "bedrock-agent-runtime",
    "bedrock-runtime",
    "cassandra",
    "cloudcontrolapi",
    "clouddirectory",
    "cloudformation",
    "cloudhsmv2",
    "cloudtrail",
    "codeartifact.api",
    "codeartifact.repositories",
    "codebuild",
    "codecommit",
    "codedeploy",
    "codedeploy-commands-secure",
    "codepipeline",
    "cognito-idp",
    "comprehend",
    "config",
    "data-servicediscovery",
    "databrew",
    "datasync",
    "dataexchange",
    "datazone",
    "dms",
    "drs",
    "dynamodb",
    "ebs",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "eks",
    "eks-auth",
    "elastic-inference.runtime",
    "elasticache",
    "elasticbeanstalk",
    "elasticbeanstalk-health",
    "elasticfilesystem",
    "elasticloadbalancing",
    "elasticmapreduce",
    "email",
    "email-smtp",
    "emr-containers",
    "emr-serverless",
    "events",
    "execute-api",
    "firehose",
    "fis",
    "forecast",
    "frauddetector",
    "fsx",
    "git-codecommit",
    "glue",
    "grafana",
    "groundstation",
    "guardduty-data",
    "healthlake",
    "identitystore",
    "imagebuilder",
    "inspector2",
    "internetmonitor",
    "iot.data",
    "iot.credentials",
    "iotsitewise.api",
    "iotsitewise.data",
    "kafka",
    "kendra",
    "kinesis-firehose",
    "kinesis-streams",
    "kms",
    "lakeformation",
    "lambda",
    "license-manager",
    "logs",
    "lookoutmetrics",
    "macie2",
    "mediaconnect",
    "mgn",
    "monitoring",
    "networkmonitor",
    "notebook",
    "organizations",
    "pca-connector-ad",
    "personalize",
    "pinpoint",
    "pipes",
    "polly",
    "profile",
    "qldb.session",
    "rds",
    "rds-data",
    "redshift",
    "redshift-data",
    "rekognition",
    "resource-groups",
    "robomaker",
    "rolesanywhere",
    "s3",
    "sagemaker.api",
    "sagemaker.featurestore-runtime",
    "sagemaker.runtime",
    "scheduler",
    "secretsmanager",
    "securityhub",
    "servicecatalog",
    "servicediscovery",
    "servicequotas",
    "sms-voice",
    "snow-device-management",
    "sns",
    "sqs",
    "ssm",
    "ssm-contacts",
    "ssm-incidents",
    "ssmmessages",
    "states",
    "storagegateway",
    "streaming-rekognition",
    "sts",
    "swf",
    "sync-states",
    "synthetics",
    "tagging",
    "textract",
    "timestream.query",
    "transcribe",
    "transcribestreaming",
    "transfer",
    "transfer.server",
    "translate",
    "verifiedpermissions",
    "vpc-lattice",
    "wellarchitected",
    "workspaces",
    "xray",
];

/// AWS services with gateway endpoints, their prefix lists, and an address block of each.
pub(super) const GATEWAYS: [(&str, &str, &str); 2] =
    [("dynamodb", "pl-6ea54007", "52.94.24.0/23"), ("s3", "pl-6da54004", "52.218.0.0/17")];

/// What is behind a service's name in a region: its last part.
fn of<'a>(region: &str, name: &'a str) -> Option<&'a str> {
    name.strip_prefix("com.amazonaws.")?.strip_prefix(region)?.strip_prefix('.')
}

/// The prefix list of a service with gateway endpoints.
pub(super) fn prefix_list(region: &str, name: &str) -> Option<&'static str> {
    let service = of(region, name)?;
    GATEWAYS.iter().find(|(gateway, ..)| *gateway == service).map(|(_, list, _)| *list)
}

/// Refuses a name that AWS has no service for, or none of this type.
///
/// # Errors
/// `InvalidServiceName`, or `InvalidParameter` with the types that there are.
pub(super) fn check(region: &str, name: &str, kind: &str) -> Result<(), ApiError> {
    let service = of(region, name).unwrap_or_default();
    let mut kinds = Vec::new();
    if INTERFACES.contains(&service) {
        kinds.push("Interface");
    }
    if prefix_list(region, name).is_some() {
        kinds.push("Gateway");
    }
    if kinds.is_empty() {
        return Err(unknown(name));
    }
    if kinds.contains(&kind) {
        return Ok(());
    }
    let kinds = kinds.join(", ");
    let message =
        format!("Endpoint type ({kind}) does not match available service types ([{kinds}]).");
    Err(ApiError::new("InvalidParameter", message))
}

/// The name that a service answers to inside a VPC with private DNS.
pub(super) fn private_dns_name(region: &str, service_name: &str) -> String {
    let service = service_name.rsplit_once(&format!(".{region}.")).map_or("", |(_, last)| last);
    let host = service.split('.').rev().collect::<Vec<_>>().join(".");
    format!("{host}.{region}.amazonaws.com")
}

/// `DescribeVpcEndpointServices`.
pub fn describe(call: &Call) -> Answer {
    let detail = |service: &str, kind: &str| {
        let name = format!("com.amazonaws.{}.{service}", call.region);
        let mut zones = region::zones(&call.region);
        zones.retain(|zone| region::has_endpoint(&name, &region::zone_id(zone)));
        let mut detail = json!({
            "ServiceName": name,
            "ServiceId": format!("vpce-svc-{:017x}", u64::from(hash(&format!("{kind}{name}")))),
            "ServiceType": [{ "ServiceType": kind }],
            "ServiceRegion": call.region,
            "AvailabilityZones": zones,
            "Owner": "amazon",
            "BaseEndpointDnsNames": [format!("{service}.{}.vpce.amazonaws.com", call.region)],
            "VpcEndpointPolicySupported": true,
            "AcceptanceRequired": false,
            "ManagesVpcEndpoints": false,
            "Tags": [],
        });
        if kind == "Interface" {
            detail["PrivateDnsName"] = private_dns_name(&call.region, &name).into();
        }
        detail
    };
    let interfaces = INTERFACES.iter().map(|service| detail(service, "Interface"));
    let gateways = GATEWAYS.iter().map(|(service, ..)| detail(service, "Gateway"));
    let describe = Describe {
        list: "ServiceDetails",
        ids: "ServiceNames",
        id: "ServiceName",
        unknown,
        filters: "Filters",
        special: &[("service-type", "ServiceType.ServiceType")],
    };
    let mut answer = describe.answer(&call.input, interfaces.chain(gateways))?;
    let details = answer.list("ServiceDetails").iter();
    let mut names: Vec<Value> = details.filter_map(|it| it.get("ServiceName").cloned()).collect();
    names.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
    names.dedup();
    answer["ServiceNames"] = names.into();
    Ok(answer)
}

/// `InvalidServiceName`.
fn unknown(name: &str) -> ApiError {
    let message = format!("The Vpc Endpoint Service '{name}' does not exist");
    ApiError::new("InvalidServiceName", message)
}

/// A number that belongs to a text: the FNV-1a hash.
fn hash(text: &str) -> u32 {
    text.bytes()
        .fold(0x811c_9dc5, |so_far, byte| (so_far ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
