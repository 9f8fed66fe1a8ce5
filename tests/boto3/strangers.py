"""Runs every service's script against the simulator, and asks that nothing claimed went untried.

usage: strangers.py FAST SOURCES [MODULE...]: the URL of a simulator in which nothing takes any time,
and the folder of the simulator's sources.
"""

import importlib
import sys
import time
import traceback

import stranger

MODULES = ["ec2_network", "ec2_access"]


def main(fast, sources, *only):
    record, failed = stranger.Record(), []
    aws = stranger.Aws(fast, record)
    for name in only or MODULES:
        begun = time.monotonic()
        try:
            importlib.import_module(name).run(aws)
            left = aws.left()
            assert not left, f"left over: {left}"
        except Exception:  # every script is tried, and every failure is told
            traceback.print_exc()
            failed.append(name)
        print(f"{name}: {time.monotonic() - begun:.1f} s")
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
