"""Make a public value that can be called a function, where its class has no name.

    let add: @m._Binary<int>       class m._Binary<T>: fun __call__(self, a: 'T, b: 'T): 'T
        =>  fun add(a: int, b: int): int

Libraries publish functions as instances of private classes. A value of a public class stays a value:
its class is bound, and calling it is an operation of the class.
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import evolve, frozen

from ..ir.items import Binding, Constant, Function, Item, Package, Signature
from ..ir.parts import map_all, with_parts
from ..ir.sharing import memoised
from ..ir.traverse import map_items, map_signature
from ..ir.type_tree import Rewrite
from ..ir.types import BridgeType, Ref, SelfType
from .context import PassContext
from .names import Names
from .substitution import Substitution, substitute
from .surface import Surface, build_surface


@final
@frozen
class ExposeCallables:
    """Callable constants of private classes become functions."""

    name: ClassVar[str] = "expose-callables"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with a function for every public value that nobody could call otherwise."""
        names = Names(package)
        surface = build_surface(package, names)
        return map_items(package, lambda item: _rewrite(item, names, surface))


def _rewrite(item: Item, names: Names, surface: Surface) -> Item:
    match item:
        case Constant(type=Ref() as ref) if surface.is_public(item.path):
            cls = names.find_class(ref.path)
            if cls is None or surface.is_public(cls.path):
                return item
            found = names.find_method(ref, "__call__")
            return item if found is None else _make_function(item, ref, *found)
        case _:
            return item


def _make_function(constant: Constant, ref: Ref, method: Function, types: Substitution) -> Function:
    skipped = 0 if method.binding is Binding.STATIC_METHOD else 1
    bind = memoised(lambda ty: _bind(ty, ref, types))
    signatures = map_all(method.signatures, lambda each: _make_signature(each, skipped, bind))
    info = constant.info if constant.info.doc else evolve(constant.info, doc=method.info.doc)
    return Function(constant.name, constant.path, signatures, info=info)


def _make_signature(signature: Signature, skipped: int, bind: Rewrite) -> Signature:
    return map_signature(with_parts(signature, params=signature.params[skipped:]), bind)


def _bind(ty: BridgeType, ref: Ref, types: Substitution) -> BridgeType:
    return ref if isinstance(ty, SelfType) else substitute(ty, types)
