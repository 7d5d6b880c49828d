"""One awaitable on its way to a result, with its timeout and its cancellation."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from .aio_strangers import check_loop, explain
from .failures import (
    AsyncTimeoutError,
    CallCancelledError,
    CancelTimeoutError,
    LoopError,
)

mochi_async_timeout: contextvars.ContextVar[float | None] = contextvars.ContextVar(
    "mochi_async_timeout", default=None
)
"""How many seconds an asynchronous call may take that is made from here on; None for any time."""

_cancellation: contextvars.ContextVar[Cancellation | None] = contextvars.ContextVar(
    "mochi_async_cancellation", default=None
)
_CAN_START_NOW = sys.version_info >= (3, 12)
_POLL = 0.5
"""How often a thread that waits for a loop looks whether that still lives."""


class Cancellation:
    """Cancels the asynchronous calls made under it, from any thread, and all that are made later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: set[Job] = set()
        self.cancelled = False

    def cancel(self) -> None:
        """Cancel the calls: they raise `CallCancelledError`."""
        with self._lock:
            self.cancelled = True
            jobs = list(self._jobs)
        for job in jobs:
            job.cancel("cancelled")

    def add(self, job: Job) -> None:
        """Let `job` be cancelled with the others, at once if that has happened."""
        with self._lock:
            self._jobs.add(job)
        if self.cancelled:
            job.cancel("cancelled")

    def discard(self, job: Job) -> None:
        """Forget `job`, which is done."""
        with self._lock:
            self._jobs.discard(job)


@contextlib.contextmanager
def cancellation() -> Iterator[Cancellation]:
    """Let the asynchronous calls of this block be cancelled by the value of `with`."""
    token = Cancellation()
    before = _cancellation.set(token)
    try:
        yield token
    finally:
        _cancellation.reset(before)


class Job:
    """An awaitable that a loop drives to its result.

    All but `cancel` and `result` happens in the thread of the loop. `wake` is called there when the job is
    over. It holds neither the loop nor the task after that: a loop is used again only if nobody knows it.
    """

    def __init__(
        self, loop: Any, awaitable: Awaitable[Any], where: str, grace: float
    ) -> None:
        self.where = where
        self.wake: Callable[[], object] = nothing
        self.over = False
        self.given_up = False
        self.limit = mochi_async_timeout.get()
        self._context: Any = contextvars.copy_context()
        self._loop = loop
        self._awaitable: Any = awaitable
        self._grace = grace
        self._task: Any = None
        self._timer: Any = None
        self._reason = ""
        self._result: Any = None
        self._error: BaseException | None = None
        self._token = _cancellation.get()

    def start(self) -> None:
        """Let the loop begin."""
        awaitable, self._awaitable = self._awaitable, None
        if self._token is not None and self._token.cancelled:
            close_awaitable(awaitable)
            self.fail(CallCancelledError(f"{self.where}: the call was cancelled"))
            return
        self._context.run(_shared.set, Remote(self._loop, self._grace))
        coroutine = awaitable if asyncio.iscoroutine(awaitable) else _await(awaitable)
        if self.limit is not None:
            self._timer = self._loop.call_later(self.limit, self.cancel_here, "timeout")
        loop = self._loop
        if _CAN_START_NOW and loop.is_running() and loop.get_task_factory() is None:
            self._start_now(coroutine)
        else:
            self._watch(loop.create_task(coroutine, context=self._context))

    def _start_now(self, coroutine: Any) -> None:
        """Run the coroutine until it waits for something: many never do."""
        task: Any = asyncio.Task.__new__(asyncio.Task)
        try:
            task.__init__(
                coroutine, loop=self._loop, context=self._context, eager_start=True
            )
        finally:
            # An interrupt in the coroutine comes out of `__init__` too, after the task has ended.
            self._watch(task)
            # The traceback of an error that it has leads to this frame.
            del task

    def _watch(self, task: Any) -> None:
        self._task = task
        if task.done():
            self._finish(task)
            return
        task.add_done_callback(self._finish)
        if self._token is not None:
            self._token.add(self)

    def cancel(self, reason: str) -> None:
        """Cancel the job, from any thread."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self.cancel_here, reason)

    def cancel_here(self, reason: str) -> None:
        """Cancel the job, in the thread of the loop. It is given up when that takes too long."""
        if self.over or self._task is None or self._reason:
            return
        self._reason = reason
        self._task.cancel()
        self._stop_timer()
        self._timer = self._loop.call_later(self._grace, self._give_up)

    def fail(self, error: BaseException) -> None:
        """End the job by `error`."""
        if not self.over:
            self._error = error
            self._end()

    def result(self) -> Any:
        """Return what the awaitable yielded, or raise its error."""
        error, self._error = self._error, None
        if error is None:
            return self._result
        try:
            raise error
        finally:
            # The traceback of the error holds this frame.
            del error

    def _give_up(self) -> None:
        task = self._task
        if self.over or task is None:
            return
        self.given_up = True
        task._log_destroy_pending = False
        message = f"{self.where}: {self._why()}; it was cancelled and has not ended {self._grace:g} s later"
        self.fail(CancelTimeoutError(f"{message}, so it was given up"))

    def _finish(self, task: Any) -> None:
        if self.over:
            # Nobody waits for a task that was given up, so its error is nobody's either.
            _ = task.cancelled() or task.exception()
            return
        if task.cancelled():
            self._error = self._cancelled(task)
        elif (error := task.exception()) is not None:
            # Explained while the loop runs: only objects of other loops are out of place here.
            self._error = explain(error, self.where)
        else:
            self._result = task.result()
        self._end()

    def _end(self) -> None:
        self.over = True
        self._stop_timer()
        if self._token is not None:
            self._token.discard(self)
        wake, self.wake = self.wake, nothing
        self._task = self._loop = self._token = self._context = None
        wake()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _cancelled(self, task: Any) -> BaseException:
        match self._reason:
            case "timeout":
                return AsyncTimeoutError(f"{self.where}: {self._why()}")
            case "cancelled":
                return CallCancelledError(f"{self.where}: the call was cancelled")
            case "interrupt":
                return KeyboardInterrupt()
            case _:
                try:
                    task.result()
                except asyncio.CancelledError as error:
                    return error.with_traceback(None)
                raise AssertionError

    def _why(self) -> str:
        limit = f"no result within {self.limit} s (mochi_async_timeout)"
        return limit if self._reason == "timeout" else "nobody waits for the result"


def nothing() -> None:
    """Do nothing."""


async def _await(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def close_awaitable(awaitable: Any) -> None:
    """Let a coroutine that nobody awaits go in silence."""
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()


def is_loop_running() -> bool:
    """Tell whether this thread is inside of an event loop."""
    return asyncio._get_running_loop() is not None


# --- a loop in another thread ------------------------------------------------------------

_shared: contextvars.ContextVar[Remote | None] = contextvars.ContextVar(
    "mochi_async_loop", default=None
)


def shared_loop() -> Remote | None:
    """Return the loop that this thread works for: one that awaits it, or that it shares with others.

    Libraries hand the context on to the threads in which they run what would block a loop.
    """
    found = _shared.get()
    return found if found is not None and found.loop.is_running() else None


@contextlib.contextmanager
def sharing(remote: Remote) -> Iterator[None]:
    """Let the asynchronous calls of this block run in `remote`."""
    before = _shared.set(remote)
    try:
        yield
    finally:
        _shared.reset(before)


class Remote:
    """A loop that runs in another thread."""

    def __init__(self, loop: Any, grace: float) -> None:
        self.loop = loop
        self.grace = grace
        self.ending = False
        self._posted: deque[Callable[[], object]] = deque()
        self._awake = False

    def post(self, function: Callable[[], object]) -> None:
        """Call `function` in the thread of the loop. Raises `RuntimeError` where that is closed."""
        self._posted.append(function)
        if not self._awake:
            self._awake = True
            try:
                self.loop.call_soon_threadsafe(self._drain)
            except RuntimeError:
                self._awake = False
                raise

    def _drain(self) -> None:
        # Whoever appends after this line wakes the loop again.
        self._awake = False
        try:
            while self._posted:
                self._posted.popleft()()
        except BaseException:
            # An interrupt ends this turn of the loop, and not what others have posted.
            self.loop.call_soon(self._drain)
            raise

    def call(self, awaitable: Any, where: str, grace: float | None = None) -> Any:
        """Drive `awaitable` to its result, which this thread waits for."""
        check_loop(awaitable, self.loop, where)
        job = Job(self.loop, awaitable, where, self.grace if grace is None else grace)
        done = threading.Lock()
        done.acquire()
        job.wake = done.release
        self.start(job, awaitable)
        self.wait(lambda seconds: done.acquire(timeout=seconds), job)
        return self.result(job)

    def result(self, job: Job) -> Any:
        """Return the result of a job that is over."""
        try:
            return job.result()
        except asyncio.CancelledError:
            if not self.ending:
                raise
        raise LoopError(f"{job.where}: the event loop has been stopped")

    def start(self, job: Job, awaitable: Any) -> None:
        """Let the loop begin with `job`."""
        try:
            self.post(job.start)
        except RuntimeError:
            close_awaitable(awaitable)
            raise LoopError(f"{job.where}: the event loop has ended") from None

    def wait(self, look: Callable[[float], object], job: Job) -> None:
        """Wait until `job` is over; `look` waits for news at most so many seconds, and tells of them."""
        try:
            while not look(_POLL):
                if self.loop.is_closed() and not look(0):
                    job.fail(LoopError(f"{job.where}: the event loop has ended"))
                    return
        except BaseException:  # KeyboardInterrupt, which is for this thread
            job.cancel("interrupt")
            look(job._grace + _POLL)
            raise


async def call_in_thread(function: Callable[[], Any], grace: float) -> Any:
    """Call `function` in a thread of its own, so that the loop goes on meanwhile.

    Asynchronous calls that it makes run in this loop, and are cancelled when nobody waits for it any more.
    """
    from .aio_threads import run_in_thread

    loop = asyncio.get_running_loop()
    remote = Remote(loop, grace)
    done = loop.create_future()
    context, token = contextvars.copy_context(), Cancellation()
    context.run(_cancellation.set, token)
    context.run(_shared.set, remote)

    def run() -> None:
        try:
            end = functools.partial(_set_result, done, context.run(function))
        except BaseException as error:
            end = functools.partial(_set_error, done, error)
        with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody waits
            loop.call_soon_threadsafe(end)

    run_in_thread(run)
    try:
        return await done
    except asyncio.CancelledError:
        token.cancel()
        raise


def _set_result(done: asyncio.Future[Any], found: Any) -> None:
    if not done.done():
        done.set_result(found)


def _set_error(done: asyncio.Future[Any], error: BaseException) -> None:
    if done.done():
        return
    if isinstance(error, StopIteration):
        error, cause = RuntimeError("the function raised StopIteration"), error
        error.__cause__ = cause
    done.set_exception(error)
