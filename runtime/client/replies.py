"""Answers that have not come yet."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .errors import CallCancelledError, WorkerError

if TYPE_CHECKING:
    from .channel import Channel


class Reply:
    """The answer to a call: `result` waits for it."""

    __slots__ = (
        "_watchers",
        "channel",
        "error",
        "is_done",
        "number",
        "parkers",
        "target",
        "todo",
        "value",
        "waiters",
    )

    def __init__(self, channel: Channel, number: int, target: str) -> None:
        self.channel = channel
        self.number = number
        self.target = target
        self.is_done = False
        self.value: Any = None
        self.error: WorkerError | None = None
        self.waiters = 0
        self.parkers: tuple[threading.Lock, ...] = ()
        self.todo: deque[dict[str, Any]] | None = None
        """Requests of the worker that belong to this call, for a thread that waits for it."""
        self._watchers: list[Callable[[Reply], None]] | None = None

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the answer; return the result or raise the error that it is.

        Raises `CallTimeoutError` where the answer does not come in time; the call goes on.
        """
        if not self.is_done:
            self.channel.wait(self, timeout)
        return self.take()

    def take(self) -> Any:
        """Return the result of a reply that is done, or raise its error."""
        if self.error is not None:
            raise self.error
        return self.value

    def done(self) -> bool:
        """Tell whether the answer is here, after looking for it."""
        if not self.is_done:
            self.channel.poll()
        return self.is_done

    def cancel(self) -> None:
        """Ask the worker to give up the call, which ends with `CallCancelledError` unless it is over."""
        if not self.is_done:
            self.channel.cancel(self)

    def add_done_callback(self, watcher: Callable[[Reply], None]) -> None:
        """Have `watcher` called with this reply when it is done: in whatever thread reads then."""
        if self._watchers is None:
            self._watchers = []
        self._watchers.append(watcher)
        if self.is_done:
            self.tell()
        else:
            self.channel.keep_reading()

    def settle(self, value: Any, error: WorkerError | None) -> None:
        """Be done."""
        self.value, self.error = value, error
        self.is_done = True
        if self.parkers:
            self.channel.turns.unpark(self.parkers)
        if self._watchers is not None:
            self.channel.turns.told.append(self)

    def is_watched(self) -> bool:
        """Tell whether somebody is to be told who does not wait."""
        return self._watchers is not None

    def tell(self) -> None:
        """Call the watchers."""
        watchers, self._watchers = self._watchers or [], None
        for watcher in watchers:
            watcher(self)

    def cancelled(self) -> bool:
        """Tell whether the call has ended because it was cancelled."""
        return isinstance(self.error, CallCancelledError)
