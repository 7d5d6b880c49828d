"""Wheels, read without unpacking them, and refused when they are not what they should be.

Sources: PyPA "Binary distribution format", PEP 427, PEP 376 (RECORD), PEP 794 (import names).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import zipfile
import zlib
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import IO, Final, final

from attrs import frozen
from packaging.utils import canonicalize_name

from ...ir import codes
from ...ir.diagnostics import Code, DiagnosticError
from ..host import Host
from .metadata import Metadata, MetadataError, parse_metadata

MAX_ENTRIES: Final = 100_000
MAX_TOTAL: Final = 2 * 1024**3
MAX_RATIO: Final = 200
MAX_NAME: Final = 1024
_RATIO_FREE: Final = 16 * 1024**2

ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    IndexError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What the standard reader raises on damaged archives."""

_DIST_INFO: Final = re.compile(r"([^/]+-[^/]+\.dist-info)/")
_COMPILED: Final = re.compile(r"(?P<stem>[^./]+)(?:\.[^/]*)?\.(?:so|pyd)$")
_IDENTIFIER: Final = re.compile(r"[^\W\d]\w*")
_DIGESTS: Final = ("sha256", "sha384", "sha512")
# Control characters, and the drives of Windows.
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f]|^[A-Za-z]:")


@final
@frozen
class RecordEntry:
    """A line of RECORD: digest as `algorithm=base64`, and size; empty and None where not given."""

    digest: str = ""
    size: int | None = None

    @property
    def algorithm(self) -> str:
        """The name of the digest, or an empty string unless it is one of SHA-2."""
        name = self.digest.partition("=")[0]
        return name if name in _DIGESTS else ""

    def matches(self, digest: bytes) -> bool:
        """Whether `digest`, of `algorithm`, is the one listed."""
        value = self.digest.partition("=")[2].rstrip("=")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii") == value


def parse_record(content: bytes) -> list[tuple[str, RecordEntry]]:
    """Return the lines of a RECORD in order; raises `ValueError` for what is no table in UTF-8."""
    rows = []
    try:
        for row in csv.reader(io.StringIO(content.decode("utf-8"), newline="")):
            if row:
                path, digest, size = (*row, "", "")[:3]
                rows.append((path, RecordEntry(digest, int(size) if size else None)))
    except csv.Error as error:
        raise ValueError(str(error)) from None
    return rows


def is_signature(name: str) -> bool:
    """Whether `name` is a signature of RECORD, which RECORD need not list (PEP 427)."""
    folder, _, file = name.rpartition("/")
    return folder.endswith(".dist-info") and file in ("RECORD.jws", "RECORD.p7s")


def is_bomb(size: int, compressed: int) -> bool:
    """Whether an archive entry of these sizes unpacks to more than is sensible."""
    return size > max(_RATIO_FREE, compressed * MAX_RATIO)


def find_path_problem(name: str) -> Code | None:
    """Return why a file called `name` in an archive must not be unpacked; a final `/` is allowed."""
    if "\\" in name:
        return codes.BACKSLASH_IN_PATH
    parts = name.removesuffix("/").split("/")
    if any(part in ("", ".", "..") for part in parts) or _UNSAFE.search(name) or len(name) > MAX_NAME:
        return codes.UNSAFE_WHEEL_PATH
    return None


@final
class Wheel:
    """An open wheel. Reading a file checks it against RECORD. Not safe to share between threads."""

    def __init__(self, file: IO[bytes], shown: str) -> None:
        self._shown = shown
        self._file = file
        try:
            self._archive = zipfile.ZipFile(file)
            entries = self._archive.infolist()
        except ZIP_ERRORS as error:
            file.close()
            raise self._error(codes.INVALID_WHEEL, f"is not a ZIP archive: {error}") from None
        try:
            self._entries = self._check_entries(entries)
            self.dist_info = self._find_dist_info()
        except DiagnosticError:
            self.close()
            raise

    def __enter__(self) -> Wheel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._archive.close()
        self._file.close()

    @property
    def names(self) -> tuple[str, ...]:
        """Every file, in archive order."""
        return tuple(self._entries)

    def read(self, name: str) -> bytes:
        """Return the content of file `name`.

        Raises `DiagnosticError`: damaged data (PY501), content other than RECORD says (PY504).
        `KeyError` when there is no such file.
        """
        content = self._read_unchecked(name)
        if name != f"{self.dist_info}/RECORD":
            self._check_record(name, content)
        return content

    def size(self, name: str) -> int:
        """Return the unpacked size of file `name`."""
        return self._entries[name].file_size

    @cached_property
    def metadata(self) -> Metadata:
        """The core metadata; PY505 when they cannot be read."""
        name = f"{self.dist_info}/METADATA"
        if name not in self._entries:
            raise self._error(codes.INVALID_WHEEL_METADATA, "has no METADATA")
        try:
            return parse_metadata(self.read(name))
        except MetadataError as error:
            raise self._error(codes.INVALID_WHEEL_METADATA, f"has a broken METADATA: {error}") from None

    @cached_property
    def record(self) -> dict[str, RecordEntry]:
        """RECORD by file name; PY504 when it is missing or broken."""
        name = f"{self.dist_info}/RECORD"
        if name not in self._entries:
            raise self._error(codes.RECORD_MISMATCH, "has no RECORD")
        try:
            return dict(parse_record(self._read_unchecked(name)))
        except ValueError as error:
            raise self._error(codes.RECORD_MISMATCH, f"has a broken RECORD: {error}") from None

    @cached_property
    def compiled_files(self) -> tuple[str, ...]:
        """The extension modules and shared libraries, sorted."""
        endings = (".so", ".pyd", ".dll", ".dylib")
        return tuple(
            sorted(n for n in self._entries if n.endswith(endings) or ".so." in n.rpartition("/")[2])
        )

    @cached_property
    def import_names(self) -> tuple[str, ...]:
        """The top-level packages and modules, the principal one first.

        Principal is the one named like the distribution, else the public one with most
        files. Found from the files themselves; folders without a module in them do not
        count, namespace packages without `__init__` do.
        """
        counts: Counter[str] = Counter()
        for path in self._module_paths():
            head, slash, _ = path.partition("/")
            name = head if slash else _module_name(head)
            if name and _IDENTIFIER.fullmatch(name):
                counts[name] += 1
        try:
            own = canonicalize_name(self.metadata.name).replace("-", "_")
        except DiagnosticError:
            own = ""
        exact = [name for name in counts if name.lower() == own]
        rest = sorted(counts.keys() - exact[:1], key=lambda name: (name.startswith("_"), -counts[name], name))
        return (*exact[:1], *rest)

    def _module_paths(self) -> list[str]:
        """Return the files that Python can import, relative to the folder they are installed into."""
        found = []
        for name in self._entries:
            head, _, rest = name.partition("/")
            if head.endswith(".data"):
                scheme, _, rest = rest.partition("/")
                name = rest if scheme in ("purelib", "platlib") else ""
            elif head.endswith((".dist-info", ".libs")):
                continue
            if name.endswith((".py", ".pyi")) or _COMPILED.search(name):
                found.append(name)
        return found

    def _read_unchecked(self, name: str) -> bytes:
        info = self._entries[name]
        try:
            with self._archive.open(info) as stream:
                # One byte more than promised shows that the directory lies about the size.
                content = stream.read(info.file_size + 1)
        except ZIP_ERRORS as error:
            raise self._error(codes.INVALID_WHEEL, f"is damaged at `{name}`: {error}") from None
        if len(content) != info.file_size:
            raise self._error(
                codes.INVALID_WHEEL, f"is damaged at `{name}`: its size is not the promised one"
            )
        return content

    def _check_record(self, name: str, content: bytes) -> None:
        entry = self.record.get(name)
        if entry is None:
            if is_signature(name):
                return
            raise self._error(codes.RECORD_MISMATCH, f"holds `{name}`, which its RECORD does not list")
        if not entry.algorithm:
            raise self._error(codes.RECORD_MISMATCH, f"has no SHA-2 digest for `{name}` in its RECORD")
        if not entry.matches(hashlib.new(entry.algorithm, content).digest()):
            raise self._error(codes.RECORD_MISMATCH, f"holds a `{name}` that differs from its RECORD")

    def _check_entries(self, entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        if len(entries) > MAX_ENTRIES:
            raise self._error(codes.WHEEL_TOO_LARGE, f"holds more than {MAX_ENTRIES} files")
        files: dict[str, zipfile.ZipInfo] = {}
        total = 0
        for info in entries:
            # `filename` has been cut at a NUL and had `\` replaced on Windows; this is what the archive says.
            name = info.orig_filename
            self._check_path(name)
            total += info.file_size
            if is_bomb(info.file_size, info.compress_size):
                raise self._error(codes.WHEEL_TOO_LARGE, f"unpacks `{name}` to {info.file_size} bytes")
            if total > MAX_TOTAL:
                raise self._error(codes.WHEEL_TOO_LARGE, f"unpacks to more than {MAX_TOTAL >> 30} GiB")
            if name.endswith("/"):
                continue
            if name in files:
                raise self._error(codes.INVALID_WHEEL, f"holds `{name}` twice")
            if info.flag_bits & 0x1:
                raise self._error(codes.INVALID_WHEEL, f"holds `{name}` encrypted")
            files[name] = info
        return files

    def _check_path(self, name: str) -> None:
        code = find_path_problem(name)
        if code is not None:
            raise self._error(code, f"holds a file named {name!r}")

    def _find_dist_info(self) -> str:
        found = {match[1] for name in self._entries if (match := _DIST_INFO.match(name))}
        if len(found) != 1:
            count = "no" if not found else f"{len(found)}"
            raise self._error(codes.INVALID_WHEEL, f"has {count} `.dist-info` folders")
        return found.pop()

    def _error(self, code: Code, text: str) -> DiagnosticError:
        return DiagnosticError(
            code.at(
                None,
                f"`{self._shown}` {text}",
                help="tell the authors of the package, and use another version until it is mended",
            )
        )


def open_wheel(source: Path | bytes, host: Host | None = None, *, shown: str = "") -> Wheel:
    """Open a wheel: a file, or its content.

    `shown` is what messages call it, the file name by default. Raises `DiagnosticError`
    for an archive that is damaged (PY501), has paths that lead outside (PY502), or unpacks
    to too much (PY503).
    """
    if isinstance(source, bytes):
        return Wheel(io.BytesIO(source), shown or "the wheel")
    return Wheel((host or Host()).open_binary(source), shown or source.name)


def _module_name(filename: str) -> str:
    compiled = _COMPILED.search(filename)
    return compiled["stem"] if compiled else filename.rpartition(".")[0]
