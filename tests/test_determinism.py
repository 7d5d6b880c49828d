"""The same bytes whatever the hash seed, the number of jobs and the Python that runs the compiler."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from index_server import Index
from local_packages import ROOT, environment, read_tree, spawn

Build: TypeAlias = tuple[dict[str, Any], str, dict[str, bytes]]
"""The report without its times, stderr, and the files."""

PROGRAM = """import python "shapes@>=1" as shapes
import python "tally" as tally
import python "needy" as needy
import python "bare" as b
import python "shapes" as figures
"""
ARGUMENTS = ("compile", "app.mochi", "--report", "json", "--emit", "wrapper,pyi,shim,symbols,ir")


def build(folder: Path, index: Index, *extra: str, seed: str = "0", python: str = "") -> Build:
    """Compile in a new process with a cache of its own: the report, stderr, and every file."""
    folder.mkdir()
    (folder / "app.mochi").write_text(PROGRAM, "utf-8")
    environ = environment(index.url, folder / "cache") | {"PYTHONHASHSEED": seed}
    chosen = {"python": python} if python else {}
    outcome = spawn([*ARGUMENTS, *extra, "-o", "out"], environ, folder=folder, **chosen)
    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out)
    assert report.pop("seconds") >= 0
    return report, outcome.err, read_tree(folder / "out")


@pytest.fixture(scope="module")
def expected(packages: Index, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Build]:
    """What one job makes with hash seed 0, with and without `--strict`."""
    folder = tmp_path_factory.mktemp("expected")
    return {
        strict: build(folder / f"strict-{strict}", packages, *(["--strict"] if strict else []))
        for strict in (False, True)
    }


@pytest.mark.parametrize(
    ("seed", "extra", "strict"),
    [
        ("1", (), False),
        ("4242", ("-j", "2"), False),
        ("random", ("-j", "8"), False),
        ("7", ("--strict", "-j", "3"), True),
    ],
)
def test_neither_hash_seed_nor_jobs_change_a_byte(
    packages: Index,
    tmp_path: Path,
    expected: dict[bool, Build],
    seed: str,
    extra: tuple[str, ...],
    strict: bool,
) -> None:
    assert build(tmp_path / "run", packages, *extra, seed=seed) == expected[strict]


def test_what_is_compared_is_not_empty(expected: dict[bool, Build]) -> None:
    report, errors, files = expected[False]
    assert len(report["packages"]) == 5
    assert errors == ""
    assert len(files) > 30
    assert "warning[PY302]" in expected[True][1]


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_the_python_that_runs_the_compiler_does_not_matter(
    packages: Index,
    tmp_path: Path,
    expected: dict[bool, Build],
    version: str,
) -> None:
    import uv

    from mochic_py.compiler.install import find_interpreter

    major, minor = map(int, version.split("."))
    found = find_interpreter((major, minor))
    if found is None:
        pytest.fail(f"this test needs CPython {version} on the machine")
    venv = tmp_path / "venv"
    tool = uv.find_uv_bin()
    subprocess.run([tool, "venv", "--quiet", "--python", found.path, str(venv)], check=True)
    # A copy, as an editable install writes into the source tree.
    skipped = shutil.ignore_patterns(".*", "out", "build", "*.egg-info", "tests", "__pycache__", "benchmarks")
    source = shutil.copytree(ROOT, tmp_path / "source", ignore=skipped)
    python = str(venv / "bin" / "python")
    subprocess.run([tool, "pip", "install", "--quiet", "--python", python, str(source)], check=True)
    assert build(tmp_path / "run", packages, "-j", "2", python=python, seed="5") == expected[False]
