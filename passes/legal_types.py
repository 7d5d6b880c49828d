"""The closed type table: every type becomes one that Mochi has, and what is lost is said.

What Python means by each shape is in the typing specification; what it becomes is in
`docs/types.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, assert_never, final

from attrs import define, field, frozen

from ..ir.helpers import TYPE_OBJECT
from ..ir.info import NoteKind
from ..ir.items import Alias, Class, ClassKind, Item, TypeParam, TypeParamKind, Variant
from ..ir.protocols import PROTOCOLS
from ..ir.refusals import SkipReason
from ..ir.sharing import TypePool, memoised_map
from ..ir.traverse import Rewrite, map_type, walk_type
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
    EnumMember,
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
from .desugar_options import option_of
from .generated_types import GeneratedTypes
from .join_members import MemberJoiner
from .losses import Loss, explicit_any, shorten, show_type
from .scalar_classes import find_spelling
from .unions import join_bools, union_of
from .widen_literals import widen_literal

_MUTABLE_BUFFERS = ("builtins.bytearray", "builtins.memoryview")
_TYPING_MODULES = ("typing", "typing_extensions", "_typeshed", "collections.abc")
_COMPLEX = Ref("builtins.complex")
_TYPING_CLASSES = frozenset({"IO", "TextIO", "BinaryIO", "ForwardRef", "NewType", "TypeAliasType"})
_ASYNC_CONTEXT = "contextlib.AbstractAsyncContextManager"
_CONTEXTS = ("contextlib.AbstractContextManager", _ASYNC_CONTEXT)


_Seen: TypeAlias = dict[int, "Legal"]


@final
@define(eq=False)
class Scope:
    """The type variables of a place, and what `Self` means there. `owner` is the class.

    Places with the same variables have one scope, which remembers what became of the types that
    mean something else elsewhere, by their ids: of those that a program gives, and that it gets.
    """

    kinds: Mapping[str, TypeParamKind]
    owner: Ref | None = None
    given: _Seen = field(factory=dict)
    got: _Seen = field(factory=dict)
    _inner: dict[tuple[tuple[str, TypeParamKind], ...], Scope] = field(factory=dict)

    def with_params(self, params: tuple[TypeParam, ...]) -> Scope:
        """Return this scope with `params` in front."""
        if not params:
            return self
        added = tuple([(param.name, param.kind) for param in params])
        if added not in self._inner:
            self._inner[added] = Scope({**self.kinds, **dict(added)}, self.owner)
        return self._inner[added]


@final
@frozen
class Legal:
    """A legal type and what was lost to make it one.

    `origin`, what it was, is kept beside it, so that its id is not used again.
    """

    type: BridgeType
    origin: BridgeType
    losses: tuple[Loss, ...] = ()


@final
@define
class TypeTable:
    """Legalizes the types of one package; collects the classes that have to be generated.

    `known` are the items of the package by path. `repeated` says that the package has been
    legalized before: an `any` in it is what an earlier run left, not what a declaration says.
    `own` are the import packages, `obtainable` the classes that a Mochi program may come to
    hold: a private class that is only ever asked for would make a parameter unusable, so it is
    `any` there. `given` has what is known of types that a program gives, by their ids; `share`
    returns the one object for a legal type.
    """

    known: Mapping[str, Item]
    generated: GeneratedTypes
    own: frozenset[str] = frozenset()
    obtainable: frozenset[str] = frozenset()
    repeated: bool = False
    given: _Seen = field(init=False, factory=dict)
    _got: _Seen = field(factory=dict)
    _plain: dict[tuple[BridgeType, bool], BridgeType] = field(factory=dict)
    share: Rewrite = field(init=False, factory=lambda: memoised_map(TypePool().share))
    _inward_joiner: MemberJoiner = field(init=False)
    _outward_joiner: MemberJoiner = field(init=False)
    _scoped: bool = False
    _inward: bool = False

    def __attrs_post_init__(self) -> None:
        self._inward_joiner = MemberJoiner(self.known, inward=True)
        self._outward_joiner = MemberJoiner(self.known, inward=False)

    def legalize(self, ty: BridgeType, scope: Scope, *, inward: bool = False) -> Legal:
        """Return `ty` as a type of the closed table; equal ones are one object.

        `inward` says that a program gives the values; else it gets them.
        """
        self._inward = inward
        return self._find(ty, scope)

    def legalize_result(self, ty: BridgeType, scope: Scope, is_async: bool) -> Legal:
        """Return the result type `ty` legalized; an awaitable or iterator stays, `never` is none."""
        match ty:
            case Scalar(ScalarKind.NEVER):
                return Legal(NONE, ty)
            case AsyncOf() if not is_async:
                inner = self.legalize_result(ty.inner, scope, is_async=True)
                return Legal(self.share(AsyncOf(inner.type)), ty, inner.losses)
            case IteratorOf():
                element = self.legalize(ty.element, scope)
                return Legal(self.share(IteratorOf(element.type)), ty, element.losses)
            case _:
                return self.legalize(ty, scope)

    # --- shapes -------------------------------------------------------------------------

    def _legal(self, ty: BridgeType, scope: Scope, losses: list[Loss]) -> BridgeType:
        found = self._find(ty, scope)
        losses += found.losses
        return found.type

    def _find(self, ty: BridgeType, scope: Scope) -> Legal:
        seen, scoped = (self.given, scope.given) if self._inward else (self._got, scope.got)
        known = seen.get(id(ty))
        if known is not None:
            return known
        known = scoped.get(id(ty))
        if known is not None:
            self._scoped = True
            return known
        # What loses nothing becomes the same wherever it stands.
        plain = self._plain.get((ty, self._inward))
        if plain is not None:
            found = seen[id(ty)] = Legal(plain, ty)
            return found
        around, self._scoped = self._scoped, False
        losses: list[Loss] = []
        legal = self._rewrite(ty, scope, losses)
        found = Legal(self.share(legal), ty, tuple(dict.fromkeys(losses)) if losses else ())
        if self._scoped:
            scoped[id(ty)] = found
        else:
            seen[id(ty)] = found
            if not losses:
                self._plain[ty, self._inward] = found.type
        self._scoped |= around
        return found

    def _rewrite(self, ty: BridgeType, scope: Scope, losses: list[Loss]) -> BridgeType:
        match ty:
            case Ref(path) if path in _CONTEXTS:
                return self._context(ty, scope, losses)
            case Ref():
                return self._reference(ty, losses)
            case Scalar():
                return self._scalar(ty, losses)
            case ListOf() | IteratorOf():
                return ListOf(self._legal(ty.element, scope, losses))
            case SetOf():
                return SetOf(self._legal(ty.element, scope, losses))
            case MapOf():
                return self._map(ty, scope, losses)
            case TupleOf():
                elements = tuple(self._element(element, scope, losses) for element in ty.elements)
                return self.generated.tuple_record(elements) if elements else ListOf(ANY)
            case OptionOf():
                return self._option(ty, scope, losses)
            case UnionOf():
                return self._union(ty, scope, losses)
            case LiteralOf():
                return self._literal(ty, scope, losses)
            case FunOf():
                return self._function(ty, scope, losses)
            case TypeVarRef():
                # What is known of a variable is in its place since resolve-generics.
                self._scoped = True
                kind = scope.kinds.get(ty.name)
                reason = _VARIABLE_REASONS[kind] if kind else _UNSUPPORTED
                losses.append(Loss(reason, show_type(ty), note=NoteKind.ERASED))
                return ANY
            case SelfType():
                self._scoped = True
                return scope.owner or _lose(ty, _UNSUPPORTED, losses)
            case TypeObject():
                return self.generated.handle(TYPE_OBJECT)
            case AsyncOf():
                return AsyncOf(_argument(self._legal(ty.inner, scope, losses)))
            case StreamOf():
                return StreamOf(_argument(self._legal(ty.element, scope, losses)))
            case Unsupported(reason, text) if reason is _PRIVATE and self._inward:
                return self._alike(Ref(text), losses)
            case Unsupported():
                losses.append(Loss(ty.reason, shorten(ty.text), ty.span))
                return ANY
            case _:
                assert_never(ty)

    def _scalar(self, ty: Scalar, losses: list[Loss]) -> BridgeType:
        if ty is ANY and not self.repeated:
            losses.append(explicit_any())
        if ty is NEVER:
            return ANY
        return INT if ty is BIGINT else ty

    def _literal(self, ty: LiteralOf, scope: Scope, losses: list[Loss]) -> BridgeType:
        """What flows in keeps its values, for the wrapper to check; members of an enum are their enum."""
        if not self._inward:
            return self._legal(widen_literal(ty), scope, losses)
        parts = union_of(
            widen_literal(LiteralOf((value,))) if isinstance(value, EnumMember) else LiteralOf((value,))
            for value in ty.values
        )
        return join_bools(parts) if isinstance(parts, LiteralOf) else self._legal(parts, scope, losses)

    def _element(self, ty: BridgeType, scope: Scope, losses: list[Loss]) -> BridgeType:
        """An element of a tuple is a field of a record, which a program both gives and gets."""
        inward, self._inward = self._inward, False
        legal = self._legal(map_type(ty, widen_literal), scope, losses)
        self._inward = inward
        return legal

    def _map(self, ty: MapOf, scope: Scope, losses: list[Loss]) -> BridgeType:
        key_losses: list[Loss] = []
        key = self._legal(map_type(ty.key, widen_literal), scope, key_losses)
        if key is ANY:
            # A list of pairs of `any` would be harder to use than the value itself.
            losses += key_losses
            return ANY
        losses += key_losses
        if key in (STRING, INT):
            return MapOf(key, self._legal(ty.value, scope, losses))
        return ListOf(self.generated.entry_record(key, self._element(ty.value, scope, losses)))

    def _context(self, ref: Ref, scope: Scope, losses: list[Loss]) -> BridgeType:
        """A context manager comes out with the type of its value; every one may go in."""
        inward, self._inward = self._inward, False
        value = self._legal(ref.arguments[0], scope, losses) if ref.arguments else ANY
        self._inward = inward
        given = self.generated.context(value, is_async=ref.path == _ASYNC_CONTEXT)
        return UnionOf((self.generated.handle(ref.path), given)) if inward else given

    def _option(self, ty: OptionOf, scope: Scope, losses: list[Loss]) -> BridgeType:
        inner = self._legal(ty.inner, scope, losses)
        if self._inward and isinstance(inner, FunOf) and inner.params is not None and not self.repeated:
            # Mochi cannot spell it: a `?` behind a function type belongs to its result.
            losses.append(Loss(_UNSUPPORTED, show_type(ty), note=NoteKind.CHECKED))
        return option_of(inner)

    def _function(self, ty: FunOf, scope: Scope, losses: list[Loss]) -> BridgeType:
        if ty.params is None:
            params = None
            if self._inward and not self.repeated:
                losses.append(Loss(SkipReason.PARAM_SPEC, show_type(ty), note=NoteKind.CHECKED))
        else:
            # What a function takes flows against what it gives.
            self._inward = not self._inward
            waits = isinstance(ty.result, AsyncOf)
            params = tuple(self._function_param(param, waits, scope, losses) for param in ty.params)
            self._inward = not self._inward
        return FunOf(params, self._function_result(ty.result, scope, losses))

    def _function_param(self, ty: BridgeType, waits: bool, scope: Scope, losses: list[Loss]) -> BridgeType:
        has_async = any(isinstance(inner, AsyncOf | StreamOf) for inner in walk_type(ty))
        if has_async and not self._inward and not waits:
            # Python calls the function from its event loop, where nobody can wait for another value; a
            # function that Python awaits runs beside the loop.
            return _lose(ty, SkipReason.INCOMPATIBLE_ASYNC_RUNTIME, losses)
        return _argument(self._legal(ty, scope, losses))

    def _function_result(self, ty: BridgeType, scope: Scope, losses: list[Loss]) -> BridgeType:
        match ty:
            case Scalar(ScalarKind.NEVER):
                return NONE
            case AsyncOf(inner):
                return AsyncOf(self._function_result(inner, scope, losses))
            case _:
                return self._legal(ty, scope, losses)

    # --- names --------------------------------------------------------------------------

    def _reference(self, ref: Ref, losses: list[Loss]) -> BridgeType:
        scalar = find_spelling(ref.path)
        if scalar is not None:
            return scalar
        item = self.known.get(ref.path)
        if isinstance(item, Alias) and isinstance(item.target, Ref) and item.target.path != ref.path:
            ref = item.target
            item = self.known.get(ref.path)
        match item:
            case Class() | Variant():
                if ref.path == _COMPLEX.path and not self.repeated:
                    losses.append(Loss(SkipReason.NO_COMPLEX_TYPE, show_type(ref)))
                return Ref(ref.path) if ref.arguments else ref
            case None:
                return self._foreign(ref, losses)
            case _:
                return _lose(ref, _UNSUPPORTED, losses)

    def _foreign(self, ref: Ref, losses: list[Loss]) -> BridgeType:
        """A class that is not an item of the package: a handle without members."""
        if ref.path in _MUTABLE_BUFFERS:
            losses.append(Loss(SkipReason.BYTEARRAY_MUTABLE, show_type(ref)))
            return BYTES
        if ref.path == _COMPLEX.path:
            losses.append(Loss(SkipReason.NO_COMPLEX_TYPE, show_type(ref)))
        module, _, name = ref.path.rpartition(".")
        if self._inward and ref.path in PROTOCOLS:
            return self._alike(ref, losses)
        if not module or (module in _TYPING_MODULES and name not in _TYPING_CLASSES):
            return _lose(ref, _UNSUPPORTED, losses)
        if ref.path not in self.obtainable and ref.path.partition(".")[0] in self.own:
            return self._alike(ref, losses) if self._inward else _lose(ref, _PRIVATE, losses)
        return self.generated.handle(ref.path)

    def _alike(self, ref: Ref, losses: list[Loss]) -> BridgeType:
        """What goes in as a class that no program can name: any value that is one or looks like one.

        A handle would leave the program without a value to pass, so it is a union of this alone.
        """
        if not self.repeated:
            losses.append(Loss(_PRIVATE, show_type(ref), note=NoteKind.CHECKED))
        return UnionOf((self.generated.handle(ref.path),))

    # --- unions -------------------------------------------------------------------------

    def _union(self, union: UnionOf, scope: Scope, losses: list[Loss]) -> BridgeType:
        """A union of legal types, or the one type that its members are in Mochi.

        A member that is `any` makes it `any`, for what was lost of the member.
        """
        if len(union.members) == 1:
            return union  # legal already
        inner: list[Loss] = []
        legal: list[BridgeType] = []
        open_losses: list[Loss] = []
        for member in union.members:
            lost: list[Loss] = []
            ty = self._member(member, scope, lost)
            legal.append(ty)
            inner += lost
            if ty is ANY:
                open_losses += lost
        if any(ty is ANY for ty in legal):
            losses += open_losses
            return ANY
        joined = (self._inward_joiner if self._inward else self._outward_joiner).join(legal)
        if joined is ANY:
            return _lose(union, SkipReason.OPEN_UNION, losses)
        if isinstance(joined, Ref) and UnionOf((joined,)) in legal:
            losses += inner
            return UnionOf((joined,))
        losses += [loss for loss in inner if not (self._inward and _is_harmless(loss, union))]
        return joined

    def _member(self, member: BridgeType, scope: Scope, losses: list[Loss]) -> BridgeType:
        """Return a member of a union: one that flows in may be what no type of Mochi says.

        A map of unknown keys lets any map through: the wrapper looks at the shape alone.
        """
        legal = self._legal(member, scope, losses)
        if self._inward and isinstance(member, MapOf) and legal is ANY:
            value = self._legal(member.value, scope, losses)
            return MapOf(STRING, value) if self._is_handed_on(value) else ANY
        return legal

    def _is_handed_on(self, ty: BridgeType) -> bool:
        """Whether a value of `ty` is the same on both sides."""
        return ty is not ANY and all(
            isinstance(part, (Scalar, ListOf, SetOf, MapOf)) or self._is_handle(part)
            for part in walk_type(ty)
        )

    def _is_handle(self, ty: BridgeType) -> bool:
        item = self.known.get(ty.path) if isinstance(ty, Ref) else None
        foreign = isinstance(ty, Ref) and item is None and not ty.path.startswith("mochi.")
        return foreign or (isinstance(item, Class) and item.kind is ClassKind.HANDLE)


_UNSUPPORTED = SkipReason.UNSUPPORTED_TYPING_CONSTRUCT
_PRIVATE = SkipReason.PRIVATE_NAME
_VARIABLE_REASONS = {
    TypeParamKind.TYPE: _UNSUPPORTED,
    TypeParamKind.PARAM_SPEC: SkipReason.PARAM_SPEC,
    TypeParamKind.TUPLE: SkipReason.TYPE_VAR_TUPLE,
}


def _argument(ty: BridgeType) -> BridgeType:
    return ANY if ty is NONE else ty


def _is_harmless(loss: Loss, union: UnionOf) -> bool:
    """Whether a program that gives a value of another member loses nothing."""
    match loss.reason:
        case SkipReason.NO_COMPLEX_TYPE:
            return True
        case SkipReason.PRIVATE_NAME:
            return loss.note is not None
        case SkipReason.BYTEARRAY_MUTABLE:
            return BYTES in union.members
        case _:
            return False


def _lose(ty: BridgeType, reason: SkipReason, losses: list[Loss]) -> Scalar:
    losses.append(Loss(reason, show_type(ty)))
    return ANY
