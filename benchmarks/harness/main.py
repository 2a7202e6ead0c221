# SPDX-License-Identifier: Apache-2.0
"""Measures conats beside its peers. Started by scripts/bench."""

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

import aims
import cases as scenarios
import costs
import report
import summary
from programs import Programs
from runner import Runner, run_rounds
from servers import NatsServer, make_certificates


def processor_name():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown processor"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="where the programs are")
    parser.add_argument("--nats-server", required=True)
    parser.add_argument("--server-version", default="unknown")
    parser.add_argument("--compiler", default="unknown")
    parser.add_argument("--command", default="scripts/bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", help="scenarios whose name holds this")
    parser.add_argument("--costs", action="store_true", help="also count instructions and so on")
    parser.add_argument("--plots", action="store_true")
    parser.add_argument("--output", type=Path, required=True, help="a directory")
    return parser.parse_args()


def versions(results):
    found = {result["client"]: result["version"] for by_name in results.values()
             for runs in by_name.values() for result in runs if result["version"] != "-"}
    return dict(sorted(found.items()))


def measure(arguments, cases, programs, directory):
    servers = {"nats": NatsServer(arguments.nats_server, directory)}
    try:
        if any(case.server == "tls" for case in cases):
            servers["tls"] = NatsServer(arguments.nats_server, directory,
                                        make_certificates(directory))
        runner = Runner(programs, servers)
        results, failed = run_rounds(runner, cases, arguments.rounds)
        found = costs.measure(runner, arguments.build) if arguments.costs else {}
    finally:
        for server in servers.values():
            server.stop()
    return {"results": results, "costs": found,
            "failed": {f"{case}, {name}": what for (case, name), what in failed.items()}}


def main():
    arguments = parse_arguments()
    programs = Programs(arguments.build)
    cases = [case for case in (scenarios.quick() if arguments.quick else scenarios.full())
             if not arguments.only or arguments.only in case.key]
    where = {"processor": processor_name(), "cores": os.cpu_count(), "kernel": platform.release(),
             "server": arguments.server_version, "compiler": arguments.compiler,
             "command": arguments.command, "rounds": arguments.rounds,
             "left_out": [name for name in programs.PLACES if name not in programs.commands],
             "load_before": round(os.getloadavg()[0], 2)}
    with tempfile.TemporaryDirectory() as directory:
        everything = measure(arguments, cases, programs, Path(directory))
    where["load_after"] = round(os.getloadavg()[0], 2)
    where["versions"] = versions(everything["results"])
    everything["where"] = where

    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "results.json").write_text(json.dumps(everything, separators=(",", ":")) + "\n")
    if arguments.plots:
        import plots
        plots.draw(cases, everything["results"], arguments.output)
    text = report.report(everything, cases, summary.table(everything), aims.table(everything))
    (arguments.output / "README.md").write_text(text)
    print(text)
    ours = [name for by_name in everything["results"].values() for name in by_name
            if name.startswith("conats")]
    return 0 if ours and not any(", conats" in name for name in everything["failed"]) else 1


if __name__ == "__main__":
    sys.exit(main())
