"""Names that no earlier name of the same scope has."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import final

from ..ir.diagnostics import InternalError
from ..ir.keywords import mochi_name
from .literals import is_python_name, python_string


@final
class Names:
    """The names taken in one scope."""

    __slots__ = ("_numbers", "_taken")

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._numbers: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._taken

    def fresh(self, wanted: str) -> str:
        """Take `wanted`, or the first of `wanted_`, `wanted_2`, `wanted_3`, … that is free."""
        name = wanted if wanted not in self._taken else f"{wanted}_"
        while name in self._taken:
            number = self._numbers[wanted] = self._numbers.get(wanted, 1) + 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        return name

    def fresh_mochi(self, wanted: str) -> str:
        """Take a name that Mochi can declare, made from `wanted`."""
        name = mochi_name(wanted)
        while name in self._taken:
            # A `_` behind a digit would be a syntax error, so the digits are spelled first.
            name = mochi_name(f"{name}_")
        self._taken.add(name)
        return name


def exported(name: str | None, path: str) -> str:
    """Return the name that assign-names gave to the item at `path`.

    Raises InternalError where there is none, or where it is no Python name: a wrapper
    writes it as one, and nothing else may come through here.
    """
    if name is None or not is_python_name(name):
        raise InternalError(f"assign-names left {path!r} with the name {name!r}")
    return name


@lru_cache(maxsize=4096)
def python_parameter(name: str) -> str:
    """Return a Python parameter name like `name`, which does not start with `_`.

    Names with an underscore belong to the wrapper module itself.
    """
    for candidate in (name.lstrip("_"), mochi_name(name).lstrip("_")):
        if is_python_name(candidate):
            return candidate
    return "argument"


def attribute(owner: str, name: str) -> str:
    """Return the expression for attribute `name` of `owner`."""
    return f"{owner}.{name}" if is_python_name(name) else f"getattr({owner}, {python_string(name)})"


def nested_attribute(owner: str, path: str) -> str:
    """Return the expression for what stands at the dotted `path` below `owner`."""
    for name in path.split("."):
        owner = attribute(owner, name)
    return owner
