"""No input of any kind shows a traceback or counts as a fault of the compiler."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_server import File, Index, build_wheel, offer, serve
from local_packages import BARE, CORE, SHAPES, TALLY, mochic

from mochic_py.compiler.cli.app import COMMANDS
from mochic_py.passes.registry import pass_names

PROGRAM = b"""// A program
import python "shapes[extra]@>=1,<3" as shapes auto
import python "tally" as tally
import go "strings" as s
fun main() { let x = shapes.area(1) print("a\\u00e9") }
"""
MANIFEST = b"""[python-dependencies]
shapes = ">=1"
tally = { version = "^0.3", extras = ["a"], markers = "python_version > '3'", groups = ["dev"] }
bare = { git = "https://host/x", tag = "v1" }
[python]
runtime-mode = "embedded"
requires-python = ">=3.12"
strict = true
[[python.indexes]]
name = "corp"
url = "https://host/simple"
[python.publish]
name = "x"
"""


@pytest.fixture(scope="module")
def folder(packages: Index, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working folder for all examples, in the environment of the local index."""
    root = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOCHIC_INDEX_URL", packages.url)
        patch.setenv("XDG_CACHE_HOME", str(root / "cache"))
        patch.setenv("TMPDIR", str(root))
        patch.chdir(root)
        for name in ("shapes", "tally"):
            mochic("ir", name)  # so that `--offline` finds them
        yield root


def check(*arguments: str | Path, stdin: bytes = b"") -> None:
    """Run the command line: it must succeed or blame the input."""
    outcome = mochic(*arguments, stdin=stdin)
    assert outcome.code in (0, 1, 2), outcome.err
    assert "Traceback" not in outcome.err
    assert (outcome.code == 0) or outcome.err


@st.composite
def mutated(draw: st.DrawFn, text: bytes) -> bytes:
    """Return `text` cut, repeated, or overwritten in places; now and then nothing like it."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=60))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        piece = draw(st.one_of(st.binary(max_size=6), st.sampled_from(PIECES), st.just(text[end : end + 20])))
        text = text[:start] + piece + text[end:]
    return text


PIECES = [
    *(b"\"'`{}[]()<>,.;:=@#|&*+-/\\\n\t\r\0 "[i : i + 1] for i in range(34)),
    *(
        b'"""',
        b"//",
        b"/*",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xae",
        b"99999999999999999999",
    ),
    *(b"def f(", b"class A(A):", b"import ", b"from . import *", b"@overload\n", b"lambda: 0", b"*,", b"**k"),
    *(b"if sys.version_info >= (3,):\n", b"x: ", b"type X = ", b"[X]", b"Literal[", b"TypeVar('T')", b"'"),
    *(b"true", b"null", b"1979-05-27", b"[[x]]", b"\\ud800", b"\\N{x}", b"0x", b"1e999"),
]
FEW = settings(max_examples=80, deadline=None, derandomize=True)


@FEW
@given(mutated(PROGRAM), mutated(MANIFEST))
def test_programs_and_manifests(folder: Path, program: bytes, manifest: bytes) -> None:
    (folder / "app.mochi").write_bytes(program)
    (folder / "fuzz.toml").write_bytes(manifest)
    check("compile", "app.mochi", "--manifest", "fuzz.toml", "--offline", "--report", "json")


@FEW
@given(st.sampled_from([SHAPES, CORE, TALLY, BARE]).flatmap(mutated), st.sampled_from([".pyi", ".py"]))
def test_stub_files(folder: Path, stub: bytes, ending: str) -> None:
    path = folder / f"stub{ending}"
    path.write_bytes(stub)
    check("ir", path.name)


@pytest.fixture(scope="module")
def wheels(folder: Path) -> Iterator[Index]:
    """An index for wheels made on the way."""
    with serve() as index:
        offer(index, build_wheel("tally", "0.1"))
        yield index


NUMBERS = itertools.count()


def check_wheel(folder: Path, index: Index, filename: str, content: bytes) -> None:
    """Compile the wheel with a cache of its own, as index pages are cached."""
    index.files["fuzz"] = [File(filename, content)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / f"cache{next(NUMBERS)}"))
        arguments = ["--package", "fuzz", "--index-url", index.url, "-o", "out", "--emit", "shim,ir,wrapper"]
        check("compile", *arguments)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(mutated(SHAPES), mutated(CORE))
def test_wheels_with_any_stubs(folder: Path, wheels: Index, init: bytes, core: bytes) -> None:
    files = {"fuzz/__init__.pyi": init, "fuzz/_core.pyi": core, "fuzz/py.typed": b""}
    built = build_wheel("fuzz", "1.0", files=files)
    check_wheel(folder, wheels, built.filename, built.content)


WHOLE = build_wheel("fuzz", "1.0", requires=["tally>=0"], extras=["e"])


@settings(max_examples=20, deadline=None, derandomize=True)
@given(mutated(WHOLE.metadata), st.one_of(st.none(), st.binary(max_size=80)))
def test_wheels_that_describe_themselves_wrongly(
    folder: Path, wheels: Index, metadata: bytes, record: bytes | None
) -> None:
    built = build_wheel("fuzz", "1.0", metadata=metadata, record=record)
    check_wheel(folder, wheels, built.filename, built.content)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(mutated(WHOLE.content))
def test_damaged_wheels(folder: Path, wheels: Index, content: bytes) -> None:
    check_wheel(folder, wheels, WHOLE.filename, content)


@pytest.fixture(scope="module")
def ir_texts(folder: Path) -> dict[str, bytes]:
    """IR text before any pass, in the middle, and at the end."""
    return {
        stage: mochic("ir", "shapes", "--after", stage).out.encode()
        for stage in ("none", "legalize-types", "")
    }


@FEW
@given(st.data())
def test_ir_text(folder: Path, ir_texts: dict[str, bytes], data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(sorted(ir_texts.values())).flatmap(mutated))
    check("opt", "-", "--pass-pipeline", "sort-items", stdin=text)


@FEW
@given(st.data())
def test_pipelines(folder: Path, ir_texts: dict[str, bytes], data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(pass_names()), max_size=6))
    text = ir_texts[data.draw(st.sampled_from(sorted(ir_texts)))]
    check("opt", "-", "--pass-pipeline", ",".join(names), stdin=text)


@FEW
@given(st.one_of(st.text(max_size=40), mutated(b"bind-names,select-public{a=1 b=true},sort-items")))
def test_pipeline_text(folder: Path, text: str | bytes) -> None:
    pipeline = text if isinstance(text, str) else text.decode("utf-8", "surrogateescape")
    check("compile", "--package", "tally", f"--pass-pipeline={pipeline}", "-o", "out")


SPECS = [
    b"shapes[a,b]@>=1,<2",
    b"x@git+https://u:p@h/x#v1",
    b"x@path+../x",
    b"x@index+https://h/s@==1",
    b"shapes",
]


@FEW
@given(
    st.one_of(st.text(max_size=30).map(str.encode), st.sampled_from(SPECS).flatmap(mutated)),
    st.text(max_size=8),
)
def test_import_specs(folder: Path, spec: bytes, alias: str) -> None:
    text = spec.decode("utf-8", "surrogateescape")
    check("compile", f"--package={text}", f"--as={alias}", "--offline", "-o", "out")
    check("ir", "--offline", "--", text)


WORDS = [
    *COMMANDS,
    *(
        "install",
        "shapes",
        "tally",
        "app.mochi",
        "a.ir",
        "-",
        ".",
        "",
        "\udcff",
        "é",
        "PY301",
        "py9",
        "shapes.area",
    ),
    *(
        "--package",
        "--as",
        "-o",
        "--emit",
        "--strict",
        "--offline",
        "--report",
        "json",
        "--help",
        "--version",
    ),
    *(
        "--after",
        "--pass-pipeline",
        "bind-names",
        "--print-ir-after",
        "all",
        "--time-passes",
        "--python",
        "3.12t",
    ),
    *(
        "--target",
        "wasi-p2",
        "pyodide",
        "--color",
        "always",
        "-j",
        "2",
        "--index-url",
        "http://[",
        "x://y",
        "--",
    ),
    *("--manifest", "fuzz.toml", "--shim-style", "dotted", "--check", "/dev/null"),
]


LONG = "a" * 300


@pytest.mark.parametrize("path", [f"{LONG}/app.mochi", "loop/app.mochi", "loop"])
@pytest.mark.parametrize(
    "command", ["compile", "check", "ir", "opt", "pkg lock", "pkg tree", "pkg install", "check a.mochi -o"]
)
def test_paths_that_nothing_can_be_at(folder: Path, command: str, path: str) -> None:
    (folder / "a.mochi").write_text("")
    with contextlib.suppress(FileExistsError):
        (folder / "loop").symlink_to("loop")
    outcome = mochic(*command.split(), path)
    assert outcome.code == 1, outcome.err
    assert outcome.err.startswith("error[PY")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("compile -- --package", 1),
        ("compile -o --package a.mochi", 0),
        ("compile --package tally -o --as a.mochi", 0),
        ("compile --package tally -o --as --as b", 0),
        ("compile a.mochi -o --package --as b", 2),
    ],
)
def test_options_that_are_values(folder: Path, command: str, code: int) -> None:
    (folder / "a.mochi").write_text("")
    outcome = mochic(*command.split())
    assert outcome.code == code, outcome.err


@pytest.mark.parametrize(
    "text",
    ["a = [", "[a]", "a = 1", "[a]\nwhole = true\nwheels = [1]", "[a]\nwhole = true\nwheels = []", "\xff"],
)
def test_a_corpus_that_is_none(folder: Path, text: str) -> None:
    (folder / "corpus.toml").write_bytes(text.encode("latin-1"))
    outcome = mochic("golden", "--folder", folder)
    assert outcome.code == 1
    assert outcome.err.startswith("error[PY401]: ")


# No process can be given an argument with a NUL.
NO_NUL = st.text(st.characters(exclude_characters="\0"), max_size=6)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.one_of(st.sampled_from(WORDS), NO_NUL), max_size=7))
def test_arguments(folder: Path, arguments: list[str]) -> None:
    # An index that nobody serves, unless the arguments name another: nothing leaves this machine.
    check(*arguments)
