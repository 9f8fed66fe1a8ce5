"""Runs every service's script against the simulator, and asks that nothing claimed went untried.

usage: strangers.py FAST SOURCES [MODULE...]: the URL of a simulator in which nothing takes any time,
and the folder of the simulator's sources.
"""

import importlib
import sys
import time
import traceback
from pathlib import Path

import claims
import stranger
import wire

MODULES = [
    "ec2_network", "ec2_access", "elb", "ecs", "cloud_map", "app_mesh", "api_gateway", "identity",
]


def main(fast, sources, *only):
    record, failed = stranger.Record(), []
    aws = stranger.Aws(fast, record)
    for name in only or MODULES:
        attempt(failed, name, lambda: alone(aws, name))
    if not only or "wire" in only:
        attempt(failed, "wire", lambda: everything(aws, Path(sources), record))
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


def alone(aws, name):
    if name == "wire":
        return
    importlib.import_module(name).run(aws)
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
