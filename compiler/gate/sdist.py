"""The rules for source distributions.

Sources: PyPA "Source distribution file format" (PEP 625, PEP 721 for links).
"""

from __future__ import annotations

import posixpath
from collections import deque
from typing import IO, Final

from packaging.utils import parse_sdist_filename

from ...ir import codes
from ...ir.diagnostics import Severity
from ...ir.dist import Target
from .findings import Findings, FormatError
from .metadata import check_identity, check_metadata
from .names import check_names
from .tar import FILE, FOLDER, HARD_LINK, MAX_CONTENT, SPECIAL, SYMBOLIC_LINK, Member, TarStream
from .wheel import check_entries
from .zip_data import stream
from .zip_directory import locate_data, read_directory

# 1980-01-01 and 2108-01-01, the ends of what a ZIP archive can say.
EARLIEST: Final = 315532800
LATEST: Final = 4354819200


def check_sdist_file(
    file: IO[bytes], filename: str, name: str, version: str, target: Target, findings: Findings
) -> None:
    """Add what is wrong with the source distribution in `file` to `findings`.

    Raises `FormatError` where the archive cannot be read on.
    """
    try:
        named, named_version = parse_sdist_filename(filename)
    except ValueError:
        raise FormatError(codes.INVALID_SDIST, "does not have the name of a source distribution") from None
    check_identity(named, str(named_version), name, version, "is named for", findings)
    read = _read_tar if filename.endswith(".tar.gz") else _read_zip
    names, metadata = read(file, target, findings)
    if findings.failed:
        return
    tops = {path.partition("/")[0] for path in names}
    if len(tops) != 1:
        findings.add(codes.INVALID_SDIST, f"holds {len(tops)} folders and files at its top, not one folder")
    elif metadata is None:
        findings.add(codes.INVALID_SDIST, "has no PKG-INFO")
    else:
        check_metadata(metadata, name, version, findings)


def _read_tar(file: IO[bytes], target: Target, findings: Findings) -> tuple[list[str], bytes | None]:
    """Check the members of an archive; return their names, and PKG-INFO if it is there."""
    names: list[str] = []
    metadata: bytes | None = None
    tar = TarStream(file)
    for member in tar:
        path = member.name.removesuffix("/")
        names.append(f"{path}/" if member.kind == FOLDER else path)
        _check_member(member, path, findings)
        if member.kind == FILE and _is_metadata(path):
            metadata = tar.read()
    check_names(dict.fromkeys(names) if _only_folders_repeat(names) else names, target, findings)
    return names, metadata


def _read_zip(file: IO[bytes], target: Target, findings: Findings) -> tuple[list[str], bytes | None]:
    """Do the same for the ZIP archives that were in use before PEP 625."""
    directory = read_directory(file, file.seek(0, 2))
    if directory.origin:
        raise FormatError(codes.PREFIXED_ARCHIVE, f"has {directory.origin} bytes before the archive")
    names = [entry.name for entry in directory.entries]
    check_names(names, target, findings)
    check_entries(directory, findings)
    if findings.failed:
        return names, None
    starts = locate_data(file, directory, findings)
    metadata: bytes | None = None
    for entry in () if findings.failed else directory.entries:
        chunks = stream(file, entry, starts[entry.name])
        if _is_metadata(entry.name) and entry.size <= MAX_CONTENT:
            metadata = b"".join(chunks)
        else:
            deque(chunks, 0)  # to the end, where size and checksum are compared
    return names, metadata


def _is_metadata(path: str) -> bool:
    return path.count("/") == 1 and path.endswith("/PKG-INFO")


def _only_folders_repeat(names: list[str]) -> bool:
    files = [name for name in names if not name.endswith("/")]
    return len(files) == len(set(files))


def _check_member(member: Member, path: str, findings: Findings) -> None:
    match member.kind:
        case k if k in SPECIAL:
            findings.add(codes.SPECIAL_FILE, f"holds {path!r}, which is {SPECIAL[k]}")
        case k if k in (SYMBOLIC_LINK, HARD_LINK):
            if _leads_outside(member, path):
                text = f"holds the link {path!r} to {member.target!r}"
                findings.add(codes.LINK_LEADS_OUTSIDE, text)
        case k if k not in (FILE, FOLDER):
            findings.add(codes.SPECIAL_FILE, f"holds {path!r}, whose kind {k!r} is not known")
    if member.kind == FILE and member.mode & 0o6000:
        findings.add(codes.SETUID_FILE, f"holds {path!r} with mode {member.mode:o}")
    if not 0 <= member.time < LATEST:
        findings.add(codes.UNUSABLE_TIME, f"holds {path!r} with the time {member.time:.0f}")
    elif member.time < EARLIEST:
        findings.add(codes.UNUSABLE_TIME, f"holds {path!r}, which is older than 1980", Severity.WARNING)


def _leads_outside(member: Member, path: str) -> bool:
    """Whether a link points out of the top folder; hard links count from the root of the archive."""
    target = member.target
    if not target or target.startswith("/") or "\\" in target or ":" in target.partition("/")[0]:
        return True
    base = posixpath.dirname(path) if member.kind == SYMBOLIC_LINK else ""
    resolved = posixpath.normpath(posixpath.join(base, target))
    top = path.partition("/")[0]
    return resolved != top and not resolved.startswith(f"{top}/")
