"""Functions of the program that Python awaits."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time
from typing import Any

import _mochi_wrap as m
from _mochi_wrap import aio_threads
from harness import VARIABLE, Manager, case, raises, value


@case
def a_function_that_python_awaits_may_wait_itself(loop: m.Loop) -> None:
    seen: list[Any] = []

    async def note() -> int:
        seen.append((asyncio.get_running_loop(), VARIABLE.get()))
        await asyncio.sleep(0.01)
        return len(seen)

    def handler(number: int) -> int:
        return loop.run_async(note(), "note_sync") + number

    give = m.async_function_of((m.as_int,), m.as_int)(handler, "serve_sync: parameter handler")

    async def serve() -> list[int]:
        seen.append((asyncio.get_running_loop(), VARIABLE.get()))
        return [await give(10), *await asyncio.gather(give(20), give(30))]

    token = VARIABLE.set("request")
    try:
        found = loop.run_async(serve(), "serve_sync")
    finally:
        VARIABLE.reset(token)
    assert found[0] == 12
    assert sorted(found[1:]) in ([24, 33], [23, 34], [24, 34])
    assert set(seen) == {seen[0]}, seen
    assert seen[0][1] == "request"

    def broken(number: int) -> int:
        return loop.run_async(value("text"), "f_sync") + 1

    give = m.async_function_of((m.as_int,), m.as_int)(broken, "serve_sync: parameter handler")
    with raises(TypeError, "can only concatenate"):
        loop.run_async(give(1), "serve_sync")
    stopping = m.async_function_of((), m.as_any)(lambda: next(iter(())), "f")
    with raises(RuntimeError, "StopIteration"):
        loop.run_async(stopping(), "f_sync")


@case
def many_functions_wait_at_a_time(loop: m.Loop) -> None:
    """More than the executor of a loop has threads, and all need one."""
    meeting = threading.Barrier(60)

    def handler() -> int:
        meeting.wait(20)
        return loop.run_async(asyncio_thread(), "f_sync")

    async def asyncio_thread() -> int:
        return await asyncio.to_thread(lambda: 1)

    give = m.async_function_of((), m.as_int)(handler, "f")

    async def serve() -> int:
        return sum(await asyncio.gather(*(give() for _ in range(60))))

    assert loop.run_async(serve(), "serve_sync") == 60


@case
def nobody_waits_for_a_cancelled_function(loop: m.Loop) -> None:
    ended: list[str] = []
    done = threading.Event()

    def handler() -> None:
        try:
            loop.run_async(value(1, 60), "inner_sync")
        except m.CallCancelledError as error:
            ended.append(str(error))
        finally:
            done.set()

    give = m.async_function_of((), m.as_none)(handler, "f")

    async def serve() -> None:
        task = asyncio.ensure_future(give())
        await asyncio.sleep(0.1)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await asyncio.to_thread(done.wait, 5)

    loop.run_async(serve(), "serve_sync")
    assert ended == ["inner_sync: the call was cancelled"]


@case
def a_thread_that_is_left_alone_ends() -> None:
    done = threading.Event()
    aio_threads.run_in_thread(done.set)
    assert done.wait(5)
    deadline = time.monotonic() + 4 * aio_threads._IDLE
    while any(thread.name == "mochi-callback" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    aio_threads.run_in_thread(done.set)


@case
def a_thread_of_a_library_works_for_its_loop(loop: m.Loop) -> None:
    """Frameworks run what may block in threads, to which they hand the context on."""

    async def look() -> object:
        return asyncio.get_running_loop()

    def endpoint() -> bool:
        here = loop.run_async(look(), "f_sync")
        with_body = loop.run_async_with(Manager(), lambda manager: loop.run_async(look(), "f_sync"), "with")
        return here is with_body is found[0]

    async def serve() -> bool:
        found.append(await look())
        return await asyncio.to_thread(endpoint)

    found: list[object] = []
    assert loop.run_async(serve(), "serve_sync") is True

    # Not when that has ended.
    async def keep() -> contextvars.Context:
        return contextvars.copy_context()

    context = loop.run_async(keep(), "f_sync")
    assert context.run(loop.run_async, value(4, 0), "f_sync") == 4
