"""The classes of a wrapper: records, and the variants of enums and unions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import assert_never

from .converters import HELPERS
from .entries import Declarations, EnumType, HandleType, RecordType, SumType
from .imports import Imports
from .literals import python_docstring, python_string, python_tuple
from .python_types import PythonTypes
from .writer import Writer


def write_types(writer: Writer, declared: Declarations, types: PythonTypes, imports: Imports) -> None:
    """Write a class for every value that crosses; a handle is an object of the package itself."""
    for ty in declared.types:
        match ty:
            case HandleType():
                continue
            case RecordType():
                fields = [(field.name, types.text(field.type)) for field in ty.fields]
                _write_record(writer, ty.name, f"`{ty.path}`.", fields, imports)
            case EnumType():
                _write_case(writer, ty.name, f"`{ty.path}`.", imports.use(HELPERS, "Case"))
                for case in ty.cases:
                    text = f"`{case.python}` of `{ty.path}`."
                    if len(ty.cases) > 1:
                        _write_case(writer, case.name, text, ty.name)
                    else:
                        # Mochi demands a field of a type's only variant.
                        _write_case(writer, case.name, text, imports.use(HELPERS, "OnlyCase"), ty.name)
            case SumType():
                for sum_case in ty.cases:
                    fields = [("value", types.text(sum_case.type))]
                    _write_record(writer, sum_case.name, f"A case of {ty.name}.", fields, imports)
                _write_union(writer, ty.name, [sum_case.name for sum_case in ty.cases])
            case _:
                assert_never(ty)


def _write_case(writer: Writer, name: str, doc: str, *bases: str) -> None:
    writer.line()
    writer.line()
    writer.bracketed(f"class {name}(", bases, "):")
    with writer.indented():
        writer.line(python_docstring(doc))
        writer.line()
        writer.line("__slots__ = ()")


def _write_record(
    writer: Writer, name: str, doc: str, fields: Sequence[tuple[str, str]], imports: Imports
) -> None:
    writer.line()
    writer.line()
    writer.bracketed(f"class {name}(", [imports.use(HELPERS, "Record")], "):")
    with writer.indented():
        writer.line(python_docstring(doc))
        writer.line()
        # The order of fields is that of their annotations; linters want slots in this one.
        slots = [python_string(field) for field in sorted((field for field, _ in fields), key=_natural)]
        if len(slots) == 1:
            writer.line(f"__slots__ = {python_tuple(slots)}")
        else:
            writer.bracketed("__slots__ = (", slots, ")", literal=True)
        for field, annotation in fields:
            writer.annotated(field, annotation)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Return what sorts numbers in names by their values."""
    return [
        (0, int(text), "") if text[0] in "0123456789" else (1, 0, text)
        for text in re.findall(r"[0-9]+|[^0-9]", name)
    ]


def _write_union(writer: Writer, name: str, cases: Sequence[str]) -> None:
    writer.line()
    writer.line()
    writer.alternatives(f"{name} = ", cases)
