"""What is wrong by AWS's own models, operation by operation, and requests that are none.

botocore's models, not ours, say which members are required, which values an enum has, and so on; botocore
itself is told not to check anything before it asks.
"""

import re
import urllib.request
from urllib.error import HTTPError

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from stranger import REGION, SERVICES, Aws, refused, same

JSON = ["ecs", "logs", "servicediscovery", "appmesh", "apigateway", "apigatewayv2", "service-quotas"]
# What each service answers to a value that its model forbids.
FORBIDDEN = {
    "ec2": "InvalidParameterValue", "elbv2": "ValidationError", "iam": "ValidationError",
    "ecs": "InvalidParameterException", "logs": "InvalidParameterException",
    "servicediscovery": "InvalidInput", "appmesh": "BadRequestException",
    "apigateway": "BadRequestException", "apigatewayv2": "BadRequestException",
    "service-quotas": "IllegalArgumentException",
}
MISSING = {**FORBIDDEN, "ec2": "MissingParameter"}
# What each answers to a value of another type.
MISTYPED = {
    "ec2": "InvalidParameterValue", "elbv2": "MalformedInput", "iam": "MalformedInput",
    **dict.fromkeys(JSON, "SerializationException"),
}
LONGEST = 20000
SAMPLES = ["a", "v1", "1", "abcdefgh", "a-b", "arn:aws:iam::123456789012:role/a", "10.0.0.0/16", "/a", "a.b"]


def run(aws, operations):
    """Gives the operations that the simulator says it does not have."""
    raw = Aws(aws.url, aws.record, validate=False)
    unbuilt, wrong = set(), []
    for service, names in sorted(operations.items()):
        client = getattr(raw, service)
        for name in sorted(names):
            model = client.meta.service_model.operation_model(name)
            wrong += broken(client, service, model)
            if code_of(client, model, valid(model.input_shape)) == "NotImplemented":
                unbuilt.add((service, name))
    assert not wrong, "\n".join([f"{len(wrong)} answers are not AWS's:", *wrong])
    no_requests(aws)
    return unbuilt


def broken(client, service, model):
    """Breaks every member of an operation's input in every way that its model forbids; gives the answers
    that are not AWS's."""
    shape = model.input_shape
    good, wrong = valid(shape), []
    for name, member in (shape.members if shape else {}).items():
        where = member.serialization.get("location")
        tries = list(wrong_values(service, member, where))
        if name in shape.required_members and where != "uri":
            tries.append((None, MISSING[service]))
        for value, expected in tries:
            if where in ("uri", "querystring", "header") and not isinstance(value, (str, type(None))):
                continue
            changed = {**good, name: value}
            if value is None:
                del changed[name]
            found = code_of(client, model, changed)
            if found != expected:
                what = f"{service}:{model.name}, {name} = {str(value)[:40]!r}"
                wrong.append(f"{what}: {found} and not {expected}")
    return wrong


def wrong_values(service, shape, where):
    """Values that a member cannot have, and the code for each."""
    forbidden, mistyped = FORBIDDEN.get(service), MISTYPED.get(service)
    limits = shape.metadata
    if shape.type_name in ("integer", "long"):
        if where is None:
            yield "seven", mistyped
        if "min" in limits:
            yield limits["min"] - 1, forbidden
        if "max" in limits:
            yield limits["max"] + 1, forbidden
    elif shape.type_name == "boolean" and where is None and service in JSON:
        # For the query protocols botocore itself makes a truth value of anything.
        yield "perhaps", mistyped
    elif shape.type_name == "string":
        if service in JSON and where is None:
            yield ["a list"], mistyped
        if getattr(shape, "enum", None):
            yield "no-such-value", forbidden
        elif where is None:
            if limits.get("max", LONGEST) < LONGEST:
                yield fitting(shape, limits["max"] + 1), forbidden
            if "pattern" in limits and not re.fullmatch(limits["pattern"], "\t\u0007 \u00e9?"):
                yield "\t\u0007 \u00e9?", forbidden


def code_of(client, model, parameters):
    """The code of a refusal, or nothing."""
    call = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", model.name).lower()
    try:
        getattr(client, call)(**parameters)
    except client.exceptions.ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert 400 <= status < 500 or error.response["Error"]["Code"] == "NotImplemented", error
        assert error.response["Error"]["Message"], f"{model.name}: a refusal without words"
        return error.response["Error"]["Code"]
    return None


def valid(shape):
    """The least that an input can be."""
    if shape is None:
        return {}
    return {name: sample(shape.members[name], 0) for name in shape.required_members}


def sample(shape, depth):
    kind = shape.type_name
    if kind == "structure":
        return {name: sample(shape.members[name], depth + 1) for name in shape.required_members}
    if kind == "list":
        return [sample(shape.member, depth + 1)] * max(shape.metadata.get("min", 1), 1)
    if kind == "map":
        return {sample(shape.key, depth + 1): sample(shape.value, depth + 1)}
    if kind in ("integer", "long", "float", "double"):
        return shape.metadata.get("min", 1)
    if kind == "boolean":
        return True
    if kind == "blob":
        return b"{}"
    if kind == "timestamp":
        return 0
    return shape.enum[0] if shape.enum else fitting(shape, shape.metadata.get("min", 1))


def fitting(shape, length):
    """A text of at least this length that fits the pattern, where one of the samples does."""
    pattern = shape.metadata.get("pattern", ".*")
    for text in SAMPLES:
        if len(text) < length:
            text += "a" * (length - len(text))
        try:
            if re.fullmatch(pattern, text):
                return text
        except re.error:
            break
    return "a" * max(length, 1)


def no_requests(aws):
    """What is not even a request of its protocol."""
    form = "application/x-www-form-urlencoded"
    for service, name, version in [("ec2", "ec2", "2016-11-15"), ("elbv2", "elasticloadbalancing", "2015-12-01"),
                                   ("iam", "iam", "2010-05-08"), ("sts", "sts", "2011-06-15")]:
        ask = lambda body, **more: send(aws, service, name, body, {"Content-Type": form}, **more)
        same(ask("Action=No%ZZ"), (400, "MalformedQueryString"), service)
        same(ask("Action=LaunchRocket"), (400, "InvalidAction"), service)
        same(ask("Version=" + version), (400, "MissingAction"), service)
        same(ask("Action=LaunchRocket", sign=False), (403, "MissingAuthenticationToken"), service)
    describe = "Action=DescribeVpcs&Version="
    form = {"Content-Type": form}
    same(send(aws, "ec2", "ec2", describe + "1999-01-01", form), (400, "NoSuchVersion"))
    same(send(aws, "ec2", "ec2", describe + "2016-11-15&Colour=red", form), (400, "UnknownParameter"))
    same(send(aws, "ec2", "ec2", describe + "2016-11-15&X=" + "x" * 11_000_000, form), (413, "RequestEntityTooLarge"))
    same(send(aws, "ec2", "s3", "", form), (501, "NotImplemented"))
    for service, name, prefix in [
        ("ecs", "ecs", "AmazonEC2ContainerServiceV20141113"), ("logs", "logs", "Logs_20140328"),
        ("servicediscovery", "servicediscovery", "Route53AutoNaming_v20170314"),
    ]:
        ask = lambda target, body, **more: send(
            aws, service, name, body, {"X-Amz-Target": f"{prefix}.{target}"}, **more
        )
        list_all = {"ecs": "ListClusters", "logs": "DescribeLogGroups"}.get(service, "ListNamespaces")
        same(ask(list_all, "{ not JSON"), (400, "SerializationException"), service)
        same(ask("LaunchRocket", "{}"), (400, "UnknownOperationException"), service)
        same(ask(list_all, "{}", sign=False), (403, "MissingAuthenticationTokenException"), service)
        same(ask(list_all, "{}", scope="nothing"), (400, "IncompleteSignatureException"), service)
    same(send(aws, "apigateway", "apigateway", "", {}, path="/rockets"), (404, "UnknownOperationException"))
    same(send(aws, "appmesh", "appmesh", "{ not JSON", {}, path="/v20190125/meshes", method="PUT"),
         (400, "SerializationException"))


def send(aws, service, name, body, headers, sign=True, scope=None, path="/", method="POST"):
    """One request by hand; gives the status and the code of the refusal."""
    request = AWSRequest(method=method, url=aws.url + path, data=body.encode(), headers=headers)
    if sign:
        SigV4Auth(Credentials("test", "test"), name, REGION).add_auth(request)
    if scope:
        request.headers.replace_header("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}")
    headers = dict(request.headers.items())
    sent = urllib.request.Request(aws.url + path, body.encode(), headers, method=method)
    try:
        with urllib.request.urlopen(sent) as answer:
            return answer.status, None
    except HTTPError as error:
        text = error.read().decode()
        found = re.search(r'<Code>(\w+)</Code>|"__type":"(\w+)"', text)
        code = error.headers.get("x-amzn-errortype") or (found and (found[1] or found[2]))
        aws.record.codes["wire"].add(code)
        return error.code, code
