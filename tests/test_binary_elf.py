"""ELF files: made by hand, of the development environment beside pyelftools, and hostile ones."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import attrs
import pytest
from elf_builder import Elf, Module, Needed
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection, GNUVerSymSection
from elftools.elf.sections import SymbolTableSection
from hypothesis import given, settings
from hypothesis import strategies as st

from mochic_py.compiler.frontends.binary.read import MalformedError, read_binary, read_elf, read_verdicts
from mochic_py.ir.binary import GilVerdict, Image, InitFunction

EXEC = (2, 0x1234)
NOT_USED, USED, BY_DEFAULT = GilVerdict.NOT_USED, GilVerdict.USED, GilVerdict.USED_BY_DEFAULT
LAYOUTS = {
    "x86_64": {},
    "aarch64": {"machine": 183},
    "i686": {"machine": 3, "bits": 32},
    "s390x": {"machine": 22, "order": ">"},
    "ppc64le": {"machine": 21},
}


@pytest.mark.parametrize("relocation", ["rela", "rel", "relr"])
@pytest.mark.parametrize("machine", LAYOUTS)
def test_modules_of_every_layout(machine: str, relocation: str) -> None:
    modules = [
        Module("pkg.free", (EXEC, (4, 1))),
        Module("pkg.sub.locked", (EXEC, (4, 0))),
        Module("silent", (EXEC,)),
        Module("newer", (EXEC, (87, 1))),
    ]
    content = Elf(modules, relocation=relocation, **LAYOUTS[machine]).build()
    image = read_elf(content)
    assert (image.machine, image.bits) == (machine, 32 if machine == "i686" else 64)
    assert {each.module: each.gil for each in image.inits} == {
        "free": NOT_USED,
        "locked": USED,
        "newer": NOT_USED,
        "silent": BY_DEFAULT,
    }


@pytest.mark.parametrize("hashing", ["gnu", "sysv"])
def test_facts_of_a_file(hashing: str) -> None:
    needed = [
        Needed("libc.so.6", (("memcpy", "GLIBC_2.14"), ("exp", "GLIBC_2.29"), ("log", "GLIBC_2.29"))),
        Needed("libm.so.6"),
        Needed("libgcc_s.so.1", (("_Unwind_Resume", "GCC_3.0"),)),
    ]
    content = Elf(
        [Module("a", ((4, 1),))],
        needed,
        ["PyModuleDef_Init", "_Py_NoneStruct"],
        hashing=hashing,
        soname="a.so",
        runpath="$ORIGIN/../a.libs",
    ).build()
    image = read_elf(content)
    libraries = [(each.name, each.versions) for each in image.libraries]
    assert libraries == [
        ("libc.so.6", ("GLIBC_2.14", "GLIBC_2.29")),
        ("libm.so.6", ()),
        ("libgcc_s.so.1", ("GCC_3.0",)),
    ]
    assert [(each.name, each.library, each.version) for each in image.imports] == [
        ("memcpy", "libc.so.6", "GLIBC_2.14"),
        ("exp", "libc.so.6", "GLIBC_2.29"),
        ("log", "libc.so.6", "GLIBC_2.29"),
        ("_Unwind_Resume", "libgcc_s.so.1", "GCC_3.0"),
        ("PyModuleDef_Init", "", ""),
        ("_Py_NoneStruct", "", ""),
    ]
    assert image.python_symbols == ("PyModuleDef_Init", "_Py_NoneStruct")
    assert (image.own_name, image.search_paths) == ("a.so", ("$ORIGIN/../a.libs",))
    assert image.inits == (InitFunction("PyInit_a", NOT_USED),)


def test_modules_made_in_one_phase() -> None:
    # What calls `PyModule_Create2` and declares nothing needs the lock; a name alone says nothing.
    content = Elf([Module("old", None)], imports=["PyModule_Create2"]).build()
    assert read_verdicts(content) == {"PyInit_old": BY_DEFAULT}
    assert read_verdicts(Elf([Module("odd", None)]).build()) == {"PyInit_odd": GilVerdict.UNKNOWN}


def test_what_is_said_in_two_ways_is_unknown() -> None:
    # Two definitions of one name that disagree: which of them is meant cannot be told.
    modules = [Module("a.x", ((4, 1),)), Module("b.x", ((4, 0),), init="PyInit_y")]
    assert read_verdicts(Elf(modules).build())["PyInit_x"] is GilVerdict.UNKNOWN


def test_names_outside_of_ascii() -> None:
    # PEP 489: `PyInitU_` and Punycode with `_` for `-`; the definition has the name itself in UTF-8.
    for name in ("größe", "zkouška_načtení", "インポート"):
        spelled = name.encode("punycode").decode().replace("-", "_")
        (init,) = read_elf(Elf([Module(name, ((4, 1),), init=f"PyInitU_{spelled}")]).build()).inits
        assert (init.module, init.gil) == (name, NOT_USED)


def test_arrays_that_only_look_like_slots() -> None:
    module = Module("x", ((2, 1), (77, 1)))
    assert read_verdicts(Elf([module]).build()) == {"PyInit_x": GilVerdict.UNKNOWN}


def test_other_files_are_none_of_this() -> None:
    assert read_binary(b"#!/bin/sh\n") is None
    assert read_verdicts(b"") is None


# --- beside pyelftools ------------------------------------------------------------------


def installed_modules() -> list[Path]:
    """Return compiled modules of this environment and of its standard library."""
    folders = [Path(each) for each in sys.path if each and Path(each).is_dir()]
    found = {path.resolve() for folder in folders for path in folder.rglob("*.so") if "lib" in str(path)}
    # pyelftools takes its time, and the largest files show nothing that the others do not.
    small = (path for path in found if path.stat().st_size < 150_000)
    return sorted(path for path in small if path.read_bytes()[:4] == b"\x7fELF")


def test_reads_what_pyelftools_reads() -> None:
    paths = installed_modules()
    if not paths:
        pytest.skip("no ELF modules are installed here")
    for path in paths:
        image = read_elf(path.read_bytes())
        with path.open("rb") as file:
            assert comparable(image) == reference(ELFFile(file)), path


def comparable(image: Image) -> dict[str, object]:
    return {
        "needed": [(each.name, sorted(each.versions)) for each in image.libraries],
        "imports": [(each.name, each.version, each.weak) for each in image.imports],
        "paths": list(image.search_paths),
        "inits": sorted(each.name for each in image.inits),
    }


def reference(elf: ELFFile) -> dict[str, object]:
    dynamic = next(each for each in elf.iter_segments() if isinstance(each, DynamicSegment))
    tags = list(dynamic.iter_tags())
    versions: dict[str, list[str]] = {t.needed: [] for t in tags if t.entry.d_tag == "DT_NEEDED"}
    names: dict[int, str] = {}
    for section in elf.iter_sections():
        if isinstance(section, GNUVerNeedSection):
            for library, entries in section.iter_versions():
                for entry in entries:
                    versions.setdefault(library.name, []).append(entry.name)
                    names[entry["vna_other"] & 0x7FFF] = entry.name
    table = elf.get_section_by_name(".dynsym")
    assert isinstance(table, SymbolTableSection)
    numbers = next((s for s in elf.iter_sections() if isinstance(s, GNUVerSymSection)), None)
    imports, inits = [], []
    for index, symbol in enumerate(table.iter_symbols()):
        if symbol["st_shndx"] != "SHN_UNDEF":
            inits += [symbol.name] if symbol.name.startswith(("PyInit", "PyModExport")) else []
        elif symbol.name:
            number = numbers.get_symbol(index)["ndx"] if numbers else 0
            version = names.get(number & 0x7FFF, "") if isinstance(number, int) else ""
            imports.append((symbol.name, version, symbol["st_info"]["bind"] == "STB_WEAK"))
    return {
        "needed": [(name, sorted(found)) for name, found in versions.items()],
        "imports": imports,
        "paths": [t.runpath if t.entry.d_tag == "DT_RUNPATH" else t.rpath for t in paths_of(tags)],
        "inits": sorted(inits),
    }


def paths_of(tags: list) -> Iterator:
    for kind in ("DT_RPATH", "DT_RUNPATH"):
        yield from (tag for tag in tags if tag.entry.d_tag == kind)


# --- hostile files ----------------------------------------------------------------------


def samples() -> list[bytes]:
    """Return small files, made by hand and installed."""
    made = [
        Elf(
            [Module("a.b", (EXEC, (4, 1))), Module("c", None)],
            [Needed("libc.so.6", (("memcpy", "GLIBC_2.14"),))],
            ["PyUnstable_Module_SetGIL"],
            code=b"\xbe\x01\0\0\0\xe8\0\0\0\0\xff\x25\0\0\0\0\xc3",
            **{**layout, "relocation": relocation},
        ).build()
        for layout in LAYOUTS.values()
        for relocation in ("rela", "rel", "relr")
    ]
    installed = [path.read_bytes() for path in installed_modules() if path.stat().st_size < 60_000]
    return made + installed[:6]


def read_hostile(content: bytes) -> None:
    """Read facts and verdicts; a refusal is fine, anything else raised fails the test."""
    with suppress(MalformedError):
        read_elf(content)


def test_files_that_are_cut_off() -> None:
    for content in samples():
        for size in {*range(200), *range(0, len(content), max(1, len(content) // 150))}:
            read_hostile(content[:size])


def test_ten_thousand_damaged_headers() -> None:
    """Change bytes where the structure is: headers, dynamic section, tables. No crash, no long wait."""
    chance, files = random.Random(20261121), samples()
    slowest = 0.0
    for _ in range(10_000):
        content = bytearray(chance.choice(files))
        for _ in range(chance.choice((1, 1, 2, 8))):
            near = chance.choice((64, 256, 1024, len(content)))
            content[chance.randrange(min(near, len(content)))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        started = time.monotonic()
        read_hostile(bytes(content))
        slowest = max(slowest, time.monotonic() - started)
    assert slowest < 5


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_word_may_hold_anything(data: st.DataObject) -> None:
    layout = data.draw(st.sampled_from(sorted(LAYOUTS)))
    elf = Elf([Module("a", ((4, 1),))], [Needed("l", (("s", "V"),))], **LAYOUTS[layout])
    content = bytearray(elf.build())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 8))
        content[place : place + 8] = data.draw(st.binary(min_size=8, max_size=8))
    read_hostile(bytes(content))


def test_tables_that_claim_to_be_huge() -> None:
    """What a table claims is held against the file before anything is made of it."""
    content = Elf([Module("a", ((4, 1),))], relocation="relr").build()
    packed = attrs.evolve(Elf([Module("a", ((4, 1),))], relocation="relr"), code=b"\xff" * 4_000_000)
    read_hostile(content + b"\xff" * 1_000_000)
    read_hostile(packed.build())
