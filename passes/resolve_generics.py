"""Erase type variables to what is known of them: Mochi's declarations have none.

    fun big<N: @m.Number>(a: 'N, b: 'N): 'N            =>  fun big(a: @m.Number, b: @m.Number): @m.Number
    fun text<S in (string, bytes)>(x: 'S): list<'S>    =>  fun text(x: string | bytes): list<string | bytes>
    fun zip<*Ts>(x: 'Ts): tuple<int, 'Ts>              =>  fun zip<*Ts>(x: 'Ts): list<'Ts>
    fun first<T>(xs: list<'T>, other: 'T | int): 'T    =>  fun first<T>(xs: list<'T>, other: 'T): 'T

A variable is its bound, or its constraints joined (PEP 484). One without either stays, and a union with
it is it, for any value fits: legalize-types makes it `any`. A tuple in which a TypeVarTuple stands has no
known length, so it is a list. What was known of a variable was put in its place before this pass, by
inherit-members, expand-aliases and monomorphise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypeVar, final

from attrs import define, field, frozen

from ..ir.items import Alias, Class, Function, Item, Package, Signature, TypeParam, TypeParamKind
from ..ir.parts import evolve, map_all, map_each, with_parts
from ..ir.sharing import memoised
from ..ir.traverse import (
    Rewrite,
    map_children,
    map_info,
    map_items,
    map_outer_types,
    map_signature,
)
from ..ir.type_tree import TypeSearch
from ..ir.types import ANY, BridgeType, ListOf, TupleOf, TypeVarRef, UnionOf
from .context import PassContext

Params = Mapping[str, TypeParam]
_OwnerT = TypeVar("_OwnerT", Alias, Class, Signature)


@final
@frozen
class ResolveGenerics:
    """Leaves only the type variables of which nothing is known, and their parameters."""

    name: ClassVar[str] = "resolve-generics"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with every variable erased that has a bound or constraints."""
        return map_items(package, _Eraser().item)


@final
@define(eq=False)
class _Eraser:
    """Rewrites items. Where the same type parameters are in scope, a type is erased once.

    Types that are not generic, for no variable stands in them, every scope leaves alone.
    """

    _scopes: dict[tuple[object, ...], Rewrite] = field(factory=dict)
    _is_generic: TypeSearch = field(init=False, factory=lambda: TypeSearch(_is_variable))

    def item(self, item: Item) -> Item:
        match item:
            case Function():
                return self.function(item, ())
            case Class():
                return self.class_item(item)
            case Alias():
                return _drop_resolved(map_outer_types(item, self.eraser(item.type_params)))
            case _:
                return map_outer_types(item, self.eraser(()))

    def class_item(self, cls: Class) -> Class:
        params = cls.type_params
        erase = self.eraser(params)
        plain = with_parts(
            cls,
            bases=map_all(cls.bases, erase),
            fields=map_each(cls.fields, map_outer_types, erase),
            properties=map_each(cls.properties, map_outer_types, erase),
            constructors=map_each(cls.constructors, self.function, params),
            methods=map_each(cls.methods, self.function, params),
        )
        return _drop_resolved(plain)

    def function(self, function: Function, outer: tuple[TypeParam, ...]) -> Function:
        arms = map_each(function.signatures, self.signature, outer)
        info = map_info(function.info, self.eraser(outer)) if function.info.evidence else function.info
        if arms is function.signatures and info is function.info:
            return function
        return with_parts(function, signatures=arms, info=info)

    def signature(self, signature: Signature, outer: tuple[TypeParam, ...]) -> Signature:
        plain, own = self._is_generic.absent, signature.type_params
        if not own and id(signature.result) in plain and signature.inputs <= plain:
            return signature
        return _drop_resolved(map_signature(signature, self.eraser((*outer, *own) if own else outer)))

    def eraser(self, params: tuple[TypeParam, ...]) -> Rewrite:
        """Return what erases the variables that `params`, the innermost last, tell something of."""
        key = tuple([(each.name, each.kind, id(each.bound), *map(id, each.constraints)) for each in params])
        known = self._scopes.get(key)
        if known is None:
            by_name, is_generic = {param.name: param for param in params}, self._is_generic

            def erase(ty: BridgeType) -> BridgeType:
                return _erase(ty, by_name, ()) if is_generic(ty) else ty

            known = self._scopes[key] = memoised(erase)
        return known


def _is_variable(ty: BridgeType) -> bool:
    return type(ty) is TypeVarRef


def _erase(ty: BridgeType, params: Params, open_names: tuple[str, ...]) -> BridgeType:
    """Erase `ty`; the variables in `open_names` are those whose own bounds are being erased."""
    match ty:
        case TypeVarRef(name):
            bound = None if name in open_names else _find_bound(params.get(name))
            return ty if bound is None else _erase(bound, params, (*open_names, name))
        case TupleOf(elements):
            unpacked = next((each for each in elements if _is_tuple_variable(each, params)), None)
            if unpacked is not None:
                return ListOf(unpacked)
        case UnionOf():
            union = map_children(ty, lambda inner: _erase(inner, params, open_names))
            assert isinstance(union, UnionOf)
            return next((each for each in union.members if isinstance(each, TypeVarRef)), union)
        case _:
            pass
    return map_children(ty, lambda inner: _erase(inner, params, open_names))


def _find_bound(param: TypeParam | None) -> BridgeType | None:
    """Return what every value of the variable is, or None where it may be anything."""
    if param is None or param.kind is not TypeParamKind.TYPE:
        return None
    if param.constraints:
        return UnionOf(param.constraints) if len(param.constraints) > 1 else param.constraints[0]
    return None if param.bound is ANY else param.bound


def _is_tuple_variable(ty: BridgeType, params: Params) -> bool:
    if not isinstance(ty, TypeVarRef):
        return False
    param = params.get(ty.name)
    return param is not None and param.kind is TypeParamKind.TUPLE


def _drop_resolved(owner: _OwnerT) -> _OwnerT:
    """Return `owner` without the type parameters that no type mentions any more."""
    if not owner.type_params:
        return owner
    kept = tuple(param for param in owner.type_params if _find_bound(param) is None)
    return owner if len(kept) == len(owner.type_params) else evolve(owner, type_params=kept)
