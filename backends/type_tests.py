"""The tests by which a wrapper tells the members of a union apart, as expressions of its module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import assert_never, final

from ..ir.diagnostics import InternalError
from ..ir.protocols import PROTOCOLS
from ..ir.types import (
    AsyncOf,
    BridgeType,
    EnumMember,
    FunOf,
    ListOf,
    LiteralOf,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    ScalarKind,
    SetOf,
    StreamOf,
    UnionOf,
)
from .entries import EnumType, HandleType, RecordShape, RecordType, SumType, TypeDeclaration
from .imports import Imports
from .literals import python_literal, python_string, python_tuple

HELPERS = "_mochi_wrap"
ENTRY_PREFIX = "mochi.entry."

_SCALARS = {
    ScalarKind.BOOL: "is_bool",
    ScalarKind.INT: "is_int",
    ScalarKind.BIGINT: "is_int",
    ScalarKind.FLOAT: "is_float",
    ScalarKind.STRING: "is_string",
    ScalarKind.BYTES: "is_bytes",
    ScalarKind.NONE: "is_anything",
    ScalarKind.NEVER: "is_anything",
    ScalarKind.ANY: "is_anything",
}


@final
class TypeTests:
    """Makes tests as they are asked for. `define(name, function, arguments)` keeps one in a variable."""

    def __init__(
        self,
        types: Mapping[str, TypeDeclaration],
        imports: Imports,
        define: Callable[[str, str, Sequence[str]], str],
    ) -> None:
        self._types = types
        self._imports = imports
        self._define = define
        self._known: dict[tuple[BridgeType, bool, bool], str] = {}

    def tests(self, members: Sequence[BridgeType], *, inward: bool) -> list[str]:
        """Return a test for each member of a union.

        What is in a container is looked at only where another member is a container of its shape.
        """
        shapes = [type(member) for member in members]
        return [self._test(each, inward, shapes.count(type(each)) > 1) for each in members]

    def _test(self, ty: BridgeType, inward: bool, deep: bool) -> str:
        key = ty, inward, deep
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._make(ty, inward, deep)
        return known

    def _make(self, ty: BridgeType, inward: bool, deep: bool) -> str:
        match ty:
            case Scalar(kind):
                return self._helper(_SCALARS[kind])
            case ListOf(Ref(path)) if path.startswith(ENTRY_PREFIX):
                return self._call("entries", "is_list" if inward else "is_map", [])
            case ListOf(element):
                return self._container("list", [element], inward, deep)
            case SetOf(element):
                return self._container("set", [element], inward, deep)
            case MapOf(key, value):
                return self._container("map", [key, value], inward, deep)
            case OptionOf(inner):
                return self._call("option", "is_option", [self._test(inner, inward, deep)])
            case UnionOf(members):
                return self._any_of([self._test(member, inward, deep) for member in members])
            case LiteralOf(values):
                texts = [_literal(value) for value in values]
                return self._call("literal", "is_literal", [python_tuple(texts)])
            case FunOf():
                return self._imports.builtin("callable")
            case AsyncOf():
                return self._helper("is_awaitable")
            case StreamOf():
                return self._call("list", "is_list", []) if inward else self._helper("is_stream")
            case Ref(path):
                declared = self._types.get(path)
                if declared is None:
                    raise InternalError(f"nothing declares the type {path!r}")
                return self._declared(declared, inward, deep)
            case _:
                raise InternalError(f"legalize-types left {ty!r}")

    def _container(self, shape: str, parts: list[BridgeType], inward: bool, deep: bool) -> str:
        if not deep:
            return self._call(shape, f"is_{shape}", [])
        return self._call(f"{shape}_of", f"is_{shape}", [self._test(part, inward, True) for part in parts])

    def _declared(self, declared: TypeDeclaration, inward: bool, deep: bool) -> str:
        match declared:
            case HandleType(path="builtins.complex"):
                return self._helper("is_complex")
            case HandleType(path=path) if path in PROTOCOLS:
                methods = [python_string(name) for name in PROTOCOLS[path]]
                return self._call(declared.name, "is_having", [python_tuple(methods)])
            case HandleType():
                return self._instance(declared)
            case EnumType(cases=cases):
                if not inward:
                    return self._instance(declared)
                return self._any_of([self._names([case.name for case in cases]), self._instance(declared)])
            case RecordType():
                return self._record(declared, inward)
            case SumType(cases=cases):
                tests = [self._test(case.type, inward, deep) for case in cases]
                named = [self._names([case.name for case in cases])] if inward else []
                return self._any_of([*named, *tests])
            case _:
                assert_never(declared)

    def _record(self, declared: RecordType, inward: bool) -> str:
        fields = declared.fields
        if inward:
            names = [python_string(field.name) for field in fields]
            arguments = [python_string(declared.name), python_tuple(names)]
            record = self._call(declared.name, "is_record", arguments)
            if declared.shape is not RecordShape.TUPLE:
                return record
            tests = [self._test(field.type, inward, True) for field in fields]
            kinds = python_tuple([self._imports.builtin("tuple"), self._imports.builtin("list")])
            return self._any_of(
                [record, self._call(f"{declared.name}_items", "is_tuple", [python_tuple(tests), kinds])]
            )
        match declared.shape:
            case RecordShape.TUPLE:
                tests = [self._test(field.type, inward, True) for field in fields]
                return self._call(declared.name, "is_tuple", [python_tuple(tests)])
            case RecordShape.MAPPING:
                required = [python_string(field.python) for field in fields if field.required]
                known = [python_string(field.python) for field in fields]
                return self._call(declared.name, "is_dict", [python_tuple(required), python_tuple(known)])
            case RecordShape.OBJECT:
                return self._instance(declared)
            case _:
                assert_never(declared.shape)

    # --- pieces -------------------------------------------------------------------------

    def _instance(self, declared: TypeDeclaration) -> str:
        return self._call(declared.name, "is_instance", [python_string(declared.path)])

    def _names(self, names: Sequence[str]) -> str:
        return self._call("case", "is_case", [python_tuple([python_string(name) for name in names])])

    def _any_of(self, tests: list[str]) -> str:
        return self._call("one", "is_any_of", [python_tuple(tests)])

    def _call(self, name: str, helper: str, arguments: Sequence[str]) -> str:
        return self._define(name, self._helper(helper), arguments)

    def _helper(self, name: str) -> str:
        return self._imports.use(HELPERS, name)


def _literal(value: bool | int | str | bytes | EnumMember) -> str:
    assert not isinstance(value, EnumMember), "legalize-types makes the enum of its members"
    return python_literal(value)
