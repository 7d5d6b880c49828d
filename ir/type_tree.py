"""Walks over a type and rewrites of it. What a rewrite leaves alone stays the same object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias, assert_never, cast, final

from attrs import define, field

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
    if type(ty) in _LEAVES:
        return ()
    match ty:
        case Ref():
            return ty.arguments
        case UnionOf():
            return ty.members
        case OptionOf() | AsyncOf() | TypeObject():
            return (ty.inner,)
        case ListOf() | SetOf() | StreamOf() | IteratorOf():
            return (ty.element,)
        case MapOf():
            return (ty.key, ty.value)
        case TupleOf():
            return ty.elements
        case FunOf():
            return (*(ty.params or ()), ty.result)
        case Scalar() | TypeVarRef() | SelfType() | LiteralOf() | Unsupported():
            return ()
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
        case Ref():
            arguments = map_all(ty.arguments, fn)
            return ty if arguments is ty.arguments else Ref(ty.path, arguments)
        case UnionOf():
            members = map_all(ty.members, fn)
            return ty if members is ty.members else UnionOf(members)
        case OptionOf() | AsyncOf() | TypeObject():
            inner = fn(ty.inner)
            return ty if inner is ty.inner else type(ty)(inner)
        case ListOf() | SetOf() | StreamOf() | IteratorOf():
            element = fn(ty.element)
            return ty if element is ty.element else type(ty)(element)
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
        case Scalar() | TypeVarRef() | SelfType() | LiteralOf() | Unsupported():
            return ty
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
    given = list(types)
    found = dict(zip(map(id, given), given, strict=True))
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
class TypeSearch:
    """Tells whether a wanted type stands in a type of one package. Each type object is looked at once.

    `absent` has the ids of the types in which none stands, as the package keeps them.
    """

    is_wanted: Callable[[BridgeType], bool]
    absent: set[int] = field(init=False, factory=set)
    _present: set[int] = field(init=False, factory=set)

    def __call__(self, ty: BridgeType) -> bool:
        """Return whether `ty`, or a type inside it, is wanted."""
        if id(ty) in self.absent:
            return False
        if id(ty) in self._present:
            return True
        found = self.is_wanted(ty)
        for inner in () if found or type(ty) in _LEAVES else children(ty):
            if self(inner):
                found = True
                break
        (self._present if found else self.absent).add(id(ty))
        return found


@final
@define(eq=False)
class SharedRewrite:
    """A rewrite with one call per type object: of `step`, with the rewrite itself for the types inside.

    It is handed on, so that no step holds the rewrite, and with it all types, in a cycle.
    """

    step: Callable[[BridgeType, Rewrite], BridgeType]
    _seen: dict[int, BridgeType] = field(init=False, factory=dict)
    # Types are kept beside what becomes of them, so that their ids are not used again.
    _alive: list[BridgeType] = field(init=False, factory=list)

    def __call__(self, ty: BridgeType) -> BridgeType:
        """Return what becomes of `ty`."""
        known = self._seen.get(id(ty))
        if known is None:
            known = self._seen[id(ty)] = self.step(ty, self)
            self._alive.append(ty)
        return known

    def all(self, types: Sequence[BridgeType]) -> list[BridgeType]:
        """Return what becomes of each of `types`."""
        known = [*map(self._seen.get, map(id, types))]
        return cast("list[BridgeType]", known) if all(known) else [*map(self, types)]
