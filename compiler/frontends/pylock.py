"""Read `pylock.toml`, whichever tool wrote it (PEP 751).

`packaging` judges the file; what it objects to is shown at its place.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from packaging import pylock as standard
from packaging.utils import canonicalize_name

from ...ir import codes
from ...ir.diagnostics import Diagnostic
from ...ir.pylock import Archive, Directory, Files, LockedFile, Origin, Pylock, PylockPackage, Repository
from ...ir.source import SourceFile, Span
from ..collect import check_text
from ..toml_positions import KeyPath, Positions, find_positions

# What a message of `tomllib` ends with.
_PLACE: Final = re.compile(r"^(?P<reason>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)$", re.DOTALL)
_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def read_pylock(source: SourceFile) -> tuple[Pylock | None, tuple[Diagnostic, ...]]:
    """Return the lock file in the text of `source`, or what is wrong with it.

    A file of a later minor version is read as what is known of it.
    """
    garbled = check_text(source)
    if garbled:
        return None, tuple(garbled)
    text = f" {source.text[1:]}" if source.text.startswith("\ufeff") else source.text
    try:
        values = tomllib.loads(text)
        positions = find_positions(SourceFile(source.path, text))
    except (ValueError, RecursionError) as error:
        return None, (_explain_toml(source, error),)
    try:
        parsed = standard.Pylock.from_dict(values)
    except standard.PylockUnsupportedVersionError as error:
        span = positions.value(("lock-version",))
        return None, (codes.INVALID_PYLOCK.at(span, f"this version of the format is not known: {error}"),)
    except standard.PylockValidationError as error:
        return None, (_explain(error, positions, source),)
    return _convert(parsed, positions), ()


def _convert(lock: standard.Pylock, positions: Positions) -> Pylock:
    return Pylock(
        packages=tuple(
            _convert_package(package, positions.value(("packages", index)))
            for index, package in enumerate(lock.packages)
        ),
        requires_python=str(lock.requires_python or ""),
        environments=tuple(str(marker) for marker in lock.environments or ()),
        created_by=lock.created_by,
        extras=tuple(lock.extras or ()),
        dependency_groups=tuple(lock.dependency_groups or ()),
        default_groups=tuple(lock.default_groups or ()),
    )


def _convert_package(package: standard.Package, span: Span | None) -> PylockPackage:
    names = {str(entry["name"]) for entry in package.dependencies or () if isinstance(entry.get("name"), str)}
    return PylockPackage(
        name=str(package.name),
        version=str(package.version or ""),
        origin=_convert_origin(package),
        marker=str(package.marker or ""),
        requires_python=str(package.requires_python or ""),
        dependencies=tuple(sorted(canonicalize_name(name) for name in names)),
        span=span,
    )


def _convert_origin(package: standard.Package) -> Origin:
    blake3 = _find_blake3(package.tool)
    if package.vcs is not None:
        vcs = package.vcs
        return Repository(
            vcs.type,
            vcs.commit_id,
            vcs.url or "",
            vcs.path or "",
            vcs.requested_revision or "",
            vcs.subdirectory or "",
        )
    if package.directory is not None:
        folder = package.directory
        return Directory(folder.path, bool(folder.editable), folder.subdirectory or "")
    if package.archive is not None:
        archive = package.archive
        filename = (archive.path or archive.url or "").rpartition("/")[2]
        return Archive(_convert_file(archive, filename, blake3), archive.subdirectory or "")
    wheels = [_convert_file(wheel, wheel.filename, blake3) for wheel in package.wheels or ()]
    sdist = package.sdist
    return Files(
        package.index or "",
        tuple(sorted(wheels, key=lambda wheel: wheel.filename)),
        _convert_file(sdist, sdist.filename, blake3) if sdist is not None else None,
    )


def _convert_file(
    file: standard.PackageWheel | standard.PackageSdist | standard.PackageArchive,
    filename: str,
    blake3: Mapping[str, str],
) -> LockedFile:
    when = file.upload_time
    return LockedFile(
        filename,
        file.url or "",
        file.path or "",
        file.size,
        tuple(sorted((name, digest.lower()) for name, digest in file.hashes.items())),
        blake3.get(filename, ""),
        when.isoformat().replace("+00:00", "Z") if when is not None else "",
    )


def _find_blake3(tool: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the BLAKE3 digests that this program keeps beside the standard ones, by file name."""
    own = (tool or {}).get("mochi")
    found = own.get("blake3") if isinstance(own, dict) else None
    if not isinstance(found, dict):
        return {}
    return {name: digest for name, digest in found.items() if isinstance(digest, str)}


def _explain(error: standard.PylockValidationError, positions: Positions, source: SourceFile) -> Diagnostic:
    span: Span | None = None
    path: KeyPath = tuple(name or int(number) for name, number in _STEP.findall(error.context or ""))
    while path and span is None:
        span = positions.value(path)
        path = path[:-1]
    message = error.message[:1].lower() + error.message[1:]
    if error.context:
        message += f" in `{error.context}`"
    help = "write the file again with the tool that made it"
    return codes.INVALID_PYLOCK.at(
        span or source.span(0, 0), f"this is not a lock file of PEP 751: {message}", help=help
    )


def _explain_toml(source: SourceFile, error: ValueError | RecursionError) -> Diagnostic:
    match = _PLACE.match(str(error))
    line, column = (int(match["line"]), int(match["column"])) if match else source.position(len(source.text))
    span = Span(source.path, line, column, line, column + 1)
    return codes.INVALID_PYLOCK.at(
        span, f"the file is not valid TOML: {(match['reason'] if match else str(error)).lower()}"
    )
