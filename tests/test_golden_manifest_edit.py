"""`pkg add` and `pkg remove`, on whole manifests."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from casefile import GOLDEN, Case, check_case, read_cases

from mochic_py.compiler.cli import run

FILE = GOLDEN / "frontends" / "manifest_edit.md"


def edit(case: Case, folder: Path) -> str:
    manifest = folder / "mochi.toml"
    manifest.write_text(case.blocks["before"], "utf-8")
    command = shlex.split(case.blocks["command"])
    assert run(["pkg", *command, "--manifest", str(manifest)]) == 0
    return manifest.read_text("utf-8")


@pytest.mark.parametrize("case", read_cases(FILE), ids=str)
def test_golden_edits(case: Case, tmp_path: Path, update_golden: bool) -> None:
    after = edit(case, tmp_path)
    check_case(case, "after", after, update_golden)


@pytest.mark.parametrize("case", read_cases(FILE), ids=str)
def test_adding_twice_is_adding_once(case: Case, tmp_path: Path) -> None:
    if case.blocks["command"].startswith("add"):
        once = edit(case, tmp_path)
        manifest = tmp_path / "mochi.toml"
        run(["pkg", *shlex.split(case.blocks["command"]), "--manifest", str(manifest)])
        assert manifest.read_text("utf-8") == once


@pytest.mark.parametrize(
    ("text", "command", "code"),
    [
        ("[python-dependencies\n", ["add", "python", "x"], 1),
        ("python-dependencies = 3\n", ["add", "python", "x"], 1),
        ("[python-dependencies]\n", ["remove", "python", "x"], 1),
        ("[python-dependencies]\n", ["add", "python", "x", "--git", "not a url"], 1),
        ("[python-dependencies]\n", ["add", "python", "x", "--rev", "1"], 2),
    ],
)
def test_a_failed_edit_changes_nothing(text: str, command: list[str], code: int, tmp_path: Path) -> None:
    manifest = tmp_path / "mochi.toml"
    manifest.write_text(text, "utf-8")
    assert run(["pkg", *command, "--manifest", str(manifest)]) == code
    assert manifest.read_text("utf-8") == text
