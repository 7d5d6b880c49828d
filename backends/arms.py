"""What the arms of an overloaded function take at one place, all together.

A union that flows in is checked. Where a function has several arms, a value that only another arm takes
is let through: Python tells the arms apart by values, and Mochi does not know of subclasses.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..ir.items import CallPlan, Function, Option
from ..ir.types import NONE, BridgeType, OptionOf, UnionOf
from .entries import Call, Entry


def argument_type(entry: Entry, index: int) -> BridgeType:
    """Return the type that parameter `index` of `entry` is checked against."""
    ty = entry.parameters[index].type
    if not isinstance(entry.operation, Call) or not _is_choice(ty):
        return ty
    plan = entry.operation.plan
    others = _other_arms(entry.operation.function, plan)
    if not others:
        return ty
    place = index - (plan.receiver is not None)
    places = map(_free, others)
    return _widen(ty, [types[place] for types in places if place < len(types)])


def option_types(function: Function, plan: CallPlan) -> list[BridgeType]:
    """Return the types that the options of `plan` are checked against."""
    others = [each for other in _other_arms(function, plan) for each in other.options]
    if not others:
        return [option.type for option in plan.options]
    return [_option_type(option, others) for option in plan.options]


def _option_type(option: Option, others: Iterable[Option]) -> BridgeType:
    if not _is_choice(option.type):
        return option.type
    return _widen(option.type, [each.type for each in others if each.name == option.name])


def _other_arms(function: Function, plan: CallPlan) -> list[CallPlan]:
    return [call for call in function.calls if call.arm != plan.arm and call.form is plan.form]


def _free(plan: CallPlan) -> list[BridgeType]:
    return [argument.type for argument in plan.arguments if not argument.fixed]


def _widen(ty: BridgeType, others: Iterable[BridgeType]) -> BridgeType:
    """Return `ty`, a union, with the members of `others`."""
    if all(other is ty for other in others):
        return ty
    own = _members(ty)
    members = dict.fromkeys([*own, *(member for other in others for member in _members(other))])
    if len(members) == len(own):
        return ty
    union = UnionOf(tuple(member for member in members if member is not NONE))
    return OptionOf(union) if NONE in members else union


def _is_choice(ty: BridgeType) -> bool:
    """Tell whether `ty` has several members, none aside."""
    match ty:
        case UnionOf(members):
            return len(members) > 1
        case OptionOf(inner):
            return _is_choice(inner)
        case _:
            return False


def _members(ty: BridgeType) -> tuple[BridgeType, ...]:
    match ty:
        case UnionOf(members):
            return members
        case OptionOf(inner):
            return (*_members(inner), NONE)
        case _:
            return (ty,)
