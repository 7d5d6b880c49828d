"""Replace literal types by the scalar, or the enum, that their values belong to.

fun f(mode: literal<"r", "w">)      =>    fun f(mode: string)
fun g(x: literal<1, "auto">?)       =>    fun g(x: (int | string)?)
fun h(x: literal<@m.Color.RED>)     =>    fun h(x: @m.Color)
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import frozen

from ..ir.items import Package
from ..ir.sharing import memoised_map
from ..ir.traverse import map_outer_types
from ..ir.types import BridgeType, EnumMember, LiteralOf, LiteralValue, OptionOf, Ref, UnionOf
from .context import PassContext
from .desugar_options import option_of
from .unions import literal_scalar, union_of


@final
@frozen
class WidenLiterals:
    """Removes every `LiteralOf` (PEP 586); unions and options around it are put in normal form again."""

    name: ClassVar[str] = "widen-literals"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` without literal types. Reports nothing."""
        return map_outer_types(package, memoised_map(widen_literal))


def widen_literal(ty: BridgeType) -> BridgeType:
    """Return `ty` widened if it is a literal; a union or option of widened types in normal form."""
    match ty:
        case LiteralOf():
            return union_of(_widen_value(value) for value in ty.values)
        case UnionOf():
            flat = union_of(ty.members)
            return ty if flat == ty else flat
        case OptionOf():
            option = option_of(ty.inner)
            return ty if option == ty else option
        case _:
            return ty


def _widen_value(value: LiteralValue | EnumMember) -> BridgeType:
    match value:
        case EnumMember():
            return Ref(value.path.rpartition(".")[0])
        case _:
            return literal_scalar(value)
