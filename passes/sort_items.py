"""sort-items: one order for everything that has none of its own."""

from __future__ import annotations

from typing import ClassVar, assert_never, final

from attrs import frozen

from ..ir.items import (
    Alias,
    Class,
    ClassKind,
    Constant,
    Field,
    FieldKind,
    Function,
    Item,
    Module,
    Package,
    Refusal,
    TypeVariable,
    Variant,
)
from ..ir.parts import evolve
from .context import PassContext


@final
@frozen
class SortItems:
    """Put modules, items and members into canonical order.

    Before:
        module m.b  module m.a  module m { function g  class B { z() a() }  function f }
    =>  module m { class B { a() z() }  function f  function g }  module m.a  module m.b

    The principal module comes first, then modules by name. Items go by kind (types, constants,
    functions, aliases, type variables, refusals), then by path; members by name. Positions that mean
    something stay: parameters, overload arms, record fields, enum members, variant cases,
    constructors, bases.
    """

    name: ClassVar[str] = "sort-items"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` in canonical order; a second run changes nothing."""
        principal = package.import_names[0] if package.import_names else ""

        def order(module: Module) -> tuple[bool, tuple[str, ...]]:
            return module.name != principal, tuple(module.name.split("."))

        modules = tuple(
            evolve(module, items=_sort_items(module.items)) for module in sorted(package.modules, key=order)
        )
        return evolve(package, modules=modules, generated=_sort_generated(package.generated))


def _sort_items(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(sorted(map(_sort_members, items), key=lambda item: (_rank(item), item.path)))


def _sort_generated(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(sorted(map(_sort_members, items), key=lambda item: (item.path, _rank(item))))


def _rank(item: Item) -> int:
    match item:
        case Class() | Variant():
            return 0
        case Constant():
            return 1
        case Function():
            return 2
        case Alias():
            return 3
        case TypeVariable():
            return 4
        case Refusal():
            return 5
        case _:
            assert_never(item)


def _sort_members(item: Item) -> Item:
    if not isinstance(item, Class):
        return item
    return evolve(
        item,
        fields=_sort_fields(item),
        properties=tuple(sorted(item.properties, key=lambda member: member.name)),
        methods=tuple(sorted(item.methods, key=lambda method: method.name)),
        casts=tuple(sorted(item.casts, key=lambda cast: cast.base)),
    )


def _sort_fields(cls: Class) -> tuple[Field, ...]:
    """The fields of a record and the members of an enum are a sequence; all others have no order."""
    ordered = cls.kind in (ClassKind.UNKNOWN, ClassKind.RECORD, ClassKind.ENUM)
    sequence = [member for member in cls.fields if ordered and member.kind is not FieldKind.CLASS_VAR]
    others = [member for member in cls.fields if not ordered or member.kind is FieldKind.CLASS_VAR]
    return (*sequence, *sorted(others, key=lambda member: member.name))
