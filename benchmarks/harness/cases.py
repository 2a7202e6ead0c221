# SPDX-License-Identifier: Apache-2.0
"""What is measured."""

from dataclasses import dataclass, field

from programs import (ASYNC_NATS, IDEAL_COPY, IDEAL_MUTEX, LIMITS, NATS_C, NATS_C_NEXT,
                      NATS_GO, NATS_GO_NEXT, NATS_JS, RAW, Contestant, conats)

SIZES = (16, 128, 1024, 16384, 262144)


@dataclass
class Case:
    """One line of a table: a scenario at one size, and those who run it."""

    group: str
    scenario: str
    size: int
    count: int
    contestants: tuple[Contestant, ...]
    server: str = "nats"  # or a raw one: sink, source, echo, random
    value: str = "rate"
    options: dict = field(default_factory=dict)
    title: str = ""

    def __post_init__(self):
        self.title = self.title or size_name(self.size)

    @property
    def key(self):
        return f"{self.group}: {self.title}"

    def count_for(self, contestant):
        return max(100, int(self.count * contestant.share))

    def arguments_for(self, contestant):
        more = ["--size", self.size, "--count", self.count_for(contestant)]
        for name, value in self.options.items():
            more += [f"--{name}"] if value is True else [f"--{name}", value]
        return more


def size_name(size):
    if size >= 1 << 20:
        return f"{size >> 20} MiB"
    return f"{size >> 10} KiB" if size >= 1024 else f"{size} B"


def count_of(size, small, most_bytes):
    """So that a run takes about a second: `small` messages, or fewer of many bytes."""
    return int(min(small, most_bytes / (size + 40)))


def publish(sizes):
    for size in sizes:
        ours = [conats("publish"), conats("try_publish")]
        if size >= 16384:
            ours = [conats("owned"), conats("publish")]
        peers = (NATS_C, NATS_GO, ASYNC_NATS, NATS_JS)
        yield Case("publish to nats-server", "pub", size, count_of(size, 5e6, 1.2e9),
                   (*LIMITS, *ours, *peers))
        yield Case("publish to a sink", "pub", size, count_of(size, 1e7, 3e9),
                   (*LIMITS, IDEAL_MUTEX, *ours, *peers), "sink")


def receive(sizes):
    ours = tuple(conats(form) for form in
                 ("handler", "next_batch", "next", "awaiting_handler"))
    peers = (NATS_C, NATS_C_NEXT, NATS_GO, NATS_GO_NEXT, ASYNC_NATS, NATS_JS)
    for size in sizes:
        yield Case("receive from nats-server", "sub", size, count_of(size, 1.5e6, 3e8),
                   (*LIMITS, *ours, *peers))
        yield Case("receive from a source", "sub", size, count_of(size, 5e6, 3e9),
                   (*LIMITS, IDEAL_COPY, *ours, *peers), "source")


def both_ways(sizes):
    for size in sizes:
        yield Case("publish and receive on one connection", "pubsub", size,
                   count_of(size, 4e5, 2e8),
                   (RAW, conats("handler"), NATS_C, NATS_GO, ASYNC_NATS, NATS_JS))


def requests(sizes):
    ours, peers = conats("request"), (NATS_C, NATS_GO, ASYNC_NATS, NATS_JS)
    for size in sizes:
        for server, count in (("nats", 8000), ("echo", 20000)):
            name = "nats-server" if server == "nats" else "an echo server"
            yield Case(f"request through {name}", "request", size, count, (RAW, ours, *peers),
                       server, "p50_us")
        yield Case("256 requests at once", "request", size, 60000, (ours, *peers),
                   options={"concurrent": 256})
        yield Case("pipelined requests, 256 under way", "pipeline", size, 200000,
                   (Contestant("raw C", "raw", "raw", scenario="request"), conats("next_batch"), NATS_GO),
                   options={"concurrent": 256})


def others():
    """What is about conats, or where only few take part."""
    yield Case("publish with two headers", "pub", 16, 2_000_000,
               (*LIMITS, conats("publish"), NATS_C, NATS_GO, ASYNC_NATS, NATS_JS),
               options={"headers": True})
    yield Case("receive with two headers", "sub", 16, 1_000_000,
               (*LIMITS, conats("handler"), conats("next"), NATS_C, NATS_GO, ASYNC_NATS, NATS_JS),
               options={"headers": True})
    for n in (8, 64):
        yield Case("fan-out: each message to all subscriptions of a connection", "sub", 16,
                   1_600_000 // n, (conats("handler"), NATS_C, NATS_GO, ASYNC_NATS),
                   options={"subscriptions": n}, title=f"{n} subscriptions")
    yield Case("8 connections", "sub", 16, 200_000,
               (conats("handler"), conats("handler", "--threads", "4", name="4 threads"),
                NATS_C, NATS_GO, ASYNC_NATS), options={"connections": 8}, title="receive 16 B")
    yield Case("4 threads publish on one connection", "pub", 16, 5_000_000,
               (conats("publish", name="1 thread"),
                conats("publish", "--threads", "4", name="4 threads"),
                conats("try_publish", "--threads", "4", name="try, 4 threads")), "sink",
               title="16 B")


def with_tls(sizes):
    for size in sizes:
        yield Case("publish under TLS", "pub", size, count_of(size, 3e6, 6e8),
                   (conats("publish"),), "tls")
        yield Case("receive under TLS", "sub", size, count_of(size, 1e6, 2e8),
                   (conats("handler"),), "tls")


def scale(most_subscriptions, most_connections):
    n = 1
    while n <= most_subscriptions:
        for spread, name in ((1, "one busy subscription of"), (n, "all at random of")):
            yield Case("cost of a message by subscriptions", "random", 16, 3_000_000,
                       (conats("handler"),), "random",
                       options={"subscriptions": n}, title=f"{name} {n}")
            if n == 1:
                break
        n *= 10
    for n in (most_connections // 10, most_connections):
        yield Case("memory of an idle connection", "memory", 16, n, (conats("connections"),),
                   value="bytes_each", title=f"{n} connections")
    for n in (most_subscriptions // 10, most_subscriptions):
        yield Case("memory of a subscription", "memory", 16, n,
                   (conats("subscriptions"), conats("handlers")), value="bytes_each",
                   title=f"{n} subscriptions")
    for size in (16, 1024, 16384):
        yield Case("memory of a message that waits", "memory", size, count_of(size, 1e6, 4e8),
                   (conats("messages"),), value="bytes_each")


def full():
    return [*publish(SIZES), *receive(SIZES), *both_ways((16, 1024, 16384, 1 << 20)),
            *requests((16, 1024)), *others(), *with_tls((16, 1024, 16384)),
            *scale(1_000_000, 5000)]


def quick():
    return [*publish((16,)), *receive((16,)), *both_ways((16, 1024)), *requests((16,))]
