"""Let a program implement an abstract class or a protocol by functions.

    class m.Hook(@abc.ABC): abstract fun render(self, text: string): string
    fun use(hook: @m.Hook): none
        =>  class m.Hook: staticmethod fun __implement__(render: fun(string): string): @m.Hook
                                                              use(Hook_implement(fun (text) => ...))

Only for classes that a parameter takes, where all that has to be implemented is known. What has a default
is given to the function as well. Comes before private members are dropped: they may be abstract too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, TypeAlias, final

from attrs import define, field, frozen

from ..ir.helpers import IMPLEMENT
from ..ir.items import (
    Binding,
    Class,
    Field,
    Function,
    Item,
    Package,
    Param,
    ParamKind,
    Property,
    Signature,
)
from ..ir.parts import evolve
from ..ir.traverse import map_items, map_type, walk_functions, walk_items
from ..ir.type_tree import inner_types
from ..ir.types import (
    ANY,
    STRING,
    UNANNOTATED,
    AsyncOf,
    BridgeType,
    FunOf,
    ListOf,
    MapOf,
    Ref,
    SelfType,
    TypeVarRef,
)
from .context import PassContext
from .forms import GENERIC, PROTOCOL, canonical_path, is_protocol
from .names import Names
from .operations import CONSTRUCTORS
from .resolution_order import ResolutionOrders

Member: TypeAlias = Function | Property | Field

_KNOWN_BASES = frozenset({"builtins.object", "abc.ABC", GENERIC, PROTOCOL})
_MOST_MEMBERS = 16
_VARIADIC = frozenset({ParamKind.VAR_POSITIONAL, ParamKind.VAR_KEYWORD})


@final
@frozen
class ExposeAdapters:
    """Abstract classes and protocols that parameters take get a function that implements them."""

    name: ClassVar[str] = "expose-adapters"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with the functions."""
        names = Names(package)
        wanted = {cls.path for path in _taken_paths(package) if (cls := names.find_class(path)) is not None}
        exposer = _Exposer(wanted, ResolutionOrders(names), names)
        return map_items(package, exposer.item)


def _taken_paths(package: Package) -> Iterator[str]:
    types: list[BridgeType] = []
    for item in walk_items(package):
        for function in walk_functions(item):
            for signature in function.signatures:
                types += [param.type for param in signature.params]
    taken = inner_types(types)
    return (ty.path for ty in taken if isinstance(ty, Ref))


@final
@define(eq=False)
class _Exposer:
    wanted: set[str]
    orders: ResolutionOrders
    names: Names

    def item(self, item: Item) -> Item:
        """Return `item` with the function, if it is a class that can be implemented."""
        if not isinstance(item, Class) or item.path not in self.wanted:
            return item
        order = self.orders.find(item)
        if not all(self._is_known(base) for cls in order for base in cls.bases):
            return item
        if not _is_made_of_nothing(order):
            return item
        members = _Members(is_protocol(item)).collect(order)
        params = [_make_param(member, item) for member in members]
        if not params or len(params) > _MOST_MEMBERS or None in params:
            return item
        signature = Signature(tuple(filter(None, params)), Ref(item.path), span=item.info.span)
        helper = Function(IMPLEMENT, f"{item.path}.{IMPLEMENT}", (signature,), Binding.STATIC_METHOD)
        return evolve(item, methods=(*item.methods, helper))

    def _is_known(self, base: BridgeType) -> bool:
        if not isinstance(base, Ref):
            return False
        return canonical_path(base.path) in _KNOWN_BASES or self.names.find_class(base.path) is not None


def _is_made_of_nothing(order: tuple[Class, ...]) -> bool:
    """Tell whether the constructor of a class can be called without arguments."""
    methods = (method for cls in order for method in cls.methods if method.name in CONSTRUCTORS)
    constructor = next(methods, None)
    if constructor is None:
        return True
    return any(
        all(param.default is not None or param.kind in _VARIADIC for param in signature.params[1:])
        for signature in constructor.signatures
    )


@final
@define(eq=False)
class _Members:
    """Collects what is to be implemented: what is abstract, and all that a protocol has."""

    of_protocol: bool
    _seen: set[str] = field(factory=lambda: set(CONSTRUCTORS))

    def collect(self, order: tuple[Class, ...]) -> list[Member]:
        found: list[Member] = []
        for cls in order:
            everything = self.of_protocol and is_protocol(cls)
            members: tuple[Member, ...] = (*cls.methods, *cls.properties, *cls.fields)
            found += (
                member
                for member in members
                if member.name not in self._seen and (everything or _is_abstract(member))
            )
            # An annotation alone defines nothing.
            self._seen.update(
                m.name for m in members if not isinstance(m, Field) or m.has_default or everything
            )
        return found


def _is_abstract(member: Member) -> bool:
    return not isinstance(member, Field) and member.abstract


def _make_param(member: Member, cls: Class) -> Param | None:
    """Return the parameter that a member is given by, None where there is none."""
    if not isinstance(member, Function):
        return Param(member.name, type=_outside(cls)(member.type), span=member.info.span)
    if member.binding is not Binding.METHOD or len(member.signatures) != 1:
        return None
    signature = member.signatures[0]
    if not signature.params:
        return None
    bind = _outside(cls)
    types = tuple(bind(_given(param)) for param in signature.params[1:])
    result = bind(signature.result)
    return Param(
        member.name, type=FunOf(types, AsyncOf(result) if signature.is_async else result), span=signature.span
    )


def _given(param: Param) -> BridgeType:
    match param.kind:
        case ParamKind.VAR_POSITIONAL:
            return ListOf(param.type)
        case ParamKind.VAR_KEYWORD:
            return MapOf(STRING, param.type)
        case _:
            return param.type


def _outside(cls: Class) -> Callable[[BridgeType], BridgeType]:
    """Return what makes a type of a member one that needs no instance: without variables and `Self`."""

    def bind(ty: BridgeType) -> BridgeType:
        if isinstance(ty, SelfType):
            return Ref(cls.path)
        return ANY if isinstance(ty, TypeVarRef) or ty == UNANNOTATED else ty

    return lambda ty: map_type(ty, bind)
