# SPDX-License-Identifier: Apache-2.0
"""Who is measured, and how each is started."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Contestant:
    """A program, and the form of its calls."""

    name: str  # as it is shown
    program: str  # a key of Programs.commands
    form: str | None = None
    share: float = 1.0  # of a case's messages, so that slow ones take as long as fast ones
    more: tuple[str, ...] = ()
    scenario: str | None = None  # where it calls the case's by another name

    def arguments(self, scenario):
        form = ("--form", self.form) if self.form else ()
        return [self.scenario or scenario, *form, *self.more]


# The limits: what a blocking socket without a library reaches.
RAW = Contestant("raw C", "raw", "raw")
IDEAL = Contestant("ideal C", "raw", "ideal")
IDEAL_MUTEX = Contestant("ideal C, mutex", "raw", "ideal_mutex")
IDEAL_COPY = Contestant("ideal C, copy", "raw", "ideal_copy")
LIMITS = (RAW, IDEAL)

NATS_C = Contestant("nats.c", "nats.c")
NATS_C_NEXT = Contestant("nats.c next", "nats.c", "next", 0.5)
NATS_GO = Contestant("nats.go", "nats.go")
NATS_GO_NEXT = Contestant("nats.go next", "nats.go", "next")
ASYNC_NATS = Contestant("async-nats", "async-nats", None, 0.5)
NATS_JS = Contestant("nats.js", "nats.js", None, 0.2)


def conats(form, *more, name=None):
    return Contestant(f"conats {name or form}", "conats", form, 1.0, more)


class Programs:
    """Those that are there, and the commands that start them."""

    PLACES = {
        "conats": ["benchmarks/macro/conats_bench"],
        "raw": ["benchmarks/raw/conats_bench_raw"],
        "nats.c": ["benchmarks/peers/natsc/conats_bench_natsc"],
        "nats.go": ["peers/natsgo/natsgo"],
        "async-nats": ["peers/asyncnats/release/asyncnats"],
        "nats.js": ["peers/natsjs/main.js"],
    }
    INTERPRETERS = {"nats.js": ["node"]}

    def __init__(self, build):
        self.commands = {}
        for name, (place,) in self.PLACES.items():
            path = Path(build) / place
            if path.exists():
                self.commands[name] = self.INTERPRETERS.get(name, []) + [str(path)]

    def __contains__(self, contestant):
        return contestant.program in self.commands

    def command(self, contestant, scenario, more):
        return (self.commands[contestant.program] + contestant.arguments(scenario)
                + [str(each) for each in more])

    def raw(self, *arguments):
        return self.commands["raw"] + [str(each) for each in arguments]


def last_line(text):
    """The result that a program has printed."""
    lines = text.strip().splitlines()
    if not lines:
        raise ValueError("it printed nothing")
    return json.loads(lines[-1])


def stop(process):
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
