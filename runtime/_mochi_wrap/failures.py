"""Conversion that fails, and the two other errors that wrappers raise themselves."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


class ConversionError(TypeError):
    """A value does not have the declared type.

    `where` is the wrapper function, with `: ` and a part of the call unless the result is meant;
    `function` and `place` are these two. `path` leads from there into the value: `[3].name`.
    `expected` is a type, `found` a type with the value where that is short.
    """

    def __init__(self, where: str, expected: str, found: str) -> None:
        super().__init__(where, expected, found)
        self.where = where
        self.expected = expected
        self.found = found
        self.path = ""

    @property
    def function(self) -> str:
        """The name of the wrapper function."""
        return self.where.partition(": ")[0]

    @property
    def place(self) -> str:
        """`result`, `parameter x` or `option x`."""
        return self.where.partition(": ")[2] or "result"

    def __str__(self) -> str:
        return f"{self.function}: {self.place}{self.path}: expected {self.expected}, got {self.found}"


class OptionError(TypeError):
    """An option of a `…_with` call is unknown, or cannot be given without another one."""


class LoopError(RuntimeError):
    """A call cannot have an event loop: one is running here already, or has ended, or none is running."""


class CrossLoopError(LoopError):
    """Something belongs to another event loop than the one it is used in."""


class AsyncTimeoutError(TimeoutError):
    """An asynchronous call took longer than `mochi_async_timeout` says."""


class CancelTimeoutError(TimeoutError):
    """A cancelled call went on longer than `async-cancel-timeout` says, and was given up."""


class CallCancelledError(RuntimeError):
    """An asynchronous call was cancelled, by a `cancellation()` of the program."""


def type_name(value: object) -> str:
    """Return the name of the type of `value` as error messages show it."""
    cls = type(value)
    if cls is type(None):
        return "None"
    return (
        cls.__qualname__
        if cls.__module__ == "builtins"
        else f"{cls.__module__}.{cls.__qualname__}"
    )


def fail(where: str, expected: str, value: object) -> NoReturn:
    """Raise the `ConversionError` for `value`."""
    raise ConversionError(where, expected, shown(value))


def inside(error: ConversionError, where: str, step: str) -> None:
    """Put `step` before the path of `error`, unless it comes from another call."""
    if error.where == where:
        error.path = step + error.path


_WIDTH = 40
_COUNT = 3


def shown(value: object) -> str:
    """Return the type of `value`, and itself where it is a plain value and short enough.

    Calls nothing of the value's own: what a class of a package shows of itself may take long.
    """
    name = type_name(value)
    text = literal(value)
    return f"{name} {text}" if text else name


def literal(value: Any, depth: int = 2) -> str:
    """Return the text of a plain value, cut where it is long; nothing for another one."""
    cls = type(value)
    if cls is str or cls is bytes:
        return repr(value) if len(value) <= _WIDTH else f"{value[:_WIDTH]!r}…"
    if cls is bool or cls is float or cls is complex:
        return repr(value)
    if cls is int:
        bits = value.bit_length()
        return repr(value) if bits <= 128 else f"of {bits} bits"
    if cls not in (list, tuple, set, frozenset, dict) or not depth:
        return ""
    parts = []
    for number, item in enumerate(value):
        if number == _COUNT:
            parts.append("…")
            break
        parts.append(_part(item, depth))
        if cls is dict:
            parts[-1] += f": {_part(value[item], depth)}"
    opening, closing = "[]" if cls is list else "()" if cls is tuple else "{}"
    if cls is tuple and len(value) == 1:
        closing = ",)"
    return f"{opening}{', '.join(parts)}{closing}"


def _part(value: object, depth: int) -> str:
    return literal(value, depth - 1) or type_name(value)
