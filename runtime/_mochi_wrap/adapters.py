"""Objects of Python classes whose methods are functions of Mochi."""

from __future__ import annotations

from collections.abc import Callable

from .callbacks import is_coroutine_function

TYPE_CHECKING = False
if TYPE_CHECKING:
    import inspect
    from typing import Any


def implement(cls: Any, /, **members: Any) -> Any:
    """Return an instance of a class made for it: of `cls`, with `members`.

    Functions become methods, which give them all parameters of the method that they implement, with
    the defaults where Python leaves them out. What is no method becomes an attribute.
    """
    body = {name: _make_member(cls, name, value) for name, value in members.items()}
    body["__module__"] = cls.__module__
    return type(cls)(cls.__name__, (cls,), body)()


def _make_member(cls: Any, name: str, value: Any) -> Any:
    import inspect  # slow to import

    declared = inspect.getattr_static(cls, name, None)
    if not inspect.isfunction(declared):
        # A method that only stubs know, or one in C: the function takes no `self` there either.
        return staticmethod(value) if hasattr(type(value), "__get__") else value
    signature = inspect.signature(declared)
    parameters = list(signature.parameters.values())[1:]
    plain = all(each.kind is each.POSITIONAL_OR_KEYWORD for each in parameters)
    return _method(value, signature, len(parameters) if plain else -1)


def _method(
    function: Any, signature: inspect.Signature, plain: int
) -> Callable[..., Any]:
    """Return the method that calls `function`; `plain` places need no look at the signature."""
    gathered = next(
        (n for n, p in signature.parameters.items() if p.kind is p.VAR_POSITIONAL), None
    )

    def find(this: Any, places: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if len(places) == plain and not named:
            return places
        bound = signature.bind(this, *places, **named)
        bound.apply_defaults()
        given = dict(bound.arguments)
        if gathered is not None:
            given[gathered] = list(given[gathered])
        return tuple(given.values())[1:]

    def call(this: Any, *places: Any, **named: Any) -> Any:
        return function(*find(this, places, named))

    async def wait(this: Any, *places: Any, **named: Any) -> Any:
        return await function(*find(this, places, named))

    return wait if is_coroutine_function(function) else call
