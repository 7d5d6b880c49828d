"""What a client keeps for its worker: functions, iterators and buffers, and what stands for the worker's."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .._mochi_wrap.exports import Segments, Table, is_buffer, read_shared
from .._mochi_wrap.failures import type_name
from .._mochi_wrap.far_side import take_items
from .._mochi_wrap.wire import Reader, WireError
from .remote import Handle, RemoteIterator, RemoteStream

if TYPE_CHECKING:
    from .channel import Channel

LARGE = 1 << 16
_KEPT_ERRORS = 64


class Services:
    """The tables of a client, and how its values cross."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.large = LARGE
        self.functions = Table()
        self.iterators = Table()
        self.segments = Segments()
        self._handles: weakref.WeakValueDictionary[int, Handle] = (
            weakref.WeakValueDictionary()
        )
        self._handles_lock = threading.Lock()
        self._errors: dict[int, BaseException] = {}
        self._error_numbers = itertools.count(1)
        self.readers: dict[str, Reader] = {
            "$handle": lambda number: self._open(number, Handle),
            "$iter": lambda number: self._open(number, RemoteIterator),
            "$stream": lambda number: self._open(number, RemoteStream),
            "$callback": self.functions.get,
            "$shm": self._read_shared,
        }

    def export(self, value: Any) -> dict[str, Any]:
        """Return the tagged form of a value that is no data."""
        if isinstance(value, Handle):
            return {"$handle": value.check(self._channel)}
        if isinstance(value, (bytes, bytearray, memoryview)) or is_buffer(value):
            return {"$shm": self.segments.share(value)}
        if isinstance(value, Iterator):
            return {"$iter": self.iterators.add(value)}
        if callable(value):
            return {"$callback": self.functions.add(value)}
        raise WireError(f"{type_name(value)} has no encoding")

    def is_needed(self) -> bool:
        """Tell whether the worker has something of this side that it may ask for."""
        return bool(len(self.functions) or len(self.iterators))

    def forget(self, kind: str, number: int) -> None:
        """Forget what the worker does not use any more."""
        table = self.functions if kind == "callback" else self.iterators
        table.release(number)

    def run(self, method: str, params: list[Any]) -> Any:
        """Do what the worker asks for."""
        number, argument = params
        if method == "$/callback":
            return self.functions.get(number)(*argument)
        if method == "$/next":
            return take_items(self.iterators.get(number), argument)
        raise LookupError(f"a client does not know {method}")

    def keep_error(self, error: BaseException) -> int:
        """Keep an error for the case that the call which caused it fails with it."""
        number = next(self._error_numbers)
        self._errors[number] = error
        self._errors.pop(number - _KEPT_ERRORS, None)
        return number

    def take_error(self, number: int | None) -> BaseException | None:
        """Return the error that was kept."""
        return None if number is None else self._errors.pop(number, None)

    def _open(self, number: int, make: type[Handle]) -> Handle:
        with self._handles_lock:
            known = self._handles.get(number)
            if known is not None and known.count:
                known.count += 1
                return known
            handle = self._handles[number] = make(self._channel, number)
            return handle

    def _read_shared(self, content: dict[str, Any]) -> Any:
        value = read_shared(content)
        self._channel.notify("$/taken", [content["number"]])
        return value
