"""IAM roles and their policies, CloudWatch log groups, and who is asking."""

import json

from stranger import REGION, pages, refused, same, tag_list, waited

TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
ALLOW = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
EXECUTION = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


def document(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def run(aws):
    same(aws.sts.get_caller_identity()["Account"], aws.sts.get_caller_identity()["Arn"].split(":")[4])
    roles(aws.iam)
    policies(aws.iam)
    linked(aws.iam)
    simulated(aws.iam)
    log_groups(aws.logs)
    quotas(getattr(aws, "service-quotas"))


def roles(iam):
    create = iam.create_role
    trust = document(TRUST)
    for wrong in ["not JSON", document({**TRUST, "Effect": "Perhaps"}), document({**TRUST, "Resource": "*"})]:
        refused("MalformedPolicyDocument", create, RoleName="a", AssumeRolePolicyDocument=wrong, _status=400)
    long = document({**TRUST, "Sid": "s" * 2048})
    refused("LimitExceeded", create, RoleName="a", AssumeRolePolicyDocument=long, _status=409)
    twice = tag_list(a="1") + tag_list(A="2")
    refused("InvalidInput", create, RoleName="a", AssumeRolePolicyDocument=trust, Tags=twice)
    for name in ["a", "b", "c"]:
        create(RoleName=name, Path="/test/", AssumeRolePolicyDocument=trust, Tags=tag_list(n="1"))
    waited(iam, "role_exists", delay=0.1, RoleName="a")
    refused("EntityAlreadyExists", create, RoleName="A", AssumeRolePolicyDocument=trust, _status=409)
    found = pages(iam, "list_roles", "Roles", 2, PathPrefix="/test/")
    same([len(page) for page in found], [2, 1])
    refused("ValidationError", iam.list_roles, Marker="nonsense")
    found = iam.get_role(RoleName="a")["Role"]
    same((found["AssumeRolePolicyDocument"]["Statement"], found["Tags"]), ([TRUST], tag_list(n="1")))
    iam.update_role(RoleName="a", Description="one", MaxSessionDuration=7200)
    iam.update_role_description(RoleName="b", Description="two")
    same(iam.get_role(RoleName="a")["Role"]["MaxSessionDuration"], 7200)
    iam.update_assume_role_policy(RoleName="a", PolicyDocument=trust)
    refused("MalformedPolicyDocument", iam.update_assume_role_policy, RoleName="a", PolicyDocument="{}")
    bound = {"RoleName": "a", "PermissionsBoundary": "arn:aws:iam::111122223333:policy/most"}
    iam.put_role_permissions_boundary(**bound)
    found = iam.get_role(RoleName="a")["Role"]["PermissionsBoundary"]
    same(found["PermissionsBoundaryArn"], bound["PermissionsBoundary"])
    refused("NoSuchEntity", iam.put_role_permissions_boundary, **{**bound, "PermissionsBoundary": EXECUTION + "No"})
    iam.delete_role_permissions_boundary(RoleName="a")
    refused("NoSuchEntity", iam.delete_role_permissions_boundary, RoleName="a", _status=404)
    iam.tag_role(RoleName="a", Tags=tag_list(a="b"))
    iam.untag_role(RoleName="a", TagKeys=["n"])
    same(iam.list_role_tags(RoleName="a")["Tags"], tag_list(a="b"))
    many = tag_list(**{f"k{n}": "v" for n in range(50)})
    refused("LimitExceeded", iam.tag_role, RoleName="a", Tags=many)
    same(iam.list_instance_profiles_for_role(RoleName="a")["InstanceProfiles"], [])
    same(iam.list_instance_profiles()["InstanceProfiles"], [])
    same(iam.list_account_aliases()["AccountAliases"], [])
    same(iam.get_user()["User"]["UserName"], "local")
    refused("NoSuchEntity", iam.get_user, UserName="none")
    details = pages(iam, "get_account_authorization_details", "RoleDetailList", 2, Filter=["Role"])
    assert {"a", "b", "c"} <= {role["RoleName"] for page in details for role in page}, details


def policies(iam):
    put = iam.put_role_policy
    own = {"RoleName": "a", "PolicyName": "own"}
    lacking = document({"Effect": "Allow", "Action": "logs:*"})
    refused("MalformedPolicyDocument", put, **own, PolicyDocument=lacking)
    refused("LimitExceeded", put, **own, PolicyDocument=document({**ALLOW, "Sid": "s" * 10240}))
    refused("NoSuchEntity", put, RoleName="none", PolicyName="own", PolicyDocument=document(ALLOW))
    put(**own, PolicyDocument=document(ALLOW))
    same(iam.get_role_policy(**own)["PolicyDocument"]["Statement"], [ALLOW])
    same(iam.list_role_policies(RoleName="a")["PolicyNames"], ["own"])
    iam.attach_role_policy(RoleName="a", PolicyArn=EXECUTION)
    refused("NoSuchEntity", iam.attach_role_policy, RoleName="a", PolicyArn=EXECUTION + "No", _status=404)
    found = iam.list_attached_role_policies(RoleName="a")["AttachedPolicies"]
    same([it["PolicyArn"] for it in found], [EXECUTION])
    refused("DeleteConflict", iam.delete_role, RoleName="a", _status=409)
    waited(iam, "policy_exists", PolicyArn=EXECUTION)
    same(iam.get_policy(PolicyArn=EXECUTION)["Policy"]["AttachmentCount"], 1)
    version = iam.get_policy_version(PolicyArn=EXECUTION, VersionId="v1")["PolicyVersion"]
    same(version["Document"]["Version"], "2012-10-17")
    refused("NoSuchEntity", iam.get_policy_version, PolicyArn=EXECUTION, VersionId="v2")
    same(len(iam.list_policy_versions(PolicyArn=EXECUTION)["Versions"]), 1)
    found = iam.list_policies(OnlyAttached=True, Scope="AWS")["Policies"]
    same([it["Arn"] for it in found], [EXECUTION])
    iam.detach_role_policy(RoleName="a", PolicyArn=EXECUTION)
    refused("NoSuchEntity", iam.detach_role_policy, RoleName="a", PolicyArn=EXECUTION)
    refused("DeleteConflict", iam.delete_role, RoleName="a")
    iam.delete_role_policy(**own)
    refused("NoSuchEntity", iam.get_role_policy, **own)
    for name in ["a", "b", "c"]:
        iam.delete_role(RoleName=name)
    refused("NoSuchEntity", iam.get_role, RoleName="a")


def linked(iam):
    create = iam.create_service_linked_role
    refused("InvalidInput", create, AWSServiceName="moon.amazonaws.com")
    role = create(AWSServiceName="ops.apigateway.amazonaws.com")["Role"]["RoleName"]
    refused("InvalidInput", create, AWSServiceName="ops.apigateway.amazonaws.com")
    refused("UnmodifiableEntity", iam.delete_role, RoleName=role, _status=400)


def simulated(iam):
    """Policies of the caller and of a role, as IAM simulates them."""
    ask = iam.simulate_principal_policy
    actions = ["logs:PutLogEvents", "ec2:CreateVpc"]
    me = iam.get_user()["User"]["Arn"]
    found = ask(PolicySourceArn=me, ActionNames=actions)["EvaluationResults"]
    same([it["EvalDecision"] for it in found], ["allowed", "allowed"])
    role = iam.create_role(RoleName="asked", AssumeRolePolicyDocument=document(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="asked", PolicyName="own", PolicyDocument=document(ALLOW))
    on = ["arn:aws:logs:eu-west-1:000000000000:log-group:a", "*"]
    found = ask(PolicySourceArn=role, ActionNames=actions, ResourceArns=on)["EvaluationResults"]
    same([it["EvalDecision"] for it in found], ["allowed", "implicitDeny"])
    same([it["EvalResourceName"] for it in found[0]["ResourceSpecificResults"]], on)
    found = pages(iam, "simulate_principal_policy", "EvaluationResults", 1, PolicySourceArn=role, ActionNames=actions)
    same([len(page) for page in found], [1, 1])
    refused("NoSuchEntity", ask, PolicySourceArn=role + "2", ActionNames=actions)
    refused("NoSuchEntity", ask, PolicySourceArn=me + "2", ActionNames=actions)
    refused("InvalidInput", ask, PolicySourceArn="arn:aws:iam::000000000000:group/a", ActionNames=actions)
    iam.delete_role_policy(RoleName="asked", PolicyName="own")
    iam.delete_role(RoleName="asked")


def log_streams(logs, group, arn):
    create = logs.create_log_stream
    refused("ResourceNotFoundException", create, logGroupName="/none", logStreamName="web/1")
    for name in ["web/2", "web/1", "db/1"]:
        create(logGroupName=group, logStreamName=name)
    refused("ResourceAlreadyExistsException", create, logGroupName=group, logStreamName="web/1")
    on = {"logGroupName": group, "logStreamName": "web/1"}
    now = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["creationTime"]
    event = lambda at, message: {"timestamp": now + at, "message": message}
    refused("ResourceNotFoundException", logs.put_log_events, logGroupName=group, logStreamName="none",
            logEvents=[event(0, "a")])
    backwards = [event(2, "b"), event(1, "a")]
    refused("InvalidParameterException", logs.put_log_events, **on, logEvents=backwards)
    day = 24 * 3600 * 1000
    refused("InvalidParameterException", logs.put_log_events, **on, logEvents=[event(-day - 9, "a"), event(0, "b")])
    answer = logs.put_log_events(**on, logEvents=[event(0, "GET / 200"), event(1, "GET /x 404 slow"), event(2, "POST / 500")])
    assert "rejectedLogEventsInfo" not in answer, answer
    old = logs.put_log_events(**on, logEvents=[event(-20 * day, "old")])
    same(old["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"], 1)
    new = logs.put_log_events(**on, logEvents=[event(0, "again"), event(day // 2, "too new")])
    same(new["rejectedLogEventsInfo"], {"tooNewLogEventStartIndex": 1})
    logs.put_log_events(logGroupName=group, logStreamName="web/2", logEvents=[event(5, "GET / 200")])

    says = lambda answer: [it["message"] for it in answer["events"]]
    everything = ["GET / 200", "again", "GET /x 404 slow", "POST / 500"]
    whole = logs.get_log_events(**on, startFromHead=True)
    same(says(whole), everything)
    same(says(logs.get_log_events(logGroupIdentifier=arn, logStreamName="web/1", limit=1)), everything[-1:])
    first = logs.get_log_events(**on, startFromHead=True, limit=2)
    second = logs.get_log_events(**on, nextToken=first["nextForwardToken"])
    same(says(first) + says(second), everything, "page after page")
    last = logs.get_log_events(**on, nextToken=second["nextForwardToken"])
    same((says(last), last["nextForwardToken"]), ([], second["nextForwardToken"]), "the end stays the end")
    refused("InvalidParameterException", logs.get_log_events, **on, nextToken="nonsense")
    same(says(logs.get_log_events(**on, startTime=now + 1, endTime=now + 2)), ["GET /x 404 slow"])

    for pattern, expected in [
        ("GET", 3), ("GET 404", 1), ('"/ 200"', 2), ("GET -404", 2), ("?404 ?500", 2), ("", 5), ("get", 0),
    ]:
        found = pages(logs, "filter_log_events", "events", 2, logGroupName=group, filterPattern=pattern)
        same(sum(len(page) for page in found), expected, pattern)
    found = logs.filter_log_events(logGroupName=group, logStreamNamePrefix="web/2")["events"]
    same([it["logStreamName"] for it in found], ["web/2"])
    refused("NotImplemented", logs.filter_log_events, _status=501, logGroupName=group, filterPattern="{ $.a = 1 }")
    both = {"logStreamNames": ["web/1"], "logStreamNamePrefix": "web"}
    refused("InvalidParameterException", logs.filter_log_events, logGroupName=group, **both)

    names = lambda **more: [it["logStreamName"] for it in logs.describe_log_streams(logGroupName=group, **more)["logStreams"]]
    same(names(), ["db/1", "web/1", "web/2"])
    same(names(logStreamNamePrefix="web"), ["web/1", "web/2"])
    same(names(orderBy="LastEventTime", descending=True, limit=1), ["web/2"])
    both = {"orderBy": "LastEventTime", "logStreamNamePrefix": "web"}
    refused("InvalidParameterException", logs.describe_log_streams, logGroupName=group, **both)
    logs.delete_log_stream(**on)
    refused("ResourceNotFoundException", logs.delete_log_stream, **on)
    refused("ResourceNotFoundException", logs.get_log_events, **on)


def log_groups(logs):
    refused("InvalidParameterException", logs.create_log_group, logGroupName="aws/a")
    for name in ["/a/1", "/a/2", "/a/3"]:
        logs.create_log_group(logGroupName=name, tags={"n": "1"})
    refused("ResourceAlreadyExistsException", logs.create_log_group, logGroupName="/a/1")
    found = pages(logs, "describe_log_groups", "logGroups", 2, logGroupNamePrefix="/a/")
    same([len(page) for page in found], [2, 1])
    both = {"logGroupNamePrefix": "/a", "logGroupNamePattern": "a"}
    refused("InvalidParameterException", logs.describe_log_groups, **both)
    refused("InvalidParameterException", logs.describe_log_groups, nextToken="nonsense")
    logs.put_retention_policy(logGroupName="/a/1", retentionInDays=7)
    refused("InvalidParameterException", logs.put_retention_policy, logGroupName="/a/1", retentionInDays=8)
    group = logs.describe_log_groups(logGroupNamePrefix="/a/1")["logGroups"][0]
    same((group["retentionInDays"], group["arn"]), (7, group["logGroupArn"] + ":*"))
    logs.delete_retention_policy(logGroupName="/a/1")
    same(logs.describe_log_streams(logGroupName="/a/1")["logStreams"], [])
    log_streams(logs, "/a/1", group["arn"].removesuffix(":*"))
    arn = f"arn:aws:logs:{REGION}:{group['arn'].split(':')[4]}:log-group:/a/1"
    logs.tag_resource(resourceArn=arn, tags={"a": "b"})
    logs.untag_resource(resourceArn=arn, tagKeys=["n"])
    logs.tag_log_group(logGroupName="/a/1", tags={"c": "d"})
    logs.untag_log_group(logGroupName="/a/1", tags=["c"])
    same(logs.list_tags_for_resource(resourceArn=arn)["tags"], {"a": "b"})
    same(logs.list_tags_log_group(logGroupName="/a/1")["tags"], {"a": "b"})
    many = {f"k{n}": "v" for n in range(50)}
    refused("TooManyTagsException", logs.tag_resource, resourceArn=arn, tags=many)
    for name in ["/a/1", "/a/2", "/a/3"]:
        logs.delete_log_group(logGroupName=name)
    refused("ResourceNotFoundException", logs.delete_log_group, logGroupName="/a/1")


def quotas(quotas):
    """What Service Quotas tells of a few services."""
    found = pages(quotas, "list_service_quotas", "Quotas", 2, ServiceCode="vpc")
    same([len(page) for page in found], [2, 1])
    one = quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-0263D0A3")["Quota"]
    same((one["QuotaName"], one["Adjustable"], one["Value"] > 0), ("EC2-VPC Elastic IPs", True, True))
    refused("NoSuchResourceException", quotas.list_service_quotas, ServiceCode="rockets", _status=400)
    refused("NoSuchResourceException", quotas.get_service_quota, ServiceCode="ec2", QuotaCode="L-00000000")
    refused("InvalidPaginationTokenException", quotas.list_service_quotas, ServiceCode="vpc", NextToken="abc")
