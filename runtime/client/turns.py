"""Whose turn it is to read, among the threads that wait for answers."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterable

from .errors import CallTimeoutError
from .replies import Reply


class Turns:
    """One thread leads. The others are parked until they have what they wait for, or lead next."""

    def __init__(self) -> None:
        self._lead = threading.Lock()
        self._parked: dict[int, threading.Lock] = {}
        self.told: deque[Reply] = deque()
        """Replies whose watchers are to be told, by a thread that does not lead."""

    def lead(self) -> bool:
        """Become the leader, unless there is one."""
        return self._lead.acquire(blocking=False)

    def step_down(self) -> None:
        """Give up the lead, and make a parked thread lead."""
        self._lead.release()
        if self._parked:
            self._promote()
        while self.told:
            with contextlib.suppress(IndexError):
                self.told.popleft().tell()

    def leave(self) -> None:
        """Stop waiting: another thread may have been woken for nothing."""
        if self._parked and not self._lead.locked():
            self._promote()

    def park(self, reply: Reply, end: float | None) -> None:
        """Wait until `reply` is done or has something to do, or it is this thread's turn to lead.

        Raises `CallTimeoutError` where it is `end` before.
        """
        parker = threading.Lock()
        parker.acquire()
        self._parked[id(parker)] = parker
        reply.parkers += (parker,)
        try:
            # Looked at after the thread was parked: whoever leads now will see it.
            if reply.is_done or reply.todo or not self._lead.locked():
                return
            if end is None:
                parker.acquire()
                return
            left = end - time.monotonic()
            if left <= 0 or not parker.acquire(timeout=left):
                raise CallTimeoutError(f"{reply.target} did not end in time")
        finally:
            self._parked.pop(id(parker), None)
            reply.parkers = tuple(each for each in reply.parkers if each is not parker)

    def unpark(self, parkers: Iterable[threading.Lock]) -> None:
        """Wake threads."""
        for parker in parkers:
            if self._parked.pop(id(parker), None) is not None:
                parker.release()

    def unpark_all(self) -> None:
        """Wake every thread."""
        self.unpark(list(self._parked.values()))

    def _promote(self) -> None:
        for number in list(self._parked):
            parker = self._parked.pop(number, None)
            if parker is not None:
                parker.release()
                return
