"""Overload arms as calls: which of them one Mochi declaration can stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from attrs import define, field, frozen

from ..ir.items import Default, DefaultKind, Function, Param, ParamKind, Signature
from ..ir.sharing import TypePool, memoised_map
from ..ir.traverse import Rewrite, map_signature, walk_type
from ..ir.types import BridgeType, ListOf, LiteralOf, MapOf, OptionOf, SetOf, UnionOf, has_one_value
from .desugar_options import desugar_option, option_of
from .losses import show_type
from .receivers import has_receiver
from .scalar_classes import absorb_scalars
from .unions import union_of

VARIADIC = (ParamKind.VAR_POSITIONAL, ParamKind.VAR_KEYWORD)
SPLAT = ParamKind.VAR_POSITIONAL.value
"""What identifies `*args` among the parameters of an arm."""

_KEYWORDS = ParamKind.VAR_KEYWORD.value
_UNKNOWN = Default(DefaultKind.UNKNOWN, "...")
_NAMED_POSITIONAL = (ParamKind.POSITIONAL_ONLY, ParamKind.POSITIONAL_OR_KEYWORD)
_ORDER = {kind: rank for rank, kind in enumerate(ParamKind)}


@final
@frozen(eq=False)
class Arm:
    """A signature as those see it who call it. Equal types in the arms of one run are one object.

    `numbers` are those of the declared arms that it stands for, its own first. `params` are its parameters
    without the receiver, by what identifies them among arms; `required` the types of those that a call
    has to give, `positional` the labels of those that may go by position.
    """

    signature: Signature
    numbers: tuple[int, ...]
    receiver: tuple[Param, ...]
    params: Mapping[str, Param]
    required: Mapping[str, BridgeType]
    positional: tuple[str, ...]

    def standing_for(self, numbers: tuple[int, ...]) -> Arm:
        """Return this arm for the declared arms `numbers`."""
        return Arm(self.signature, numbers, self.receiver, self.params, self.required, self.positional)

    def giving(self, result: BridgeType) -> Arm:
        """Return this arm with another result."""
        old = self.signature
        signature = Signature(old.params, result, old.type_params, old.is_async, old.span, old.deprecated)
        return Arm(signature, self.numbers, self.receiver, self.params, self.required, self.positional)


@final
@define(eq=False)
class ArmJoiner:
    """Joins the arms of one package; two types are joined once. `strict` lets no type grow."""

    strict: bool
    _share: Rewrite = field(init=False, factory=lambda: memoised_map(TypePool().share))
    _joined: dict[tuple[int, int], tuple[BridgeType, BridgeType, BridgeType]] = field(
        init=False, factory=dict
    )
    _unions: dict[int, tuple[BridgeType, str]] = field(init=False, factory=dict)

    def read(self, function: Function, signature: Signature, number: int) -> Arm:
        """Return `signature`, one of `function`, as an arm."""
        receiver = 1 if has_receiver(function, signature) else 0
        return _make_arm(map_signature(signature, self._share), (number,), receiver)

    def join(self, first: Arm, other: Arm) -> Arm | None:
        """Return the arm that takes what either takes, or None where one call cannot stand for both.

        The results must be equal and the required parameters of `first` those that `other` begins with.
        What `other` requires beyond them is an option of the whole.
        """
        a, b = first.signature, other.signature
        if a.result is not b.result or a.is_async != b.is_async or len(first.receiver) != len(other.receiver):
            return None
        params = self._join_params(first, other)
        if params is None:
            return None
        skipped, numbers = len(first.receiver), (*first.numbers, *other.numbers)
        if params == a.params[skipped:]:
            return first.standing_for(numbers)
        if b.deprecated is not None and a.deprecated is None:
            return None
        params = (*first.receiver, *params)
        joined = Signature(params, a.result, a.type_params, a.is_async, a.span, a.deprecated)
        return None if self.strict and _grows(a, b, joined) else _make_arm(joined, numbers, skipped)

    def join_types(self, first: BridgeType, other: BridgeType) -> BridgeType:
        """Return the type of values of either type, on their way into Python."""
        if first is other:
            return first
        key = (id(first), id(other))
        known = self._joined.get(key)
        if known is None:
            # Both types are kept beside the result, so that their ids are not used again.
            joined = self._share(join_types(self._share(first), self._share(other)))
            known = self._joined[key] = (first, other, joined)
        return known[2]

    def show_union(self, ty: BridgeType) -> str:
        """Return the text of `ty` if there is a union in it, else nothing."""
        known = self._unions.get(id(ty))
        if known is None:
            is_union = any(isinstance(part, UnionOf) for part in walk_type(ty))
            known = self._unions[id(ty)] = (ty, show_type(ty) if is_union else "")
        return known[1]

    def _join_params(self, first: Arm, other: Arm) -> tuple[Param, ...] | None:
        if not _begins_with(other, first) or self._chooses(first, other):
            return None
        params = dict(first.params)
        splat = other.params.get(SPLAT)
        if splat is not None:
            params.setdefault(SPLAT, splat)
            for label in _taken_by_splat(first, other):
                params[label] = self._widen(params[label], splat)
        for label, param in other.params.items():
            known = params.get(label)
            if known is not None and (known.kind in VARIADIC) == (param.kind in VARIADIC):
                if known.type is not param.type:
                    params[label] = self._widen(known, param)
            elif known is not None:
                return None
            elif param.kind is ParamKind.POSITIONAL_ONLY:
                wider = params.get(SPLAT)
                if wider is None or param.default is not None:
                    return None
                params[SPLAT] = self._widen(wider, param)
            elif param.kind in VARIADIC:
                params[label] = param
            else:
                default = param.default or _UNKNOWN
                params[label] = Param(param.name, ParamKind.KEYWORD_ONLY, param.type, default, param.span)
        ordered = sorted(params.values(), key=_rank)
        return tuple(ordered) if len({param.name for param in ordered}) == len(ordered) else None

    def _widen(self, param: Param, other: Param) -> Param:
        """Return `param` for the values that `other` takes too."""
        ty = self.join_types(param.type, other.type)
        return param if ty is param.type else Param(param.name, param.kind, ty, param.default, param.span)

    def _chooses(self, first: Arm, other: Arm) -> bool:
        """Tell whether two arms ask for different literals, by which one chooses between them.

        Values in one place may be joined, if nothing else is asked for; a switch that is on is another call
        than one that is off, and one value is another call than any value of a type.
        """
        mine, others = first.required, other.required
        for label, ty in mine.items():
            rival = others.get(label)
            if rival is None or rival is ty or not (_is_single(ty) or _is_single(rival)):
                continue
            if self.join_types(ty, rival) is ty:
                continue
            literals = isinstance(ty, LiteralOf) and isinstance(rival, LiteralOf)
            if mine.keys() != others.keys() or not literals or (_is_switch(ty) and _is_switch(rival)):
                return True
        return False


def _make_arm(signature: Signature, numbers: tuple[int, ...], skipped: int) -> Arm:
    params = {label_of(param): param for param in signature.params[skipped:]}
    required: dict[str, BridgeType] = {}
    positional: list[str] = []
    for label, param in params.items():
        if param.default is None and param.kind not in VARIADIC:
            required[label] = param.type
            if param.kind in _NAMED_POSITIONAL:
                positional.append(label)
    return Arm(signature, numbers, signature.params[:skipped], params, required, tuple(positional))


def own_params(function: Function, signature: Signature) -> tuple[Param, ...]:
    """Return the parameters of `signature` without the receiver."""
    return signature.params[1:] if has_receiver(function, signature) else signature.params


def label_of(param: Param) -> str:
    """Return what identifies a parameter among arms: `*args` and `**kwargs` are one whatever their names."""
    match param.kind:
        case ParamKind.VAR_POSITIONAL:
            return SPLAT
        case ParamKind.VAR_KEYWORD:
            return _KEYWORDS
        case ParamKind.POSITIONAL_ONLY:
            return param.name.lstrip("_")
        case _:
            return param.name


def _rank(param: Param) -> int:
    return _ORDER[param.kind]


def _begins_with(other: Arm, first: Arm) -> bool:
    """Tell whether a call of `first` is a call of `other`, but for what `other` has beyond it.

    `*args` of `other` takes the positional ones that `first` requires.
    """
    if any(label not in other.required for label in first.required if label not in first.positional):
        return False
    if other.positional[: len(first.positional)] == first.positional:
        return True
    if SPLAT not in other.params:
        return False
    return not any(param.kind in _NAMED_POSITIONAL for param in other.params.values())


def _taken_by_splat(first: Arm, other: Arm) -> list[str]:
    """Return the labels of parameters of the first arm whose values go to `*args` of the other."""
    return [label for label in first.positional if label not in other.params]


def _is_single(ty: BridgeType) -> bool:
    return isinstance(ty, LiteralOf) and has_one_value(ty)


def _is_switch(ty: BridgeType) -> bool:
    return isinstance(ty, LiteralOf) and all(isinstance(value, bool) for value in ty.values)


def join_types(first: BridgeType, other: BridgeType) -> BridgeType:
    """Return the type of values of either type, on their way into Python."""
    match first, other:
        case _ if first == other:
            return first
        case ListOf(a), ListOf(b):
            return ListOf(join_types(a, b))
        case SetOf(a), SetOf(b):
            return SetOf(join_types(a, b))
        case MapOf(key, a), MapOf(other_key, b) if key == other_key:
            return MapOf(key, join_types(a, b))
        case _:
            joined = desugar_option(union_of((first, other)))
    match joined:
        case OptionOf(UnionOf(members)):
            return option_of(union_of(absorb_scalars(members)))
        case UnionOf(members):
            return union_of(absorb_scalars(members))
        case _:
            return joined


def _grows(first: Signature, other: Signature, joined: Signature) -> bool:
    """Tell whether a parameter of `joined` has a type that the arm it comes from does not give it."""
    types = {param.name: param.type for each in (other, first) for param in each.params}
    return any(types[param.name] != param.type for param in joined.params)
