"""Wheels as they are read: what they hold, and that none can do harm."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_server import build_wheel, pack

from mochic_py.compiler.frontends.metadata import Metadata, MetadataError, parse_metadata
from mochic_py.compiler.frontends.wheel import Wheel, open_wheel
from mochic_py.ir.diagnostics import DiagnosticError


def _read_all(content: bytes) -> dict[str, bytes]:
    with open_wheel(content, shown="t.whl") as wheel:
        assert wheel.metadata.name
        assert isinstance(wheel.import_names, tuple)
        assert isinstance(wheel.compiled_files, tuple)
        return {name: wheel.read(name) for name in wheel.names}


def _codes(content: bytes) -> list[str]:
    with pytest.raises(DiagnosticError) as caught:
        _read_all(content)
    assert all("t.whl" in diagnostic.message for diagnostic in caught.value.diagnostics)
    return [diagnostic.code.code for diagnostic in caught.value.diagnostics]


def test_a_wheel_tells_what_it_is(tmp_path: Path) -> None:
    built = build_wheel(
        "My-Package", "1.0", requires=["a>=1", "b; extra == 'x'"], extras=["x"], requires_python=">=3.8"
    )
    path = tmp_path / built.filename
    path.write_bytes(built.content)
    with open_wheel(path) as wheel:
        assert wheel.metadata == Metadata(
            "My-Package", "1.0", ("a>=1", "b; extra == 'x'"), ">=3.8", ("x",), metadata_version="2.1"
        )
        assert wheel.names == (
            "My_Package/__init__.py",
            "My_Package-1.0.dist-info/METADATA",
            "My_Package-1.0.dist-info/WHEEL",
            "My_Package-1.0.dist-info/RECORD",
        )
        assert wheel.read("My_Package/__init__.py") == b"x = 1\n"
        assert wheel.size("My_Package/__init__.py") == 6
        with pytest.raises(KeyError):
            wheel.read("nothing")


@pytest.mark.parametrize(
    ("name", "files", "expected"),
    [
        ("pyyaml", ["yaml/__init__.py", "yaml/_yaml.cpython-313-x86_64-linux-gnu.so", "_yaml/__init__.py"],
         ("yaml", "_yaml")),
        ("attrs", ["attr/__init__.py", "attr/a.py", "attr/b.py", "attrs/__init__.py"], ("attrs", "attr")),
        ("Pillow", ["PIL/__init__.py", "PIL/x.pyi"], ("PIL",)),
        ("six", ["six.py"], ("six",)),
        ("cffi", ["cffi/api.py", "_cffi_backend.cpython-313-darwin.so"], ("cffi", "_cffi_backend")),
        ("win", ["_win.cp313-win_amd64.pyd", "win.pyd"], ("win", "_win")),
        ("abi", ["abi.abi3.so"], ("abi",)),
        ("google-api", ["google/api/x.py", "google/api/y.py"], ("google",)),
        ("setuptools", ["setuptools/a.py", "pkg_resources/a.py", "_distutils_hack/a.py", "x.pth"],
         ("setuptools", "pkg_resources", "_distutils_hack")),
        ("PyJWT", ["jwt/a.py", "docs/index.rst", "scripts/run.sh"], ("jwt",)),
        ("data", ["data-1.0.data/purelib/data/a.py", "data-1.0.data/scripts/run.py"], ("data",)),
        ("types-requests", ["requests-stubs/__init__.pyi"], ()),
        ("numpy", ["numpy/a.py", "numpy.libs/libx.so.1"], ("numpy",)),
        ("empty", ["empty.txt"], ()),
    ],
)  # fmt: skip
def test_import_names(name: str, files: list[str], expected: tuple[str, ...]) -> None:
    built = build_wheel(name, "1.0", files=dict.fromkeys(files, b""))
    with open_wheel(built.content) as wheel:
        assert wheel.import_names == expected


def test_compiled_files() -> None:
    names = [
        "a/b.so",
        "a/c.abi3.so",
        "a.libs/lib.so.1.2",
        "a/d.pyd",
        "a/e.dll",
        "a/f.dylib",
        "a/g.py",
        "a/so.py",
    ]
    built = build_wheel("a", "1.0", files=dict.fromkeys(names, b""))
    with open_wheel(built.content) as wheel:
        assert wheel.compiled_files == tuple(sorted(names[:6]))


@pytest.mark.parametrize(
    "path",
    [
        "../x.py",
        "a/../../x.py",
        "/etc/x.py",
        "a//x.py",
        "C:/x.py",
        "./x.py",
        "a/./x.py",
        "a\nb.py",
    ],
)
def test_a_path_that_leads_outside_is_refused(path: str) -> None:
    assert _codes(build_wheel("a", "1.0", files={path: b""}).content) == ["PY502"]


def test_a_backslash_is_refused() -> None:
    assert _codes(build_wheel("a", "1.0", files={"a\\..\\x.py": b""}).content) == ["PY510"]


def test_a_file_that_unpacks_to_too_much_is_refused() -> None:
    bomb = build_wheel("a", "1.0", files={"a.py": bytes(300 * 1024 * 1024)})
    assert len(bomb.content) < 1024 * 1024
    assert _codes(bomb.content) == ["PY503"]


def test_a_small_file_may_be_as_repetitive_as_it_likes() -> None:
    assert _read_all(build_wheel("a", "1.0", files={"a.py": bytes(1024 * 1024)}).content)["a.py"] == bytes(
        1024 * 1024
    )


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mochic_py.compiler.frontends.wheel.MAX_ENTRIES", 3)
    assert _codes(build_wheel("a", "1.0").content) == ["PY503"]


@pytest.mark.parametrize(
    ("record", "codes"),
    [
        (b"a/__init__.py,sha256=AAAA,6\na-1.0.dist-info/METADATA,,\n", ["PY504"]),
        (b"", ["PY504"]),
        (b"a/__init__.py,,\n", ["PY504"]),
        (b"a/__init__.py,md5=AAAA,6\n", ["PY504"]),
        (b"\xff\xfe,sha256=x,1\n", ["PY504"]),
        (b"a/__init__.py,sha256=x,six\n", ["PY504"]),
        (b'"unclosed\n', ["PY504"]),
    ],
)
def test_a_file_that_differs_from_the_record_is_refused(record: bytes, codes: list[str]) -> None:
    assert _codes(build_wheel("a", "1.0", record=record).content) == codes


def test_a_wheel_without_record_is_refused() -> None:
    assert _codes(pack({"a.py": b"", "a-1.0.dist-info/METADATA": b"Name: a\nVersion: 1\n"})) == ["PY504"]


@pytest.mark.parametrize(
    "contents",
    [
        {"a.py": b""},
        {"a-1.0.dist-info/RECORD": b"", "b-1.0.dist-info/RECORD": b""},
    ],
)
def test_a_wheel_has_one_dist_info(contents: dict[str, bytes]) -> None:
    assert _codes(pack(contents)) == ["PY501"]


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_file_must_not_be_there_twice() -> None:
    stream = io.BytesIO(build_wheel("a", "1.0").content)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("a/__init__.py", b"other")
    assert _codes(stream.getvalue()) == ["PY501"]


@pytest.mark.parametrize(
    "metadata", [b"", b"Name: a\n", b"Version: 1\n", b"Name: \xff\nVersion: 1\n", b"nonsense\n"]
)
def test_broken_metadata_are_refused(metadata: bytes) -> None:
    assert _codes(build_wheel("a", "1.0", metadata=metadata).content) == ["PY505"]


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    assert _codes(content) == ["PY501"]


GOOD = build_wheel(
    "good", "1.0", files={"good/__init__.py": b"x = 1\n" * 50, "good/data.bin": bytes(range(256))}
).content


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, len(GOOD)),
    st.booleans(),
)
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_mutated_wheel_is_read_right_or_refused(
    changes: list[tuple[int, int]], cut: int, truncate: bool
) -> None:
    changed = bytearray(GOOD)
    for position, value in changes:
        changed[position] = value
    content = bytes(changed[:cut]) if truncate else bytes(changed)
    found, codes = _outcome(content)
    if found is None:
        assert codes[0].startswith("PY5")
        return
    # What got through is what RECORD vouches for.
    original = _read_all(GOOD)
    assert {n: c for n, c in found.items() if "dist-info" not in n} == {
        n: c for n, c in original.items() if "dist-info" not in n
    }


def _outcome(content: bytes) -> tuple[dict[str, bytes] | None, list[str]]:
    try:
        return _read_all(content), []
    except DiagnosticError as error:
        return None, [diagnostic.code.code for diagnostic in error.diagnostics]


def test_metadata_headers() -> None:
    text = (
        "Metadata-Version: 2.4\r\nname: A.b\r\nVERSION: 1!2.0\r\nSummary: one\r\n  two\r\n"
        "License-Expression: MIT\r\nLicense-File: x\r\nImport-Name: ab\r\nImport-Namespace: ns\r\n"
        "Description: long\r\n        |Name: not me\r\n\r\nName: nor me\r\n"
    )
    assert parse_metadata(text.encode()) == Metadata(
        "A.b", "1!2.0", summary="one\ntwo", license="MIT", metadata_version="2.4", import_names=("ab", "ns")
    )


@given(st.binary(max_size=200))
def test_any_bytes_are_metadata_or_an_error(content: bytes) -> None:
    try:
        found = parse_metadata(content)
    except MetadataError:
        return
    assert found.name
    assert found.version


def test_a_wheel_is_closed_when_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.whl"
    path.write_bytes(b"not a zip")
    with pytest.raises(DiagnosticError):
        open_wheel(path)  # ResourceWarning is an error in these tests
    with open_wheel(build_wheel("a", "1.0").content) as wheel:
        assert isinstance(wheel, Wheel)
