"""Add what a module lists in `__all__` at run time and no source shows.

module box.ops ("open" in `__all__` is box.io.open)      =>  box.ops.open, as box.io.open
module box.fast (`__all__` is made by a loop)            =>  fun scale(x, factor=): untyped
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

from attrs import define, evolve, frozen

from ..ir.dist import Tier
from ..ir.inventory import (
    Inventory,
    MemberKind,
    RuntimeKind,
    RuntimeMember,
    RuntimeObject,
    RuntimeParam,
    parse_signature,
)
from ..ir.items import (
    Alias,
    Binding,
    Class,
    Constant,
    Default,
    DefaultKind,
    Function,
    Info,
    Item,
    Module,
    Package,
    Param,
    ParamKind,
    Property,
    Refusal,
    Signature,
)
from ..ir.types import UNANNOTATED, Ref
from .context import PassContext
from .operations import OPERATIONS, is_dunder

_INFO = Info(tier=Tier.STUBGEN)
_ANYTHING = (RuntimeParam("args", ParamKind.VAR_POSITIONAL), RuntimeParam("kwargs", ParamKind.VAR_KEYWORD))
_BINDINGS = {
    MemberKind.METHOD: Binding.METHOD,
    MemberKind.CLASS: Binding.CLASS_METHOD,
    MemberKind.STATIC: Binding.STATIC_METHOD,
}


@final
@frozen
class AddDynamicNames:
    """Every public name of a module's `__all__` is declared.

    A name for something that is declared elsewhere is a further name of that. Anything else gets the
    signature that it has at run time, without types. Without an inventory nothing is changed.
    """

    name: ClassVar[str] = "add-dynamic-names"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with the names that only run time shows."""
        if ctx.inventory is None:
            return package
        finder = _Finder(package, ctx.inventory)
        own = {module.name: module for module in package.modules}
        added = [Module(name, "", ()) for name in sorted(ctx.inventory.modules) if name not in own]
        modules = (finder.complete(module) for module in (*package.modules, *added))
        kept = tuple(module for module in modules if module.name in own or module.items)
        return evolve(package, modules=kept)


@final
@define(eq=False, init=False)
class _Finder:
    inventory: Inventory
    roots: frozenset[str]
    known: dict[int, Item]

    def __init__(self, package: Package, inventory: Inventory) -> None:
        self.inventory = inventory
        self.roots = frozenset(module.name.partition(".")[0] for module in package.modules)
        self.known = {}
        for module in package.modules:
            for item in module.items:
                if isinstance(item, Function | Class | Constant):
                    number = inventory.number(module.name, item.path.removeprefix(f"{module.name}."))
                    if number is not None and _has_identity(inventory.objects[number]):
                        self.known.setdefault(number, item)

    def complete(self, module: Module) -> Module:
        """Return `module` with what its `__all__` lists beside its items."""
        found = self.inventory.modules.get(module.name)
        if found is None or module.name.partition(".")[0] not in self.roots:
            return module
        declared = {item.name for item in module.items if not isinstance(item, Refusal)}
        added = [
            item
            for name in found.listed
            if name not in declared and name in found.names
            for item in self._declare(name, f"{module.name}.{name}", found.names[name])
        ]
        if not added:
            return module
        paths = {item.path for item in added}
        # A refusal said that nothing defines the name.
        kept = [item for item in module.items if not (isinstance(item, Refusal) and item.path in paths)]
        return evolve(module, items=(*kept, *added))

    def _declare(self, name: str, path: str, number: int) -> Iterator[Item]:
        known, found = self.known.get(number), self.inventory.objects[number]
        match known:
            case Class():
                yield Alias(name, path, Ref(known.path))
                return
            case Function() | Constant():
                yield evolve(known, name=name, path=path)
                return
            case _:
                pass
        item: Item
        match found.kind:
            case RuntimeKind.MODULE:
                return
            case RuntimeKind.CLASS if found.path.partition(".")[0] not in self.roots:
                item = Alias(name, path, Ref(found.path))
            case RuntimeKind.CLASS:
                item = self._make_class(name, path, found)
            case RuntimeKind.FUNCTION | RuntimeKind.CALLABLE:
                item = Function(name, path, (_signature(found.signature),), info=_INFO)
            case _:
                item = Constant(name, path, UNANNOTATED, info=_INFO)
        if _has_identity(found):
            self.known[number] = item
        yield item

    def _make_class(self, name: str, path: str, found: RuntimeObject) -> Class:
        """Return a class with the members that it and its bases in the package show."""
        members: dict[str, RuntimeMember] = {}
        bases = (self.inventory.objects[number] for number in (found.cls.mro if found.cls else ()))
        for each in (found, *(base for base in bases if base.path.partition(".")[0] in self.roots)):
            for key, member in (each.cls.members if each.cls else {}).items():
                members.setdefault(key, member)
        shown = {
            key: each for key, each in sorted(members.items()) if not is_dunder(key) or key in OPERATIONS
        }
        methods = [
            _method(key, f"{path}.{key}", each) for key, each in shown.items() if each.kind in _BINDINGS
        ]
        properties = tuple(
            Property(key, f"{path}.{key}", UNANNOTATED, info=_INFO)
            for key, each in shown.items()
            if each.kind is MemberKind.DATA
        )
        init = "__init__"
        own = _signature(found.signature, RuntimeParam("self", ParamKind.POSITIONAL_OR_KEYWORD))
        methods.append(Function(init, f"{path}.{init}", (own,), Binding.METHOD, info=_INFO))
        defined = "" if found.path == path else found.path
        return Class(name, path, methods=tuple(methods), properties=properties, defined=defined, info=_INFO)


def _has_identity(found: RuntimeObject) -> bool:
    """Whether to be the same object says something: numbers and strings are shared freely."""
    return found.kind is not RuntimeKind.VALUE


def _method(name: str, path: str, member: RuntimeMember) -> Function:
    receiver = RuntimeParam("self", ParamKind.POSITIONAL_OR_KEYWORD)
    signature = (
        _signature(member.signature)
        if member.signature is not None
        else _signature(None, *(() if member.kind is MemberKind.STATIC else (receiver,)))
    )
    return Function(name, path, (signature,), _BINDINGS[member.kind], info=_INFO)


def _signature(text: str | None, *before: RuntimeParam) -> Signature:
    """Return the signature `text` without types, behind the parameters `before`."""
    params = _ANYTHING if text is None else parse_signature(text)
    return Signature(tuple(_param(param) for param in (*before, *params)))


def _param(param: RuntimeParam) -> Param:
    default = Default(DefaultKind.UNKNOWN, "...") if param.optional else None
    return Param(param.name, param.kind, default=default)
