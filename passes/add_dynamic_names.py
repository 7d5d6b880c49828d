"""Declare what a module lists in `__all__` at run time and no source shows.

module box.ops ("open" in `__all__` is box.io.open)      =>  explicit from box.io import open
module box.fast (`__all__` is made by a loop)            =>  fun scale(x, factor=): untyped
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, final

from attrs import define, field, frozen

from ..ir.dist import Tier
from ..ir.inventory import (
    Inventory,
    MemberKind,
    RuntimeKind,
    RuntimeMember,
    RuntimeModule,
    RuntimeObject,
    RuntimeParam,
    parse_signature,
)
from ..ir.items import (
    Binding,
    Class,
    Constant,
    Default,
    DefaultKind,
    Function,
    Import,
    Info,
    Item,
    Module,
    Package,
    Param,
    ParamKind,
    Property,
    Signature,
)
from ..ir.parts import evolve
from ..ir.types import UNANNOTATED
from .context import PassContext
from .names import Definition, External, Names
from .operations import OPERATIONS, is_dunder

_INFO = Info(tier=Tier.STUBGEN)
_ANYTHING = (RuntimeParam("args", ParamKind.VAR_POSITIONAL), RuntimeParam("kwargs", ParamKind.VAR_KEYWORD))
_SELF = RuntimeParam("self", ParamKind.POSITIONAL_ONLY)
_BINDINGS = {
    MemberKind.METHOD: Binding.METHOD,
    MemberKind.CLASS: Binding.CLASS_METHOD,
    MemberKind.STATIC: Binding.STATIC_METHOD,
}


@final
@frozen
class AddDynamicNames:
    """Every public name of a module's `__all__` is exported.

    A name for something that is declared elsewhere is imported from there. Anything else gets the
    signature that it has at run time, without types; an alias of a type has none, and stays out. Without
    an inventory nothing is changed.
    """

    name: ClassVar[str] = "add-dynamic-names"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with the names that only run time shows."""
        if ctx.inventory is None:
            return package
        finder = _Finder(ctx.inventory, Names(package))
        return evolve(package, modules=tuple(finder.complete(module) for module in package.modules))


@final
@define(eq=False)
class _Finder:
    inventory: Inventory
    names: Names
    roots: frozenset[str] = field(init=False)
    known: dict[int, tuple[str, str]] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self.roots = frozenset(module.name.partition(".")[0] for module in self.names.package.modules)
        for name, module in self.inventory.modules.items():
            for key, number in module.names.items():
                if _has_identity(self.inventory.objects[number]) and self._has_value(name, key):
                    self.known.setdefault(number, (name, key))

    def complete(self, module: Module) -> Module:
        """Return `module` with what its `__all__` lists beside its names."""
        found = self.inventory.modules.get(module.name)
        if found is None or not found.listed or module.exports == ():
            return module  # `__all__ = []` is meant
        declared = [name for name in found.listed if self._is_declared(module.name, name)]
        imports: list[Import] = []
        items: list[Item] = []
        for name in found.listed:
            if name in found.names and name not in declared:
                made = self._declare(name, module.name, found)
                if isinstance(made, Import):
                    imports.append(made)
                elif made is not None:
                    items.append(made)
        exported = _export(module, declared)
        if not imports and not items:
            return exported
        fresh = [each.name for each in (*imports, *items)]
        exports = exported.exports if exported.exports is None else (*exported.exports, *fresh)
        unique = None if exports is None else tuple(dict.fromkeys(exports))
        added = (*exported.items, *items)
        return evolve(exported, items=added, imports=(*exported.imports, *imports), exports=unique)

    def _has_value(self, module: str, name: str) -> bool:
        """Whether `name` is declared as something that is there at run time."""
        if not self.names.is_module(module):
            return False
        match self.names.look_up(module, name):
            case Definition(Function() | Class() | Constant()):
                return True
            case _:
                return False

    def _is_declared(self, module: str, name: str) -> bool:
        match self.names.look_up(module, name):
            case None:
                return False
            case External(path):
                # Of a module without readable source nobody knows what it defines.
                return path.partition(".")[0] not in self.roots
            case _:
                return True

    def _declare(self, name: str, module: str, found: RuntimeModule) -> Item | Import | None:
        number = found.names[name]
        value, path = self.inventory.objects[number], f"{module}.{name}"
        if number in self.known:
            home, other = self.known[number]
            return Import(name, home, other, explicit=True)
        item: Item
        match value.kind:
            case RuntimeKind.MODULE | RuntimeKind.FORM:
                return None
            case RuntimeKind.CLASS if value.path.partition(".")[0] not in self.roots:
                home, _, other = value.path.rpartition(".")
                return Import(name, home, other, explicit=True)
            case RuntimeKind.CLASS:
                item = self._make_class(name, path, value)
            case RuntimeKind.FUNCTION | RuntimeKind.CALLABLE:
                item = Function(name, path, (_signature(value.signature),), info=_INFO)
            case _:
                return Constant(name, path, UNANNOTATED, info=_INFO)
        self.known[number] = module, name
        return item

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
        own = _signature(found.signature, _SELF)
        methods.append(Function(init, f"{path}.{init}", (own,), Binding.METHOD, info=_INFO))
        defined = "" if found.path == path else found.path
        return Class(name, path, methods=tuple(methods), properties=properties, defined=defined, info=_INFO)


def _export(module: Module, names: Iterable[str]) -> Module:
    """Return `module` with `names`, which it has, among what it offers."""
    if module.exports is not None:
        exports = tuple(dict.fromkeys((*module.exports, *names)))
        return module if exports == module.exports else evolve(module, exports=exports)
    offered = frozenset(names)
    imports = tuple(
        evolve(each, explicit=True) if each.name in offered and not each.explicit else each
        for each in module.imports
    )
    return module if imports == module.imports else evolve(module, imports=imports)


def _has_identity(found: RuntimeObject) -> bool:
    """Whether to be the same object says something: numbers and strings are shared freely."""
    return found.kind is not RuntimeKind.VALUE


def _method(name: str, path: str, member: RuntimeMember) -> Function:
    signature = (
        _signature(member.signature)
        if member.signature is not None
        else _signature(None, *(() if member.kind is MemberKind.STATIC else (_SELF,)))
    )
    return Function(name, path, (signature,), _BINDINGS[member.kind], info=_INFO)


def _signature(text: str | None, *before: RuntimeParam) -> Signature:
    """Return the signature `text` without types, behind the parameters `before`."""
    params = _ANYTHING if text is None else parse_signature(text)
    return Signature(tuple(_param(param) for param in (*before, *params)))


def _param(param: RuntimeParam) -> Param:
    default = Default(DefaultKind.UNKNOWN, "...") if param.optional else None
    return Param(param.name, param.kind, default=default)
