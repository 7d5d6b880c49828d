"""`golden/link/packages.md`: programs over real packages are linked, built and run.

They are built by `mochi_back_end.py`, which does as Mochi's Python back end does, away from the place where
they were linked, and run by an interpreter that knows nothing of the packages.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from casefile import Case, check_case, read_folder
from mochi_back_end import RefusedError, build
from mochi_rules import check_shim

from mochic_py.compiler.install import find_interpreter
from mochic_py.compiler.mochi.back_end import find_refused
from mochic_py.compiler.mochi.checker import check_text
from mochic_py.compiler.mochi.parser import parse

sys.path.append(str(Path(__file__).parent / "calls"))
from support import serve

CASES = [case for case in read_folder("link") if case.file.stem == "packages"]
LINKED, EXTERNS = "app.linked.mochi", "app.linked_externs.py"
SPECS = sorted({spec for case in CASES for spec in re.findall(r'python "([^"]+)"', case.blocks["app.mochi"])})
VERSION = next((f"3.{minor}" for minor in (13, 14, 12) if find_interpreter((3, minor))), "")

pytestmark = [pytest.mark.network, pytest.mark.slow]


def mochic(*arguments: str, folder: Path) -> str:
    """Run the command line in `folder`; return what it says."""
    command = [sys.executable, "-m", "mochic_py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose environment has the packages of all cases."""
    if not VERSION:
        pytest.skip("Python 3.12 or later is needed")
    folder = tmp_path_factory.mktemp("environment")
    packages = [argument for spec in SPECS for argument in ("--package", spec)]
    mochic("pkg", "install", *packages, "--python", VERSION, "-o", "out", folder=folder)
    return folder / "out" / "python_workspace" / ".venv"


@pytest.fixture(scope="module")
def server() -> str:
    """The address of a server on this machine."""
    return serve()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_linked_program_runs(
    case: Case, environment: Path, server: str, tmp_path: Path, update_golden: bool
) -> None:
    for name, text in case.blocks.items():
        if name == "app.mochi" or (name.endswith("_externs.py") and name != EXTERNS):
            (tmp_path / name).write_text(text, "utf-8")
    options = ("--python", VERSION, "-o", "linked", "--no-probe")
    told = mochic("compile", "app.mochi", "--link", *options, folder=tmp_path)
    assert "warning" not in told
    out = tmp_path / "linked"
    texts = {name: (out / name).read_text("utf-8") for name in (LINKED, EXTERNS)}
    assert texts[LINKED] == (out / "program" / "app.mochi").read_text("utf-8")
    assert texts[EXTERNS] == (out / "program" / "app_externs.py").read_text("utf-8")
    _check_declarations(texts[LINKED])
    _check_python(out / EXTERNS)
    printed = _run(out, environment, server, tmp_path / "built")
    check_case(
        case, LINKED, re.sub("sidecar [0-9a-f]{16}", "sidecar 0123456789abcdef", texts[LINKED]), update_golden
    )
    if EXTERNS in case.blocks:
        check_case(case, EXTERNS, texts[EXTERNS], update_golden)
    check_case(case, "stdout", printed.replace(server, "http://server"), update_golden)


def _check_declarations(text: str) -> None:
    assert check_text(text).checks
    assert find_refused(parse(text)) == []
    externs = "\n".join(line for line in text.splitlines() if line.startswith("extern "))
    assert check_shim(externs, "linked") == []


def _check_python(sidecar: Path) -> None:
    for command in (["format", "--diff"], ["check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", "--quiet", str(sidecar)]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def _run(out: Path, environment: Path, server: str, built: Path) -> str:
    """Build the program away from `out` and return what it prints."""
    (out / "python_workspace" / ".venv").symlink_to(environment)
    module = build(out / "program" / "app.mochi", built)
    generated = built / "src" / module / "generated" / "app.py"
    generated.write_text(generated.read_text("utf-8").replace("http://server", server), "utf-8")
    python = find_interpreter(tuple(map(int, VERSION.split("."))))
    assert python is not None
    paths = {"PYTHONPATH": os.pathsep.join(map(str, (built / "src", built / "runtime")))}
    paths["MOCHI_PYTHON_WORKSPACE"] = str(out / "python_workspace")
    done = subprocess.run(
        [python.path, "-m", module],
        env={**os.environ, **paths},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_sidecar_that_finds_no_wrappers_says_how_to_help(tmp_path: Path) -> None:
    case = CASES[0]
    (tmp_path / "app.mochi").write_text(case.blocks["app.mochi"], "utf-8")
    mochic("compile", "app.mochi", "--link", "-o", "linked", "--no-probe", folder=tmp_path)
    module = build(tmp_path / "linked" / "program" / "app.mochi", tmp_path / "built")
    paths = os.pathsep.join(map(str, (tmp_path / "built" / "src", tmp_path / "built" / "runtime")))
    done = subprocess.run(
        [sys.executable, "-m", module],
        env={"PYTHONPATH": paths},
        cwd=tmp_path / "built",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "set MOCHI_PYTHON_WORKSPACE to its path" in done.stderr


def test_the_back_end_refuses_what_the_real_one_does(tmp_path: Path) -> None:
    for number, text in enumerate(
        (
            "extern fun f(): int\nprint(f())",
            "extern python fun f(xs: list<int>): int\nprint(1)",
            "extern python fun f(): int?\nprint(1)",
            "extern python fun f(x: int): int\nlet g = f",
            "fun f(x: int) { print(x) }\nf(1)",
            "print(1, 2)",
        )
    ):
        path = tmp_path / f"p{number}.mochi"
        path.write_text(text)
        with pytest.raises(RefusedError):
            build(path, tmp_path / f"out{number}")
        assert find_refused(parse(text)), text
