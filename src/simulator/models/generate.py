"""Take the shapes and constraints of the simulated operations from botocore's service models.

    python3 src/simulator/models/generate.py path/to/botocore/data

Reads operations.txt beside this file and writes one sorted, compact JSON file per service, and the names
of these services' other operations into unbuilt.json. Keeps no documentation and no examples. botocore is
Apache-2.0, as each file's header says.
"""

import gzip
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent

# Our file name -> botocore's directory. The file name is the Rust SDK's crate name.
SERVICES = {
    "apigateway": "apigateway",
    "apigatewayv2": "apigatewayv2",
    "appmesh": "appmesh",
    "cloudwatchlogs": "logs",
    "ec2": "ec2",
    "ecs": "ecs",
    "elasticloadbalancingv2": "elbv2",
    "iam": "iam",
    "servicediscovery": "servicediscovery",
    "servicequotas": "service-quotas",
    "sts": "sts",
}
METADATA = (
    "apiVersion",
    "endpointPrefix",
    "jsonVersion",
    "serviceId",
    "signingName",
    "targetPrefix",
    "xmlNamespace",
)
# A model may name several protocols; clients take the first of these that it names.
PROTOCOLS = ("json", "rest-json", "query", "ec2")
SHAPE = (
    "box",
    "document",
    "enum",
    "error",
    "exception",
    "fault",
    "flattened",
    "locationName",
    "max",
    "min",
    "pattern",
    "payload",
    "required",
    "sensitive",
    "timestampFormat",
    "type",
    "union",
)
MEMBER = (
    "box",
    "flattened",
    "idempotencyToken",
    "jsonvalue",
    "location",
    "locationName",
    "queryName",
    "shape",
    "timestampFormat",
    "xmlAttribute",
)


def keep(source, names):
    return {name: source[name] for name in names if name in source}


def read_model(data, directory):
    """The newest API version's service-2.json, packed or not."""
    versions = sorted(path for path in (data / directory).iterdir() if path.is_dir())
    for path in reversed(versions):
        plain, packed = path / "service-2.json", path / "service-2.json.gz"
        if plain.exists():
            return json.loads(plain.read_text())
        if packed.exists():
            return json.loads(gzip.decompress(packed.read_bytes()))
    sys.exit(f"no service-2.json under {data / directory}")


def references(shape):
    yield from shape.get("members", {}).values()
    for name in ("member", "key", "value"):
        if name in shape:
            yield shape[name]


def reduce_shape(shape):
    reduced = keep(shape, SHAPE)
    if "members" in shape:
        members = shape["members"].items()
        reduced["members"] = {name: keep(member, MEMBER) for name, member in members}
    for name in ("member", "key", "value"):
        if name in shape:
            reduced[name] = keep(shape[name], MEMBER)
    return reduced


def reduce_model(model, wanted, version):
    operations, reached = {}, set()
    for name in wanted:
        source = model["operations"].get(name) or sys.exit(f"botocore has no operation {name}")
        operation = {"http": keep(source["http"], ("method", "requestUri", "responseCode"))}
        for side in ("input", "output"):
            if side in source:
                operation[side] = source[side]["shape"]
                reached.add(operation[side])
        if "resultWrapper" in source.get("output", {}):
            operation["resultWrapper"] = source["output"]["resultWrapper"]
        operation["errors"] = sorted(error["shape"] for error in source.get("errors", []))
        reached.update(operation["errors"])
        operations[name] = operation

    pending = list(reached)
    while pending:
        for reference in references(model["shapes"][pending.pop()]):
            if reference["shape"] not in reached:
                reached.add(reference["shape"])
                pending.append(reference["shape"])

    known = model["metadata"].get("protocols", [model["metadata"]["protocol"]])
    metadata = keep(model["metadata"], METADATA)
    metadata["protocol"] = next(protocol for protocol in PROTOCOLS if protocol in known)
    return {
        "header": {"source": f"botocore {version}", "licence": "Apache-2.0"},
        "metadata": metadata,
        "operations": operations,
        "shapes": {name: reduce_shape(model["shapes"][name]) for name in reached},
    }


def reduce_others(model, wanted):
    """The operations that are not wanted, by name; of a REST service with their places."""
    names = sorted(set(model["operations"]) - set(wanted))
    if not model["metadata"]["protocol"].startswith("rest"):
        return names
    places = (model["operations"][name]["http"] for name in names)
    return [f"{name} {place['method']} {place['requestUri']}" for name, place in zip(names, places)]


def read_operations():
    wanted = {service: [] for service in SERVICES}
    for line in (HERE / "operations.txt").read_text().splitlines():
        entry = line.split("#")[0].strip()
        if entry:
            service, operation = entry.split(":")
            wanted[service].append(operation)
    return wanted


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    data = pathlib.Path(sys.argv[1])
    source = (data.parent / "__init__.py").read_text()
    version = re.search(r"__version__ = '([^']+)'", source).group(1)
    others = {}
    for service, wanted in read_operations().items():
        source = read_model(data, SERVICES[service])
        others[service] = reduce_others(source, wanted)
        model = reduce_model(source, wanted, version)
        text = json.dumps(model, sort_keys=True, separators=(",", ":"))
        (HERE / f"{service}.json").write_text(text + "\n")
        print(f"{service}: {len(wanted)} operations, {len(model['shapes'])} shapes, {len(text)} B")
    header = {"source": f"botocore {version}", "licence": "Apache-2.0"}
    text = json.dumps({"header": header, "operations": others}, sort_keys=True, separators=(",", ":"))
    (HERE / "unbuilt.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
