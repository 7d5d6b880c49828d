"""Workspaces of the package `tests/embed/shop`, and what calls them from C and Go."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import freethreaded
import go_toolchain
import pytest
from boundpkg import lower_folder

from mochic_py.backends.workspace import (
    ALL_KINDS,
    WORKSPACE,
    WorkspaceMember,
    WorkspaceOptions,
    plan_workspace,
)
from mochic_py.compiler.install import find_interpreter

SOURCES = Path(__file__).parent / "embed"
LIBRARY = SOURCES.parent.parent / "runtime" / "embed"
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")
VERSIONS = ("3.12", "3.13", "3.14", "3.13t")
_HIDDEN = ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
"""Of the environment of this machine; they would hide mistakes."""


@cache
def find_python(version: str) -> str | None:
    """Return an interpreter of `version`, which ends in `t` for a free-threaded one."""
    if version.endswith("t"):
        found = freethreaded.find()
        return str(found) if found else None
    interpreter = find_interpreter((3, int(version.partition(".")[2])))
    return interpreter.path if interpreter else None


def require_python(version: str) -> str:
    """Return an interpreter of `version`; skip the test where there is none."""
    return find_python(version) or pytest.skip(f"there is no CPython {version} on this machine")


@cache
def _plan() -> tuple[tuple[str, bytes], ...]:
    package = lower_folder(SOURCES / "shop")
    options = WorkspaceOptions(emit=ALL_KINDS | {"go"})
    artifacts = plan_workspace([WorkspaceMember(package, "shop")], options=options)
    return tuple((artifact.path, artifact.content) for artifact in artifacts)


def make_workspace(place: Path, python: str) -> Path:
    """Write the workspace of `shop` below `place`, with an environment that has the package."""
    for name, content in _plan():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    workspace = place / WORKSPACE
    subprocess.run([python, "-m", "venv", "--without-pip", str(workspace / ".venv")], check=True)
    (site,) = workspace.glob(".venv/lib/python*/site-packages")
    (site / "shop.pth").write_text(f"{SOURCES}\n", "utf-8")
    return workspace


def compile_c(place: Path, *sources: Path, flags: Sequence[str] = ()) -> Path:
    """Compile a program with the library; skip the test where there is no compiler."""
    compiler = shutil.which(os.environ.get("CC", "cc")) or pytest.skip("there is no C compiler")
    program = place / sources[0].stem
    units = [str(path) for path in dict.fromkeys((*sources, *sorted(LIBRARY.glob("*.c"))))]
    command = [compiler, "-std=c11", "-O2", *flags, *WARNINGS, f"-I{LIBRARY}", "-o", str(program), *units]
    done = subprocess.run([*command, "-lpthread", "-ldl"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


def run_program(command: Sequence[object], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an environment without the variables that hide mistakes."""
    known = {name: value for name, value in os.environ.items() if name not in _HIDDEN}
    arguments = [str(each) for each in command]
    return subprocess.run(
        arguments, env={**known, **environment}, capture_output=True, text=True, timeout=300
    )


def run_go(arguments: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `go`; skip the test where it cannot be had."""
    try:
        return go_toolchain.run(arguments, folder, **environment)
    except go_toolchain.NoGoError as error:
        pytest.skip(str(error))
