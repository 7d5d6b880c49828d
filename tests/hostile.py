"""Distribution files that must be refused, each made here, with the code that refuses it.

`python -m pytest tests/test_gate.py` checks them; `make hostile` prints the table.
"""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import final

from attrs import frozen
from index_server import build_wheel, pack, record_line

INFO = "demo-1.0.dist-info"
WHEEL = "demo-1.0-py3-none-any.whl"
SDIST = "demo-1.0.tar.gz"
ZIPPED = "demo-1.0.zip"
METADATA = b"Metadata-Version: 2.4\nName: demo\nVersion: 1.0\n"


@final
@frozen
class Hostile:
    """A case of the corpus: what it is called, how it is made, its file name, and its code.

    `warns` marks what is reported and let through on Linux.
    """

    title: str
    make: Callable[[], bytes]
    code: str
    filename: str = WHEEL
    warns: bool = False


def _wheel(
    files: Mapping[str, bytes] | None = None, *, metadata: bytes = METADATA, record: bytes | None = None
) -> bytes:
    """Return a wheel of demo 1.0 with a module and `files`."""
    given = {"demo/__init__.py": b"x = 1\n", **(files or {})}
    return build_wheel("demo", "1.0", files=given, metadata=metadata, record=record).content


def _described(name: str, content: bytes) -> bytes:
    """Return a wheel whose `.dist-info` holds `content` as the file `name`."""
    files = {
        "demo/__init__.py": b"",
        f"{INFO}/METADATA": METADATA,
        f"{INFO}/WHEEL": b"Wheel-Version: 1.0\n",
        f"{INFO}/{name}": content,
    }
    record = b"".join(record_line(path, each) for path, each in files.items()) + f"{INFO}/RECORD,,\n".encode()
    return pack({**files, f"{INFO}/RECORD": record})


def _changed_metadata(old: bytes, new: bytes) -> bytes:
    return _wheel(metadata=METADATA.replace(old, new))


def _entry_points(line: str) -> bytes:
    return _described("entry_points.txt", f"[console_scripts]\n{line}\n".encode())


def _replace_record(old: bytes, new: bytes) -> bytes:
    """Return a wheel with `old` replaced in its RECORD; the line of the module comes first."""
    with zipfile.ZipFile(io.BytesIO(_wheel())) as archive:
        record = archive.read(f"{INFO}/RECORD")
    assert record.startswith(b"demo/__init__.py,sha256=")
    assert old in record
    return _wheel(record=record.replace(old, new, 1))


def _unlisted() -> bytes:
    with zipfile.ZipFile(io.BytesIO(_wheel())) as archive:
        record = archive.read(f"{INFO}/RECORD")
    return _wheel(record=record.partition(b"\n")[2])


def _twice() -> bytes:
    stream = io.BytesIO(_wheel())
    with zipfile.ZipFile(stream, "a") as archive:
        info = archive.infolist()[0]
        archive.writestr("demo/__init__.pz", b"evil = 1\n")
    content = stream.getvalue()
    assert info.filename == "demo/__init__.py"
    return content.replace(b"demo/__init__.pz", b"demo/__init__.py")


def _patch_first(content: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    assert old in content
    return content.replace(old, new, 1)


def _patch_checksum() -> bytes:
    crc = struct.pack("<L", zlib.crc32(b"x = 1\n"))
    content = _wheel()
    assert content.count(crc) == 2
    return content.replace(crc, b"abcd")


def _patch_end(offset: int, form: str, *values: int) -> bytes:
    content = bytearray(_wheel())
    struct.pack_into(form, content, len(content) - 22 + offset, *values)
    return bytes(content)


def _other_archive() -> bytes:
    return pack({"other.txt": b"other"})


def _with_gap() -> bytes:
    """Return a wheel with bytes between its last file and its directory."""
    content = _wheel()
    (start,) = struct.unpack_from("<L", content, len(content) - 6)
    moved = bytearray(content[:start] + b"hidden" + content[start:])
    struct.pack_into("<L", moved, len(moved) - 6, start + 6)
    return bytes(moved)


def _overlapping() -> bytes:
    """Return a wheel in which two entries share their data."""
    content = bytearray(_wheel({"demo/a.py": b"", "demo/b.py": b""}))
    first, second = content.rfind(b"demo/a.py"), content.rfind(b"demo/b.py")
    record = content.rfind(b"demo/a.py", 0, first)
    assert -1 not in (first, second, record)
    positions = [content.find(b"PK\x01\x02")]
    while (following := content.find(b"PK\x01\x02", positions[-1] + 1)) >= 0:
        positions.append(following)
    content[positions[2] + 42 : positions[2] + 46] = content[positions[1] + 42 : positions[1] + 46]
    return bytes(content)


def _with_mode(mode: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo("demo/link")
        info.external_attr = mode << 16
        archive.writestr(info, b"/etc/passwd")
        archive.writestr(f"{INFO}/METADATA", METADATA)
    return stream.getvalue()


def _encrypted() -> bytes:
    content = bytearray(_wheel())
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(sign) + offset] |= 1
    return bytes(content)


def _second_name() -> bytes:
    """Return a wheel with an Info-ZIP field that gives a file another name."""
    name, other = b"demo/__init__.py", b"evil.py"
    field = struct.pack("<HHBL", 0x7075, 5 + len(other), 1, zlib.crc32(name)) + other
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo(name.decode())
        info.extra = field
        archive.writestr(info, b"")
        archive.writestr(f"{INFO}/METADATA", METADATA)
    return stream.getvalue()


def raw_archive(entries: Iterator[tuple[str, bytes, int, int]]) -> bytes:
    """Return an archive of (name, packed data, unpacked size, CRC-32), which need not be true."""
    body, directory, count = bytearray(), bytearray(), 0
    for name, packed, size, crc in entries:
        raw = name.encode()
        common = struct.pack("<5H3L2H", 20, 0, 8, 0, 0x21, crc, len(packed), size, len(raw), 0)
        directory += (
            b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<3H2L", 0, 0, 0, 0, len(body))
        )
        directory += raw
        body += b"PK\x03\x04" + common + raw + packed
        count += 1
    shown = min(count, 0xFFFF)
    end = b""
    if count > 0xFFFF:
        at = len(body) + len(directory)
        end += struct.pack(
            "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(directory), len(body)
        )
        end += struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    end += struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, shown, shown, len(directory), len(body), 0)
    return bytes(body + directory + end)


def _deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def _many_large() -> bytes:
    zeros = bytes(16 * 1024**2)
    packed, crc = _deflate(zeros), zlib.crc32(zeros)
    return raw_archive((f"demo/{n}.bin", packed, len(zeros), crc) for n in range(130))


def _many_files() -> bytes:
    packed = _deflate(b"")
    return raw_archive((f"demo/{n}.py", packed, 0, 0) for n in range(100_001))


def _other_info() -> bytes:
    """Return a wheel named demo whose description is of another distribution."""
    return build_wheel("evil", "1.0", files={"demo/__init__.py": b""}, metadata=METADATA).content


WHEELS = (
    Hostile("a path with ..", lambda: _wheel({"../evil.py": b""}), "PY502"),
    Hostile("a path with .. inside", lambda: _wheel({"demo/../../evil.py": b""}), "PY502"),
    Hostile("an absolute path", lambda: _wheel({"/tmp/evil.py": b""}), "PY502"),
    Hostile("a path with a drive", lambda: _wheel({"C:/evil.py": b""}), "PY502"),
    Hostile("a control character in a path", lambda: _wheel({"demo/a\tb.py": b""}), "PY502"),
    Hostile("scripts with ..", lambda: _wheel({"demo-1.0.data/scripts/../../evil": b""}), "PY502"),
    Hostile("a path with backslashes", lambda: _wheel({"..\\..\\evil.py": b""}), "PY510"),
    Hostile(
        "a wrong digest in RECORD",
        lambda: _replace_record(b"__init__.py,sha256=", b"__init__.py,sha256=A"),
        "PY504",
    ),
    Hostile("a wrong size in RECORD", lambda: _replace_record(b",6\n", b",7\n"), "PY504"),
    Hostile("a file that RECORD does not list", _unlisted, "PY511"),
    Hostile("an empty RECORD", lambda: _wheel(record=b""), "PY512"),
    Hostile("no RECORD", lambda: pack({"demo/a.py": b"", f"{INFO}/METADATA": METADATA}), "PY512"),
    Hostile("a RECORD that is no text", lambda: _wheel(record=b"\xff\xfe,,\n"), "PY512"),
    Hostile(
        "an MD5 digest in RECORD",
        lambda: _replace_record(b"__init__.py,sha256=", b"__init__.py,md5="),
        "PY512",
    ),
    Hostile(
        "a file twice in RECORD",
        lambda: _replace_record(b"demo/__init__.py", b"demo/__init__.py,,\ndemo/__init__.py"),
        "PY512",
    ),
    Hostile(
        "a RECORD that lists a missing file",
        lambda: _replace_record(b"demo/__init__.py", b"demo/gone.py,sha256=AAAA,1\ndemo/__init__.py"),
        "PY513",
    ),
    Hostile("a file twice, with other content", _twice, "PY514"),
    Hostile("a file that is a folder too", lambda: _wheel({"demo/a": b"", "demo/a/b.py": b""}), "PY514"),
    Hostile(
        "two files installed to one place",
        lambda: _wheel({"demo-1.0.data/purelib/demo/__init__.py": b"evil"}),
        "PY514",
    ),
    Hostile(
        "another name in the local header",
        lambda: _patch_first(_wheel(), b"demo/__init__.py", b"demo/__evil__.py"),
        "PY515",
    ),
    Hostile(
        "another size in the local header",
        lambda: _patch_first(_wheel(), struct.pack("<LH", 6, 16), struct.pack("<LH", 7, 16)),
        "PY515",
    ),
    Hostile("a second name in an extra field", _second_name, "PY515"),
    Hostile("a wrong CRC-32", _patch_checksum, "PY516"),
    Hostile("another archive before the wheel", lambda: _other_archive() + _wheel(), "PY517"),
    Hostile("a program before the wheel", lambda: b"#!/bin/sh\nrm -rf ~\n" + _wheel(), "PY517"),
    Hostile("data between the files", _with_gap, "PY517"),
    Hostile("another archive after the wheel", lambda: _wheel() + _other_archive(), "PY518"),
    Hostile("NULs after the end", lambda: _wheel() + bytes(64), "PY519"),
    Hostile("a comment at the end", lambda: _patch_end(20, "<H", 5) + b"hello", "PY519"),
    Hostile("a wrong number of files", lambda: _patch_end(8, "<2H", 3, 3), "PY520"),
    Hostile("two different numbers of files", lambda: _patch_end(8, "<2H", 4, 3), "PY520"),
    Hostile("a symbolic link", lambda: _with_mode(stat.S_IFLNK | 0o777), "PY521"),
    Hostile("a named pipe in a wheel", lambda: _with_mode(stat.S_IFIFO | 0o644), "PY521"),
    Hostile("300 MB of zeros", lambda: _wheel({"demo/zeros.bin": bytes(300 * 1024**2)}), "PY503"),
    Hostile("more than 2 GiB in all", _many_large, "PY503"),
    Hostile("more than 100,000 files", _many_files, "PY503"),
    Hostile("two .dist-info folders", lambda: _wheel({"other-1.0.dist-info/METADATA": b""}), "PY522"),
    Hostile("no .dist-info folder", lambda: pack({"demo/__init__.py": b""}), "PY522"),
    Hostile("version 2.0 of the wheel format", lambda: _described("WHEEL", b"Wheel-Version: 2.0\n"), "PY523"),
    Hostile("no version of the wheel format", lambda: _described("WHEEL", b"Generator: me\n"), "PY523"),
    Hostile("another name in METADATA", lambda: _changed_metadata(b"demo", b"other"), "PY524"),
    Hostile("another .dist-info name", _other_info, "PY524"),
    Hostile("another version in METADATA", lambda: _changed_metadata(b"1.0", b"2.0"), "PY525"),
    Hostile("METADATA that are not UTF-8", lambda: _wheel(metadata=METADATA + b"Summary: \xff\n"), "PY526"),
    Hostile(
        "a dependency that cannot be read",
        lambda: _wheel(metadata=METADATA + b"Requires-Dist: a ~ 1\n"),
        "PY527",
    ),
    Hostile(
        "a dependency nested too deeply",
        lambda: _wheel(metadata=METADATA + b"Requires-Dist: a; " + b"(" * 20_000 + b"\n"),
        "PY527",
    ),
    Hostile("a version of 5,000 digits", lambda: _changed_metadata(b"1.0", b"1" * 5000), "PY525"),
    Hostile("a path of 1,100 characters", lambda: _wheel({"demo/" + "a/" * 550 + "b.py": b""}), "PY502"),
    Hostile(
        "METADATA of 9 MiB",
        lambda: _wheel(metadata=METADATA + b"Summary: a\n" + b" b\n" * (3 << 20)),
        "PY503",
    ),
    Hostile("METADATA without a version", lambda: _wheel(metadata=b"Name: demo\n"), "PY505"),
    Hostile("an entry point named ../../x", lambda: _entry_points("../../x = demo:main"), "PY528"),
    Hostile("an entry point that holds code", lambda: _entry_points("x = demo:main; import os"), "PY528"),
    Hostile("an entry point named python", lambda: _entry_points("python3.13 = demo:main"), "PY529"),
    Hostile("a script named python", lambda: _wheel({"demo-1.0.data/scripts/Python.exe": b""}), "PY529"),
    Hostile("a data file named bin/python", lambda: _wheel({"demo-1.0.data/data/bin/python": b""}), "PY529"),
    Hostile(
        "a data file in site-packages",
        lambda: _wheel({"demo-1.0.data/data/lib/python3.13/site-packages/evil.pth": b""}),
        "PY530",
    ),
    Hostile(
        "a data file in the standard library", lambda: _wheel({"demo-1.0.data/data/Lib/os.py": b""}), "PY530"
    ),
    Hostile("a data file pyvenv.cfg", lambda: _wheel({"demo-1.0.data/data/pyvenv.cfg": b""}), "PY530"),
    Hostile("a device of Windows", lambda: _wheel({"demo/CON.py": b""}), "PY531"),
    Hostile("a name that ends with a dot", lambda: _wheel({"demo/a.py.": b""}), "PY531"),
    Hostile("Metadata-Version 9.0", lambda: _changed_metadata(b"2.4", b"9.0"), "PY532"),
    Hostile("no Metadata-Version", lambda: _wheel(metadata=b"Name: demo\nVersion: 1.0\n"), "PY532"),
    Hostile(
        "names that differ in case", lambda: _wheel({"demo/A.py": b"", "demo/a.py": b""}), "PY533", warns=True
    ),
    Hostile("an unknown folder in .data", lambda: _wheel({"demo-1.0.data/etc/passwd": b""}), "PY534"),
    Hostile("overlapping entries", _overlapping, "PY501"),
    Hostile("an encrypted file", _encrypted, "PY501"),
    Hostile("no archive at all", lambda: b"not a zip", "PY501"),
    Hostile("a wheel that is cut off", lambda: _wheel()[:-30], "PY501"),
)


def sdist(*members: tuple[tarfile.TarInfo, bytes] | tarfile.TarInfo, metadata: bytes = METADATA) -> bytes:
    """Return a source distribution with `members` after its PKG-INFO."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member in (file_member("demo-1.0/PKG-INFO", metadata), *members):
            info, content = member if isinstance(member, tuple) else (member, b"")
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), mtime=0)


def file_member(name: str, content: bytes = b"", *, mode: int = 0o644, time: float = 1.6e9) -> tuple[
    tarfile.TarInfo, bytes
]:  # fmt: skip
    """Return a plain file of a source distribution."""
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(content), mode, time
    return info, content


def member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """Return a member without content: a link, a device, …"""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mtime = kind, target, 1_600_000_000
    return info


SDISTS = (
    Hostile("a source path with ..", lambda: sdist(file_member("demo-1.0/../evil")), "PY502", SDIST),
    Hostile("an absolute source path", lambda: sdist(file_member("/etc/evil")), "PY502", SDIST),
    Hostile(
        "a source path with backslashes", lambda: sdist(file_member("demo-1.0\\..\\evil")), "PY510", SDIST
    ),
    Hostile(
        "a source file twice",
        lambda: sdist(file_member("demo-1.0/a", b"1"), file_member("demo-1.0/a", b"2")),
        "PY514",
        SDIST,
    ),
    Hostile(
        "a symbolic link out",
        lambda: sdist(member("demo-1.0/a", tarfile.SYMTYPE, "../../etc")),
        "PY541",
        SDIST,
    ),
    Hostile(
        "an absolute symbolic link",
        lambda: sdist(member("demo-1.0/a", tarfile.SYMTYPE, "/etc")),
        "PY541",
        SDIST,
    ),
    Hostile(
        "a hard link out",
        lambda: sdist(member("demo-1.0/a", tarfile.LNKTYPE, "../etc/passwd")),
        "PY541",
        SDIST,
    ),
    Hostile("a named pipe", lambda: sdist(member("demo-1.0/a", tarfile.FIFOTYPE)), "PY542", SDIST),
    Hostile("a device", lambda: sdist(member("demo-1.0/a", tarfile.BLKTYPE)), "PY542", SDIST),
    Hostile("an unknown kind", lambda: sdist(member("demo-1.0/a", b"Z")), "PY542", SDIST),
    Hostile("a setuid file", lambda: sdist(file_member("demo-1.0/a", b"", mode=0o4755)), "PY543", SDIST),
    Hostile("a time before 1970", lambda: sdist(file_member("demo-1.0/a", time=-1e6)), "PY544", SDIST),
    Hostile("a time after 2107", lambda: sdist(file_member("demo-1.0/a", time=9e9)), "PY544", SDIST),
    Hostile("the time 0", lambda: sdist(file_member("demo-1.0/a", time=0)), "PY544", SDIST, warns=True),
    Hostile("data after the source archive", lambda: sdist() + b"more", "PY519", SDIST),
    Hostile("a second compressed source archive", lambda: sdist() + sdist(), "PY519", SDIST),
    Hostile(
        "data after the end of the tar archive",
        lambda: gzip.compress(gzip.decompress(sdist()) + b"more"),
        "PY519",
        SDIST,
    ),
    Hostile(
        "400 MB of zeros in a source archive",
        lambda: sdist(file_member("demo-1.0/z", bytes(400 * 1024**2))),
        "PY503",
        SDIST,
    ),
    Hostile(
        "a source archive that is cut off",
        lambda: sdist(file_member("demo-1.0/a", bytes(range(256)) * 9))[:-200],
        "PY540",
        SDIST,
    ),
    Hostile(
        "a source archive of another name",
        lambda: sdist(metadata=METADATA.replace(b"demo", b"evil")),
        "PY524",
        SDIST,
    ),
    Hostile(
        "a source archive of another version",
        lambda: sdist(metadata=METADATA.replace(b"1.0", b"9")),
        "PY525",
        SDIST,
    ),
    Hostile("two folders at the top", lambda: sdist(file_member("other/a")), "PY540", SDIST),
    Hostile("a source archive without PKG-INFO", lambda: gzip.compress(_plain_tar()), "PY540", SDIST),
    Hostile("a source archive that is no archive", lambda: b"nothing", "PY540", SDIST),
    Hostile(
        "a source archive of another format",
        lambda: pack({"demo-1.0/PKG-INFO": METADATA}),
        "PY540",
        "demo-1.0.tar.bz2",
    ),
    Hostile(
        "a path with .. in a zipped source archive",
        lambda: pack({"demo-1.0/PKG-INFO": METADATA, "demo-1.0/../evil": b""}),
        "PY502",
        ZIPPED,
    ),
    Hostile(
        "NULs after a zipped source archive",
        lambda: pack({"demo-1.0/PKG-INFO": METADATA}) + bytes(9),
        "PY519",
        ZIPPED,
    ),
    Hostile(
        "damaged data in a zipped source archive",
        lambda: _patch_first(pack({"demo-1.0/PKG-INFO": METADATA}), _deflate(METADATA)[:4], b"abcd"),
        "PY516",
        ZIPPED,
    ),
)


def _plain_tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info, content = file_member("demo-1.0/setup.py", b"")
        archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


CORPUS = (*WHEELS, *SDISTS)
