"""What a worker has of its caller: functions and iterators that stay there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Ask = Callable[[str, list[Any]], Any]
"""Send the caller a request and wait for its result."""
Forget = Callable[[str, int], None]
"""Tell the caller that something of its is not used any more."""


class CallbackError(RuntimeError):
    """A function of the caller failed. `number` is that under which the caller keeps the error."""

    def __init__(self, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.number = number


class FarFunction:
    """A function of the caller."""

    __slots__ = ("__dict__", "_ask", "_forget", "number")

    def __init__(self, number: int, ask: Ask, forget: Forget) -> None:
        self.number = number
        self._ask = ask
        self._forget = forget
        self.__name__ = self.__qualname__ = "callback"

    def __call__(self, *arguments: Any) -> Any:
        return self._ask("$/callback", [self.number, list(arguments)])

    def __del__(self) -> None:
        self._forget("callback", self.number)


class FarIterator:
    """An iterator of the caller. Values come when they are asked for."""

    __slots__ = ("_ask", "_forget", "number")

    def __init__(self, number: int, ask: Ask, forget: Forget) -> None:
        self.number = number
        self._ask = ask
        self._forget = forget

    def __iter__(self) -> FarIterator:
        return self

    def __next__(self) -> Any:
        items = self._ask("$/next", [self.number, 1])
        if not items:
            raise StopIteration
        return items[0]

    def __del__(self) -> None:
        self._forget("iter", self.number)


def take_items(iterator: Any, count: int) -> list[Any]:
    """Return the next `count` values of an iterator, fewer at its end."""
    items = []
    for item in iterator:
        items.append(item)
        if len(items) == count:
            break
    return items
