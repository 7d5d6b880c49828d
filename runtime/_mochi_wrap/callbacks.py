"""Functions of Mochi for callers in Python."""

from __future__ import annotations

import operator
from collections.abc import Callable

from .failures import ConversionError, fail, inside
from .scalars import Converter, as_any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CO_COROUTINE = 0x80
"""`inspect.CO_COROUTINE`, without the time that importing inspect takes."""


def function_of(
    parameters: tuple[Converter, ...] | None, result: Converter, name: str = "fun"
) -> Converter:
    """Make the converter of a function: `parameters` lead inward, `result` comes back.

    With `as_any` everywhere the function itself is handed on. Without `parameters` it takes any.
    """
    plain = result is as_any and all(p is as_any for p in parameters or ())

    def give_back(value: Any, where: str) -> Any:
        try:
            return result(value, where)
        except ConversionError as error:
            inside(error, where, ", its result")
            raise

    def as_function(value: Any, where: str) -> Any:
        if not callable(value):
            fail(where, name, value)
        if plain or (is_coroutine_function(value) and not waits(result)):
            return value
        if parameters is None:

            def call_with_any(*places: Any, **named: Any) -> Any:
                return give_back(value(*places, **named), where)

            return named_like(value, call_with_any)

        def call(*places: Any, **named: Any) -> Any:
            # Mochi's functions have no keywords; Python gives its own in their order.
            arguments = (*places, *named.values()) if named else places
            if len(arguments) != len(parameters):
                raise ConversionError(
                    where, f"a call of {name}", f"one with {len(arguments)} arguments"
                )
            rest = iter(arguments)
            try:
                pairs = zip(parameters, rest, strict=True)
                converted = [convert(argument, where) for convert, argument in pairs]
            except ConversionError as error:
                number = len(arguments) - operator.length_hint(rest)
                inside(error, where, f", argument {number}")
                raise
            return give_back(value(*converted), where)

        return named_like(value, call)

    return as_function


def is_coroutine_function(function: Any) -> bool:
    """Tell an `async def` of Python's own, which is handed on as it is, from a function of Mochi.

    So is an object that is called by such a method, as applications of web frameworks are.
    """
    code = getattr(function, "__code__", None)
    if code is None:
        code = getattr(type(function).__call__, "__code__", None)
    return bool(getattr(code, "co_flags", 0) & _CO_COROUTINE)


def waits(convert: Converter) -> bool:
    """Tell whether `convert` was made by `awaited`: then a coroutine function comes out of Python."""
    return getattr(convert, "__qualname__", "") == "awaited.<locals>.wait"


def named_like(function: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    """Give `call` the name and signature of `function`: packages register functions by them."""
    import functools  # no small module, and wrappers without callbacks need none of it

    return functools.update_wrapper(call, function)
