"""Types that passes make: records for tuples and map entries, handles for foreign classes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import assert_never, final

from attrs import define, field

from ..ir.helpers import ASYNC_LEAVE, LEAVE, RUN_ASYNC_WITH, RUN_WITH, TYPE_OBJECT
from ..ir.items import Binding, Class, ClassKind, Field, Function, Item, Param, ParamKind, Signature
from ..ir.keywords import mochi_name
from ..ir.parts import evolve
from ..ir.text import format_type
from ..ir.types import (
    ANY,
    BOOL,
    NONE,
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
from .desugar_options import option_of

CONTEXT_MODULE = "mochi.context"
FUNCTION_MODULE = "mochi.function"
ITERATOR_MODULE = "mochi.iterator"
TUPLE_MODULE = "mochi.tuple"
ENTRY_MODULE = "mochi.entry"

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_COUNTS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
_SUFFIXES = {1: "Single", 2: "Pair", 3: "Triple"}
_LONGEST_NAME = 48
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


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

    def iterator(self, element: BridgeType) -> Ref:
        """Return the handle of an iterator over values of this legal type."""
        return self._handle(
            f"{ITERATOR_MODULE}.{type_name(element)}Iterator",
            (element,),
            _method("next", option_of(element)),
            _method("has_next", BOOL),
            _method("rest", ListOf(element)),
            _method("close", NONE),
        )

    def function(self, ty: FunOf) -> Ref:
        """Return the handle of a function, to be called by `call`."""
        if ty.params is None:
            stem = f"To{type_name(ty.result)}Function"
            rest = (Param("args", ParamKind.VAR_POSITIONAL, ANY), Param("kwargs", ParamKind.VAR_KEYWORD, ANY))
            return self._handle(
                f"{FUNCTION_MODULE}.{stem}", (ty.result,), _method("__call__", ty.result, *rest)
            )
        names = "".join(map(type_name, ty.params))
        params = (
            Param(ordinal(index), ParamKind.POSITIONAL_ONLY, each) for index, each in enumerate(ty.params)
        )
        return self._handle(
            f"{FUNCTION_MODULE}.{names}To{type_name(ty.result)}Function",
            (*ty.params, ty.result),
            _method("__call__", ty.result, *params),
        )

    def context(self, inner: BridgeType, *, is_async: bool) -> Ref:
        """Return the handle of a context manager whose value has this legal type."""
        body = Param("body", type=FunOf((ANY if inner is NONE else inner,), ANY))
        if is_async:
            return self._handle(
                f"{CONTEXT_MODULE}.{type_name(inner)}AsyncContext",
                (inner,),
                _method("__aenter__", AsyncOf(inner)),
                _method(ASYNC_LEAVE, NONE),
                _method(RUN_ASYNC_WITH, ANY, body),
            )
        return self._handle(
            f"{CONTEXT_MODULE}.{type_name(inner)}Context",
            (inner,),
            _method("__enter__", inner),
            _method(LEAVE, NONE),
            _method(RUN_WITH, ANY, body),
        )

    def _handle(self, path: str, types: tuple[BridgeType, ...], *methods: Function) -> Ref:
        module, _, name = path.rpartition(".")
        if len(name) > _LONGEST_NAME:
            name = _hashed(_HUMPS.split(name)[-1], types)
            path = f"{module}.{name}"
        cls = self._class(name, path, methods)
        known = self._items.get(path)
        if isinstance(known, Class) and [m.signatures for m in known.methods] != [
            m.signatures for m in cls.methods
        ]:
            # Two classes of one name in different modules: the types tell the handles apart.
            name = _hashed(name, types)
            cls = self._class(name, f"{module}.{name}", methods)
        self._items.setdefault(cls.path, cls)
        return Ref(cls.path)

    def _class(self, name: str, path: str, methods: tuple[Function, ...]) -> Class:
        own = tuple(evolve(each, path=f"{path}.{each.name}") for each in methods)
        receiver = Param("self", ParamKind.POSITIONAL_ONLY, Ref(path))
        typed = tuple(
            evolve(each, signatures=(evolve(sig, params=(receiver, *sig.params[1:])),))
            for each in own
            for sig in each.signatures
        )
        return Class(name, path, kind=ClassKind.HANDLE, methods=typed)

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


def _method(name: str, result: BridgeType, *params: Param) -> Function:
    return Function(name, name, (Signature((Param("self"), *params), result),), Binding.METHOD)


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
