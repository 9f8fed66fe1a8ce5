"""What the simulator does not have, asked by the clients of services that answer in every form that AWS has:
each must hear `NotImplemented` and what it asked for, and must not stumble over the answer.
"""

from botocore.exceptions import ClientError

from stranger import Aws, Record, same

# An operation for each form of answers, and what the refusal names. The last word of a REST service's is
# its place, for the operations of services that the simulator has not are known to it by nothing else.
UNKNOWN_SERVICES = [
    ("s3", "list_buckets", {}, "s3:GET /"),
    ("s3", "get_object", {"Bucket": "shop", "Key": "a/b"}, "s3:GET /shop/a/b"),
    ("route53", "list_hosted_zones", {}, "route53:GET /2013-04-01/hostedzone"),
    ("cloudfront", "list_distributions", {}, "cloudfront:GET /2020-05-31/distribution"),
    ("dynamodb", "list_tables", {}, "dynamodb:ListTables"),
    ("sqs", "list_queues", {}, "sqs:ListQueues"),
    ("lambda", "list_functions", {}, "lambda:GET /2015-03-31/functions"),
    ("eventbridgev2", "create_event_bus", {"Name": "shop"}, "events:CreateEventBus"),
    ("sns", "list_topics", {}, "sns:ListTopics"),
    ("autoscaling", "describe_auto_scaling_groups", {}, "autoscaling:DescribeAutoScalingGroups"),
]
UNBUILT = [
    ("ec2", "describe_instances", {}, "ec2:DescribeInstances"),
    ("elbv2", "describe_trust_stores", {}, "elasticloadbalancing:DescribeTrustStores"),
    ("iam", "list_users", {}, "iam:ListUsers"),
    ("sts", "get_session_token", {}, "sts:GetSessionToken"),
    ("ecs", "describe_task_sets", {"cluster": "a", "service": "b"}, "ecs:DescribeTaskSets"),
    ("logs", "describe_queries", {}, "logs:DescribeQueries"),
    ("servicediscovery", "get_service_attributes", {"ServiceId": "srv-a"},
     "servicediscovery:GetServiceAttributes"),
    ("service-quotas", "list_services", {}, "servicequotas:ListServices"),
    ("appmesh", "list_virtual_gateways", {"meshName": "shop"}, "appmesh:ListVirtualGateways"),
    ("apigateway", "get_api_keys", {}, "apigateway:GetApiKeys"),
    ("apigateway", "get_models", {"restApiId": "abc"}, "apigateway:GetModels"),
    ("apigatewayv2", "get_apis", {}, "apigatewayv2:GetApis"),
]


def run(url):
    for service, call, parameters, named in UNKNOWN_SERVICES + UNBUILT:
        client = getattr(Aws(url, Record(), services=[service]), service)
        error = refusal(client, call, parameters)
        found = error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]
        same(found, ("NotImplemented", 501), f"{service}.{call}")
        message = error["Error"]["Message"]
        assert f"does not have {named}" in message, f"{service}.{call}: {message}"
    # The answer to a HEAD has no body: the status is all that there is.
    head = refusal(Aws(url, Record(), services=["s3"]).s3, "head_bucket", {"Bucket": "shop"})
    same(head["Error"]["Code"], "501")


def refusal(client, call, parameters):
    try:
        answer = getattr(client, call)(**parameters)
    except ClientError as error:
        return error.response
    raise AssertionError(f"{call} is answered: {answer}")
