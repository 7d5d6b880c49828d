"""Handles for linked programs: numbers on Mochi's side, Python values in a table on this one.

Mochi's Python back end passes only scalars through an extern. The sidecar of a linked program
keeps every other value here under a number and gives Mochi the number. 0 stands for none.
This file is copied beside the wrappers; it needs `_mochi_wrap` and the standard library.
"""

from __future__ import annotations

import functools
import importlib
import itertools
from collections.abc import Callable, Mapping
from typing import Any

# A type checker does not see this neighbour, which has no package around it.
_wrap = importlib.import_module("_mochi_wrap")

FFI_ERROR = 7
"""Mochi's panic code for a failed foreign call."""

_CONVERTERS: dict[str, Callable[[Any, str], Any]] = {
    "bool": _wrap.as_bool,
    "int": _wrap.as_int,
    "float": _wrap.as_float,
    "string": _wrap.as_string,
}
_values: dict[int, Any] = {}
_numbers = itertools.count(1)


class HandleError(LookupError):
    """A number is no handle: it was never given out, or it was released."""


def boundary(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make exceptions of `function` panics that a Mochi program can catch.

    The message starts with the name of the exception's class. Outside a Mochi program the
    exception passes as it is.
    """

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception as error:
            panic = _panic(error)
            if panic is error:
                raise
            raise panic from error

    return call


def _panic(error: Exception) -> Exception:
    try:
        runtime = importlib.import_module("mochi_runtime.except_")
    except ImportError:
        return error
    known: type[Exception] = runtime.MochiPanic
    if isinstance(error, known):
        return error
    return known(FFI_ERROR, f"{type(error).__qualname__}: {error}")


# --- the table --------------------------------------------------------------------------


def keep(value: Any) -> int:
    """Keep `value` and return its handle; None needs none and is 0."""
    if value is None:
        return 0
    number = next(_numbers)
    _values[number] = value
    return number


def take(handle: int) -> Any:
    """Return the value of `handle`. Raises `HandleError` where there is none."""
    if handle == 0:
        return None
    try:
        return _values[handle]
    except KeyError:
        raise HandleError(f"{handle} is not a handle in use") from None


def take_options(handle: int) -> Any:
    """Return the map of options of `handle`; 0 is an empty one."""
    return take(handle) if handle else {}


def release(handle: int) -> None:
    """Forget `handle`; the value lives on where it is used. Releasing twice is harmless."""
    _values.pop(handle, None)


def callback(
    function: Callable[..., Any], kept: tuple[bool, ...], taken: bool
) -> Callable[..., Any]:
    """Return `function` of Mochi for callers in Python.

    `kept` tells which parameters cross as handles, `taken` whether the result does.
    """

    def call(*arguments: Any) -> Any:
        pairs = zip(arguments, kept, strict=True)
        result = function(
            *[keep(value) if as_handle else value for value, as_handle in pairs]
        )
        return take(result) if taken else result

    return call


# --- access to kept values --------------------------------------------------------------


def is_none(handle: int) -> bool:
    """Tell whether `handle` stands for none."""
    return take(handle) is None


def tag(handle: int) -> str:
    """Return the name of the variant that `handle` holds: a case of an enum or of a union."""
    return type(take(handle)).__name__


def untag(handle: int) -> int:
    """Return the handle of the value inside a variant of a union."""
    return keep(take(handle).value)


def count(handle: int) -> int:
    """Return the number of items of a list, set or map."""
    return len(take(handle))


def get(handle: int, index: int) -> int:
    """Return the handle of item `index` of a list, from 0."""
    return keep(_item(handle, index))


def has(handle: int, key: str) -> bool:
    """Tell whether a map has `key`."""
    return key in take(handle)


def keys(handle: int) -> int:
    """Return the handle of a list of the keys of a map."""
    return keep(list(take(handle)))


def lookup(handle: int, key: str) -> int:
    """Return the handle of the value of `key` in a map."""
    return keep(take(handle)[key])


def new_list() -> int:
    """Return the handle of a new list."""
    return keep([])


def new_map() -> int:
    """Return the handle of a new map."""
    return keep({})


def push(handle: int, value: int) -> None:
    """Append the value of handle `value` to a list."""
    take(handle).append(take(value))


def put(handle: int, key: str, value: int) -> None:
    """Set `key` of a map to the value of handle `value`."""
    take(handle)[key] = take(value)


def to_scalar(kind: str) -> Callable[[int], Any]:
    """Make the function that returns the scalar of `kind` that a handle holds."""
    convert = _CONVERTERS[kind]
    return boundary(lambda handle: convert(take(handle), f"to_{kind}"))


def from_scalar(kind: str) -> Callable[[Any], int]:
    """Make the function that keeps a scalar of `kind`."""
    convert = _CONVERTERS[kind]
    return boundary(lambda value: keep(convert(value, f"from_{kind}")))


def get_scalar(kind: str) -> Callable[[int, int], Any]:
    """Make the function that returns an item of a list of scalars of `kind`."""
    convert = _CONVERTERS[kind]
    return boundary(lambda handle, index: convert(_item(handle, index), f"get_{kind}"))


def lookup_scalar(kind: str) -> Callable[[int, str], Any]:
    """Make the function that returns the value of a key in a map of scalars of `kind`."""
    convert = _CONVERTERS[kind]
    return boundary(lambda handle, key: convert(take(handle)[key], f"lookup_{kind}"))


def push_scalar(kind: str) -> Callable[[int, Any], None]:
    """Make the function that appends a scalar of `kind` to a list."""
    convert = _CONVERTERS[kind]
    return boundary(
        lambda handle, value: take(handle).append(convert(value, f"push_{kind}"))
    )


def put_scalar(kind: str) -> Callable[[int, str, Any], None]:
    """Make the function that sets a key of a map to a scalar of `kind`."""
    convert = _CONVERTERS[kind]

    def put_converted(handle: int, key: str, value: Any) -> None:
        take(handle)[key] = convert(value, f"put_{kind}")

    return boundary(put_converted)


def _item(handle: int, index: int) -> Any:
    value = take(handle)
    if isinstance(value, (str, Mapping)):
        raise _wrap.ConversionError("get", "a list", type(value).__name__)
    return value[index] if hasattr(value, "__getitem__") else list(value)[index]
