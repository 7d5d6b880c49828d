"""Walks over a type and rewrites of it. What a rewrite leaves alone stays the same object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias, assert_never, final

from attrs import define, field

from .items import Signature
from .parts import map_all
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

Rewrite: TypeAlias = Callable[[BridgeType], BridgeType]

# Most types are of these; asking for them first is what makes a walk cheap.
_LEAVES: Final = frozenset({Scalar, TypeVarRef, SelfType, LiteralOf, Unsupported})


def children(ty: BridgeType) -> tuple[BridgeType, ...]:
    """Return the types directly inside `ty`, in the order of IR text."""
    match ty:
        case Scalar() | TypeVarRef() | SelfType() | LiteralOf() | Unsupported():
            return ()
        case Ref():
            return ty.arguments
        case OptionOf() | AsyncOf() | TypeObject():
            return (ty.inner,)
        case ListOf() | SetOf() | StreamOf() | IteratorOf():
            return (ty.element,)
        case UnionOf():
            return ty.members
        case MapOf():
            return (ty.key, ty.value)
        case TupleOf():
            return ty.elements
        case FunOf():
            return (*(ty.params or ()), ty.result)
        case _:
            assert_never(ty)


def map_type(ty: BridgeType, fn: Rewrite) -> BridgeType:
    """Return `ty` with `fn` applied to every type in it, innermost first."""
    if type(ty) in _LEAVES:
        return fn(ty)
    return fn(map_children(ty, lambda inner: map_type(inner, fn)))


def map_children(ty: BridgeType, fn: Rewrite) -> BridgeType:
    """Return `ty` with `fn` applied to the types directly inside it."""
    if type(ty) in _LEAVES or (type(ty) is Ref and not ty.arguments):
        return ty
    match ty:
        case Scalar() | TypeVarRef() | SelfType() | LiteralOf() | Unsupported():
            return ty
        case Ref():
            arguments = map_all(ty.arguments, fn)
            return ty if arguments is ty.arguments else Ref(ty.path, arguments)
        case OptionOf() | AsyncOf() | TypeObject():
            inner = fn(ty.inner)
            return ty if inner is ty.inner else type(ty)(inner)
        case ListOf() | SetOf() | StreamOf() | IteratorOf():
            element = fn(ty.element)
            return ty if element is ty.element else type(ty)(element)
        case UnionOf():
            members = map_all(ty.members, fn)
            return ty if members is ty.members else UnionOf(members)
        case MapOf():
            key, value = fn(ty.key), fn(ty.value)
            return ty if key is ty.key and value is ty.value else MapOf(key, value)
        case TupleOf():
            elements = map_all(ty.elements, fn)
            return ty if elements is ty.elements else TupleOf(elements)
        case FunOf():
            params = None if ty.params is None else map_all(ty.params, fn)
            result = fn(ty.result)
            return ty if params is ty.params and result is ty.result else FunOf(params, result)
        case _:
            assert_never(ty)


def walk_type(ty: BridgeType) -> Iterator[BridgeType]:
    """Yield `ty` and every type inside it, outermost first."""
    yield ty
    if type(ty) in _LEAVES:
        return
    pending = list(children(ty)[::-1])
    while pending:
        inner = pending.pop()
        yield inner
        if type(inner) not in _LEAVES:
            pending += children(inner)[::-1]


def inner_types(types: Iterable[BridgeType]) -> Iterable[BridgeType]:
    """Return the type objects in `types`, the outermost among them, each once."""
    found = {id(ty): ty for ty in types}
    pending = list(found.values())
    while pending:
        ty = pending.pop()
        if type(ty) in _LEAVES:
            continue
        for inner in children(ty):
            if id(inner) not in found:
                found[id(inner)] = inner
                pending.append(inner)
    return found.values()


@final
@define(eq=False)
class SharedRewrite:
    """A rewrite with one call per type object. If `deep` the types inside a type are rewritten before it.

    `unchanged` has the ids of the types that it is known to leave alone.
    """

    rewrite: Rewrite
    deep: bool = False
    unchanged: set[int] = field(init=False, factory=set)
    _seen: dict[int, tuple[BridgeType, BridgeType]] = field(init=False, factory=dict)

    def __call__(self, ty: BridgeType) -> BridgeType:
        """Return what becomes of `ty`."""
        known = self._seen.get(id(ty))
        if known is None:
            after = self.rewrite(map_children(ty, self) if self.deep else ty)
            # The type is kept beside the result, so that its id is not used again.
            known = self._seen[id(ty)] = (ty, after)
            if after is ty:
                self.unchanged.add(id(ty))
        return known[1]

    def keeps(self, signature: Signature) -> bool:
        """Tell whether all types of `signature` are known to stay."""
        unchanged = self.unchanged
        return (
            id(signature.result) in unchanged and signature.inputs <= unchanged and not signature.type_params
        )
