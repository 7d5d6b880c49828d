"""Read the entries of `[python-dependencies]` of mochi.toml.

httpx = ">=0.27"                                    a specifier
httpx = { version = "^0.27", extras = ["http2"] }   the same in a table
pkg = { git = "https://host/pkg", tag = "v1" }      a repository
pkg = { path = "../pkg", editable = true }          a folder
torch = { version = ">=2", index = "corp" }         an index by name or URL, and no other
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from attrs import field, frozen
from packaging.markers import InvalidMarker

from ..ir import codes
from ..ir.dist import GitSource, IndexRequest, PathSource, RegistryRequest, RequestSource, Requirement
from ..ir.source import Span
from .dependency_text import parse_marker
from .frontends.importspec import parse_name, parse_specifier
from .frontends.problem import Problem
from .frontends.sources import GIT_SCHEMES, INDEX_SCHEMES, check_path, check_url, normalise_path
from .toml_table import Table

_SOURCES = ("git", "path", "index")
_REVISIONS = ("rev", "tag", "branch")


@final
@frozen
class Dependency:
    """An entry: what it requires, and when. `groups` are PEP 735 names, normalised and sorted.

    An optional entry, and one in groups, is locked but only installed when asked for.
    """

    requirement: Requirement
    optional: bool = False
    groups: tuple[str, ...] = ()
    name_span: Span | None = field(default=None, eq=False, repr=False)


def read_dependencies(table: Table, indexes: Mapping[str, str]) -> tuple[Dependency, ...]:
    """Return the entries of `table` by name; `indexes` are URLs by the names the manifest gives.

    An entry with something wrong in it is reported and left out.
    """
    found: dict[str, Dependency] = {}
    for key in table.values:
        dependency = _read_entry(table, key, indexes)
        if dependency is None:
            continue
        name = dependency.requirement.name
        if name in found:
            first = found[name].requirement.written
            message = f"`{key}` is the distribution `{name}`, which `{first}` has already named"
            table.diagnostics.append(codes.DUPLICATE_DEPENDENCY.at(table.key_span(key), message))
            continue
        found[name] = dependency
    return tuple(found[name] for name in sorted(found))


def _read_entry(table: Table, key: str, indexes: Mapping[str, str]) -> Dependency | None:
    name = parse_name(key)
    if isinstance(name, Problem):
        table.diagnostics.append(name.code.at(table.key_span(key), name.message, help=name.help))
    value, span = table.values[key], table.value_span(key)
    before = len(table.diagnostics)
    match value:
        case str():
            source: RequestSource | None = _read_version(table, key)
            entry = None
        case dict():
            entry = Table(value, (*table.path, key), table.positions, table.diagnostics)
            source = _read_source(entry, indexes)
        case _:
            table.report_type(key, "a specifier or a table")
            return None
    extras = _read_names(entry, "extras") if entry else ()
    groups = _read_names(entry, "groups") if entry else ()
    marker = _read_marker(entry) if entry else ""
    optional = entry.read_flag(False, "optional") if entry else False
    if entry:
        entry.close()
    if isinstance(name, Problem) or source is None or len(table.diagnostics) > before:
        return None
    requirement = Requirement(name, source, extras, marker, written=key, span=span)
    return Dependency(requirement, optional, groups, table.key_span(key))


def _read_source(entry: Table, indexes: Mapping[str, str]) -> RequestSource | None:
    """Return where a table takes its package from, after refusing keys that exclude each other."""
    chosen = [key for key in _SOURCES if key in entry]
    for other in chosen[1:]:
        _exclude(entry, chosen[0], other)
    revisions = [key for key in _REVISIONS if key in entry]
    for other in revisions[1:]:
        _exclude(entry, revisions[0], other)
    for needed, key in [*(("git", key) for key in revisions), ("path", "editable")]:
        if key in entry and needed not in entry:
            message = f"`{key}` means nothing without `{needed}`"
            entry.diagnostics.append(codes.CONFLICTING_MANIFEST_KEYS.at(entry.key_span(key), message))
    if "version" in entry and chosen and chosen[0] != "index":
        _exclude(entry, chosen[0], "version")
    specifier = _read_version(entry, "version") if entry.find("version") else RegistryRequest()
    git, path, index = (entry.read_string(key) for key in _SOURCES)
    revision = next(filter(None, [entry.read_string(key) for key in _REVISIONS]), "")
    editable = entry.read_flag(False, "editable")
    if git is not None:
        return GitSource(git, revision) if _accept(entry, "git", check_url(git, "git", GIT_SCHEMES)) else None
    if path is not None:
        return (
            PathSource(normalise_path(path), editable) if _accept(entry, "path", check_path(path)) else None
        )
    if index is None or specifier is None:
        return specifier
    url = indexes.get(index, index)
    return IndexRequest(url, specifier.specifier) if _accept_index(entry, index, indexes) else None


def _read_version(table: Table, key: str) -> RegistryRequest | None:
    text = table.read_string(key)
    if text is None:
        return None
    specifier, diagnostics = parse_specifier(text, table.value_span(key))
    table.diagnostics.extend(diagnostics)
    return RegistryRequest(specifier) if specifier is not None else None


def _accept_index(entry: Table, index: str, indexes: Mapping[str, str]) -> bool:
    if index in indexes:
        return True
    if "://" not in index:
        known = f"the indexes are {', '.join(f'`{name}`' for name in sorted(indexes))}" if indexes else ""
        help = known or "write a URL, or name the index in `[[python.indexes]]`"
        entry.report(codes.INVALID_MANIFEST_VALUE, "index", f"no index is called `{index}`", help)
        return False
    return _accept(entry, "index", check_url(index, "index", INDEX_SCHEMES))


def _accept(entry: Table, key: str, problem: Problem | None) -> bool:
    if problem is not None:
        text = entry.values[key]
        assert isinstance(text, str)
        entry.diagnostics.append(problem.locate(text, entry.value_span(key)))
    return problem is None


def _exclude(entry: Table, first: str, second: str) -> None:
    message = f"`{first}` and `{second}` exclude each other"
    entry.diagnostics.append(codes.CONFLICTING_MANIFEST_KEYS.at(entry.key_span(second), message))


def _read_names(entry: Table, key: str) -> tuple[str, ...]:
    names: set[str] = set()
    for text in entry.read_strings(key) or ():
        name = parse_name(text, "an extra" if key == "extras" else "a group")
        if isinstance(name, Problem):
            entry.report(codes.INVALID_MANIFEST_VALUE, key, name.message, name.help)
        else:
            names.add(name)
    return tuple(sorted(names))


def _read_marker(entry: Table) -> str:
    text = entry.read_string("markers", "marker")
    if text is None:
        return ""
    try:
        return str(parse_marker(text))
    except InvalidMarker as error:
        key = "markers" if "markers" in entry else "marker"
        reason = str(error).partition("\n")[0]
        help = "write a PEP 508 marker such as `sys_platform == 'linux'`"
        entry.report(codes.INVALID_MANIFEST_VALUE, key, f"not a marker: {reason}", help)
        return ""
