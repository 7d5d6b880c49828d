"""An asynchronous iterator, read value by value by a program that waits for each."""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from .aio_jobs import Remote, is_loop_running
from .aio_run import close_loop, drive
from .failures import CrossLoopError, LoopError

END = object()
"""What `Reader.next` returns when there are no more values."""


class Reader:
    """Reads `source` in the loop of `remote`, or in one of its own, which runs only while a value is made.

    All steps are made by one task, since what a generator opened it has to close in the same task.
    """

    def __init__(
        self, source: Any, remote: Remote | None, where: str, grace: float
    ) -> None:
        self.where = where
        self._pump = _Pump(source)
        self._remote = remote
        self._loop = asyncio.new_event_loop() if remote is None else remote.loop
        self._grace = grace
        self._lock = threading.Lock()
        self._closed = False
        _open.add(self)

    def is_in(self, loop: object) -> bool:
        """Tell whether the values are made in `loop`."""
        return self._loop is loop

    def next(self) -> Any:
        """Return the next value, or `END`."""
        with self._lock:
            if self._closed:
                return END
            found = self._do(self._pump.ask())
        if found is END:
            self.close()
        return found

    def _do(self, awaitable: Awaitable[Any]) -> Any:
        if self._remote is not None:
            return self._remote.call(awaitable, self.where, self._grace)
        try:
            return drive(self._loop, awaitable, self.where, self._grace).result()
        finally:
            asyncio.set_event_loop(None)

    def close(self) -> None:
        """Let the iterator clean up, and wait for it."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                if not self._loop.is_closed():
                    self._do(self._pump.stop())
            finally:
                _open.discard(self)
                if self._remote is None:
                    close_loop(self._loop, self._grace)

    def drop(self, is_ending: Callable[[], bool] = sys.is_finalizing) -> None:
        """Close the iterator in the name of nobody: wherever this is called, nothing waits or is raised.

        At the end of the program the names of this module may be gone.
        """
        if is_ending():
            return
        if self._closed or self._loop.is_closed():
            _open.discard(self)
            return
        if self._remote is not None:
            self._closed = True
            _open.discard(self)
            try:
                self._remote.post(self._stop_later)
            except RuntimeError:  # the loop has ended meanwhile
                return
        elif is_loop_running() or not self._lock.acquire(blocking=False):
            from .aio_threads import run_in_thread

            run_in_thread(self._close_quietly)
        else:
            self._lock.release()
            self._close_quietly()

    def _stop_later(self) -> None:
        task = self._loop.create_task(self._pump.stop())
        _stopping.add(task)
        task.add_done_callback(_stopping.discard)

    def _close_quietly(self) -> None:
        try:
            self.close()
        except Exception as error:
            context = {"message": "a stream could not be closed", "exception": error}
            self._loop.call_exception_handler(context)


# Kept alive here, so that the collector never takes a loop, or a task that waits, before the stream tells so.
_open: set[Reader] = set()
_stopping: set[Any] = set()


def _close_all() -> None:
    for reader in list(_open):
        if reader._remote is None:
            reader._close_quietly()


atexit.register(_close_all)


class _Pump:
    """The task that makes the values, one at a time."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._context = contextvars.copy_context()
        self._requests: asyncio.Queue[asyncio.Future[Any] | None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def ask(self) -> Any:
        """Return the next value, or `END`."""
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._requests is None:
            self._requests = asyncio.Queue()
            self._task = loop.create_task(
                self._run(self._requests), context=self._context
            )
        reply = loop.create_future()
        self._requests.put_nowait(reply)
        try:
            return await reply
        except asyncio.CancelledError:
            self._task.cancel()
            await asyncio.wait([self._task])
            raise

    async def stop(self) -> None:
        """Let the iterator clean up, in the task that made its values."""
        if (
            self._task is not None
            and not self._task.done()
            and self._requests is not None
        ):
            self._requests.put_nowait(None)
            await asyncio.wait([self._task])
            if not self._task.cancelled() and (error := self._task.exception()):
                raise error
        else:
            await self._close_source()

    async def _run(self, requests: asyncio.Queue[asyncio.Future[Any] | None]) -> None:
        while True:
            reply = await requests.get()
            if reply is None:
                await self._close_source()
                return
            try:
                found = await self._source.__anext__()
            except StopAsyncIteration:
                found = END
            except asyncio.CancelledError:
                reply.cancel()
                raise
            except Exception as error:
                if not reply.done():
                    reply.set_exception(error)
                continue
            if not reply.done():
                reply.set_result(found)
            if found is END:
                return

    async def _close_source(self) -> None:
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()


class GuardedIterator:
    """The asynchronous iterator behind a stream that Mochi has begun to read, for Python to go on with."""

    def __init__(self, source: Any, reader: Reader) -> None:
        self._source = source
        self._reader = reader

    def __aiter__(self) -> GuardedIterator:
        return self

    def __anext__(self) -> Any:
        if not self._reader.is_in(asyncio.get_running_loop()):
            message = (
                f"{self._reader.where}: the stream has begun in another event loop"
            )
            raise CrossLoopError(message)
        return self._source.__anext__()


def check_place(where: str) -> None:
    """Raise `LoopError` where waiting would stop the loop that runs in this thread."""
    if is_loop_running():
        raise LoopError(running_message(where))


def running_message(where: str) -> str:
    """Return what to tell a caller who is inside of a loop."""
    other = where.replace("_sync", "_async", 1) if "_sync" in where else ""
    way = f"await {other}" if other else "await the asynchronous form"
    return f"{where}: an event loop is already running in this thread; {way} instead"
