"""The gate: distribution files are checked here before anything unpacks or installs them.

Installers forgive much, each something else. A file that two programs could read in two ways,
or that writes where it should not, is refused with a code of its own; what the gate lets
through means the same to all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ...ir.diagnostics import Diagnostic, DiagnosticError, Severity
from ...ir.dist import FileKind, Target
from ..cache import Cache
from ..host import Host
from ..resolve.download import CachedWheel
from .findings import Findings, FormatError
from .names import ignores_case
from .sdist import check_sdist_file
from .wheel import check_wheel_file

KIND: Final = "gate"
"""The kind of cache entry that marks a file that passed, under what it was checked for."""


def check_wheel(
    path: Path, filename: str, host: Host, expected_name: str, expected_version: str, target: Target
) -> tuple[Diagnostic, ...]:
    """Return what is wrong with the wheel at `path`, which the index calls `filename`.

    Nothing is unpacked to disk, and no file of it is held in memory whole but its metadata.
    An error means that the file must not be used. Raises `DiagnosticError` (PY430) when it
    cannot be read.
    """
    findings = Findings(filename)
    with host.open_binary(path) as file:
        try:
            check_wheel_file(file, filename, expected_name, expected_version, target, findings)
        except FormatError as error:
            findings.add(error.code, error.text)
    return findings.diagnostics()


def check_sdist(
    path: Path, filename: str, host: Host, expected_name: str, expected_version: str, target: Target
) -> tuple[Diagnostic, ...]:
    """Return what is wrong with the source distribution at `path`; see `check_wheel`."""
    findings = Findings(filename)
    with host.open_binary(path) as file:
        try:
            check_sdist_file(file, filename, expected_name, expected_version, target, findings)
        except FormatError as error:
            findings.add(error.code, error.text)
    return findings.diagnostics()


def check_files(
    wheels: Sequence[CachedWheel], target: Target, host: Host, cache: Cache | None = None
) -> tuple[Diagnostic, ...]:
    """Check every file of `wheels`. With `cache`, one that passed before is not read again."""
    return tuple(problem for each in wheels for problem in _check(each, target, host, cache))


def require_files(
    wheels: Sequence[CachedWheel], target: Target, host: Host, cache: Cache | None = None
) -> None:
    """Raise `DiagnosticError` with the errors that `check_files` finds, if it finds any."""
    errors = [each for each in check_files(wheels, target, host, cache) if each.severity is Severity.ERROR]
    if errors:
        raise DiagnosticError(*errors)


def _check(each: CachedWheel, target: Target, host: Host, cache: Cache | None) -> tuple[Diagnostic, ...]:
    pin = each.pin
    key = f"{each.hashes.sha256} {pin.file.filename} {pin.name} {pin.version} {ignores_case(target)}"
    if cache is not None and cache.get(KIND, key) is not None:
        return ()
    check = check_wheel if pin.file.kind is FileKind.WHEEL else check_sdist
    problems = check(each.path, pin.file.filename, host, pin.name, pin.version, target)
    if cache is not None and not problems:
        cache.put(KIND, key, b"")
    return problems
