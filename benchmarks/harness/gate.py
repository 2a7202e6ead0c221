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
    parser.add_argument("--scenario", choices=("publish", "receive"), required=True)
    parser.add_argument("--form", required=True)
    parser.add_argument("--what", choices=("instructions", "allocations"), required=True)
    parser.add_argument("--at-most", type=float, required=True)
    arguments = parser.parse_args()

    counter = costs.Counter(Runner(Programs(arguments.build), {}))
    case = next(case for case in costs.cases() if case.group == arguments.scenario)
    contestant = conats(arguments.form)
    if arguments.what == "instructions":
        if not costs.has_valgrind():
            print("conats-test-skipped: no valgrind")
            return SKIPPED
        count = counter.instructions(case, contestant)
    else:
        library = arguments.build / "benchmarks/common/libconats_bench_count_allocations.so"
        count = counter.allocations(case, contestant, library)[0]
    print(f"{arguments.scenario} by {arguments.form}: {count:.4f} {arguments.what} a message, "
          f"at most {arguments.at_most:g}")
    return 0 if count <= arguments.at_most else 1


if __name__ == "__main__":
    sys.exit(main())
