"""Bring every union into normal form: flat, without duplicates.

fun f(x: string | (int | bool) | string)    =>    fun f(x: string | int)
fun g(x: int | any | none)                  =>    fun g(x: any)
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import frozen

from ..ir.items import Package
from ..ir.traverse import map_outer_types, map_type
from ..ir.types import BridgeType, UnionOf
from .context import PassContext
from .unions import memoised, union_of


@final
@frozen
class FlattenUnions:
    """Rewrites unions by `union_of`; types without a union stay the same objects."""

    name: ClassVar[str] = "flatten-unions"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with normal unions. Reports nothing."""
        return map_outer_types(package, memoised(lambda ty: map_type(ty, flatten_union)))


def flatten_union(ty: BridgeType) -> BridgeType:
    """Return the normal form of `ty` if it is a union, else `ty`."""
    if not isinstance(ty, UnionOf):
        return ty
    flat = union_of(ty.members)
    return ty if flat == ty else flat
