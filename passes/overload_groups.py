"""The arms of a function in groups, each of which is one call in Mochi."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ir.info import Info, NoteKind
from ..ir.items import Function, Signature
from ..ir.types import (
    ANY,
    AsyncOf,
    BridgeType,
    IteratorOf,
    ListOf,
    MapOf,
    OptionOf,
    Ref,
    SetOf,
    StreamOf,
    UnionOf,
    has_one_value,
)
from .overload_arms import SPLAT, VARIADIC, Arm, ArmJoiner

_Lost = Mapping[int, Mapping[str, set[str]]]
_SPLATS = frozenset(kind.value for kind in VARIADIC)


def group_arms(function: Function, arms: Sequence[Arm], joiner: ArmJoiner) -> list[Arm]:
    """Return `arms` joined where one call can stand for several; the plainest first, then in order."""
    firsts: dict[object, Signature] = {}
    for signature in function.signatures:
        if signature.span is not None:
            firsts.setdefault(signature.span, signature)
    ordered = sorted(arms, key=lambda arm: _plainness(arm, firsts))
    groups: list[Arm] = []
    for arm in [*ordered[:1], *_splats_first(ordered[1:])]:
        for index, group in enumerate(groups):
            joined = joiner.join(group, arm)
            if joined is not None:
                groups[index] = joined
                break
        else:
            groups.append(arm)
    further = sorted(groups[1:], key=lambda arm: (arm.signature.deprecated is not None, arm.numbers[0]))
    return [*groups[:1], *further] if joiner.strict else _blur(function, groups[0], further, joiner)


def _plainness(arm: Arm, firsts: Mapping[object, Signature]) -> tuple[bool, bool, bool, bool, int, bool, int]:
    """Return the key by which the plainest arm comes first.

    An arm that was declared and not instantiated, that is not deprecated, that names some parameter, and
    that asks for no single value; of those the one with the fewest required parameters, then one with a
    typed result, then the first. `firsts` are the first signatures at each span: where monomorphise made
    one, it stands where an earlier one does.
    """
    signature = arm.signature
    declared = None if signature.span is None else firsts[signature.span]
    return (
        declared is not None and declared is not signature and declared != signature,
        signature.deprecated is not None,
        bool(arm.params) and arm.params.keys() <= _SPLATS,
        any(map(has_one_value, arm.required.values())),
        len(arm.required),
        signature.result is ANY,
        arm.numbers[0],
    )


def _blur(function: Function, first: Arm, further: list[Arm], joiner: ArmJoiner) -> list[Arm]:
    """Let the plainest arm stand for all that its arguments do not tell it from, with what all of them give.

    That is `any`, or a container of it. Type checkers do the same where an argument is `Any` (typing
    specification, "Overload call evaluation"). What other arms require beyond that are options of it too.
    The arms with their own results stay behind it.
    """
    if not further or first.signature.result is ANY:
        return [first, *further]
    lost = _read_losses(function.info)
    rivals = [arm for arm in further if _is_alike(first, arm, lost)]
    if not rivals:
        return [first, *further]
    meant = [
        arm
        for arm in further
        if arm in rivals or arm.signature.result is ANY or len(arm.required) > len(first.required)
    ]
    result = _widest([arm.signature.result for arm in (first, *meant)])
    blurred = first.giving(result)
    rest: list[Arm] = []
    for arm in further:
        joined = joiner.join(blurred, arm.giving(result)) if arm in meant else None
        blurred = joined or blurred
        if joined is None or arm.signature.result != result:
            rest.append(arm)
    return [blurred, *rest] if first.signature.result == result else [blurred, first, *rest]


def _widest(results: Sequence[BridgeType]) -> BridgeType:
    """Return what all of these are: a container of `any` where all are of one kind, else `any`."""
    match results[0]:
        case IteratorOf() | ListOf() | SetOf() | StreamOf() as first if len({*map(type, results)}) == 1:
            return type(first)(ANY)
        case MapOf(key) if all(isinstance(each, MapOf) and each.key == key for each in results):
            return MapOf(key, ANY)
        case _:
            return ANY


def _is_alike(one: Arm, other: Arm, lost: _Lost) -> bool:
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
        or [*one.required] != [*other.required]
    ):
        return False
    ours, theirs = one.params, other.params
    differ = [label for label in ours if label in theirs and ours[label].type is not theirs[label].type]
    if any(label not in one.required and _is_choice(ours[label].type) for label in differ):
        return False
    erased, erased_other = _erased(one, lost), _erased(other, lost)
    unequal = [
        label
        for label in one.required
        if label in differ
        or erased.get(ours[label].name) != erased_other.get(theirs[label].name)
        or (ours[label].name in erased and ours[label].type is ANY)
    ]
    if unequal:
        return all(_overlap(ours[label].type, theirs[label].type) for label in unequal)
    return all(ours[label].type is ANY for label in differ)


def _read_losses(info: Info) -> _Lost:
    """Return what was erased of the parameters of each declared arm; `any` that the author wrote is not."""
    found: dict[int, dict[str, set[str]]] = {}
    told = [(each.where, each.detail) for each in info.degradations]
    told += [(each.where, each.detail) for each in info.notes if each.kind is not NoteKind.DECLARED_ANY]
    for where, detail in told:
        place, _, name = where.rpartition(": parameter ")
        word, _, number = place.partition(" ")
        if word == "overload" and number.isdigit():
            found.setdefault(int(number), {}).setdefault(name, set()).add(detail)
    return found


def _erased(arm: Arm, lost: _Lost) -> Mapping[str, set[str]]:
    """Return what was erased of each parameter of the declared arms that `arm` stands for."""
    found: dict[str, set[str]] = {}
    for number in arm.numbers:
        for name, details in lost.get(number, {}).items():
            found[name] = found.get(name, set()) | details
    return found


def _is_choice(ty: BridgeType) -> bool:
    return has_one_value(ty.inner if isinstance(ty, OptionOf) else ty)


def _overlap(one: BridgeType, other: BridgeType) -> bool:
    """Tell whether a value of the first type may be meant for the second: classes lose their arguments."""
    if one is ANY:
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


def _splats_first(arms: Sequence[Arm]) -> list[Arm]:
    """Return the arms with `*args` before the others: they take what others name one by one."""
    return sorted(arms, key=lambda arm: SPLAT not in arm.params)
