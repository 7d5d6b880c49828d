"""The locks of wrappers, by themselves: who takes them, in which order, and who gives them back."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
import types
from collections.abc import Iterator

import pytest

from mochic_py.runtime import _mochi_wrap as w
from mochic_py.runtime._mochi_wrap import locks


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that keeps the GIL off, as far as locks can tell."""
    monkeypatch.setattr(locks, "_is_forbidden", lambda: True)
    monkeypatch.setattr(locks, "_is_missing", lambda: True)
    monkeypatch.setattr(locks, "_locks", {})


class Log:
    """Stands for a lock and remembers."""

    def __init__(self) -> None:
        self.held = 0
        self.most = 0
        self.taken = 0

    def acquire(self) -> None:
        self.held += 1
        self.taken += 1
        self.most = max(self.most, self.held)

    def release(self) -> None:
        self.held -= 1


def owned(*names: str) -> list[str]:
    return [name for name in names if name in locks._locks and locks._locks[name]._is_owned()]


@pytest.mark.skipif("free-threading" in sys.version, reason="there is no GIL here")
def test_with_the_gil_nothing_is_taken() -> None:
    assert w.module_lock("a", always=("b",)) == (bool, bool)


def test_one_lock_is_taken_without_anything_between(forbidden: None) -> None:
    acquire, release = w.module_lock("a")
    assert (acquire, release) == w.module_lock("a"), "all wrappers share it"
    assert w.module_lock("b")[0] != acquire
    acquire()
    acquire()
    assert owned("a", "b") == ["a"]
    release()
    release()
    assert owned("a") == []


def test_several_are_taken_in_order_of_their_names(forbidden: None, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    class Lock:
        def __init__(self) -> None:
            self.name = "?"

        def acquire(self) -> None:
            order.append(f"+{self.name}")

        def release(self) -> None:
            order.append(f"-{self.name}")

    monkeypatch.setattr(locks.threading, "RLock", Lock)
    acquire, release = w.module_lock("z", "b", always=("a",))
    for name, lock in locks._locks.items():
        lock.name = name
    acquire()
    release()
    assert order == ["+a", "+b", "+z", "-z", "-b", "-a"]


def test_those_of_always_do_not_depend_on_the_user(forbidden: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_is_forbidden", lambda: False)
    assert w.module_lock("a") == (bool, bool)
    acquire, release = w.module_lock("a", always=("b",))
    acquire()
    assert owned("a", "b") == ["b"]
    release()


def test_a_function_of_mochi_runs_without_the_locks(forbidden: None) -> None:
    first, second = w.module_lock("a"), w.module_lock("b")

    def body(x: int) -> int:
        """Say who has what."""
        assert owned("a", "b") == []
        first[0]()
        first[1]()
        return x + 1

    give = w.released(w.function_of((w.as_any,), w.as_any, "fun(int): int"))
    function = give(body, "f: parameter g")
    assert function.__doc__ == "Say who has what."
    first[0]()
    second[0]()
    second[0]()
    assert function(1) == 2
    assert owned("a", "b") == ["a", "b"]
    second[1]()
    assert owned("b") == ["b"], "as often as it was held before"
    second[1]()
    first[1]()
    with pytest.raises(w.ConversionError):
        give(3, "f: parameter g")


def test_what_a_function_of_mochi_raises_brings_the_locks_back(forbidden: None) -> None:
    acquire, release = w.module_lock("a")

    def body() -> None:
        raise KeyError("x")

    function = w.released(w.function_of((), w.as_any, "fun(): unit"))(body, "f")
    acquire()
    with pytest.raises(KeyError):
        function()
    assert owned("a") == ["a"]
    release()


def test_coroutine_functions_are_handed_on(forbidden: None) -> None:
    w.module_lock("a")

    async def body() -> None: ...

    assert w.released(lambda value, where: value)(body, "f") is body


def test_a_function_of_the_package_takes_the_locks() -> None:
    log = Log()

    def work(x: int, *, y: int) -> int:
        assert log.held == 1
        return x // y

    function = w.holding(work, log.acquire, log.release)
    assert function(6, y=2) == 3
    with pytest.raises(ZeroDivisionError):
        function(1, y=0)
    assert (log.held, log.taken) == (0, 2)
    assert list(inspect.signature(function).parameters) == ["x", "y"]


# --- steps ------------------------------------------------------------------------------


def test_every_step_holds_the_lock_and_waiting_does_not() -> None:
    log = Log()

    @w.guarded(log.acquire, log.release)
    async def work(turns: int, *, fail: bool = False) -> int:
        for _ in range(turns):
            assert log.held == 1
            await asyncio.sleep(0)
        if fail:
            raise KeyError("x")
        return turns

    async def watch() -> int:
        task = asyncio.ensure_future(work(3))
        while not task.done():
            assert log.held == 0
            await asyncio.sleep(0)
        return await task

    assert asyncio.iscoroutinefunction(work)
    assert asyncio.run(watch()) == 3
    assert (log.held, log.most, log.taken) == (0, 1, 4)
    with pytest.raises(KeyError):
        asyncio.run(work(1, fail=True))
    assert log.held == 0


def test_cancellation_reaches_the_coroutine() -> None:
    log, seen = Log(), []

    @w.guarded(log.acquire, log.release)
    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            assert log.held == 1
            seen.append("cancelled")
            raise
        finally:
            await asyncio.sleep(0)
            seen.append("cleaned up")

    async def main() -> None:
        task = asyncio.ensure_future(work())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert (seen, log.held) == (["cancelled", "cleaned up"], 0)


def test_a_coroutine_that_nobody_finishes_is_closed_under_the_lock() -> None:
    log, seen = Log(), []

    @types.coroutine
    def wait() -> Iterator[None]:
        yield

    @w.guarded(log.acquire, log.release)
    async def work() -> None:
        try:
            await wait()
        finally:
            seen.append(log.held)

    started = work().__await__()
    next(started)
    started.close()
    assert (seen, log.held) == ([1], 0)


def test_threads_exclude_each_other(forbidden: None) -> None:
    acquire, release = w.module_lock("a")
    inside: list[int] = []

    def work() -> None:
        for _ in range(200):
            acquire()
            try:
                inside.append(1)
                assert len(inside) == 1
                inside.pop()
            finally:
                release()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not inside
