"""Which classes cross by value as records and variants, and what the far side makes of them."""

from __future__ import annotations

import enum
import functools
import sys
from collections.abc import Callable, Mapping
from typing import Any

from .modules import find_loaded


class Record:
    """A record from the far side: fields are attributes, the class is named as Mochi names it."""

    __slots__ = ()
    __match_args__: tuple[str, ...] = ()

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"field {name!r} of a record does not change")

    def _values(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self.__match_args__])

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Record)
            and type(self).__name__ == type(other).__name__
            and self.__match_args__ == other.__match_args__
            and self._values() == other._values()
        )

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._values()))

    def __repr__(self) -> str:
        pairs = zip(self.__match_args__, self._values(), strict=True)
        fields = ", ".join(f"{name}={value!r}" for name, value in pairs)
        return f"{type(self).__name__}({fields})"


class Variant(Record):
    """A case of a variant from the far side."""

    __slots__ = ()


def make_record(name: str, fields: Mapping[str, Any], variant: bool = False) -> Record:
    """Return a record, or a case of a variant, of a class made for its name and fields."""
    record = _make_class(name, tuple(fields), variant)()
    for field, value in fields.items():
        object.__setattr__(record, field, value)
    return record


@functools.lru_cache(4096)
def _make_class(name: str, fields: tuple[str, ...], variant: bool) -> type[Record]:
    reserved = [each for each in fields if each.startswith("__") or each == "_values"]
    if not name.isidentifier() or reserved:
        raise ValueError(f"no record is called {name!r} with fields {fields}")
    base = Variant if variant else Record
    body = {"__slots__": fields, "__match_args__": fields, "__module__": __name__}
    return type(name, (base,), body)


# --- classes of this side ---------------------------------------------------------------


def _remember(answer: Callable[[type], bool]) -> Callable[[type], bool]:
    return functools.lru_cache(4096)(answer)


@_remember
def is_record_class(cls: type) -> bool:
    """Tell whether a wrapper declares `cls`, as a record or a case of a variant."""
    module = sys.modules.get(cls.__module__)
    return is_wrapper(module) and getattr(module, cls.__name__, None) is cls


@_remember
def is_variant_class(cls: type) -> bool:
    """Tell whether `cls`, which a wrapper declares, is a case of a variant."""
    if issubclass(cls, Record):
        return issubclass(cls, Variant)
    if not hasattr(cls, "__match_args__"):
        return True
    names = vars(sys.modules[cls.__module__]).values()
    unions = [each for each in names if type(each).__name__ == "UnionType"]
    return any(cls in each.__args__ for each in unions)


@_remember
def is_handle_class(cls: type) -> bool:
    """Tell whether values of `cls` are handles, although they are strings, lists or the like.

    Numbers of other classes, as numpy has them, are numbers: the other side calculates with them.
    """
    if issubclass(cls, enum.Enum):
        return True
    if issubclass(cls, (int, float)):
        return False
    # A class and its base may share a name, as those of named tuples do.
    bases = [base for base in cls.__mro__ if base.__module__ != "builtins"]
    names = {base.__name__ for base in bases}
    for module in list(sys.modules.values()):
        if not is_wrapper(module):
            continue
        for path in getattr(module, "_handle_types", {}).values():
            if path.rpartition(".")[2] in names and find_loaded(path) in bases:
                return True
    return False


def is_wrapper(module: object) -> bool:
    """Tell whether `module` was written by this tool for a package."""
    runtime = sys.modules[__package__ or __name__]
    return module is not None and vars(module).get("_mochi") is runtime
