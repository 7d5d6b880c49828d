"""Types as Mochi writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from ..ir.diagnostics import InternalError
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


def mochi_type(ty: BridgeType, names: Mapping[str, str]) -> str:
    """Return the text of a legal type; `names` maps the paths of declared types to their names.

    An optional function is `any`, since the `?` behind `fun(): int` belongs to `int` and
    Mochi has no parentheses in types. Raises InternalError for what legalize-types leaves
    nowhere.
    """
    match ty:
        case Scalar(kind):
            return _SCALARS[kind]
        case ListOf(element):
            return f"list<{mochi_type(element, names)}>"
        case SetOf(element):
            return f"set<{mochi_type(element, names)}>"
        case MapOf(key, value):
            return f"map<{mochi_type(key, names)}, {mochi_type(value, names)}>"
        case OptionOf(FunOf()):
            return "any"
        case OptionOf(inner):
            return f"{mochi_type(inner, names)}?"
        case FunOf(params, result) if params is not None:
            return f"fun({', '.join(mochi_type(p, names) for p in params)}): {mochi_type(result, names)}"
        case Ref(path, ()):
            if path not in names:
                raise InternalError(f"nothing declares the type {path!r}")
            return names[path]
        case (
            Ref()
            | FunOf()
            | TupleOf()
            | UnionOf()
            | LiteralOf()
            | AsyncOf()
            | StreamOf()
            | IteratorOf()
            | TypeVarRef()
            | SelfType()
            | TypeObject()
            | Unsupported()
        ):
            raise InternalError(f"legalize-types left {ty!r}")
        case _:
            assert_never(ty)
