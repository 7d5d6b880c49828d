"""Hand-written sidecars override single items: what fits, what does not, and that none is ever lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from local_packages import mochic

from mochic_py.backends.declarations import declare
from mochic_py.backends.entries import Declarations
from mochic_py.compiler.lower import LowerSettings, lower_package
from mochic_py.compiler.overrides import apply_overrides
from mochic_py.compiler.session import read_stub_text
from mochic_py.ir.dist import Target
from mochic_py.ir.source import SourceFile

PROGRAM = 'import python "tally" as t\nprint(t.tally("a b a"))\n'
SIDECAR = '''"""Mine."""
import tally as original


def tally(text: str) -> dict[str, int]:
    """Count words whatever their case."""
    return {"all": len(text.lower().split())}


def _helper(): ...
'''


def write(desk: Path, name: str = "tally_externs.py", text: str = SIDECAR) -> Path:
    """Write a program and a sidecar beside it."""
    (desk / "app.mochi").write_text(PROGRAM)
    (desk / name).write_text(text)
    return desk / "out" / "python_workspace"


def run(workspace: Path, code: str) -> str:
    """Run `code` beside the wrapper of `tally`, with a package of that name to call."""
    package = workspace / "tally.py"
    package.write_text("def tally(text, mode=None): return {'real': 1}\n")
    code = f"from python_wrap.t import externs as t\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=workspace, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tally_externs.py", SIDECAR),
        ("t_externs.py", SIDECAR),
        ("app_externs.py", SIDECAR.replace("def tally(", "def t_tally(")),
    ],
    ids=["named after the distribution", "named after the alias", "of the program"],
)
def test_an_override_is_what_the_wrapper_calls(desk: Path, name: str, text: str) -> None:
    workspace = write(desk, name, text)
    done = mochic("compile", "app.mochi", "-o", "out", "--report", "json")
    assert (done.code, done.err) == (0, "")
    assert run(workspace, "print(t.tally('A b'))") == "{'all': 2}\n"
    assert (workspace / "python_sidecars" / name).read_text() == text
    (package,) = json.loads(done.out)["packages"]
    statuses = {item["python"]: item["status"] for item in package["items"]}
    assert statuses["tally.tally"] == "custom"
    assert statuses["tally.most"] == "bound"
    symbols = json.loads((workspace / "python_wrap" / "t" / "tally_symbols.json").read_text())
    places = {each["mochi"]: each.get("custom") for each in symbols["symbols"]}
    assert (places["tally"], places["most"]) == (f"{name}:5", None)


def test_the_result_of_an_override_is_checked_and_its_arguments_are_converted(desk: Path) -> None:
    text = (
        "def tally_with(text, options):\n    return {'mode': options['mode']}\n"
        "def tally(text):\n    return [text]\n"
        "def Mode_value(self):\n    return type(self).__name__\n"
    )
    workspace = write(desk, text=text)
    assert mochic("compile", "app.mochi", "-o", "out").code == 0
    assert run(workspace, "print(t.tally_with('a', {'mode': 7}))") == "{'mode': 7}\n"
    assert "ConversionError: tally: result: expected map<string, int>" in run(workspace, "t.tally('a')")


def test_a_sidecar_survives_everything(desk: Path) -> None:
    workspace = write(desk)
    own = desk / "tally_externs.py"
    assert mochic("compile", "app.mochi", "-o", "out").code == 0
    listed = (workspace / ".mochic-files").read_text()
    assert "python_sidecars/tally_externs.py" in listed
    assert mochic("pkg", "lock").code == 0
    for _ in range(2):
        assert mochic("pkg", "sync", "python", "-o", "out").code == 0
        assert run(workspace, "print(t.tally('A b'))") == "{'all': 2}\n"
    assert mochic("pkg", "lock", "--check").code == 0
    assert own.read_text() == SIDECAR
    own.unlink()
    assert mochic("compile", "app.mochi", "-o", "out").code == 0
    assert not (workspace / "python_sidecars").exists()
    assert run(workspace, "print(t.tally('A b'))") == "{'real': 1}\n"


def test_beside_the_programs_is_an_output_folder_too(desk: Path) -> None:
    write(desk)
    assert mochic("compile", "app.mochi", "-o", ".").code == 0
    assert mochic("compile", "app.mochi", "-o", ".", "--emit", "shim").code == 0
    assert (desk / "tally_externs.py").read_text() == SIDECAR


def test_a_changed_sidecar_makes_a_new_result(desk: Path) -> None:
    workspace = write(desk)
    assert mochic("compile", "app.mochi", "-o", "out").code == 0
    write(desk, text=SIDECAR.replace('"all"', '"every"'))
    assert mochic("compile", "app.mochi", "-o", "out").code == 0
    assert run(workspace, "print(t.tally('A b'))") == "{'every': 2}\n"


def test_the_manifest_says_which_files_are_sidecars(desk: Path) -> None:
    workspace = write(desk, "tally_hand.py")
    manifest = (
        'mochi-manifest = 1\n[package]\nname = "x"\nversion = "1.0.0"\n[python]\nsidecar-glob = "*_hand.py"\n'
    )
    assert mochic("compile", "app.mochi", "-o", "out").code == 0
    assert not (workspace / "python_sidecars").exists()
    (desk / "mochi.toml").write_text(manifest)
    (desk / "t_hand.py").write_text(SIDECAR)
    done = mochic("compile", "app.mochi", "-o", "out")
    assert done.code == 0, done.err
    assert run(workspace, "print(t.tally('A b'))") == "{'all': 2}\n"


def test_sidecars_of_one_name_are_not_mixed_up(desk: Path) -> None:
    for folder, text in (("a", SIDECAR), ("b", SIDECAR + "# other\n")):
        (desk / folder).mkdir()
        (desk / folder / "app.mochi").write_text(PROGRAM)
        (desk / folder / "t_externs.py").write_text(text)
    done = mochic("compile", "a/app.mochi", "b/app.mochi", "-o", "out")
    assert done.code == 1
    assert "error[PY206]: `a/t_externs.py` and `b/t_externs.py` would be modules of one name" in done.err


def test_a_sidecar_that_cannot_be_read_is_told_of(desk: Path) -> None:
    write(desk, text="def tally(:\n")
    done = mochic("compile", "app.mochi", "-o", "out")
    assert "error[PY205]: this file is not valid Python" in done.err
    assert "tally_externs.py:1:11" in done.err


# --- what fits ----------------------------------------------------------------------------

STUB = """
from collections.abc import Callable
class Box: ...
def count(text: str, at: int) -> int: ...
def share(part: float) -> float: ...
def find(name: str | None, boxes: list[Box]) -> Box | None: ...
def table(rows: dict[str, list[int]]) -> list[str]: ...
def call(function: Callable[[int], int]) -> None: ...
def anything(x: object) -> object: ...
"""


@pytest.fixture(scope="module")
def declared() -> Declarations:
    raw, _ = read_stub_text(SourceFile("shop.pyi", STUB), "shop", Target())
    return declare(lower_package(raw, LowerSettings(), lambda: 0.0).package)


@pytest.mark.parametrize(
    "function",
    [
        "def count(text, at): ...",
        "def count(text: str, at: int) -> int: ...",
        "def count(a, b, /) -> bool: ...",
        "def count(text: object, at: float, more=1, *, last: int = 2) -> int: ...",
        "def count(*args: object): ...",
        "from typing import overload\n@overload\ndef count(x: bytes) -> bytes: ...\n@overload\n"
        "def count(text: str, at: int) -> int: ...",
        "def share(part: float) -> int: ...",
        "from shop import Box\ndef find(name: str | None, boxes: list[Box]) -> Box | None: ...",
        "from typing import Optional as O, Iterable\ndef find(name: O[str], boxes: Iterable) -> 'Thing': ...",
        "from typing import Mapping, Sequence, Any\n"
        "def table(rows: Mapping[str, Sequence[float]]) -> list[Any]: ...",
        "from typing import Callable, Any\ndef call(function: Callable[..., Any]) -> None: ...",
        "def anything(x: object) -> object: ...",
    ],
)
def test_what_fits(declared: Declarations, function: str) -> None:
    sidecar = SourceFile("shop_externs.py", function)
    found = apply_overrides(declared, "shop", "shop", [sidecar], Target())
    assert found.diagnostics == ()
    assert found.files == ("shop_externs.py",)
    assert sum(entry.custom is not None for entry in found.declarations.entries) == 1


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("def count(text: str) -> int: ...", "1:5 this takes 1 argument, and `count_` is called with 2"),
        ("def count(text, at, more): ...", "1:21 `count_` is called with 2 arguments"),
        ("def count(word: str, at: int): ...", "1:11 parameter 1 of `count_` is called `text`"),
        ("def count(text: bytes, at): ...", "1:11 `text` takes `bytes`, and `str` is handed on"),
        ("def count(text, at: str | None): ...", "1:17 `at` takes `None` or `str`, and `int` is handed on"),
        ("def count(text, *, at): ...", "1:5 this takes 1 argument, and `count_` is called with 2"),
        (
            "def count(text, at, *, last): ...",
            "1:24 an override is called by position: this parameter is never given",
        ),
        ("def count(text, at) -> str: ...", "1:5 this gives `str`, and `count_` has to give `int`"),
        (
            "async def count(text, at): ...",
            "1:11 an override is called and not awaited: write a plain `def`",
        ),
        ("def share(part: int) -> float: ...", "1:11 `part` takes `int`, and `float` is handed on"),
        ("def find(name: str, boxes): ...", "1:10 `name` takes `str`, and `None` or `str` is handed on"),
        (
            "def table(rows: dict[str, list[str]]): ...",
            "1:11 `rows` takes `dict`, and `dict` is handed on",
        ),
        ("def call(function: int): ...", "1:10 `function` takes `int`, and `function` is handed on"),
        ("def call(function) -> int: ...", "1:5 this gives `int`, and `call` has to give `None`"),
    ],
)
def test_what_does_not_fit_shows_both_places(declared: Declarations, function: str, told: str) -> None:
    sidecar = SourceFile("shop_externs.py", function)
    found = apply_overrides(declared, "shop", "shop", [sidecar], Target())
    (diagnostic,) = found.diagnostics
    assert diagnostic.code.code == "PY206"
    assert f"{diagnostic.span}".removeprefix("shop_externs.py:") + f" {diagnostic.message}" == told
    (label,) = diagnostic.labels
    assert str(label.span).startswith("shop.pyi:")
    assert found.files == ()


def test_a_function_that_overrides_nothing_is_told_of_in_the_sidecar_of_a_package(
    declared: Declarations,
) -> None:
    text = "def cuont(text, at): ...\ndef mine(): ...\ndef _private(): ...\n"
    for name, wanted in (("shop_externs.py", ["cuont", "mine"]), ("app_externs.py", [])):
        found = apply_overrides(declared, "shop", "shop", [SourceFile(name, text)], Target())
        assert [d.message.split("`")[3] for d in found.diagnostics] == wanted
    (first, second) = apply_overrides(
        declared, "shop", "shop", [SourceFile("shop_externs.py", text)], Target()
    ).diagnostics
    assert first.help == "did you mean `count_`?"
    assert second.help == "give functions that override nothing a name with `_` in front"
