"""Large wrappers in parts: the module itself, and files that it loads when asked for one of their names.

Reading the functions of a package that has thousands takes longer than importing the package, and a
program uses a few of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from .entries import Entry, EnumType, HandleType, RecordType, SumType, TypeDeclaration
from .imports import Imports
from .literals import python_string
from .type_tests import HELPERS
from .writer import WIDTH, Writer, wrap

LARGEST = 600
"""How many entries a wrapper has at most in a single file."""
_PART = 400

_MADE_CLASSES = {
    "mochi.iterator": f"{HELPERS}.LazyIterator",
    "mochi.function": "collections.abc.Callable",
    "mochi.context": "contextlib.AbstractContextManager",
}


def split_entries(entries: Sequence[Entry], largest: int) -> list[Sequence[Entry]]:
    """Return `entries` in parts; members of a class stay together. There is one part up to `largest`."""
    if len(entries) <= largest:
        return [entries]
    size = min(_PART, largest)
    parts: list[Sequence[Entry]] = []
    start = 0
    for index in range(1, len(entries)):
        before, entry = entries[index - 1], entries[index]
        same = entry.owner and (entry.module, entry.owner) == (before.module, before.owner)
        if index - start >= size and not same:
            parts.append(entries[start:index])
            start = index
    return [*parts, entries[start:]]


def class_names(types: Sequence[TypeDeclaration]) -> list[str]:
    """Return what `write_types` defines: the names of records, of enums and unions, and of their cases."""
    names: list[str] = []
    for ty in types:
        match ty:
            case HandleType():
                continue
            case RecordType():
                names.append(ty.name)
            case EnumType(cases=cases) | SumType(cases=cases):
                names += [ty.name, *(case.name for case in cases)]
            case _:
                assert_never(ty)
    return names


def write_finder(
    writer: Writer, handles: Sequence[HandleType], parts: Mapping[str, Sequence[str]], imports: Imports
) -> None:
    """Write the module's `__getattr__` (PEP 562): it gives handle types their classes, and loads parts."""
    if not handles and not parts:
        return
    types = imports.names.fresh("_handle_types")
    items = [f"{python_string(ty.name)}: {python_string(_class_path(ty.path))}" for ty in handles]
    writer.line()
    if not parts:
        writer.line()
    writer.bracketed(f"{types} = {{", items, "}", literal=True)
    if parts:
        _write_parts(writer, types, parts, imports)
        return
    find = imports.use(HELPERS, "find_type")
    writer.line()
    writer.line()
    with writer.block("def __getattr__(name):"):
        writer.line('"""Return the Python class of a handle type."""')
        writer.line(f"return {find}(__name__, {types}, name)")


def _write_parts(writer: Writer, types: str, parts: Mapping[str, Sequence[str]], imports: Imports) -> None:
    table = imports.names.fresh("_parts")
    with writer.block(f"{table} = {{"):
        for part, names in parts.items():
            writer.line(f'{python_string(part)}: """')
            with writer.indented():
                for line in wrap(" ".join(names), WIDTH - 8, ""):
                    writer.line(line)
            writer.line('""",')
    writer.line("}")
    writer.line()
    find = imports.use(HELPERS, "part_finder")
    writer.line(f"__getattr__ = {find}({imports.builtin('globals')}(), {types}, {table})")


def _class_path(path: str) -> str:
    """Return the path of the class that the values of a handle type have."""
    return _MADE_CLASSES.get(path.rpartition(".")[0], path)
