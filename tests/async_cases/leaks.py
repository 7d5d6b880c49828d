"""What is left when calls are over."""

from __future__ import annotations

import asyncio
import gc
import random
import threading

import _mochi_wrap as m
from harness import Manager, case, count, leaking_nothing, limit, value


@case
def nothing_leaks(loop: m.Loop) -> None:
    """A thousand calls from fifty threads, cancelled at random in every way there is."""
    chance = random.Random(5)
    plans = [[chance.random() for _ in range(20)] for _ in range(50)]
    endings: set[str] = set()

    async def work(kind: float) -> int:
        try:
            await asyncio.sleep(kind / 100)
            if kind > 0.9:
                raise ValueError(kind)
            return 1
        finally:
            await asyncio.sleep(0)

    def call(kind: float) -> None:
        if kind < 0.2:
            stream = loop.stream_of(m.as_int)(count(5), "count")
            next(stream)
        elif kind < 0.3:
            loop.run_async_with(Manager(), lambda manager: loop.run_async(manager.work(), "f"), "with")
        elif kind < 0.5:
            give = m.async_function_of((), m.as_int)(lambda: loop.run_async(work(kind), "f"), "f")
            loop.run_async(give(), "f_sync")
        elif kind < 0.7:
            with m.cancellation() as token:
                timer = threading.Timer(kind / 120, token.cancel)
                timer.start()
                try:
                    loop.run_async(work(kind), "f_sync")
                finally:
                    timer.join()
        else:
            with limit(kind / 110):
                loop.run_async(work(kind), "f_sync")

    def run(plan: list[float]) -> None:
        for kind in plan:
            try:
                call(kind)
                endings.add("result")
            except Exception as error:
                endings.add(type(error).__name__)

    loop.run_async(value(), "f_sync")
    with leaking_nothing():
        threads = [threading.Thread(target=run, args=(plan,)) for plan in plans]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        threads.clear()
        del thread
    assert {"result", "CallCancelledError", "AsyncTimeoutError"} <= endings <= {
        "result", "CallCancelledError", "AsyncTimeoutError", "ValueError",
    }, endings  # fmt: skip


@case
def memory_stays(loop: m.Loop) -> None:
    import tracemalloc

    def work() -> None:
        for number in range(300):
            loop.run_async(value(number, 0), "f_sync")
            next(loop.stream_of(m.as_int)(count(2), "count"))

    work()
    gc.collect()
    tracemalloc.start()
    work()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(3):
        work()
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 50_000, grown
