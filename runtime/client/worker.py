"""A worker as its clients see it: calls, and a new process where one has crashed."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from .._mochi_wrap.wire import ENGINE_VARIABLE
from .._mochi_wrap.worker import CONTRACT
from .channel import Channel
from .errors import WorkerGoneError
from .process import Process, find_python
from .replies import Reply

SCRIPT = "mochi_worker.py"
Restart = Literal["never", "on-crash", "always"]


class Worker:
    """A process that runs the bound functions of a workspace. Many threads may use it.

    `expected` has checksums of functions by target, as they were when the program was compiled:
    a worker that has other functions is refused. With `restart` `"on-crash"` the call after
    one that was lost starts a new process, with `"always"` also after the process ended by itself;
    at most `most_restarts` times within a minute. `show` gets the lines that the worker prints, which
    are else forwarded to stderr.
    """

    def __init__(
        self,
        workspace: str | Path,
        *,
        python: str | None = None,
        engine: str | None = None,
        expected: Mapping[str, str] | None = None,
        restart: Restart = "on-crash",
        most_restarts: int = 5,
        start_timeout: float = 60.0,
        environment: Mapping[str, str] | None = None,
        show: Callable[[str], None] | None = None,
    ) -> None:
        folder = Path(workspace).absolute()
        self._command = [python or find_python(folder), str(folder / SCRIPT)]
        self._engine = engine
        self._environment = {
            **({ENGINE_VARIABLE: engine} if engine else {}),
            **(environment or {}),
        }
        self._expected = dict(expected or {})
        self._restart = restart
        self._most_restarts = most_restarts
        self._start_timeout = start_timeout
        self._show = show
        self._lock = threading.Lock()
        self._is_closed = False
        self._restarts: deque[float] = deque()
        self.about: dict[str, Any] = {}
        """What the worker says of itself: its Python, its JSON engine, its process."""
        self._channel = self._start()
        self._holder = [self._channel]
        self._finalizer = weakref.finalize(self, _close, self._holder)

    def _start(self) -> Channel:
        process = Process(self._command, self._environment, self._show)
        channel = Channel(process, self._engine)
        try:
            self.about = channel.call(
                "$/hello", [CONTRACT, self._expected], self._start_timeout
            )
        except BaseException:
            channel.close(0.0)
            raise
        return channel

    # --- calls

    def call(self, target: str, *arguments: Any, timeout: float | None = None) -> Any:
        """Call the function that `alias.name` means and return its result.

        Raises `RemoteError` where it raises, `WorkerCrashError` where the worker ends meanwhile, and
        `CallTimeoutError` after `timeout` seconds.
        """
        channel = self._channel
        if channel.dead is not None:
            channel = self._revive()
        return channel.call(target, arguments, timeout)

    def submit(self, target: str, *arguments: Any, aside: bool = False) -> Reply:
        """Send a call and return its reply to come.

        With `aside` the function runs in a thread of its own, for those that block.
        """
        channel = self._channel
        if channel.dead is not None:
            channel = self._revive()
        return channel.submit(target, arguments, aside)

    def call_many(
        self,
        target: str,
        arguments: Iterable[Sequence[Any]],
        *,
        timeout: float | None = None,
    ) -> list[Any]:
        """Call a function with each of `arguments`, in order, and return the results.

        Many calls are under way at a time. Raises the first error there is when all are over.
        """
        channel = self._channel
        if channel.dead is not None:
            channel = self._revive()
        return [reply.take() for reply in channel.call_many(target, arguments, timeout)]

    async def call_async(
        self, target: str, *arguments: Any, timeout: float | None = None
    ) -> Any:
        """Do what `call` does, for a running event loop."""
        channel = self._channel
        if channel.dead is not None:
            channel = self._revive()
        return await channel.call_async(target, arguments, timeout)

    # --- the process

    @property
    def pid(self) -> int:
        """The number of the process that runs now."""
        return self._channel.process.pid

    def statistics(self) -> dict[str, int]:
        """Return how many objects, buffers and threads the worker has."""
        found: dict[str, int] = self.call("$/statistics")
        return found

    def _revive(self) -> Channel:
        """Return the channel to a process that runs, a new one where that is allowed."""
        with self._lock:
            dead = self._channel.dead
            if dead is None:
                return self._channel
            if self._is_closed:
                raise WorkerGoneError("the worker was closed")
            by_itself = self._channel.process.status == 0
            if self._restart == "never" or (by_itself and self._restart == "on-crash"):
                raise WorkerGoneError(f"{dead}; it is not started again")
            now = time.monotonic()
            while self._restarts and now - self._restarts[0] > 60:
                self._restarts.popleft()
            if len(self._restarts) >= self._most_restarts:
                raise WorkerGoneError(
                    f"{dead}; it was started again {len(self._restarts)} times within a minute"
                )
            self._restarts.append(now)
            self._channel.close()
            self._channel = self._start()
            self._holder[:] = [self._channel]
            return self._channel

    def close(self) -> None:
        """End the worker. Calls that are under way end with `WorkerGoneError`."""
        with self._lock:
            self._is_closed = True
            self._finalizer()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _close(holder: list[Channel]) -> None:
    for channel in holder:
        channel.close()
