"""Names that no earlier name of the same scope has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import final

from ..ir.diagnostics import InternalError
from ..ir.keywords import mochi_name
from .literals import is_python_name, python_string


@final
class Names:
    """The names taken in one scope."""

    __slots__ = ("_numbers", "_reserved", "_taken")

    def __init__(self, taken: Iterable[str] = ()) -> None:
        # A frozen set is not copied: each part of a large wrapper has a scope with the names of all parts.
        self._reserved = taken if isinstance(taken, frozenset) else frozenset[str]()
        self._taken = set[str]() if isinstance(taken, frozenset) else set(taken)
        self._numbers: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._taken or name in self._reserved

    def fresh(self, wanted: str) -> str:
        """Take `wanted`, or the first of `wanted_`, `wanted_2`, `wanted_3`, … that is free."""
        taken, reserved = self._taken, self._reserved
        name = f"{wanted}_" if wanted in taken or wanted in reserved else wanted
        while name in taken or name in reserved:
            number = self._numbers[wanted] = self._numbers.get(wanted, 1) + 1
            name = f"{wanted}_{number}"
        taken.add(name)
        return name

    def fresh_mochi(self, wanted: str) -> str:
        """Take a name that Mochi can declare, made from `wanted`."""
        name = mochi_name(wanted)
        while name in self:
            # A `_` behind a digit would be a syntax error, so the digits are spelled first.
            name = mochi_name(f"{name}_")
        self._taken.add(name)
        return name


def make_distinct(wanted: list[str], taken: Sequence[str] = ()) -> list[str]:
    """Return `wanted` with each name as `Names.fresh` gives it behind `taken` and those before it."""
    if len({*taken, *wanted}) == len(taken) + len(wanted):
        return wanted
    names = Names(taken)
    return [names.fresh(each) for each in wanted]


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
