"""The linked view of a package: flat functions over scalars, all other values as `int` handles.

Today's Mochi Python back end takes nothing else in the signature of an extern. A handle is a
number in a table that the sidecar keeps (`runtime/_mochi_link.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias, assert_never, final

from attrs import frozen

from ..ir.keywords import mochi_local_name, mochi_name
from ..ir.parts import evolve
from ..ir.types import NEVER, NONE, BridgeType, FunOf, LiteralOf, OptionOf, Scalar, ScalarKind, UnionOf
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
from .mochi_types import crossing_type, literal_kind
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
class IsCase:
    """Tell whether a handle holds a variant of an enum or of a closed union."""

    case: EnumCase | SumCase


@final
@frozen
class ReadCase:
    """Read what is inside a variant of a closed union."""

    case: SumCase


@final
@frozen
class KeepFunction:
    """Keep a function of the program, for where a handle is asked for.

    `handles` tells which of its parameters are handles, `result_handle` whether its result is one.
    """

    handles: tuple[bool, ...]
    result_handle: bool


@final
@frozen
class TableHelper:
    """Run helper `name` of the handle table."""

    name: str


LinkedOperation: TypeAlias = (
    Entry
    | MakeRecord
    | ReadField
    | MakeEnumCase
    | MakeSumCase
    | IsCase
    | ReadCase
    | KeepFunction
    | TableHelper
)


@final
@frozen
class LinkedFunction:
    """One `extern python fun`, written `alias.item` in a program that is to be linked.

    `types` and `result` are the text of linked types. `plain` are the positions of parameters that take
    a scalar itself, where others of their type take a handle.
    """

    name: str
    item: str
    parameters: tuple[str, ...]
    types: tuple[str, ...]
    result: str
    operation: LinkedOperation
    plain: frozenset[int] = frozenset()


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
    ("lookup_at", (("handle", "int"), ("key", "int")), "int"),
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
    ("text", _HANDLE, "string"),
    ("from_json", (("content", "string"),), "int"),
    ("to_json", _HANDLE, "string"),
    ("last_error", (), "string"),
)
"""Helpers of the handle table: name, parameters, result."""

_CALLBACK = re.compile(r"(?P<helper>value_callback)(?P<params>(?:_[a-z]+)*)_to_(?P<result>[a-z]+)")
_CROSSING = {"bool": "bool", "int": "int", "float": "float", "string": "string", "handle": "int"}


def link(declared: Declarations, alias: str) -> Iterator[LinkedFunction]:
    """Yield the linked functions of a package that is bound as `alias`.

    A function is called `alias_name`. Those of the table are called `alias_value_name`, which
    leaves the names of the package alone.
    """
    scope = _Scope(alias)
    for entry in declared.entries:
        yield _link_entry(entry, scope)
    for ty in declared.types:
        match ty:
            case HandleType():
                continue
            case RecordType():
                yield from _link_record(ty, scope)
            case EnumType():
                for enum_case in ty.cases:
                    yield scope.function(enum_case.name, (), (), "int", MakeEnumCase(enum_case))
                    yield _link_test(enum_case, scope)
            case SumType():
                for case in ty.cases:
                    taken = (linked_type(case.type),)
                    yield scope.function(case.name, ("value",), taken, "int", MakeSumCase(case))
                    yield _link_test(case, scope)
                    read = linked_result(case.type)
                    yield scope.function(f"{case.name}_value", ("handle",), ("int",), read, ReadCase(case))
            case _:
                assert_never(ty)
    for helper, parameters, result in TABLE_HELPERS:
        taken_names = tuple(parameter for parameter, _ in parameters)
        types = tuple(ty for _, ty in parameters)
        yield scope.function(f"value_{helper}", taken_names, types, result, TableHelper(helper))


def link_callback(item: str, alias: str) -> LinkedFunction | None:
    """Return the helper that keeps a function of the program under a handle.

    Its name says of which type the function is: `value_callback_string_to_float` takes a
    `fun(string): float`, and `handle` stands for a parameter or result that is one.
    """
    found = _CALLBACK.fullmatch(item)
    if found is None:
        return None
    params = found["params"].split("_")[1:]
    result = found["result"]
    if not {*params, *(() if result == "unit" else (result,))} <= _CROSSING.keys():
        return None
    taken = ", ".join(_CROSSING[param] for param in params)
    ty = f"fun({taken}): {_CROSSING.get(result, result)}"
    keep = KeepFunction(tuple(param == "handle" for param in params), result == "handle")
    return LinkedFunction(f"{alias}_{item}", item, ("function",), (ty,), "int", keep)


@final
class _Scope:
    """The names that are taken below one alias."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._items, self._names = Names(), Names()

    def function(
        self,
        wanted: str,
        parameters: tuple[str, ...],
        types: tuple[str, ...],
        result: str,
        operation: LinkedOperation,
    ) -> LinkedFunction:
        """Return a function with a free name made from `wanted`."""
        taken = wanted in self._items
        item = self._items.fresh_mochi(f"{wanted}_") if taken else self._items.fresh(wanted)
        name = self._names.fresh_mochi(f"{self._alias}_{item}")
        return LinkedFunction(name, item, parameters, types, result, operation)


def taken_types(operation: LinkedOperation) -> tuple[BridgeType, ...]:
    """Return the types of what a function takes; none for those of the handle table."""
    match operation:
        case Entry(parameters=parameters):
            return tuple(parameter.type for parameter in parameters)
        case MakeRecord(record):
            return tuple(field.type for field in record.fields)
        case MakeSumCase(case):
            return (case.type,)
        case _:
            return ()


def takes_handle(function: LinkedFunction, at: int) -> bool:
    """Tell whether the parameter at a position takes the handle of a value of the package."""
    types = taken_types(function.operation)
    if at >= len(types) or function.types[at] != "int":
        return False
    crossing = crossing_type(types[at])
    return not isinstance(crossing, Scalar) or crossing.kind not in SCALARS


def specialize(function: LinkedFunction, scalars: Mapping[int, str]) -> LinkedFunction | None:
    """Return `function` with parameters that take a scalar itself instead of a handle of it, by position.

    None where a parameter takes no such value.
    """
    types = taken_types(function.operation)
    if any(at >= len(types) or not _admits(types[at], scalar) for at, scalar in scalars.items()):
        return None
    taken = tuple(scalars.get(at, ty) for at, ty in enumerate(function.types))
    return evolve(function, types=taken, plain=frozenset(scalars))


def _admits(ty: BridgeType, scalar: str) -> bool:
    match ty:
        case OptionOf(inner):
            return _admits(inner, scalar)
        case UnionOf(members):
            return any(_admits(member, scalar) for member in members)
        case LiteralOf():
            return SCALARS.get(literal_kind(ty)) == scalar
        case Scalar(kind):
            # Python takes an int for a float.
            also = ScalarKind.FLOAT if scalar == "int" else ScalarKind.ANY
            return kind in (ScalarKind.ANY, also) or SCALARS.get(kind) == scalar
        case _:
            return False


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
    if ty in (NONE, NEVER):
        return "unit"
    return "int" if isinstance(ty, FunOf) else linked_type(ty)


def _link_entry(entry: Entry, scope: _Scope) -> LinkedFunction:
    parameters = tuple(parameter.name for parameter in entry.parameters)
    types = tuple(linked_type(parameter.type) for parameter in entry.parameters)
    return scope.function(entry.name, parameters, types, linked_result(entry.result), entry)


def _link_record(ty: RecordType, scope: _Scope) -> Iterator[LinkedFunction]:
    names = Names()
    parameters = tuple(names.fresh(mochi_local_name(field.name)) for field in ty.fields)
    types = tuple(linked_type(field.type) for field in ty.fields)
    yield scope.function(ty.name, parameters, types, "int", MakeRecord(ty))
    for field in ty.fields:
        result = linked_result(field.type)
        yield scope.function(
            mochi_name(f"{ty.name}_{field.name}"), ("self",), ("int",), result, ReadField(ty, field)
        )


def _link_test(case: EnumCase | SumCase, scope: _Scope) -> LinkedFunction:
    return scope.function(f"is_{case.name}", ("handle",), ("int",), "bool", IsCase(case))
