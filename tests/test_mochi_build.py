"""The build backend: the same bytes everywhere, and archives that the field's tools accept."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from installer.sources import WheelFile

from mochic_py.runtime import mochi_build
from mochic_py.runtime.mochi_build import Member, ProjectError, make_tree
from mochic_py.runtime.mochi_build.archive import _pack, _ZipWriter, find_epoch, write_sdist, write_wheel
from mochic_py.runtime.mochi_build.project import format_metadata, read_project

RUNTIME = Path(mochi_build.__file__).parent.parent
PYPROJECT = """
[build-system]
requires = []
build-backend = "mochi_build"
backend-path = ["_backend"]

[project]
name = "mochi-pkg.Greeting"
version = "0.1.0"
description = "Says hello."
readme = "README.md"
license = "MIT"
license-files = ["LICENSE"]
requires-python = ">=3.11"
authors = [{ name = "Ada", email = "ada@example.org" }, { name = "Grace" }]
keywords = ["greeting", "hello"]
classifiers = ["Programming Language :: Python :: 3"]
dependencies = ["httpx>=0.27"]
urls = { Source = "https://example.org/greeting" }
scripts = { greet = "mochi_pkg_greeting:main" }

[project.optional-dependencies]
fast = ["orjson", "uvloop ; sys_platform != 'win32'"]

[tool.mochi-build]
packages = ["mochi_pkg_greeting", "single.py"]
sdist-include = ["_backend"]
"""
METADATA = """\
Metadata-Version: 2.4
Name: mochi-pkg.Greeting
Version: 0.1.0
Summary: Says hello.
Keywords: greeting,hello
Author: Grace
Author-email: Ada <ada@example.org>
License-Expression: MIT
License-File: LICENSE
Classifier: Programming Language :: Python :: 3
Project-URL: Source, https://example.org/greeting
Requires-Python: >=3.11
Requires-Dist: httpx>=0.27
Provides-Extra: fast
Requires-Dist: orjson ; extra == 'fast'
Requires-Dist: uvloop ; (sys_platform != 'win32') and extra == 'fast'
Description-Content-Type: text/markdown

# Greeting
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project as a source archive of ours unpacks."""
    root = tmp_path / "project"
    files = {
        "pyproject.toml": PYPROJECT,
        "README.md": "# Greeting\n",
        "LICENSE": "MIT\n",
        "src/mochi_pkg_greeting/__init__.py": "def greet(name: str) -> str:\n    return f'Hello, {name}!'\n",
        "src/mochi_pkg_greeting/py.typed": "",
        "src/mochi_pkg_greeting/deep/größe.txt": "ü\n",
        "src/single.py": "",
        "src/not_ours.py": "",
    }
    for source in (RUNTIME / "mochi_build").glob("*.py"):
        files[f"_backend/mochi_build/{source.name}"] = source.read_text("utf-8")
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return root


def build(project: Path, hook: str, out: Path, python: str = sys.executable, **environment: str) -> Path:
    """Call a hook in a Python of its own, as a frontend does; return the file."""
    out.mkdir(exist_ok=True)
    code = f"import sys; sys.path[:0] = ['_backend']; import mochi_build as m; print(m.{hook}(sys.argv[1]))"
    command = [python, "-I", "-c", code, str(out)]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=True)
    return out / done.stdout.strip()


def test_the_metadata_are_those_of_the_project() -> None:
    assert format_metadata(read_project(PYPROJECT), "# Greeting\n") == METADATA


def test_a_wheel_is_what_an_installer_expects(project: Path, tmp_path: Path) -> None:
    path = build(project, "build_wheel", tmp_path / "dist")
    assert path.name == "mochi_pkg_greeting-0.1.0-py3-none-any.whl"
    with WheelFile.open(path) as wheel:
        wheel.validate_record(validate_contents=True)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "mochi_pkg_greeting/__init__.py",
            "mochi_pkg_greeting/deep/größe.txt",
            "mochi_pkg_greeting/py.typed",
            "single.py",
            "mochi_pkg_greeting-0.1.0.dist-info/METADATA",
            "mochi_pkg_greeting-0.1.0.dist-info/WHEEL",
            "mochi_pkg_greeting-0.1.0.dist-info/entry_points.txt",
            "mochi_pkg_greeting-0.1.0.dist-info/licenses/LICENSE",
            "mochi_pkg_greeting-0.1.0.dist-info/RECORD",
        ]
        assert {
            (each.date_time, each.external_attr >> 16, each.create_system) for each in archive.infolist()
        } == {((1980, 1, 1, 0, 0, 0), 0o100644, 3)}


def test_a_source_archive_builds_the_same_wheel(project: Path, tmp_path: Path) -> None:
    direct = build(project, "build_wheel", tmp_path / "direct")
    archive = build(project, "build_sdist", tmp_path / "sdist")
    assert archive.name == "mochi_pkg_greeting-0.1.0.tar.gz"
    with tarfile.open(archive) as opened:
        assert {(m.uid, m.gid, m.uname, m.gname, m.mode) for m in opened} == {(0, 0, "", "", 0o644)}
        opened.extractall(tmp_path / "unpacked", filter="data")
    root = tmp_path / "unpacked" / "mochi_pkg_greeting-0.1.0"
    assert (root / "PKG-INFO").read_text("utf-8") == METADATA
    assert not (root / "src" / "not_ours.py").exists()
    assert build(root, "build_wheel", tmp_path / "again").read_bytes() == direct.read_bytes()
    assert build(root, "build_sdist", tmp_path / "again").read_bytes() == archive.read_bytes()


def test_nothing_of_the_machine_goes_in(project: Path, tmp_path: Path) -> None:
    plain = [build(project, hook, tmp_path / "a") for hook in ("build_wheel", "build_sdist")]
    for path in project.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.utime(path, (1, 1))
    (project / "src" / "mochi_pkg_greeting" / "__pycache__").mkdir()
    (project / "src" / "mochi_pkg_greeting" / "__pycache__" / "x.pyc").write_bytes(b"x")
    other = [
        build(project, hook, tmp_path / "b", TZ="Asia/Kathmandu", LC_ALL="C", PYTHONHASHSEED="7")
        for hook in ("build_wheel", "build_sdist")
    ]
    assert [path.read_bytes() for path in other] == [path.read_bytes() for path in plain]


def test_times_follow_the_variable(project: Path, tmp_path: Path) -> None:
    path = build(project, "build_wheel", tmp_path / "dist", SOURCE_DATE_EPOCH="1700000001")
    with zipfile.ZipFile(path) as archive:
        assert {each.date_time for each in archive.infolist()} == {(2023, 11, 14, 22, 13, 20)}


@pytest.mark.parametrize(
    ("text", "expected"), [("", 315532800), (" 12 ", 12), ("-5", -5)], ids=["unset", "number", "negative"]
)
def test_the_variable_is_a_number(text: str, expected: int) -> None:
    assert find_epoch({"SOURCE_DATE_EPOCH": text}) == expected


def test_another_text_in_the_variable_is_refused() -> None:
    with pytest.raises(ValueError, match="'today', which is no whole number"):
        find_epoch({"SOURCE_DATE_EPOCH": "today"})


def test_pip_installs_from_the_source_archive_without_fetching(project: Path, tmp_path: Path) -> None:
    archive = build(project, "build_sdist", tmp_path / "dist")
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target", target]
    subprocess.run([*pip, archive], check=True, capture_output=True)
    code = "import mochi_pkg_greeting as m; print(m.greet('Ada'))"
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=target, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "Hello, Ada!\n"


def test_an_editable_install_follows_the_sources(project: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = next(path for path in environment.glob("*/python*") if path.stem == "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*pip, "--editable", project], check=True, capture_output=True)
    (project / "src" / "single.py").write_text("here = 7\n")
    shown = subprocess.run(
        [python, "-c", "import single; print(single.here)"], capture_output=True, text=True
    )
    assert shown.stdout == "7\n"


@given(
    st.dictionaries(st.from_regex(r"[a-zä]{1,8}(/[a-z]{1,4})?", fullmatch=True), st.binary(max_size=200)),
    st.integers(1, 3),
)
def test_archives_hold_what_was_given(files: dict[str, bytes], jobs: int) -> None:
    files = {path: data for path, data in files.items() if not any(f"{path}/" in each for each in files)}
    members = [Member(path, data, len(data) % 2 == 1) for path, data in files.items()]
    one, many, source = io.BytesIO(), io.BytesIO(), io.BytesIO()
    record = write_wheel(members, "x-1.dist-info", one, 0)
    write_wheel(reversed(members), "x-1.dist-info", many, 0, jobs)
    assert one.getvalue() == many.getvalue()
    with zipfile.ZipFile(one) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    listed = list(csv.reader(found.pop("x-1.dist-info/RECORD").decode().splitlines()))
    assert [row[0] for row in listed] == [*sorted(files), "x-1.dist-info/RECORD"]
    assert len(record) == len(listed)
    assert found == files
    write_sdist(members, "x-1", source, 0)
    source.seek(0)
    with tarfile.open(fileobj=source) as opened:
        unpacked = {m.name.removeprefix("x-1/"): opened.extractfile(m).read() for m in opened}  # type: ignore[union-attr]
    assert unpacked == files


@pytest.mark.parametrize("limit", [1, 40, 150])
def test_what_does_not_fit_is_written_as_zip64(limit: int) -> None:
    out = io.BytesIO()
    archive = _ZipWriter(out, 0, limit)
    wanted = {f"{n}.txt": os.urandom(50) * n for n in range(4)}
    for path, data in wanted.items():
        archive.add(_pack(Member(path, data)))
    archive.close()
    with zipfile.ZipFile(out) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == wanted


@pytest.mark.parametrize(
    "paths", [["a/../b"], ["/a"], [""], ["a\\b"], ["a//b"], ["A.py", "a.py"], ["a", "a"]]
)
def test_a_path_that_means_something_else_elsewhere_is_refused(paths: list[str]) -> None:
    with pytest.raises(ValueError, match=r"no path in an archive|the same file"):
        write_wheel([Member(path, b"") for path in paths], "x-1.dist-info", io.BytesIO(), 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("0.1.0", "01.0"), "no normalised version"),
        (("mochi-pkg.Greeting", "-x"), "no name of a distribution"),
        (('packages = ["mochi_pkg_greeting", "single.py"]', ""), "names nothing"),
        (("[project]", "[project"), "is no TOML"),
        (('"README.md"', '"README.doc"'), "known are .md"),
        (('"mochi_pkg_greeting"', '"../x"'), "leads out of the project"),
        (('license = "MIT"', "license = 1"), "`project.license` is no str"),
        (('["_backend"]\n\n', '["_backend"]\nwheel-tags = ["any"]\n'), "no file"),
    ],
)
def test_what_cannot_be_built_is_named(change: tuple[str, str], message: str) -> None:
    text = PYPROJECT.replace(*change)
    with pytest.raises(ProjectError, match=message):
        mochi_build.build_sdist_file(make_tree([Member("pyproject.toml", text.encode())]), io.BytesIO(), 0)


def test_a_line_break_cannot_make_a_field() -> None:
    text = PYPROJECT.replace("Says hello.", r"Hello\nLicense-Expression: GPL-2.0")
    with pytest.raises(ProjectError, match="Summary is more than one line"):
        format_metadata(read_project(text), "")
