"""Puts types in the place of type variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from ..ir.items import Field, Function, Property, TypeParam, TypeParamKind
from ..ir.traverse import map_children, map_outer_types
from ..ir.types import ANY, BridgeType, TupleOf, TypeVarRef

Substitution = Mapping[str, BridgeType]
_MemberT = TypeVar("_MemberT", Field, Property, Function)


def substitute(ty: BridgeType, types: Substitution) -> BridgeType:
    """Return `ty` with every type variable that `types` names replaced."""
    if not types:
        return ty
    if isinstance(ty, TypeVarRef):
        return types.get(ty.name, ty)
    return map_children(ty, lambda inner: substitute(inner, types))


def match_arguments(params: tuple[TypeParam, ...], arguments: tuple[BridgeType, ...]) -> Substitution:
    """Return what each of `params` stands for when `arguments` are given, in order.

    A parameter without argument stands for its default, else for its bound, else for `any`
    (PEP 696; the typing specification on missing type arguments). A TypeVarTuple takes all that
    the parameters behind it leave.
    """
    types: dict[str, BridgeType] = {}
    position = 0
    for index, param in enumerate(params):
        if param.kind is TypeParamKind.TUPLE:
            end = max(position, len(arguments) - (len(params) - index - 1))
            types[param.name] = TupleOf(arguments[position:end])
            position = end
        elif position < len(arguments):
            types[param.name] = arguments[position]
            position += 1
        else:
            types[param.name] = substitute(param.default or param.bound or ANY, types)
    return types


def substitute_member(member: _MemberT, types: Substitution) -> _MemberT:
    """Return `member` with every type variable that `types` names replaced."""
    return map_outer_types(member, lambda ty: substitute(ty, types)) if types else member
