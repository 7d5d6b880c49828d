"""What `pyproject.toml` says of a package, and the metadata files that follow from it (PEP 621, 639)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

TOOL: Final = "mochi-build"
GENERATOR: Final = "mochi-build 1"
METADATA_VERSION: Final = "2.4"

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION: Final = re.compile(
    r"(?:[1-9][0-9]*!)?(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*"
    r"(?:(?:a|b|rc)(?:0|[1-9][0-9]*))?(?:\.post(?:0|[1-9][0-9]*))?(?:\.dev(?:0|[1-9][0-9]*))?"
    r"(?:\+[a-z0-9]+(?:\.[a-z0-9]+)*)?"
)
_TAG: Final = re.compile(r"[a-z0-9_.]+-[a-z0-9_.]+-[a-z0-9_.]+")
_CONTENT_TYPES: Final = {
    ".md": "text/markdown",
    ".rst": "text/x-rst",
    ".txt": "text/plain",
}


class ProjectError(ValueError):
    """What `pyproject.toml` asks for cannot be built; the message names the key."""


class Person(NamedTuple):
    """An author or maintainer; either part may be empty."""

    name: str = ""
    email: str = ""


class Project(NamedTuple):
    """A distribution as its `pyproject.toml` has it.

    `requirements` are those of each extra by its name; plain ones stand under the empty name. `readme` and
    `licenses` are files of the project folder. `packages` and `modules` stand in the folder `source`.
    """

    name: str
    version: str
    summary: str = ""
    readme: str = ""
    license: str = ""
    licenses: tuple[str, ...] = ()
    authors: tuple[Person, ...] = ()
    keywords: tuple[str, ...] = ()
    classifiers: tuple[str, ...] = ()
    urls: tuple[tuple[str, str], ...] = ()
    requires_python: str = ""
    requirements: tuple[tuple[str, tuple[str, ...]], ...] = ()
    entry_points: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    source: str = "src"
    packages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ("py3-none-any",)
    extra_files: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """Name and version as file names have them (PEP 427, PEP 625)."""
        return f"{re.sub(r'[-_.]+', '_', self.name).lower()}-{self.version}"

    @property
    def is_pure(self) -> bool:
        """Whether every wheel suits every machine."""
        return all(tag.endswith("-none-any") for tag in self.tags)


def read_project(text: str) -> Project:
    """Return what the text of a `pyproject.toml` says. Raises `ProjectError`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(f"pyproject.toml is no TOML: {error}") from None
    table = _Table(document.get("project", {}), "project")
    tool = _Table(document.get("tool", {}).get(TOOL, {}), f"tool.{TOOL}")
    extras = table.value("optional-dependencies", dict, {})
    groups = {
        "console_scripts": table.value("scripts", dict, {}),
        "gui_scripts": table.value("gui-scripts", dict, {}),
        **table.value("entry-points", dict, {}),
    }
    project = Project(
        name=table.text("name"),
        version=table.text("version"),
        summary=table.text("description"),
        readme=table.text("readme"),
        license=table.text("license"),
        licenses=table.texts("license-files"),
        authors=tuple(
            Person(each.get("name", ""), each.get("email", ""))
            for each in table.tables("authors")
        ),
        keywords=table.texts("keywords"),
        classifiers=table.texts("classifiers"),
        urls=tuple(sorted(table.value("urls", dict, {}).items())),
        requires_python=table.text("requires-python"),
        requirements=(
            ("", table.texts("dependencies")),
            *((extra, tuple(needs)) for extra, needs in sorted(extras.items())),
        ),
        entry_points=tuple(
            (group, tuple(sorted(points.items())))
            for group, points in sorted(groups.items())
            if points
        ),
        source=tool.text("source") or "src",
        packages=tool.texts("packages"),
        tags=tool.texts("wheel-tags") or ("py3-none-any",),
        extra_files=tool.texts("sdist-include"),
    )
    _check(project)
    return project


def format_metadata(project: Project, readme: str) -> str:
    """Return `METADATA` or `PKG-INFO` (core metadata 2.4); `readme` is its body."""
    lines = list(_list_fields(project))
    for key, value in lines:
        if "\n" in value or "\r" in value:
            raise ProjectError(f"{key} is more than one line")
    head = "".join(f"{key}: {value}\n" for key, value in lines)
    return f"{head}\n{readme}" if readme else head


def format_wheel(project: Project, tag: str) -> str:
    """Return the file `WHEEL` for one tag set such as `cp312.cp313-none-any`."""
    pythons, abis, platforms = (part.split(".") for part in tag.split("-"))
    tags = [f"Tag: {p}-{a}-{m}" for p in pythons for a in abis for m in platforms]
    purelib = "true" if tag.endswith("-none-any") else "false"
    head = (
        "Wheel-Version: 1.0",
        f"Generator: {GENERATOR}",
        f"Root-Is-Purelib: {purelib}",
    )
    return "".join(f"{line}\n" for line in (*head, *tags))


def format_entry_points(project: Project) -> str:
    """Return `entry_points.txt`, empty where there are none."""
    sections = (
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in points)
        for group, points in project.entry_points
    )
    return "\n".join(sections)


def _list_fields(project: Project) -> Iterator[tuple[str, str]]:
    yield "Metadata-Version", METADATA_VERSION
    yield "Name", project.name
    yield "Version", project.version
    if project.summary:
        yield "Summary", project.summary
    if project.keywords:
        yield "Keywords", ",".join(project.keywords)
    names = [each.name for each in project.authors if each.name and not each.email]
    emails = [
        f"{each.name} <{each.email}>" if each.name else each.email
        for each in project.authors
        if each.email
    ]
    if names:
        yield "Author", ", ".join(names)
    if emails:
        yield "Author-email", ", ".join(emails)
    if project.license:
        yield "License-Expression", project.license
    yield from (("License-File", each) for each in project.licenses)
    yield from (("Classifier", each) for each in project.classifiers)
    yield from (("Project-URL", f"{label}, {url}") for label, url in project.urls)
    if project.requires_python:
        yield "Requires-Python", project.requires_python
    for extra, requirements in project.requirements:
        if extra:
            yield "Provides-Extra", extra
        yield from (
            ("Requires-Dist", _with_extra(each, extra)) for each in requirements
        )
    if project.readme:
        yield "Description-Content-Type", _CONTENT_TYPES[Path(project.readme).suffix]


def _with_extra(requirement: str, extra: str) -> str:
    """Return a requirement that holds only for an extra."""
    if not extra:
        return requirement
    needed, semicolon, marker = requirement.partition(";")
    if not semicolon:
        return f"{requirement} ; extra == '{extra}'"
    return f"{needed.strip()} ; ({marker.strip()}) and extra == '{extra}'"


def _check(project: Project) -> None:
    if not _NAME.fullmatch(project.name):
        raise ProjectError(
            f"`project.name` is {project.name!r}, which is no name of a distribution"
        )
    if not _VERSION.fullmatch(project.version):
        raise ProjectError(
            f"`project.version` is {project.version!r}, which is no normalised version (PEP 440)"
        )
    if not project.packages:
        raise ProjectError(f"`tool.{TOOL}.packages` names nothing to put into a wheel")
    for tag in project.tags:
        if not _TAG.fullmatch(tag):
            raise ProjectError(
                f"`tool.{TOOL}.wheel-tags` has {tag!r}, which is no wheel tag"
            )
    if project.readme and Path(project.readme).suffix not in _CONTENT_TYPES:
        raise ProjectError(
            f"`project.readme` is {project.readme!r}; known are {', '.join(_CONTENT_TYPES)}"
        )
    for path in (
        project.source,
        project.readme,
        *project.licenses,
        *project.packages,
        *project.extra_files,
    ):
        if path and (path.startswith("/") or "\\" in path or ".." in path.split("/")):
            raise ProjectError(f"{path!r} leads out of the project")


class _Table:
    """A table of the document; every reading names the key in its error."""

    def __init__(self, values: Any, path: str) -> None:
        if not isinstance(values, dict):
            raise ProjectError(f"`{path}` is no table")
        self._values: Mapping[str, Any] = values
        self._path = path

    def value(self, key: str, kind: type, default: Any) -> Any:
        found = self._values.get(key, default)
        if not isinstance(found, kind):
            raise ProjectError(f"`{self._path}.{key}` is no {kind.__name__}")
        return found

    def text(self, key: str) -> str:
        found: str = self.value(key, str, "")
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        found = self.value(key, list, [])
        if not all(isinstance(each, str) for each in found):
            raise ProjectError(
                f"`{self._path}.{key}` holds something else than strings"
            )
        return tuple(found)

    def tables(self, key: str) -> tuple[Mapping[str, str], ...]:
        found = self.value(key, list, [])
        if not all(isinstance(each, dict) for each in found):
            raise ProjectError(f"`{self._path}.{key}` holds something else than tables")
        return tuple(found)
