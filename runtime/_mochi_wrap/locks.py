"""Locks for packages that are made for the GIL, where there is none.

An interpreter without the GIL turns it on when it loads a module that needs it. A user may forbid
that (`PYTHON_GIL=0`, `-X gil=0`); then bound calls that reach such a module hold the lock of its
package, one at a time in the whole process. A call may call back: the locks can be entered again
by the thread that has them, and a function of Mochi runs without them, as it could under the GIL.

What a package does in threads of its own, and what happens when an object goes away, is outside.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import Any, TypeVar

from .callbacks import is_coroutine_function, named_like
from .scalars import Converter

Acquire = Callable[[], object]
Release = Callable[[], object]
_Result = TypeVar("_Result")

_locks: dict[str, Any] = {}


def module_lock(*names: str, always: Iterable[str] = ()) -> tuple[Acquire, Release]:
    """Return what takes the locks of import packages and what gives them back.

    Those of `always` are held wherever there is no GIL, the others where it is forbidden.
    """
    wanted = {*(names if _is_forbidden() else ()), *(always if _is_missing() else ())}
    # All threads take several locks in one order, so that none waits for another in a circle.
    locks = [_locks.setdefault(name, threading.RLock()) for name in sorted(wanted)]
    if not locks:
        return bool, bool  # The cheapest call that does nothing.
    if len(locks) == 1:
        return locks[0].acquire, locks[0].release

    def acquire() -> None:
        for lock in locks:
            lock.acquire()

    def release() -> None:
        for lock in reversed(locks):
            lock.release()

    return acquire, release


def _is_forbidden() -> bool:
    """Tell whether the GIL stays off whatever a module needs."""
    return getattr(sys.flags, "gil", None) == 0


def _is_missing() -> bool:
    """Tell whether this interpreter may run without the GIL."""
    return "free-threading" in sys.version and getattr(sys.flags, "gil", None) != 1


def holding(
    function: Callable[..., _Result], acquire: Acquire, release: Release
) -> Callable[..., _Result]:
    """Return `function` as one that holds the locks while it runs."""

    def call(*places: Any, **named: Any) -> _Result:
        acquire()
        try:
            return function(*places, **named)
        finally:
            release()

    return named_like(function, call)


def holding_of(convert: Converter, acquire: Acquire, release: Release) -> Converter:
    """Make a converter like `convert`, of a function that Mochi calls: it holds the locks then."""

    def into(value: Any, where: str) -> Any:
        return holding(convert(value, where), acquire, release)

    return into


# --- calls back into Mochi --------------------------------------------------------------


def released(convert: Converter) -> Converter:
    """Make a converter like `convert`, of a function of Mochi: it runs without any of the locks."""

    def into(value: Any, where: str) -> Any:
        is_plain = callable(value) and not is_coroutine_function(value)
        return convert(_releasing(value) if is_plain and _locks else value, where)

    return into


def _releasing(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*places: Any, **named: Any) -> Any:
        held = _give_back()
        try:
            return function(*places, **named)
        finally:
            for lock, state in held:
                lock._acquire_restore(state)

    return named_like(function, call)


def _give_back() -> list[tuple[Any, Any]]:
    """Release every lock that this thread has, as often as it has it, in the order of their names.

    `Condition.wait` uses the same methods of the lock.
    """
    mine = [lock for _, lock in sorted(_locks.copy().items()) if lock._is_owned()]
    return [(lock, lock._release_save()) for lock in mine]


# --- asynchronous calls -----------------------------------------------------------------


def guarded(
    acquire: Acquire, release: Release
) -> Callable[[Callable[..., Awaitable[_Result]]], Callable[..., Awaitable[_Result]]]:
    """Make a decorator of coroutine functions: each step holds the locks, waiting holds none."""

    def decorate(
        function: Callable[..., Awaitable[_Result]],
    ) -> Callable[..., Awaitable[_Result]]:
        async def call(*places: Any, **named: Any) -> _Result:
            found: _Result = await _Steps(function(*places, **named), acquire, release)
            return found

        return named_like(function, call)

    return decorate


class _Steps:
    """A coroutine that takes the locks for each of its steps."""

    __slots__ = ("_acquire", "_coroutine", "_release")

    def __init__(self, coroutine: Any, acquire: Acquire, release: Release) -> None:
        self._coroutine = coroutine
        self._acquire = acquire
        self._release = release

    def __await__(self) -> Generator[Any, Any, Any]:
        step, value = self._coroutine.send, None
        while True:
            try:
                waited = self._run(step, value)
            except StopIteration as stop:
                return stop.value
            try:
                step, value = self._coroutine.send, (yield waited)
            except GeneratorExit:
                self._run(lambda _: self._coroutine.close(), None)
                raise
            except BaseException as error:
                step, value = self._coroutine.throw, error

    def _run(self, step: Callable[[Any], Any], value: Any) -> Any:
        self._acquire()
        try:
            return step(value)
        finally:
            self._release()
