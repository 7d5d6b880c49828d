"""numpy, httpx and tomli inside of programs in C and in Go, called from many threads."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import embedding
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network]
PACKAGES = ("numpy", "httpx", "tomli")


@pytest.fixture(scope="module", params=["3.12", "3.13"])
def workspace(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    embedding.require_python(request.param)
    place = tmp_path_factory.mktemp("packages")
    options = ["-o", str(place), "--python", request.param]
    for package in PACKAGES:
        options += ["--package", package]
    for command in (["compile", "--emit", "wrapper,go"], ["pkg", "install"]):
        done = subprocess.run(
            [sys.executable, "-m", "mochic_py", *command, *options], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    return place / "python_workspace"


def test_eight_threads_of_c(workspace: Path, tmp_path: Path) -> None:
    program = embedding.compile_c(tmp_path, embedding.SOURCES / "imports.c")
    done = embedding.run_program([program, workspace])
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 handles left\n", "")


def test_two_hundred_goroutines(workspace: Path) -> None:
    folder = workspace / "go" / "packages_test"
    folder.mkdir()
    shutil.copy(embedding.SOURCES / "packages_test.go", folder)
    done = embedding.run_go(["test", "./packages_test"], folder.parent, WORKSPACE=str(workspace))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
