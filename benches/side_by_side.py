#!/usr/bin/env python3
"""meshctl and Terraform set the same environment up, look at it again and take it down, each against a simulator of
its own with the same seed.

usage: benches/side_by_side.py [--speed max|1|60] [--backends N] [--meshctl PATH] [--terraform DIR] [--only NAME]

--speed 1 is AWS's pace and takes about twenty minutes for both. DIR is the Terraform configuration
(tests/terraform/environment). The provider comes from TF_PLUGIN_MIRROR, in the layout of `terraform providers mirror`.
"""

import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--speed", default="max")
    parser.add_argument("--backends", type=int, default=2)
    parser.add_argument("--meshctl", default=os.path.join(ROOT, "target/release/meshctl"))
    parser.add_argument("--terraform", default=os.path.join(ROOT, "tests/terraform/environment"))
    parser.add_argument("--only", choices=["meshctl", "terraform"])
    return parser.parse_args()


class Simulator:
    """A fresh account on loopback."""

    def __init__(self, meshctl, speed):
        command = [meshctl, "simulator", "--listen", "127.0.0.1:0", "--speed", speed]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                self.url = found.group(0)
                break

    def calls(self):
        with urllib.request.urlopen(f"{self.url}/_meshctl/calls") as answer:
            return [call["operation"] for call in json.load(answer)]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def run(command, directory, environment):
    """Wall and CPU seconds of a process with its children, and the memory of the largest one of them."""
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        sys.exit(f"{' '.join(command)} ended with {code}:\n{text[-4000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(name, simulator, phases, directory, environment):
    seen = len(simulator.calls())
    for phase, command in phases:
        wall, cpu, memory = run(command, directory, environment)
        calls = simulator.calls()
        new = calls[seen:]
        seen = len(calls)
        read = re.compile(r":(Describe|List|Get)")
        changes = sum(1 for call in new if not read.search(call))
        print(f"{name:<10} {phase:<8} {wall:>8.2f} {cpu:>8.2f} {memory:>8.0f} {len(new):>9} {changes:>8}", flush=True)
        if os.environ.get("CALLS"):
            print(collections.Counter(new).most_common(12))


def configuration(backends):
    names = [f"svc{number:03}" for number in range(1, backends + 1)]
    text = 'stack = "servicemesh-demo"\n[network]\n[network.provider]\ncidr = "10.0.0.0/16"\n'
    text += 'public = ["10.0.0.0/24", "10.0.1.0/24"]\nprivate = ["10.0.64.0/18", "10.0.128.0/18"]\n'
    text += '[network.consumer]\ncidr = "10.1.96.0/20"\n'
    text += f'[[service]]\nname = "frontend"\nimage = "f:1"\nexpose = "public"\nbackends = {json.dumps(names[:40])}\n'
    for number, name in enumerate(names):
        # A network load balancer has at most 50 listeners.
        expose = "api" if number < 40 else "mesh"
        text += f'[[service]]\nname = "{name}"\nimage = "b:1"\nexpose = "{expose}"\nmesh_port = {3001 + number}\n'
    return text


def meshctl(options, work):
    simulator = Simulator(options.meshctl, options.speed)
    if options.backends == 2:
        shutil.copy(os.path.join(ROOT, "config/demo.toml"), os.path.join(work, "meshctl.toml"))
    else:
        with open(os.path.join(work, "meshctl.toml"), "w") as file:
            file.write(configuration(options.backends))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": work,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    # Behind a URL meshctl keeps to AWS's request limits, which a simulator without latencies does not
    # have: its seconds are short then.
    speed = "10000" if options.speed == "max" else options.speed
    common = ["--endpoint-url", simulator.url, "--region", "us-east-1", "--output", "json", "--speed", speed]
    phases = [
        ("up", [options.meshctl, "up", *common]),
        ("no-op", [options.meshctl, "up", *common]),
        ("down", [options.meshctl, "down", "--yes", *common]),
    ]
    measure("meshctl", simulator, phases, work, environment)
    simulator.stop()


def terraform(options, work):
    simulator = Simulator(options.meshctl, options.speed)
    place = os.path.join(work, "environment")
    shutil.copytree(options.terraform, place)
    mirror = os.environ.get("TF_PLUGIN_MIRROR", "/opt/tf-plugins")
    with open(os.path.join(work, "terraform.rc"), "w") as file:
        file.write("disable_checkpoint = true\nprovider_installation {\n")
        file.write(f'  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": work,
        "TMPDIR": work,
        "TF_CLI_CONFIG_FILE": os.path.join(work, "terraform.rc"),
        "TF_IN_AUTOMATION": "1",
        "TF_VAR_endpoint": simulator.url,
        "TF_VAR_generated_services": str(max(0, options.backends - 2)),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    run(["terraform", "init", "-input=false", "-no-color"], place, environment)
    yes = ["-auto-approve", "-input=false", "-no-color"]
    phases = [
        ("up", ["terraform", "apply", *yes]),
        ("no-op", ["terraform", "apply", *yes]),
        ("down", ["terraform", "destroy", *yes]),
    ]
    measure("terraform", simulator, phases, place, environment)
    simulator.stop()


def main():
    options = arguments()
    options.meshctl = os.path.abspath(options.meshctl)
    print(f"{'':<10} {'phase':<8} {'wall s':>8} {'CPU s':>8} {'MiB':>8} {'requests':>9} {'changes':>8}")
    for name, work in [("meshctl", meshctl), ("terraform", terraform)]:
        if options.only in (None, name):
            with tempfile.TemporaryDirectory() as directory:
                work(options, directory)


main()
