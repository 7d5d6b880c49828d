"""Let a program use context managers of private classes, which have no names of their own.

    class _Request<T>: async fun __aenter__(self): T
    fun get(url: string): @m._Request<Response>
        =>
    fun get(url: string): @contextlib.AbstractAsyncContextManager<Response>

Nothing else of a private class can be called, so nothing is lost: it would be an opaque handle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from attrs import frozen

from ..ir.items import Class, Constant, Function, Item, Package, Property, Signature
from ..ir.parts import evolve
from ..ir.traverse import map_items, walk_items, walk_type
from ..ir.types import UNANNOTATED, AsyncOf, BridgeType, OptionOf, Ref, SelfType, UnionOf
from .apply_decorators import MANAGERS
from .context import PassContext
from .names import Names
from .substitution import match_arguments, substitute
from .surface import build_surface

_FORMS = (
    ("__aenter__", "__aexit__", MANAGERS["contextlib.asynccontextmanager"]),
    ("__enter__", "__exit__", MANAGERS["contextlib.contextmanager"]),
)


@final
@frozen
class ExposeManagers:
    """Results of private classes with `__aenter__` or `__enter__` become context managers.

    A manager that gives itself stays what it is: the value would be as opaque.
    """

    name: ClassVar[str] = "expose-managers"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with the results of functions and properties rewritten."""
        found = {
            item.path: manager
            for item in walk_items(package)
            if isinstance(item, Class) and item.own_name.startswith("_")
            if (manager := _find_manager(item)) is not None
        }
        if not found:
            return package
        # The surface is computed only where there is something to ask it.
        surface = build_surface(package, Names(package), ctx.inventory)
        exposer = _Exposer({path: each for path, each in found.items() if not surface.is_public(path)})
        return map_items(package, exposer.item)


@final
@frozen
class _Manager:
    """A private class that is the context manager at `path` around `value`."""

    cls: Class
    path: str
    value: BridgeType


def _find_manager(cls: Class) -> _Manager | None:
    methods = {method.name: method for method in cls.methods}
    for enter, leave, path in _FORMS:
        if enter in methods and leave in methods and methods[enter].signatures:
            result = methods[enter].signatures[0].result
            value = result.inner if isinstance(result, AsyncOf) else result
            is_own = any(
                isinstance(ty, SelfType) or (isinstance(ty, Ref) and ty.path == cls.path)
                for ty in walk_type(value)
            )
            return None if is_own or value == UNANNOTATED else _Manager(cls, path, value)
    return None


@final
@frozen
class _Exposer:
    managers: Mapping[str, _Manager]

    def item(self, item: Item) -> Item:
        match item:
            case Function():
                return self.function(item)
            case Class() if item.path not in self.managers:
                methods = tuple(map(self.function, item.methods))
                properties = tuple(map(self.property, item.properties))
                if methods == item.methods and properties == item.properties:
                    return item
                return evolve(item, methods=methods, properties=properties)
            case Constant():
                return item if (ty := self.result(item.type)) == item.type else evolve(item, type=ty)
            case _:
                return item

    def function(self, function: Function) -> Function:
        signatures = tuple(map(self.signature, function.signatures))
        return function if signatures == function.signatures else evolve(function, signatures=signatures)

    def signature(self, signature: Signature) -> Signature:
        result = self.result(signature.result)
        return signature if result == signature.result else evolve(signature, result=result)

    def property(self, member: Property) -> Property:
        ty = self.result(member.type)
        return member if ty == member.type else evolve(member, type=ty)

    def result(self, ty: BridgeType) -> BridgeType:
        match ty:
            case Ref(path, arguments) if path in self.managers:
                manager = self.managers[path]
                types = match_arguments(manager.cls.type_params, arguments)
                return Ref(manager.path, (substitute(manager.value, types),))
            case OptionOf(inner):
                return OptionOf(self.result(inner))
            case AsyncOf(inner):
                return AsyncOf(self.result(inner))
            case UnionOf(members):
                return UnionOf(tuple(map(self.result, members)))
            case _:
                return ty
