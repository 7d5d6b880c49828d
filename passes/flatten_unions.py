"""Bring every union into normal form: flat, without duplicates.

fun f(x: string | (int | bool) | string)    =>    fun f(x: string | int)
fun g(x: int | any | none)                  =>    fun g(x: any)
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import frozen

from ..ir.items import Package
from ..ir.traverse import map_children, map_outer_types
from ..ir.type_tree import Rewrite, SharedRewrite
from ..ir.types import BridgeType, UnionOf
from .context import PassContext
from .unions import union_of


@final
@frozen
class FlattenUnions:
    """Rewrites unions by `union_of`; types without a union stay the same objects."""

    name: ClassVar[str] = "flatten-unions"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with normal unions. Reports nothing."""
        return map_outer_types(package, SharedRewrite(_flatten))


def _flatten(ty: BridgeType, inner: Rewrite) -> BridgeType:
    """Return `ty` with every union in it in normal form; `inner` does the same for the types inside.

    Outer unions come first: what absorbs what is decided among all members at once, so that
    nesting does not matter.
    """
    if type(ty) is not UnionOf:
        return map_children(ty, inner)
    whole = union_of(ty.members)
    flat = map_children(whole, inner)
    if flat is not whole and isinstance(flat, UnionOf):
        flat = union_of(flat.members)
    return ty if flat == ty else flat
