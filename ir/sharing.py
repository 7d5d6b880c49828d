"""One object for equal types, and rewrites that visit a shared type once.

Stubs repeat a few thousand types tens of thousands of times. Where equal types are one
object, a rewrite, the verifier and a comparison cost what differs.
"""

from __future__ import annotations

from typing import final

from attrs import define, field

from .type_tree import Rewrite, SharedRewrite, map_children
from .types import (
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


@final
@define(eq=False)
class TypePool:
    """The types of one package, each once.

    Types that differ in a span only are kept apart, for diagnostics point there.
    """

    _types: dict[tuple[object, ...], BridgeType] = field(factory=dict)

    def share(self, ty: BridgeType) -> BridgeType:
        """Return the type of the pool that is `ty`, whose inner types are of the pool already."""
        key = _key(ty)
        return ty if key is None else self._types.setdefault(key, ty)


def _key(ty: BridgeType) -> tuple[object, ...] | None:
    """Return what identifies `ty` among types of the pool; None for what is not shared.

    Inner types stand by their ids: the type that has the key keeps them alive.
    """
    match ty:
        case Ref():
            return (Ref, ty.path, *map(id, ty.arguments))
        case UnionOf():
            return (UnionOf, *map(id, ty.members))
        case OptionOf() | AsyncOf() | TypeObject():
            return (type(ty), id(ty.inner))
        case ListOf() | SetOf() | StreamOf() | IteratorOf():
            return (type(ty), id(ty.element))
        case TupleOf():
            return (TupleOf, *map(id, ty.elements))
        case MapOf():
            return (MapOf, id(ty.key), id(ty.value))
        case FunOf(None, result):
            return (FunOf, None, id(result))
        case FunOf(params, result):
            return (FunOf, *map(id, params or ()), id(result))
        case Scalar() | LiteralOf() | TypeVarRef() | SelfType():
            return (ty,)
        case Unsupported() if ty.span is None:
            return (ty,)
        case _:
            return None


def memoised(rewrite: Rewrite) -> SharedRewrite:
    """Return `rewrite` with one call per type object."""
    return SharedRewrite(lambda ty, _: rewrite(ty))


def memoised_map(fn: Rewrite) -> SharedRewrite:
    """Return what applies `fn` to every type in a type, innermost first, once per type object."""
    return SharedRewrite(lambda ty, inner: fn(map_children(ty, inner)))
