"""Name the receiver's class where a type variable of `self` stands for it.

    fun copy<S: @m.C>(self: 'S, other: 'S): 'S     =>  fun copy(self: self, other: self): self

This is how stubs spell `Self` for versions before PEP 673. Only a variable of the method itself counts.
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import frozen

from ..ir.items import Binding, Class, Function, Item, Package, Signature
from ..ir.parts import evolve
from ..ir.traverse import map_items, map_signature
from ..ir.types import SelfType, TypeObject, TypeVarRef
from .context import PassContext
from .substitution import substitute


@final
@frozen
class BindSelf:
    """Type variables of receivers become `self`."""

    name: ClassVar[str] = "bind-self"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with `self` in place of type variables of receivers."""
        return map_items(package, _rewrite)


def _rewrite(item: Item) -> Item:
    if not isinstance(item, Class) or not any(map(_may_bind, item.methods)):
        return item
    return evolve(item, methods=tuple(_bind(each) if _may_bind(each) else each for each in item.methods))


def _may_bind(function: Function) -> bool:
    if function.binding not in (Binding.METHOD, Binding.CLASS_METHOD):
        return False
    return any(_receiver_variable(signature) is not None for signature in function.signatures)


def _bind(function: Function) -> Function:
    return evolve(function, signatures=tuple(map(_bind_signature, function.signatures)))


def _bind_signature(signature: Signature) -> Signature:
    variable = _receiver_variable(signature)
    if variable is None:
        return signature
    rest = tuple(param for param in signature.type_params if param.name != variable)
    types = {variable: SelfType()}
    return map_signature(evolve(signature, type_params=rest), lambda ty: substitute(ty, types))


def _receiver_variable(signature: Signature) -> str | None:
    """Return the type variable of the signature that its first parameter is annotated with."""
    if not signature.params or not signature.type_params:
        return None
    match signature.params[0].type:
        case TypeVarRef(name) | TypeObject(TypeVarRef(name)):
            return name if any(param.name == name for param in signature.type_params) else None
        case _:
            return None
