"""`<pkg>_symbols.json`: every declared name with its Python path, for tools."""

from __future__ import annotations

from collections.abc import Iterable
from json.encoder import encode_basestring as _json
from operator import attrgetter

from ..ir.items import Info, Package
from .declarations import declare
from .describe import deprecation
from .entries import (
    Declarations,
    Entry,
    EntryKind,
    EnumType,
    HandleType,
    RecordType,
    SumType,
    TypeDeclaration,
)
from .shim import declaration, type_declaration

SCHEMA = 1
_KINDS = {kind: _json(kind.value) for kind in EntryKind}


def emit_symbols(package: Package, alias: str, *, declarations: Declarations | None = None) -> str:
    """Return the symbol table as JSON: `types` in declaration order, `symbols` by Mochi name.

    `declarations` is `declare(package)` where the caller has it already.
    """
    declared = declarations or declare(package)
    types = [
        _row(
            ty.name,
            ty.path,
            _type_kind(ty),
            _on_one_line(type_declaration(ty, declared.texts)),
            _facts(ty.info),
        )
        for ty in declared.types
    ]
    # Declarations of one item share its facts, each object of which is written once.
    facts: dict[int, str] = {}
    symbols: list[str] = []
    for entry in sorted(declared.entries, key=attrgetter("name")):
        info = entry.info
        known = facts.get(id(info))
        if known is None:
            known = facts[id(info)] = _facts(info)
        text = declaration(entry, declared)
        symbols.append(_row(entry.name, entry.path, _KINDS[entry.kind], text, f"{known}{_further(entry)}"))
    members = [
        f'"schema": {SCHEMA}',
        f'"alias": {_json(alias)}',
        f'"distribution": {_json(package.name)}',
        f'"version": {_json(package.version)}',
        _rows("types", types),
        _rows("symbols", symbols),
    ]
    return "{\n " + ",\n ".join(members) + "\n}\n"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _rows(name: str, rows: list[str]) -> str:
    """Return a member with a row on each line."""
    if not rows:
        return f"{_json(name)}: []"
    lines = ",\n  ".join(rows)
    return f"{_json(name)}: [\n  {lines}\n ]"


def _row(mochi: str, python: str, kind: str, signature: str, further: str) -> str:
    """Return the row of a declaration: a member for each of its parts, and those in `further`.

    Its strings are quoted one by one, which takes a third of the time that an encoder needs for the whole.
    """
    return (
        f'{{"mochi": {_json(mochi)}, "python": {_json(python)}, "kind": {kind}, '
        f'"signature": {_json(signature)}, {further}}}'
    )


def _facts(info: Info) -> str:
    """Return the members that tell of `info`."""
    span = info.span
    file, line = ("null", "null") if span is None else (_json(span.file), str(span.line))
    losses = [_object("reason", loss.reason.value, loss.where, loss.detail) for loss in info.degradations]
    notes = [_object("kind", note.kind.value, note.where, note.detail) for note in info.notes]
    return f'"file": {file}, "line": {line}, "degradations": {_list(losses)}, "notes": {_list(notes)}'


def _object(name: str, value: str, where: str, detail: str) -> str:
    return f'{{"{name}": {_json(value)}, "where": {_json(where)}, "detail": {_json(detail)}}}'


def _list(objects: Iterable[str]) -> str:
    return f"[{', '.join(objects)}]"


def _further(entry: Entry) -> str:
    """Return the members that few entries have.

    They are the message of a deprecation, of the item or of an overload arm, and the function of a sidecar
    that replaces the item, by its place.
    """
    message, custom = deprecation(entry), entry.custom
    deprecated = "" if message is None else f', "deprecated": {_json(message)}'
    if custom is None:
        return deprecated
    place = f"{custom.module}.py:{custom.line}"
    return f'{deprecated}, "custom": {_json(place)}'


def _type_kind(ty: TypeDeclaration) -> str:
    match ty:
        case HandleType():
            return '"handle"'
        case RecordType():
            return '"record"'
        case EnumType():
            return '"enum"'
        case SumType():
            return '"union"'
