"""Audits of wheels: the real ones of the reference, and a wheel for each thing that can be wrong."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import resource
import struct
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pefile
import pytest
from elf_builder import Elf, Module, Needed
from index_server import build_wheel
from local_packages import mochic
from macholib.MachO import MachO
from reference_wheels import Reference, fetch, read_references

from mochic_py.compiler.audit.linux import read_policies
from mochic_py.compiler.audit.wheel_audit import as_json, audit_wheel
from mochic_py.compiler.frontends.binary.read import MalformedError, read_binary
from mochic_py.compiler.host import Host
from mochic_py.ir.audit import WheelAudit

COMPILED = (".so", ".dylib", ".pyd", ".dll")
SMALL = 800_000
REFERENCES = [each for each in read_references() if each.size < SMALL]
MODULES = [Module("_fast", ((2, 0x1234), (4, 1)))]
GLIBC = [Needed("libc.so.6", (("memcpy", "GLIBC_2.14"),))]


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    found = Host()
    yield found
    found.close()


# --- the reference ----------------------------------------------------------------------


@pytest.mark.network
@pytest.mark.parametrize("reference", REFERENCES, ids=lambda each: each.wheel)
def test_verdicts_are_those_of_the_standard_tools(reference: Reference, host: Host) -> None:
    audit = audit_wheel(fetch(reference, host), host, reference.wheel)
    assert [each.message for each in audit.problems if each.code.code != "PY577"] == []
    facts = reference.facts
    if facts.get("auditwheel"):
        assert audit.platform.qualifies == facts["auditwheel"]
    if "auditwheel" in facts and facts["auditwheel"] is None:
        assert audit.platform.qualifies in audit.platform.declared
    if "abi3" in facts:
        assert audit.abi3.ok is facts["abi3"]
    if "outside" in facts:
        assert len(audit.abi3.violations) == facts["outside"]


def _members(kind: str, host: Host) -> list[bytes]:
    found = []
    for reference in REFERENCES:
        if reference.kind == kind:
            with zipfile.ZipFile(fetch(reference, host)) as archive:
                names = [
                    name for name in archive.namelist() if name.endswith((".so", ".dylib", ".pyd", ".dll"))
                ]
                found += [archive.read(name) for name in names]
    return found


@pytest.mark.network
def test_mach_o_files_read_as_macholib_reads_them(tmp_path: Path, host: Host) -> None:
    files = _members("mac", host)
    assert len(files) > 5
    path = tmp_path / "x.so"
    for content in files:
        path.write_bytes(content)
        headers = MachO(str(path)).headers
        binary = read_binary(content)
        assert binary is not None
        assert len(headers) == len(binary.images)
        for header, image in zip(headers, binary.images, strict=True):
            loads = [name for _, command, name in header.walkRelocatables() if command != "LC_ID_DYLIB"]
            assert [each.name for each in image.libraries] == loads
            assert image.bits == 64
            assert image.minimum_os


@pytest.mark.network
def test_pe_files_read_as_pefile_reads_them(host: Host) -> None:
    files = _members("win", host)
    assert len(files) > 5
    for content in files:
        expected = pefile.PE(data=content, fast_load=True)
        expected.parse_data_directories([0, 1, 13])
        binary = read_binary(content)
        assert binary is not None
        (image,) = binary.images
        usual = [each for each in image.libraries if each.required]
        assert [each.name for each in usual] == [
            each.dll.decode() for each in expected.DIRECTORY_ENTRY_IMPORT
        ]
        wanted = [
            (entry.dll.decode(), symbol.name.decode() if symbol.name else f"#{symbol.ordinal}")
            for entry in expected.DIRECTORY_ENTRY_IMPORT
            for symbol in entry.imports
        ]
        assert [(each.library, each.name) for each in image.imports if not each.weak] == wanted
        exported = {each.name.decode() for each in expected.DIRECTORY_ENTRY_EXPORT.symbols if each.name}
        assert {each.name for each in image.inits} == {name for name in exported if name.startswith("PyInit")}


def test_policies_grow_with_the_version() -> None:
    manylinux = [policy for policy in read_policies() if not policy.is_musl]
    assert [policy.name for policy in manylinux][:3] == ["manylinux_2_5", "manylinux_2_12", "manylinux_2_17"]
    for older, newer in itertools.pairwise(manylinux):
        for machine, versions in older.versions.items():
            for prefix, allowed in versions.items():
                assert allowed <= newer.versions.get(machine, versions)[prefix], (newer.name, machine, prefix)


# --- a wheel for each thing that can be wrong --------------------------------------------


def audit(
    tmp_path: Path,
    content: bytes,
    tag: str = "cp313-cp313-manylinux_2_17_x86_64",
    path: str = "pkg/_fast.so",
    **files: bytes,
) -> WheelAudit:
    """Audit a wheel with one compiled file."""
    built = build_wheel("pkg", "1.0", tag=tag, files={"pkg/__init__.py": b"", path: content, **files})
    place = tmp_path / built.filename
    place.write_bytes(built.content)
    return audit_wheel(place, Host())


def problems(found: WheelAudit) -> list[str]:
    return [f"{each.code.code}: {each.message}" for each in found.problems]


def test_a_good_wheel_has_nothing_against_it(tmp_path: Path) -> None:
    found = audit(tmp_path, Elf(MODULES, GLIBC, ["PyModuleDef_Init", "PyUnstable_Module_SetGIL"]).build())
    assert problems(found) == []
    assert found.platform.qualifies == "manylinux_2_17_x86_64"
    assert as_json(found)["gil"] == {"verdict": "not_used", "modules": {"pkg._fast": "not_used"}}


@pytest.mark.parametrize(
    ("content", "tag", "expected"),
    [
        (
            Elf(MODULES, [Needed("libc.so.6", (("f", "GLIBC_2.34"),))]),
            "cp313-cp313-manylinux_2_17_x86_64",
            "PY570: `manylinux_2_17_x86_64` is promised; "
            "it qualifies for manylinux_2_34_x86_64 (needs GLIBC 2.34)",
        ),
        (
            Elf(MODULES, [Needed("libc.so.6", (("f", "GLIBC_2.99"),))]),
            "cp313-cp313-manylinux2014_x86_64",
            "PY570: `manylinux2014_x86_64` is promised; it qualifies for linux_x86_64 (needs GLIBC 2.99)",
        ),
        (
            Elf(MODULES, [*GLIBC, Needed("libpq.so.5")]),
            "cp313-cp313-linux_x86_64",
            "PY571: libraries are missing that neither the system nor the wheel has: libpq.so.5",
        ),
        (
            Elf(MODULES, GLIBC, machine=183),
            "cp313-cp313-manylinux_2_17_x86_64",
            "PY572: `manylinux_2_17_x86_64` is promised; the files are for aarch64",
        ),
        (
            Elf(MODULES, GLIBC),
            "py3-none-any",
            "PY570: the wheel is for any platform, and has compiled files for x86_64",
        ),
        (
            Elf(MODULES, GLIBC, ["PyDict_SetDefault", "PyList_New"]),
            "cp312-abi3-manylinux_2_17_x86_64",
            "PY573: not in the stable ABI: PyDict_SetDefault",
        ),
        (
            Elf(MODULES, GLIBC, ["PyDict_GetItemRef"]),
            "cp312-abi3-manylinux_2_17_x86_64",
            "PY574: in the stable ABI only later than the tag says: PyDict_GetItemRef (3.13)",
        ),
        (
            Elf(MODULES, GLIBC, ["PyModuleDef_Init"]),
            "cp315-abi3.abi3t-manylinux_2_17_x86_64",
            "PY573: not in the stable ABI without the GIL: PyModuleDef_Init, PyInit__fast",
        ),
        (
            Elf(MODULES, GLIBC),
            "cp313-cp313-manylinux_2_28_x86_64",
            "PY577: this wheel qualifies for manylinux_2_17_x86_64",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_a_tag_promises_in_vain_is_told(tmp_path: Path, content: Elf, tag: str, expected: str) -> None:
    assert expected in problems(audit(tmp_path, content.build(), tag))


def test_a_bundled_library_is_no_foreign_one(tmp_path: Path) -> None:
    content = Elf(MODULES, [*GLIBC, Needed("libpq.so.5")]).build()
    library = Elf([], GLIBC, soname="libpq.so.5").build()
    found = audit(tmp_path, content, **{"pkg.libs/libpq.so.5": library})
    assert found.platform.libraries == ("libc.so.6",)
    assert found.ok


def test_a_module_for_another_python_is_told(tmp_path: Path) -> None:
    path = "pkg/_fast.cpython-312-x86_64-linux-gnu.so"
    found = audit(tmp_path, Elf(MODULES, GLIBC).build(), path=path)
    assert f"PY576: `{path}` is loaded by another Python than cp313" in problems(found)


def test_names_and_content_must_agree_on_tags(tmp_path: Path) -> None:
    built = build_wheel("pkg", "1.0", tag="cp313-cp313-win_amd64")
    place = tmp_path / built.filename.replace("win_amd64", "win_arm64")
    place.write_bytes(built.content)
    shown = (
        "the file name and the file WHEEL differ in their tags: cp313-cp313-win_amd64, cp313-cp313-win_arm64"
    )
    assert f"PY576: {shown}" in problems(audit_wheel(place, Host()))


def test_a_symbol_that_is_private_to_a_library_is_told(tmp_path: Path) -> None:
    content = Elf(MODULES, [*GLIBC, Needed("libz.so.1")], ["_tr_init"]).build()
    assert audit(tmp_path, content).platform.qualifies == "linux_x86_64"


# --- hostile files ----------------------------------------------------------------------


def thin(commands: bytes, count: int) -> bytes:
    """Return a Mach-O file for arm64 with load commands."""
    return struct.pack("<8L", 0xFEEDFACF, 0x0100000C, 0, 6, count, len(commands), 0x80, 0) + commands


def small_pe() -> bytes:
    """Return a PE file with headers and one section."""
    head = b"MZ".ljust(60, b"\0") + struct.pack("<L", 64) + b"PE\0\0"
    optional = bytearray(240)
    struct.pack_into("<H", optional, 0, 0x20B)
    struct.pack_into("<2H", optional, 48, 6, 0)
    struct.pack_into("<L", optional, 108, 16)
    struct.pack_into("<2L", optional, 112 + 8, 0x1000, 40)
    file = head + struct.pack("<2H3L2H", 0x8664, 1, 0, 0, 0, 240, 0x2022) + bytes(optional)
    section = (
        b".rdata\0\0" + struct.pack("<4L", 0x200, 0x1000, 0x200, 0x400) + bytes(12) + struct.pack("<L", 0)
    )
    return (file + section).ljust(0x400, b"\0") + bytes(0x200)


SEEDS: dict[str, Callable[[], bytes]] = {
    "elf": lambda: Elf(MODULES, GLIBC, ["PyList_New"]).build(),
    "mach-o": lambda: thin(
        struct.pack("<6L", 0x32, 24, 1, 11 << 16, 0, 0)
        + struct.pack("<6L", 0xC, 40, 24, 0, 0, 0)
        + b"/usr/lib/x\0".ljust(16, b"\0")
        + struct.pack("<6L", 0x2, 24, 0, 0, 0, 0),
        3,
    ),
    "pe": small_pe,
}


@pytest.mark.parametrize("kind", SEEDS)
def test_a_cut_off_file_is_refused_or_read(tmp_path: Path, kind: str) -> None:
    whole = SEEDS[kind]()
    assert read_binary(whole) is not None
    for length in range(4, len(whole), max(1, len(whole) // 200)):
        with contextlib.suppress(MalformedError):
            read_binary(whole[:length])
    cut = audit(tmp_path, whole[: len(whole) // 2 + 40])
    assert cut.problems


@pytest.mark.slow
@pytest.mark.parametrize("kind", SEEDS)
def test_ten_thousand_broken_headers_end_in_a_verdict_or_a_refusal(kind: str) -> None:
    whole, dice = SEEDS[kind](), random.Random(7)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = 0.0
    for _ in range(10_000):
        broken = bytearray(whole)
        for _ in range(dice.randint(1, 8)):
            broken[dice.randrange(len(broken))] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
        started = time.perf_counter()
        with contextlib.suppress(MalformedError):
            read_binary(bytes(broken))
        slowest = max(slowest, time.perf_counter() - started)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert slowest < 5
    assert grown < 200 * 1024


# --- the command ------------------------------------------------------------------------


def test_the_command_prints_and_fails(tmp_path: Path) -> None:
    built = build_wheel(
        "pkg",
        "1.0",
        tag="cp312-abi3-manylinux_2_17_x86_64",
        files={"pkg/_fast.abi3.so": Elf(MODULES, GLIBC, ["PyDict_SetDefault"]).build()},
    )
    place = tmp_path / built.filename
    place.write_bytes(built.content)
    outcome = mochic("pkg", "audit", "--wheel", place)
    assert outcome.code == 1
    assert outcome.out.splitlines() == [
        built.filename,
        "  platform  manylinux_2_17_x86_64",
        "            needs GLIBC 2.14",
        "            from the system: libc.so.6",
        "  stable    no, 1 symbols are outside",
        "  GIL       not_used (1 modules)",
    ]
    assert "error[PY573]: not in the stable ABI: PyDict_SetDefault" in outcome.err
    shown = json.loads(mochic("pkg", "audit", "--wheel", place, "--format", "json").out)
    assert shown["abi"]["abi3"] == {"ok": False, "baseline": None, "violations": ["PyDict_SetDefault"]}


def test_no_such_file_is_told(tmp_path: Path) -> None:
    assert "there is no file `x-1-py3-none-any.whl`" in mochic("pkg", "audit", "x-1-py3-none-any.whl").err
