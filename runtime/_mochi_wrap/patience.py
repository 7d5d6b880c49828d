"""Waiting for a pipe: to look for a moment before one sleeps."""

from __future__ import annotations

import os
import select
from time import perf_counter

MOMENT = 60e-6
"""Seconds to look for. To be woken on an idle processor takes about half of that."""


class Watch:
    """Tells when `file` can be read.

    A call of a short function is answered sooner than a sleeping thread is woken. So a thread
    looks for a moment before it sleeps, unless there is only one processor, which the other
    side needs.
    """

    def __init__(self, file: int) -> None:
        self._file = file
        self._looks = hasattr(select, "poll") and _count_processors() > 1
        if hasattr(select, "poll"):
            poller = select.poll()
            poller.register(file, select.POLLIN)
            self._poll = poller.poll

    def linger(self) -> None:
        """Return when there is something to read, or a moment has passed."""
        if self._looks:
            poll, end = self._poll, perf_counter() + MOMENT
            while not poll(0) and perf_counter() < end:
                pass

    def wait(self, seconds: float) -> bool:
        """Tell whether there is something to read within `seconds`."""
        if not hasattr(select, "poll"):
            return bool(select.select([self._file], [], [], seconds)[0])
        if seconds > MOMENT:
            self.linger()
        return bool(self._poll(seconds * 1000))


def _count_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
