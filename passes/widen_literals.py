"""Replace literal types of what flows out by the scalar, or the enum, that their values belong to.

fun f(): literal<"r", "w">                  =>    fun f(): string
fun g(): literal<1, "auto">?                =>    fun g(): (int | string)?
var color: literal<@m.Color.RED>            =>    var color: @m.Color
fun h(f: fun(literal<1, 2>): none)          =>    fun h(f: fun(int): none)
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import frozen

from ..ir.items import Package
from ..ir.types import BridgeType, EnumMember, LiteralOf, LiteralValue, OptionOf, Ref, UnionOf
from .context import PassContext
from .desugar_options import option_of
from .directions import map_outward
from .unions import literal_scalar, union_of


@final
@frozen
class WidenLiterals:
    """Removes `LiteralOf` (PEP 586) from what flows out; unions and options around it are put in normal form.

    What flows in keeps its values: the wrapper checks them.
    """

    name: ClassVar[str] = "widen-literals"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` without literal types in what flows out. Reports nothing."""
        return map_outward(package, widen_literal)


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
