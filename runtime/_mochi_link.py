"""Handles for linked programs: numbers on Mochi's side, Python values in a table on this one.

Mochi's Python back end passes only scalars through an extern. The sidecar of a linked program
keeps every other value here under a number and gives Mochi the number. 0 stands for none.
This file is copied beside the wrappers; it needs `_mochi_wrap` and the standard library.
Everything here may be called from any thread.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import site
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

# A type checker does not see this neighbour, which has no package around it.
_wrap = importlib.import_module("_mochi_wrap")

FFI_ERROR = 7
"""Mochi's panic code for a failed foreign call that has no code of its own."""

PANIC_CODES: tuple[tuple[type[Exception], int], ...] = (
    (ConnectionError, 1),
    (TimeoutError, 1),
    (SyntaxError, 2),
    (UnicodeError, 2),
    (TypeError, 3),
    (LookupError, 4),
    (ZeroDivisionError, 5),
    (OverflowError, 6),
    (AssertionError, 9),
)
"""The codes of Mochi's own panics, by what Python raises for the same: fetch, parse, type, index, division
by zero, overflow, assert. The first that fits counts."""

_CONVERTERS: dict[str, Callable[[Any, str], Any]] = {
    "bool": _wrap.as_bool,
    "int": _wrap.as_int,
    "float": _wrap.as_float,
    "string": _wrap.as_string,
}
_values: dict[int, Any] = {}
_lock = threading.Lock()
# Far from the numbers that programs count with: an int that was never kept is no handle.
_FIRST = 1 << 32
_last_number = _FIRST
_failures = threading.local()


class HandleError(LookupError):
    """A number is no handle: it was never given out, or it was released."""


def use_environment(workspace: str) -> None:
    """Make what is installed in `.venv` of `workspace` importable, where it fits this Python.

    Mochi runs a program with the Python it finds, which knows nothing of that folder.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if getattr(sys, "abiflags", "").startswith("t"):
        version += "t"
    for parts in (("lib", version, "site-packages"), ("Lib", "site-packages")):
        folder = os.path.join(workspace, ".venv", *parts)
        if os.path.isdir(folder) and folder not in sys.path:
            site.addsitedir(folder)
            return


use_environment(os.path.dirname(os.path.abspath(__file__)))


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
            _failures.last = error
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
    codes = (code for kind, code in PANIC_CODES if isinstance(error, kind))
    return known(next(codes, FFI_ERROR), _describe(error))


# --- the table --------------------------------------------------------------------------


def keep(value: Any) -> int:
    """Keep `value` and return its handle; None needs none and is 0."""
    global _last_number
    if value is None:
        return 0
    with _lock:
        _last_number += 1
        _values[_last_number] = value
        return _last_number


def take(handle: int) -> Any:
    """Return the value of `handle`. Raises `HandleError` where there is none."""
    if handle == 0:
        return None
    try:
        return _values[handle]
    except KeyError:
        released = _FIRST < handle <= _last_number
        what = (
            "has been released"
            if released
            else "is not a handle: value_from_int makes one of an int"
        )
        raise HandleError(f"{handle} {what}") from None


def take_options(handle: int) -> Any:
    """Return the map of options of `handle`; 0 is an empty one."""
    return take(handle) if handle else {}


def release(handle: int) -> None:
    """Forget `handle`; the value lives on where it is used. Raises `HandleError` the second time."""
    if handle and _values.pop(handle, None) is None:
        take(handle)


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


def last_error() -> str:
    """Return what the last call that failed in this thread said, or an empty text.

    Mochi's `catch` binds no more than the code of a panic.
    """
    error = getattr(_failures, "last", None)
    return "" if error is None else _describe(error)


def _describe(error: BaseException) -> str:
    return f"{type(error).__qualname__}: {error}"


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


def is_case(handle: int, case: type) -> bool:
    """Tell whether `handle` holds the variant `case`."""
    return isinstance(take(handle), case)


def take_case(handle: int, case: type) -> Any:
    """Return the value inside the variant `case` that `handle` holds."""
    value = take(handle)
    if isinstance(value, case):
        return value.value  # type: ignore[attr-defined]
    name = case.__name__
    raise _wrap.ConversionError(
        f"{name}_value: parameter handle", name, _wrap.type_name(value)
    )


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


def lookup_at(handle: int, key: int) -> int:
    """Return the handle of the value of the key that handle `key` holds."""
    return keep(take(handle)[take(key)])


def text(handle: int) -> str:
    """Return the value of a handle as Python prints it."""
    return str(take(handle))


def from_json(content: str) -> int:
    """Return the handle of the value that a JSON text describes."""
    return keep(json.loads(content))


def to_json(handle: int) -> str:
    """Return a value of scalars, lists and string maps as JSON text."""
    return json.dumps(take(handle), ensure_ascii=False, default=_as_plain)


def _as_plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"a value of class {type(value).__name__} has no JSON form")


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
    return boundary(
        lambda handle: convert(take(handle), f"value_to_{kind}: parameter handle")
    )


def from_scalar(kind: str) -> Callable[[Any], int]:
    """Make the function that keeps a scalar of `kind`."""
    convert = _CONVERTERS[kind]
    return boundary(
        lambda value: keep(convert(value, f"value_from_{kind}: parameter value"))
    )


def get_scalar(kind: str) -> Callable[[int, int], Any]:
    """Make the function that returns an item of a list of scalars of `kind`."""
    convert = _CONVERTERS[kind]
    return boundary(
        lambda handle, index: convert(_item(handle, index), f"value_get_{kind}")
    )


def lookup_scalar(kind: str) -> Callable[[int, str], Any]:
    """Make the function that returns the value of a key in a map of scalars of `kind`."""
    convert = _CONVERTERS[kind]
    return boundary(
        lambda handle, key: convert(take(handle)[key], f"value_lookup_{kind}")
    )


def push_scalar(kind: str) -> Callable[[int, Any], None]:
    """Make the function that appends a scalar of `kind` to a list."""
    convert = _CONVERTERS[kind]
    return boundary(
        lambda handle, value: take(handle).append(
            convert(value, f"value_push_{kind}: parameter value")
        )
    )


def put_scalar(kind: str) -> Callable[[int, str, Any], None]:
    """Make the function that sets a key of a map to a scalar of `kind`."""
    convert = _CONVERTERS[kind]

    def put_converted(handle: int, key: str, value: Any) -> None:
        take(handle)[key] = convert(value, f"value_put_{kind}: parameter value")

    return boundary(put_converted)


def _item(handle: int, index: int) -> Any:
    value = take(handle)
    if isinstance(value, (str, Mapping)):
        _wrap.fail("value_get: parameter handle", "a list", value)
    return value[index] if hasattr(value, "__getitem__") else list(value)[index]
