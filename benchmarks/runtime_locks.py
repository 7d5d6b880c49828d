"""`make bench-runtime`: what holding a lock costs a bound call, with and without the GIL.

The rows of an interpreter take turns; times are medians of rounds in ns of CPU a call. Two threads call for a
fixed time: how often they got through, beside one thread alone. There is no bar, since no other lock that
Python code can have is cheaper; `with` and a decorator stand beside it to show that.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "runtime_locks.json"
CALLS = 20_000
SPAN = 0.4
"""Seconds for which threads call."""

FORMS = """
def plain(x):
    return target(x)

def bound(x):
    acquire()
    try:
        return target(x)
    finally:
        release()

def with_(x):
    with lock:
        return target(x)

@decorated
def wrapped(x):
    return target(x)
"""


def measure(rounds: int) -> dict[str, object]:
    """Return the figures of this interpreter."""
    sys.path.insert(0, str(ROOT / "runtime"))
    import _mochi_wrap as m

    acquire, release = m.module_lock("benchmark")
    made: dict[str, Callable[[int], int]] = {
        "target": abs,
        "acquire": acquire,
        "release": release,
        "lock": threading.RLock(),
        "decorated": lambda function: m.holding(function, acquire, release),
    }
    exec(FORMS, made)
    names = ("plain", "bound", "with_", "wrapped")
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            spent = timeit.timeit(f"{name}(-3)", number=CALLS, globals=made, timer=time.process_time)
            times[name].append(spent / CALLS * 1e9)
    return {
        "lock": acquire is not bool,
        "ns": {name.strip("_"): round(median(found)) for name, found in times.items()},
        "two_threads": {name: round(scale(made[name], rounds), 2) for name in ("plain", "bound")},
    }


def scale(function: Callable[[int], int], rounds: int) -> float:
    """Return how many calls two threads make in the time in which one makes one."""
    return median([count(function, 2) / count(function, 1) for _ in range(max(3, rounds // 4))])


def count(function: Callable[[int], int], threads: int) -> int:
    """Return how many calls so many threads make in `SPAN`."""
    counts, end = [0] * threads, time.perf_counter() + SPAN

    def work(number: int) -> None:
        calls = 0
        while time.perf_counter() < end:
            for _ in range(500):
                function(-3)
            calls += 500
        counts[number] = calls

    started = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for each in started:
        each.start()
    for each in started:
        each.join()
    return sum(counts)


def interpreters() -> list[tuple[str, str, dict[str, str]]]:
    """Return the interpreters at hand: what they are, where they are, and their environment."""
    sys.path.insert(0, str(ROOT / "tests"))
    import freethreaded

    from mochic_py.compiler.install import find_interpreter

    found = [find_interpreter((3, minor)) for minor in (12, 13, 14)]
    rows = [(f"3.{each.version[1]}", each.path, {}) for each in found if each]
    if (free := freethreaded.find()) is not None:
        rows.append(("3.13t", str(free), {}))
        rows.append(("3.13t, GIL forbidden", str(free), {"PYTHON_GIL": "0"}))
    else:
        print("skipped: there is no free-threaded Python; `make freethreaded` builds one")
    return rows


def main() -> None:
    """Measure each interpreter, print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        print(json.dumps(measure(arguments.rounds)))
        return
    rows = {}
    print(
        f"{'ns a call':<22}{'plain':>8}{'bound':>8}{'with':>8}{'wrapped':>9}   two threads, plain and bound"
    )
    for name, path, extra in interpreters():
        command = [path, __file__, "--here", "--rounds", str(arguments.rounds)]
        done = subprocess.run(
            command, env={**os.environ, **extra}, capture_output=True, text=True, check=True
        )
        row = rows[name] = json.loads(done.stdout)
        ns, two = row["ns"], row["two_threads"]
        figures = f"{ns['plain']:>8}{ns['bound']:>8}{ns['with']:>8}{ns['wrapped']:>9}"
        note = "" if row["lock"] else "(no lock)"
        print(f"{name:<22}{figures}   {two['plain']:>5} {two['bound']:>5}   {note}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
