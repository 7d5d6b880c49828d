"""From `mochi.lock` to `pylock.toml`: what a program needs when it runs, without stubs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from .. import __version__
from ..ir import codes
from ..ir.diagnostics import DiagnosticError
from ..ir.dist import FileKind, GitSource, IndexSource, PathSource, Pin, Target, UrlSource
from ..ir.lock import Lock, LockedPackage
from ..ir.pylock import Archive, Directory, Files, LockedFile, Origin, Pylock, PylockPackage, Repository
from .lock_merge import full_marker
from .locked import select_packages
from .resolve.locate import Locator
from .resolve.pages import FileRow
from .resolve.tags import name_for_installers

WHEELS: Final = "wheels"
"""The folder beside an exported lock file that holds the files it names by path."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z")


def find_rows(lock: Lock, open_locator: Callable[[Target], Locator]) -> dict[str, FileRow]:
    """Return what the index says of every file of an index that `lock` pins, by file name.

    Raises `DiagnosticError` where an index no longer has a file (PY451) or gives no answer.
    """
    rows: dict[str, FileRow] = {}
    for target in lock.targets:
        locator = open_locator(target)
        for package in select_packages(lock, target).values():
            pin = package.pin
            if isinstance(pin.file.source, IndexSource) and pin.file.filename not in rows:
                rows[pin.file.filename] = locator.get_row(pin)
    return rows


def export_pylock(lock: Lock, rows: Mapping[str, FileRow] | None) -> Pylock:
    """Return `lock` as a lock file of PEP 751.

    `rows` tells where the files of indexes are; None names every file by its path in the folder
    `wheels` beside the lock file. Raises `DiagnosticError` (PY454) for a package that has no place there.
    """
    runtime = lock.runtime_names
    groups: dict[tuple[str, str, str], list[LockedPackage]] = {}
    for package in lock.packages:
        if package.name in runtime:
            groups.setdefault((package.name, package.version, package.markers), []).append(package)
    return Pylock(
        packages=tuple(_export_package(group, rows) for group in groups.values()),
        requires_python=lock.requires_python,
        environments=tuple(sorted({full_marker(target) for target in lock.targets})),
        created_by=f"mochic-py {__version__}",
    )


def _export_package(group: list[LockedPackage], rows: Mapping[str, FileRow] | None) -> PylockPackage:
    first = group[0]
    return PylockPackage(
        first.name,
        first.version,
        _export_origin(group, rows),
        first.markers,
        first.pin.requires_python,
        tuple(sorted({name for package in group for name in package.pin.dependencies})),
    )


def _export_origin(group: list[LockedPackage], rows: Mapping[str, FileRow] | None) -> Origin:
    pin = group[0].pin
    match pin.file.source:
        case IndexSource():
            files = [(package.pin.file.kind, _export_file(package, rows)) for package in group]
            wheels = tuple(file for kind, file in files if kind is FileKind.WHEEL)
            sdists = [file for kind, file in files if kind is FileKind.SDIST]
            return Files("", wheels, sdists[0] if sdists else None)
        case UrlSource(url=url):
            return Archive(_export_file(group[0], rows, url=url))
        case PathSource(path=path, editable=editable) if not pin.file.filename and rows is not None:
            return Directory(path, editable)
        case PathSource(path=path):
            return Archive(_export_file(group[0], rows, path=path))
        case GitSource(url=url, rev=rev, commit=commit, subdirectory=folder):
            if not commit:
                message = f"`{pin.name}` is not pinned to a commit of its repository"
                raise DiagnosticError(codes.NOT_IN_PYLOCK.at(None, message))
            return Repository("git", commit, url, rev=rev, subdirectory=folder)


def _export_file(
    package: LockedPackage, rows: Mapping[str, FileRow] | None, url: str = "", path: str = ""
) -> LockedFile:
    file = package.pin.file
    if name_for_installers(file.filename) != file.filename:
        message = f"pip and uv install no wheel tagged `abi2026`, as `{file.filename}` is"
        help = 'lock with `abi-tag-policy = "legacy"`, or install with `mochic-py pkg install`'
        raise DiagnosticError(codes.NOT_IN_PYLOCK.at(None, message, help=help))
    when = ""
    if rows is None:
        url, path = "", f"{WHEELS}/{file.filename}"
    elif not url and not path:
        row = rows[file.filename]
        url, when = row.url, row.upload_time if _TIME.fullmatch(row.upload_time) else ""
    hashes = (("sha256", file.hashes.sha256),)
    return LockedFile(file.filename, url, path, file.size, hashes, file.hashes.blake3, when)


def pinned_files(lock: Lock, target: Target) -> list[Pin]:
    """Return every pin of `target` that a program needs when it runs and that is one file."""
    runtime = lock.runtime_names
    pins = (package.pin for package in select_packages(lock, target).values() if package.name in runtime)
    return [pin for pin in pins if not isinstance(pin.file.source, GitSource)]
