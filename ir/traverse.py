"""Walks over items and rewrites of them. Nodes that a rewrite leaves alone stay the same objects.

So `after is before` says that nothing changed, and a pass over a large package costs
what it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter, is_
from typing import Final, TypeAlias, TypeVar, assert_never

from .items import (
    Alias,
    Argument,
    CallPlan,
    Class,
    Constant,
    Evidence,
    Field,
    Function,
    Info,
    Item,
    Module,
    Option,
    Package,
    Param,
    Property,
    Refusal,
    Signature,
    TypeParam,
    TypeVariable,
    Variant,
    VariantCase,
)
from .parts import evolve, map_all, map_each, with_parts
from .type_tree import Rewrite as Rewrite
from .type_tree import SharedRewrite, inner_types
from .type_tree import children as children
from .type_tree import map_children as map_children
from .type_tree import map_type as map_type
from .type_tree import walk_type as walk_type
from .types import BridgeType

Node: TypeAlias = Package | Module | Item | Field | Property

_T = TypeVar("_T")
_NodeT = TypeVar("_NodeT", bound="Node")
_TypedT = TypeVar("_TypedT", VariantCase, Argument, Option)
_ValueT = TypeVar("_ValueT", Field, Constant)

_TYPE: Final[Callable[[Param], BridgeType]] = attrgetter("type")


def walk_items(package: Package) -> Iterator[Item]:
    """Yield the items of every module, then the generated ones; members of classes are not items."""
    for module in package.modules:
        yield from module.items
    yield from package.generated


def map_items(package: Package, fn: Callable[[Item], Item]) -> Package:
    """Return `package` with `fn` applied to every item of its modules, generated ones left alone."""

    def rewrite(module: Module) -> Module:
        return with_parts(module, items=map_all(module.items, fn))

    return with_parts(package, modules=map_all(package.modules, rewrite))


def walk_functions(item: Item) -> Iterator[Function]:
    """Yield `item` if it is a function, or the constructors and methods of a class."""
    match item:
        case Function():
            yield item
        case Class():
            yield from item.constructors
            yield from item.methods
        case _:
            return


def walk_types(item: Item | Field | Property) -> Iterator[BridgeType]:
    """Yield every type of `item` and of its members, nested ones included."""
    for ty in outer_types(item):
        yield from walk_type(ty)


def outer_types(item: Item | Field | Property) -> list[BridgeType]:
    """Return the types written in `item` and its members, not the types inside those."""
    types: list[BridgeType] = []
    add_outer_types(item, types)
    return types


def distinct_types(items: Iterable[Item]) -> Iterable[BridgeType]:
    """Return the type objects in `items`, nested ones included, each once.

    Declarations share most of their types, so these are far less than those of `walk_types`.
    """
    outer: list[BridgeType] = []
    for item in items:
        add_outer_types(item, outer)
    return inner_types(outer)


def map_types(node: _NodeT, fn: Rewrite) -> _NodeT:
    """Return `node` with `fn` applied to every type in it, innermost first.

    `fn` should return its argument where it changes nothing: an unchanged node is
    returned as it is.
    """
    return map_outer_types(node, lambda ty: map_type(ty, fn))


def map_outer_types(node: _NodeT, fn: Rewrite) -> _NodeT:
    """Return `node` with `fn` applied to its outermost types only."""
    mapped = _map_node(node, fn)
    assert isinstance(mapped, type(node))
    return mapped


def _map_node(node: Node, fn: Rewrite) -> Node:
    match node:
        case Package():
            modules = map_each(node.modules, _map_module, fn)
            return with_parts(node, modules=modules, generated=map_each(node.generated, _map_item, fn))
        case Module():
            return _map_module(node, fn)
        case Field():
            return _map_value(node, fn)
        case Property():
            return _map_property(node, fn)
        case _:
            return _map_item(node, fn)


def map_info(info: Info, fn: Rewrite) -> Info:
    """Return `info` with `fn` applied to the outermost types of its evidence."""
    return with_parts(info, evidence=map_each(info.evidence, _map_evidence, fn)) if info.evidence else info


def _map_evidence(piece: Evidence, fn: Rewrite) -> Evidence:
    ty = piece.type if piece.name else fn(piece.type)
    return piece if ty is piece.type else evolve(piece, type=ty)


def map_params(params: tuple[Param, ...], fn: Rewrite) -> tuple[Param, ...]:
    """Return `params` with `fn` applied to their outermost types."""
    return retype_all(params, [fn(param.type) for param in params])


def retype_all(params: tuple[Param, ...], types: Sequence[BridgeType]) -> tuple[Param, ...]:
    """Return `params` with `types`, one for each; the same tuple where these are theirs."""
    if all(map(is_, types, map(_TYPE, params))):
        return params
    return tuple(
        [
            param if ty is param.type else Param(param.name, param.kind, ty, param.default, param.span)
            for param, ty in zip(params, types, strict=True)
        ]
    )


def map_signature(signature: Signature, fn: Rewrite) -> Signature:
    """Return `signature` with `fn` applied to its outermost types."""
    params, type_params = signature.params, signature.type_params
    types = [*map(_TYPE, params), signature.result]
    mapped = fn.all(types) if type(fn) is SharedRewrite else [*map(fn, types)]
    if type_params:
        type_params = map_type_params(type_params, fn)
    if all(map(is_, mapped, types)):
        if type_params is signature.type_params:
            return signature
    else:
        params = retype_all(params, mapped[:-1])
    # Not `evolve`: signatures are rewritten more often than all else.
    span, deprecated = signature.span, signature.deprecated
    return Signature(params, mapped[-1], type_params, signature.is_async, span, deprecated)


def map_type_params(params: tuple[TypeParam, ...], fn: Rewrite) -> tuple[TypeParam, ...]:
    """Return `params` with `fn` applied to the outermost types of their bounds, constraints and defaults."""
    return map_each(params, _map_type_param, fn)


# --- parts ------------------------------------------------------------------------------


def _map_module(module: Module, fn: Rewrite) -> Module:
    return with_parts(module, items=map_each(module.items, _map_item, fn))


def _map_item(item: Item, fn: Rewrite) -> Item:
    match item:
        case Function():
            return _map_function(item, fn)
        case Class():
            return _map_class(item, fn)
        case Constant():
            return _map_value(item, fn)
        case Variant():
            return with_parts(item, cases=map_each(item.cases, _map_typed, fn))
        case Alias():
            params = map_type_params(item.type_params, fn)
            return with_parts(item, type_params=params, target=fn(item.target))
        case TypeVariable():
            return with_parts(item, param=_map_type_param(item.param, fn))
        case Refusal():
            return item
        case _:
            assert_never(item)


def _map_function(function: Function, fn: Rewrite) -> Function:
    signatures, calls, info = function.signatures, function.calls, function.info
    signatures = map_each(signatures, map_signature, fn)
    if calls:
        calls = map_each(calls, _map_call, fn)
    if info.evidence:
        info = map_info(info, fn)
    if signatures is function.signatures and calls is function.calls and info is function.info:
        return function
    return evolve(function, signatures=signatures, info=info, calls=calls)


def _map_class(cls: Class, fn: Rewrite) -> Class:
    return with_parts(
        cls,
        bases=map_all(cls.bases, fn),
        type_params=map_type_params(cls.type_params, fn),
        fields=map_each(cls.fields, _map_value, fn),
        properties=map_each(cls.properties, _map_property, fn),
        constructors=map_each(cls.constructors, _map_function, fn),
        methods=map_each(cls.methods, _map_function, fn),
    )


def _map_typed(part: _TypedT, fn: Rewrite) -> _TypedT:
    return with_parts(part, type=fn(part.type))


def _map_value(part: _ValueT, fn: Rewrite) -> _ValueT:
    ty, info = fn(part.type), map_info(part.info, fn)
    return part if ty is part.type and info is part.info else evolve(part, type=ty, info=info)


def _map_property(member: Property, fn: Rewrite) -> Property:
    ty, setter = fn(member.type), _map_optional(member.setter_type, fn)
    return with_parts(member, type=ty, setter_type=setter, info=map_info(member.info, fn))


def _map_optional(ty: BridgeType | None, fn: Rewrite) -> BridgeType | None:
    return None if ty is None else fn(ty)


def _map_type_param(param: TypeParam, fn: Rewrite) -> TypeParam:
    bound = _map_optional(param.bound, fn)
    constraints = map_all(param.constraints, fn)
    default = _map_optional(param.default, fn)
    if bound is param.bound and constraints is param.constraints and default is param.default:
        return param
    return TypeParam(param.name, param.kind, bound, constraints, default)


def _map_call(call: CallPlan, fn: Rewrite) -> CallPlan:
    return with_parts(
        call,
        receiver=_map_optional(call.receiver, fn),
        arguments=map_each(call.arguments, _map_typed, fn),
        options=map_each(call.options, _map_typed, fn),
        open_options=_map_optional(call.open_options, fn),
        result=fn(call.result),
    )


def add_outer_types(item: Item | Field | Property, types: list[BridgeType]) -> None:
    """Append the types written in `item` and its members to `types`, as `outer_types` finds them."""
    match item:
        case Function():
            _add_evidence(item.info, types)
            for signature in item.signatures:
                if signature.type_params:
                    _add_type_params(signature.type_params, types)
                types += map(_TYPE, signature.params)
                types.append(signature.result)
            for call in item.calls:
                _add_call(call, types)
        case Class():
            add_heading_types(item, types)
            for members in (item.fields, item.properties, item.constructors, item.methods):
                for member in members:
                    add_outer_types(member, types)
        case Field() | Constant():
            _add_evidence(item.info, types)
            types.append(item.type)
        case Property():
            _add_evidence(item.info, types)
            types.append(item.type)
            if item.setter_type is not None:
                types.append(item.setter_type)
        case Variant():
            types += [case.type for case in item.cases]
        case Alias():
            _add_type_params(item.type_params, types)
            types.append(item.target)
        case TypeVariable():
            _add_type_params((item.param,), types)
        case Refusal():
            return
        case _:
            assert_never(item)


def add_heading_types(cls: Class, types: list[BridgeType]) -> None:
    """Append the types written in `cls` outside of its members to `types`: bases, and those of parameters."""
    _add_type_params(cls.type_params, types)
    types += cls.bases


def _add_evidence(info: Info, types: list[BridgeType]) -> None:
    if info.evidence:
        types += [piece.type for piece in info.evidence if not piece.name]


def _add_type_params(params: tuple[TypeParam, ...], types: list[BridgeType]) -> None:
    for param in params:
        if param.bound is not None:
            types.append(param.bound)
        types += param.constraints
        if param.default is not None:
            types.append(param.default)


def _add_call(call: CallPlan, types: list[BridgeType]) -> None:
    if call.receiver is not None:
        types.append(call.receiver)
    types += [argument.type for argument in call.arguments]
    types += [option.type for option in call.options]
    if call.open_options is not None:
        types.append(call.open_options)
    types.append(call.result)
