"""`<pkg>_symbols.json`: every declared name with its Python path, for tools."""

from __future__ import annotations

import json

from ..ir.items import Degradation, Info, Note, Package
from .declarations import declare
from .describe import deprecation
from .entries import Declarations, Entry, EnumType, HandleType, RecordType, SumType, TypeDeclaration
from .shim import declaration, type_declaration

SCHEMA = 1


def emit_symbols(package: Package, alias: str, *, declarations: Declarations | None = None) -> str:
    """Return the symbol table as JSON: `types` in declaration order, `symbols` by Mochi name.

    `declarations` is `declare(package)` where the caller has it already.
    """
    declared = declarations or declare(package)
    types: list[dict[str, object]] = [
        {
            "mochi": ty.name,
            "python": ty.path,
            "kind": _type_kind(ty),
            "signature": " ".join(type_declaration(ty, declared.type_names).split()),
            **_origin(ty.info),
        }
        for ty in declared.types
    ]
    symbols: list[dict[str, object]] = [
        {
            "mochi": entry.name,
            "python": entry.path,
            "kind": entry.kind.value,
            "signature": declaration(entry, declared.type_names),
            **_origin(entry.info),
            **_deprecation(entry),
            **_custom(entry),
        }
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


def _custom(entry: Entry) -> dict[str, object]:
    """Return the function of a sidecar that replaces the item, and its place."""
    custom = entry.custom
    return {} if custom is None else {"custom": f"{custom.module}.py:{custom.line}"}


def _rows(name: str, rows: list[dict[str, object]]) -> str:
    """Return a member with a row on each line: `indent` would leave the encoder in C for one in Python."""
    if not rows:
        return f"{_json(name)}: []"
    lines = ",\n  ".join(map(_json, rows))
    return f"{_json(name)}: [\n  {lines}\n ]"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


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


def _origin(info: Info) -> dict[str, object]:
    return {
        "file": None if info.span is None else info.span.file,
        "line": None if info.span is None else info.span.line,
        "degradations": [_degradation(loss) for loss in info.degradations],
        "notes": [_note(note) for note in info.notes],
    }


def _deprecation(entry: Entry) -> dict[str, str]:
    """Return the message of a deprecation, of the item or of an overload arm; nothing where there is none."""
    message = deprecation(entry)
    return {} if message is None else {"deprecated": message}


def _degradation(loss: Degradation) -> dict[str, str]:
    return {"reason": loss.reason.value, "where": loss.where, "detail": loss.detail}


def _note(note: Note) -> dict[str, str]:
    return {"kind": note.kind.value, "where": note.where, "detail": note.detail}
