"""Which way the values of a type flow: into Python, or out of it.

What a program gives flows in: parameters, what is assigned to a property, results of the functions that it
passes on. What it gets flows out: results, attributes, constants, what those functions are called with.
"""

from __future__ import annotations

from typing import TypeVar, assert_never, final

from attrs import define, field

from ..ir.items import (
    Alias,
    Class,
    Constant,
    Field,
    Function,
    Item,
    Package,
    Property,
    Refusal,
    Signature,
    TypeVariable,
    Variant,
)
from ..ir.parts import map_all, with_parts
from ..ir.traverse import map_children, map_items, map_outer_types, map_params
from ..ir.type_tree import Rewrite
from ..ir.types import BridgeType, FunOf, UnionOf

_ValueT = TypeVar("_ValueT", Field, Constant)


def map_outward(package: Package, fn: Rewrite) -> Package:
    """Return `package` with `fn` applied to every type whose values flow out, innermost first."""
    mapper = _Mapper(fn)
    generated = map_all(package.generated, mapper.item)
    return with_parts(map_items(package, mapper.item), generated=generated)


@final
@define(eq=False)
class _Mapper:
    """Applies `fn` on the way; remembers what became of a type that flows in or out."""

    fn: Rewrite
    _inward: dict[int, tuple[BridgeType, BridgeType]] = field(factory=dict)
    _outward: dict[int, tuple[BridgeType, BridgeType]] = field(factory=dict)
    _kept_inward: set[int] = field(factory=set)
    _kept_outward: set[int] = field(factory=set)

    def inward(self, ty: BridgeType) -> BridgeType:
        known = self._inward.get(id(ty))
        if known is None:
            known = self._inward[id(ty)] = (ty, _map_parts(ty, self.outward, self.inward))
            if known[1] is ty:
                self._kept_inward.add(id(ty))
        return known[1]

    def outward(self, ty: BridgeType) -> BridgeType:
        known = self._outward.get(id(ty))
        if known is None:
            known = self._outward[id(ty)] = (ty, self.fn(_map_parts(ty, self.inward, self.outward)))
            if known[1] is ty:
                self._kept_outward.add(id(ty))
        return known[1]

    def item(self, item: Item) -> Item:
        match item:
            case Function():
                return self.function(item)
            case Class():
                return with_parts(
                    item,
                    fields=map_all(item.fields, self.value),
                    properties=map_all(item.properties, self.property),
                    constructors=map_all(item.constructors, self.function),
                    methods=map_all(item.methods, self.function),
                )
            case Constant():
                return self.value(item)
            case Variant():
                return map_outer_types(item, self.outward)
            case Alias(target=UnionOf()):
                # What it is called when it flows out.
                return map_outer_types(item, self.outward)
            case Alias() | TypeVariable() | Refusal():
                return item
            case _:
                assert_never(item)

    def function(self, function: Function) -> Function:
        if all(map(self.keeps, function.signatures)):
            return function
        return with_parts(function, signatures=map_all(function.signatures, self.signature))

    def keeps(self, signature: Signature) -> bool:
        """Tell whether all types of `signature` are known to stay."""
        return id(signature.result) in self._kept_outward and signature.inputs <= self._kept_inward

    def signature(self, signature: Signature) -> Signature:
        params = map_params(signature.params, self.inward)
        return with_parts(signature, params=params, result=self.outward(signature.result))

    def value(self, part: _ValueT) -> _ValueT:
        return with_parts(part, type=self.outward(part.type))

    def property(self, member: Property) -> Property:
        setter = None if member.setter_type is None else self.inward(member.setter_type)
        return with_parts(member, type=self.outward(member.type), setter_type=setter)


def _map_parts(ty: BridgeType, against: Rewrite, along: Rewrite) -> BridgeType:
    """Return `ty` with its parts rewritten: parameters of a function flow `against` it."""
    if not isinstance(ty, FunOf):
        return map_children(ty, along)
    params = None if ty.params is None else map_all(ty.params, against)
    result = along(ty.result)
    return ty if params is ty.params and result is ty.result else FunOf(params, result)
