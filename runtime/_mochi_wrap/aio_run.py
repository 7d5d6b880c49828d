"""A loop for each call, as `asyncio.run` has it, and the way a loop is closed.

Making and closing a loop takes most of the time of a short call. So a loop serves the next call of its
thread where nobody can tell: where it is asyncio's own, nothing of it was changed, and nothing in the program
knows it any more, which its reference count tells. Tasks, timers, transports and whatever else is left over
refer to the loop.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import importlib
import os
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from .aio_jobs import Job, nothing
from .aio_strangers import check_loop

try:
    # The functions of `signal` make enums of what they take and return, which takes longer than a short call.
    _signal: Any = importlib.import_module("_signal")
except ImportError:  # pragma: no cover
    _signal = importlib.import_module("signal")

_kept = threading.local()
_all_kept: weakref.WeakSet[_Kept] = weakref.WeakSet()


def run_in_new_loop(awaitable: Awaitable[Any], where: str, grace: float) -> Any:
    """Drive `awaitable` to its result in a loop that nothing else has seen or will see."""
    kept: _Kept | None = getattr(_kept, "loop", None)
    _kept.loop = None
    if kept is None or not kept.is_usable():
        if kept is not None:
            kept.close()
        kept = _Kept()
    job = None
    try:
        job = drive(kept.loop, awaitable, where, grace)
    finally:
        asyncio.set_event_loop(None)
        if job is not None and kept.is_untouched():
            _kept.loop = kept
        else:
            kept.close(grace)
    return job.result()


def drive(loop: Any, awaitable: Awaitable[Any], where: str, grace: float) -> Job:
    """Run `loop` in this thread until `awaitable` is over, and return its job."""
    check_loop(awaitable, loop, where)
    job = Job(loop, awaitable, where, grace)
    asyncio.set_event_loop(loop)
    with _interrupts(job):
        job.start()
        if not job.over:
            job.wake = loop.stop
            try:
                loop.run_forever()
            finally:
                # Whatever ended it, the loop may have to run again before it is closed.
                job.wake = nothing
    if not job.over:
        # Somebody else stopped the loop.
        job.fail(RuntimeError("Event loop stopped before Future completed."))
    return job


@contextlib.contextmanager
def _interrupts(job: Job) -> Iterator[None]:
    """Let Ctrl-C cancel the job, and stop everything when it comes again, as `asyncio.Runner` does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    default, number = _signal.default_int_handler, _signal.SIGINT
    if _signal.getsignal(number) is not default:
        yield
        return
    count = 0

    def interrupt(_number: int, _frame: Any) -> None:
        nonlocal count
        count += 1
        if count > 1 or job.over:
            raise KeyboardInterrupt
        job.cancel("interrupt")

    try:
        _signal.signal(number, interrupt)
    except ValueError:
        # The interpreter is embedded, and signals are its host's.
        yield
        return
    try:
        yield
    finally:
        if _signal.getsignal(number) is interrupt:
            _signal.signal(number, default)


class _Kept:
    """A loop between two calls."""

    def __init__(self) -> None:
        self.loop: Any = asyncio.new_event_loop()
        self._policy = _policy()
        self._is_plain = (
            sys.platform != "win32"
            and type(self.loop) is asyncio.SelectorEventLoop
            and not _wants_debug()
        )
        self._attributes = len(vars(self.loop)) if self._is_plain else 0
        self._references = self._count()
        _all_kept.add(self)

    def is_usable(self) -> bool:
        """Tell whether `asyncio.run` would make a loop of this kind."""
        return (
            not self.loop.is_closed()
            and self._policy is _policy()
            and not _wants_debug()
        )

    def is_untouched(self) -> bool:
        """Tell whether the loop is as it was, and nobody knows it."""
        loop = self.loop
        if not self._is_plain or loop.is_closed():
            return False
        if loop._scheduled and all(timer.cancelled() for timer in loop._scheduled):
            # They would never run, and are the one thing that a timeout leaves behind.
            loop._scheduled.clear()
            loop._timer_cancelled_count = 0
        is_plain = (
            loop._default_executor is None
            and loop._exception_handler is None
            and loop._task_factory is None
            and not loop._debug
            and not loop._stopping
            and loop.slow_callback_duration == 0.1
            and len(vars(loop)) == self._attributes
        )
        del loop
        return is_plain and self._count() == self._references

    def _count(self) -> tuple[int, int]:
        return sys.getrefcount(self.loop), weakref.getweakrefcount(self.loop)

    def close(self, grace: float = 0.0) -> None:
        """Close the loop as `asyncio.run` does."""
        loop, self.loop = self.loop, _CLOSED
        if loop is not _CLOSED:
            close_loop(loop, grace)

    def forget(self) -> None:
        """Give up the loop in the child of a fork, without a word to what it shares with its parent."""
        loop, self.loop = self.loop, _CLOSED
        if loop is not _CLOSED:
            forget_loop(loop)

    def __del__(self, is_ending: Callable[[], bool] = sys.is_finalizing) -> None:
        # At the end of the program the names of this module may be gone.
        if not is_ending() and self.loop is not _CLOSED:
            self.close()


class _Closed:
    def is_closed(self) -> bool:
        return True


_CLOSED: Any = _Closed()


def _policy() -> Any:
    return getattr(asyncio.events, "_event_loop_policy", None)


def _wants_debug() -> bool:
    flags = sys.flags
    return flags.dev_mode or (
        not flags.ignore_environment and bool(os.environ.get("PYTHONASYNCIODEBUG"))
    )


# --- the end of a loop -------------------------------------------------------------------


def close_loop(loop: Any, grace: float) -> None:
    """Close `loop` as `asyncio.run` does: cancel tasks, end generators and executor.

    What does not end in time is reported to the exception handler of the loop, and given up.
    """
    if loop.is_closed():
        return
    try:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(finish_loop(loop, grace))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def finish_loop(loop: Any, grace: float) -> None:
    """Cancel all other tasks of `loop`, and end its generators and its executor."""
    this = asyncio.current_task()
    tasks = {task for task in asyncio.all_tasks(loop) if task is not this}
    for task in tasks:
        task.cancel()
    late: set[Any] = set()
    if tasks:
        done, late = await asyncio.wait(tasks, timeout=grace)
        for task in done:
            if not task.cancelled() and task.exception() is not None:
                message = "unhandled exception while an event loop is closed"
                _report(loop, message, task, task.exception())
    for task in late:
        if getattr(task, "_log_destroy_pending", True):
            task._log_destroy_pending = False
            _report(
                loop,
                f"a cancelled task has not ended within {grace:g} s and was given up",
                task,
            )
    if getattr(loop, "_asyncgens", True):
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(loop.shutdown_asyncgens(), grace or None)
    with contextlib.suppress(RuntimeError):
        # At the end of the program, when no thread can be started to wait for those of the executor.
        await loop.shutdown_default_executor()


def _report(
    loop: Any, message: str, task: Any, error: BaseException | None = None
) -> None:
    context = {"message": message, "task": task}
    if error is not None:
        context["exception"] = error
    loop.call_exception_handler(context)


def forget_loop(loop: Any) -> None:
    """Close the descriptors of a loop that belongs to the parent of this process.

    `loop.close()` would take them out of the selector, which parent and child share.
    """
    part: Callable[[], object]
    for name in ("_selector", "_ssock", "_csock"):
        part = getattr(getattr(loop, name, None), "close", None) or (lambda: None)
        with contextlib.suppress(OSError):
            part()
    _forgotten.append(loop)
    with contextlib.suppress(AttributeError):
        loop._closed = True


_forgotten: list[Any] = []


def _forget_all() -> None:
    for kept in list(_all_kept):
        kept.forget()
    _kept.__dict__.clear()


def _close_own() -> None:
    kept: _Kept | None = getattr(_kept, "loop", None)
    if kept is not None:
        kept.close()


atexit.register(_close_own)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
