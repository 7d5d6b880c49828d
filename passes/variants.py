"""Closed unions as sum types: whether their members can be told apart, and what they are called."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import final

from attrs import define, field

from ..ir.items import Alias, Class, ClassKind, Info, Item, Variant, VariantCase
from ..ir.text import format_type
from ..ir.types import (
    ANY,
    BOOL,
    BYTES,
    FLOAT,
    INT,
    STRING,
    BridgeType,
    FunOf,
    ListOf,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    SetOf,
    UnionOf,
)
from .forms import PROTOCOL, TYPED_DICT
from .generated_types import ENTRY_MODULE, TUPLE_MODULE, type_name

UNION_MODULE = "mochi.union"
MOST_CASES = 8
"""A union of more members is `any`: nobody would match on it."""

_LONGEST_NAME = 48
_COUNTS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight")
# The order in which a value is tried: what is a sort of something else goes before it.
_SCALARS = (BOOL, INT, FLOAT, STRING, BYTES)
_CHECKABLE = "typing.runtime_checkable"


@final
@define
class Variants:
    """The sum types of one package by path; equal sets of members share one.

    `classes` are the classes of the package by path. A sum type is `mochi.union.<A>Or<B>` with the
    cases `A` and `B`, whose names follow from the members alone, or has the path of the alias of them.
    """

    classes: Mapping[str, Item]
    _made: dict[str, Variant] = field(factory=dict)
    _aliases: dict[tuple[BridgeType, ...], Alias] = field(factory=dict)

    def items(self) -> tuple[Variant, ...]:
        """Return the sum types that were made, in order of path."""
        return tuple(self._made[path] for path in sorted(self._made))

    def name(self, alias: Alias, members: Iterable[BridgeType]) -> None:
        """Call the sum type of these legal members by `alias`, unless it has a name already."""
        self._aliases.setdefault(tuple(sorted(members, key=self._place)), alias)

    def close(self, members: Iterable[BridgeType]) -> Ref | None:
        """Return the sum type of these legal members, or None where a value would not show which it is."""
        ordered = sorted(members, key=self._place)
        if len(ordered) > MOST_CASES or not self._distinct(ordered):
            return None
        names = _case_names(ordered)
        alias = self._aliases.get(tuple(ordered))
        if alias is not None:
            cases = tuple(map(VariantCase, names, ordered))
            info = Info(alias.info.span, alias.info.tier, alias.info.doc)
            self._made.setdefault(alias.path, Variant(alias.name, alias.path, cases, info))
            return Ref(alias.path)
        stem = "Or".join(names)
        if len(stem) > _LONGEST_NAME:
            stem = _hashed(f"OneOf{_COUNTS[len(names)]}", ordered)
        cases = tuple(map(VariantCase, names, ordered))
        known = self._made.get(f"{UNION_MODULE}.{stem}") or self.classes.get(f"{UNION_MODULE}.{stem}")
        if known is not None and not _has_cases(known, cases):
            # Two classes of one name in different modules: the members tell the unions apart.
            stem = _hashed(stem, ordered)
        path = f"{UNION_MODULE}.{stem}"
        self._made.setdefault(path, Variant(stem, path, cases))
        return Ref(path)

    # --- order --------------------------------------------------------------------------

    def _place(self, ty: BridgeType) -> tuple[int, str, str]:
        return self._rank(ty), type_name(ty), format_type(ty)

    def _rank(self, ty: BridgeType) -> int:
        match ty:
            case Ref(path):
                item = self.classes.get(path)
                if path.startswith(f"{TUPLE_MODULE}."):
                    return 3
                if self._is_typed_dict(item):
                    return 4
                return 2 if isinstance(item, Class) and item.kind is ClassKind.RECORD else 1
            case Scalar() if ty in _SCALARS:
                return 5 + _SCALARS.index(ty)
            case FunOf():
                return 10
            case SetOf():
                return 11
            case MapOf():
                return 12
            case ListOf():
                return 13
            case _:
                return 14

    # --- distinction --------------------------------------------------------------------

    def _distinct(self, members: list[BridgeType]) -> bool:
        return all(self._differ(a, b) for a, b in combinations(members, 2))

    def _differ(self, a: BridgeType, b: BridgeType) -> bool:
        """Whether a value shows which of two types it is of."""
        if ANY in (a, b) or (isinstance(a, OptionOf) and isinstance(b, OptionOf)):
            return False
        for one, other in ((a, b), (b, a)):
            parts = self._alternatives(one)
            if parts:
                return all(self._differ(part, other) for part in parts)
        match a, b:
            case Ref(), Ref():
                return self._classes_differ(a, b)
            case (ListOf(one), ListOf(other)) | (SetOf(one), SetOf(other)):
                return self._lists_differ(one, other)
            case MapOf(key, value), MapOf(other_key, other_value):
                return self._differ(key, other_key) or self._differ(value, other_value)
            case FunOf(), FunOf():
                return False
            case Scalar(), Scalar():
                return a != b and {a, b} != {INT, FLOAT}
            case (ListOf(Ref(path)), MapOf()) | (MapOf(), ListOf(Ref(path))):
                return not path.startswith(f"{ENTRY_MODULE}.")
            case _:
                return True

    def _alternatives(self, ty: BridgeType) -> tuple[BridgeType, ...]:
        """Return the types of which `ty` is one or another."""
        match ty:
            case UnionOf(members):
                return members
            case OptionOf(inner):
                return (inner,)
            case Ref(path):
                known = self._find(path)
                return tuple(case.type for case in known.cases) if isinstance(known, Variant) else ()
            case _:
                return ()

    def _lists_differ(self, one: BridgeType, other: BridgeType) -> bool:
        entries = [isinstance(ty, Ref) and ty.path.startswith(f"{ENTRY_MODULE}.") for ty in (one, other)]
        return not any(entries) and self._differ(one, other) if entries[0] == entries[1] else True

    def _classes_differ(self, a: Ref, b: Ref) -> bool:
        one, other = self._find(a.path), self._find(b.path)
        if a.path == b.path:
            return False
        tuples = [path.startswith(f"{TUPLE_MODULE}.") for path in (a.path, b.path)]
        if all(tuples) and isinstance(one, Class) and isinstance(other, Class):
            pairs = list(zip(one.fields, other.fields, strict=False))
            return len(one.fields) != len(other.fields) or any(self._differ(x.type, y.type) for x, y in pairs)
        if self._is_typed_dict(one) and self._is_typed_dict(other):
            assert isinstance(one, Class)
            assert isinstance(other, Class)
            return _has_own_key(one, other) and _has_own_key(other, one)
        return self._is_testable(a.path) or self._is_testable(b.path)

    def _is_testable(self, path: str) -> bool:
        """Whether `isinstance` can answer for the class at `path`, as far as is known."""
        if path.startswith(("typing.", "typing_extensions.", "_typeshed.")):
            return False
        item = self._find(path)
        if not isinstance(item, Class) or Ref(PROTOCOL) not in item.bases:
            return True
        return any(each.path == _CHECKABLE for each in item.decorators)

    def _is_typed_dict(self, item: Item | None) -> bool:
        if not isinstance(item, Class):
            return False
        pending, seen = [item], {item.path}
        while pending:
            for base in pending.pop().bases:
                if isinstance(base, Ref) and base.path == TYPED_DICT:
                    return True
                known = self._find(base.path) if isinstance(base, Ref) else None
                if isinstance(known, Class) and known.path not in seen:
                    seen.add(known.path)
                    pending.append(known)
        return False

    def _find(self, path: str) -> Item | None:
        return self._made.get(path) or self.classes.get(path)


def _has_own_key(cls: Class, other: Class) -> bool:
    """Whether `cls` requires a key that `other` does not know."""
    known = {member.name for member in other.fields}
    return any(member.required and member.name not in known for member in cls.fields)


def _has_cases(item: Item, cases: tuple[VariantCase, ...]) -> bool:
    return isinstance(item, Variant) and [(c.name, c.type) for c in item.cases] == [
        (c.name, c.type) for c in cases
    ]


def _case_names(members: list[BridgeType]) -> list[str]:
    """Return a name for each member; classes of one name are called after their modules too."""
    names = [type_name(member) for member in members]
    counts = Counter(names)
    pairs = zip(names, members, strict=True)
    long = [name if counts[name] == 1 else _qualified_name(ty) for name, ty in pairs]
    counts = Counter(long)
    return [
        name if counts[name] == 1 else _hashed(name, [ty]) for name, ty in zip(long, members, strict=True)
    ]


def _qualified_name(ty: BridgeType) -> str:
    if not isinstance(ty, Ref):
        return _hashed(type_name(ty), [ty])
    return "".join(type_name(Ref(part)) for part in ty.path.split("."))


def _hashed(stem: str, types: list[BridgeType]) -> str:
    """Return `stem` with six letters that depend on `types` alone."""
    digest = hashlib.sha256(", ".join(map(format_type, types)).encode()).digest()
    return stem + "_" + "".join(chr(ord("a") + byte % 26) for byte in digest[:6])
