"""Workers killed at random under load: every call ends, and nothing is left behind."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from worker_workspace import make_workspace

from mochic_py.runtime.client import Worker, WorkerCrashError

KILLS = 100
LONGEST = 2.0
"""Seconds that a call may take to end after the worker was killed."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="what is left behind cannot be counted"),
]


class Load:
    """Threads that call, and what became of their calls."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.stop = False
        self.outcomes = Counter[str]()
        self.wrong: list[str] = []
        self.longest = 0.0
        kinds = (self.plain, self.pipelined, self.calling_back, self.large, self.awaited, self.with_handles)
        self.threads = [threading.Thread(target=self.run, args=(kind, n)) for n, kind in enumerate(kinds)]

    def run(self, kind: object, seed: int) -> None:
        """Call until the end."""
        choice = random.Random(seed)
        while not self.stop:
            started = time.monotonic()
            name = kind.__name__  # type: ignore[attr-defined]
            try:
                kind(choice.randrange(1000))  # type: ignore[operator]
                self.outcomes[f"{name} result"] += 1
            except WorkerCrashError as error:
                self.outcomes[f"{name} lost"] += 1
                if "signal 9" not in str(error):
                    self.wrong.append(str(error))
            except Exception as error:
                # A handle is lost with its worker; the call that needs it says so.
                if "went with the worker" not in str(error):
                    self.wrong.append(f"{name}: {error!r}")
            self.longest = max(self.longest, time.monotonic() - started)

    def plain(self, n: int) -> None:
        """One call after the other."""
        assert self.worker.call("farlib.add_", n, 1) == n + 1

    def pipelined(self, n: int) -> None:
        """Many calls at a time, all of which end."""
        replies = [self.worker.submit("farlib.add_", n, each) for each in range(50)]
        for each, reply in enumerate(replies):
            assert reply.result(LONGEST) == n + each

    def calling_back(self, n: int) -> None:
        """Calls that call here."""
        assert self.worker.call("farlib.apply", lambda value: value * 2, n) == 2 * n

    def large(self, n: int) -> None:
        """Much text, and bytes beside it."""
        data = {"text": "x" * 100_000, "bytes": bytes(100_000)}
        assert self.worker.call("farlib.echo", data) == data

    def awaited(self, n: int) -> None:
        """Calls that run on the loop."""
        replies = [self.worker.submit("farlib.later_sync", each, 0.01) for each in range(5)]
        assert [reply.result(LONGEST) for reply in replies] == list(range(5))

    def with_handles(self, n: int) -> None:
        """Objects that stay there."""
        counter = self.worker.call("farlib.Counter_new")
        assert self.worker.call("farlib.Counter_add", counter, n) == n


def children() -> list[str]:
    """Return the states of the processes below this one."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            found.append(fields[0])
    return found


def test_every_call_ends_when_workers_are_killed(tmp_path: Path) -> None:
    choice = random.Random(7)
    before = len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), children()
    with Worker(make_workspace(tmp_path), python=sys.executable, most_restarts=10**6) as worker:
        load = Load(worker)
        for thread in load.threads:
            thread.start()
        for _ in range(KILLS):
            time.sleep(choice.uniform(0.0, 0.2))
            try:
                os.kill(worker.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        load.stop = True
        for thread in load.threads:
            thread.join(2 * LONGEST)
        assert not [thread for thread in load.threads if thread.is_alive()]
        assert worker.call("farlib.add_", 1, 2) == 3
    assert not load.wrong
    for kind in ("plain", "pipelined", "calling_back", "large", "awaited"):
        assert load.outcomes[f"{kind} result"], load.outcomes
    assert sum(count for name, count in load.outcomes.items() if name.endswith("lost")) > KILLS / 4
    # Starting a process anew is part of a call; on a busy machine that takes its time.
    assert load.longest < LONGEST + 3, load.longest
    end = time.monotonic() + 5
    while time.monotonic() < end:
        after = len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), children()
        if after <= before:
            break
        time.sleep(0.05)
    assert after[0] <= before[0]
    assert after[1] <= before[1]
    assert after[2] == before[2]
