"""What is asynchronous in Python, for callers who are not: awaitables, streams, event loops."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from .callbacks import function_of, is_coroutine_function, named_like
from .failures import LoopError, fail
from .scalars import Converter, as_any

_LOOP_MESSAGE = "{}: an event loop is already running in this thread; await the asynchronous form instead"

# `current` is the loop that the calls of a thread share while they are inside of `run_async_with`, `outer`
# the loop of another thread, which waits for this one.
_loops = threading.local()


def async_function_of(
    parameters: tuple[Converter, ...] | None, result: Converter, name: str = "fun"
) -> Converter:
    """Make the converter of a function to a coroutine function, for where Python awaits the call.

    An asynchronous function of Python's own is handed on as it is.
    """

    async def call(function: Callable[[], Any]) -> Any:
        return function()

    return _coroutine_function_of(parameters, result, name, call)


def waiting_function_of(
    parameters: tuple[Converter, ...] | None, result: Converter, name: str = "fun"
) -> Converter:
    """Make the converter of a function that waits for what it is given to a coroutine function.

    It runs in a thread of its own, so that the loop goes on meanwhile and what it waits for can come.
    """
    return _coroutine_function_of(parameters, result, name, _call_in_thread)


def _coroutine_function_of(
    parameters: tuple[Converter, ...] | None,
    result: Converter,
    name: str,
    run: Callable[[Callable[[], Any]], Awaitable[Any]],
) -> Converter:
    convert = function_of(parameters, as_any, name)

    def as_function(value: Any, where: str) -> Any:
        function = convert(value, where)
        if is_coroutine_function(function):
            return function

        async def call(*arguments: Any, **named: Any) -> Any:
            found = await run(lambda: function(*arguments, **named))
            return result(await found if isinstance(found, Awaitable) else found, where)

        return named_like(value, call)

    return as_function


async def _call_in_thread(function: Callable[[], Any]) -> Any:
    import asyncio

    loop = asyncio.get_running_loop()

    def run() -> Any:
        _loops.outer = loop
        try:
            return function()
        finally:
            _loops.outer = None

    return await asyncio.to_thread(run)


def awaited(inner: Converter) -> Converter:
    """Make the converter of an awaitable to what it yields; the wrapper waits for it."""

    def wait(value: Any, where: str) -> Any:
        if not isinstance(value, Awaitable):
            fail(where, "an awaitable", value)
        return inner(run_async(value, where), where)

    return wait


def to_awaitable(inner: Converter) -> Converter:
    """Make the converter of a value to an awaitable of it; an awaitable is handed on."""

    def give(value: Any, where: str) -> Any:
        if isinstance(value, Awaitable):
            return value
        found = inner(value, where)

        async def yield_value() -> Any:
            return found

        return yield_value()

    return give


class Stream:
    """An asynchronous iterator as Mochi reads it: `next(stream)` drives it to its next value.

    Python code may go on with it asynchronously.
    """

    __slots__ = ("_convert", "_loop", "_owned", "_source", "_where")

    def __init__(self, source: Any, convert: Converter, where: str) -> None:
        self._source = source
        self._convert = convert
        self._where = where
        self._loop: Any = None
        self._owned = False

    def __aiter__(self) -> Any:
        return self._source

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Any:
        if self._loop is None:
            self._loop, self._owned = own_loop()
        try:
            found = drive(self._loop, self._source.__anext__(), self._where)
        except StopAsyncIteration:
            self.close()
            raise StopIteration from None
        return self._convert(found, self._where)

    def close(self) -> None:
        """Give up the loop in which the values are made; a new one is made where that is needed."""
        loop, self._loop = self._loop, None
        if self._owned and loop is not None and not loop.is_closed():
            close_loop(loop)

    def __del__(self) -> None:
        if self._owned and self._loop is not None and not is_loop_running():
            self.close()


def stream_of(element: Converter, name: str = "stream") -> Converter:
    """Make the converter of an asynchronous iterable to a `Stream`."""

    def as_stream(value: Any, where: str) -> Any:
        if not hasattr(type(value), "__aiter__"):
            fail(where, name, value)
        return Stream(value.__aiter__(), element, where)

    return as_stream


def to_stream(element: Converter, name: str = "stream") -> Converter:
    """Make the converter of a stream, or of any iterable, to an asynchronous iterator."""

    def from_stream(value: Any, where: str) -> Any:
        if isinstance(value, Stream) or hasattr(type(value), "__aiter__"):
            return value.__aiter__()
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            fail(where, name, value)

        async def give() -> Any:
            for item in value:
                yield element(item, where)

        return give()

    return from_stream


def run_async_with(manager: Any, body: Any, where: str) -> Any:
    """Do `run_with` for an asynchronous manager; `body` is synchronous, and shares its loop."""
    if is_loop_running():
        raise LoopError(_LOOP_MESSAGE.format(where))
    loop, owned = own_loop()
    outer, _loops.current = getattr(_loops, "current", None), loop
    cls = type(manager)
    try:
        value = drive(loop, cls.__aenter__(manager), where)
        try:
            result = body(value)
        except BaseException as error:
            if not drive(
                loop,
                cls.__aexit__(manager, type(error), error, error.__traceback__),
                where,
            ):
                raise
            return None
        drive(loop, cls.__aexit__(manager, None, None, None), where)
        return result
    finally:
        _loops.current = outer
        if owned:
            close_loop(loop)


def run_async(awaitable: Awaitable[Any], where: str) -> Any:
    """Drive `awaitable` to its result in an event loop of its own."""
    import asyncio  # slow to import, and most packages have nothing asynchronous

    current = getattr(_loops, "outer", None) or getattr(_loops, "current", None)
    if current is not None:
        return drive(current, awaitable, where)
    if not is_loop_running():
        return asyncio.run(_await(awaitable))
    _close(awaitable)
    raise LoopError(_LOOP_MESSAGE.format(where))


def call_async(where: str, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Call `function` inside of a loop, and drive what it returns to its result."""

    async def call() -> Any:
        return await function(*args, **kwargs)

    return run_async(call(), where)


def call_inside(where: str, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Call `function`, inside of the loop where there is one."""
    return function(*args, **kwargs)


def drive(loop: Any, awaitable: Awaitable[Any], where: str) -> Any:
    """Drive `awaitable` to its result in `loop`, which goes on living."""
    outer: Any = getattr(_loops, "outer", None)
    if outer is not None and loop is outer:
        import asyncio

        return asyncio.run_coroutine_threadsafe(_await(awaitable), loop).result()
    if not is_loop_running():
        return loop.run_until_complete(_await(awaitable))
    _close(awaitable)
    raise LoopError(_LOOP_MESSAGE.format(where))


def own_loop() -> tuple[Any, bool]:
    """Return the loop that the calls of this thread share, or a new one that the caller has to close."""
    import asyncio

    current = getattr(_loops, "outer", None) or getattr(_loops, "current", None)
    return (asyncio.new_event_loop(), True) if current is None else (current, False)


def close_loop(loop: Any) -> None:
    """Let `loop` finish what it has begun, and close it."""
    try:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


def is_loop_running() -> bool:
    """Tell whether this thread is inside of an event loop."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _close(awaitable: Awaitable[Any]) -> None:
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()


async def _await(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
