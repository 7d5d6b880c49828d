"""Asynchronous context managers around functions of the program."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import _mochi_wrap as m
from harness import Manager, case, count, limit, raises, value


@case
def a_body_shares_the_loop_of_its_manager(loop: m.Loop) -> None:
    thread = threading.current_thread()

    def body(manager: Manager) -> int:
        assert threading.current_thread() is thread
        inner = loop.run_async_with(Manager(), lambda other: loop.run_async(other.work(), "f_sync"), "with")
        numbers = list(loop.stream_of(m.as_int)(count(3), "f"))
        return loop.run_async(manager.work(), "f_sync") + inner + sum(numbers)

    manager = Manager()
    assert loop.run_async_with(manager, body, "Manager_async_with") == 13
    assert manager.seen == [(True, None, False)]

    def fail(manager: Manager) -> int:
        raise ValueError("broken")

    with raises(ValueError, "broken"):
        loop.run_async_with(manager, fail, "Manager_async_with")
    assert loop.run_async_with(Manager(swallow=True), fail, "Manager_async_with") is None
    assert manager.seen[1:] == [(True, "ValueError", True)]

    def interrupted(manager: Manager) -> int:
        raise KeyboardInterrupt

    def exhausted(manager: Manager) -> int:
        raise StopIteration("no more")

    for wrong, kind in ((interrupted, KeyboardInterrupt), (exhausted, StopIteration)):
        with raises(kind):
            loop.run_async_with(manager, wrong, "Manager_async_with")
    assert [kind for _, kind, _ in manager.seen[2:]] == ["KeyboardInterrupt", "StopIteration"]
    assert loop.run_async(value(), "f_sync") == 1


@case
def a_manager_may_fail(loop: m.Loop) -> None:
    class Shut(Manager):
        async def __aenter__(self) -> Manager:
            raise OSError("shut")

    class Slow(Manager):
        async def __aenter__(self) -> Manager:
            await asyncio.sleep(60)
            return self

    class Stuck(Manager):
        async def __aexit__(self, kind: Any, error: Any, trace: Any) -> bool:
            raise OSError("stuck")

    with raises(OSError, "shut"):
        loop.run_async_with(Shut(), print, "Shut_async_with")
    with raises(OSError, "stuck"):
        loop.run_async_with(Stuck(), lambda manager: 1, "Stuck_async_with")
    with limit(0.05), raises(m.AsyncTimeoutError, "Slow_async_with: no result within 0.05 s"):
        loop.run_async_with(Slow(), print, "Slow_async_with")
    # The time is for each call, not for the body.
    with limit(0.2):
        assert loop.run_async_with(Manager(), lambda manager: time.sleep(0.4), "f") is None
