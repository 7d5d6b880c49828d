"""`pkg build`: from a Mochi package to archives that Python's tools install, and back to Mochi."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import casefile
import pytest
from index_server import File, serve
from installer.sources import WheelFile
from local_packages import Outcome, mochic

from mochic_py.compiler.compiled_code import CompiledCode, find_compiled, match_surface, relocate
from mochic_py.compiler.frontends.mochi_surface import read_surface
from mochic_py.compiler.install import find_interpreter
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import Target
from mochic_py.ir.source import SourceFile

EXAMPLE = Path(__file__).parent.parent / "examples" / "package"
(MOVED,) = casefile.read_cases(casefile.GOLDEN / "surface" / "relocate.md")
TOML = "mochi.toml"
MODULE = "src/greeting.mochi"
COMPILED = "compiled/src/mochi_user_greeting/generated/greeting.py"
FOUND = [find_interpreter((3, minor)) for minor in (12, 13, 14)]
PYTHONS = [python.path for python in FOUND if python]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the example."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "package", ignore=shutil.ignore_patterns("dist")))


def build(package: Path, *options: str) -> Outcome:
    return mochic("pkg", "build", "--manifest", package / "mochi.toml", *options)


def change(package: Path, old: str, new: str, file: str = "mochi.toml") -> None:
    path = package / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def archives(package: Path) -> tuple[Path, Path]:
    (wheel,), (sdist,) = (package / "dist").glob("*.whl"), (package / "dist").glob("*.tar.gz")
    return wheel, sdist


def test_the_example_becomes_a_wheel_and_a_source_archive(package: Path) -> None:
    outcome = build(package)
    assert outcome.code == 0, outcome.err
    wheel, sdist = archives(package)
    with WheelFile.open(wheel) as opened:
        opened.validate_record(validate_contents=True)
    with zipfile.ZipFile(wheel) as opened, tarfile.open(sdist) as source:
        metadata = opened.read("mochi_pkg_greeting-0.1.0.dist-info/METADATA").decode()
        packed = source.extractfile("mochi_pkg_greeting-0.1.0/PKG-INFO")
        assert packed is not None
        assert packed.read().decode() == metadata
    head, _, body = metadata.partition("\n\n")
    assert body == (EXAMPLE / "README.md").read_text("utf-8")
    assert head.splitlines() == [
        "Metadata-Version: 2.4",
        "Name: mochi-pkg-greeting",
        "Version: 0.1.0",
        "Summary: Greets people, politely or warmly",
        "Keywords: example,greeting",
        "Author: The Mochi authors",
        "License-Expression: MIT",
        "License-File: LICENSE",
        "Classifier: Programming Language :: Python :: 3",
        "Requires-Python: >=3.12",
        "Description-Content-Type: text/markdown",
    ]


@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: Path(path).name)
def test_the_wheel_runs(package: Path, tmp_path: Path, python: str) -> None:
    assert build(package, "--wheel").code == 0
    (wheel,) = (package / "dist").glob("*.whl")
    code = (
        "import mochi_pkg_greeting as m; p = m.Person('Ada', 36); "
        "print(m.greet('Ada'), m.greet_person(p, 9), m.greet_all(['B']), m.MOST_HEARTS, m.__all__)"
    )
    done = subprocess.run(
        [python, "-c", code], env={"PYTHONPATH": str(wheel)}, capture_output=True, text=True
    )
    names = ["Greeting", "MOST_HEARTS", "Person", "Plain", "Warm", "greet", "greet_all", "greet_person"]
    assert done.stderr == ""
    assert done.stdout == f"Hello, Ada! Warm(text='Hello, Ada!', hearts=3) ['Hello, B!'] 3 {names}\n"


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_frontend_builds_the_same_wheel_from_the_source_archive(
    package: Path, tmp_path: Path, tool: str
) -> None:
    assert build(package).code == 0
    wheel, sdist = archives(package)
    out = tmp_path / "again"
    if tool == "pip":
        options = ["--no-deps", "--no-index", "--ignore-requires-python", "-w", out]
        command = [sys.executable, "-m", "pip", "wheel", *options, sdist]
    else:
        options = ["--wheel", "--offline", "-p", PYTHONS[0], "-o", out]
        command = [sys.executable, "-m", "uv", "build", *options, sdist]
    subprocess.run(command, check=True, capture_output=True)
    assert (out / wheel.name).read_bytes() == wheel.read_bytes()


def test_the_bytes_follow_from_the_input(package: Path, tmp_path: Path) -> None:
    assert build(package, "-o", str(tmp_path / "one")).code == 0
    for path in package.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    assert build(package, "-o", str(tmp_path / "two"), "-j", "4").code == 0
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two")
    )
    assert one == two


def test_the_report_is_json(package: Path) -> None:
    change(
        package,
        "export fun greet(",
        "export fun ☃(): int { return 1 }\nexport fun greet(",
        MODULE,
    )
    outcome = build(package, "--format", "json")
    shown = json.loads(outcome.out)
    assert [Path(each["file"]).name for each in shown["files"]] == [
        "mochi_pkg_greeting-0.1.0.tar.gz",
        "mochi_pkg_greeting-0.1.0-py3-none-any.whl",
    ]
    assert shown["offered"] == 8
    assert shown["left_out"] == [{"name": "☃", "kind": "function", "reason": "`☃` is no name in Python"}]


def test_requirements_and_groups_go_into_the_metadata(package: Path) -> None:
    change(
        package,
        "[python]",
        """[python-dependencies]
httpx = { version = ">=0.27", extras = ["http2"], markers = "sys_platform != 'win32'" }
orjson = { version = ">=3", groups = ["fast"] }
rich = { version = "*", optional = true }
mine = { git = "https://git.example/mine", tag = "v1" }

[python]""",
    )
    change(package, 'compiled = "compiled"', 'compiled = "compiled"\nscripts = { hi = "greet" }')
    assert build(package).code == 0
    wheel, _ = archives(package)
    with zipfile.ZipFile(wheel) as opened:
        lines = opened.read("mochi_pkg_greeting-0.1.0.dist-info/METADATA").decode().splitlines()
        scripts = opened.read("mochi_pkg_greeting-0.1.0.dist-info/entry_points.txt").decode()
    assert [line for line in lines if line.startswith(("Requires-Dist", "Provides-Extra"))] == [
        'Requires-Dist: httpx[http2]>=0.27 ; sys_platform != "win32"',
        "Requires-Dist: mine @ git+https://git.example/mine@v1",
        "Provides-Extra: fast",
        "Requires-Dist: orjson>=3 ; extra == 'fast'",
        "Provides-Extra: rich",
        "Requires-Dist: rich ; extra == 'rich'",
    ]
    assert scripts == "[console_scripts]\nhi = mochi_pkg_greeting:greet\n"


@pytest.mark.parametrize(
    ("old", "new", "file", "said"),
    [
        ("[package]", "package = 1\n[more]", TOML, "PY403]: `package` is a number"),
        ('version = "0.1.0"', "", TOML, "PY563]: `[package]` has no `version`"),
        ('"0.1.0"', '"one"', TOML, "PY563]: `one` is no version that Python knows"),
        ('"MIT"', '"MIT"\nreadme = "X.md"', TOML, "PY563]: `X.md` cannot be the readme"),
        ('"The Mochi authors"', '"a <b"', TOML, "PY563]: `a <b` is no author"),
        (
            '[python.publish]\ndistribution-name = "mochi-pkg-greeting"',
            "[python.other]",
            "mochi.toml",
            "PY402",
        ),
        (
            '"Programming Language :: Python :: 3"',
            '"License :: Free"',
            "mochi.toml",
            "PY563]: the classifier",
        ),
        ('"compiled"', '"nowhere"', TOML, "PY561]: "),
        (
            "fun greet_all(",
            "fun greet_nobody(",
            MODULE,
            "PY562]: the compiled module has no f",
        ),
        (
            "hearts: int): G",
            "hearts: int, x: int): G",
            MODULE,
            "PY562]: `greet_person` has 3 param",
        ),
        ("text: string)", "txt: string)", MODULE, "PY562]: `Plain` has other fields"),
        ("type Greeting", "type Greetings", MODULE, "PY562]: the compiled module has no type"),
        ("fun greet(", "fun greet(:", MODULE, "P0"),
        (
            "def main()",
            "def main(",
            COMPILED,
            "PY562]: ",
        ),
    ],
)
def test_what_keeps_a_package_from_being_built_is_told(
    package: Path, old: str, new: str, file: str, said: str
) -> None:
    change(package, old, new, file)
    outcome = build(package)
    assert outcome.code == 1
    assert f"error[{said}" in outcome.err
    assert not (package / "dist").exists()


def test_a_folder_is_no_requirement_of_others(package: Path) -> None:
    change(package, "[python]", '[python-dependencies]\nmine = { path = "../mine" }\n\n[python]')
    assert "`mine` is a folder here, which nobody else has" in build(package).err


def test_several_modules_need_a_choice(package: Path) -> None:
    (package / "other.mochi").write_text("let x = 1\n")
    assert "here are `other.mochi`, `src/greeting.mochi`" in build(package).err
    change(package, 'compiled = "compiled"', f'compiled = "compiled"\nmodule = "{MODULE}"')
    assert build(package).code == 0


def test_compiled_code_moves_with_its_imports(update_golden: bool) -> None:
    code = CompiledCode(
        {path: text.encode() for path, text in MOVED.blocks.items() if path != "moved"},
        "mochi_user_app.generated.app",
    )
    moved = relocate(code, "pkg")
    shown = "".join(f"--- {path}\n{data.decode()}" for path, data in sorted(moved.files.items()))
    casefile.check_case(MOVED, "moved", shown, update_golden)
    assert moved.module == "pkg._compiled.mochi_user_app.generated.app"


def test_compiled_code_is_found_by_the_name_of_its_module() -> None:
    usual = {
        "src/mochi_user_a_b/generated/a_b.py": b"",
        "src/mochi_runtime/a_b.py": b"",
        "pyproject.toml": b"",
    }
    found = find_compiled(usual, "a-b")
    assert found is not None
    assert found.module == "mochi_user_a_b.generated.a_b"
    assert sorted(found.files) == ["mochi_runtime/a_b.py", "mochi_user_a_b/generated/a_b.py"]
    assert find_compiled({"x/a.py": b"", "y/a.py": b""}, "a") is None


def test_a_value_that_is_not_kept_is_left_out() -> None:
    text = "let a: int = now()\nlet b: int = now()\nexport fun f() { }\n"
    package = read_surface(SourceFile("m.mochi", text), "m", "1", Target())
    code = CompiledCode({"m.py": b"a: int = 1\ndef mochi__f() -> None: ...\n"}, "m")
    kinds = [type(item).__name__ for item in match_surface(package, code).modules[0].items]
    assert kinds == ["Constant", "Refusal", "Function"]
    with pytest.raises(DiagnosticError):
        match_surface(package, CompiledCode({"m.py": b"a = ("}, "m"))


def test_a_built_wheel_is_bound_again_with_the_same_types(package: Path, tmp_path: Path) -> None:
    assert build(package, "--wheel").code == 0
    (wheel,) = (package / "dist").glob("*.whl")
    with serve() as index:
        index.add(File(wheel.name, wheel.read_bytes()))
        out = tmp_path / "out"
        arguments = ("--package", "mochi-pkg-greeting", "--as", "g", "-o", out, "--index-url", index.url)
        outcome = mochic("compile", *arguments, "--report", "json")
    assert outcome.code == 0, outcome.err
    (shim,) = out.rglob("*_shim.mochi")
    lines = shim.read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith(("extern", "type"))] == [
        "type Plain { text: string }",
        "type Warm { text: string, hearts: int }",
        "type Greeting = Greeting_Plain(value: Plain) | Greeting_Warm(value: Warm)",
        "type Person { name: string, age: int }",
        "extern python fun Person_new(name: string, age: int): Person",
        "extern python fun Plain_new(text: string): Plain",
        "extern python fun Warm_new(text: string, hearts: int): Warm",
        "extern python fun MOST_HEARTS(): int",
        "extern python fun greet(name: string): string",
        "extern python fun greet_all(names: list<string>): list<string>",
        "extern python fun greet_person(person: Person, hearts: int): Greeting",
    ]
