# SPDX-License-Identifier: Apache-2.0
"""Runs conats_bench and its peers in turn on one server and compares them.

Started by scripts/bench. The server's address is taken from NATS_URL by the programs.
Prints Markdown; with --output also all single results as JSON.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

TIMEOUT = 60  # seconds one program may take


class Case:
    """One line of the table: what each contestant is called with."""

    def __init__(self, title, value, **commands):
        self.title = title
        self.value = value  # of a result, larger or smaller is better by UNITS
        self.commands = commands


# What is compared, in which unit it is shown, and whether more is better.
UNITS = {"rate": ("/s", True), "p50_us": ("µs", False)}
CONTESTANTS = ("conats", "nats.c", "raw")


def size_name(size):
    return f"{size // 1024} KiB" if size >= 1024 else f"{size} B"


def cases_for(size, factor):
    """The scenarios at one payload size; `factor` scales how long they take."""

    def count(small, most_bytes):
        return str(max(1000, int(factor * min(small, most_bytes // (size + 40)))))

    def both(scenario, n, *more, **forms):
        line = [scenario, "--size", str(size), "--count", n, *more]
        return {
            "conats": line + forms.get("conats", []),
            "nats.c": line + forms.get("natsc", []),
        }

    name = size_name(size)
    pub = count(5_000_000, 800_000_000)
    sub = count(1_500_000, 400_000_000)
    direct = count(2_000_000, 1_600_000_000)
    calls = count(10_000, 10**9)
    many = count(20_000, 10**9)
    raw = ["bench.0", str(size)]
    return [
        Case(f"publish {name}", "rate", **both("pub", pub), raw=["publish", *raw, pub]),
        Case(f"receive {name} by a handler", "rate", **both("sub", sub),
             raw=["count", *raw, sub]),
        Case(f"receive {name} by `next`", "rate",
             **both("sub", sub, "--form", "next")),
        Case(f"receive {name} by handlers on 8 connections", "rate",
             **both("sub", str(int(sub) // 8), "--connections", "8")),
        Case(f"receive {name} by handlers of 8 subscriptions, one connection", "rate",
             **both("sub", str(int(sub) // 8), "--subscriptions", "8")),
        Case(f"receive {name} by a handler, client alone", "rate",
             **both("sub", direct, "--direct")),
        Case(f"receive {name} by `next`, client alone", "rate",
             **both("sub", direct, "--direct", "--form", "next")),
        Case(f"publish and receive {name}", "rate",
             **both("pubsub", count(300_000, 100_000_000))),
        Case(f"request {name}, one at a time", "p50_us", **both("request", calls)),
        Case(f"request {name}, 64 at once", "rate",
             **both("request", many, "--concurrent", "64")),
    ]


def run_once(program, arguments):
    """The program's result, or None with a message on stderr."""
    try:
        done = subprocess.run([program, *arguments], stdout=subprocess.PIPE, timeout=TIMEOUT,
                              check=True)
        return json.loads(done.stdout)
    except (subprocess.SubprocessError, json.JSONDecodeError) as failure:
        print(f"failed: {failure}", file=sys.stderr)
        return None


def show_progress(done, total, what):
    if sys.stderr.isatty():
        filled = 30 * done // total
        print(f"\r\x1b[K[{'#' * filled}{'.' * (30 - filled)}] {what}", end="", file=sys.stderr,
              flush=True)


def run_rounds(cases, programs, rounds):
    """Results by case and contestant. In each round every contestant runs once: ABAB…"""
    results = {case.title: {name: [] for name in case.commands} for case in cases}
    failed = set()
    jobs = [(case, n, name) for case in cases for n in range(rounds) for name in case.commands]
    for done, (case, n, name) in enumerate(jobs):
        if name not in programs or (case.title, name) in failed:
            continue
        show_progress(done, len(jobs), f"{case.title}, round {n + 1}")
        json_flag = [] if name == "raw" else ["--json"]
        result = run_once(programs[name], case.commands[name] + json_flag)
        if result is None:
            failed.add((case.title, name))  # it would fail again
        else:
            results[case.title][name].append(result)
    show_progress(len(jobs), len(jobs), "")
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    return results


def human(value):
    for limit, divisor, unit in ((1e6, 1e6, " M"), (1e3, 1e3, " k")):
        if value >= limit:
            return f"{value / divisor:.3g}{unit}"
    return f"{value:.3g}"


def show(results, key):
    """`median (least–most)`."""
    if not results:
        return "–"
    values = [result[key] for result in results]
    return f"{human(statistics.median(values))} ({human(min(values))}–{human(max(values))})"


def ratio(results, key):
    """How many times better conats is than nats.c, by medians."""
    if not results["conats"] or not results["nats.c"]:
        return "–"
    ours, theirs = (statistics.median(r[key] for r in results[name])
                    for name in ("conats", "nats.c"))
    return f"**{ours / theirs if UNITS[key][1] else theirs / ours:.2f}**"


def table(cases, results):
    lines = ["| | unit | conats | nats.c | ratio | raw socket | processor time, conats / nats.c |",
             "|---|---|---|---|---|---|---|"]
    for case in cases:
        of_case = results[case.title]
        columns = [show(of_case.get(name, []), case.value) for name in CONTESTANTS]
        processor = [f"{statistics.median(r['processor_us'] for r in of_case[name]):.3f}"
                     if of_case[name] else "–" for name in ("conats", "nats.c")]
        lines.append(f"| {case.title} | {UNITS[case.value][0]} | {columns[0]} | {columns[1]} | "
                     f"{ratio(of_case, case.value)} | {columns[2]} | {' / '.join(processor)} µs |")
    return "\n".join(lines)


def processor_name():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown processor"


def surroundings(arguments):
    return {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
        "server": arguments.server_version,
        "compiler": arguments.compiler,
    }


def versions(results):
    found = {r["client"]: r["version"] for case in results.values()
             for rs in case.values() for r in rs if r["version"] != "-"}
    return ", ".join(f"{name} {version}" for name, version in sorted(found.items()))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="where the programs are")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[16])
    parser.add_argument("--factor", type=float, default=1, help="of the messages of a run")
    parser.add_argument("--only", help="scenarios whose title holds this")
    parser.add_argument("--server-version", default="unknown")
    parser.add_argument("--compiler", default="unknown")
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    places = {"conats": "macro/conats_bench", "nats.c": "peers/conats_bench_natsc",
              "raw": "common/conats_bench_raw"}
    programs = {name: str(arguments.build / "benchmarks" / place)
                for name, place in places.items()
                if (arguments.build / "benchmarks" / place).exists()}
    cases = [case for size in arguments.sizes for case in cases_for(size, arguments.factor)
             if not arguments.only or arguments.only in case.title]
    where = surroundings(arguments)
    results = run_rounds(cases, programs, arguments.rounds)
    where["load_after"] = round(os.getloadavg()[0], 2)

    print(table(cases, results))
    print(f"\nMedian (least–most) of {arguments.rounds} rounds, the programs in turn. "
          f"{versions(results)}; nats-server {where['server']}; {where['compiler']}; "
          f"{where['cores']} × {where['processor']}, Linux {where['kernel']}; "
          f"load {where['load_before']} before and {where['load_after']} after.")
    if arguments.output:
        everything = {"where": where, "rounds": arguments.rounds, "results": results}
        arguments.output.write_text(json.dumps(everything, indent=1) + "\n")
    return 0 if all(results[case.title]["conats"] for case in cases) else 1


if __name__ == "__main__":
    sys.exit(main())
