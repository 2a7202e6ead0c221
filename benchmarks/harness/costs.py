# SPDX-License-Identifier: Apache-2.0
"""What one message costs a client, whatever the machine: heap allocations, system calls and
instructions. Each is the difference of two runs that differ in their number of messages, by that
difference."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cases import Case
from programs import (ASYNC_NATS, IDEAL, IDEAL_COPY, IDEAL_MUTEX, NATS_C, NATS_C_NEXT, NATS_GO,
                      NATS_JS, RAW, conats)
from runner import Failed

# Those that valgrind can run; a virtual machine with a compiler of its own is not among them.
NATIVE = ("raw", "conats", "nats.c", "async-nats")


def cases():
    yield Case("publish", "pub", 16, 200_000,
               (RAW, IDEAL, IDEAL_MUTEX, conats("publish"), conats("try_publish"), NATS_C,
                NATS_GO, ASYNC_NATS, NATS_JS), "sink")
    yield Case("receive", "sub", 16, 200_000,
               (RAW, IDEAL, IDEAL_COPY, conats("handler"), conats("try_next"),
                conats("next_batch"), conats("next"), conats("awaiting_handler"), NATS_C,
                NATS_C_NEXT, NATS_GO, ASYNC_NATS, NATS_JS), "source")


class Counter:
    """Runs a client under something that counts."""

    def __init__(self, runner):
        self.runner = runner

    def per_message(self, count, of_run):
        """`of_run(count)` gives a list of numbers of one run."""
        return self.between(count, 2 * count, of_run)

    def between(self, fewer, more, of_run):
        return [(b - a) / (more - fewer) for a, b in zip(of_run(fewer), of_run(more))]

    def allocations(self, case, contestant, library):
        def of_run(count):
            with tempfile.NamedTemporaryFile("r") as file:
                self.runner.run(case, contestant, count, more_environment={
                    "LD_PRELOAD": str(library), "CONATS_BENCH_ALLOCATIONS": file.name})
                return [int(n) for n in Path(file.name).read_text().split()]
        return self.per_message(200_000, of_run)

    def system_calls(self, case, contestant):
        def of_run(count):
            with tempfile.NamedTemporaryFile("r") as file:
                self.runner.run(case, contestant, count, wrapper=tracer(file.name))
                return [traced(Path(file.name).read_text())]
        return self.per_message(500_000, of_run)[0]

    def instructions(self, case, contestant):
        def of_run(count):
            return [collected(lambda wrapper: self.runner.run(case, contestant, count,
                                                              wrapper=wrapper))]
        # Both between two powers of two: a queue that grows meanwhile, which it does but a few times
        # in its life, would count with 10 for each message and by chance.
        return self.between(40_000, 60_000, of_run)[0]


def collected(run):
    """Instructions of what `run(wrapper)` starts behind that wrapper."""
    with tempfile.NamedTemporaryFile("r") as file:
        run(("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
             f"--log-file={file.name}"))
        found = re.search(r"Collected : (\d+)", Path(file.name).read_text())
        if not found:
            raise Failed("valgrind counted nothing")
        return int(found[1])


def instructions_of_call(program, name):
    """Of a function that `program NAME COUNT` calls so often."""
    fewer, more = (collected(lambda wrapper: subprocess.run(
        [*wrapper, program, name, str(count)], check=True, stdout=subprocess.DEVNULL))
        for count in (40_000, 60_000))
    return (more - fewer) / 20_000


def has_valgrind():
    return shutil.which("valgrind") is not None


def perf_works():
    return shutil.which("perf") is not None and subprocess.run(
        ["perf", "stat", "-e", "raw_syscalls:sys_enter", "true"], capture_output=True,
        check=False).returncode == 0


# strace stops the client at each call, so that more has come by the next one: perf, where it may.
_PERF = None


def tracer(path):
    global _PERF
    if _PERF is None:
        _PERF = perf_works()
    if _PERF:
        return ("perf", "stat", "-x", ",", "-o", path, "-e", "raw_syscalls:sys_enter")
    return ("strace", "-f", "-c", "-o", path)


def traced(text):
    if _PERF:
        return int(re.search(r"^(\d+),", text, re.M)[1])
    return int(re.search(r"(\d+)(?: +\d+)? total$", text, re.M)[1])


def measure(runner, build):
    """Costs by case and contestant."""
    library = Path(build) / "benchmarks/common/libconats_bench_count_allocations.so"
    counter = Counter(runner)
    found = {}
    for case in cases():
        of_case = found.setdefault(case.group, {})
        for contestant in case.contestants:
            if contestant not in runner.programs:
                continue
            print(f"costs: {case.group}, {contestant.name}", file=sys.stderr)
            of_case[contestant.name] = measure_one(counter, case, contestant, library)
    return found


def measure_one(counter, case, contestant, library):
    costs = {}
    attempts = {"system_calls": lambda: counter.system_calls(case, contestant)}
    if contestant.program in NATIVE:
        attempts["instructions"] = lambda: counter.instructions(case, contestant)
        attempts["allocations"] = lambda: counter.allocations(case, contestant, library)
    for name, attempt in attempts.items():
        try:
            costs[name] = attempt()
        except (Failed, OSError, TypeError, ValueError) as failure:
            print(f"  {name}: {failure}", file=sys.stderr)
    if "allocations" in costs:
        costs["allocations"], costs["allocated_bytes"] = costs["allocations"]
    return costs
