"""Types as Mochi writes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import assert_never, final

from ..ir.diagnostics import InternalError
from ..ir.text import format_type
from ..ir.traverse import map_children
from ..ir.types import (
    ANY,
    AsyncOf,
    BridgeType,
    EnumMember,
    FunOf,
    IteratorOf,
    ListOf,
    LiteralOf,
    LiteralValue,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    ScalarKind,
    SelfType,
    SetOf,
    StreamOf,
    TupleOf,
    TypeObject,
    TypeVarRef,
    UnionOf,
    Unsupported,
)

_SCALARS = {
    ScalarKind.BOOL: "bool",
    ScalarKind.INT: "int",
    ScalarKind.BIGINT: "bigint",
    ScalarKind.FLOAT: "float",
    ScalarKind.STRING: "string",
    ScalarKind.BYTES: "bytes",
    ScalarKind.NONE: "unit",
    ScalarKind.ANY: "any",
    ScalarKind.NEVER: "unit",
}


_LONGEST_SHOWN = 120
"""A longer union is shown by its first members."""
SLUG_LIMIT = 40
"""How long a name is at most that is made of a type."""


@final
class MochiTypes:
    """The types of one package as Mochi writes them. Types are shared, and each is written once.

    `names` maps the paths of declared types to their names.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        # By the ids of types, which are kept beside their texts, so that no id is used again.
        self._texts: dict[int, tuple[BridgeType, str]] = {}
        self._shown: dict[int, tuple[BridgeType, str]] = {}
        self._slugs: dict[int, tuple[BridgeType, str]] = {}

    def text(self, ty: BridgeType) -> str:
        """Return the text of a legal type, as `mochi_type` does."""
        known = self._texts.get(id(ty))
        if known is None:
            known = self._texts[id(ty)] = ty, mochi_type(ty, self._names)
        return known[1]

    def shown(self, ty: BridgeType) -> str:
        """Return `ty` for people: as `shown_type` does, or as IR where Mochi has no such type."""
        known = self._shown.get(id(ty))
        if known is None:
            known = self._shown[id(ty)] = ty, self._show(ty)
        return known[1]

    def slug(self, ty: BridgeType) -> str:
        """Return a name for a legal type that reads like it; other types may have the same."""
        known = self._slugs.get(id(ty))
        if known is None:
            known = self._slugs[id(ty)] = ty, self._make_slug(ty)[:SLUG_LIMIT]
        return known[1]

    def _make_slug(self, ty: BridgeType) -> str:
        match ty:
            case Ref(path):
                return self._names[path]
            case Scalar(kind):
                return str(kind.value)
            case ListOf(element):
                return f"list_{self.slug(element)}"
            case SetOf(element):
                return f"set_{self.slug(element)}"
            case MapOf(key, value):
                return f"map_{self.slug(key)}_{self.slug(value)}"
            case OptionOf(inner):
                return f"optional_{self.slug(inner)}"
            case UnionOf(members):
                return "_or_".join(map(self.slug, members))
            case LiteralOf(values):
                return f"one_of_{len(values)}"
            case AsyncOf(inner):
                return f"async_{self.slug(inner)}"
            case StreamOf(element):
                return f"stream_{self.slug(element)}"
            case FunOf(params, result):
                return "_".join(["fun", *map(self.slug, params or ()), "to", self.slug(result)])
            case _:
                raise InternalError(f"legalize-types left {ty!r}")

    def _show(self, ty: BridgeType) -> str:
        try:
            return shown_type(ty, self._names)
        except InternalError:
            return format_type(ty)


def mochi_type(ty: BridgeType, names: Mapping[str, str]) -> str:
    """Return the text of a legal type; `names` maps the paths of declared types to their names.

    What Mochi cannot declare is `any`: a union that flows in (the wrapper checks it), a function of
    unknown parameters, and an optional function, since the `?` behind `fun(): int` belongs to `int`
    and Mochi has no parentheses in types. A literal type is the scalar of its values. An awaitable is
    what it yields, for the wrapper waits, or makes one. Raises InternalError for what legalize-types
    leaves nowhere.
    """
    match ty:
        case OptionOf(FunOf()) | FunOf(None) | UnionOf():
            return "any"
        case OptionOf(inner):
            text = mochi_type(inner, names)
            return text if text == "any" or text.endswith("?") else f"{text}?"
        case LiteralOf():
            return _SCALARS[literal_kind(ty)]
        case _:
            return _text(ty, names, mochi_type)


def shown_type(ty: BridgeType, names: Mapping[str, str]) -> str:
    """Return the text of a type for people: like `mochi_type`, with the members of unions and literals."""
    match ty:
        case OptionOf(UnionOf() | LiteralOf() | FunOf() as inner):
            return f"({shown_type(inner, names)})?"
        case OptionOf(inner):
            return f"{shown_type(inner, names)}?"
        case UnionOf(members):
            return _join([_member(member, names) for member in members])
        case LiteralOf(values):
            return _join([literal_text(value) for value in values])
        case FunOf(None, result):
            return f"fun(...): {shown_type(result, names)}"
        case _:
            return _text(ty, names, shown_type)


def literal_kind(ty: LiteralOf) -> ScalarKind:
    """Return the scalar that all values of a literal type are, or `any`."""
    kinds = {_LITERAL_KINDS.get(type(value), ScalarKind.ANY) for value in ty.values}
    return kinds.pop() if len(kinds) == 1 else ScalarKind.ANY


def crossing_type(ty: BridgeType) -> BridgeType:
    """Return the type as which Mochi sees a value that flows in: unions are `any`, literals scalars."""
    match ty:
        case UnionOf():
            return ANY
        case LiteralOf():
            return Scalar(literal_kind(ty))
        case OptionOf(inner):
            crossing = crossing_type(inner)
            return crossing if crossing is ANY else OptionOf(crossing)
        case _:
            return map_children(ty, crossing_type)


_LITERAL_KINDS: Mapping[type, ScalarKind] = {
    bool: ScalarKind.BOOL,
    int: ScalarKind.INT,
    str: ScalarKind.STRING,
    bytes: ScalarKind.BYTES,
}


def literal_text(value: LiteralValue | EnumMember) -> str:
    """Return a value of a literal type as Mochi writes it; bytes as Python does."""
    match value:
        case bool():
            return "true" if value else "false"
        case EnumMember(path):
            return path
        case str():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return repr(value)


def _member(ty: BridgeType, names: Mapping[str, str]) -> str:
    text = shown_type(ty, names)
    return f"({text})" if isinstance(ty, FunOf) else text


def _join(members: list[str]) -> str:
    """Join the members of a union, the first ones where they are many."""
    text = " | ".join(members)
    if len(text) <= _LONGEST_SHOWN:
        return text
    kept: list[str] = []
    for member in members:
        if kept and len(" | ".join([*kept, member])) > _LONGEST_SHOWN - 16:
            break
        kept.append(member)
    left = len(members) - len(kept)
    return " | ".join([*kept, f"{left} more"] if left else kept)


def _text(
    ty: BridgeType, names: Mapping[str, str], inner_text: Callable[[BridgeType, Mapping[str, str]], str]
) -> str:
    match ty:
        case Scalar(kind):
            return _SCALARS[kind]
        case Ref(path, ()):
            if path not in names:
                raise InternalError(f"nothing declares the type {path!r}")
            return names[path]
        case ListOf(element):
            return f"list<{inner_text(element, names)}>"
        case SetOf(element):
            return f"set<{inner_text(element, names)}>"
        case MapOf(key, value):
            return f"map<{inner_text(key, names)}, {inner_text(value, names)}>"
        case AsyncOf(inner):
            return inner_text(inner, names)
        case StreamOf(element):
            return f"stream<{inner_text(element, names)}>"
        case FunOf(params, result) if params is not None:
            return f"fun({', '.join(inner_text(p, names) for p in params)}): {inner_text(result, names)}"
        case (
            Ref()
            | FunOf()
            | TupleOf()
            | OptionOf()
            | UnionOf()
            | LiteralOf()
            | IteratorOf()
            | TypeVarRef()
            | SelfType()
            | TypeObject()
            | Unsupported()
        ):
            raise InternalError(f"legalize-types left {ty!r}")
        case _:
            assert_never(ty)
