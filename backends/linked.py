"""The linked view of a package: flat functions over scalars, all other values as `int` handles.

Today's Mochi Python back end takes nothing else in the signature of an extern. A handle is a
number in a table that the sidecar keeps (`runtime/_mochi_link.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, assert_never, final

from attrs import frozen

from ..ir.keywords import mochi_local_name, mochi_name
from ..ir.types import NONE, BridgeType, FunOf, Scalar, ScalarKind
from .entries import (
    Declarations,
    Entry,
    EnumCase,
    EnumType,
    HandleType,
    RecordField,
    RecordType,
    SumCase,
    SumType,
)
from .mochi_types import crossing_type
from .names import Names

SCALARS = {
    ScalarKind.BOOL: "bool",
    ScalarKind.INT: "int",
    ScalarKind.BIGINT: "int",
    ScalarKind.FLOAT: "float",
    ScalarKind.STRING: "string",
}


@final
@frozen
class MakeRecord:
    """Build a record from its fields."""

    record: RecordType


@final
@frozen
class ReadField:
    """Read a field of a record."""

    record: RecordType
    field: RecordField


@final
@frozen
class MakeEnumCase:
    """Give a variant of an enum."""

    case: EnumCase


@final
@frozen
class MakeSumCase:
    """Wrap a value as a variant of a closed union."""

    case: SumCase


@final
@frozen
class TableHelper:
    """Run helper `name` of the handle table."""

    name: str


LinkedOperation: TypeAlias = Entry | MakeRecord | ReadField | MakeEnumCase | MakeSumCase | TableHelper


@final
@frozen
class LinkedFunction:
    """One `extern python fun`. `types` and `result` are the text of linked types."""

    name: str
    parameters: tuple[str, ...]
    types: tuple[str, ...]
    result: str
    operation: LinkedOperation


_HANDLE = (("handle", "int"),)
_ITEM = (("handle", "int"), ("index", "int"))
_ENTRY = (("handle", "int"), ("key", "string"))

TABLE_HELPERS: tuple[tuple[str, tuple[tuple[str, str], ...], str], ...] = (
    ("release", _HANDLE, "unit"),
    ("is_none", _HANDLE, "bool"),
    ("tag", _HANDLE, "string"),
    ("untag", _HANDLE, "int"),
    *((f"to_{name}", _HANDLE, name) for name in ("bool", "int", "float", "string")),
    *((f"from_{name}", (("value", name),), "int") for name in ("bool", "int", "float", "string")),
    ("len", _HANDLE, "int"),
    ("get", _ITEM, "int"),
    *((f"get_{name}", _ITEM, name) for name in ("bool", "int", "float", "string")),
    ("has", _ENTRY, "bool"),
    ("keys", _HANDLE, "int"),
    ("lookup", _ENTRY, "int"),
    *((f"lookup_{name}", _ENTRY, name) for name in ("bool", "int", "float", "string")),
    ("new_list", (), "int"),
    ("push", (("handle", "int"), ("value", "int")), "unit"),
    *(
        (f"push_{name}", (("handle", "int"), ("value", name)), "unit")
        for name in ("bool", "int", "float", "string")
    ),
    ("new_map", (), "int"),
    ("put", (*_ENTRY, ("value", "int")), "unit"),
    *((f"put_{name}", (*_ENTRY, ("value", name)), "unit") for name in ("bool", "int", "float", "string")),
)
"""Helpers of the handle table: name, parameters, result."""


def link(declared: Declarations, alias: str) -> Iterator[LinkedFunction]:
    """Yield the linked functions of a package that is bound as `alias`.

    A function is called `alias_name`. Those of the table are called `alias_value_name`, which
    leaves the names of the package alone.
    """
    names = Names()
    for entry in declared.entries:
        yield _link_entry(entry, names.fresh_mochi(f"{alias}_{entry.name}"))
    for ty in declared.types:
        match ty:
            case HandleType():
                continue
            case RecordType():
                yield from _link_record(ty, alias, names)
            case EnumType():
                for enum_case in ty.cases:
                    name = names.fresh_mochi(f"{alias}_{enum_case.name}")
                    yield LinkedFunction(name, (), (), "int", MakeEnumCase(enum_case))
            case SumType():
                for case in ty.cases:
                    name = names.fresh_mochi(f"{alias}_{case.name}")
                    taken = (linked_type(case.type),)
                    yield LinkedFunction(name, ("value",), taken, "int", MakeSumCase(case))
            case _:
                assert_never(ty)
    for helper, parameters, result in TABLE_HELPERS:
        name = names.fresh_mochi(f"{alias}_value_{helper}")
        taken_names = tuple(parameter for parameter, _ in parameters)
        types = tuple(ty for _, ty in parameters)
        yield LinkedFunction(name, taken_names, types, result, TableHelper(helper))


def linked_type(ty: BridgeType) -> str:
    """Return the linked type for `ty`: a scalar, a function over scalars, or `int` for a handle.

    What a function takes or returns that is itself a function is a handle.
    """
    match crossing_type(ty):
        case Scalar(kind) if kind in SCALARS:
            return SCALARS[kind]
        case FunOf(params, result) if params is not None:
            taken = ("int" if isinstance(param, FunOf) else linked_type(param) for param in params)
            return f"fun({', '.join(taken)}): {linked_result(result)}"
        case _:
            return "int"


def linked_result(ty: BridgeType) -> str:
    """Return the linked type of a result; a function is a handle there."""
    if ty == NONE:
        return "unit"
    return "int" if isinstance(ty, FunOf) else linked_type(ty)


def _link_entry(entry: Entry, name: str) -> LinkedFunction:
    parameters = tuple(parameter.name for parameter in entry.parameters)
    types = tuple(linked_type(parameter.type) for parameter in entry.parameters)
    return LinkedFunction(name, parameters, types, linked_result(entry.result), entry)


def _link_record(ty: RecordType, alias: str, names: Names) -> Iterator[LinkedFunction]:
    parameters = tuple(mochi_local_name(field.name) for field in ty.fields)
    types = tuple(linked_type(field.type) for field in ty.fields)
    yield LinkedFunction(names.fresh_mochi(f"{alias}_{ty.name}"), parameters, types, "int", MakeRecord(ty))
    for field in ty.fields:
        name = names.fresh_mochi(mochi_name(f"{alias}_{ty.name}_{field.name}"))
        yield LinkedFunction(name, ("self",), ("int",), linked_result(field.type), ReadField(ty, field))
