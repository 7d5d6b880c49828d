"""Metadata of sources that need no build: `PKG-INFO` of an sdist, `[project]` of pyproject.toml.

Sources: PyPA "Core metadata" 2.2 (PEP 643), "Declaring project metadata" (PEP 621).
"""

from __future__ import annotations

import io
import tarfile
import tomllib
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, Final

from packaging.requirements import InvalidRequirement
from packaging.version import InvalidVersion, Version

from ..dependency_text import parse_dependency

_MAX_SIZE: Final = 16 * 1024 * 1024
_DECIDING: Final = ("requires-dist", "requires-python", "provides-extra", "version", "name")
_ERRORS: Final = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError)


def read_sdist_files(content: bytes, filename: str) -> tuple[bytes, bytes]:
    """Return `PKG-INFO` and `pyproject.toml` of a source distribution, empty where it has none.

    Only the two files of the top folder are read and nothing is unpacked. A broken archive
    has neither.
    """
    try:
        if filename.endswith(".zip"):
            return _read_zip(content)
        return _read_tar(content)
    except _ERRORS:
        return b"", b""


def _read_tar(content: bytes) -> tuple[bytes, bytes]:
    found = {"PKG-INFO": b"", "pyproject.toml": b""}
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as archive:
        for member in archive:
            _, _, name = member.name.removeprefix("./").partition("/")
            if name in found and member.isfile() and member.size <= _MAX_SIZE:
                file = archive.extractfile(member)
                found[name] = file.read() if file is not None else b""
    return found["PKG-INFO"], found["pyproject.toml"]


def _read_zip(content: bytes) -> tuple[bytes, bytes]:
    found = {"PKG-INFO": b"", "pyproject.toml": b""}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            _, _, name = info.filename.partition("/")
            if name in found and info.file_size <= _MAX_SIZE:
                found[name] = archive.read(info)
    return found["PKG-INFO"], found["pyproject.toml"]


def is_static(pkg_info: bytes) -> bool:
    """Whether `PKG-INFO` promises to be what every wheel built from the source will say."""
    version, dynamic = "", set()
    for line in pkg_info.decode("utf-8", "replace").splitlines():
        if not line:
            break
        name, _, value = line.partition(":")
        if name.lower() == "metadata-version":
            version = value.strip()
        elif name.lower() == "dynamic":
            dynamic.add(value.strip().lower())
    major, _, minor = version.partition(".")
    known = major.isdecimal() and minor.isdecimal() and (int(major), int(minor)) >= (2, 2)
    return known and not dynamic.intersection(_DECIDING)


def project_metadata(pyproject: bytes) -> bytes | None:
    """Return core metadata for `[project]`, None when anything that decides a resolution is dynamic."""
    try:
        project = tomllib.loads(pyproject.decode("utf-8")).get("project")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    if not isinstance(project, dict) or not isinstance(project.get("version"), str):
        return None
    dynamic = project.get("dynamic", [])
    if {"version", "dependencies", "optional-dependencies", "requires-python"} & set(dynamic):
        return None
    try:
        return "".join(f"{line}\n" for line in _lines(project)).encode("utf-8")
    except (InvalidRequirement, InvalidVersion, TypeError, AttributeError, KeyError):
        return None  # the build backend says what is wrong


def _lines(project: dict[str, Any]) -> Iterator[str]:
    yield "Metadata-Version: 2.2"
    yield f"Name: {project['name']}"
    yield f"Version: {Version(project['version'])}"
    if project.get("requires-python"):
        yield f"Requires-Python: {project['requires-python']}"
    for text in project.get("dependencies", []):
        yield f"Requires-Dist: {parse_dependency(text)}"
    for extra, texts in project.get("optional-dependencies", {}).items():
        yield f"Provides-Extra: {extra}"
        for text in texts:
            requirement = parse_dependency(text)
            marker = f"({requirement.marker}) and " if requirement.marker else ""
            requirement.marker = None
            separator = " ; " if requirement.url else "; "
            yield f'Requires-Dist: {requirement}{separator}{marker}extra == "{extra}"'
