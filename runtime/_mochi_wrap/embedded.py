"""Python's side of a host program that has the interpreter in its own process: see `mochi_py.h`.

The C library calls these functions; scalars, lists, sets and maps it converts by itself.
"""

from __future__ import annotations

import importlib
import operator
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from .errors import describe_error, format_error
from .far_side import CallbackError
from .wire import SIMPLE_BASES, _decimal, _read_int, simplify
from .wire_types import (
    Record,
    is_handle_class,
    is_record_class,
    is_variant_class,
    make_record,
)

__all__ = [
    "PLANS",
    "HostFunction",
    "apply",
    "boot",
    "callback_error",
    "describe",
    "make_record",
    "plan_of",
    "read_int",
    "resolve",
    "step",
    "stop",
    "write_int",
]

RECORD, VARIANT, CALLBACK = 11, 12, 14
"""The tags of `mochi_py.h`."""

Plan = tuple[int, str, tuple[str, ...]] | Callable[[Any], Any] | None
PLANS: dict[type, Plan] = {}
"""How the values of a class cross; what `plan_of` found."""


class HostFunction:
    """Stands for function `id` of the host: there it becomes one that can be called."""

    __slots__ = ("id",)

    def __init__(self, id: int) -> None:
        self.id = id


class _Last(threading.local):
    """What `describe` and `callback_error` have to do with in this thread."""

    keeps = False
    """Whether the error is kept, for who asks for it at once."""
    error: BaseException | None = None
    number = 0
    """Under which the other side keeps the error of a function of its own."""


last = _Last()


def callback_error(message: str) -> CallbackError:
    """Return what is raised where a function of the host fails."""
    number, last.number = last.number, 0
    return CallbackError(message, number)


def boot(venv: str) -> None:
    """Prepare a fresh interpreter for an environment.

    What it prints is seen when a line ends, for it may never be finalized.
    """
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(line_buffering=True)
    if os.path.realpath(sys.prefix) != os.path.realpath(venv):
        # The host has started Python by itself, for no environment or another one.
        import site
        import sysconfig

        names = {"base": venv, "platbase": venv}
        site.addsitedir(sysconfig.get_path("purelib", "venv", vars=names))


def stop() -> None:
    """Run what is registered to run at exit, and write out what is buffered."""
    import atexit

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def resolve(module: str, name: str) -> Any:
    """Return what is called `name` in a module; `name` may have dots."""
    return operator.attrgetter(name)(importlib.import_module(module))


def apply(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call what a function has returned as a function."""
    return function(*arguments)


def step(stream: Any) -> list[Any]:
    """Return a list with the next value of a stream, or an empty one at its end."""
    for value in stream:
        return [value]
    return []


def write_int(value: int) -> str:
    """Return the decimal digits of an integer of any size."""
    return str(value) if value.bit_length() < 2000 else _decimal(value)


def read_int(digits: str) -> int:
    """Return the integer with these digits."""
    return _read_int(digits)


def plan_of(cls: type) -> Plan:
    """Return how values of `cls` cross, and keep it.

    None: as a handle. A tuple: field by field, as a record or variant of that name. A function:
    as what it returns, or as a handle where it returns the value itself.
    """
    plan: Plan = None
    if issubclass(cls, Record) or is_record_class(cls):
        tag = VARIANT if is_variant_class(cls) else RECORD
        plan = (tag, cls.__name__, tuple(getattr(cls, "__match_args__", ())))
    elif cls is HostFunction:
        plan = (CALLBACK, "", ("id",))
    elif issubclass(cls, (bytearray, memoryview)) and not is_handle_class(cls):
        plan = bytes
    elif issubclass(cls, SIMPLE_BASES) or hasattr(cls, "__array_interface__"):
        plan = None if is_handle_class(cls) else simplify
    # Never replaced: another thread may have it without a reference.
    return PLANS.setdefault(cls, plan)


def describe(error: BaseException) -> tuple[str, str, str, list[str]]:
    """Return the type of `error`, its message, its text with the trace, and its classes."""
    if last.keeps:
        last.error = error
    info = describe_error(error)
    return info.type, info.message, format_error(info), list(info.classes)
