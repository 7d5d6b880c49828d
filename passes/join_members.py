"""The members of a union as Mochi has them: what others say too is left out.

list<int> | list<float>            =>  list<float>
@m.Derived | @m.Base               =>  @m.Base
float | @numpy.float64 | string    =>  float | string
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import final

from attrs import field, frozen

from ..ir.items import Class, ClassKind, Item
from ..ir.types import FLOAT, NONE, BridgeType, ListOf, MapOf, Ref, SetOf, UnionOf
from .desugar_options import option_of
from .scalar_classes import absorb_scalars, scalar_values
from .unions import union_of

_COMPLEX = Ref("builtins.complex")


@final
@frozen
class MemberJoiner:
    """Joins legal types. `known` are the items of the package by path; `inward` says that values flow in."""

    known: Mapping[str, Item]
    inward: bool
    _above: dict[str, frozenset[str]] = field(init=False, factory=dict)

    def join(self, members: Iterable[BridgeType]) -> BridgeType:
        """Return these legal types as one: without what others say too, in normal form."""
        union = union_of(members)
        if not isinstance(union, UnionOf):
            return union
        flat = union.members
        if NONE in flat:
            return option_of(self.join(member for member in flat if member is not NONE))
        if self.inward:
            # `complex` means `float | complex` to type checkers (PEP 484, the numeric tower).
            wider = (*flat, FLOAT) if _COMPLEX in flat else flat
            parts = absorb_scalars(dict.fromkeys(_open(union_of(wider))))
        else:
            parts = scalar_values(flat)
        return union_of(self._without_subclasses(self._join_containers(parts)))

    def _join_containers(self, members: list[BridgeType]) -> list[BridgeType]:
        """Return `members` with containers of one shape as one where their elements are one type."""
        joined: list[BridgeType] = []
        for member in members:
            for index, other in enumerate(joined):
                both = self._join_pair(other, member)
                if both is not None:
                    joined[index] = both
                    break
            else:
                joined.append(member)
        return joined

    def _join_pair(self, a: BridgeType, b: BridgeType) -> BridgeType | None:
        match a, b:
            case (ListOf(one), ListOf(other)) | (SetOf(one), SetOf(other)):
                element = self.join((one, other))
                if not _is_one(element, one, other):
                    return None
                return ListOf(element) if isinstance(a, ListOf) else SetOf(element)
            case MapOf(key, one), MapOf(other_key, other) if key == other_key:
                element = self.join((one, other))
                return MapOf(key, element) if _is_one(element, one, other) else None
            case _:
                return None

    def _without_subclasses(self, members: list[BridgeType]) -> list[BridgeType]:
        """Return `members` without classes that have a base class among them: it says no less."""
        refs = [member for member in members if isinstance(member, Ref)]
        if len(refs) < 2:
            return members
        return [
            member
            for member in members
            if not isinstance(member, Ref)
            or not any(other.path in self._classes_above(member.path) and other != member for other in refs)
        ]

    def _classes_above(self, path: str) -> frozenset[str]:
        """Return the paths of the class at `path` and of those that it inherits from."""
        known = self._above.get(path)
        if known is None:
            pending, seen = [path], {path}
            while pending:
                item = self.known.get(pending.pop())
                if isinstance(item, Class) and item.kind is not ClassKind.RECORD:
                    parents = [parent.path for parent in item.bases if isinstance(parent, Ref)]
                    pending += [parent for parent in parents if parent not in seen]
                    seen.update(parents)
            known = self._above[path] = frozenset(seen)
        return known


def _open(ty: BridgeType) -> tuple[BridgeType, ...]:
    return ty.members if isinstance(ty, UnionOf) else (ty,)


def _is_one(joined: BridgeType, one: BridgeType, other: BridgeType) -> bool:
    return not isinstance(joined, UnionOf) or joined in (one, other)
