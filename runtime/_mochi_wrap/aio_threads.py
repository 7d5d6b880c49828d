"""Threads for functions of the program that Python awaits. An idle one is kept for the next function."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable

_IDLE = 5.0
"""How many seconds a thread waits for another function before it ends."""

_idle: deque[_Worker] = deque()


def run_in_thread(function: Callable[[], None]) -> None:
    """Run `function`, which raises nothing, in a thread that no other function has at the time.

    There is no upper bound: what waits for another function of the program must not keep it from running.
    """
    try:
        worker = _idle.pop()
    except IndexError:
        worker = _Worker()
        worker.start()
    worker.give(function)


class _Worker(threading.Thread):
    """Runs one function after another. It is a daemon: what hangs does not keep the program from its end."""

    def __init__(self) -> None:
        super().__init__(name="mochi-callback", daemon=True)
        self._function: Callable[[], None] | None = None
        self._given = threading.Semaphore(0)

    def give(self, function: Callable[[], None]) -> None:
        self._function = function
        self._given.release()

    def run(self) -> None:
        while True:
            if not self._given.acquire(timeout=_IDLE):
                try:
                    _idle.remove(self)
                except ValueError:
                    # Somebody took it at this moment, and is about to give a function.
                    self._given.acquire()
                else:
                    return
            function, self._function = self._function, None
            if function is not None:
                function()
                del function
            _idle.append(self)


if hasattr(os, "register_at_fork"):
    # Threads do not live on in the child.
    os.register_at_fork(after_in_child=_idle.clear)
