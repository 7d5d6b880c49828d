"""What `mochi.toml` says of a Mochi package as a Python distribution, checked before anything is built."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final, final

from attrs import frozen
from packaging.version import InvalidVersion, Version

from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.dist import GitSource, PathSource, Requirement, UrlSource
from ..ir.source import SourceFile, Span
from .dependencies import Dependency
from .manifest import Manifest
from .settings import PublishSettings
from .toml_positions import find_positions
from .toml_table import Table

BACKEND: Final = "mochi_build"
BACKEND_FOLDER: Final = "_backend"
_LICENSES: Final = re.compile(r"(?:LICEN[CS]E|COPYING|NOTICE|AUTHORS)(?:[.-].*)?")
_READMES: Final = ("README.md", "README.rst", "README.txt")
_PERSON: Final = re.compile(r"(?P<name>[^<>]*?)\s*(?:<(?P<email>[^<>@\s]+@[^<>@\s]+)>)?")
_PRIVATE: Final = "Private ::"


@final
@frozen
class PackageProject:
    """A Mochi package as a distribution: `document` is the `pyproject.toml` of its source archive."""

    name: str
    version: str
    import_name: str
    publish: PublishSettings
    document: Mapping[str, Any]
    files: tuple[str, ...]


def read_package_project(source: SourceFile, manifest: Manifest, files: Iterable[str]) -> PackageProject:
    """Return what the manifest `source` says; `files` are the names beside it.

    Raises `DiagnosticError` (PY563) with everything that is wrong.
    """
    reader = _Reader(source, manifest, frozenset(files))
    project = reader.read()
    if reader.problems:
        raise DiagnosticError(*reader.problems)
    return project


@final
class _Reader:
    def __init__(self, source: SourceFile, manifest: Manifest, files: frozenset[str]) -> None:
        self.problems: list[Diagnostic] = []
        self._manifest = manifest
        self._files = files
        values = tomllib.loads(source.text.removeprefix("\ufeff"))
        root = Table(values, (), find_positions(source), self.problems)
        self._table = root.read_table("package") or Table({}, ("package",), root.positions, self.problems)

    def read(self) -> PackageProject:
        """Return the project; what is wrong with it is kept in `problems`."""
        publish = self._manifest.publish
        if publish is None:
            self._blame(
                None, "mochi.toml has no table `[python.publish]`", "it needs at least `distribution-name`"
            )
            publish = PublishSettings("")
        import_name = publish.import_name or publish.distribution_name.replace("-", "_")
        readme, licenses = self._find_readme(), sorted(filter(_LICENSES.fullmatch, self._files))
        version = self._read_version()
        plain, extras = self._sort_requirements()
        project = {
            "name": publish.distribution_name,
            "version": version,
            "description": self._read_line("description"),
            "readme": readme,
            "license": publish.license_expression or self._read_line("license"),
            "license-files": licenses,
            "authors": self._read_authors(),
            "keywords": list(self._table.read_strings("keywords") or ()),
            "classifiers": self._check_classifiers(publish),
            "requires-python": publish.requires_python or self._manifest.python.requires_python,
            "dependencies": plain,
            "urls": self._read_urls(),
            "scripts": {name: f"{import_name}:{function}" for name, function in publish.scripts},
            "optional-dependencies": extras,
        }
        tool = {
            "packages": [import_name],
            "wheel-tags": list(publish.wheel_tags),
            "sdist-include": [BACKEND_FOLDER],
        }
        document = {
            "build-system": {"requires": [], "build-backend": BACKEND, "backend-path": [BACKEND_FOLDER]},
            "project": {key: value for key, value in project.items() if value},
            "tool": {"mochi-build": tool},
        }
        kept = tuple(filter(None, (readme, *licenses)))
        return PackageProject(publish.distribution_name, version, import_name, publish, document, kept)

    def _read_version(self) -> str:
        text = self._table.read_string("version")
        if text is None:
            self._blame(
                self._table.span, "`[package]` has no `version`", 'write for example `version = "0.1.0"`'
            )
            return ""
        try:
            return str(Version(text))
        except InvalidVersion:
            span = self._table.value_span("version")
            self._blame(
                span, f"`{text}` is no version that Python knows", "see PEP 440; pre-releases are `1.0rc1`"
            )
            return ""

    def _read_line(self, key: str) -> str:
        text = self._table.read_string(key) or ""
        if "\n" in text or "\r" in text:
            self._blame(self._table.value_span(key), f"`{key}` is more than one line", "")
            return ""
        return text.strip()

    def _find_readme(self) -> str:
        named = self._table.read_string("readme")
        if named is None:
            return next((name for name in _READMES if name in self._files), "")
        if named not in self._files or PurePosixPath(named).suffix not in (".md", ".rst", ".txt"):
            help = f"put a file beside mochi.toml and name it like {', '.join(_READMES)}"
            self._blame(self._table.value_span("readme"), f"`{named}` cannot be the readme", help)
            return ""
        return named

    def _read_authors(self) -> list[dict[str, str]]:
        found = []
        for text in self._table.read_strings("authors") or ():
            match = _PERSON.fullmatch(text.strip())
            if match is None or "\n" in text:
                help = "write for example `Ada Lovelace <ada@example.org>`"
                self._blame(self._table.value_span("authors"), f"`{text}` is no author", help)
                continue
            found.append({key: value for key, value in match.groupdict().items() if value})
        return found

    def _check_classifiers(self, publish: PublishSettings) -> list[str]:
        license = publish.license_expression or self._table.read_string("license")
        for each in publish.trove_classifiers:
            if each.startswith("License ::") and license:
                message = f"the classifier `{each}` and the licence expression `{license}` exclude each other"
                self._blame(None, message, "remove the classifier (PEP 639)")
            elif " :: " not in each:
                self._blame(None, f"`{each}` is no classifier", "write for example `Topic :: Utilities`")
        return list(publish.trove_classifiers)

    def _read_urls(self) -> dict[str, str]:
        urls = {"Homepage": self._read_line("homepage"), "Repository": self._read_line("repository")}
        return {label: url for label, url in urls.items() if url}

    def _sort_requirements(self) -> tuple[list[str], dict[str, list[str]]]:
        """Return the plain requirements, and those of each extra: a group, or an optional entry by itself."""
        plain: list[str] = []
        extras: dict[str, list[str]] = {}
        for entry in self._manifest.entries:
            text = self._describe(entry)
            if not text:
                continue
            names = entry.groups or ((entry.requirement.name,) if entry.optional else ())
            for name in names:
                extras.setdefault(name, []).append(text)
            if not names:
                plain.append(text)
        return plain, dict(sorted(extras.items()))

    def _describe(self, entry: Dependency) -> str:
        requirement = entry.requirement
        match requirement.source:
            case PathSource():
                message = f"`{requirement.name}` is a folder here, which nobody else has"
                self._blame(entry.name_span, message, "publish it, and depend on a version of it")
                return ""
            case GitSource(url, rev):
                place = f" @ git+{url.removeprefix('git+')}{f'@{rev}' if rev else ''}"
            case UrlSource(url):
                place = f" @ {url}"
            case _:
                place = requirement.specifier
        return f"{_name(requirement)}{place}{f' ; {requirement.marker}' if requirement.marker else ''}"

    def _blame(self, span: Span | None, message: str, help: str) -> None:
        self.problems.append(codes.INVALID_PROJECT.at(span, message, help=help))


def _name(requirement: Requirement) -> str:
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    return f"{requirement.name}{extras}"
