"""The order in which Python looks a member up: the classes of the package among a class's bases.

Also which methods of its bases a method replaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, final

from attrs import define, field

from ..ir.items import Class, Function
from ..ir.types import BridgeType, Ref
from .names import Names
from .substitution import match_arguments

Overridden: TypeAlias = tuple[Class, Function, Mapping[str, BridgeType]]
"""A method that another one replaces: its class, and what its class's type parameters stand for there."""


@final
@define(eq=False)
class ResolutionOrders:
    """Method resolution orders, each computed once."""

    names: Names
    _known: dict[str, tuple[Class, ...]] = field(factory=dict)
    _methods: dict[int, Mapping[str, Function]] = field(factory=dict)
    _overridden: dict[tuple[int, int], Sequence[Overridden]] = field(factory=dict)

    def find(self, cls: Class) -> tuple[Class, ...]:
        """Return the classes of the package in method resolution order, `cls` first."""
        if cls.path not in self._known:
            self._known[cls.path] = (cls,)  # a class that is its own base has no further order
            bases = [
                base
                for ref in cls.bases
                if isinstance(ref, Ref) and (base := self.names.find_class(ref.path)) is not None
            ]
            self._known[cls.path] = (cls, *self._order_bases(bases))
        return self._known[cls.path]

    def _order_bases(self, bases: list[Class]) -> Iterable[Class]:
        if len(bases) > 1:
            return _merge([*(list(self.find(base)) for base in bases), bases])
        # There is nothing to merge; only a class among its own bases stands there twice.
        return {each.path: each for base in bases for each in self.find(base)}.values()

    def find_overridden(self, function: Function, owner: Class | None) -> Sequence[Overridden]:
        """Return the methods of base classes that a method replaces, nearest first."""
        name = function.name
        if owner is None or name in ("__init__", "__new__", "__init_subclass__"):
            return ()
        if name.startswith("__") and not name.endswith("__"):
            return ()
        # Every parameter asks. The package holds both, so that nothing else gets their ids.
        key = (id(function), id(owner))
        if key not in self._overridden:
            self._overridden[key] = list(self._replaced(function, owner))
        return self._overridden[key]

    def _replaced(self, function: Function, owner: Class) -> Iterator[Overridden]:
        for base in self.find(owner)[1:]:
            method = self._methods_of(base).get(function.name)
            if method is not None and method.binding is function.binding:
                ref = next((b for b in owner.bases if isinstance(b, Ref) and b.path == base.path), None)
                types = match_arguments(base.type_params, ref.arguments) if ref and ref.arguments else {}
                yield base, method, types

    def _methods_of(self, cls: Class) -> Mapping[str, Function]:
        known = self._methods.get(id(cls))
        if known is None:
            # Where two have one name, the first is meant.
            known = self._methods[id(cls)] = {each.name: each for each in reversed(cls.methods)}
        return known


def _merge(lines: list[list[Class]]) -> list[Class]:
    """Merge linearisations (C3, as `type.mro` does); where they contradict each other, first come first."""
    merged: list[Class] = []
    lines = [line for line in lines if line]
    while lines:
        tails = {cls.path for line in lines for cls in line[1:]}
        head = next((line[0] for line in lines if line[0].path not in tails), lines[0][0])
        merged.append(head)
        lines = [rest for line in lines if (rest := [cls for cls in line if cls.path != head.path])]
    return merged
