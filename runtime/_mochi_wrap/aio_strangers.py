"""Objects that belong to another loop, and calls where none is running: told by what asyncio says of them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from .failures import CrossLoopError, LoopError

_WRONG_LOOP = (
    "Event loop is closed",
    "attached to a different loop",
    "is bound to a different event loop",
    "belongs to a different loop",
    "The future belongs to",
)
_NO_LOOP = (
    "no running event loop",
    "There is no current event loop",
    # How libraries say it that run on several kinds of loops.
    "not in async context",
    "Not currently running on any asynchronous event loop",
)
_PERSISTENT = 'set `[python] async-mode = "persistent"`'


def check_loop(awaitable: Any, loop: Any, where: str) -> None:
    """Raise `CrossLoopError` for a future or task of another loop than `loop`, unless it is done."""
    if (
        asyncio.isfuture(awaitable)
        and awaitable.get_loop() is not loop
        and not awaitable.done()
    ):
        raise CrossLoopError(_crossed(where, type(awaitable).__name__))


def explain(error: BaseException, where: str) -> BaseException:
    """Return the error to raise for `error`: a `LoopError` where it is about loops."""
    if not isinstance(error, RuntimeError | ValueError) or isinstance(error, LoopError):
        return error
    text = str(error)
    if any(part in text for part in _NO_LOOP):
        way = f"{_PERSISTENT}, or call it inside of an `…_async_with`"
        found: LoopError = LoopError(f"{where}: needs a running event loop; {way}")
    else:
        stranger = _find_stranger(error) if isinstance(error, RuntimeError) else ""
        if not stranger and not any(part in text for part in _WRONG_LOOP):
            return error
        found = CrossLoopError(_crossed(where, stranger or "an object"))
    found.__cause__ = error
    return found


def _crossed(where: str, what: str) -> str:
    return (
        f"{where}: {what} belongs to another event loop; use it in the loop it was made in: "
        f"inside of one `…_async_with`, or {_PERSISTENT}"
    )


def _find_stranger(error: BaseException) -> str:
    """Return the class of an object on the way to `error` that keeps a loop which no longer runs."""
    trace = error.__traceback__
    while trace is not None:
        this = trace.tb_frame.f_locals.get("self")
        loop = None
        with contextlib.suppress(Exception):
            # Not by `getattr`, which may be the object's own.
            loop = object.__getattribute__(this, "_loop")
        if isinstance(loop, asyncio.AbstractEventLoop) and not loop.is_running():
            return type(this).__name__
        trace = trace.tb_next
    return ""
