"""`compile --link` on the command line: which files it writes, and which it leaves alone."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from local_packages import mochic, spawn

from mochic_py.compiler.mochi.checker import check_text

PROGRAM = 'import python "tally" as t\nprint(t.value_tag(t.Mode_FAST))\n'
FILES = ["app.linked.mochi", "app.linked_externs.py", "program", "python_workspace"]


def listed(folder: Path) -> list[str]:
    """Return what lies in `folder`, by name."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ("app.mochi", "--link"),
        ("--link", "app.mochi"),
        ("--link=flat", "app.mochi"),
        ("--link", "flat", "app.mochi"),
        ("--link", "--", "app.mochi"),
    ],
    ids=" ".join,
)
def test_the_style_may_be_left_out(desk: Path, arguments: tuple[str, ...]) -> None:
    (desk / "app.mochi").write_text(PROGRAM)
    done = mochic("compile", "-o", "out", *arguments)
    assert done.code == 0, done.err
    assert listed(desk / "out") == FILES
    assert listed(desk / "out" / "program") == ["app.mochi", "app_externs.py"]
    assert (desk / "out" / "python_workspace" / "_mochi_link.py").exists()


def test_a_dotted_program_needs_no_sidecar(desk: Path) -> None:
    (desk / "app.mochi").write_text(
        'import python "tally" as t\nlet mode = Mode_FAST\nprint(t.Mode_value(mode))\n'
    )
    assert mochic("compile", "-o", "out", "app.mochi", "--link").code == 1
    assert mochic("compile", "-o", "out", "app.mochi", "--link", "dotted").code == 0
    assert listed(desk / "out") == ["app.linked.mochi", "python_workspace"]
    assert check_text((desk / "out" / "app.linked.mochi").read_text("utf-8")).checks


def test_what_is_no_longer_linked_goes(desk: Path) -> None:
    (desk / "app.mochi").write_text(PROGRAM)
    assert mochic("compile", "-o", "out", "app.mochi", "--link").code == 0
    first = (desk / "out" / "app.linked.mochi").read_text("utf-8")
    assert mochic("compile", "-o", "out", "app.mochi", "--link").code == 0
    assert (desk / "out" / "app.linked.mochi").read_text("utf-8") == first
    assert mochic("compile", "-o", "out", "app.mochi").code == 0
    assert listed(desk / "out") == ["python_workspace"]


def test_no_file_of_the_user_is_replaced(desk: Path) -> None:
    (desk / "app.mochi").write_text(PROGRAM)
    own = desk / "program" / "app_externs.py"
    own.parent.mkdir()
    own.write_text("def mine(): ...\n")
    done = mochic("compile", "app.mochi", "--link", "-o", ".")
    assert done.code == 1
    assert "`program/app_externs.py` is there already, and was not written by mochic-py" in done.err
    assert own.read_text() == "def mine(): ...\n"
    assert (desk / "app.mochi").read_text() == PROGRAM


def test_programs_of_one_name_are_not_mixed_up(desk: Path) -> None:
    for folder in ("a", "b"):
        (desk / folder).mkdir()
        (desk / folder / "app.mochi").write_text(PROGRAM)
    done = mochic("compile", "a/app.mochi", "b/app.mochi", "--link", "-o", "out")
    assert done.code == 1
    assert "error[PY121]: two programs are called `app.mochi`" in done.err


def test_names_that_python_cannot_import_are_respelled_where_they_are_built(desk: Path) -> None:
    (desk / "my-app.v2.mochi").write_text(PROGRAM)
    assert mochic("compile", "my-app.v2.mochi", "--link", "-o", "out").code == 0
    assert listed(desk / "out")[:2] == ["my_app.v2.linked.mochi", "my_app.v2.linked_externs.py"]
    assert listed(desk / "out" / "program") == ["my_app_v2.mochi", "my_app_v2_externs.py"]


def test_a_program_that_calls_nothing_in_python_has_no_sidecar(desk: Path) -> None:
    (desk / "app.mochi").write_text('import python "tally" as t\nprint(1)\n')
    assert mochic("compile", "app.mochi", "--link", "-o", "out").code == 0
    assert listed(desk / "out" / "program") == ["app.mochi"]
    assert (desk / "out" / "app.linked.mochi").read_text().endswith("nothing of it is used */\nprint(1)\n")


def test_externs_of_the_program_itself_come_from_its_own_sidecar(desk: Path) -> None:
    text = PROGRAM + "extern python fun shout(text: string): string\nprint(shout(t.value_tag(t.Mode_FAST)))\n"
    (desk / "app.mochi").write_text(text)
    done = mochic("compile", "app.mochi", "--link", "-o", "out")
    assert done.code == 1
    assert "error[PY121]: no sidecar beside the program has a function `shout`" in done.err
    (desk / "app_externs.py").write_text("def shout(text):\n    return text.upper()\n\n\ndef other(): ...\n")
    done = mochic("compile", "app.mochi", "--link", "-o", "out")
    assert (done.code, done.err) == (0, "")
    sidecar = (desk / "out" / "app.linked_externs.py").read_text()
    assert '_app_externs_sidecar = importlib.import_module("python_sidecars.app_externs")\n' in sidecar
    assert "\nshout = _link.boundary(_app_externs_sidecar.shout)\n" in sidecar
    assert (desk / "out" / "python_workspace" / "python_sidecars" / "app_externs.py").exists()
    assert (desk / "app_externs.py").read_text().startswith("def shout(text):")


def test_the_same_bytes_whatever_the_hash_seed(desk: Path) -> None:
    text = (
        'import python "tally" as t\nimport python "tally" as u\nlet made = t.Count("a", 1)\n'
        'print(u.Count_word(u.most(t.value_from_json("[]"))))\nprint(t.value_tag(u.Mode_SLOW))\n'
    )
    (desk / "app.mochi").write_text(text)
    seen = set()
    for seed in "01":
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        done = spawn(["compile", "app.mochi", "--link", "-o", f"out{seed}"], environ, folder=desk)
        assert done.code == 0, done.err
        out = desk / f"out{seed}"
        seen.add(tuple((out / name).read_bytes() for name in FILES[:2]))
    assert len(seen) == 1


def test_wrappers_of_linked_programs_have_what_is_used(desk: Path) -> None:
    (desk / "app.mochi").write_text(
        'import python "tally" as t\nimport python "shapes" as s auto\n'
        'print(t.value_len(t.tally("a b")))\nprint(s.UNIT)\n'
    )
    wrap = desk / "out" / "python_workspace" / "python_wrap"

    def functions(alias: str) -> set[str]:
        (path,) = (wrap / alias).glob("*_externs.py")
        return set(re.findall(r"^def (\w+)\(", path.read_text("utf-8"), re.MULTILINE)) - {"__getattr__"}

    done = mochic("compile", "app.mochi", "--link", "-o", "out", "--report", "json")
    assert done.code == 0, done.err
    assert functions("t") == {"tally"}
    # Any name may be an item of an `auto` import.
    assert {"UNIT", "area", "load_"} <= functions("s")
    assert {each["alias"]: each["counts"]["bound"] for each in json.loads(done.out)["packages"]}["t"] > 1
    assert mochic("compile", "app.mochi", "--link", "--surface", "all", "-o", "out").code == 0
    assert {"tally", "tally_with", "most"} <= functions("t")
    assert mochic("compile", "app.mochi", "--surface", "used", "-o", "out").code == 0
    assert functions("t") == {"tally"}
    assert (
        mochic(
            "compile", "app.mochi", "--package", "tally", "--as", "t", "--surface", "used", "-o", "out"
        ).code
        == 0
    )
    assert {"tally", "tally_with", "most"} <= functions("t")
