# SPDX-License-Identifier: Apache-2.0
"""What was measured as tables in Markdown."""

import statistics

UNITS = {"rate": "messages/s", "p50_us": "µs", "bytes_each": "bytes"}
LIMITS = ("raw C", "ideal C")

METHOD = """\
Every program is one process with one connection and one thread of the caller's unless it says
otherwise, on the loopback of one machine that runs the server too. The programs of a line run in
turn, round by round (ABAB…); figures are the median and, in brackets, the least and the most.
*raw C* sends frames that were encoded beforehand or counts bytes; *ideal C* encodes or parses each
message in one thread; the better of both is the limit that ratios (bold) refer to. A *sink*, a
*source* and an *echo server* are small programs in C in the place of nats-server, so that the client
is the bottleneck. Publishing ends with a flush; receiving counts from the first to the last message,
without pending limits; a raw program publishes, or answers requests. Processor time is the client's,
user and system, all threads.

Trust ratios within a line, not absolute figures, and no ratio between lines or runs: on a shared
virtual machine the same program varies by a factor of up to two within minutes. Where nats-server is
the bottleneck, differences below a tenth are noise, and processor time tells clients apart. Slow
clients send fewer messages, so that each run takes about as long.
"""


def human(value):
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def median(results, key):
    return statistics.median(result[key] for result in results)


def span(results, key):
    values = [result[key] for result in results]
    if len(values) == 1:
        return human(values[0])
    return f"{human(statistics.median(values))} ({human(min(values))}–{human(max(values))})"


def limit_of(of_case, key="rate"):
    """The best of the limits, or None."""
    found = [median(of_case[name], key) for name in LIMITS if of_case.get(name)]
    if not found:
        return None
    return max(found) if key == "rate" else min(found)


def ratio(of_case, name, key):
    limit = limit_of(of_case, key)
    if limit is None or not of_case.get(name):
        return None
    value = median(of_case[name], key)
    return value / limit


def groups_of(cases):
    groups = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    return groups


def names_in(cases, results):
    names = []
    for case in cases:
        names += [c.name for c in case.contestants
                  if c.name not in names and results[case.key].get(c.name)]
    return names


def cell(case, of_case, name):
    if not of_case.get(name):
        return "–"
    text = span(of_case[name], case.value)
    share = ratio(of_case, name, case.value)
    return text if share is None else f"{text} **{share:.2f}**"


def header(title, cases):
    return [f"| {title} | " + " | ".join(case.title for case in cases) + " |",
            "|---" * (len(cases) + 1) + "|"]


def throughput_table(cases, results):
    lines = header(UNITS[cases[0].value], cases)
    for name in names_in(cases, results):
        cells = [cell(case, results[case.key], name) for case in cases]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def processor_table(cases, results):
    lines = header("processor time of client / server, µs a message", cases)
    for name in names_in(cases, results):
        cells = []
        for case in cases:
            found = results[case.key].get(name)
            cells.append(f"{median(found, 'processor_us'):.3g} / {median(found, 'server_us'):.3g}"
                         if found else "–")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def latency_table(cases, results):
    lines = ["| | p50 µs | p99 µs | p99.9 µs | processor time, µs |", "|---|---|---|---|---|"]
    for case in cases:
        of_case = results[case.key]
        for name in names_in([case], results):
            cells = [cell(case, of_case, name)]
            for key in ("p99_us", "p999_us"):
                share = ratio(of_case, name, key)
                bold = "" if share is None else f" **{share:.2f}**"
                cells.append(span(of_case[name], key) + bold)
            cells.append(f"{median(of_case[name], 'processor_us'):.3g}")
            lines.append(f"| {case.title}, {name} | " + " | ".join(cells) + " |")
    return lines


def section(group, cases, results):
    lines = [f"### {group[0].upper()}{group[1:]}", ""]
    if not names_in(cases, results):
        return [*lines, "Nobody who could do it was there.", ""]
    if cases[0].value == "p50_us":
        return [*lines, *latency_table(cases, results), ""]
    lines += throughput_table(cases, results)
    if cases[0].value == "rate":
        lines += ["", *processor_table(cases, results)]
    return [*lines, ""]


def process_table(cases, results):
    """Peak memory and threads, where most take part: receiving from nats-server."""
    lines = ["| | peak RSS, MiB | threads |", "|---|---|---|"]
    chosen = [case for case in cases if case.scenario in ("pub", "sub") and case.server == "nats"
              and case.size == 16 and not case.options]
    for case in chosen:
        for name in names_in([case], results):
            found = results[case.key][name]
            lines.append(f"| {case.scenario}, {name} | {median(found, 'peak_rss_kib') / 1024:.1f} "
                         f"| {median(found, 'threads'):.0f} |")
    return lines


def cost_table(costs):
    keys = (("instructions", "instructions", ".0f"), ("system_calls", "system calls", ".4f"),
            ("allocations", "allocations", ".4f"), ("allocated_bytes", "bytes allocated", ".1f"))
    lines = ["| a message of 16 B | " + " | ".join(text for _, text, _ in keys) + " |",
             "|---" * (len(keys) + 1) + "|"]
    for group, by_name in costs.items():
        for name, found in by_name.items():
            cells = [f"{abs(found[key]):{form}}" if key in found else "–"
                     for key, _, form in keys]
            lines.append(f"| {group}, {name} | " + " | ".join(cells) + " |")
    return lines


def report(everything, cases, glance, aims):
    where = everything["where"]
    results = everything["results"]
    lines = ["# Benchmarks", "",
             f"conats beside other clients, made by `{where['command']}`: {where['rounds']} "
             f"rounds, nats-server {where['server']}, {where['cores']} × {where['processor']}, "
             f"Linux {where['kernel']}, {where['compiler']}; "
             + ", ".join(f"{name} {version}" for name, version in where["versions"].items())
             + f". Load of the machine: {where['load_before']} before, {where['load_after']} "
             "after.", ""]
    if where["left_out"]:
        lines += ["Left out, since not built here: " + ", ".join(where["left_out"]) + ".", ""]
    lines += [METHOD, "![Overview](overview.svg)", "", *glance, ""]
    for group, of_group in groups_of(cases).items():
        lines += section(group, of_group, results)
    lines += ["### Processes", "", *process_table(cases, results), ""]
    if everything.get("costs"):
        lines += ["### What a message costs the client", "",
                  "Instructions in user space under valgrind, system calls and heap allocations: "
                  "the difference of two runs. From a sink or a source.", "",
                  *cost_table(everything["costs"]), ""]
    if aims:
        lines += ["### What conats aims at", "", *aims, ""]
    if everything["failed"]:
        lines += ["### Failed", ""]
        lines += [f"- {name}: {what}" for name, what in everything["failed"].items()] + [""]
    return "\n".join(lines)
