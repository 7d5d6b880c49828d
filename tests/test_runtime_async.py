"""Loops of the runtime, with every Python at hand. The cases stand in `tests/async_cases/`."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import freethreaded
import pytest

from mochic_py.compiler.install import find_interpreter

HERE = Path(__file__).parent
FOLDER = HERE / "async_cases"
RUNTIME = HERE.parent / "runtime"

_SLOW = "leaks persistent"
"""Modules whose cases take seconds: they run with the slow tests, and with every other Python."""


def _cases(modules: Callable[[str], bool]) -> Iterator[str]:
    """Yield the names of the cases, without importing the runtime into this process."""
    for file in sorted(FOLDER.glob("*.py")):
        for node in ast.parse(file.read_text("utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or not modules(file.stem):
                continue
            if any(isinstance(each, ast.Name) and each.id == "case" for each in node.decorator_list):
                kinds = ("per-call", "persistent") if node.args.args else ("",)
                yield from (f"{node.name} {kind}".strip() for kind in kinds)


QUICK = list(_cases(lambda name: name not in _SLOW))
REST = list(_cases(lambda name: name in _SLOW))


@cache
def _run(python: str, names: tuple[str, ...]) -> tuple[dict[str, str | None], str]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    command = [python, "-W", "error", str(FOLDER), str(RUNTIME), *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environ, check=False)
    return dict(json.loads(line) for line in done.stdout.splitlines()), done.stderr


def _check(python: str, cases: list[str], case: str) -> None:
    found, errors = _run(python, tuple(dict.fromkeys(name.partition(" ")[0] for name in cases)))
    assert case in found, f"the program ended before this case:\n{errors}"
    assert found[case] is None, found[case]


@pytest.mark.parametrize("case", QUICK)
def test_here(case: str) -> None:
    _check(sys.executable, QUICK, case)


def test_nothing_is_said_about_it() -> None:
    """No warning about a loop, socket, task or coroutine that was left behind."""
    assert _run(sys.executable, tuple(dict.fromkeys(name.partition(" ")[0] for name in QUICK)))[1] == ""


@pytest.mark.slow
@pytest.mark.parametrize("case", REST)
def test_what_takes_longer(case: str) -> None:
    _check(sys.executable, REST, case)


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14", "3.13t"])
def test_elsewhere(version: str) -> None:
    if version.endswith("t"):
        found = freethreaded.find()
    else:
        interpreter = find_interpreter((3, int(version.partition(".")[2])))
        found = None if interpreter is None else Path(interpreter.path)
    if found is None:
        pytest.skip(f"there is no CPython {version} here")
    results, errors = _run(str(found), ())
    assert set(results) == {*QUICK, *REST}, errors
    assert {case: problem for case, problem in results.items() if problem is not None} == {}
    assert errors == ""
