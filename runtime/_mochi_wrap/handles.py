"""Objects of Python that cross as themselves."""

from __future__ import annotations

from .failures import fail
from .modules import find_loaded
from .scalars import Converter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def handle_of(path: str, name: str) -> Converter:
    """Make the converter of a handle: the object itself, checked to be of the class at `path`.

    The class is looked up among the loaded modules. One that is not found there, that is a
    protocol, or that only type checkers know the instances of (`typing.IO`), is not checked.
    A class that looks like an enum may have members of another class.
    """
    # Nothing is an instance of no class, so the first value goes the long way.
    cls: Any = ()

    def as_handle(value: Any, where: str) -> Any:
        return value if isinstance(value, cls) else look(value, where)

    def look(value: Any, where: str) -> Any:
        nonlocal cls
        if not isinstance(cls, type):
            found = find_loaded(path)
            if not _is_checkable(found):
                return value
            cls = found
        if not isinstance(value, cls) and not _is_named_by(cls, value):
            fail(where, name, value)
        return value

    return as_handle


def _is_named_by(cls: type, value: Any) -> bool:
    return type(value).__module__ != "builtins" and any(
        member is value for member in vars(cls).values()
    )


def _is_checkable(cls: Any) -> bool:
    return (
        isinstance(cls, type)
        and cls.__module__ != "typing"
        and not getattr(cls, "_is_protocol", False)
    )


def cast_down(value: Any, cls: Any, where: str) -> Any:
    """Return `value`, which must be an instance of `cls`."""
    if _is_checkable(cls) and not isinstance(value, cls):
        fail(f"{where}: parameter value", cls.__qualname__, value)
    return value


def having(method: str, name: str) -> Converter:
    """Make the converter of a handle whose values are known by a special method."""

    def as_handle(value: Any, where: str) -> Any:
        return value if hasattr(type(value), method) else fail(where, name, value)

    return as_handle


def run_with(manager: Any, body: Any) -> Any:
    """Return what `body` makes of the value of `manager`, which is left whatever happens.

    None where the manager swallows an error of the body.
    """
    with manager as value:
        return body(value)
