"""Adding and removing dependencies in mochi.toml, with everything else left as it stands.

    [python-dependencies]                     [python-dependencies]
    # for the crawler                  =>     # for the crawler
    httpx = ">=0.27"                          httpx = { version = ">=0.27", extras = ["http2"] }

Text in, text out; tomlkit keeps comments, order and spelling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias, final

import tomlkit
from attrs import frozen
from packaging.utils import canonicalize_name
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable, Table

from ..ir import codes
from ..ir.diagnostics import DiagnosticError, Severity
from ..ir.source import SourceFile
from .manifest import read_manifest

TABLE: Final = "python-dependencies"
_ORDER: Final = (
    *("version", "extras", "markers", "optional", "index"),
    *("git", "branch", "rev", "tag", "path", "editable", "groups"),
)
_SOURCES: Final = frozenset({"git", "branch", "rev", "tag", "path", "editable", "index"})

Value: TypeAlias = str | bool | list[str]


@final
@frozen
class NewDependency:
    """What to write for a distribution; an empty field is left as the manifest has it.

    `version` is specifier text as the user wrote it.
    """

    name: str
    version: str = ""
    extras: tuple[str, ...] = ()
    optional: bool = False
    group: str = ""
    index: str = ""
    git: str = ""
    rev: str = ""
    path: str = ""
    editable: bool = False


def add_dependency(manifest: SourceFile, new: NewDependency) -> str:
    """Return the text of `manifest` with `new` in it; the same text where it already says so.

    An entry of the same distribution is completed: extras and groups are united, a version or
    source replaces the one there.

    Raises `DiagnosticError` where the manifest cannot be read, before or after the change.
    """
    document = _parse(manifest)
    table = document.get(TABLE)
    if table is None:
        table = document[TABLE] = tomlkit.table()
    if not isinstance(table, Table):
        raise _not_a_table(manifest)
    key = _find_key(table, new.name) or new.name
    old = _as_values(table.get(key))
    values = _complete(old, new)
    if key in table and values == old:
        return manifest.text
    table[key] = _render(values)
    return _checked(manifest, tomlkit.dumps(document))


def remove_dependency(manifest: SourceFile, name: str) -> str:
    """Return the text of `manifest` without the entry of the distribution `name`.

    Raises `DiagnosticError` where there is no such entry or the manifest cannot be read.
    """
    document = _parse(manifest)
    table = document.get(TABLE)
    key = _find_key(table, name) if isinstance(table, Table) else None
    if key is None or not isinstance(table, Table):
        message = f"`{manifest.path}` has no dependency named `{name}`"
        known = ", ".join(f"`{each}`" for each in table or ())
        raise DiagnosticError(codes.NO_SUCH_DEPENDENCY.at(None, message, help=known and f"it has {known}"))
    table.remove(key)
    return _checked(manifest, tomlkit.dumps(document))


def _parse(manifest: SourceFile) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(manifest.text)
    except TOMLKitError:
        # The reader explains the same mistake with its place.
        _, problems = read_manifest(manifest)
        raise DiagnosticError(*problems) from None


def _not_a_table(manifest: SourceFile) -> DiagnosticError:
    message = f"`{TABLE}` of `{manifest.path}` is not a table"
    return DiagnosticError(codes.WRONG_MANIFEST_TYPE.at(None, message))


def _find_key(table: Table, name: str) -> str | None:
    wanted = canonicalize_name(name)
    return next((key for key in table if canonicalize_name(key) == wanted), None)


def _as_values(entry: object) -> dict[str, Value]:
    if isinstance(entry, str):
        return {"version": str(entry)}
    unwrapped = entry.unwrap() if isinstance(entry, Table | InlineTable) else {}
    return dict(unwrapped)


def _complete(old: Mapping[str, Value], new: NewDependency) -> dict[str, Value]:
    values = dict(old)
    source: dict[str, Value] = {
        key: value
        for key, value in (
            ("git", new.git),
            ("rev", new.rev),
            ("path", new.path),
            ("editable", new.editable),
            ("index", new.index),
        )
        if value
    }
    if source:
        values = {key: value for key, value in values.items() if key not in _SOURCES}
        if "index" not in source:
            values.pop("version", None)
    if new.version and ("git" in values or "path" in values):
        values = {key: value for key, value in values.items() if key not in _SOURCES}
    values |= source
    if new.version:
        values["version"] = new.version
    if new.extras:
        values["extras"] = sorted({*_strings(values.get("extras")), *new.extras})
    if new.group:
        values["groups"] = sorted({*_strings(values.get("groups")), new.group})
    if new.optional:
        values["optional"] = True
    return values


def _strings(value: Value | None) -> list[str]:
    return value if isinstance(value, list) else []


def _render(values: Mapping[str, Value]) -> Value | InlineTable:
    if not values:
        return "*"
    if values.keys() == {"version"}:
        return values["version"]
    table = tomlkit.inline_table()
    for key in (*_ORDER, *sorted(values.keys() - set(_ORDER))):
        if key in values:
            table[key] = values[key]
    return table


def _checked(manifest: SourceFile, text: str) -> str:
    _, problems = read_manifest(SourceFile(manifest.path, text))
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise DiagnosticError(*errors)
    return text
