"""`pkg slim` and `pkg promote`: new tags where they are proven, reasons where they are not."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from elf_builder import Elf, Module, Needed
from index_server import build_wheel
from installer.sources import WheelFile
from local_packages import Outcome, mochic

from mochic_py.compiler.audit.wheel_audit import audit_wheel
from mochic_py.compiler.host import Host

GLIBC = [Needed("libc.so.6", (("memcpy", "GLIBC_2.14"),))]
PLATFORM = "manylinux_2_17_x86_64"


def wheel(
    folder: Path, tag: str, path: str = "pkg/_fast.abi3.so", symbols: tuple[str, ...] = ("PyList_New",)
) -> Path:
    content = Elf([Module("_fast", ((2, 0x1234),))], GLIBC, list(symbols)).build()
    files = {"pkg/__init__.py": b"", path: content, "pkg/data/größe.txt": b"x"}
    built = build_wheel("pkg", "1.0", tag=f"{tag}-{PLATFORM}", files=files)
    place = folder / built.filename
    place.write_bytes(built.content)
    return place


def slim(path: Path, *options: str) -> Outcome:
    return mochic("pkg", "slim", "--abi3", path, *options)


def check(path: Path, tag: str) -> list[str]:
    """Check a new wheel as an installer and the audit do; return its files."""
    with WheelFile.open(path) as opened:
        opened.validate_record(validate_contents=True)
    audit = audit_wheel(path, Host())
    assert audit.ok, audit.problems
    with zipfile.ZipFile(path) as archive:
        lines = archive.read("pkg-1.0.dist-info/WHEEL").decode().splitlines()
        assert [line for line in lines if line.startswith("Tag:")] == [
            f"Tag: {tag.partition('-')[0]}-{abi}-{PLATFORM}" for abi in tag.partition("-")[2].split(".")
        ]
        return archive.namelist()


def test_a_module_of_the_limited_api_gets_its_tag(tmp_path: Path) -> None:
    outcome = slim(wheel(tmp_path, "cp312-cp312"), "-o", str(tmp_path / "out"))
    assert outcome.code == 0, outcome.err
    (made,) = (tmp_path / "out").iterdir()
    assert outcome.out == f"{made}\n"
    assert made.name == f"pkg-1.0-cp312-abi3-{PLATFORM}.whl"
    assert check(made, "cp312-abi3") == [
        "pkg/__init__.py",
        "pkg/_fast.abi3.so",
        "pkg/data/größe.txt",
        "pkg-1.0.dist-info/METADATA",
        "pkg-1.0.dist-info/WHEEL",
        "pkg-1.0.dist-info/RECORD",
    ]
    again = slim(made)
    assert "it is tagged for the stable ABI already" in again.err


def test_the_tag_is_that_of_the_latest_symbol(tmp_path: Path) -> None:
    assert slim(wheel(tmp_path, "cp312-cp312", symbols=("PyDict_GetItemRef",))).code == 0
    assert (tmp_path / f"pkg-1.0-cp313-abi3-{PLATFORM}.whl").exists()


def test_symbols_alone_prove_nothing(tmp_path: Path) -> None:
    path = wheel(tmp_path, "cp313-cp313", "pkg/_fast.cpython-313-x86_64-linux-gnu.so")
    outcome = slim(path)
    assert outcome.code == 1
    assert "error[PY580]" in outcome.err
    assert "nothing shows that `pkg/_fast.cpython-313-x86_64-linux-gnu.so` was compiled" in outcome.err
    assert slim(path, "--assume-limited-api").code == 0
    names = check(tmp_path / f"pkg-1.0-cp313-abi3-{PLATFORM}.whl", "cp313-abi3")
    assert "pkg/_fast.abi3.so" in names


@pytest.mark.parametrize(
    ("tag", "symbols", "reason"),
    [
        ("cp313-cp313", ("PyDict_SetDefault",), "it uses what is not in the stable ABI: PyDict_SetDefault"),
        ("cp313-cp313t", (), "it is built for Python without the GIL"),
    ],
)
def test_what_is_not_proven_is_refused(
    tmp_path: Path, tag: str, symbols: tuple[str, ...], reason: str
) -> None:
    path = wheel(tmp_path, tag, symbols=symbols)
    assert reason in slim(path).err
    assert list(tmp_path.iterdir()) == [path]


def test_a_wheel_without_modules_needs_no_abi(tmp_path: Path) -> None:
    built = build_wheel("pkg", "1.0")
    (tmp_path / built.filename).write_bytes(built.content)
    assert "it has no compiled module" in slim(tmp_path / built.filename).err


def test_a_stable_wheel_is_promoted(tmp_path: Path) -> None:
    path = wheel(tmp_path, "cp312-abi3")
    assert mochic("pkg", "promote", "--to", "abi2026", path).code == 0
    made = tmp_path / f"pkg-1.0-cp314-abi2026-{PLATFORM}.whl"
    assert "pkg/_fast.abi3.so" in check(made, "cp314-abi2026")
    outcome = mochic("pkg", "promote", "--to", "abi3t", path)
    assert "it uses what is not in the stable ABI without the GIL: PyInit__fast" in outcome.err
    plain = wheel(tmp_path, "cp312-cp312")
    assert "`pkg slim --abi3` comes first" in mochic("pkg", "promote", "--to", "abi2026", plain).err
