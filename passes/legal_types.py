"""The closed type table: every type becomes one that Mochi has, and what is lost is said.

What Python means by each shape is in the typing specification; what it becomes is in
`docs/types.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never, final

from attrs import define, field, frozen

from ..ir.helpers import TYPE_OBJECT
from ..ir.info import NoteKind
from ..ir.items import Alias, Class, ClassKind, Item, TypeParam, TypeParamKind, Variant
from ..ir.refusals import SkipReason
from ..ir.text import format_type
from ..ir.traverse import map_type
from ..ir.types import (
    ANY,
    BIGINT,
    BYTES,
    INT,
    NEVER,
    NONE,
    STRING,
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
from .generated_types import GeneratedTypes
from .losses import Loss, explicit_any
from .unions import union_of
from .widen_literals import widen_literal

_MUTABLE_BUFFERS = ("builtins.bytearray", "builtins.memoryview")
_TYPING_MODULES = ("typing", "typing_extensions", "_typeshed", "collections.abc")
_TYPING_CLASSES = frozenset({"IO", "TextIO", "BinaryIO"})
_LONGEST_DETAIL = 200


@final
@frozen
class Scope:
    """The type variables of a place, and what `Self` means there. `owner` is the path of the class."""

    type_params: Mapping[str, TypeParam]
    owner: str | None = None

    def with_params(self, params: Iterable[TypeParam]) -> Scope:
        """Return this scope with `params` in front."""
        added = {param.name: param for param in params}
        return Scope({**self.type_params, **added}, self.owner) if added else self


@final
@frozen
class Legal:
    """A legal type and what was lost to make it one."""

    type: BridgeType
    losses: tuple[Loss, ...] = ()


@final
@define
class TypeTable:
    """Legalizes the types of one package; collects the classes that have to be generated.

    `known` are the items of the package by path. `repeated` says that the package has been
    legalized before: an `any` in it is what an earlier run left, not what a declaration says.
    `own` are the import packages, `obtainable` the classes that a Mochi program may come to
    hold: a private class that is only ever asked for would make a parameter unusable, so it is
    `any` there.
    """

    known: Mapping[str, Item]
    generated: GeneratedTypes
    own: frozenset[str] = frozenset()
    obtainable: frozenset[str] = frozenset()
    repeated: bool = False
    _seen: dict[int, tuple[BridgeType, Legal]] = field(factory=dict)
    _scoped: bool = False

    def legalize(self, ty: BridgeType, scope: Scope) -> Legal:
        """Return `ty` as a type of the closed table, the same object where it is legal."""
        if type(ty) is Scalar:
            return self._scalar(ty)
        known = self._seen.get(id(ty))
        if known is not None:
            return known[1]
        self._scoped = False
        losses: list[Loss] = []
        legal = self._legal(ty, scope, losses)
        found = Legal(ty if legal == ty else legal, tuple(dict.fromkeys(losses)))
        if not self._scoped:
            self._seen[id(ty)] = (ty, found)
        return found

    def legalize_result(self, ty: BridgeType, scope: Scope, is_async: bool) -> Legal:
        """Return the result type `ty` legalized: an awaitable may stay around it, `never` is none."""
        if ty == NEVER:
            return Legal(NONE)
        if isinstance(ty, AsyncOf) and not is_async:
            inner = self.legalize_result(ty.inner, scope, is_async=True)
            return Legal(ty if inner.type is ty.inner else AsyncOf(inner.type), inner.losses)
        return self.legalize(ty, scope)

    # --- shapes -------------------------------------------------------------------------

    def _legal(self, ty: BridgeType, scope: Scope, losses: list[Loss]) -> BridgeType:
        match ty:
            case Scalar():
                legal = self._scalar(ty)
                losses += legal.losses
                return legal.type
            case ListOf() | IteratorOf():
                return ListOf(self._legal(ty.element, scope, losses))
            case SetOf():
                return SetOf(self._legal(ty.element, scope, losses))
            case MapOf():
                return self._map(ty, scope, losses)
            case TupleOf():
                elements = tuple(self._legal(element, scope, losses) for element in ty.elements)
                return self.generated.tuple_record(elements) if elements else ListOf(ANY)
            case OptionOf():
                inner = self._legal(ty.inner, scope, losses)
                # Mochi cannot spell it: a `?` behind a function type belongs to its result.
                return _lose(ty, _UNSUPPORTED, losses) if isinstance(inner, FunOf) else option_of(inner)
            case UnionOf():
                return self._union(ty.members, scope, losses)
            case LiteralOf():
                return self._legal(widen_literal(ty), scope, losses)
            case FunOf():
                return self._function(ty, scope, losses)
            case Ref():
                return self._reference(ty, losses)
            case TypeVarRef():
                # What is known of a variable is in its place since resolve-generics.
                self._scoped = True
                param = scope.type_params.get(ty.name)
                reason = _VARIABLE_REASONS[param.kind] if param else _UNSUPPORTED
                losses.append(Loss(reason, _detail(ty), note=NoteKind.ERASED))
                return ANY
            case SelfType():
                self._scoped = True
                return Ref(scope.owner) if scope.owner else _lose(ty, _UNSUPPORTED, losses)
            case TypeObject():
                return self.generated.handle(TYPE_OBJECT)
            case AsyncOf() | StreamOf():
                return _lose(ty, SkipReason.INCOMPATIBLE_ASYNC_RUNTIME, losses)
            case Unsupported():
                losses.append(Loss(ty.reason, _shorten(ty.text), ty.span))
                return ANY
            case _:
                assert_never(ty)

    def _scalar(self, ty: Scalar) -> Legal:
        if ty == ANY:
            return Legal(ANY, () if self.repeated else (explicit_any(),))
        if ty == NEVER:
            return Legal(ANY)
        return Legal(INT) if ty == BIGINT else Legal(ty)

    def _map(self, ty: MapOf, scope: Scope, losses: list[Loss]) -> BridgeType:
        key_losses: list[Loss] = []
        key = self._legal(ty.key, scope, key_losses)
        if key == ANY:
            # A list of pairs of `any` would be harder to use than the value itself.
            losses += key_losses
            return ANY
        value = self._legal(ty.value, scope, losses)
        losses += key_losses
        return MapOf(key, value) if key in (STRING, INT) else ListOf(self.generated.entry_record(key, value))

    def _function(self, ty: FunOf, scope: Scope, losses: list[Loss]) -> BridgeType:
        if ty.params is None:
            return _lose(ty, SkipReason.PARAM_SPEC, losses)
        params = tuple(_argument(self._legal(param, scope, losses)) for param in ty.params)
        result = NONE if ty.result == NEVER else self._legal(ty.result, scope, losses)
        return FunOf(params, result)

    # --- names --------------------------------------------------------------------------

    def _reference(self, ref: Ref, losses: list[Loss]) -> BridgeType:
        item = self.known.get(ref.path)
        if isinstance(item, Alias) and isinstance(item.target, Ref) and item.target.path != ref.path:
            ref = item.target
            item = self.known.get(ref.path)
        match item:
            case Class() | Variant():
                return Ref(ref.path)
            case None:
                return self._foreign(ref, losses)
            case _:
                return _lose(ref, _UNSUPPORTED, losses)

    def _foreign(self, ref: Ref, losses: list[Loss]) -> BridgeType:
        """A class that is not an item of the package: a handle without members."""
        if ref.path in _MUTABLE_BUFFERS:
            losses.append(Loss(SkipReason.BYTEARRAY_MUTABLE, _detail(ref)))
            return BYTES
        if ref.path == "builtins.complex":
            losses.append(Loss(SkipReason.NO_COMPLEX_TYPE, _detail(ref)))
        module, _, name = ref.path.rpartition(".")
        if not module or (module in _TYPING_MODULES and name not in _TYPING_CLASSES):
            return _lose(ref, _UNSUPPORTED, losses)
        if ref.path not in self.obtainable and ref.path.partition(".")[0] in self.own:
            return _lose(ref, SkipReason.PRIVATE_NAME, losses)
        return self.generated.handle(ref.path)

    # --- unions -------------------------------------------------------------------------

    def _union(self, members: tuple[BridgeType, ...], scope: Scope, losses: list[Loss]) -> BridgeType:
        """A union whose members are one type in Mochi is that type; any other one is open."""
        inner: list[Loss] = []
        legal = [self._legal(member, scope, inner) for member in members]
        open_parts: list[BridgeType] = []
        joined = self._join(legal, open_parts)
        if any(loss.reason is SkipReason.PRIVATE_NAME for loss in inner):
            joined = None
        if joined is None or open_parts:
            _lose(UnionOf(members), SkipReason.OPEN_UNION, losses)
        if joined is None:
            return ANY
        losses += inner
        return joined

    def _join(self, members: Iterable[BridgeType], open_parts: list[BridgeType]) -> BridgeType | None:
        """Return the one type of these legal types, or None where there is none.

        Containers of one shape join to a container; element types that do not join are
        added to `open_parts` and become `any`.
        """

        def join_parts(parts: Iterable[BridgeType]) -> BridgeType:
            union = union_of(parts)
            joined = self._join((union,), open_parts)
            if joined is None:
                open_parts.append(union)
            return joined or ANY

        union = union_of(members)
        if not isinstance(union, UnionOf):
            return union
        members = union.members
        if NONE in members:
            rest = self._join((member for member in members if member != NONE), open_parts)
            return None if rest is None else option_of(rest)
        lists = [member for member in members if isinstance(member, ListOf)]
        sets = [member for member in members if isinstance(member, SetOf)]
        maps = [member for member in members if isinstance(member, MapOf)]
        refs = [member for member in members if isinstance(member, Ref)]
        if len(lists) == len(members):
            return ListOf(join_parts(each.element for each in lists))
        if len(sets) == len(members):
            return SetOf(join_parts(each.element for each in sets))
        if len(maps) == len(members) and len({each.key for each in maps}) == 1:
            return MapOf(maps[0].key, join_parts(each.value for each in maps))
        return self._common_base(refs) if len(refs) == len(members) else None

    def _common_base(self, refs: list[Ref]) -> Ref | None:
        """Return the member that is a base class of every other one: the union says no more."""
        for candidate in refs:
            if all(self._is_subclass(ref.path, candidate.path) for ref in refs):
                return candidate
        return None

    def _is_subclass(self, path: str, base: str) -> bool:
        pending, seen = [path], {path}
        while pending:
            path = pending.pop()
            if path == base:
                return True
            item = self.known.get(path)
            if isinstance(item, Class) and item.kind is not ClassKind.RECORD:
                parents = [parent.path for parent in item.bases if isinstance(parent, Ref)]
                pending += [parent for parent in parents if parent not in seen]
                seen.update(parents)
        return False


_UNSUPPORTED = SkipReason.UNSUPPORTED_TYPING_CONSTRUCT
_VARIABLE_REASONS = {
    TypeParamKind.TYPE: _UNSUPPORTED,
    TypeParamKind.PARAM_SPEC: SkipReason.PARAM_SPEC,
    TypeParamKind.TUPLE: SkipReason.TYPE_VAR_TUPLE,
}


def _argument(ty: BridgeType) -> BridgeType:
    return ANY if ty == NONE else ty


def _lose(ty: BridgeType, reason: SkipReason, losses: list[Loss]) -> Scalar:
    losses.append(Loss(reason, _detail(ty)))
    return ANY


def _detail(ty: BridgeType) -> str:
    return _shorten(format_type(map_type(ty, _without_span)))


def _without_span(ty: BridgeType) -> BridgeType:
    if isinstance(ty, Unsupported) and ty.span is not None:
        return Unsupported(ty.reason, ty.text)
    return ty


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_DETAIL else text[: _LONGEST_DETAIL - 1] + "…"
