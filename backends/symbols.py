"""`<pkg>_symbols.json`: every declared name with its Python path, for tools."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..ir.items import Degradation, Info, Note, Package
from .declarations import declare
from .describe import deprecation
from .entries import Declarations, Entry, EnumType, HandleType, RecordType, SumType, TypeDeclaration
from .shim import declaration, type_declaration

SCHEMA = 1
_json = json.JSONEncoder(ensure_ascii=False).encode


def emit_symbols(package: Package, alias: str, *, declarations: Declarations | None = None) -> str:
    """Return the symbol table as JSON: `types` in declaration order, `symbols` by Mochi name.

    `declarations` is `declare(package)` where the caller has it already.
    """
    declared = declarations or declare(package)
    types = [
        _row(ty.name, ty.path, _type_kind(ty), _on_one_line(type_declaration(ty, declared.texts)), ty.info)
        for ty in declared.types
    ]
    symbols = [
        _row(
            entry.name,
            entry.path,
            entry.kind.value,
            declaration(entry, declared.texts),
            entry.info,
            {**_deprecation(entry), **_custom(entry)},
        )
        for entry in sorted(declared.entries, key=lambda entry: entry.name)
    ]
    head = {
        "schema": SCHEMA,
        "alias": alias,
        "distribution": package.name,
        "version": package.version,
    }
    members = [f"{_json(name)}: {_json(value)}" for name, value in head.items()]
    members += [_rows("types", types), _rows("symbols", symbols)]
    return "{\n " + ",\n ".join(members) + "\n}\n"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _custom(entry: Entry) -> dict[str, str]:
    """Return the function of a sidecar that replaces the item, and its place."""
    custom = entry.custom
    return {} if custom is None else {"custom": f"{custom.module}.py:{custom.line}"}


def _rows(name: str, rows: list[str]) -> str:
    """Return a member with a row on each line."""
    if not rows:
        return f"{_json(name)}: []"
    lines = ",\n  ".join(rows)
    return f"{_json(name)}: [\n  {lines}\n ]"


def _row(
    mochi: str, python: str, kind: str, signature: str, info: Info, further: Mapping[str, str] | None = None
) -> str:
    """Return the row of a declaration: a member for each of its parts, and those of `further`.

    Its strings are quoted one by one, which takes a third of the time that an encoder needs for the whole.
    """
    span = info.span
    file, line = ("null", "null") if span is None else (_json(span.file), str(span.line))
    losses = _json([_degradation(loss) for loss in info.degradations]) if info.degradations else "[]"
    notes = _json([_note(note) for note in info.notes]) if info.notes else "[]"
    last = "".join(f', "{name}": {_json(text)}' for name, text in further.items()) if further else ""
    return (
        f'{{"mochi": {_json(mochi)}, "python": {_json(python)}, "kind": {_json(kind)}, '
        f'"signature": {_json(signature)}, "file": {file}, "line": {line}, '
        f'"degradations": {losses}, "notes": {notes}{last}}}'
    )


def _type_kind(ty: TypeDeclaration) -> str:
    match ty:
        case HandleType():
            return "handle"
        case RecordType():
            return "record"
        case EnumType():
            return "enum"
        case SumType():
            return "union"


def _deprecation(entry: Entry) -> dict[str, str]:
    """Return the message of a deprecation, of the item or of an overload arm; nothing where there is none."""
    message = deprecation(entry)
    return {} if message is None else {"deprecated": message}


def _degradation(loss: Degradation) -> dict[str, str]:
    return {"reason": loss.reason.value, "where": loss.where, "detail": loss.detail}


def _note(note: Note) -> dict[str, str]:
    return {"kind": note.kind.value, "where": note.where, "detail": note.detail}
