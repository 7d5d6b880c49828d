"""One loop for the whole program, in a thread of its own that starts with the first call."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import importlib
import os
import threading
from collections.abc import Callable
from typing import Any

from .aio_jobs import Remote
from .aio_run import finish_loop, forget_loop
from .failures import LoopError

_JOIN = 3.0
"""How many seconds the thread has to end after all that it ran has been given up."""


class _State:
    """The loop of the program. `remote` is None until it is needed, and after it has ended."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.remote: Remote | None = None
        self.thread: threading.Thread | None = None
        self.ended = False


_state = _State()


def persistent_remote(grace: float, where: str) -> Remote:
    """Return the loop of the program, which the first call starts."""
    remote = _state.remote
    return _start(grace, where) if remote is None else remote


def is_persistent_thread() -> bool:
    """Tell whether this is the thread of the loop."""
    thread = _state.thread
    return thread is not None and thread.ident == threading.get_ident()


def _start(grace: float, where: str) -> Remote:
    state = _state
    with state.lock:
        if state.remote is not None:
            return state.remote
        if state.ended:
            message = (
                f"{where}: the event loop has been stopped, since the program ends"
            )
            raise LoopError(message)
        remote = Remote(_make_loop(), grace)
        ready = threading.Event()
        arguments = (remote, ready.set)
        thread = threading.Thread(
            target=_run, args=arguments, name="mochi-loop", daemon=True
        )
        state.thread = thread
        try:
            thread.start()
        except RuntimeError:
            remote.loop.close()
            raise
        ready.wait()
        # Published last: whoever sees it may use it.
        state.remote = remote
        return remote


def _make_loop() -> Any:
    """Return a loop as the policy of the program says; without one, of uvloop where that is installed."""
    policy = getattr(asyncio.events, "_event_loop_policy", None)
    if policy is None or type(policy).__module__.startswith("asyncio."):
        with contextlib.suppress(ImportError):
            return importlib.import_module("uvloop").new_event_loop()
    return asyncio.new_event_loop()


def _run(remote: Remote, ready: Callable[[], None]) -> None:
    loop = remote.loop
    asyncio.set_event_loop(loop)
    loop.call_soon(ready)
    try:
        while not _state.ended:
            try:
                loop.run_forever()
            except (KeyboardInterrupt, SystemExit):
                # Raised by a task, which has told whoever waits for it.
                continue
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def stop_persistent() -> None:
    """Cancel what runs, and end the loop and its thread. Hangs at nothing."""
    state = _state
    with state.lock:
        remote, state.remote = state.remote, None
        thread, state.ended = state.thread, True
    if remote is None or thread is None or not thread.is_alive():
        return
    with contextlib.suppress(RuntimeError):
        remote.loop.call_soon_threadsafe(_begin_end, remote)
    if thread is not threading.current_thread():
        # Tasks, then generators, then the executor.
        thread.join(2 * remote.grace + _JOIN)


def _begin_end(remote: Remote) -> None:
    remote.ending = True
    task = remote.loop.create_task(_end(remote))
    task.add_done_callback(lambda _: remote.loop.stop())


async def _end(remote: Remote) -> None:
    with contextlib.suppress(TimeoutError):
        # Not `wait_for`, which makes a task of its own in Python 3.11.
        async with asyncio.timeout(2 * remote.grace):
            await finish_loop(remote.loop, remote.grace)


def _forget() -> None:
    """Forget the loop in the child of a fork, where its thread is missing."""
    remote = _state.remote
    _state.__init__()  # type: ignore[misc]
    if remote is not None:
        forget_loop(remote.loop)


atexit.register(stop_persistent)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
