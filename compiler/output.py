"""The files of a compilation on disk: written where they differ, removed when they are no longer made.

An output folder holds the result of the last compilation into it. Which of its files are ours is kept
in `python_workspace/.mochic-files`: JSON with the sorted paths below the output folder, the same for
the same files. A file is listed before it is written and until it is removed, so whatever moment a
process dies at, the next run knows every file that may be left over. What is not listed is never
removed. Standard library only, as a warm compile goes through here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from .files import ABANDONED
from .host import Host

RECORD: Final = "python_workspace/.mochic-files"
_SCHEMA: Final = 1
_OWN_FOLDERS: Final = ("python_workspace/", "ir/")


class Written(NamedTuple):
    """How many files were written, and how many that are no longer made were removed."""

    written: int
    removed: int


def write_output(host: Host, out: Path, files: Mapping[str, bytes]) -> Written:
    """Make the files of folder `out` that are ours be exactly `files`, by path below it.

    Raises `DiagnosticError` where a file cannot be written or removed, or would replace somebody else's.
    """
    before = read_record(host, out)
    _keep_foreign(host, out, files, before)
    stale = sorted(before - files.keys())
    if not before.issuperset(files):
        _write_record(host, out, before | files.keys())
    # First what goes: where letter case does not count, a new name may be an old file.
    removed = sum(_remove(host, out, path) for path in stale)
    changed = [path for path, content in files.items() if host.find_bytes(out / path) != content]
    for path in changed:
        remove_abandoned(host, out / path)
        host.write_bytes_atomic(out / path, files[path])
    if stale:
        _write_record(host, out, files.keys())
    return Written(len(changed), removed)


def _keep_foreign(host: Host, out: Path, files: Mapping[str, bytes], ours: Collection[str]) -> None:
    """Refuse to replace a file beside the workspace that is neither listed nor says that we made it.

    An output folder may be that of the programs, with their sidecars.
    """
    for path, content in files.items():
        if path.startswith(_OWN_FOLDERS) or path in ours:
            continue
        found = host.find_bytes(out / path)
        if found is not None and found != content and b"mochic-py" not in found:
            # Deferred: a warm compile goes through here.
            from ..ir import codes
            from ..ir.diagnostics import DiagnosticError

            message = f"`{out / path}` is there already, and was not written by mochic-py"
            help = "name another folder with `-o`"
            raise DiagnosticError(codes.FILE_ACCESS.at(None, message, help=help))


def read_record(host: Host, out: Path) -> frozenset[str]:
    """Return the paths below `out` that the record lists; none where it is missing or damaged.

    Paths that lead outside `out` are left out, since the record may come from somebody else.
    """
    raw = host.find_bytes(out / RECORD)
    if raw is None:
        return frozenset()
    try:
        record = json.loads(raw)
    except ValueError:
        return frozenset()
    listed = record.get("files") if isinstance(record, dict) else None
    if not isinstance(listed, list):
        return frozenset()
    return frozenset(path for path in listed if isinstance(path, str) and _is_inside(path))


def remove_abandoned(host: Host, path: Path) -> None:
    """Remove what killed processes left of writing `path`: its temporary files, once they are old."""
    names = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{12}}\.tmp")
    for name in host.list(path.parent):
        if names.fullmatch(name):
            modified = host.modified(path.with_name(name))
            if modified is not None and host.now() - modified > ABANDONED:
                host.discard(path.with_name(name))


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    safe = not any(character in path for character in "\\:\0")
    return safe and bool(parts) and parts[0] != "/" and ".." not in parts and path != RECORD


def _write_record(host: Host, out: Path, paths: Collection[str]) -> None:
    remove_abandoned(host, out / RECORD)
    if not paths:
        host.remove(out / RECORD)
        host.remove_empty_folders((out / RECORD).parent, out)
        return
    record = {"schema": _SCHEMA, "files": sorted(paths)}
    host.write_bytes_atomic(out / RECORD, json.dumps(record, indent=1).encode("ascii") + b"\n")


def _remove(host: Host, out: Path, path: str) -> bool:
    """Remove a file that is no longer made, and the folders it leaves empty; whether it was there."""
    target = out / path
    remove_abandoned(host, target)
    # A folder in the way, or one reached over a link that leads elsewhere, is not what we wrote.
    found = host.is_own_file(target, out)
    if found:
        host.remove(target)
    host.remove_empty_folders(target.parent, out)
    return found
