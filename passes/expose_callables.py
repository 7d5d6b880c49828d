"""Make a public value that can be called a function, where its class has no name.

    let add: @m._Binary<int>       class m._Binary<T>: fun __call__(self, a: 'T, b: 'T): 'T
        =>  fun add(a: int, b: int): int

Libraries publish functions as instances of private classes. A value of a public class stays a value:
its class is bound, and calling it is an operation of the class.
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import frozen

from ..ir.items import Binding, Class, Constant, Function, Item, Package, Signature
from ..ir.parts import evolve, map_all, with_parts
from ..ir.sharing import memoised
from ..ir.traverse import map_items, map_signature, walk_items
from ..ir.type_tree import Rewrite
from ..ir.types import BridgeType, Ref, SelfType
from .context import PassContext
from .names import Names
from .substitution import Substitution, substitute
from .surface import build_surface


@final
@frozen
class ExposeCallables:
    """Callable constants of private classes become functions."""

    name: ClassVar[str] = "expose-callables"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with a function for every public value that nobody could call otherwise."""
        names = Names(package)
        constants = [item for item in walk_items(package) if isinstance(item, Constant)]
        found = {id(item): call for item in constants if (call := _find_call(item, names)) is not None}
        if not found:
            return package
        # The surface is computed only where there is something to ask it.
        surface = build_surface(package, names)

        def rewrite(item: Item) -> Item:
            call = found.get(id(item))
            if call is None or not surface.is_public(item.path) or surface.is_public(call.cls.path):
                return item
            return _make_function(call)

        return map_items(package, rewrite)


@final
@frozen
class _Call:
    """What calls a constant: the method of its class, for the types that `ref` gives to it."""

    constant: Constant
    ref: Ref
    cls: Class
    method: Function
    types: Substitution


def _find_call(constant: Constant, names: Names) -> _Call | None:
    ref = constant.type
    cls = names.find_class(ref.path) if isinstance(ref, Ref) else None
    if cls is None or not isinstance(ref, Ref):
        return None
    found = names.find_method(ref, "__call__")
    return None if found is None else _Call(constant, ref, cls, *found)


def _make_function(call: _Call) -> Function:
    constant, method = call.constant, call.method
    skipped = 0 if method.binding is Binding.STATIC_METHOD else 1
    bind = memoised(lambda ty: _bind(ty, call.ref, call.types))
    signatures = map_all(method.signatures, lambda each: _make_signature(each, skipped, bind))
    info = constant.info if constant.info.doc else evolve(constant.info, doc=method.info.doc)
    return Function(constant.name, constant.path, signatures, info=info)


def _make_signature(signature: Signature, skipped: int, bind: Rewrite) -> Signature:
    return map_signature(with_parts(signature, params=signature.params[skipped:]), bind)


def _bind(ty: BridgeType, ref: Ref, types: Substitution) -> BridgeType:
    return ref if isinstance(ty, SelfType) else substitute(ty, types)
