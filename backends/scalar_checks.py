"""Checks of scalar results inside of a wrapper's functions: calling a converter would cost more."""

from __future__ import annotations

from collections.abc import Collection

from ..ir.types import BridgeType, OptionOf, Scalar, ScalarKind
from .imports import Imports

_CLASSES = {
    ScalarKind.BOOL: "bool",
    ScalarKind.INT: "int",
    ScalarKind.BIGINT: "int",
    ScalarKind.FLOAT: "float",
    ScalarKind.STRING: "str",
    ScalarKind.BYTES: "bytes",
}


def has_exact_check(ty: BridgeType, local: Collection[str], *, int64_only: bool) -> bool:
    """Tell whether `exact_check` knows `ty`, and no name among `local` hides what it needs."""
    name = _class_name(ty)
    return bool(name) and {"type", name}.isdisjoint(local) and not (int64_only and name == "int")


def exact_check(ty: BridgeType, value: str, imports: Imports) -> str:
    """Return the expression that tells whether variable `value` is of `ty` as it is."""
    name = _class_name(ty)
    test = f"{imports.builtin('type')}({value}) is {imports.builtin(name)}"
    return f"{value} is None or {test}" if isinstance(ty, OptionOf) else test


def _class_name(ty: BridgeType) -> str:
    inner = ty.inner if isinstance(ty, OptionOf) else ty
    return _CLASSES.get(inner.kind, "") if isinstance(inner, Scalar) else ""
