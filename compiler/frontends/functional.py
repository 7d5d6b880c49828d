"""Classes made by a call: `namedtuple`, `NamedTuple`, `TypedDict`, `Enum` (typing specification).

Point = NamedTuple("Point", [("x", int)])    =>    class Point(@typing.NamedTuple) { x: @builtins.int }
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...ir.items import Class, Decorator, Field, FieldKind, Info
from ...ir.parts import evolve
from ...ir.types import UNANNOTATED, BridgeType, Ref
from .declarations import Reading
from .functions import annotate
from .qualifiers import strip_qualifiers
from .scopes import Scope
from .source_text import decode_string, one_line

if TYPE_CHECKING:
    from tree_sitter import Node

_ENUMS = frozenset(("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"))
_SEQUENCES = ("list", "tuple")


def build_functional_class(
    call: Node, name: str, path: str, info: Info, scope: Scope, reading: Reading
) -> Class | None:
    """Return the class that `name = call` makes, or None where `call` makes none that can be read."""
    made = read_class_call(call, path, info, scope, reading)
    if made is None:
        return None
    base, fields, keywords = made
    return Class(name, path, (base,), keywords=keywords, fields=fields, info=info)


def read_class_call(
    call: Node, path: str, info: Info, scope: Scope, reading: Reading
) -> tuple[Ref, tuple[Field, ...], tuple[Decorator, ...]] | None:
    """Return the base, fields and keywords that a call stands for, or None."""
    callee, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
    if callee is None or arguments is None or callee.type not in ("identifier", "attribute"):
        return None
    origin = scope.qualify(reading.slice(callee))
    last = origin.rpartition(".")[2]
    operands = [child for child in arguments.named_children if child.type != "comment"]
    positional = [operand for operand in operands if operand.type != "keyword_argument"]
    if len(positional) < 2 or not isinstance(decode_string(reading.slice(positional[0])), str):
        return None
    members = positional[1]
    if last == "NamedTuple":
        fields = _typed_fields(members, path, info, scope, reading)
        return None if fields is None else (Ref("typing.NamedTuple"), fields, ())
    if last == "namedtuple":
        fields = _untyped_fields(members, operands, path, info, reading)
        return None if fields is None else (Ref("typing.NamedTuple"), fields, ())
    if last == "TypedDict":
        keywords = _keywords(operands, reading)
        total = Decorator("total", "False") not in keywords
        fields = _keyed_fields(members, path, info, total, scope, reading)
        return None if fields is None else (Ref("typing.TypedDict"), fields, keywords)
    if last in _ENUMS:
        fields = _enum_members(members, path, info, reading)
        return None if fields is None else (Ref(origin), fields, ())
    return None


def _typed_fields(
    members: Node, path: str, info: Info, scope: Scope, reading: Reading
) -> tuple[Field, ...] | None:
    if members.type not in _SEQUENCES:
        return None
    fields = []
    for pair in members.named_children:
        parts = pair.named_children
        name = decode_string(reading.slice(parts[0])) if len(parts) == 2 else None
        if not isinstance(name, str):
            return None
        fields.append(_field(name, annotate(parts[1], scope, reading), path, info))
    return tuple(fields)


def _untyped_fields(
    members: Node, operands: list[Node], path: str, info: Info, reading: Reading
) -> tuple[Field, ...] | None:
    """Return the fields of `namedtuple("A", "x y", defaults=(0,))`: the last ones have the defaults."""
    names = _names(members, reading)
    if names is None:
        return None
    required = len(names)
    for operand in operands:
        value = operand.child_by_field_name("value")
        name = operand.child_by_field_name("name")
        if name is not None and value is not None and reading.slice(name) == "defaults":
            is_listed = value.type in _SEQUENCES
            required -= sum(child.type != "comment" for child in value.named_children) if is_listed else 0
    return tuple(
        evolve(_field(name, UNANNOTATED, path, info), has_default=index >= required)
        for index, name in enumerate(names)
    )


def _enum_members(members: Node, path: str, info: Info, reading: Reading) -> tuple[Field, ...] | None:
    names = _names(members, reading)
    if names is None:
        return None
    return tuple(
        Field(name, f"{path}.{name}", UNANNOTATED, FieldKind.CLASS_VAR, has_default=True, info=info)
        for name in names
    )


def _names(members: Node, reading: Reading) -> list[str] | None:
    """Return names given as `"a b"`, `"a, b"`, `["a", "b"]`, `[("a", 1)]` or `{"a": 1}`."""
    if members.type in ("string", "concatenated_string"):
        text = decode_string(reading.slice(members))
        return text.replace(",", " ").split() if isinstance(text, str) else None
    if members.type not in (*_SEQUENCES, "dictionary"):
        return None
    names = []
    for child in members.named_children:
        node = child.named_children[0] if child.type in ("tuple", "pair") and child.named_children else child
        name = decode_string(reading.slice(node))
        if not isinstance(name, str):
            return None
        names.append(name)
    return names


def _keyed_fields(
    members: Node, path: str, info: Info, total: bool, scope: Scope, reading: Reading
) -> tuple[Field, ...] | None:
    if members.type != "dictionary":
        return None
    fields = []
    for pair in members.named_children:
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        name = decode_string(reading.slice(key)) if key is not None else None
        if not isinstance(name, str) or value is None:
            return None
        qualified = strip_qualifiers(annotate(value, scope, reading))
        ty = UNANNOTATED if qualified.type is None else qualified.type
        fields.append(
            Field(
                name,
                f"{path}.{name}",
                ty,
                writable=not qualified.read_only,
                required=total if qualified.required is None else qualified.required,
                info=info,
            )
        )
    return tuple(fields)


def _field(name: str, ty: BridgeType, path: str, info: Info) -> Field:
    return Field(name, f"{path}.{name}", ty, info=info)


def _keywords(operands: list[Node], reading: Reading) -> tuple[Decorator, ...]:
    return tuple(
        Decorator(
            reading.slice(operand.named_children[0]), one_line(reading.slice(operand.named_children[-1]))
        )
        for operand in operands
        if operand.type == "keyword_argument"
    )
