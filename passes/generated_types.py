"""Types that passes make: records for tuples and map entries, handles for foreign classes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import assert_never, final

from attrs import define, field

from ..ir.helpers import TYPE_OBJECT
from ..ir.items import Class, ClassKind, Field, Item
from ..ir.keywords import mochi_name
from ..ir.text import format_type
from ..ir.types import (
    AsyncOf,
    BridgeType,
    FunOf,
    IteratorOf,
    ListOf,
    LiteralOf,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    SelfType,
    SetOf,
    StreamOf,
    TupleOf,
    TypeObject,
    TypeVarRef,
    UnionOf,
    Unsupported,
)

TUPLE_MODULE = "mochi.tuple"
ENTRY_MODULE = "mochi.entry"

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_COUNTS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
_SUFFIXES = {1: "Single", 2: "Pair", 3: "Triple"}
_LONGEST_NAME = 48


@final
@define
class GeneratedTypes:
    """The generated classes of one package by path; equal shapes share one record.

    A tuple record is `mochi.tuple.<Name>` with fields `first`, `second`, …; an entry
    record, for maps whose keys are neither strings nor ints, is `mochi.entry.<Name>`
    with fields `key` and `value`; a handle has the path of its Python class.
    """

    _items: dict[str, Item] = field(factory=dict)

    @classmethod
    def of(cls, items: Iterable[Item]) -> GeneratedTypes:
        """Return the types of a package that has some already."""
        return cls({item.path: item for item in items})

    def items(self) -> tuple[Item, ...]:
        """Return what was generated, in order of path."""
        return tuple(self._items[path] for path in sorted(self._items))

    def replace(self, item: Item) -> None:
        """Put `item` in the place of the one with its path."""
        self._items[item.path] = item

    def handle(self, path: str) -> Ref:
        """Return a reference to a class without members for the Python class at `path`."""
        if path not in self._items:
            name = "Type" if path == TYPE_OBJECT else path.rpartition(".")[2]
            self._items[path] = Class(name, path, kind=ClassKind.HANDLE)
        return Ref(path)

    def tuple_record(self, elements: tuple[BridgeType, ...]) -> Ref:
        """Return the record of a tuple with these legal element types."""
        names = [type_name(element) for element in elements]
        count = len(elements)
        stem = "".join(names) + _SUFFIXES.get(count, "Tuple")
        if 3 < count < len(_COUNTS) and len(set(elements)) == 1:
            stem = f"{names[0]}TupleOf{_COUNTS[count]}"
        if len(stem) > _LONGEST_NAME:
            stem = f"TupleOf{_COUNTS[count]}" if count < len(_COUNTS) else "LongTuple"
            return self._record(TUPLE_MODULE, _hashed(stem, elements), _tuple_fields(elements))
        return self._record(TUPLE_MODULE, stem, _tuple_fields(elements))

    def entry_record(self, key: BridgeType, value: BridgeType) -> Ref:
        """Return the record of a map entry with these legal types."""
        stem = f"{type_name(key)}{type_name(value)}Entry"
        if len(stem) > _LONGEST_NAME:
            stem = _hashed("MapEntry", (key, value))
        return self._record(ENTRY_MODULE, stem, (("key", key), ("value", value)))

    def _record(self, module: str, stem: str, fields: tuple[tuple[str, BridgeType], ...]) -> Ref:
        name = stem
        known = self._items.get(f"{module}.{name}")
        if known is not None and not _has_fields(known, fields):
            # Two classes of one name in different modules: the shape tells the records apart.
            name = _hashed(stem, tuple(ty for _, ty in fields))
        path = f"{module}.{name}"
        if path not in self._items:
            members = tuple(Field(label, f"{path}.{label}", ty) for label, ty in fields)
            self._items[path] = Class(name, path, kind=ClassKind.RECORD, fields=members)
        return Ref(path)


def ordinal(index: int) -> str:
    """Return the field name of element `index`, from 0: `first`, …, `eleventh` is `item_11`."""
    return _ORDINALS[index] if index < len(_ORDINALS) else f"item_{index + 1}"


def type_name(ty: BridgeType) -> str:
    """Return a name for `ty` in upper camel case, to be a part of a longer name."""
    match ty:
        case Scalar():
            return ty.kind.value.capitalize()
        case ListOf():
            return f"{type_name(ty.element)}List"
        case SetOf():
            return f"{type_name(ty.element)}Set"
        case MapOf():
            return f"{type_name(ty.key)}{type_name(ty.value)}Map"
        case OptionOf():
            return f"{type_name(ty.inner)}Option"
        case FunOf():
            return "Fun"
        case Ref():
            return _class_name(ty.path)
        case UnionOf():
            return "Or".join(map(type_name, ty.members))
        case AsyncOf() | StreamOf() | IteratorOf() | TupleOf() | LiteralOf():
            return type(ty).__name__.removesuffix("Of")
        case TypeVarRef() | SelfType() | TypeObject() | Unsupported():
            return "Any"
        case _:
            assert_never(ty)


def _class_name(path: str) -> str:
    name = mochi_name(path.rpartition(".")[2]).strip("_")
    return name[:1].upper() + name[1:]


def _tuple_fields(elements: tuple[BridgeType, ...]) -> tuple[tuple[str, BridgeType], ...]:
    return tuple((ordinal(index), element) for index, element in enumerate(elements))


def _has_fields(item: Item, fields: tuple[tuple[str, BridgeType], ...]) -> bool:
    return isinstance(item, Class) and tuple((f.name, f.type) for f in item.fields) == fields


def _hashed(stem: str, types: tuple[BridgeType, ...]) -> str:
    """Return `stem` with six letters that depend on `types` alone."""
    digest = hashlib.sha256(", ".join(map(format_type, types)).encode()).digest()
    return stem + "_" + "".join(chr(ord("a") + byte % 26) for byte in digest[:6])
