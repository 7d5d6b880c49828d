"""Packages that are asynchronous, through wrappers of both drivers, in their own Python."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CASES = HERE / "async_packages.py"
PACKAGES = ("aiohttp", "anyio", "httpx", "starlette", "uvicorn")
PINS = {"aiohttp": "3.14.5", "anyio": "4.16.0", "httpx": "0.28.1", "starlette": "1.10.0", "uvicorn": "0.54.0"}
MODES = ("per-call", "persistent")

pytestmark = [pytest.mark.slow, pytest.mark.network]


@pytest.fixture(scope="module")
def workspaces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The workspaces of a program for each driver; the first one has the environment."""
    found = {}
    for mode in MODES:
        folder = tmp_path_factory.mktemp(mode)
        (folder / "app.mochi").write_text("".join(f'import python "{name}" as {name}\n' for name in PACKAGES))
        manifest = ['[package]\nname = "app"\nversion = "0.1.0"\n', f'[python]\nasync-mode = "{mode}"']
        manifest += ["async-cancel-timeout = 2\n", "[python-dependencies]"]
        manifest += [f'{name} = "=={version}"' for name, version in PINS.items()]
        (folder / "mochi.toml").write_text("\n".join(manifest) + "\n")
        command = [sys.executable, "-m", "mochic_py", "compile", "app.mochi", "-o", "out", "--no-probe"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        found[mode] = folder / "out" / "python_workspace"
    command = [sys.executable, "-m", "mochic_py", "pkg", "install", "app.mochi", "-o", "out"]
    subprocess.run(command, cwd=found[MODES[0]].parent.parent, check=True, capture_output=True)
    return found


def _cases() -> list[str]:
    tree = ast.parse(CASES.read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [
        node.name for node in functions if any(ast.unparse(each) == "case" for each in node.decorator_list)
    ]


@pytest.mark.parametrize("mode", MODES)
def test_asynchronous_packages(workspaces: dict[str, Path], mode: str) -> None:
    python = workspaces[MODES[0]] / ".venv" / "bin" / "python"
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    command = [str(python), str(CASES), str(workspaces[mode]), mode]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environ, check=False)
    found = dict(json.loads(line) for line in done.stdout.splitlines())
    assert list(found) == _cases(), done.stderr
    assert {case: problem for case, problem in found.items() if problem is not None} == {}
    assert done.returncode == 0


def test_the_driver_stands_in_the_wrapper(workspaces: dict[str, Path]) -> None:
    for mode, maker in zip(MODES, ("per_call_loop", "persistent_loop"), strict=True):
        files = sorted((workspaces[mode] / "python_wrap" / "httpx").glob("*_externs*.py"))
        text = "".join(file.read_text("utf-8") for file in files)
        assert f"_loop = _mochi.{maker}(cancel_timeout=2.0)\n" in text
        assert '_loop.call_inside("AsyncClient_new", _httpx.AsyncClient)' in text
