"""Overload arms as calls: which of them one Mochi declaration can stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import final

from attrs import evolve, frozen

from ..ir.info import Info, NoteKind
from ..ir.items import Default, DefaultKind, Function, Param, ParamKind, Signature
from ..ir.types import (
    ANY,
    AsyncOf,
    BridgeType,
    ListOf,
    LiteralOf,
    MapOf,
    OptionOf,
    Ref,
    SetOf,
    UnionOf,
    has_one_value,
)
from .desugar_options import desugar_option, option_of
from .receivers import has_receiver
from .scalar_classes import absorb_scalars
from .unions import union_of

_UNKNOWN = Default(DefaultKind.UNKNOWN, "...")
_VARIADIC = (ParamKind.VAR_POSITIONAL, ParamKind.VAR_KEYWORD)
_NAMED_POSITIONAL = (ParamKind.POSITIONAL_ONLY, ParamKind.POSITIONAL_OR_KEYWORD)


@final
@frozen
class Arm:
    """A signature with the numbers of the declared arms that it stands for, its own first."""

    signature: Signature
    numbers: tuple[int, ...]


def plainness(function: Function, arm: Arm) -> tuple[bool, bool, bool, bool, int, bool, int]:
    """Return the key by which the plainest arm comes first.

    An arm that was declared and not instantiated, that is not deprecated, that names some parameter, and
    that asks for no single value; of those the one with the fewest required parameters, then one with a
    typed result, then the first.
    """
    signature = arm.signature
    params = own_params(function, signature)
    required = _required(params)
    return (
        _is_instance(function, signature),
        signature.deprecated is not None,
        bool(params) and all(param.kind in _VARIADIC for param in params),
        any(has_one_value(param.type) for param in required),
        len(required),
        signature.result == ANY,
        arm.numbers[0],
    )


def _is_instance(function: Function, signature: Signature) -> bool:
    """Tell whether monomorphise made `signature`: it stands where an earlier arm does."""
    if signature.span is None:
        return False
    first = next((each for each in function.signatures if each.span == signature.span), signature)
    return first is not signature and first != signature


def join_arms(function: Function, first: Arm, other: Arm, *, strict: bool) -> Arm | None:
    """Return the arm that takes what either takes, or None where one call cannot stand for both.

    The results must be equal and the required parameters of `first` those that `other` begins with.
    What `other` requires beyond them is an option of the whole. With `strict` no type may grow.
    """
    a, b = first.signature, other.signature
    if a.result != b.result or a.is_async != b.is_async:
        return None
    joined = _join_signatures(function, a, b)
    if joined is None or (strict and _grows(a, b, joined)):
        return None
    if b.deprecated is not None and a.deprecated is None and joined != a:
        return None
    return Arm(joined, (*first.numbers, *other.numbers))


def own_params(function: Function, signature: Signature) -> tuple[Param, ...]:
    """Return the parameters of `signature` without the receiver."""
    return signature.params[1:] if has_receiver(function, signature) else signature.params


def _join_signatures(function: Function, a: Signature, b: Signature) -> Signature | None:
    if has_receiver(function, a) != has_receiver(function, b):
        return None
    receiver = a.params[:1] if has_receiver(function, a) else ()
    ours, theirs = own_params(function, a), own_params(function, b)
    params = {_label(param): param for param in ours}
    rest = _match_required(ours, theirs)
    if rest is None or _chooses(ours, theirs):
        return None
    for splat in (param for param in rest if param.kind is ParamKind.VAR_POSITIONAL):
        params.setdefault(_label(splat), splat)
        for taken in _taken_by_splat(ours, theirs):
            params[_label(taken)] = evolve(taken, type=join_types(taken.type, splat.type))
    for param in rest:
        label = _label(param)
        known = params.get(label)
        if known is not None and (known.kind in _VARIADIC) == (param.kind in _VARIADIC):
            ty = join_types(known.type, param.type)
            params[label] = known if ty == known.type else evolve(known, type=ty)
        elif known is not None:
            return None
        elif param.kind is ParamKind.POSITIONAL_ONLY:
            wider = params.get(ParamKind.VAR_POSITIONAL.value)
            if wider is None or param.default is not None:
                return None
            params[_label(wider)] = evolve(wider, type=join_types(wider.type, param.type))
        elif param.kind in _VARIADIC:
            params[label] = param
        else:
            params[label] = evolve(param, kind=ParamKind.KEYWORD_ONLY, default=param.default or _UNKNOWN)
    ordered = sorted(params.values(), key=lambda param: _ORDER[param.kind])
    if len({param.name for param in ordered}) < len(ordered):
        return None
    return a if tuple(ordered) == ours else evolve(a, params=(*receiver, *ordered))


_ORDER = {kind: rank for rank, kind in enumerate(ParamKind)}


def _match_required(ours: Sequence[Param], theirs: Sequence[Param]) -> list[Param] | None:
    """Return the parameters of the second arm, if a call of the first is a call of it but for the rest.

    `*args` of the second takes the positional ones that the first requires.
    """
    mine, other = _required(ours), _required(theirs)
    positional = [_label(param) for param in mine if param.kind in _NAMED_POSITIONAL]
    named = [_label(param) for param in other if param.kind in _NAMED_POSITIONAL]
    keywords = {_label(param) for param in mine} - set(positional)
    if not keywords <= {_label(param) for param in other}:
        return None
    if named[: len(positional)] == positional:
        return list(theirs)
    takes_any = any(param.kind is ParamKind.VAR_POSITIONAL for param in theirs)
    has_named = any(param.kind in _NAMED_POSITIONAL for param in theirs)
    return list(theirs) if takes_any and not has_named else None


def _taken_by_splat(ours: Sequence[Param], theirs: Sequence[Param]) -> list[Param]:
    """Return the parameters of the first arm whose values go to `*args` of the second."""
    named = {_label(param) for param in theirs}
    return [p for p in _required(ours) if p.kind in _NAMED_POSITIONAL and _label(p) not in named]


def _chooses(ours: Sequence[Param], theirs: Sequence[Param]) -> bool:
    """Tell whether two arms ask for different literals, by which one chooses between them.

    Values in one place may be joined, if nothing else is asked for; a switch that is on is another call
    than one that is off, and one value is another call than any value of a type.
    """
    mine, other = ({_label(param): param.type for param in _required(params)} for params in (ours, theirs))
    differ = [(mine[label], other[label]) for label in mine if label in other and mine[label] != other[label]]
    single = [pair for pair in differ if any(map(_is_single, pair)) and join_types(*pair) != pair[0]]
    return any(
        mine.keys() != other.keys()
        or all(map(_is_switch, pair))
        or not all(isinstance(ty, LiteralOf) for ty in pair)
        for pair in single
    )


def _is_single(ty: BridgeType) -> bool:
    return isinstance(ty, LiteralOf) and has_one_value(ty)


def _is_switch(ty: BridgeType) -> bool:
    return isinstance(ty, LiteralOf) and all(isinstance(value, bool) for value in ty.values)


def _required(params: Sequence[Param]) -> list[Param]:
    return [param for param in params if param.default is None and param.kind not in _VARIADIC]


def _label(param: Param) -> str:
    """Return what identifies a parameter among arms: `*args` and `**kwargs` are one whatever their names."""
    if param.kind in _VARIADIC:
        return param.kind.value
    return param.name.lstrip("_") if param.kind is ParamKind.POSITIONAL_ONLY else param.name


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


def group_arms(function: Function, arms: Sequence[Arm], *, strict: bool) -> list[Arm]:
    """Return `arms` joined where one call can stand for several; the plainest first, then in order."""
    ordered = sorted(arms, key=lambda arm: plainness(function, arm))
    groups: list[Arm] = []
    for arm in [*ordered[:1], *_splats_first(ordered[1:])]:
        for index, group in enumerate(groups):
            joined = join_arms(function, group, arm, strict=strict)
            if joined is not None:
                groups[index] = joined
                break
        else:
            groups.append(arm)
    further = sorted(groups[1:], key=lambda arm: (arm.signature.deprecated is not None, arm.numbers[0]))
    return [*groups[:1], *further] if strict else _blur(function, groups[0], further)


def _blur(function: Function, first: Arm, further: list[Arm]) -> list[Arm]:
    """Let the plainest arm stand for all that its arguments do not tell it from, with `any` as its result.

    Type checkers do the same where an argument is `Any` (typing specification, "Overload call evaluation").
    What other arms require beyond that are options of it too. The arms with their own results stay behind it.
    """
    rivals = [arm for arm in further if _is_alike(function, first, arm)]
    if not rivals or first.signature.result == ANY:
        return [first, *further]
    blurred = evolve(first, signature=evolve(first.signature, result=ANY))
    required = _required(own_params(function, first.signature))
    rest: list[Arm] = []
    for arm in further:
        alike = evolve(arm, signature=evolve(arm.signature, result=ANY))
        more = len(_required(own_params(function, arm.signature))) > len(required)
        may_join = arm in rivals or arm.signature.result == ANY or more
        joined = join_arms(function, blurred, alike, strict=False) if may_join else None
        blurred = joined or blurred
        if joined is None or arm.signature.result != ANY:
            rest.append(arm)
    return [blurred, first, *rest]


def _is_alike(function: Function, one: Arm, other: Arm) -> bool:
    """Tell whether a call of `one` may mean `other`, as far as Mochi knows its arguments.

    Arguments that are the same in both tell nothing; then the options must be the same too. Where
    something was erased of their types, what remains may overlap. An option that `one` has for a single
    value tells, for it is not given.
    """
    first, second = one.signature, other.signature
    if (
        first.is_async != second.is_async
        or isinstance(first.result, AsyncOf)
        or second.deprecated is not None
    ):
        return False
    ours = {_label(param): param for param in own_params(function, first)}
    theirs = {_label(param): param for param in own_params(function, second)}
    required = [_label(param) for param in _required(tuple(ours.values()))]
    if required != [_label(param) for param in _required(tuple(theirs.values()))]:
        return False
    shared = [label for label in ours if label in theirs and ours[label].type != theirs[label].type]
    if any(label not in required and _is_choice(ours[label].type) for label in shared):
        return False
    lost, lost_other = _lost(function.info, one), _lost(function.info, other)
    unequal = [
        label
        for label in required
        if ours[label].type != theirs[label].type
        or lost.get(ours[label].name) != lost_other.get(theirs[label].name)
        or (ours[label].type == ANY and ours[label].name in lost)
    ]
    if unequal:
        return all(_overlap(ours[label].type, theirs[label].type) for label in unequal)
    return all(ours[label].type in (ANY, theirs[label].type) for label in ours if label in theirs)


def _lost(info: Info, arm: Arm) -> dict[str, set[str]]:
    """Return what was erased of each parameter of an arm; `any` that the author wrote is not."""
    found: dict[str, set[str]] = {}
    told = [(each.where, each.detail) for each in info.degradations]
    told += [(each.where, each.detail) for each in info.notes if each.kind is not NoteKind.DECLARED_ANY]
    arms = [f"overload {number}" for number in arm.numbers]
    for where, detail in told:
        place, _, name = where.rpartition(": parameter ")
        if place in arms:
            found.setdefault(name, set()).add(detail)
    return found


def _is_choice(ty: BridgeType) -> bool:
    return has_one_value(ty.inner if isinstance(ty, OptionOf) else ty)


def _overlap(one: BridgeType, other: BridgeType) -> bool:
    """Tell whether a value of the first type may be meant for the second: classes lose their arguments."""
    if one == ANY:
        return True
    for member in _members(one):
        for rival in _members(other):
            match member, rival:
                case Ref(path), Ref(other_path) if path == other_path:
                    return True
                case (ListOf(a), ListOf(b)) | (SetOf(a), SetOf(b)) | (MapOf(_, a), MapOf(_, b)):
                    if _overlap(a, b):
                        return True
                case _:
                    continue
    return False


def _members(ty: BridgeType) -> tuple[BridgeType, ...]:
    match ty:
        case OptionOf(inner):
            return _members(inner)
        case UnionOf(members):
            return members
        case _:
            return (ty,)


def _splats_first(arms: Sequence[Arm]) -> Iterator[Arm]:
    """Yield the arms with `*args` before the others: they take what others name one by one."""
    splats = [arm for arm in arms if any(p.kind is ParamKind.VAR_POSITIONAL for p in arm.signature.params)]
    yield from splats
    yield from (arm for arm in arms if arm not in splats)
