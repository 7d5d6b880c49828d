"""`pkg build` where a `mochi` is on the search path: one of ours, which does as it is told."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from local_packages import Outcome, mochic

from mochic_py.compiler import mochi_toolchain

EXAMPLE = Path(__file__).parent.parent / "examples" / "package"
Build = Callable[..., Outcome]
COMPILED = EXAMPLE / "compiled"
# What the documented command line is, and a tree as the back end writes it.
WORKS = f"""
    out = next(each.removeprefix("--out=") for each in sys.argv if each.startswith("--out="))
    assert sys.argv[1:] == ["build", "--target=python-source", f"--out={{out}}", sys.argv[-1]], sys.argv
    assert pathlib.Path(sys.argv[-1]).read_text().startswith("/// Someone to greet."), "the wrong module"
    assert sys.stdin.read() == ""
    print("compiled 1 module")
    shutil.copytree({str(COMPILED)!r}, out, dirs_exist_ok=True)
    code = pathlib.Path(out, "src/mochi_user_greeting/generated/greeting.py")
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The example without its compiled code."""
    ignored = shutil.ignore_patterns("dist", "compiled")
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "package", ignore=ignored))
    manifest = folder / "mochi.toml"
    manifest.write_text(manifest.read_text("utf-8").replace('compiled = "compiled"\n', ""), "utf-8")
    return folder


@pytest.fixture
def build(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Build the package with a `mochi` that runs a piece of Python."""

    def run(body: str, head: str = f"#!{sys.executable}") -> Outcome:
        place = tmp_path / "bin"
        place.mkdir()
        program = place / "mochi"
        text = f"{head}\nimport os, pathlib, shutil, sys, time\n{dedent(body)}"
        program.write_text(text, "utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
        return mochic("pkg", "build", "--manifest", package / "mochi.toml", "--wheel")

    return run


def test_what_mochi_writes_is_built(build: Build, package: Path) -> None:
    outcome = build(WORKS)
    assert outcome.code == 0, outcome.err
    (wheel,) = (package / "dist").glob("*.whl")
    direct = mochic("pkg", "build", "--manifest", EXAMPLE / "mochi.toml", "--wheel", "-o", package / "direct")
    assert direct.code == 0
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(package / "direct" / wheel.name) as other:
        assert {name: one.read(name) for name in one.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }


FAILURES = {
    "fails": (
        'print("greeting.mochi:3:1: no such type", file=sys.stderr); sys.exit(3)',
        [
            "error[PY561]: `mochi build` failed for `greeting.mochi` (exit status 3)",
            "greeting.mochi:3:1: no such type",
        ],
    ),
    "fails, and says it on stdout": (
        'print("one\\n\\ntwo"); sys.exit(1)',
        [
            "error[PY561]: `mochi build` failed for `greeting.mochi` (exit status 1)",
            "= note: one",
            "= note: two",
        ],
    ),
    "is killed": (
        "os.kill(os.getpid(), 9)",
        ["error[PY561]: `mochi build` failed for `greeting.mochi` (exit status -9)"],
    ),
    "fails with garbage": (
        'sys.stderr.buffer.write(b"\\xff\\x1b[31mred\\x00\\x07\\n" * 1000 + b"x" * 5000); sys.exit(1)',
        ["error[PY561]: `mochi build` failed", "[31mred"],
    ),
    "writes nothing": (
        'print("done")',
        ["error[PY561]: `mochi build` ended well, without the Python of `greeting.mochi`", "= note: done"],
    ),
    "writes garbage": (
        WORKS + '    code.write_bytes(b"\\xff\\x00(((")\n',
        ["error[PY562]: the compiled file `mochi_user_greeting/generated/greeting.py` cannot be read"],
    ),
    "writes no text": (
        WORKS + '    code.write_bytes(b"# \\xff\\n")\n',
        ["error[PY562]: the compiled file `mochi_user_greeting/generated/greeting.py` cannot be read"],
    ),
    "writes a folder": (
        WORKS + "    code.unlink(); code.mkdir()\n",
        ["error[PY561]: `mochi build` ended well, without the Python of `greeting.mochi`"],
    ),
    "writes another module": (
        WORKS + '    code.write_text("def mochi__other(): ...\\n")\n',
        ["error[PY562]: the compiled module has no function `mochi__greet`"],
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_goes_wrong_is_told(build: Build, package: Path, name: str) -> None:
    body, expected = FAILURES[name]
    outcome = build(body)
    assert outcome.code == 1
    for text in expected:
        assert text in outcome.err
    assert all(char.isprintable() or char == "\n" for char in outcome.err)
    assert len(outcome.err) < 8000
    assert "Traceback" not in outcome.err
    assert not (package / "dist").exists()


def test_one_that_hangs_is_stopped(build: Build, package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mochi_toolchain, "TIMEOUT", 1.0)
    outcome = build("time.sleep(60)")
    assert outcome.code == 1
    assert "error[PY432]: `" in outcome.err
    assert "was stopped after 1 seconds" in outcome.err
    assert not (package / "dist").exists()


def test_one_that_cannot_be_started_is_told(build: Build, package: Path) -> None:
    outcome = build("", head="#!/nowhere/python")
    assert outcome.code == 1
    assert "error[PY432]: `" in outcome.err
    assert "could not be started: No such file or directory" in outcome.err


def test_without_one_the_folder_is_asked_for(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    outcome = mochic("pkg", "build", "--manifest", package / "mochi.toml")
    assert outcome.code == 1
    assert "error[PY561]: the Python of `greeting.mochi` is not there, and `mochi` is not on" in outcome.err
