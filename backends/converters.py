"""The converters that a wrapper needs: one module-level variable per type and direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never, final

from ..ir.diagnostics import InternalError
from ..ir.traverse import walk_type
from ..ir.types import (
    ANY,
    NONE,
    AsyncOf,
    BridgeType,
    EnumMember,
    FunOf,
    ListOf,
    LiteralOf,
    LiteralValue,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    ScalarKind,
    SetOf,
    StreamOf,
    UnionOf,
)
from .entries import Declarations, EnumType, HandleType, RecordShape, RecordType, SumType, TypeDeclaration
from .imports import Imports
from .literals import python_literal, python_string, python_tuple
from .mochi_types import SLUG_LIMIT
from .names import Names
from .type_tests import ENTRY_PREFIX, TypeTests
from .type_tests import HELPERS as HELPERS
from .wrapper_locks import Locks
from .writer import Writer

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
_DRIVEN = frozenset({"awaited", "stream_of"})
"""Converters that drive what they convert."""


@final
class _Definitions:
    """The variables of a wrapper's converters and tests; each stands behind those it uses."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._writer = Writer()

    def call(self, stem: str, function: str, arguments: Sequence[str]) -> str:
        """Return a variable named after `stem` that holds what `function` gives for `arguments`."""
        return self._add(stem, f"{function}(", arguments, ")", False)

    def test(self, stem: str, function: str, arguments: Sequence[str]) -> str:
        """Return a variable named after `stem` that holds a test."""
        return self.call(f"_is_{stem}"[:SLUG_LIMIT], function, arguments)

    def literal(self, stem: str, items: Sequence[str], opening: str, closing: str) -> str:
        """Return a variable named after `stem` that holds `items` in brackets."""
        return self._add(stem, opening, items, closing, True)

    def text(self) -> str:
        """Return the lines of all of them, with an empty one before."""
        text = self._writer.text()
        return f"\n{text}" if text else ""

    def _add(self, stem: str, head: str, items: Sequence[str], tail: str, literal: bool) -> str:
        variable = self._names.fresh(stem)
        self._writer.bracketed(f"{variable} = {head}", items, tail, literal=literal)
        return variable


@final
class Converters:
    """Makes converters as they are asked for. `out` leads to Mochi, `into` to Python."""

    def __init__(
        self,
        declared: Declarations,
        imports: Imports,
        locks: Locks,
        *,
        int64_only: bool,
    ) -> None:
        self._locks = locks
        self._types = declared.by_path
        self._texts = declared.texts
        self._imports = imports
        self._int64_only = int64_only
        self._known: dict[tuple[BridgeType, bool], str] = {}
        # By the ids of types, which are kept beside what is known of them, so that no id is used again.
        self._changing: dict[int, tuple[BridgeType, bool]] = {}
        self._outward: dict[int, tuple[BridgeType, str]] = {}
        self._inward: dict[int, tuple[BridgeType, str]] = {}
        self._definitions = _Definitions(imports.names)
        self._tests = TypeTests(self._types, imports, self._definitions.test)
        self._tag_table: str | None = None
        self.classes = ""
        """The variable of the module with the classes of values; empty where that is this one."""
        self.uses_classes = False

    def out(self, ty: BridgeType) -> str:
        """Return the name of the converter of `ty` from Python to Mochi."""
        known = self._outward.get(id(ty))
        if known is None:
            known = self._outward[id(ty)] = ty, self._converter(ty, inward=False)
        return known[1]

    def into(self, ty: BridgeType) -> str:
        """Return the name of the converter of `ty` from Mochi to Python, which checks it too."""
        known = self._inward.get(id(ty))
        if known is None:
            known = self._inward[id(ty)] = ty, self._converter(ty, inward=True)
        return known[1]

    def changes(self, ty: BridgeType) -> bool:
        """Tell whether a value of `ty` is something else in Python than in Mochi, or has to be checked."""
        known = self._changing.get(id(ty))
        if known is None:
            known = self._changing[id(ty)] = ty, self._find_change(ty)
        return known[1]

    def text(self) -> str:
        """Return the lines that define what was asked for."""
        return self._definitions.text()

    def _find_change(self, ty: BridgeType) -> bool:
        match ty:
            case Scalar(ScalarKind.INT):
                # Where it has to fit 64 bits, what flows in is checked too.
                return self._int64_only
            case Scalar():
                return False
            case ListOf(inner) | SetOf(inner) | OptionOf(inner) | MapOf(value=inner):
                return self.changes(inner)
            case AsyncOf() | StreamOf() | FunOf(None) | OptionOf(FunOf()) | UnionOf() | LiteralOf():
                return True
            case FunOf() if self._locks.whole is not None:
                return True
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
                helper = "to_list" if inward else "list_of"
                return self._compose(helper, ty, [self._converter(element, inward=inward)], inward)
            case SetOf(element):
                return self._compose("set_of", ty, [self._converter(element, inward=inward)], inward)
            case MapOf(key, value):
                parts = [self._converter(part, inward=inward) for part in (key, value)]
                return self._compose("to_map" if inward else "map_of", ty, parts, inward)
            case OptionOf(inner):
                part = self._converter(inner, inward=inward)
                return self._define(ty, inward, self._helper("option_of"), [part])
            case AsyncOf(inner):
                helper = self._helper("to_awaitable" if inward else "awaited")
                return self._define(ty, inward, helper, [self._converter(inner, inward=inward)])
            case StreamOf(element):
                helper = "to_stream" if inward else "stream_of"
                return self._compose(helper, ty, [self._converter(element, inward=inward)], inward)
            case FunOf():
                return self._function(ty, inward)
            case UnionOf():
                return self._union(ty)
            case LiteralOf(values):
                name = python_string(self._texts.shown(ty))
                return self._define(ty, True, self._helper("to_literal"), [_tuple(values), name])
            case Ref(path):
                return self._declared_converter(self._declared(path), ty, inward)
            case _:
                raise InternalError(f"legalize-types left {ty!r}")

    def _function(self, ty: FunOf, inward: bool) -> str:
        helper, result = "function_of", ty.result
        if inward and isinstance(result, AsyncOf):
            waits = any(isinstance(ty, AsyncOf | StreamOf) for p in ty.params or () for ty in walk_type(p))
            helper, result = "waiting_function_of" if waits else "async_function_of", result.inner
        if ty.params is None:
            # Nobody knows what it is called with, so that is handed on as it is.
            parts = ["None", self._argument(result, inward), python_string("fun")]
            return self._locked(ty, inward, self._define(ty, inward, self._helper(helper), parts))
        # What goes into the function crosses the other way than what comes out of it.
        takes = [self._argument(param, not inward) for param in ty.params]
        parts = [python_tuple(takes), self._argument(result, inward)]
        return self._locked(ty, inward, self._compose(helper, ty, parts, inward))

    def _locked(self, ty: BridgeType, inward: bool, function: str) -> str:
        """Return the converter of a function that leaves the locks of the module, or takes them."""
        lock = self._locks.whole
        if lock is None:
            return function
        helper, arguments = ("released", ()) if inward else ("holding_of", lock.arguments)
        return self._define(ty, inward, self._helper(helper), [function, *arguments])

    def _argument(self, ty: BridgeType, inward: bool) -> str:
        """Return the converter of a callback's part: only what comes from Python is checked."""
        if ty is NONE or (inward and not self.changes(ty)):
            return self._helper("as_any")
        return self._converter(ty, inward=inward)

    def _declared_converter(self, declared: TypeDeclaration, ty: BridgeType, inward: bool) -> str:
        name = python_string(declared.name)
        match declared:
            case HandleType(path=path) if path.startswith("mochi.iterator."):
                return self._define(ty, inward, self._helper("iterator_of"), [name])
            case HandleType(path=path) if path.startswith(("mochi.function.", "mochi.context.")):
                return self._define(ty, inward, self._helper("having"), [_made_ability(path), name])
            case HandleType(path=path):
                arguments = [python_string(path), name]
                return self._define(ty, inward, self._helper("handle_of"), arguments)
            case EnumType():
                return self._enum(declared, ty, inward)
            case RecordType():
                return self._record_in(declared, ty) if inward else self._record_out(declared, ty)
            case SumType():
                return self._variant_in(declared, ty) if inward else self._variant_out(declared, ty)
            case _:
                assert_never(declared)

    def _entries(self, path: str, ty: BridgeType, inward: bool) -> str:
        """Return the converter of a mapping that is a list of entries in Mochi."""
        entry = self._declared(path)
        assert isinstance(entry, RecordType), "legalize-types makes a record of an entry"
        parts = [self._converter(field.type, inward=inward) for field in entry.fields]
        if inward:
            return self._compose("to_entries", ty, parts, inward)
        return self._compose("entries_of", ty, [self._class(entry.name), *parts], inward)

    def _union(self, ty: UnionOf) -> str:
        """Return the converter of a union that flows in: it checks what Mochi declares as `any`."""
        tests = self._tests.tests(ty.members, inward=True)
        pairs = zip(tests, ty.members, strict=True)
        parts = [python_tuple([test, self._member(each)]) for test, each in pairs]
        name = python_string(self._texts.shown(ty))
        return self._define(ty, True, self._helper("to_union"), [python_tuple(parts), name, *self._tags()])

    def _member(self, ty: BridgeType) -> str:
        """Return the converter of a member that flows in, when a test has found the value to be of it."""
        return self._converter(ty, inward=True) if self.changes(ty) else self._helper("as_any")

    def _variant_out(self, declared: SumType, ty: BridgeType) -> str:
        tests = self._tests.tests([case.type for case in declared.cases], inward=False)
        parts = [
            python_tuple([self._class(case.name), test, self._converter(case.type, inward=False)])
            for test, case in zip(tests, declared.cases, strict=True)
        ]
        table = self._literal(declared.name, "cases", parts, "(", ")")
        return self._define(ty, False, self._helper("variant_of"), [table, python_string(declared.name)])

    def _variant_in(self, declared: SumType, ty: BridgeType) -> str:
        tests = self._tests.tests([case.type for case in declared.cases], inward=True)
        items = [
            f"{python_string(case.name)}: {python_tuple([test, self._member(case.type)])}"
            for test, case in zip(tests, declared.cases, strict=True)
        ]
        table = self._table(declared.name, "values", items)
        arguments = [table, python_string(declared.name), *self._tags()]
        return self._define(ty, True, self._helper("to_variant"), arguments)

    def _tags(self) -> list[str]:
        """Return the argument that names the cases of all sum types, where there are any."""
        if self._tag_table is None:
            names = [case.name for ty in self._types.values() if isinstance(ty, SumType) for case in ty.cases]
            items = list(map(python_string, sorted(names)))
            self._tag_table = self._literal("union", "tags", items, "{", "}") if items else ""
        return [self._tag_table] if self._tag_table else []

    def _enum(self, declared: EnumType, ty: BridgeType, inward: bool) -> str:
        name = python_string(declared.name)
        if inward:
            items = [f"{python_string(case.name)}: {python_string(case.python)}" for case in declared.cases]
            table = self._table(declared.name, "members", items)
            arguments = [python_string(declared.path), table, name]
            return self._define(ty, True, self._helper("to_enum"), arguments)
        items = [f"{python_string(case.python)}: {self._class(case.name)}" for case in declared.cases]
        table = self._table(declared.name, "cases", items)
        return self._define(ty, False, self._helper("enum_of"), [table, name])

    def _record_out(self, declared: RecordType, ty: BridgeType) -> str:
        items = [f"{python_string(field.python)}: {self.out(field.type)}" for field in declared.fields]
        table = self._table(declared.name, "fields", items)
        arguments = [self._class(declared.name), table, python_string(declared.name)]
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
        name = python_string(self._texts.shown(ty))
        return self._define(ty, inward, self._helper(helper), [*parts, name])

    def _define(self, ty: BridgeType, inward: bool, function: str, arguments: Sequence[str]) -> str:
        direction = "to" if inward else "as"
        return self._definitions.call(f"_{direction}_{self._texts.slug(ty)}", function, arguments)

    def _table(self, name: str, role: str, items: Sequence[str]) -> str:
        return self._literal(name, role, items, "{", "}")

    def _literal(self, name: str, role: str, items: Sequence[str], opening: str, closing: str) -> str:
        return self._definitions.literal(f"_{name}_{role}", items, opening, closing)

    def _class(self, name: str) -> str:
        """Return the expression for the class of a record, or of a case of a variant."""
        self.uses_classes = True
        return f"{self.classes}.{name}" if self.classes else name

    def _helper(self, name: str) -> str:
        find = self._imports.use_driver if name in _DRIVEN else self._imports.use
        return find(HELPERS, name)

    def _declared(self, path: str) -> TypeDeclaration:
        declared = self._types.get(path)
        if declared is None:
            raise InternalError(f"nothing declares the type {path!r}")
        return declared


def _made_ability(path: str) -> str:
    """Return the special method by which the values of a handle type that passes made are known."""
    if path.startswith("mochi.function."):
        return python_string("__call__")
    return python_string("__aenter__" if path.endswith("AsyncContext") else "__enter__")


def is_unchecked(ty: BridgeType) -> bool:
    """Tell whether a value of `ty` is handed on as it is."""
    return ty is ANY


def _tuple(values: Sequence[LiteralValue | EnumMember]) -> str:
    return python_tuple([python_literal(each) for each in values if not isinstance(each, EnumMember)])
