"""Annotations of overrides beside declared types, as far as they can be told apart.

Both sides become the kinds of Python value that they allow; None allows anything, since a name that is not
of the standard library may stand for any type.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..ir.types import (
    AsyncOf,
    BridgeType,
    FunOf,
    ListOf,
    LiteralOf,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    ScalarKind,
    SetOf,
    TupleOf,
    UnionOf,
)

Kinds = frozenset[str] | None

_SCALARS: Final = {
    ScalarKind.BOOL: "bool",
    ScalarKind.INT: "int",
    ScalarKind.BIGINT: "int",
    ScalarKind.FLOAT: "float",
    ScalarKind.STRING: "str",
    ScalarKind.BYTES: "bytes",
    ScalarKind.NONE: "None",
    ScalarKind.NEVER: "None",
}
_BUILTINS: Final = {
    "list": "list",
    "List": "list",
    "Sequence": "list",
    "MutableSequence": "list",
    "Iterable": "list",
    "Collection": "list",
    "dict": "dict",
    "Dict": "dict",
    "Mapping": "dict",
    "MutableMapping": "dict",
    "set": "set",
    "Set": "set",
    "AbstractSet": "set",
    "frozenset": "set",
    "tuple": "tuple",
    "Tuple": "tuple",
    "str": "str",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "bytes": "bytes",
    "Callable": "function",
}
_CONTAINERS: Final = frozenset({"list", "dict", "set"})
_WIDER: Final = {"bool": ("int", "float"), "int": ("float",)}
"""What also takes a value of a kind (PEP 484, the numeric tower)."""


def accepts(annotation: BridgeType, declared: BridgeType) -> bool:
    """Tell whether a parameter with `annotation` takes every value of type `declared`."""
    return _fits(declared, annotation)


def gives(annotation: BridgeType, declared: BridgeType) -> bool:
    """Tell whether a result with `annotation` is always of type `declared`."""
    return _fits(annotation, declared)


def show_kinds(ty: BridgeType) -> str:
    """Return what a type allows in words of Python."""
    kinds = _kinds(ty)
    return "any value" if kinds is None else " or ".join(f"`{kind}`" for kind in sorted(kinds))


def _fits(narrow: BridgeType, wide: BridgeType) -> bool:
    inside, outside = _kinds(narrow), _kinds(wide)
    if inside is None or outside is None:
        return True
    for kind in inside:
        if kind not in outside and not outside & set(_WIDER.get(kind, ())):
            return False
    return all(_parts_fit(narrow, wide, kind) for kind in inside & outside & _CONTAINERS)


def _parts_fit(narrow: BridgeType, wide: BridgeType, kind: str) -> bool:
    """Compare what two containers hold; what is not said holds anything."""
    first, second = _parts(narrow, kind), _parts(wide, kind)
    if len(first) != len(second):
        return True
    return all(_fits(a, b) for a, b in zip(first, second, strict=True))


def _kinds(ty: BridgeType) -> Kinds:
    match ty:
        case Scalar(kind):
            return frozenset({_SCALARS[kind]}) if kind in _SCALARS else None
        case ListOf():
            return frozenset({"list"})
        case SetOf():
            return frozenset({"set"})
        case MapOf():
            return frozenset({"dict"})
        case TupleOf():
            return frozenset({"tuple"})
        case FunOf():
            return frozenset({"function"})
        case LiteralOf(values):
            return frozenset("None" if value is None else type(value).__name__ for value in values)
        case OptionOf(inner):
            return _join([inner], "None")
        case UnionOf(members):
            return _join(members)
        case AsyncOf(inner):
            return _kinds(inner)
        case Ref(path, arguments):
            module, _, name = path.rpartition(".")
            if module == "typing" and name == "Optional" and arguments:
                return _join(arguments, "None")
            if module == "typing" and name == "Union":
                return _join(arguments)
            if module in ("builtins", "typing", "collections.abc"):
                found = _BUILTINS.get(name)
                return None if found is None else frozenset({found})
            return None
        case _:
            return None


def _join(members: Iterable[BridgeType], *more: str) -> Kinds:
    found = set(more)
    for member in members:
        kinds = _kinds(member)
        if kinds is None:
            return None
        found |= kinds
    return frozenset(found)


def _parts(ty: BridgeType, kind: str) -> tuple[BridgeType, ...]:
    match ty:
        case ListOf(element) | SetOf(element):
            return (element,)
        case MapOf(key, value):
            return (key, value)
        case Ref(arguments=arguments):
            return arguments if _kinds(ty) == frozenset({kind}) else ()
        case OptionOf(inner):
            return _parts(inner, kind)
        case UnionOf(members):
            fitting = [member for member in members if kind in (_kinds(member) or ())]
            return _parts(fitting[0], kind) if len(fitting) == 1 else ()
        case _:
            return ()
