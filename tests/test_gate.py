"""The gate: every hostile file is refused by its own code, and real files pass."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hostile import CORPUS, METADATA, SDIST, WHEEL, WHEELS, ZIPPED, Hostile, file_member, member, sdist
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_server import Index, build_wheel, offer, pack
from installer.sources import WheelFile

from mochic_py.compiler.cli import run
from mochic_py.compiler.gate import check_sdist, check_wheel
from mochic_py.compiler.host import Host
from mochic_py.ir.diagnostics import Diagnostic, Severity
from mochic_py.ir.dist import Target

HOST = Host(environ={})
LINUX = Target("linux-x86_64")


def _check(
    folder: Path, content: bytes, filename: str = WHEEL, target: Target = LINUX
) -> tuple[Diagnostic, ...]:
    path = folder / "file"
    path.write_bytes(content)
    check = check_wheel if filename.endswith(".whl") else check_sdist
    return check(path, filename, HOST, "demo", "1.0", target)


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.title.replace(" ", "-"))
def test_a_hostile_file_is_refused(case: Hostile, tmp_path: Path) -> None:
    problems = _check(tmp_path, case.make(), case.filename)
    assert [(p.code.code, p.severity is Severity.ERROR) for p in problems] == [(case.code, not case.warns)]
    assert case.filename in problems[0].message


def test_a_hostile_wheel_is_not_installed(
    desk: Path, packages: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    built = build_wheel("trap", "1.0", files={"trap.py": b"", "trap-1.0.data/data/pyvenv.cfg": b""})
    offer(packages, built)
    assert run(["pkg", "install", "--package", "trap", "-o", "out"]) == 1
    assert "error[PY530]: `trap-1.0-py3-none-any.whl` puts" in capsys.readouterr().err
    assert not (desk / "out").exists()


def test_a_dependency_nested_too_deeply_is_no_internal_error(
    desk: Path, packages: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata = b"Metadata-Version: 2.4\nName: deep\nVersion: 1.0\nRequires-Dist: a; " + b"(" * 20_000 + b"\n"
    offer(packages, build_wheel("deep", "1.0", metadata=metadata))
    assert run(["pkg", "install", "--package", "deep", "-o", "out"]) == 1
    err = capsys.readouterr().err
    assert "error[PY424]" in err
    assert "metadata of `deep-1.0-py3-none-any.whl` cannot be used" in err


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_what_passes_is_accepted_by_the_strict_peer(tmp_path: Path) -> None:
    """`installer` is the strictest reader there is: it must refuse nothing that the gate lets through."""
    accepted = [GOOD, *(case.make() for case in WHEELS if case.warns)]
    for number, content in enumerate(accepted):
        path = tmp_path / str(number) / WHEEL
        path.parent.mkdir()
        path.write_bytes(content)
        with WheelFile.open(path) as wheel:
            wheel.validate_record(validate_contents=True)


def test_every_title_is_there_once() -> None:
    assert len({case.title for case in CORPUS}) == len(CORPUS)


GOOD = build_wheel(
    "demo",
    "1.0",
    files={
        "demo/__init__.py": b"x = 1\n" * 50,
        "demo/data.bin": bytes(range(256)),
        "demo.pth": b"import demo\n",
        "demo-1.0.data/scripts/demo": b"#!python\n",
        "demo-1.0.data/data/share/man/demo.1": b"",
        "demo-1.0.data/purelib/demo_more.py": b"",
    },
    metadata=METADATA + b"Requires-Dist: a>=1; python_version < '4'\n",
).content
GOOD_SDIST = sdist(
    member("demo-1.0", tarfile.DIRTYPE),
    member("demo-1.0/link", tarfile.SYMTYPE, "src/../PKG-INFO"),
    file_member("demo-1.0/src/" + "long" * 60 + ".py", b"x = 1\n" * 200),
)


def test_a_good_file_passes(tmp_path: Path) -> None:
    assert _check(tmp_path, GOOD) == ()
    assert _check(tmp_path, GOOD_SDIST, SDIST) == ()
    zipped = pack({"demo-1.0/PKG-INFO": METADATA, "demo-1.0/demo/__init__.py": b"x = 1\n"})
    assert _check(tmp_path, zipped, ZIPPED) == ()


def test_a_name_that_its_header_cuts_off_behind_a_slash(tmp_path: Path) -> None:
    """A header has room for 100 bytes; readers that know pax take the whole name."""
    folder = "demo-1.0/" + "f" * 90
    content = sdist(file_member(f"{folder}/{'g' * 20}.py", b"x = 1\n" * 200))
    assert f"{folder}/0000644".encode() in gzip.decompress(content), "the field of the name is full"
    assert _check(tmp_path, content, SDIST) == ()
    (problem,) = _check(tmp_path, sdist(file_member("demo-1.0/x/", b"x = 1\n")), SDIST)
    assert problem.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("platform", "severity"),
    [
        ("linux-x86_64", Severity.WARNING),
        ("windows-x86_64", Severity.ERROR),
        ("macos-arm64", Severity.ERROR),
    ],
)
def test_names_that_differ_in_case_depend_on_the_target(
    platform: str, severity: Severity, tmp_path: Path
) -> None:
    clash = build_wheel("demo", "1.0", files={"demo/A.py": b"", "demo/a.py": b""}, metadata=METADATA).content
    assert [p.severity for p in _check(tmp_path, clash, target=Target(platform))] == [severity]


def test_many_findings_of_a_code_are_one_diagnostic(tmp_path: Path) -> None:
    content = build_wheel("demo", "1.0", files={f"../{n}": b"" for n in range(20)}).content
    (problem,) = _check(tmp_path, content)
    assert len(problem.notes) == 5
    assert problem.notes[-1] == "and 15 more like that"


@pytest.mark.parametrize("filename", ["demo.whl", "other-1.0-py3-none-any.whl", "demo-2.0-py3-none-any.whl"])
def test_the_file_name_must_fit(filename: str, tmp_path: Path) -> None:
    assert all(p.severity is Severity.ERROR for p in _check(tmp_path, GOOD, filename))
    assert _check(tmp_path, GOOD, filename)


def _mutate(content: bytes, changes: list[tuple[int, int]], cut: int | None) -> bytes:
    changed = bytearray(content)
    for position, value in changes:
        changed[position % len(changed)] = value
    return bytes(changed[:cut])


CHANGES = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6)
CUT = st.none() | st.integers(0, len(GOOD))


@settings(max_examples=300, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES, CUT)
def test_a_mutated_wheel_is_refused_or_harmless(
    tmp_path: Path, changes: list[tuple[int, int]], cut: int | None
) -> None:
    content = _mutate(GOOD, changes, cut)
    problems = _check(tmp_path, content)
    if not any(p.severity is Severity.ERROR for p in problems):
        # Only what no file is made from can differ: times, versions, attributes.
        assert _unpack(content) == _unpack(GOOD)


def _unpack(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@settings(max_examples=200, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES, st.none() | st.integers(0, len(GOOD_SDIST)))
def test_a_mutated_sdist_is_never_an_exception(
    tmp_path: Path, changes: list[tuple[int, int]], cut: int | None
) -> None:
    _check(tmp_path, _mutate(GOOD_SDIST, changes, cut), SDIST)


@settings(max_examples=200, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES)
def test_a_mutated_tar_is_never_an_exception(tmp_path: Path, changes: list[tuple[int, int]]) -> None:
    _check(tmp_path, gzip.compress(_mutate(gzip.decompress(GOOD_SDIST), changes, None), 1), SDIST)


@settings(max_examples=200, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_any_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    for filename in (WHEEL, SDIST):
        assert any(p.severity is Severity.ERROR for p in _check(tmp_path, content, filename))
