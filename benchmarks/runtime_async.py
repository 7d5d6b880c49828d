"""`make bench-runtime`: what an asynchronous call of a program costs beside bare asyncio.

Every CPython at hand runs the same rows. The two that are compared take turns; rates are medians of rounds,
by the wall clock, since threads wait for each other. Where a machine is too busy for bare asyncio to reach a
bar, a row holds that is not behind it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextvars
import json
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "runtime_async.json"
VERSIONS = ((3, 12), (3, 13))
PER_CALL, FOREIGN, OWN = 7_000, 10_000, 60_000
"""How many trivial calls a second there are at least: each in a loop of its own, into the loop of the program
from another thread, and in the thread of that loop."""

Measure = Callable[[int], float]


# --- in each interpreter -----------------------------------------------------------------


def rows() -> list[tuple[str, str, Measure, Measure, int, int]]:
    """Return the rows: what, beside what, both as functions of a count to seconds, a count, and the bar."""
    sys.path.insert(0, str(ROOT / "runtime"))
    import _mochi_wrap as m

    per_call, persistent = m.per_call_loop(), m.persistent_loop()
    loop = persistent.find("benchmark").loop

    async def answer() -> int:
        return 42

    # As wrappers have them.
    def answer_sync(driver: m.Loop) -> Callable[[], int]:
        return lambda: m.as_int(driver.run_async(answer(), "answer_sync"), "answer_sync")

    async def answer_async() -> int:
        return m.as_int(await answer(), "answer_async")

    def bare_foreign() -> int:
        return asyncio.run_coroutine_threadsafe(answer(), loop).result()

    def limited(function: Callable[[], Any]) -> Callable[[], Any]:
        context = contextvars.copy_context()
        context.run(m.mochi_async_timeout.set, 30.0)
        return lambda: context.run(function)

    async def await_many(count: int) -> None:
        for _ in range(count):
            await answer_async()

    async def await_bare(count: int) -> None:
        for _ in range(count):
            await answer()

    async def tasks(make: Callable[[], Any], count: int) -> None:
        for _ in range(count):
            await asyncio.create_task(make())

    async def numbers(count: int) -> AsyncIterator[int]:
        for number in range(count):
            yield number

    def stream(driver: m.Loop) -> Measure:
        return timed_once(lambda count: sum(driver.stream_of(m.as_int)(numbers(count), "numbers")))

    async def following(iterator: AsyncIterator[int]) -> int:
        return await iterator.__anext__()

    def read_bare(count: int) -> None:
        iterator, own = numbers(count), asyncio.new_event_loop()
        for _ in range(count):
            own.run_until_complete(following(iterator))
        own.run_until_complete(own.shutdown_asyncgens())
        own.close()

    def read_foreign(count: int) -> None:
        iterator = numbers(count)
        for _ in range(count):
            asyncio.run_coroutine_threadsafe(following(iterator), loop).result()

    handler = m.async_function_of((), m.as_int)(lambda: 42, "serve_sync")

    async def serve(call: Callable[[], Any], count: int) -> None:
        for _ in range(count):
            await call()

    own, foreign = answer_sync(per_call), answer_sync(persistent)
    on_loop = timed_on(loop)
    return [
        ("a loop for each call", "asyncio.run", timed(own),
         timed(lambda: asyncio.run(answer())), 400, PER_CALL),
        ("the same with mochi_async_timeout", "asyncio.run and wait_for", timed(limited(own)),
         timed(lambda: asyncio.run(asyncio.wait_for(answer(), 30))), 400, 0),
        ("one loop, from another thread", "run_coroutine_threadsafe", timed(foreign), timed(bare_foreign),
         2000, FOREIGN),
        ("the same with mochi_async_timeout", "the same with wait_for", timed(limited(foreign)),
         timed(lambda: asyncio.run_coroutine_threadsafe(asyncio.wait_for(answer(), 30), loop).result()),
         2000, 0),
        ("the same from 8 threads", "the same from 8 threads", threaded(foreign), threaded(bare_foreign),
         2000, 0),
        ("in the thread of the loop", "a bare await", on_loop(await_many), on_loop(await_bare), 50_000, OWN),
        ("in the thread of the loop, a task each", "a bare task each",
         on_loop(lambda n: tasks(answer_async, n)), on_loop(lambda n: tasks(answer, n)), 5000, 0),
        ("a value of a stream, a loop of its own", "run_until_complete",
         stream(per_call), timed_once(read_bare), 1000, 0),
        ("a value of a stream, one loop", "run_coroutine_threadsafe",
         stream(persistent), timed_once(read_foreign), 1000, 0),
        ("a function that Python awaits", "asyncio.to_thread", on_loop(lambda n: serve(handler, n)),
         on_loop(lambda n: serve(lambda: asyncio.to_thread(int), n)), 1000, 0),
    ]  # fmt: skip


def timed(function: Callable[[], object]) -> Measure:
    """Return how long so many calls take, one after another."""

    def measure(count: int) -> float:
        start = time.perf_counter()
        for _ in range(count):
            function()
        return time.perf_counter() - start

    return measure


def timed_once(function: Callable[[int], object]) -> Measure:
    """Return how long one call with a count takes."""

    def measure(count: int) -> float:
        start = time.perf_counter()
        function(count)
        return time.perf_counter() - start

    return measure


def timed_on(loop: asyncio.AbstractEventLoop) -> Callable[[Callable[[int], Any]], Measure]:
    """Return how long a coroutine takes in `loop`, where its own clock is read."""

    def make(function: Callable[[int], Any]) -> Measure:
        async def run(count: int) -> float:
            start = time.perf_counter()
            await function(count)
            return time.perf_counter() - start

        return lambda count: asyncio.run_coroutine_threadsafe(run(count), loop).result()

    return make


def threaded(function: Callable[[], object], threads: int = 8) -> Measure:
    """Return how long so many calls take in several threads."""

    def work(count: int) -> None:
        for _ in range(count):
            function()

    def measure(count: int) -> float:
        running = [threading.Thread(target=work, args=(count // threads,)) for _ in range(threads)]
        start = time.perf_counter()
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        return time.perf_counter() - start

    return measure


def measure_rows(rounds: int) -> list[dict[str, Any]]:
    """Return a record for each row: rates in calls a second."""
    measured = []
    for what, beside, ours, bare, count, bar in rows():
        ours(count // 10), bare(count // 10)
        pairs = [(count / ours(count), count / bare(count)) for _ in range(rounds)]
        rate, reference = (median(side) for side in zip(*pairs, strict=True))
        ratio = median(mine / other for mine, other in pairs)
        record = {"what": what, "beside": beside, "per_second": round(rate)}
        measured.append(
            record | {"beside_per_second": round(reference), "ratio": round(ratio, 3), "bar": bar}
        )
    return measured


# --- beside them -------------------------------------------------------------------------


def main() -> int:
    """Measure, print a table, keep the figures, and tell whether a bar was passed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(measure_rows(options.rounds)))
        return 0
    from mochic_py.compiler.install import find_interpreter

    kept: dict[str, Any] = {}
    missed = []
    for version in VERSIONS:
        found = find_interpreter(version)
        if found is None:
            print(f"there is no CPython {version[0]}.{version[1]} here", file=sys.stderr)
            continue
        command = [found.path, str(Path(__file__)), "--inside", "--rounds", str(options.rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        name = f"{version[0]}.{version[1]}"
        kept[name] = json.loads(done.stdout)
        print(f"CPython {name}, calls a second")
        for row in kept[name]:
            bar = f"at least {row['bar']:,}" if row["bar"] else ""
            beside = f"{row['beside']} {row['beside_per_second']:,}"
            print(f"  {row['what']:42} {row['per_second']:12,} {row['ratio']:7.2f} of {beside:40} {bar}")
            if row["per_second"] < row["bar"] and row["ratio"] < 1:
                missed.append(
                    f"{name}: {row['what']}: {row['per_second']:,} instead of {row['bar']:,} a second"
                )
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    print("\n".join(missed) or "all bars are met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
