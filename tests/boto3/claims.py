"""What the simulator claims, read from its sources: the operations, and every code that it can refuse with."""

import re
from collections import defaultdict
from pathlib import Path

FOLDERS = {
    "elasticloadbalancingv2": "elbv2", "cloudwatchlogs": "logs", "servicequotas": "service-quotas",
    **{name: name for name in ["ec2", "ecs", "servicediscovery", "appmesh", "apigateway", "apigatewayv2", "iam", "sts", "wire"]},
}
# A code stands first among what makes an error, or is given to what passes it on.
CODE = re.compile(
    r'\b(?:ApiError::new|no_such|unknown|refusal|invalid)\(\s*"([A-Z][A-Za-z]+(?:\.[A-Z][A-Za-z]+)*)"'
)

# Codes that cannot be provoked by asking, and why.
EXEMPT = {
    ("wire", "InternalFailure"): "an answer that contradicts the model: a bug of the simulator",
    ("wire", "IncompleteSignature"): "tests/simulator sends it for the query protocols",
    ("ec2", "NetworkAclLimitExceeded"): "needs 200 network ACLs: src/simulator/facts/ec2.rs",
    ("elbv2", "TooManyTargetGroups"): "needs 3000 target groups",
    ("appmesh", "ForbiddenException"): "for accounts that App Mesh is closed to, which only tests in Rust make",
    ("ecs", "ClusterContainsTasksException"): "no task outlives its service, and others cannot be run",
}
# Operations that nothing but a test of refusals calls, and why.
UNANSWERED = {
    ("ec2", "DisassociateAddress"): "only NAT gateways take addresses here, and they keep them",
}


def operations(sources):
    """The operations that it lists, by boto3's names of the services."""
    found = defaultdict(set)
    for line in (sources / "models/operations.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            service, name = line.split(":")
            found[FOLDERS[service]].add(name)
    return found


def codes(sources):
    """The codes, by service and place."""
    found = {}
    for file in sorted(sources.rglob("*.rs")):
        service = FOLDERS.get(file.relative_to(sources).parts[0].removesuffix(".rs"))
        if service is None or file.name == "tests.rs":
            continue
        text = file.read_text().split("#[cfg(test)]\nmod tests {")[0]
        for match in CODE.finditer(text):
            found.setdefault((service, match[1]), str(file.relative_to(sources.parent)))
    return found


def untried(sources, record, unbuilt):
    """What it claims and nobody has seen, one line each."""
    lines = []
    everywhere = set().union(*record.codes.values())
    for (service, code), place in codes(Path(sources)).items():
        seen = code in (everywhere if service == "wire" else record.codes[service])
        if seen == ((service, code) in EXEMPT):
            why = "is exempt, and was provoked" if seen else "was not provoked"
            lines.append(f"{service}: the code {code} of {place} {why}: see tests/boto3/claims.py")
    for service, names in operations(Path(sources)).items():
        for name in sorted(names - record.answered[service]):
            if (service, name) not in unbuilt and (service, name) not in UNANSWERED:
                lines.append(f"{service}: {name} was never answered: call it in tests/boto3")
    return lines
