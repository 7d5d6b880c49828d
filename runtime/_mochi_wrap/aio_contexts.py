"""Asynchronous context managers around functions of the program."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from .aio_jobs import Job, Remote, mochi_async_timeout, sharing
from .aio_run import close_loop
from .aio_threads import run_in_thread
from .failures import AsyncTimeoutError

Outcome: TypeAlias = tuple[bool, Any]
"""Whether there is a result, and that or the error."""

Inbox: TypeAlias = "SimpleQueue[tuple[Any, Callable[[Outcome], None]] | None]"
"""What the thread of the program is to do: run the body with a value, or, None, go on."""


def run_body_in(
    remote: Remote, manager: Any, body: Any, where: str, grace: float
) -> Any:
    """Return what `body` makes of the value of `manager`, which lives in `remote`.

    One task enters and leaves the manager, whatever the body does in this thread meanwhile. None where
    the manager swallows an error of the body.
    """
    inbox: Inbox = SimpleQueue()
    awaitable = _manage(manager, inbox, where, mochi_async_timeout.get())
    job = Job(remote.loop, awaitable, where, grace)
    job.limit = None  # it is for the calls, and says nothing about the body
    job.wake = lambda: inbox.put(None)
    remote.start(job, awaitable)

    def look(seconds: float) -> bool:
        try:
            request = inbox.get(timeout=seconds) if seconds else inbox.get_nowait()
        except Empty:
            return False
        if request is not None:
            value, reply = request
            reply(_run_body(remote, body, value))
            return False
        return True

    remote.wait(look, job)
    is_result, found = remote.result(job)
    if is_result:
        return found
    try:
        raise found
    finally:
        del found


def run_body_here(manager: Any, body: Any, where: str, grace: float) -> Any:
    """Do `run_body_in` with a loop for this call only, which runs in another thread."""
    loop = asyncio.new_event_loop()
    ended = threading.Event()

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            with contextlib.suppress(KeyboardInterrupt, SystemExit):  # told by the task
                loop.run_forever()
        finally:
            try:
                close_loop(loop, grace)
            finally:
                ended.set()

    context = contextvars.copy_context()
    run_in_thread(lambda: context.run(run))
    try:
        return run_body_in(Remote(loop, grace), manager, body, where, grace)
    finally:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(loop.stop)
        ended.wait()


def _run_body(remote: Remote, body: Any, value: Any) -> Outcome:
    with sharing(remote):
        try:
            return True, body(value)
        except BaseException as error:
            return False, error


async def _manage(
    manager: Any, inbox: Inbox, where: str, limit: float | None
) -> Outcome:
    loop = asyncio.get_running_loop()
    cls = type(manager)
    try:
        async with asyncio.timeout(limit) as timer:
            value = await cls.__aenter__(manager)
    except TimeoutError as error:
        if not timer.expired():
            raise
        message = f"{where}: no result within {limit} s (mochi_async_timeout)"
        raise AsyncTimeoutError(message) from error
    done: asyncio.Future[Outcome] = loop.create_future()

    def reply(outcome: Outcome) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody waits
            loop.call_soon_threadsafe(_settle, done, outcome)

    inbox.put((value, reply))
    try:
        is_result, found = await done
    except asyncio.CancelledError as error:
        if not await cls.__aexit__(manager, type(error), error, error.__traceback__):
            raise
        return True, None
    if is_result:
        await cls.__aexit__(manager, None, None, None)
        return True, found
    if await cls.__aexit__(manager, type(found), found, found.__traceback__):
        return True, None
    return False, found


def _settle(done: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not done.done():
        done.set_result(outcome)
