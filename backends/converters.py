"""The converters that a wrapper needs: one module-level variable per type and direction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never, final

from attrs import frozen

from ..ir.diagnostics import InternalError
from ..ir.types import (
    ANY,
    NONE,
    BridgeType,
    FunOf,
    ListOf,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    ScalarKind,
    SetOf,
)
from .entries import EnumType, HandleType, RecordShape, RecordType, SumType, TypeDeclaration
from .imports import Imports
from .literals import python_string, python_tuple
from .mochi_types import mochi_type
from .writer import Writer

HELPERS = "_mochi_wrap"
ENTRY_PREFIX = "mochi.entry."

_SCALARS = {
    ScalarKind.BOOL: "as_bool",
    ScalarKind.INT: "as_int",
    ScalarKind.BIGINT: "as_int",
    ScalarKind.FLOAT: "as_float",
    ScalarKind.STRING: "as_string",
    ScalarKind.BYTES: "as_bytes",
    ScalarKind.NONE: "as_none",
    ScalarKind.NEVER: "as_none",
    ScalarKind.ANY: "as_any",
}
_SLUG_LIMIT = 40


@final
@frozen
class _Definition:
    """`variable = head(items)`, where `head` and `tail` hold the brackets."""

    head: str
    items: tuple[str, ...]
    tail: str
    literal: bool


@final
class Converters:
    """Makes converters as they are asked for. `out` leads to Mochi, `into` to Python."""

    def __init__(
        self,
        types: Iterable[TypeDeclaration],
        names: Mapping[str, str],
        imports: Imports,
        *,
        int64_only: bool,
    ) -> None:
        self._types = {ty.path: ty for ty in types}
        self._type_names = names
        self._imports = imports
        self._int64_only = int64_only
        self._known: dict[tuple[BridgeType, bool], str] = {}
        self._changing: dict[BridgeType, bool] = {}
        self._definitions: list[_Definition] = []

    def out(self, ty: BridgeType) -> str:
        """Return the name of the converter of `ty` from Python to Mochi."""
        return self._converter(ty, inward=False)

    def into(self, ty: BridgeType) -> str:
        """Return the name of the converter of `ty` from Mochi to Python, which checks it too."""
        return self._converter(ty, inward=True)

    def changes(self, ty: BridgeType) -> bool:
        """Tell whether a value of `ty` is something else in Python than in Mochi."""
        known = self._changing.get(ty)
        if known is None:
            known = self._changing[ty] = self._find_change(ty)
        return known

    def write(self, writer: Writer) -> None:
        """Write the definitions; each stands behind those it uses."""
        if self._definitions:
            writer.line()
        for definition in self._definitions:
            writer.bracketed(definition.head, definition.items, definition.tail, literal=definition.literal)

    def _find_change(self, ty: BridgeType) -> bool:
        match ty:
            case Scalar():
                return False
            case ListOf(inner) | SetOf(inner) | OptionOf(inner) | MapOf(value=inner):
                return self.changes(inner)
            case FunOf(params, result):
                return any(map(self.changes, (*(params or ()), result)))
            case Ref(path):
                return not isinstance(self._declared(path), HandleType)
            case _:
                raise InternalError(f"legalize-types left {ty!r}")

    def _converter(self, ty: BridgeType, *, inward: bool) -> str:
        inward = inward and self.changes(ty)
        known = self._known.get((ty, inward))
        if known is None:
            known = self._known[ty, inward] = self._make(ty, inward)
        return known

    def _make(self, ty: BridgeType, inward: bool) -> str:
        match ty:
            case Scalar(ScalarKind.INT) if self._int64_only:
                return self._helper("as_int64")
            case Scalar(kind):
                return self._helper(_SCALARS[kind])
            case ListOf(Ref(path)) if path.startswith(ENTRY_PREFIX):
                return self._entries(path, ty, inward)
            case ListOf(element):
                return self._compose("list_of", ty, [self._converter(element, inward=inward)], inward)
            case SetOf(element):
                return self._compose("set_of", ty, [self._converter(element, inward=inward)], inward)
            case MapOf(key, value):
                parts = [self._converter(part, inward=inward) for part in (key, value)]
                return self._compose("map_of", ty, parts, inward)
            case OptionOf(inner):
                part = self._converter(inner, inward=inward)
                return self._define(ty, inward, self._helper("option_of"), [part])
            case FunOf(params, result):
                # What goes into the function crosses the other way than what comes out of it.
                takes = [self._argument(param, not inward) for param in params or ()]
                parts = [python_tuple(takes), self._argument(result, inward)]
                return self._compose("function_of", ty, parts, inward)
            case Ref(path):
                return self._declared_converter(self._declared(path), ty, inward)
            case _:
                raise InternalError(f"legalize-types left {ty!r}")

    def _argument(self, ty: BridgeType, inward: bool) -> str:
        """Return the converter of a callback's part: only what comes from Python is checked."""
        if ty == NONE or (inward and not self.changes(ty)):
            return self._helper("as_any")
        return self._converter(ty, inward=inward)

    def _declared_converter(self, declared: TypeDeclaration, ty: BridgeType, inward: bool) -> str:
        name = python_string(declared.name)
        match declared:
            case HandleType(path=path):
                arguments = [python_string(path), name]
                return self._define(ty, inward, self._helper("handle_of"), arguments)
            case EnumType():
                return self._enum(declared, ty, inward)
            case RecordType():
                return self._record_in(declared, ty) if inward else self._record_out(declared, ty)
            case SumType(cases=cases):
                parts = [(case.name, self._converter(case.type, inward=inward)) for case in cases]
                if inward:
                    table = self._table(
                        declared.name, "values", [f"{python_string(n)}: {c}" for n, c in parts]
                    )
                    return self._define(ty, True, self._helper("to_variant"), [table, name])
                table = self._table(declared.name, "cases", [f"{n}: {c}" for n, c in parts])
                return self._define(ty, False, self._helper("variant_of"), [table, name])
            case _:
                assert_never(declared)

    def _entries(self, path: str, ty: BridgeType, inward: bool) -> str:
        """Return the converter of a mapping that is a list of entries in Mochi."""
        entry = self._declared(path)
        assert isinstance(entry, RecordType), "legalize-types makes a record of an entry"
        parts = [self._converter(field.type, inward=inward) for field in entry.fields]
        if inward:
            return self._compose("to_entries", ty, parts, inward)
        return self._compose("entries_of", ty, [entry.name, *parts], inward)

    def _enum(self, declared: EnumType, ty: BridgeType, inward: bool) -> str:
        name = python_string(declared.name)
        if inward:
            items = [f"{python_string(case.name)}: {python_string(case.python)}" for case in declared.cases]
            table = self._table(declared.name, "members", items)
            arguments = [python_string(declared.path), table, name]
            return self._define(ty, True, self._helper("to_enum"), arguments)
        items = [f"{python_string(case.python)}: {case.name}" for case in declared.cases]
        table = self._table(declared.name, "cases", items)
        return self._define(ty, False, self._helper("enum_of"), [table, name])

    def _record_out(self, declared: RecordType, ty: BridgeType) -> str:
        items = [f"{python_string(field.python)}: {self.out(field.type)}" for field in declared.fields]
        table = self._table(declared.name, "fields", items)
        arguments = [declared.name, table, python_string(declared.name)]
        return self._define(ty, False, self._helper("record_of"), arguments)

    def _record_in(self, declared: RecordType, ty: BridgeType) -> str:
        name = python_string(declared.name)
        if declared.shape is RecordShape.TUPLE:
            parts = [f"{python_string(field.name)}: {self.into(field.type)}" for field in declared.fields]
            table = self._table(declared.name, "parts", parts)
            return self._define(ty, True, self._helper("to_tuple"), [table, name])
        parts = [f"{python_string(field.python)}: {self.into(field.type)}" for field in declared.fields]
        table = self._table(declared.name, "parts", parts)
        if declared.shape is RecordShape.MAPPING:
            optional = [python_string(field.python) for field in declared.fields if not field.required]
            make = self._literal(declared.name, "optional", optional, "[", "]") if optional else "()"
            make = f"{self._helper('make_dict')}({make})"
        else:
            make = f"{self._helper('make_object')}({python_string(declared.path)})"
        renamed = [
            f"{python_string(field.python)}: {python_string(field.name)}"
            for field in declared.fields
            if field.python != field.name
        ]
        last = [self._table(declared.name, "renamed", renamed)] if renamed else []
        return self._define(ty, True, self._helper("to_record"), [make, table, name, *last])

    # --- definitions --------------------------------------------------------------------

    def _compose(self, helper: str, ty: BridgeType, parts: Sequence[str], inward: bool) -> str:
        name = python_string(mochi_type(ty, self._type_names))
        return self._define(ty, inward, self._helper(helper), [*parts, name])

    def _define(self, ty: BridgeType, inward: bool, function: str, arguments: Sequence[str]) -> str:
        direction = "to" if inward else "as"
        variable = self._imports.names.fresh(f"_{direction}_{self._slug(ty)}")
        self._definitions.append(_Definition(f"{variable} = {function}(", tuple(arguments), ")", False))
        return variable

    def _table(self, name: str, role: str, items: Sequence[str]) -> str:
        return self._literal(name, role, items, "{", "}")

    def _literal(self, name: str, role: str, items: Sequence[str], opening: str, closing: str) -> str:
        variable = self._imports.names.fresh(f"_{name}_{role}")
        self._definitions.append(_Definition(f"{variable} = {opening}", tuple(items), closing, True))
        return variable

    def _helper(self, name: str) -> str:
        return self._imports.use(HELPERS, name)

    def _declared(self, path: str) -> TypeDeclaration:
        declared = self._types.get(path)
        if declared is None:
            raise InternalError(f"nothing declares the type {path!r}")
        return declared

    def _slug(self, ty: BridgeType) -> str:
        """Return a name for `ty` that reads like it; `Names` keeps it apart from others."""
        match ty:
            case Scalar(kind):
                slug = kind.value
            case ListOf(element):
                slug = f"list_{self._slug(element)}"
            case SetOf(element):
                slug = f"set_{self._slug(element)}"
            case MapOf(key, value):
                slug = f"map_{self._slug(key)}_{self._slug(value)}"
            case OptionOf(inner):
                slug = f"optional_{self._slug(inner)}"
            case FunOf(params, result):
                slug = "_".join(["fun", *map(self._slug, params or ()), "to", self._slug(result)])
            case Ref(path):
                slug = self._type_names[path]
            case _:
                raise InternalError(f"legalize-types left {ty!r}")
        return slug[:_SLUG_LIMIT]


def is_unchecked(ty: BridgeType) -> bool:
    """Tell whether a value of `ty` is handed on as it is."""
    return ty == ANY
