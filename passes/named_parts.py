"""What assign-names names of an item: functions and attributes, each with a role of its own at its path."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import final

from attrs import frozen

from ..ir.items import CallForm, Class, ClassKind, Field, FieldKind, Function, Item, Property


@final
@frozen(eq=False)
class NamedFunction:
    """A function with its role. `first` is its first call of the required form, -1 where it has none.

    `ending` is `_sync` where the wrapper waits for what the plainest arm returns.
    """

    function: Function
    role: str
    first: int
    ending: str


@final
@frozen(eq=False)
class NamedParts:
    """An item, with its functions and attributes in their order; constructors come before methods."""

    item: Item
    functions: Sequence[NamedFunction]
    attributes: Sequence[tuple[Field | Property, str]]


def find_parts(item: Item) -> NamedParts:
    """Return `item` with its parts."""
    match item:
        case Function():
            return NamedParts(item, [_named(item, "function")], ())
        case Class():
            functions = [_named(each, _role("constructor", i)) for i, each in enumerate(item.constructors)]
            functions += [_named(each, _role("method", i)) for i, each in enumerate(item.methods)]
            attributes: list[tuple[Field | Property, str]] = [
                (member, _role("field", i)) for i, member in enumerate(item.fields)
            ]
            attributes += [(member, _role("property", i)) for i, member in enumerate(item.properties)]
            return NamedParts(item, functions, attributes)
        case _:
            return NamedParts(item, (), ())


def _named(function: Function, role: str) -> NamedFunction:
    first = -1
    for index, call in enumerate(function.calls):
        if call.form is CallForm.REQUIRED:
            first = index
            break
    ending = "_sync" if function.calls and function.calls[0].is_awaited else ""
    return NamedFunction(function, role, first, ending)


@lru_cache(maxsize=4096)
def _role(kind: str, index: int) -> str:
    return f"{kind} {index:03}"


@lru_cache(maxsize=4096)
def call_role(role: str, index: int) -> str:
    """Return the role of a call of the function with `role`."""
    return f"{role} call {index:03}"


def is_record_field(cls: Class, member: Field | Property) -> bool:
    """Return whether `member` is part of a record, whose names need to differ in the record only."""
    return cls.kind is ClassKind.RECORD and isinstance(member, Field) and member.kind is FieldKind.INSTANCE


def is_settable(cls: Class, member: Field | Property) -> bool:
    """Return whether `member` has a function that sets it."""
    if isinstance(member, Property):
        return member.setter_type is not None
    return member.writable and member.kind is FieldKind.INSTANCE and cls.kind is not ClassKind.RECORD
