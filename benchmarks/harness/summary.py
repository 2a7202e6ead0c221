# SPDX-License-Identifier: Apache-2.0
"""The figures that matter, in one table: that of the project's README.

    python3 benchmarks/harness/summary.py RESULTS.json     prints it again
"""

import json
import sys

from report import limit_of, median

PEERS = ("nats.c", "nats.go", "async-nats", "nats.js")
TO_SERVER, TO_SINK = "publish to nats-server: 16 B", "publish to a sink: 16 B"
FROM_SERVER, FROM_SOURCE = "receive from nats-server: 16 B", "receive from a source: 16 B"
FAN_OUT = "fan-out: each message to all subscriptions of a connection: 64 subscriptions"

# What it is, the case, the form of conats, and what counts.
LINES = (
    ("publish", TO_SERVER, "publish", "rate"),
    ("publish to a sink", TO_SINK, "publish", "rate"),
    ("the same by `try_publish`", TO_SINK, "try_publish", "rate"),
    ("receive by a handler", FROM_SERVER, "handler", "rate"),
    ("receive by `next`", FROM_SERVER, "next", "rate"),
    ("a handler, without nats-server", FROM_SOURCE, "handler", "rate"),
    ("`next`, without nats-server", FROM_SOURCE, "next", "rate"),
    ("publish and receive", "publish and receive on one connection: 16 B", "handler", "rate"),
    ("64 subscriptions of one connection", FAN_OUT, "handler", "rate"),
    ("256 requests at once", "256 requests at once: 16 B", "request", "rate"),
    ("request, median latency", "request through nats-server: 16 B", "request", "p50_us"),
    ("processor time of a publish", TO_SERVER, "publish", "processor_us"),
    ("of a received message", FROM_SERVER, "handler", "processor_us"),
)


def shown(value, what):
    if value is None:
        return "–"
    if what == "rate":
        return f"{value / 1e6:.3g} M" if value >= 1e6 else f"{value / 1e3:.3g} k"
    return f"{value:.0f} µs" if what == "p50_us" else f"{value:.3f} µs"


def table(everything):
    """Lines in Markdown; those of cases that were not run are left out."""
    lines = ["| messages/s | conats | " + " | ".join(PEERS) + " | limit |",
             "|---" * (len(PEERS) + 3) + "|"]
    for title, key, form, what in LINES:
        of_case = everything["results"].get(key, {})
        if not of_case.get(f"conats {form}"):
            continue

        def of(name):
            runs = of_case.get(name)
            return shown(median(runs, what) if runs else None, what)

        # Some peers have a form of their own for one message at a time.
        cells = [of(f"{peer} {form}" if of_case.get(f"{peer} {form}") else peer) for peer in PEERS]
        # A raw program that only counts bytes is no limit for the work on a message.
        ideal = of_case.get("ideal C")
        limit = limit_of(of_case, what) if what != "processor_us" else ideal and median(ideal, what)
        lines.append(f"| {title} | **{of(f'conats {form}')}** | " + " | ".join(cells)
                     + f" | {shown(limit, what) if limit else ''} |")
    return lines


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print("\n".join(table(json.load(file))))
