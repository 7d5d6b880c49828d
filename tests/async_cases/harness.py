"""What all cases use. The folder of the runtime is the first argument of the program."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import contextvars
import gc
import inspect
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

sys.path.insert(0, sys.argv[1])
import _mochi_wrap as m
from _mochi_wrap import aio_jobs, aio_run
from _mochi_wrap import aio_threads as aio_threads

CASES: list[Callable[..., None]] = []
PER_CALL, PERSISTENT = m.per_call_loop(cancel_timeout=0.3), m.persistent_loop(cancel_timeout=0.3)
VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def case(function: Callable[..., None]) -> Callable[..., None]:
    CASES.append(function)
    return function


@contextlib.contextmanager
def raises(kind: type[BaseException], text: str = "") -> Iterator[list[BaseException]]:
    caught: list[BaseException] = []
    try:
        yield caught
    except kind as error:
        if text not in str(error):
            raise AssertionError(f"{text!r} is not in {str(error)!r}") from error
        caught.append(error)
    else:
        raise AssertionError(f"no {kind.__name__}")


@contextlib.contextmanager
def limit(seconds: float | None) -> Iterator[None]:
    token = m.mochi_async_timeout.set(seconds)
    try:
        yield
    finally:
        m.mochi_async_timeout.reset(token)


@contextlib.contextmanager
def leaking_nothing() -> Iterator[None]:
    """Compare the threads, descriptors, tasks and jobs before and after; what is idle has time to end."""
    deadline = time.monotonic() + 20
    while any(thread.name == "mochi-callback" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    before = resources()
    yield
    deadline = time.monotonic() + 20
    while more_than(before) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not more_than(before), (before, more_than(before))


def more_than(before: collections.Counter[str]) -> collections.Counter[str]:
    return resources() - before


def resources() -> collections.Counter[str]:
    gc.collect()
    kinds = (asyncio.Task, aio_jobs.Job, aio_jobs.Remote, aio_run._Kept)
    found = collections.Counter(type(each).__name__ for each in gc.get_objects() if isinstance(each, kinds))
    loops = [each for each in gc.get_objects() if isinstance(each, asyncio.AbstractEventLoop)]
    found["loops"] = sum(not each.is_closed() for each in loops)
    found["threads"] = sum(not each.name.startswith("asyncio_") for each in threading.enumerate())
    found["descriptors"] = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    return found


async def value(found: Any = 1, delay: float | None = None) -> Any:
    if delay is not None:
        await asyncio.sleep(delay)
    return found


def in_process(code: str, *, timeout: float = 40) -> subprocess.CompletedProcess[str]:
    """Run `code` in a new interpreter, with the runtime as `m` and a driver of the wanted kind as `loop`."""
    head = (
        f"import sys; sys.path.insert(0, {sys.argv[1]!r})\n"
        "import asyncio, atexit, os, signal, threading, time\nimport _mochi_wrap as m\n"
    )
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", head + inspect.cleandoc(code)],
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


async def count(up_to: int, seen: list[Any] | None = None) -> Any:
    seen = [] if seen is None else seen
    tasks = {asyncio.current_task()}
    VARIABLE.set("stream")
    try:
        async with asyncio.timeout(8):
            for number in range(up_to):
                tasks.add(asyncio.current_task())
                await asyncio.sleep(0)
                yield number
    finally:
        tasks.add(asyncio.current_task())
        await asyncio.sleep(0)
        seen.append((len(tasks), VARIABLE.get()))


class Manager:
    """Notices who enters and leaves it."""

    def __init__(self, swallow: bool = False) -> None:
        self.swallow = swallow
        self.seen: list[Any] = []

    async def __aenter__(self) -> Manager:
        self.task = asyncio.current_task()
        self.timer = asyncio.timeout(8)
        await self.timer.__aenter__()
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> bool:
        self.seen.append((asyncio.current_task() is self.task, kind and kind.__name__, trace is not None))
        await self.timer.__aexit__(None, None, None)
        return self.swallow

    async def work(self) -> Any:
        assert asyncio.get_running_loop() is self.task.get_loop()
        return await value(5, 0)
