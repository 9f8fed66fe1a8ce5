"""Asks moto and the simulator the same, and compares what came back with differences.json.

usage: differential.py SIMULATOR LISTED [--write]

Each entry of the list names an operation (with the case, where one is asked in several), what differs, who
is right by AWS's documentation (`moto`, `simulator`, or `both` where AWS allows either), and a source. A
difference that is not listed fails, and so does a listed one that no longer occurs. `--write` adds what is
new, for a person to judge.
"""

import json
import logging
import os
import re
import sys
from collections import defaultdict
from pathlib import Path

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

import scenario
import stranger
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

# What an ID, a moment and the like become, so that two accounts can be compared.
PATTERNS = [
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^ ]*", "TIME"),
    (r"(?<=/)([0-9a-f]{16}|\d{13,20})\b", "ID"),
    (r"\b\d{12}\b", "ACCOUNT"),
    (r"(?<=-az)\d", "N"),
    (r"\b(vpc-cidr-assoc|[a-z]{2,14})-(?:0x)?[0-9a-f]{8,40}(?![0-9a-z])", r"\1-ID"),
    (r"\b(54|10|127|52|3|35|18|192|172)(\.\d{1,3}){3}\b(?!/)", "ADDRESS"),
    (r"\becs-svc/\d+", "ecs-svc/ID"),
    (r"\b(ns|srv)-[a-z0-9]{8,24}\b", r"\1-ID"),
    (r"\b[a-z0-9]{32}-[a-z0-9]{8}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "ID"),
    (r"\bA(ROA|IDA|KIA)[A-Z0-9]{12,21}\b", r"A\1ID"),
]
# Members whose values differ by nature.
OPAQUE = {
    "id", "deploymentId", "resourceId", "parentId", "cacheNamespace", "rootResourceId", "HostedZoneId",
    "DNSName", "CanonicalHostedZoneId", "OperationId", "CreatorRequestId", "ClientToken", "UserId",
    "creationTime", "DhcpOptionsId", "HttpName", "PrivateIp",
}


def plain(value, name=""):
    """A value without what differs between any two accounts, its lists in one order."""
    if isinstance(value, dict):
        return {key: plain(one, key) for key, one in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        return sorted((plain(one, name) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    if name in OPAQUE and isinstance(value, (str, int, float)):
        return "OPAQUE"
    if not isinstance(value, (str, int, float, bool, type(None))):
        value = str(value)
    if isinstance(value, str):
        for pattern, short in PATTERNS:
            value = re.sub(pattern, short, value)
    return value


class Asked:
    """Runs the scenario at one address and keeps the answers."""

    def __init__(self, url):
        self.answers = {}
        record = stranger.Record()
        scenario.run(self.do, stranger.Aws(url, record))

    def do(self, case, call, **parameters):
        service = call.__self__.meta.service_model
        name = f"{service.service_name}:{call.__self__.meta.method_to_api_mapping[call.__name__]}"
        name = f"{name} ({case})" if case else name
        try:
            answer, kept = call(**parameters), None
            kept = plain(answer)
        except ClientError as error:
            answer = None
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            kept = {"refused": f"{status} {error.response['Error']['Code']}"}
        while name in self.answers:
            name += "'"
        self.answers[name] = kept
        return answer


def differences(moto, ours, path=""):
    """What differs between two answers: `- member` only moto has, `+ member` only the simulator."""
    if isinstance(moto, dict) and isinstance(ours, dict):
        for key in sorted(moto.keys() | ours.keys()):
            inner = f"{path}.{key}" if path else key
            if key not in ours:
                yield f"- {inner}"
            elif key not in moto:
                yield f"+ {inner}"
            else:
                yield from differences(moto[key], ours[key], inner)
    elif isinstance(moto, list) and isinstance(ours, list):
        if len(moto) != len(ours):
            yield f"~ {path}: moto has {len(moto)}, the simulator {len(ours)}"
        else:
            for one, other in zip(moto, ours):
                yield from differences(one, other, f"{path}[]")
    elif moto != ours:
        yield f"~ {path}: moto {json.dumps(moto)}, the simulator {json.dumps(ours)}"


def compare(url):
    logging.getLogger("werkzeug").disabled = True
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        moto = Asked(f"http://{host}:{port}").answers
    finally:
        server.stop()
    ours = Asked(url).answers
    found = defaultdict(set)
    for name in moto.keys() | ours.keys():
        one, other = moto.get(name, "not asked"), ours.get(name, "not asked")
        if ("refused" in one) != ("refused" in other):
            said = ["answered" if "refused" not in it else it["refused"] for it in (one, other)]
            found[name].add(f"~ moto: {said[0]}; the simulator: {said[1]}")
        else:
            found[name].update(differences(one, other))
    return len(ours), {name: sorted(lines) for name, lines in found.items() if lines}


def main(url, listed, *options):
    file = Path(listed)
    entries = json.loads(file.read_text()) if file.exists() else []
    known = defaultdict(set)
    for entry in entries:
        assert entry["right"] in ("moto", "simulator", "both") and entry["source"], f"unjudged: {entry}"
        for operation in entry["operations"]:
            known[operation].update(entry["differs"])
    calls, found = compare(url)
    total = sum(len(lines) for lines in found.values())
    fresh = {name: sorted(set(lines) - known[name]) for name, lines in found.items()}
    fresh = {name: lines for name, lines in sorted(fresh.items()) if lines}
    gone = {name: sorted(lines - set(found.get(name, []))) for name, lines in known.items()}
    gone = {name: lines for name, lines in sorted(gone.items()) if lines}
    print(f"{calls} calls to each; {total} differences in {len(found)} of them, {len(entries)} entries")
    if "--write" in options:
        Path(listed + ".new").write_text(json.dumps(fresh, indent=1))
    said = [f"new: {name}: {line}" for name, lines in fresh.items() for line in lines]
    said += [f"no longer: {name}: {line}" for name, lines in gone.items() for line in lines]
    sys.exit("\n".join(said) if said else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
