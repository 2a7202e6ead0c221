# SPDX-License-Identifier: Apache-2.0
"""Fails where an operation costs more than its ceiling. Counts, never times, so that a noisy
machine changes nothing. Started by CTest."""

import argparse
import sys
from pathlib import Path

import costs
from programs import Programs, conats
from runner import Runner

SKIPPED = 77


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--function")
    which.add_argument("--scenario", choices=("publish", "receive"))
    parser.add_argument("--form", help="of a scenario")
    parser.add_argument("--what", choices=("instructions", "allocations"), required=True)
    parser.add_argument("--at-most", type=float, required=True)
    arguments = parser.parse_args()

    if arguments.what == "instructions" and not costs.has_valgrind():
        print("conats-test-skipped: no valgrind")
        return SKIPPED
    if arguments.function:
        what, count = f"call of {arguments.function}", costs.instructions_of_call(
            arguments.build / "benchmarks/gates/conats_gate_functions", arguments.function)
    else:
        what, count = f"message, {arguments.scenario} by {arguments.form}", of_message(arguments)
    print(f"{what}: {count:.4f} {arguments.what}, at most {arguments.at_most:g}")
    return 0 if count <= arguments.at_most else 1


def of_message(arguments):
    counter = costs.Counter(Runner(Programs(arguments.build), {}))
    case = next(case for case in costs.cases() if case.group == arguments.scenario)
    contestant = conats(arguments.form)
    if arguments.what == "instructions":
        return counter.instructions(case, contestant)
    library = arguments.build / "benchmarks/common/libconats_bench_count_allocations.so"
    return counter.allocations(case, contestant, library)[0]


if __name__ == "__main__":
    sys.exit(main())
