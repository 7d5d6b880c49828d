"""Walks and rewrites over IR. Nodes that a rewrite leaves alone stay the same objects.

So `after is before` says that nothing changed, and a pass over a large package costs
what it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import is_
from typing import Final, TypeAlias, TypeVar, assert_never

from attrs import evolve

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
from .types import (
    AsyncOf,
    BridgeType,
    FunOf,
    IteratorOf,
    ListOf,
    LiteralOf,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    SelfType,
    SetOf,
    StreamOf,
    TupleOf,
    TypeObject,
    TypeVarRef,
    UnionOf,
    Unsupported,
)

Rewrite: TypeAlias = Callable[[BridgeType], BridgeType]
Node: TypeAlias = Package | Module | Item | Field | Property

_T = TypeVar("_T")
_NodeT = TypeVar("_NodeT", bound="Node")
_TypedT = TypeVar("_TypedT", VariantCase, Argument, Option)
_ValueT = TypeVar("_ValueT", Field, Constant)

# --- types ------------------------------------------------------------------------------

# Most types are of these; asking for them first is what makes a walk cheap.
_LEAVES: Final = frozenset({Scalar, TypeVarRef, SelfType, LiteralOf, Unsupported})


def children(ty: BridgeType) -> tuple[BridgeType, ...]:
    """Return the types directly inside `ty`, in the order of IR text."""
    match ty:
        case Scalar() | TypeVarRef() | SelfType() | LiteralOf() | Unsupported():
            return ()
        case Ref():
            return ty.arguments
        case OptionOf() | AsyncOf() | TypeObject():
            return (ty.inner,)
        case ListOf() | SetOf() | StreamOf() | IteratorOf():
            return (ty.element,)
        case UnionOf():
            return ty.members
        case MapOf():
            return (ty.key, ty.value)
        case TupleOf():
            return ty.elements
        case FunOf():
            return (*(ty.params or ()), ty.result)
        case _:
            assert_never(ty)


def map_type(ty: BridgeType, fn: Rewrite) -> BridgeType:
    """Return `ty` with `fn` applied to every type in it, innermost first."""

    def rewrite(inner: BridgeType) -> BridgeType:
        return fn(map_children(inner, rewrite))

    return rewrite(ty)


def map_children(ty: BridgeType, fn: Rewrite) -> BridgeType:
    """Return `ty` with `fn` applied to the types directly inside it."""
    if type(ty) in _LEAVES or (type(ty) is Ref and not ty.arguments):
        return ty
    match ty:
        case Scalar() | TypeVarRef() | SelfType() | LiteralOf() | Unsupported():
            return ty
        case Ref():
            arguments = _map_all(ty.arguments, fn)
            return ty if arguments is ty.arguments else Ref(ty.path, arguments)
        case OptionOf() | AsyncOf() | TypeObject():
            inner = fn(ty.inner)
            return ty if inner is ty.inner else type(ty)(inner)
        case ListOf() | SetOf() | StreamOf() | IteratorOf():
            element = fn(ty.element)
            return ty if element is ty.element else type(ty)(element)
        case UnionOf():
            members = _map_all(ty.members, fn)
            return ty if members is ty.members else UnionOf(members)
        case MapOf():
            key, value = fn(ty.key), fn(ty.value)
            return ty if key is ty.key and value is ty.value else MapOf(key, value)
        case TupleOf():
            elements = _map_all(ty.elements, fn)
            return ty if elements is ty.elements else TupleOf(elements)
        case FunOf():
            params = None if ty.params is None else _map_all(ty.params, fn)
            result = fn(ty.result)
            return ty if params is ty.params and result is ty.result else FunOf(params, result)
        case _:
            assert_never(ty)


def walk_type(ty: BridgeType) -> Iterator[BridgeType]:
    """Yield `ty` and every type inside it, outermost first."""
    yield ty
    if type(ty) in _LEAVES:
        return
    pending = list(children(ty)[::-1])
    while pending:
        inner = pending.pop()
        yield inner
        if type(inner) not in _LEAVES:
            pending += children(inner)[::-1]


# --- items ------------------------------------------------------------------------------


def walk_items(package: Package) -> Iterator[Item]:
    """Yield the items of every module, then the generated ones; members of classes are not items."""
    for module in package.modules:
        yield from module.items
    yield from package.generated


def map_items(package: Package, fn: Callable[[Item], Item]) -> Package:
    """Return `package` with `fn` applied to every item of its modules, generated ones left alone."""
    modules = _map_all(package.modules, lambda module: _map_module_items(module, fn))
    return package if modules is package.modules else evolve(package, modules=modules)


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


def outer_types(item: Item | Field | Property) -> Iterator[BridgeType]:
    """Yield the types written in `item` and its members, not the types inside those."""
    match item:
        case Function():
            yield from _evidence_types(item.info)
            for signature in item.signatures:
                yield from _signature_types(signature)
            for call in item.calls:
                yield from _call_types(call)
        case Class():
            yield from _type_param_types(item.type_params)
            yield from item.bases
            members: tuple[Field | Property | Function, ...]
            members = (*item.fields, *item.properties, *item.constructors, *item.methods)
            for member in members:
                yield from outer_types(member)
        case Field() | Constant():
            yield from _evidence_types(item.info)
            yield item.type
        case Property():
            yield from _evidence_types(item.info)
            yield item.type
            if item.setter_type is not None:
                yield item.setter_type
        case Variant():
            for case in item.cases:
                yield case.type
        case Alias():
            yield from _type_param_types(item.type_params)
            yield item.target
        case TypeVariable():
            yield from _type_param_types((item.param,))
        case Refusal():
            return
        case _:
            assert_never(item)


def map_types(node: _NodeT, fn: Rewrite) -> _NodeT:
    """Return `node` with `fn` applied to every type in it, innermost first.

    `fn` should return its argument where it changes nothing: an unchanged node is
    returned as it is.
    """

    def rewrite(ty: BridgeType) -> BridgeType:
        return fn(map_children(ty, rewrite))

    return map_outer_types(node, rewrite)


def map_outer_types(node: _NodeT, fn: Rewrite) -> _NodeT:
    """Return `node` with `fn` applied to its outermost types only."""
    mapped = _map_node(node, fn)
    assert isinstance(mapped, type(node))
    return mapped


def _map_node(node: Node, fn: Rewrite) -> Node:
    match node:
        case Package():
            modules = _map_all(node.modules, lambda module: _map_module(module, fn))
            generated = _map_all(node.generated, lambda item: _map_item(item, fn))
            same = modules is node.modules and generated is node.generated
            return node if same else evolve(node, modules=modules, generated=generated)
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
    evidence = _map_all(info.evidence, lambda piece: _map_evidence(piece, fn))
    return info if evidence is info.evidence else evolve(info, evidence=evidence)


def _map_evidence(piece: Evidence, fn: Rewrite) -> Evidence:
    ty = piece.type if piece.name else fn(piece.type)
    return piece if ty is piece.type else evolve(piece, type=ty)


def map_signature(signature: Signature, fn: Rewrite) -> Signature:
    """Return `signature` with `fn` applied to its outermost types."""
    types = [fn(param.type) for param in signature.params]
    params = signature.params
    if not all(map(is_, types, [param.type for param in params])):
        params = tuple(map(_retype, params, types))
    type_params = _map_type_params(signature.type_params, fn)
    result = fn(signature.result)
    if params is signature.params and type_params is signature.type_params and result is signature.result:
        return signature
    # Not `evolve`, which looks up every field: signatures are rewritten more often than all else.
    return Signature(params, result, type_params, signature.is_async, signature.span, signature.deprecated)


# --- parts ------------------------------------------------------------------------------


def _map_all(values: tuple[_T, ...], fn: Callable[[_T], _T]) -> tuple[_T, ...]:
    if not values:
        return values
    mapped = tuple([fn(value) for value in values])
    return values if all(map(is_, mapped, values)) else mapped


def _map_module(module: Module, fn: Rewrite) -> Module:
    return _map_module_items(module, lambda item: _map_item(item, fn))


def _map_module_items(module: Module, fn: Callable[[Item], Item]) -> Module:
    items = _map_all(module.items, fn)
    return module if items is module.items else evolve(module, items=items)


def _map_item(item: Item, fn: Rewrite) -> Item:
    match item:
        case Function():
            return _map_function(item, fn)
        case Class():
            return _map_class(item, fn)
        case Constant():
            return _map_value(item, fn)
        case Variant():
            cases = _map_all(item.cases, lambda case: _map_typed(case, fn))
            return item if cases is item.cases else evolve(item, cases=cases)
        case Alias():
            params, target = _map_type_params(item.type_params, fn), fn(item.target)
            same = params is item.type_params and target is item.target
            return item if same else evolve(item, type_params=params, target=target)
        case TypeVariable():
            param = _map_type_param(item.param, fn)
            return item if param is item.param else evolve(item, param=param)
        case Refusal():
            return item
        case _:
            assert_never(item)


def _map_function(function: Function, fn: Rewrite) -> Function:
    signatures = _map_all(function.signatures, lambda signature: map_signature(signature, fn))
    calls = _map_all(function.calls, lambda call: _map_call(call, fn))
    info = map_info(function.info, fn)
    same = signatures is function.signatures and calls is function.calls and info is function.info
    return function if same else evolve(function, signatures=signatures, calls=calls, info=info)


def _map_class(cls: Class, fn: Rewrite) -> Class:
    bases = _map_all(cls.bases, fn)
    params = _map_type_params(cls.type_params, fn)
    fields = _map_all(cls.fields, lambda member: _map_value(member, fn))
    properties = _map_all(cls.properties, lambda member: _map_property(member, fn))
    constructors = _map_all(cls.constructors, lambda member: _map_function(member, fn))
    methods = _map_all(cls.methods, lambda member: _map_function(member, fn))
    if (
        bases is cls.bases
        and params is cls.type_params
        and fields is cls.fields
        and properties is cls.properties
        and constructors is cls.constructors
        and methods is cls.methods
    ):
        return cls
    return evolve(
        cls,
        bases=bases,
        type_params=params,
        fields=fields,
        properties=properties,
        constructors=constructors,
        methods=methods,
    )


def _map_typed(part: _TypedT, fn: Rewrite) -> _TypedT:
    ty = fn(part.type)
    return part if ty is part.type else evolve(part, type=ty)


def _map_value(part: _ValueT, fn: Rewrite) -> _ValueT:
    ty, info = fn(part.type), map_info(part.info, fn)
    return part if ty is part.type and info is part.info else evolve(part, type=ty, info=info)


def _map_property(member: Property, fn: Rewrite) -> Property:
    ty, setter, info = fn(member.type), _map_optional(member.setter_type, fn), map_info(member.info, fn)
    same = ty is member.type and setter is member.setter_type and info is member.info
    return member if same else evolve(member, type=ty, setter_type=setter, info=info)


def _retype(param: Param, ty: BridgeType) -> Param:
    return param if ty is param.type else Param(param.name, param.kind, ty, param.default, param.span)


def _map_optional(ty: BridgeType | None, fn: Rewrite) -> BridgeType | None:
    return None if ty is None else fn(ty)


def _map_type_params(params: tuple[TypeParam, ...], fn: Rewrite) -> tuple[TypeParam, ...]:
    return _map_all(params, lambda param: _map_type_param(param, fn))


def _map_type_param(param: TypeParam, fn: Rewrite) -> TypeParam:
    bound = _map_optional(param.bound, fn)
    constraints = _map_all(param.constraints, fn)
    default = _map_optional(param.default, fn)
    if bound is param.bound and constraints is param.constraints and default is param.default:
        return param
    return TypeParam(param.name, param.kind, bound, constraints, default)


def _map_call(call: CallPlan, fn: Rewrite) -> CallPlan:
    receiver = _map_optional(call.receiver, fn)
    arguments = _map_all(call.arguments, lambda argument: _map_typed(argument, fn))
    options = _map_all(call.options, lambda option: _map_typed(option, fn))
    open_options = _map_optional(call.open_options, fn)
    result = fn(call.result)
    if (
        receiver is call.receiver
        and arguments is call.arguments
        and options is call.options
        and open_options is call.open_options
        and result is call.result
    ):
        return call
    return evolve(
        call,
        receiver=receiver,
        arguments=arguments,
        options=options,
        open_options=open_options,
        result=result,
    )


def _evidence_types(info: Info) -> Iterator[BridgeType]:
    return (piece.type for piece in info.evidence if not piece.name)


def _signature_types(signature: Signature) -> Iterator[BridgeType]:
    yield from _type_param_types(signature.type_params)
    for param in signature.params:
        yield param.type
    yield signature.result


def _type_param_types(params: tuple[TypeParam, ...]) -> Iterator[BridgeType]:
    for param in params:
        if param.bound is not None:
            yield param.bound
        yield from param.constraints
        if param.default is not None:
            yield param.default


def _call_types(call: CallPlan) -> Iterator[BridgeType]:
    if call.receiver is not None:
        yield call.receiver
    for argument in call.arguments:
        yield argument.type
    for option in call.options:
        yield option.type
    if call.open_options is not None:
        yield call.open_options
    yield call.result
