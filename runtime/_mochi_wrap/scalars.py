"""Converters of scalars.

A *converter* is a function `(value, where) -> value`: it returns what the other side may
have, or raises `ConversionError`, which names `where` (the wrapper function), the expected
and the actual type. `as_*` converters serve both directions, `*_of` converters are built
from others, and `to_*` converters lead from Mochi to Python only.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

from .failures import fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Converter: TypeAlias = Callable[[Any, str], Any]
else:
    Converter = Callable


INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1


def as_any(value: Any, where: str) -> Any:
    """Return `value` as it is."""
    return value


def as_none(value: Any, where: str) -> None:
    """Return None for whatever a function without a result returned."""


def as_bool(value: Any, where: str) -> bool:
    """Convert a bool, or an array scalar of booleans."""
    if type(value) is bool:
        return value
    if array_scalar_kind(value) == "b":
        return bool(value)
    return fail(where, "bool", value)


def as_int(value: Any, where: str) -> int:
    """Convert an int of any size: not a bool, but what has `__index__` (PEP 357)."""
    if type(value) is int:
        return value
    if isinstance(value, bool) or not hasattr(type(value), "__index__"):
        fail(where, "int", value)
    try:
        return int(operator.index(value))
    except TypeError:
        fail(where, "int", value)


def as_int64(value: Any, where: str) -> int:
    """Convert an int of at most 64 bits."""
    number = as_int(value, where)
    if INT64_MIN <= number <= INT64_MAX:
        return number
    return fail(where, "an int of 64 bits", number)


def as_float(value: Any, where: str) -> float:
    """Convert a float, an int (PEP 484, the numeric tower), or what has `__float__`."""
    if type(value) is float:
        return value
    cls = type(value)
    if isinstance(value, bool) or not (
        hasattr(cls, "__float__") or hasattr(cls, "__index__")
    ):
        fail(where, "float", value)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        fail(where, "float", value)


def as_string(value: Any, where: str) -> str:
    """Convert a str; a value of a subclass gives the text it holds."""
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    return fail(where, "string", value)


def as_bytes(value: Any, where: str) -> bytes:
    """Convert bytes; a bytearray or memoryview is copied."""
    if type(value) is bytes:
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return fail(where, "bytes", value)


# What these converters hand on without looking further: a value of exactly this type.
PLAIN: dict[Converter, type] = {
    as_bool: bool,
    as_int: int,
    as_float: float,
    as_string: str,
    as_bytes: bytes,
}


def array_scalar_kind(value: Any) -> str | None:
    """Return the kind letter of an array scalar (`b` for booleans), by the array interface."""
    interface = getattr(value, "__array_interface__", None)
    if isinstance(interface, dict) and interface.get("shape") == ():
        return str(interface.get("typestr", "  "))[1]
    return None
