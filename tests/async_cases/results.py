"""Results, errors and context variables."""

from __future__ import annotations

import asyncio
import gc
import warnings
import weakref
from typing import Any

import _mochi_wrap as m
from harness import PER_CALL, PERSISTENT, VARIABLE, case, count, raises, value


@case
def results_and_errors(loop: m.Loop) -> None:
    assert loop.run_async(value(3), "f_sync") == 3
    assert loop.run_async(value(4, 0), "f_sync") == 4
    assert loop.call_async("f_sync", value, 5) == 5
    assert loop.call_async("f_sync", value, found=6, delay=0) == 6

    async def fail() -> None:
        raise KeyError("gone")

    with raises(KeyError, "gone") as caught:
        loop.run_async(fail(), "f_sync")
    assert caught[0].__context__ is None
    assert caught[0].__cause__ is None


@case
def errors_are_freed_without_the_collector(loop: m.Loop) -> None:
    class GoneError(Exception):
        pass

    async def fail() -> None:
        raise GoneError

    gc.disable()
    try:
        try:
            loop.run_async(fail(), "f_sync")
        except GoneError as error:
            known = weakref.ref(error)
        if loop is PERSISTENT:
            loop.run_async(value(), "f_sync")
        assert known() is None
    finally:
        gc.enable()


@case
def own_errors_of_asyncio_pass(loop: m.Loop) -> None:
    async def give_up() -> None:
        raise asyncio.CancelledError("own")

    async def late() -> None:
        raise TimeoutError("own")

    with raises(asyncio.CancelledError):
        loop.run_async(give_up(), "f_sync")
    with raises(TimeoutError, "own") as caught:
        loop.run_async(late(), "f_sync")
    assert type(caught[0]) is TimeoutError


@case
def context_variables_go_in_and_not_out(loop: m.Loop) -> None:
    async def look() -> str:
        seen = VARIABLE.get()
        VARIABLE.set("inside")
        await asyncio.sleep(0)
        return seen

    token = VARIABLE.set("outside")
    try:
        assert loop.run_async(look(), "f_sync") == "outside"
        assert VARIABLE.get() == "outside"
    finally:
        VARIABLE.reset(token)


@case
def any_awaitable(loop: m.Loop) -> None:
    class Later:
        def __await__(self) -> Any:
            yield from asyncio.sleep(0).__await__()
            return 9

    assert loop.run_async(Later(), "f_sync") == 9

    async def start() -> Any:
        return asyncio.get_running_loop().create_task(value(2, 0))

    assert loop.run_async(loop.run_async(finished(), "f_sync"), "f_sync") == 8
    assert loop.call_async("f_sync", lambda: asyncio.ensure_future(value(3, 0))) == 3
    assert loop.call_async("f_sync", lambda: asyncio.gather(value(1), value(2, 0))) == [1, 2]


async def finished() -> Any:
    future = asyncio.get_running_loop().create_future()
    future.set_result(8)
    return future


@case
def a_loop_in_this_thread_is_in_the_way() -> None:
    async def main() -> None:
        with raises(m.LoopError, "f_sync: an event loop is already running in this thread; await f_async"):
            PER_CALL.run_async(value(), "f_sync")
        with raises(m.LoopError, "await the asynchronous form"):
            PER_CALL.run_async(value(), "Session_async_exit")
        with raises(m.LoopError):
            PER_CALL.run_async_with(object(), print, "f")
        # Another thread does the work, so that only waits.
        assert PERSISTENT.run_async(value(7, 0), "f_sync") == 7

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a coroutine that nobody awaited
        asyncio.run(main())

    async def inside() -> None:
        with raises(m.LoopError, "already running"):
            PERSISTENT.run_async(value(), "f_sync")
        with raises(m.LoopError, "already running"):
            next(PERSISTENT.stream_of(m.as_int)(count(2), "f"))

    PERSISTENT.run_async(inside(), "f_sync")
