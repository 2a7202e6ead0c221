# SPDX-License-Identifier: Apache-2.0
"""Runs the contestants of each case in turn."""

import os
import subprocess
import sys
import time

from programs import last_line, stop
from servers import RawServer, processor_time

TIMEOUT = 60  # seconds one run may take


class Failed(Exception):
    pass


class Runner:
    """Runs one contestant of one case, with all that it takes on the other side."""

    def __init__(self, programs, servers):
        self.programs = programs
        self.servers = servers  # by name: "nats" and maybe "tls"

    def _server(self, case, count):
        if case.server in self.servers:
            return self.servers[case.server]
        headers = ["headers"] if case.options.get("headers") else []
        what = {"sink": ["sink"], "echo": ["echo"],
                "source": ["source", case.size, count, *headers],
                "random": ["random", case.size, count, self._spread(case)]}[case.server]
        return RawServer(self.programs.raw("serve", *what))

    @staticmethod
    def _spread(case):
        return 1 if case.title.startswith("one busy") else case.options.get("subscriptions")

    def _responder(self, case, environment):
        if case.scenario not in ("request", "pipeline") or case.server not in self.servers:
            return None
        process = subprocess.Popen(self.programs.raw("respond", "bench.0"), env=environment,
                                   stdout=subprocess.PIPE, text=True)
        if process.stdout.readline().strip() != "ready":
            raise Failed("the responder does not start")
        return process

    def _publisher(self, case, count, environment):
        """What a subscriber waits for; a raw server sends by itself."""
        if case.scenario != "sub" or case.server not in self.servers:
            return None
        headers = ["headers"] if case.options.get("headers") else []
        url = environment["NATS_URL"].replace("tls://", "nats://")  # it knows no TLS
        return subprocess.Popen(
            self.programs.raw("publish", "bench.0", case.size, count, *headers),
            env={**environment, "NATS_URL": url})

    def command(self, case, contestant, count=None):
        arguments = case.arguments_for(contestant)
        if count is not None:
            arguments[arguments.index("--count") + 1] = count
        return self.programs.command(contestant, case.scenario, arguments)

    def run(self, case, contestant, count=None, wrapper=(), more_environment=None):
        """Its result. `wrapper` is a command that runs it, as strace does."""
        n = count or case.count_for(contestant)
        server = self._server(case, n)
        helpers = [] if case.server in self.servers else [server]
        environment = {**os.environ, **server.environment(), **(more_environment or {})}
        try:
            responder = self._responder(case, environment)
            helpers += [responder] if responder else []
            before = processor_time(server.process)
            client = subprocess.Popen([*wrapper, *self.command(case, contestant, count)],
                                      env=environment, stdout=subprocess.PIPE, text=True)
            helpers.append(client)
            text = self._talk(case, n, client, environment, helpers)
            result = last_line(text)
            used = processor_time(server.process) - before
            result["server_us"] = used * 1e6 / max(1, result["messages"])
            return result
        except (OSError, ValueError, subprocess.SubprocessError) as failure:
            raise Failed(str(failure)) from failure
        finally:
            for helper in helpers:
                helper.stop() if isinstance(helper, RawServer) else stop(helper)

    def _talk(self, case, count, client, environment, helpers):
        end = time.monotonic() + TIMEOUT
        if case.scenario == "sub":
            if client.stdout.readline().strip() != "ready":
                raise Failed("the client does not subscribe")
            publisher = self._publisher(case, count, environment)
            helpers += [publisher] if publisher else []
        text, _ = client.communicate(timeout=max(1, end - time.monotonic()))
        if client.returncode != 0:
            raise Failed(f"exit status {client.returncode}")
        return text


class Progress:
    """A line that tells how far it is, on a terminal; without one, a line per case."""

    def __init__(self, total):
        self.total = total
        self.done = 0
        self.began = time.monotonic()
        self.last_case = None
        self.on_terminal = sys.stderr.isatty()

    def show(self, case, contestant):
        self.done += 1
        if self.on_terminal:
            filled = 30 * self.done // self.total
            gone = time.monotonic() - self.began
            left = gone / self.done * (self.total - self.done)
            print(f"\r\x1b[K[{'#' * filled}{'.' * (30 - filled)}] {left / 60:3.0f} min left  "
                  f"{case.key}, {contestant.name}"[:118], end="", file=sys.stderr, flush=True)
        elif case.key != self.last_case:
            print(f"{self.done} of {self.total}: {case.key}", file=sys.stderr, flush=True)
        self.last_case = case.key

    def end(self):
        if self.on_terminal:
            print("\r\x1b[K", end="", file=sys.stderr)


def run_rounds(runner, cases, rounds):
    """Results by case and contestant. In each round every contestant runs once: ABAB…"""
    results = {case.key: {} for case in cases}
    failed = {}
    jobs = [(case, contestant) for case in cases for _ in range(rounds)
            for contestant in case.contestants if contestant in runner.programs]
    progress = Progress(len(jobs))
    for case, contestant in jobs:
        progress.show(case, contestant)
        if (case.key, contestant.name) in failed:
            continue  # it would fail again
        try:
            results[case.key].setdefault(contestant.name, []).append(runner.run(case, contestant))
        except Failed as failure:
            failed[case.key, contestant.name] = str(failure)
            print(f"\n{case.key}: {contestant.name} failed: {failure}", file=sys.stderr)
    progress.end()
    return results, failed
