"""Conversion that fails, and the two other errors that wrappers raise themselves."""

from __future__ import annotations

from typing import NoReturn


class ConversionError(TypeError):
    """A value does not have the declared type. `expected` and `actual` are type names."""

    def __init__(self, where: str, expected: str, actual: str) -> None:
        super().__init__(f"{where}: expected {expected}, got {actual}")
        self.where = where
        self.expected = expected
        self.actual = actual


class OptionError(TypeError):
    """An option of a `…_with` call is unknown, or cannot be given without another one."""


class LoopError(RuntimeError):
    """An asynchronous function was called from inside a running event loop."""


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
    raise ConversionError(where, expected, type_name(value))


def inside(
    error: ConversionError, where: str, expected: str, value: object
) -> NoReturn:
    """Raise anew what went wrong with a part of `value`."""
    if error.where != where:
        raise error
    part = f"{type_name(value)} with {error.actual} in place of {error.expected}"
    raise ConversionError(where, expected, part) from None
