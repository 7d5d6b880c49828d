"""Give a decorated function, or a descriptor in a class, the type that is read from an instance.

    decorator functools.cached_property  fun size(self): int      =>  property size: int
    decorator contextlib.contextmanager  fun open(): iterator<T>
        =>  fun open(): @contextlib.AbstractContextManager<T>
    classvar bold: @m._Bit     class m._Bit: fun __get__(self, obj, cls): bool?
        =>  property bold: bool?

A decorator makes a property if it is one of the standard library's, a class of the package with
`__get__` or derived from `property`, or anything else named `…property` or `reify`, as those that
cache a property are. Every other decorator leaves the declared type alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from attrs import frozen

from ..ir.items import Binding, Class, Field, FieldKind, Function, Item, Package, Property, Signature
from ..ir.parts import evolve
from ..ir.traverse import map_items
from ..ir.types import AsyncOf, BridgeType, IteratorOf, Ref, StreamOf, UnionOf
from .context import PassContext
from .names import Names, has_member
from .stdlib_names import PROPERTY_DECORATORS
from .substitution import substitute

MANAGERS: Mapping[str, str] = {
    "contextlib.contextmanager": "contextlib.AbstractContextManager",
    "contextlib.asynccontextmanager": "contextlib.AbstractAsyncContextManager",
}


@final
@frozen
class ApplyDecorators:
    """Functions take the type their decorators give them."""

    name: ClassVar[str] = "apply-decorators"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with the decorators of every function applied."""
        names = Names(package)
        return map_items(package, lambda item: _rewrite(item, names))


def _rewrite(item: Item, names: Names) -> Item:
    match item:
        case Function(decorators=(_, *_)):
            return _apply_manager(item)
        case Class() if any(method.decorators for method in item.methods):
            return _read_descriptors(_rewrite_class(item, names), names)
        case Class(fields=(_, *_)):
            return _read_descriptors(item, names)
        case _:
            return item


def _rewrite_class(cls: Class, names: Names) -> Class:
    properties = list(cls.properties)
    methods: list[Function] = []
    for method in cls.methods:
        if method.binding is Binding.METHOD and any(
            _makes_property(decorator.path, names) for decorator in method.decorators
        ):
            properties.append(_make_property(method))
        else:
            methods.append(_apply_manager(method))
    return evolve(cls, properties=tuple(properties), methods=tuple(methods))


def _read_descriptors(cls: Class, names: Names) -> Class:
    """Return `cls` with a property for each value in its body whose class has `__get__`."""
    found = {member.name: _descriptor_property(member, names) for member in cls.fields}
    properties = [each for each in found.values() if each is not None]
    if not properties:
        return cls
    fields = tuple(member for member in cls.fields if found[member.name] is None)
    return evolve(cls, fields=fields, properties=(*cls.properties, *properties))


def _descriptor_property(member: Field, names: Names) -> Property | None:
    """Return the property that a descriptor makes of a class variable, or None for another value."""
    if member.kind is not FieldKind.CLASS_VAR or not isinstance(member.type, Ref):
        return None
    getter = names.find_method(member.type, "__get__")
    if getter is None:
        return None
    # The last overload is that for an instance: those before it are for None, the class itself.
    ty = substitute(getter[0].signatures[-1].result, getter[1])
    setter_type: BridgeType | None = None
    setter = names.find_method(member.type, "__set__")
    if setter is not None and len(setter[0].signatures[-1].params) > 2:
        setter_type = substitute(setter[0].signatures[-1].params[2].type, setter[1])
    return Property(member.name, member.path, ty, setter_type, member.info)


def _makes_property(path: str, names: Names) -> bool:
    if path in PROPERTY_DECORATORS:
        return True
    cls = names.find_class(path)
    if cls is None:
        return path.endswith(("property", ".reify"))
    return has_member(cls, "__get__") or any(
        isinstance(base, Ref) and base.path in PROPERTY_DECORATORS for base in cls.bases
    )


def _make_property(function: Function) -> Property:
    """Return the property of a getter. Arms of a getter differ by the owner's type: any may hold."""
    results = tuple(dict.fromkeys(signature.result for signature in function.signatures))
    ty = results[0] if len(results) == 1 else UnionOf(results)
    return Property(function.name, function.path, ty, info=function.info)


def _apply_manager(function: Function) -> Function:
    """Return `function`; a generator under `contextmanager` returns the manager instead."""
    manager = next((MANAGERS[each.path] for each in function.decorators if each.path in MANAGERS), None)
    if manager is None:
        return function
    return evolve(
        function, signatures=tuple(_managed(signature, manager) for signature in function.signatures)
    )


def _managed(signature: Signature, manager: str) -> Signature:
    if isinstance(signature.result, Ref) and signature.result.path == manager:
        return signature
    result = Ref(manager, (_yielded(signature.result),))
    return evolve(signature, result=result, is_async=False)


def _yielded(ty: BridgeType) -> BridgeType:
    match ty:
        case IteratorOf(element) | StreamOf(element):
            return element
        case AsyncOf(inner):
            return _yielded(inner)
        case _:
            return ty
