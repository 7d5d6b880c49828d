"""Which way the values of a type flow: into Python, or out of it.

What a program gives flows in: parameters, what is assigned to a property, results of the functions that it
passes on. What it gets flows out: results, attributes, constants, what those functions are called with.
"""

from __future__ import annotations

from operator import is_
from typing import TypeVar, assert_never, final

from attrs import define, evolve, field

from ..ir.items import (
    Alias,
    Class,
    Constant,
    Field,
    Function,
    Item,
    Package,
    Param,
    Property,
    Refusal,
    Signature,
    TypeVariable,
    Variant,
)
from ..ir.traverse import Rewrite, map_children, map_items, map_outer_types
from ..ir.types import BridgeType, FunOf, Scalar

_ValueT = TypeVar("_ValueT", Field, Constant)


def map_outward(package: Package, fn: Rewrite) -> Package:
    """Return `package` with `fn` applied to every type whose values flow out, innermost first."""
    mapper = _Mapper(fn)
    package = map_items(package, mapper.item)
    generated = tuple(map(mapper.item, package.generated))
    same = all(map(is_, generated, package.generated))
    return package if same else evolve(package, generated=generated)


@final
@define(eq=False)
class _Mapper:
    """Applies `fn` on the way; remembers by identity what became of a type that flows in or out."""

    fn: Rewrite
    _inward: dict[int, tuple[BridgeType, BridgeType]] = field(factory=dict)
    _outward: dict[int, tuple[BridgeType, BridgeType]] = field(factory=dict)

    def inward(self, ty: BridgeType) -> BridgeType:
        if type(ty) is Scalar:
            return ty
        known = self._inward.get(id(ty))
        if known is None:
            mapped = _map_parts(ty, self.outward, self.inward)
            known = self._inward[id(ty)] = (ty, mapped)
        return known[1]

    def outward(self, ty: BridgeType) -> BridgeType:
        known = self._outward.get(id(ty))
        if known is None:
            mapped = _map_parts(ty, self.inward, self.outward)
            known = self._outward[id(ty)] = (ty, self.fn(mapped))
        return known[1]

    def item(self, item: Item) -> Item:
        match item:
            case Function():
                return self.function(item)
            case Class():
                return self.class_item(item)
            case Constant():
                return self.value(item)
            case Variant():
                return map_outer_types(item, self.outward)
            case Alias() | TypeVariable() | Refusal():
                return item
            case _:
                assert_never(item)

    def function(self, function: Function) -> Function:
        signatures = tuple(map(self.signature, function.signatures))
        same = all(map(is_, signatures, function.signatures))
        return function if same else evolve(function, signatures=signatures)

    def signature(self, signature: Signature) -> Signature:
        params = tuple(_map_param(each, self.inward) for each in signature.params)
        result = self.outward(signature.result)
        if result is signature.result and all(map(is_, params, signature.params)):
            return signature
        return evolve(signature, params=params, result=result)

    def class_item(self, cls: Class) -> Class:
        mapped = evolve(
            cls,
            fields=tuple(map(self.value, cls.fields)),
            properties=tuple(map(self.property, cls.properties)),
            constructors=tuple(map(self.function, cls.constructors)),
            methods=tuple(map(self.function, cls.methods)),
        )
        return cls if mapped == cls else mapped

    def value(self, part: _ValueT) -> _ValueT:
        ty = self.outward(part.type)
        return part if ty is part.type else evolve(part, type=ty)

    def property(self, member: Property) -> Property:
        ty = self.outward(member.type)
        setter = None if member.setter_type is None else self.inward(member.setter_type)
        same = ty is member.type and setter is member.setter_type
        return member if same else evolve(member, type=ty, setter_type=setter)


def _map_param(param: Param, fn: Rewrite) -> Param:
    ty = fn(param.type)
    return param if ty is param.type else Param(param.name, param.kind, ty, param.default, param.span)


def _map_parts(ty: BridgeType, against: Rewrite, along: Rewrite) -> BridgeType:
    """Return `ty` with its parts rewritten: parameters of a function flow `against` it."""
    if not isinstance(ty, FunOf):
        return map_children(ty, along)
    params = None if ty.params is None else tuple(map(against, ty.params))
    result = along(ty.result)
    same = params is None or all(map(is_, params, ty.params or ()))
    return ty if same and result is ty.result else FunOf(params, result)
