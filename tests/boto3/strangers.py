"""Runs every service's script against the simulator, and asks that nothing claimed went untried.

usage: strangers.py FAST PACED FAULTY SOURCES [MODULE...]: the URLs of a simulator in which nothing takes any
time, of one with some pace, and of one with the rules of faults.json; the folder of the simulator's sources.
"""

import importlib
import sys
import time
import traceback
from pathlib import Path

import claims
import patience
import stranger
import unbuilt
import wire

MODULES = [
    "ec2_network", "ec2_access", "elb", "ecs", "cloud_map", "app_mesh", "api_gateway", "identity",
]


def main(fast, paced, faulty, sources, *only):
    record, failed = stranger.Record(), []
    aws = stranger.Aws(fast, record)
    work = {name: lambda name=name: alone(aws, importlib.import_module(name)) for name in MODULES}
    work["patience"] = lambda: alone(stranger.Aws(paced, record), patience)
    work["faults"] = lambda: patience.faults(faulty, record)
    work["unbuilt"] = lambda: unbuilt.run(fast)
    work["wire"] = lambda: everything(aws, Path(sources), record)
    for name in only or work:
        attempt(failed, name, work[name])
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def attempt(failed, name, work):
    """Every script is tried, and every failure is told."""
    begun = time.monotonic()
    try:
        work()
    except Exception:
        traceback.print_exc()
        failed.append(name)
    print(f"{name}: {time.monotonic() - begun:.1f} s")


def alone(aws, module):
    module.run(aws)
    left = aws.left()
    assert not left, f"left over: {left}"


def everything(aws, sources, record):
    unbuilt = wire.run(aws, claims.operations(sources))
    answered = sum(len(names) for names in record.answered.values())
    codes = claims.codes(sources)
    print(f"{record.calls} calls; {answered} operations answered, {len(unbuilt)} not built; "
          f"{len(codes)} codes claimed, {len(claims.EXEMPT)} of them exempt")
    lines = claims.untried(sources, record, unbuilt)
    assert not lines, "\n".join(["claimed and not tried:", *lines])


if __name__ == "__main__":
    main(*sys.argv[1:])
