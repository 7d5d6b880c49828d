"""Iterators as handles."""

from __future__ import annotations

from collections.abc import Iterable

from .failures import fail
from .scalars import Converter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_END = object()


class LazyIterator:
    """An iterator as a handle. The wrapper converts what its methods return."""

    __slots__ = ("_ahead", "_source")

    def __init__(self, source: Any) -> None:
        self._source = source
        self._ahead: Any = _END

    def __iter__(self) -> LazyIterator:
        return self

    def __next__(self) -> Any:
        if self._ahead is _END:
            return next(self._source)
        found, self._ahead = self._ahead, _END
        return found

    def next(self) -> Any:
        """Return the next value, or None at the end."""
        return next(self, None)

    def has_next(self) -> bool:
        """Tell whether there is another value, which is made if need be."""
        if self._ahead is _END:
            self._ahead = next(self._source, _END)
        return self._ahead is not _END

    def rest(self) -> list[Any]:
        """Return the values that are left."""
        return list(self)

    def close(self) -> None:
        """Let a generator clean up; there are no more values then."""
        close = getattr(self._source, "close", None)
        if close is not None:
            close()
        self._source, self._ahead = iter(()), _END


def iterator_of(name: str) -> Converter:
    """Make the converter of an iterable to a `LazyIterator`."""

    def as_iterator(value: Any, where: str) -> Any:
        if isinstance(value, LazyIterator):
            return value
        if isinstance(value, str) or not isinstance(value, Iterable):
            fail(where, name, value)
        return LazyIterator(iter(value))

    return as_iterator
