"""The rules for wheels: what stands in them, once their archive is sound.

Sources: PyPA "Binary distribution format", "Recording installed projects", "Core metadata",
"Entry points"; the table of hostile wheels in the project's notes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import IO, Final, final

from attrs import frozen
from packaging.utils import (
    canonicalize_name,
    canonicalize_version,
    parse_wheel_filename,
)

from ...ir import codes
from ...ir.dist import Target
from ..frontends.wheel import MAX_TOTAL, RecordEntry, is_bomb, is_signature, parse_record
from .findings import Findings, FormatError
from .metadata import check_identity, check_metadata
from .names import check_names, check_places
from .scripts import check_entry_points, check_script_name
from .zip_data import stream
from .zip_directory import Directory, Entry, locate_data, read_directory

_DIST_INFO: Final = re.compile(r"([^/]+)\.dist-info/")
_SCHEMES: Final = frozenset({"purelib", "platlib", "headers", "scripts", "data"})
# Where environments keep code and their configuration, seen from their root.
_CODE_PLACES: Final = re.compile(
    r"(?:.*/)?(?:site-packages|dist-packages)/.*|lib(?:32|64)?/(?:python|pypy)[^/]*/.*|lib/[^/]*\.py|pyvenv\.cfg",
    re.IGNORECASE,
)
_WHEEL_VERSION: Final = re.compile(r"^Wheel-Version:[ \t]*([0-9]+)\.[0-9]+[ \t\r]*$", re.MULTILINE)
_MAX_RECORD: Final = 64 * 1024**2
_MAX_TEXT: Final = 8 * 1024**2
_FILE_TYPES: Final = (0, 0o100000, 0o040000)


@final
@frozen
class _Archive:
    """A wheel whose structure is sound: its file, its files by name, and where their data start."""

    file: IO[bytes]
    entries: dict[str, Entry]
    starts: dict[str, int]

    def read(self, name: str, limit: int = _MAX_TEXT) -> bytes:
        """Return the content of a file that has to be read whole."""
        if self.entries[name].size > limit:
            raise FormatError(codes.WHEEL_TOO_LARGE, f"unpacks `{name}` to more than {limit >> 20} MiB")
        return b"".join(stream(self.file, self.entries[name], self.starts[name]))


def check_wheel_file(
    file: IO[bytes], filename: str, name: str, version: str, target: Target, findings: Findings
) -> None:
    """Add what is wrong with the wheel in `file` to `findings`.

    Checks go from the structure to the content and stop after the first stage with an error,
    as what comes later means nothing then. Raises `FormatError` where a stage cannot go on.
    """
    try:
        named, named_version, _, _ = parse_wheel_filename(filename)
    except ValueError:
        raise FormatError(codes.INVALID_WHEEL, "does not have the name of a wheel") from None
    check_identity(named, str(named_version), name, version, "is named for", findings)
    stem = f"{canonicalize_name(named)}-{canonicalize_version(named_version)}"
    archive = _open(file, stem, target, findings)
    if findings.failed:
        return
    record = _read_record(archive, findings)
    if not findings.failed:
        _check_content(archive, record, findings)
    if findings.failed:
        return
    _check_description(archive, name, version, findings)
    _check_places(archive, target, findings)


def _open(file: IO[bytes], stem: str, target: Target, findings: Findings) -> _Archive:
    end = file.seek(0, 2)
    directory = read_directory(file, end)
    if directory.origin:
        raise _explain_prefix(file, directory.origin, stem)
    check_names((entry.name for entry in directory.entries), target, findings)
    check_entries(directory, findings)
    if findings.failed:
        return _Archive(file, {}, {})
    starts = locate_data(file, directory, findings)
    files = {entry.name: entry for entry in directory.entries if not entry.name.endswith("/")}
    folders = {match[1] for name in files if (match := _DIST_INFO.match(name))}
    if len(folders) != 1:
        findings.add(codes.DIST_INFO_COUNT, f"has {len(folders) or 'no'} `.dist-info` folders")
    return _Archive(file, files, starts)


def _explain_prefix(file: IO[bytes], origin: int, stem: str) -> FormatError:
    """Tell which of two archives in one file is the wheel: the first, or the last."""
    try:
        first = read_directory(file, origin)
    except FormatError:
        return FormatError(codes.PREFIXED_ARCHIVE, f"has {origin} bytes before the archive")
    folders = (match[1] for entry in first.entries if (match := _DIST_INFO.match(entry.name)))
    if any(_normalize(folder) == stem for folder in folders):
        return FormatError(codes.APPENDED_ARCHIVE, "is followed by a second archive")
    return FormatError(codes.PREFIXED_ARCHIVE, "comes after another archive")


def _normalize(folder: str) -> str:
    name, _, version = folder.rpartition("-")
    return f"{canonicalize_name(name)}-{canonicalize_version(version)}"


def check_entries(directory: Directory, findings: Findings) -> None:
    """Check that the entries of an archive are plain files and folders of sensible sizes."""
    total = 0
    for entry in directory.entries:
        total += entry.size
        if entry.mode & 0o170000 not in _FILE_TYPES:
            findings.add(codes.LINK_IN_WHEEL, f"holds {entry.name!r}, which is no plain file")
        if is_bomb(entry.size, entry.compressed) or (entry.name.endswith("/") and entry.size):
            findings.add(codes.WHEEL_TOO_LARGE, f"unpacks {entry.name!r} to {entry.size} bytes")
    if total > MAX_TOTAL:
        findings.add(codes.WHEEL_TOO_LARGE, f"unpacks to {total} bytes")


def _read_record(archive: _Archive, findings: Findings) -> dict[str, RecordEntry]:
    path = next((n for n in archive.entries if _DIST_INFO.match(n) and n.endswith(".dist-info/RECORD")), "")
    if not path:
        raise FormatError(codes.UNUSABLE_RECORD, "has no RECORD")
    try:
        rows = parse_record(archive.read(path, _MAX_RECORD))
    except ValueError as error:
        raise FormatError(codes.UNUSABLE_RECORD, f"has a broken RECORD: {error}") from None
    if not rows:
        raise FormatError(codes.UNUSABLE_RECORD, "has an empty RECORD")
    record = dict(rows)
    if len(record) != len(rows):
        findings.add(codes.UNUSABLE_RECORD, "has a RECORD that lists a file twice")
    for name in archive.entries:
        if name == path or is_signature(name):
            continue
        if name not in record:
            findings.add(codes.UNLISTED_FILE, f"holds {name!r}, which its RECORD does not list")
        elif not record[name].algorithm:
            findings.add(codes.UNUSABLE_RECORD, f"has no SHA-2 digest for {name!r} in its RECORD")
    for name in record.keys() - archive.entries.keys() - {path}:
        findings.add(codes.RECORD_LISTS_MISSING_FILE, f"lists {name!r} in its RECORD and does not hold it")
    return record


def _check_content(archive: _Archive, record: dict[str, RecordEntry], findings: Findings) -> None:
    """Unpack every file, past the end of none, and compare it with RECORD."""
    for name, entry in archive.entries.items():
        listed = record.get(name, RecordEntry())
        hasher = hashlib.new(listed.algorithm or "sha256")
        for chunk in stream(archive.file, entry, archive.starts[name]):
            hasher.update(chunk)
        wrong_size = listed.size is not None and listed.size != entry.size
        if (listed.algorithm and not listed.matches(hasher.digest())) or wrong_size:
            findings.add(codes.RECORD_MISMATCH, f"holds a {name!r} that differs from its RECORD")


def _check_description(archive: _Archive, name: str, version: str, findings: Findings) -> None:
    folder = next(match[1] for path in archive.entries if (match := _DIST_INFO.match(path)))
    named, _, its_version = folder.rpartition("-")
    check_identity(named, its_version, name, version, "has a `.dist-info` folder for", findings)
    texts = {
        n: _read_text(archive, f"{folder}.dist-info/{n}") for n in ("WHEEL", "METADATA", "entry_points.txt")
    }
    found = _WHEEL_VERSION.search((texts["WHEEL"] or b"").decode("utf-8", "replace"))
    if found is None or int(found[1][:9]) != 1:
        text = (
            f"follows version {found[1]} of the wheel format"
            if found
            else "gives no version of the wheel format"
        )
        findings.add(codes.UNSUPPORTED_WHEEL_VERSION, text)
    if texts["METADATA"] is None:
        findings.add(codes.INVALID_WHEEL_METADATA, "has no METADATA")
    else:
        check_metadata(texts["METADATA"], name, version, findings)
    if texts["entry_points.txt"] is not None:
        check_entry_points(texts["entry_points.txt"], findings)


def _read_text(archive: _Archive, name: str) -> bytes | None:
    return archive.read(name) if name in archive.entries else None


def _check_places(archive: _Archive, target: Target, findings: Findings) -> None:
    """Check where the files below `.data` go, and that none takes the place of another."""
    library: dict[str, str] = {}
    for name, (scheme, place) in zip(archive.entries, _installed(archive.entries), strict=True):
        match scheme:
            case "purelib" | "platlib":
                if place in library:
                    findings.add(
                        codes.DUPLICATE_ENTRY, f"installs {library[place]!r} and {name!r} to one place"
                    )
                library[place] = name
            case "scripts":
                check_script_name(place, findings)
            case "data" if _CODE_PLACES.fullmatch(place):
                findings.add(codes.DATA_IN_SITE_PACKAGES, f"puts {name!r} where Python looks for code")
            case "data" if re.match(r"(?:bin|scripts)/", place, re.IGNORECASE):
                check_script_name(place.partition("/")[2], findings)
            case "data" | "headers":
                pass
            case _:
                findings.add(codes.UNKNOWN_DATA_SCHEME, f"holds {name!r}, for which there is no place")
    if any(place != name for place, name in library.items()):
        check_places(library, target, findings)


def _installed(names: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Yield the scheme of each file, and its path below it."""
    for name in names:
        head, _, rest = name.partition("/")
        if not head.endswith(".data") or not rest:
            yield "purelib", name
            continue
        scheme, _, place = rest.partition("/")
        yield (scheme if scheme in _SCHEMES else ""), place
