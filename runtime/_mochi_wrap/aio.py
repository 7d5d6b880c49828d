"""What is asynchronous in Python, for callers who are not: awaitables, streams, event loops.

Nothing here imports asyncio before there is something to drive: most packages have nothing asynchronous.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock
from collections.abc import Awaitable, Callable, Collection, Iterable

from .callbacks import function_of, is_coroutine_function, named_like
from .failures import fail
from .scalars import Converter, as_any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CANCEL_TIMEOUT = 5.0
"""How many seconds a cancelled call may take before it is given up, unless the manifest says otherwise."""


def async_function_of(
    parameters: tuple[Converter, ...] | None, result: Converter, name: str = "fun"
) -> Converter:
    """Make the converter of a function to a coroutine function, for where Python awaits the call.

    It runs in a thread of its own, so that the loop goes on meanwhile, and that it may call asynchronous
    functions itself: those run in the same loop. An `async def` of Python is handed on as it is.
    """
    convert = function_of(parameters, as_any, name)

    def as_function(value: Any, where: str) -> Any:
        function = convert(value, where)
        if is_coroutine_function(function):
            return function

        async def call(*arguments: Any, **named: Any) -> Any:
            from .aio_jobs import call_in_thread

            found = await call_in_thread(
                lambda: function(*arguments, **named), CANCEL_TIMEOUT
            )
            return result(await found if isinstance(found, Awaitable) else found, where)

        return named_like(value, call)

    return as_function


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


def to_stream(element: Converter, name: str = "stream") -> Converter:
    """Make the converter of a stream, or of any iterable, to an asynchronous iterator.

    The values of an iterator are made in a thread of their own, since making them may take its time.
    """

    def from_stream(value: Any, where: str) -> Any:
        if isinstance(value, Stream) or hasattr(type(value), "__aiter__"):
            return value.__aiter__()
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            fail(where, name, value)
        values = value

        async def give() -> Any:
            if isinstance(values, Collection):
                for item in values:
                    yield element(item, where)
                return
            from .aio_jobs import call_in_thread

            iterator, end = iter(values), object()
            while True:
                found = await call_in_thread(
                    lambda: next(iterator, end), CANCEL_TIMEOUT
                )
                if found is end:
                    return
                yield element(found, where)

        return give()

    return from_stream


_opening = allocate_lock()


class Stream:
    """An asynchronous iterator as Mochi reads it: `next(stream)` waits for its next value.

    It is closed at its end, by `close`, and when nobody has it any more. Python code may go on with it
    asynchronously.
    """

    __slots__ = ("_convert", "_loop", "_reader", "_source", "_where")

    def __init__(self, source: Any, convert: Converter, where: str, loop: Loop) -> None:
        self._source = source
        self._convert = convert
        self._where = where
        self._loop = loop
        self._reader: Any = None

    def __aiter__(self) -> Any:
        if self._reader is None:
            return self._source
        from .aio_streams import GuardedIterator

        return GuardedIterator(self._source, self._reader)

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Any:
        from .aio_streams import END

        found = self._open().next()
        if found is END:
            raise StopIteration
        return self._convert(found, self._where)

    def close(self) -> None:
        """Let the iterator clean up; there are no more values then."""
        self._open().close()

    def _open(self) -> Any:
        from .aio_streams import Reader, check_place

        check_place(self._where)
        if self._reader is None:
            remote = self._loop.find(self._where)
            with _opening:
                if self._reader is None:
                    grace = self._loop.cancel_timeout
                    self._reader = Reader(self._source, remote, self._where, grace)
        return self._reader

    def __del__(self) -> None:
        if self._reader is not None:
            self._reader.drop()


class Loop:
    """Where asynchronous calls run. A wrapper asks it for whatever has to do with loops."""

    is_lasting = False
    """Whether one loop serves all calls."""

    def __init__(self, cancel_timeout: float = CANCEL_TIMEOUT) -> None:
        self.cancel_timeout = cancel_timeout

    def find(self, where: str) -> Any:
        """Return the loop in another thread that a call of this thread runs in, None for one of its own."""
        from .aio_jobs import shared_loop

        return shared_loop()

    def run_async(self, awaitable: Awaitable[Any], where: str) -> Any:
        """Drive `awaitable` to its result."""
        raise NotImplementedError

    def call_async(
        self, where: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        """Call `function` inside of the loop, and drive what it returns to its result."""

        async def call() -> Any:
            return await function(*args, **kwargs)

        return self.run_async(call(), where)

    def call_inside(
        self, where: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        """Call `function` in the thread of the loop, where one is running."""
        if not self.is_lasting and "asyncio" not in sys.modules:
            # Nothing is running, and what is called may have nothing to do with it.
            return function(*args, **kwargs)
        from .aio_jobs import is_loop_running
        from .aio_strangers import explain

        remote = None if is_loop_running() else self.find(where)
        if remote is not None:
            return _call_inside(remote, where, lambda: function(*args, **kwargs))
        try:
            return function(*args, **kwargs)
        except RuntimeError as error:
            found = explain(error, where)
            if found is error:
                raise
        raise found

    def run_async_with(self, manager: Any, body: Any, where: str) -> Any:
        """Do `run_with` for an asynchronous manager; `body` is synchronous, and its calls share the loop."""
        from .aio_contexts import run_body_here, run_body_in
        from .aio_streams import check_place

        remote = self.find(where)
        check_place(where)
        if remote is not None:
            return run_body_in(remote, manager, body, where, self.cancel_timeout)
        return run_body_here(manager, body, where, self.cancel_timeout)

    def awaited(self, inner: Converter) -> Converter:
        """Make the converter of an awaitable to what it yields; the wrapper waits for it."""
        return awaited(inner, self.run_async)

    def stream_of(self, element: Converter, name: str = "stream") -> Converter:
        """Make the converter of an asynchronous iterable to a `Stream`."""

        def as_stream(value: Any, where: str) -> Any:
            if not hasattr(type(value), "__aiter__"):
                fail(where, name, value)
            return Stream(value.__aiter__(), element, where, self)

        return as_stream


def _call_inside(remote: Any, where: str, function: Callable[[], Any]) -> Any:
    async def call() -> tuple[Any, StopIteration | None]:
        try:
            return function(), None
        except StopIteration as error:  # no coroutine may raise it
            return None, error

    found, end = remote.call(call(), where)
    if end is not None:
        raise end
    return found


class PerCallLoop(Loop):
    """A loop for each call, as `asyncio.run` has it."""

    def run_async(self, awaitable: Awaitable[Any], where: str) -> Any:
        """Drive `awaitable` to its result, in the loop that this thread shares or in one of its own."""
        from .aio_jobs import close_awaitable, is_loop_running, shared_loop
        from .aio_run import run_in_new_loop

        remote = shared_loop()
        if is_loop_running():
            close_awaitable(awaitable)
            _refuse(where)
        if remote is not None:
            return remote.call(awaitable, where, self.cancel_timeout)
        return run_in_new_loop(awaitable, where, self.cancel_timeout)


class PersistentLoop(Loop):
    """One loop for all calls of the program, in a thread of its own."""

    is_lasting = True

    def find(self, where: str) -> Any:
        """Return the loop that awaits this thread, or that of the program."""
        from .aio_jobs import shared_loop
        from .aio_persistent import persistent_remote

        return shared_loop() or persistent_remote(self.cancel_timeout, where)

    def run_async(self, awaitable: Awaitable[Any], where: str) -> Any:
        """Drive `awaitable` to its result. Not in the thread of the loop, which would wait for itself."""
        from .aio_jobs import close_awaitable
        from .aio_persistent import is_persistent_thread

        if is_persistent_thread():
            close_awaitable(awaitable)
            _refuse(where)
        try:
            remote = self.find(where)
        except BaseException:
            close_awaitable(awaitable)
            raise
        return remote.call(awaitable, where, self.cancel_timeout)


def _refuse(where: str) -> None:
    from .aio_streams import running_message
    from .failures import LoopError

    raise LoopError(running_message(where))


def awaited(
    inner: Converter, run: Callable[[Any, str], Any] | None = None
) -> Converter:
    """Make the converter of an awaitable to what it yields; the wrapper waits for it."""

    def wait(value: Any, where: str) -> Any:
        if not isinstance(value, Awaitable):
            fail(where, "an awaitable", value)
        return inner((run or run_async)(value, where), where)

    return wait


waiting_function_of = async_function_of
per_call_loop = PerCallLoop
persistent_loop = PersistentLoop

_default = PerCallLoop()
run_async = _default.run_async
call_async = _default.call_async
call_inside = _default.call_inside
run_async_with = _default.run_async_with
stream_of = _default.stream_of
