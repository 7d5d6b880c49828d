"""Write "or none" as an option, also where a key may be missing.

fun f(x: string | int | none): int | none    =>    fun f(x: (string | int)?): int?
fun g(x: any?)                               =>    fun g(x: any)
field optional name: string                  =>    field optional name: string?
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import frozen

from ..ir.items import Class, Field, Item, Package
from ..ir.parts import evolve
from ..ir.sharing import memoised_map
from ..ir.traverse import map_items, map_outer_types
from ..ir.types import ANY, NEVER, NONE, BridgeType, OptionOf, UnionOf
from .context import PassContext
from .unions import union_of


@final
@frozen
class DesugarOptions:
    """Turns unions with `none` into options and opens options of options.

    Afterwards no union has a `none` among its members, and the inside of an option is
    neither `none`, `any`, nor an option. The type of a `NotRequired` key (PEP 655) is
    an option.
    """

    name: ClassVar[str] = "desugar-options"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with options for unions with `none`. Reports nothing."""
        package = map_outer_types(package, memoised_map(desugar_option))
        return map_items(package, _open_optional_keys)


def desugar_option(ty: BridgeType) -> BridgeType:
    """Return `ty` with its own `none` written as an option. What is inside `ty` is left alone."""
    match ty:
        case UnionOf():
            return _desugar_union(ty)
        case OptionOf():
            option = option_of(ty.inner)
            return ty if option == ty else option
        case _:
            return ty


def option_of(inner: BridgeType) -> BridgeType:
    """Return the option of `inner` in normal form: `any?` is `any`, `none?` is `none`."""
    match inner:
        case OptionOf():
            return inner
        case UnionOf() if _has_none(inner):
            return _desugar_union(inner)
        case _ if inner is ANY:
            return ANY
        case _ if inner is NONE or inner is NEVER:
            return NONE
        case _:
            return OptionOf(inner)


def _desugar_union(union: UnionOf) -> BridgeType:
    if not _has_none(union):
        return union
    match union_of(union.members):
        case UnionOf() as flat:
            # What a normal union has besides none is normal too.
            rest = tuple([member for member in flat.members if member is not NONE])
            return option_of(rest[0] if len(rest) == 1 else UnionOf(rest))
        case other:
            return other


def _has_none(union: UnionOf) -> bool:
    return any(member is NONE or type(member) is OptionOf for member in union.members)


def _has_optional_key(item: Item) -> bool:
    return isinstance(item, Class) and any(not field.required for field in item.fields)


def _open_optional_keys(item: Item) -> Item:
    if not isinstance(item, Class) or not _has_optional_key(item):
        return item
    return evolve(item, fields=tuple(_open_optional_key(field) for field in item.fields))


def _open_optional_key(field: Field) -> Field:
    return field if field.required else evolve(field, type=option_of(field.type))
