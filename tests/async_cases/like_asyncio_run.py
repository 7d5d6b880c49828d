"""A loop for each call: what `asyncio.run` does, and how much of it is kept."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import threading
import warnings
import weakref
from collections.abc import Callable
from typing import Any

from harness import PER_CALL, case, leaking_nothing, limit, value


def observed(run: Callable[[Any], Any], scenario: Callable[[list[Any]], Any]) -> list[Any]:
    """Return what happens around a call, twice in a row, as far as a program can see it."""
    seen: list[Any] = []
    for _ in range(2):
        try:
            seen.append(("result", run(scenario(seen))))
        except BaseException as error:
            seen.append((type(error).__name__, str(error)))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                asyncio.get_event_loop()
            seen.append("there is a loop")
        except RuntimeError:
            seen.append("there is no loop")
        seen.append(sorted(thread.name for thread in threading.enumerate() if "asyncio" in thread.name))
    return seen


async def _plain(seen: list[Any]) -> Any:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    seen.append((loop.get_debug(), loop.is_running(), asyncio.get_event_loop() is loop, task is not None))
    return 1


async def _raises(seen: list[Any]) -> Any:
    await asyncio.sleep(0)
    raise ValueError("no")


async def _leaves_tasks(seen: list[Any]) -> Any:
    async def wait(name: str) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append(("cancelled", name))
            raise

    _TASKS.append(asyncio.ensure_future(wait("a")))
    await asyncio.sleep(0)


async def _task_fails_at_the_end(seen: list[Any]) -> Any:
    def note(loop: Any, context: dict[str, Any]) -> None:
        seen.append(("handler", repr(context.get("exception"))))

    asyncio.get_running_loop().set_exception_handler(note)

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise KeyError("late") from None

    _TASKS.append(asyncio.ensure_future(wait()))
    await asyncio.sleep(0)


async def _leaves_generators(seen: list[Any]) -> Any:
    async def numbers() -> Any:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            seen.append("generator closed")

    _TASKS.append(numbers())
    return await _TASKS[-1].__anext__()


async def _uses_the_executor(seen: list[Any]) -> Any:
    return await asyncio.to_thread(lambda: threading.current_thread().name.partition("_")[0])


async def _leaves_callbacks(seen: list[Any]) -> Any:
    loop = asyncio.get_running_loop()
    loop.call_soon(seen.append, "soon")
    loop.call_soon(lambda: loop.call_soon(seen.append, "sooner"))
    loop.call_later(30, seen.append, "never")


async def _changes_the_loop(seen: list[Any]) -> Any:
    loop = asyncio.get_running_loop()
    seen.append(
        (loop.get_debug(), loop.slow_callback_duration, loop.get_task_factory(), hasattr(loop, "mine"))
    )
    loop.set_debug(True)
    loop.slow_callback_duration = 5.0
    loop.set_task_factory(None)
    loop.mine = True  # type: ignore[attr-defined]


async def _keeps_the_loop(seen: list[Any]) -> Any:
    loop = asyncio.get_running_loop()
    if _LOOPS:
        seen.append((_LOOPS[-1].is_closed(), _LOOPS[-1] is loop))
    _LOOPS.append(loop)


async def _knows_the_loop_weakly(seen: list[Any]) -> Any:
    loop = asyncio.get_running_loop()
    seen.append(loop in _WEAK)
    _WEAK[loop] = True


async def _keeps_a_lock(seen: list[Any]) -> Any:
    """A lock belongs to the loop in which somebody had to wait for it."""
    if not _LOCKS:
        _LOCKS.append(asyncio.Lock())
        await _LOCKS[0].acquire()
    waiting = asyncio.ensure_future(_LOCKS[0].acquire())
    await asyncio.sleep(0)
    if waiting.done():
        seen.append(repr(waiting.exception())[:60].partition("<")[0])
    else:
        waiting.cancel()


async def _leaves_a_connection(seen: list[Any]) -> Any:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    _TASKS.append(server)
    reader, _TASKS[-1:] = (await asyncio.open_connection(*server.sockets[0].getsockname()))[0], [server]
    return await reader.read()


async def _stops_the_loop(seen: list[Any]) -> Any:
    asyncio.get_running_loop().stop()
    await asyncio.sleep(10)


async def _exits(seen: list[Any]) -> Any:
    raise SystemExit(3)


_TASKS: list[Any] = []
_LOOPS: list[Any] = []
_LOCKS: list[Any] = []
_WEAK: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()
_SCENARIOS = (
    _plain, _raises, _leaves_tasks, _task_fails_at_the_end, _leaves_generators, _uses_the_executor,
    _leaves_callbacks, _changes_the_loop, _keeps_the_loop, _knows_the_loop_weakly, _keeps_a_lock,
    _leaves_a_connection, _stops_the_loop, _exits,
)  # fmt: skip


@case
def a_call_is_like_asyncio_run() -> None:
    errors = io.StringIO()
    for scenario in _SCENARIOS:
        found = []
        for run in (asyncio.run, lambda awaitable: PER_CALL.run_async(awaitable, "f_sync")):
            clear()
            # Before it, calls that leave a loop for the next one.
            PER_CALL.run_async(value(), "f_sync")
            with contextlib.redirect_stderr(errors), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found.append(observed(run, scenario))
                gc.collect()
        assert found[0] == found[1], (scenario.__name__, *found)
    clear()


def clear() -> None:
    for each in _TASKS:
        for socket in getattr(each, "_sockets", None) or ():
            socket.close()
    for kept in (_TASKS, _LOOPS, _LOCKS, _WEAK):
        kept.clear()


@case
def a_loop_that_nobody_knows_serves_again() -> None:
    made: list[Any] = []
    new = asyncio.new_event_loop

    def count_loops() -> Any:
        made.append(1)
        return new()

    asyncio.new_event_loop = count_loops
    try:
        PER_CALL.run_async(value(), "f_sync")
        made.clear()
        assert PER_CALL.run_async(value(), "f_sync") == 1
        for _ in range(5):
            PER_CALL.run_async(value(1, 0), "f_sync")
            PER_CALL.call_async("f_sync", asyncio.gather, value(1, 0.001), value(2))
        assert not made
        with limit(5):
            PER_CALL.run_async(value(1, 0), "f_sync")
        assert not made
        # One for each thread, closed with it.
        with leaking_nothing():
            thread = threading.Thread(target=lambda: PER_CALL.run_async(value(), "f_sync"))
            thread.start()
            thread.join()
            del thread
    finally:
        asyncio.new_event_loop = new
