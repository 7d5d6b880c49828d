"""Calls of a worker that do not run in its main thread: those that are awaited, and blocking ones."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any, Protocol

from .aio import CANCEL_TIMEOUT
from .worker_link import Link

THREADS = 32
"""How many blocking calls run at a time."""

Message = dict[str, Any]
current_call: contextvars.ContextVar[Any] = contextvars.ContextVar("call", default=None)
"""The number of the call that this thread or task runs, outside of the main thread."""


class Server(Protocol):
    """What this module needs of the worker."""

    link: Link

    def run_call(self, message: Message, *, aside: bool = False) -> None:
        """Run a call in this thread."""

    def answer(self, number: Any, result: Any, message: Message) -> None:
        """Add the answer to a call."""

    def answer_exception(self, number: Any, error: BaseException, method: str) -> None:
        """Add the answer to a call that failed."""

    def answer_cancelled(self, message: Message) -> None:
        """Add the answer to a call that was cancelled."""


class _Starting:
    """Stands for a task that is still to be made."""

    cancelled = False

    def cancel(self) -> None:
        """Have the task cancelled at its start."""
        self.cancelled = True


class Background:
    """A loop in a thread, and a pool of threads; both start when they are needed first."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._loop: Any = None
        self._pool: Any = None
        self._tasks: dict[Any, Any] = {}
        self._remote: Any = None
        self._flushing = False

    def start(self, message: Message, function: Callable[..., Any]) -> None:
        """Call `function`, a coroutine function, on the loop."""
        if self._loop is None:
            self._remote = _find_loop()
            self._loop = self._remote.loop
        number = message.get("id")
        starting = _Starting()
        self._tasks[number] = starting

        def launch() -> None:
            task = self._loop.create_task(self._await(message, function))
            self._tasks[number] = task
            if starting.cancelled:
                task.cancel()

        self._remote.post(launch)

    async def _await(self, message: Message, function: Callable[..., Any]) -> None:
        import asyncio  # slow to import, and loaded by now

        number, method = message.get("id"), message["method"]
        current_call.set(number)
        try:
            params = message.get("params", ())
            if type(params) is dict:
                result = await function(**params)
            else:
                result = await function(*params)
            params = None
            self._server.answer(number, result, message)
        except asyncio.CancelledError:
            self._server.answer_cancelled(message)
        except BaseException as error:
            self._server.answer_exception(number, error, method)
        finally:
            self._tasks.pop(number, None)
            message.clear()
            if not self._flushing:
                self._flushing = True
                self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        self._server.link.flush()

    def run_in_thread(self, message: Message) -> None:
        """Run a call in a thread of the pool."""
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # slow to import

            self._pool = ThreadPoolExecutor(THREADS, "call")
        future = self._pool.submit(self._run_aside, message)
        if (number := message.get("id")) is not None:
            self._tasks[number] = future

    def _run_aside(self, message: Message) -> None:
        number = message.get("id")
        try:
            self._server.run_call(message, aside=True)
        finally:
            self._tasks.pop(number, None)
            self._server.link.flush()

    def cancel(self, number: Any) -> bool:
        """Cancel a call, if it runs here. One that runs in a thread goes on, and its result is lost."""
        task = self._tasks.get(number)
        if task is None:
            return False
        if hasattr(task, "get_coro"):
            self._remote.post(task.cancel)
        else:
            task.cancel()
        return True

    def stop(self) -> None:
        """Cancel what still runs."""
        for number in list(self._tasks):
            self.cancel(number)
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


def _find_loop() -> Any:
    from .aio_persistent import persistent_remote

    return persistent_remote(CANCEL_TIMEOUT, "the worker")


def read_on_loop(stream: Any, count: int) -> list[Any]:
    """Return the next `count` values of an asynchronous iterator, fewer at its end."""

    async def read() -> list[Any]:
        items: list[Any] = []
        source = aiter(stream)
        while len(items) < count:
            try:
                items.append(await anext(source))
            except StopAsyncIteration:
                break
        return items

    found: list[Any] = _find_loop().call(read(), "a stream")
    return found
