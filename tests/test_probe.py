"""The installed package beside its types: what `compile` binds, says and keeps of it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from index_server import Index, build_wheel, offer, serve
from local_packages import environment, mochic

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.compile import compile
from mochic_py.compiler.host import Completed, Host
from mochic_py.compiler.machine import this_platform
from mochic_py.compiler.request import PackageRequest, Request, Result
from mochic_py.ir.dist import Target
from mochic_py.ir.inventory import RuntimeParam
from mochic_py.ir.items import ParamKind
from mochic_py.passes.call_fit import find_misfit

HERE = Target(platform=this_platform())

STUB = b"""
from typing import Protocol
from needs import Thing
class Shape(Protocol):
    def area(self) -> float: ...
class Box:
    width: int
    def __init__(self, width: int) -> None: ...
    def open(self, hard: bool = ...) -> int: ...
    def lock(self) -> None: ...
def load(path: str, mode: str = ..., retries: int = ...) -> int: ...
def save(path: str) -> int: ...
def weigh(shape: Shape) -> Thing: ...
LIMIT: int
DEPTH: int
"""
SOURCE = b"""
import needs, sys
print("noise"); print("noise", file=sys.stderr)
def _make(factor):
    def scale(x, factor=factor): return x * factor
    return scale
scale = globals()["sca" + "led"] = _make(2)
__all__ = ["Box", "load", "weigh", "LIMIT"] + ["sca" + "led"]
class Box:
    def __init__(self, width): self.width = width
    def open(self): return self.width
def load(path, mode=""): return len(path + mode)
def weigh(shape): return needs.Thing()
LIMIT = 3
"""
EXTRA = b"import no_such_package\ndef plot(x: int) -> int: ...\n"


class Watched(Host):
    """A host that remembers what it runs."""

    runs: list[list[str]]

    def run(self, arguments: Sequence[str], **options: object) -> Completed:
        self.runs.append(list(arguments))
        return super().run(arguments, **options)  # type: ignore[arg-type]


@pytest.fixture
def index():
    with serve() as running:
        files = {
            "box/__init__.py": SOURCE,
            "box/__init__.pyi": STUB,
            "box/extra.py": EXTRA,
            "box/py.typed": b"",
        }
        offer(running, build_wheel("box", "1.0", files=files, requires=["needs"]))
        needs = {"needs/__init__.py": b"class Thing: ...\n", "needs/py.typed": b""}
        offer(running, build_wheel("needs", "1.0", files=needs))
        yield running


def bind(index: Index, cache: Path, **options: object) -> tuple[Result, list[list[str]]]:
    host = Watched(environ=environment(index.url, cache))
    host.runs = []
    asked = Request(packages=(PackageRequest("box"),), target=HERE, probe=True)
    with closing(host):
        return compile(evolve(asked, **options), host), host.runs


def items_of(result: Result) -> dict[str, tuple[str, str | None]]:
    """Return status and verdict of the items of the first package, special methods left out."""
    items = result.packages[0].report["items"]
    return {each["python"]: (each["status"], each["probe"]) for each in items if each["python"][-2:] != "__"}


def test_what_is_emitted_is_what_is_there(index, tmp_path):
    result, _ = bind(index, tmp_path)
    assert result.ok
    assert items_of(result) == {
        "box.Box": ("bound", "exists"),
        "box.Box.lock": ("refused", "absent"),
        "box.Box.open": ("degraded", "differs"),
        "box.Box.width": ("bound", "exists"),
        "box.DEPTH": ("refused", "absent"),
        "box.LIMIT": ("bound", "exists"),
        "box.Shape": ("bound", "typing-only"),
        "box.Shape.area": ("bound", "typing-only"),
        "box.extra.plot": ("bound", "unknown"),
        "box.load": ("degraded", "differs"),
        "box.save": ("refused", "absent"),
        "box.scaled": ("degraded", "exists"),
        "box.weigh": ("bound", "exists"),
        "needs.Thing": ("bound", "exists"),
    }
    shown = [(each.code.code, each.message) for each in result.diagnostics]
    assert shown == [
        ("PY217", "`box.extra` does not import; its items are bound unchecked"),
        ("PY218", "box 1.0 as installed lacks 3 of the declared names and has 2 in another form"),
    ]
    (skipped,) = (each.content.decode() for each in result.artifacts if each.path.endswith("SKIPPED.txt"))
    assert skipped.startswith("# box 1.0, compared with the installed package\n")
    assert "box.save: SkipUnknown: declared, but not in the installed package\n" in skipped
    assert "box.load: SkipUnknown: parameter retries: at run time it has no keyword `retries`\n" in skipped
    (shim,) = (each.content.decode() for each in result.artifacts if each.path.endswith("_shim.mochi"))
    assert "save" not in shim
    assert "fun load_with(" in shim


def test_it_is_looked_at_once(index, tmp_path):
    first, runs = bind(index, tmp_path)
    assert len(runs) == 1 + 2, "uv unpacks, the package is imported, then the classes that passes found"
    index.log.clear()
    again, runs = bind(index, tmp_path, offline=True)
    assert (runs, index.log) == ([], [])
    assert again.artifacts == first.artifacts
    assert again.diagnostics == first.diagnostics


def test_without_a_probe_nothing_runs(index, tmp_path):
    result, runs = bind(index, tmp_path, probe=False)
    assert runs == []
    assert {verdict for _, verdict in items_of(result).values()} == {None}
    assert not result.packages[0].report["probed"]
    assert items_of(result)["box.save"] == ("bound", None)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (Target("windows-x86_64"), "no interpreter for windows-x86_64 3.13 is installed here"),
        (evolve(HERE, python=(3, 99)), f"no interpreter for {this_platform()} 3.99 is installed here"),
    ],
    ids=str,
)
def test_what_cannot_be_looked_at_is_bound_all_the_same(index, tmp_path, target, reason):
    result, _ = bind(index, tmp_path, target=target)
    assert result.ok
    (problem,) = result.diagnostics
    assert problem.code.code == "PY216"
    assert problem.message == f"box 1.0 was not compared with its installed form: {reason}"
    assert items_of(result)["box.save"] == ("bound", None)


def test_a_package_that_breaks_out_of_everything_is_bound(index, tmp_path):
    files = {"box/__init__.py": b"import os\nos._exit(0)\n", "box/__init__.pyi": STUB, "box/py.typed": b""}
    offer(index, build_wheel("box", "2.0", files=files, requires=["needs"]))
    result, _ = bind(index, tmp_path)
    assert result.ok
    assert [each.code.code for each in result.diagnostics] == ["PY217"]
    assert result.diagnostics[0].notes == ("it ended the process",)
    assert items_of(result)["box.save"] == ("bound", "unknown")


def test_workers_find_the_same(index, tmp_path):
    packages = (PackageRequest("box"), PackageRequest("needs"))
    alone, _ = bind(index, tmp_path, packages=packages)
    both, _ = bind(index, tmp_path, packages=packages, jobs=2)
    assert [each.report for each in both.packages] == [each.report for each in alone.packages]


def test_an_inventory_that_was_tampered_with_is_made_again(index, tmp_path):
    first, _ = bind(index, tmp_path)
    host = Host(environ=environment(index.url, tmp_path))
    with closing(host):
        for path in list(host.walk(Cache(host).root)):
            if "inventory" in str(path):
                path.write_bytes(b"nonsense")
    again, runs = bind(index, tmp_path)
    assert runs != []
    assert again.artifacts == first.artifacts


# --- the command line -------------------------------------------------------------------


@pytest.fixture
def folder(index, tmp_path, monkeypatch):
    monkeypatch.setenv("MOCHIC_INDEX_URL", index.url)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MOCHIC_PROBE")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def verdict_of(output: str, path: str = "box.save") -> str | None:
    (package,) = json.loads(output)["packages"]
    return next(str(each["probe"]) for each in package["items"] if each["python"] == path)


COMPILE = ("compile", "--package", "box", "--report", "json")


def test_the_command_line_looks_by_default(folder):
    assert verdict_of(mochic(*COMPILE).out) == "absent"
    assert verdict_of(mochic(*COMPILE).out) == "absent"


def test_it_says_when_it_does_not(folder):
    outcome = mochic(*COMPILE, "--no-probe")
    assert verdict_of(outcome.out) == "None"
    assert "packages were not compared with their installed form: `--no-probe` was given" in outcome.err
    (folder / "mochi.toml").write_text("[python]\nprobe = false\n")
    outcome = mochic(*COMPILE)
    assert verdict_of(outcome.out) == "None"
    assert "form: `probe` is off in mochi.toml" in outcome.err
    assert verdict_of(mochic(*COMPILE, "--probe").out) == "absent"


def test_the_environment_decides_quietly(folder, monkeypatch):
    monkeypatch.setenv("MOCHIC_PROBE", "0")
    outcome = mochic(*COMPILE)
    assert (verdict_of(outcome.out), outcome.err) == ("None", "")
    assert verdict_of(mochic(*COMPILE, "--probe").out) == "absent"


def test_a_report_shows_verdicts(folder):
    assert "at run time: exists" in mochic("report", "box").out
    assert "at run time       not compared\n" in mochic("report", "box", "--no-probe").out


# --- binding ----------------------------------------------------------------------------

KINDS = {
    ParamKind.POSITIONAL_ONLY: inspect.Parameter.POSITIONAL_ONLY,
    ParamKind.POSITIONAL_OR_KEYWORD: inspect.Parameter.POSITIONAL_OR_KEYWORD,
    ParamKind.VAR_POSITIONAL: inspect.Parameter.VAR_POSITIONAL,
    ParamKind.KEYWORD_ONLY: inspect.Parameter.KEYWORD_ONLY,
    ParamKind.VAR_KEYWORD: inspect.Parameter.VAR_KEYWORD,
}


@st.composite
def signatures(draw: st.DrawFn) -> tuple[RuntimeParam, ...]:
    names = iter("abcdefgh")
    counts = [draw(st.integers(0, most)) for most in (2, 2, 1, 2, 1)]
    params: list[RuntimeParam] = []
    optional = False
    for kind, count in zip(KINDS, counts, strict=True):
        for _ in range(count):
            if kind is ParamKind.KEYWORD_ONLY:
                has_default = draw(st.booleans())
            else:
                has_default = optional = optional or draw(st.booleans())
            gathers = kind in (ParamKind.VAR_POSITIONAL, ParamKind.VAR_KEYWORD)
            params.append(RuntimeParam(next(names), kind, has_default and not gathers))
    return tuple(params)


@given(signatures(), st.integers(0, 5), st.sets(st.sampled_from("abcdefghx"), max_size=4))
def test_binding_agrees_with_python(params, positional, keywords):
    shown = [
        inspect.Parameter(
            each.name, KINDS[each.kind], default=0 if each.optional else inspect.Parameter.empty
        )
        for each in params
    ]
    scope: dict[str, Callable[..., None]] = {}
    exec(f"def call{inspect.Signature(shown)}: ...", scope)
    try:
        scope["call"](*range(positional), **dict.fromkeys(keywords, 0))
    except TypeError:
        binds = False
    else:
        binds = True
    assert (find_misfit(params, positional, sorted(keywords)) == "") is binds
