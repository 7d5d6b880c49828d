"""The Python side of mochi.toml: what it says and how it is read.

The tables are `[python-dependencies]`, `[python]`, `[python.publish]` and
`[python.capabilities]`; every other top-level table belongs to another tool.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from typing import final

from attrs import field, frozen
from packaging.specifiers import SpecifierSet

from ..ir import codes
from ..ir.diagnostics import Diagnostic, Label
from ..ir.dist import GitSource, IndexRequest, PathSource, RegistryRequest, Requirement, UrlSource
from ..ir.redact import redact
from ..ir.source import SourceFile, Span
from .dependencies import Dependency, read_dependencies
from .settings import (
    Capabilities,
    PublishSettings,
    PythonSettings,
    read_capabilities,
    read_publish,
    read_settings,
)
from .toml_positions import find_positions
from .toml_table import Table


@final
@frozen
class Manifest:
    """What mochi.toml says about Python. `entries` are sorted by name."""

    entries: tuple[Dependency, ...] = ()
    python: PythonSettings = field(factory=PythonSettings)
    publish: PublishSettings | None = None
    capabilities: Capabilities = field(factory=Capabilities)

    @property
    def dependencies(self) -> tuple[Requirement, ...]:
        """The requirements of all entries, by name."""
        return tuple(entry.requirement for entry in self.entries)

    def find(self, name: str) -> Dependency | None:
        """Return the entry of the normalised `name`."""
        return next((entry for entry in self.entries if entry.requirement.name == name), None)


def read_manifest(source: SourceFile) -> tuple[Manifest, tuple[Diagnostic, ...]]:
    """Return what `source` says and what is wrong with it; what is wrong counts as not said.

    A text that is not TOML gives an empty manifest and one diagnostic at its place.
    """
    # A byte-order mark is no part of TOML 1.0; a blank keeps every offset.
    text = f" {source.text[1:]}" if source.text.startswith("\ufeff") else source.text
    try:
        values = tomllib.loads(text)
        positions = find_positions(SourceFile(source.path, text))
    except (ValueError, RecursionError) as error:
        return Manifest(), (_explain_toml(source, error),)
    diagnostics: list[Diagnostic] = []
    root = Table(values, (), positions, diagnostics)
    python = root.read_table("python")
    settings = read_settings(python) if python else PythonSettings()
    publish = python.read_table("publish") if python else None
    capabilities = python.read_table("capabilities") if python else None
    if python:
        python.close()
    urls = {index.name: index.url for index in settings.indexes}
    entries = root.read_table("python-dependencies")
    manifest = Manifest(
        read_dependencies(entries, urls) if entries else (),
        settings,
        read_publish(publish) if publish else None,
        read_capabilities(capabilities) if capabilities else Capabilities(),
    )
    return manifest, tuple(sorted(diagnostics, key=_place))


def find_conflicts(imports: Iterable[Requirement], manifest: Manifest) -> tuple[Diagnostic, ...]:
    """Return an error for each import that contradicts the manifest's entry of its distribution.

    An import that names nothing but the distribution contradicts no entry. Both places are
    shown.
    """
    diagnostics = []
    for wanted in imports:
        entry = manifest.find(wanted.name)
        reason = _find_contradiction(wanted, entry.requirement) if entry else ""
        if entry is None or not reason:
            continue
        declared = entry.requirement
        label = Label(declared.span, f"mochi.toml asks for {_show(declared)}") if declared.span else None
        diagnostics.append(
            codes.MANIFEST_CONFLICT.at(
                wanted.span,
                f"the import and mochi.toml ask for different things of `{wanted.name}`: {reason}",
                label=f"the import asks for {_show(wanted)}",
                labels=(label,) if label else (),
                help=f"change one of them, or import plain `{wanted.name}`",
            )
        )
    return tuple(diagnostics)


def _find_contradiction(wanted: Requirement, declared: Requirement) -> str:
    """Say why the two cannot both hold, or nothing."""
    match wanted.source, declared.source:
        case RegistryRequest(""), _:
            return ""
        case RegistryRequest(left) | IndexRequest(_, left), RegistryRequest(right) | IndexRequest(_, right):
            if isinstance(wanted.source, IndexRequest) and not _same_place(wanted, declared):
                return "the indexes differ"
            text = ",".join(filter(None, (left, right)))
            return "no version satisfies both" if SpecifierSet(text).is_unsatisfiable() else ""
        case GitSource(rev=left), GitSource(rev=right):
            if not _same_place(wanted, declared):
                return "the repositories differ"
            return "the revisions differ" if left and left != right else ""
        case PathSource(), PathSource():
            return "" if _same_place(wanted, declared) else "the paths differ"
        case _:
            return "the sources differ"


def _same_place(one: Requirement, other: Requirement) -> bool:
    return _place_of(one) == _place_of(other)


def _place_of(requirement: Requirement) -> str:
    match requirement.source:
        case IndexRequest(url=url) | GitSource(url=url) | UrlSource(url=url):
            return url.rstrip("/").removesuffix(".git")
        case PathSource(path=path):
            return path
        case RegistryRequest():
            return ""


def _show(requirement: Requirement) -> str:
    match requirement.source:
        case RegistryRequest(specifier):
            return f"`{specifier}`" if specifier else "any version"
        case IndexRequest(url, specifier):
            return f"`{specifier or '*'}` of the index `{redact(url)}`"
        case GitSource(url, rev):
            return f"the repository `{redact(url)}`" + (f" at `{rev}`" if rev else "")
        case PathSource(path):
            return f"the path `{path}`"
        case UrlSource(url):
            return f"`{redact(url)}`"


_TOML_PLACE = re.compile(
    r"^(?P<reason>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.DOTALL
)


def _explain_toml(source: SourceFile, error: ValueError | RecursionError) -> Diagnostic:
    if isinstance(error, RecursionError):
        return codes.INVALID_TOML.at(source.span(0, 0), "the manifest is nested too deeply")
    match = _TOML_PLACE.match(str(error))
    if match is None:  # a number of more digits than Python converts
        return codes.INVALID_TOML.at(source.span(0, 0), "the manifest is not valid TOML", notes=(str(error),))
    if match["line"]:
        line, column = int(match["line"]), int(match["column"])
        span = Span(source.path, line, column, line, column + 1)
    else:
        span = source.span(len(source.text), len(source.text))
    reason = match["reason"][:1].lower() + match["reason"][1:]
    return codes.INVALID_TOML.at(span, f"the manifest is not valid TOML: {reason}")


def _place(diagnostic: Diagnostic) -> tuple[int, int]:
    span = diagnostic.span
    return (span.line, span.column) if span else (0, 0)
