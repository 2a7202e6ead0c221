# SPDX-License-Identifier: Apache-2.0
"""What conats has to reach at least, as a table with what it has reached."""

from report import limit_of, median


class Found:
    """Figures of one run of everything; None where one is missing."""

    def __init__(self, everything):
        self.results = everything["results"]
        self.costs = everything.get("costs", {})

    def value(self, key, name, what="rate"):
        found = self.results.get(key, {}).get(name)
        return median(found, what) if found else None

    def of_limit(self, key, name, what="rate"):
        value = self.value(key, name, what)
        limit = limit_of(self.results.get(key, {}), what)
        return value / limit if value is not None and limit else None

    def of(self, key, name, other, what="rate"):
        value, theirs = self.value(key, name, what), self.value(key, other, what)
        return value / theirs if value is not None and theirs else None

    def cost(self, group, name, what):
        value = self.costs.get(group, {}).get(name, {}).get(what)
        return None if value is None else abs(value)


def lines_of(f):
    """(what, figure, bound, whether more is better)"""
    to_server, to_sink = "publish to nats-server", "publish to a sink"
    from_server, from_source = "receive from nats-server", "receive from a source"
    for size in ("16 B", "128 B", "1 KiB"):
        for form in ("publish", "try_publish"):
            yield (f"{to_server}, {size}, {form} / limit",
                   f.of_limit(f"{to_server}: {size}", f"conats {form}"), 0.90, True)
    for size, bound in (("16 KiB", 0.92), ("256 KiB", 0.95)):
        yield (f"{to_server}, {size}, owned / limit",
               f.of_limit(f"{to_server}: {size}", "conats owned"), bound, True)
    for form, bound in (("publish", 1.2), ("try_publish", 2.0)):
        yield (f"{to_sink}, 16 B, {form} / nats.c",
               f.of(f"{to_sink}: 16 B", f"conats {form}", "nats.c"), bound, True)
    yield ("processor time of a publish, 16 B / nats.c",
           f.of(f"{to_server}: 16 B", "conats publish", "nats.c", "processor_us"), 0.5, False)
    for size in ("16 B", "1 KiB"):
        for form in ("next", "handler"):
            key = f"{from_server}: {size}"
            yield (f"{from_server}, {size}, {form} / limit",
                   f.of_limit(key, f"conats {form}"), 0.95, True)
            yield (f"{from_server}, {size}, {form} / nats.c",
                   f.of(key, f"conats {form}", "nats.c"), 2.5, True)
    for form, bound in (("handler", 8), ("next_batch", 8), ("next", 5)):
        yield (f"{from_source}, 16 B, {form} / nats.go",
               f.of(f"{from_source}: 16 B", f"conats {form}", "nats.go"), bound, True)
    for size, bound in (("16 KiB", 0.75), ("256 KiB", 0.85)):
        yield (f"{from_source}, {size}, handler / limit",
               f.of_limit(f"{from_source}: {size}", "conats handler"), bound, True)
    for form in ("handler", "next"):
        yield (f"processor time of a received message, 16 B, {form}, µs",
               f.value(f"{from_server}: 16 B", f"conats {form}", "processor_us"), 0.07, False)
    for size in ("16 B", "1 KiB", "16 KiB", "1 MiB"):
        yield (f"publish and receive on one connection, {size} / nats.go",
               f.of(f"publish and receive on one connection: {size}", "conats handler", "nats.go"),
               1.5, True)
    for what, bound in (("p50_us", 1.10), ("p99_us", 1.2)):
        yield (f"request through nats-server, 16 B, {what[:3]} / limit",
               f.of_limit("request through nats-server: 16 B", "conats request", what), bound,
               False)
    yield ("256 requests at once, 16 B / nats.go",
           f.of("256 requests at once: 16 B", "conats request", "nats.go"), 2.5, True)
    yield ("pipelined requests, 16 B / limit",
           f.of_limit("pipelined requests, 256 under way: 16 B", "conats next_batch"), 0.55, True)
    for group, forms in (("publish", ("publish", "try_publish")),
                         ("receive", ("handler", "try_next", "next_batch", "next",
                                      "awaiting_handler"))):
        for form in forms:
            name = f"conats {form}"
            bound = 550 if form in ("publish", "next", "awaiting_handler") else 350
            yield (f"instructions, {group}, {form}", f.cost(group, name, "instructions"), bound,
                   False)
            yield (f"allocations, {group}, {form}", f.cost(group, name, "allocations"), 0.001,
                   False)
            yield (f"system calls, {group}, {form}", f.cost(group, name, "system_calls"), 0.003,
                   False)
    for key, form in ((f"{to_server}: 16 B", "publish"), (f"{from_server}: 16 B", "handler")):
        rss = f.value(key, f"conats {form}", "peak_rss_kib")
        yield (f"peak RSS, {form}, MB", None if rss is None else rss * 1024 / 1e6, 6, False)
    idle = f.value("memory of an idle connection: 5000 connections", "conats connections",
                   "bytes_each")
    yield ("idle connection at 5 000, KiB", None if idle is None else idle / 1024, 16, False)
    yield ("subscription at 1 000 000, bytes with its subject",
           f.value("memory of a subscription: 1000000 subscriptions", "conats subscriptions",
                   "bytes_each"), 256 + len("orders.999999"), False)
    busy = "cost of a message by subscriptions"
    for spread, bound in (("one busy subscription of", 1.1), ("all at random of", 3)):
        one = f.value(f"{busy}: one busy subscription of 1", "conats handler", "processor_us")
        many = f.value(f"{busy}: {spread} 1000000", "conats handler", "processor_us")
        yield (f"processor time, {spread} 1000000 / of 1",
               many / one if one and many else None, bound, False)


def table(everything):
    lines = ["| | reached | at least (at most) | |", "|---|---|---|---|"]
    for what, figure, bound, more in lines_of(Found(everything)):
        if figure is None:
            continue
        good = figure >= bound if more else figure <= bound
        lines.append(f"| {what} | {figure:.3g} | {'≥' if more else '≤'} {bound} | "
                     f"{'yes' if good else '**no**'} |")
    return lines
