"""`mochic_py.compile`: values in, values out; what the command line writes, from any thread."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from index_server import Index, build_wheel, offer, serve
from local_packages import BARE, make_host, mochic, read_tree

import mochic_py
from mochic_py import PackageRequest, Request, Result, SourceFile, Target
from mochic_py.compiler.host import Host
from mochic_py.compiler.output import RECORD
from mochic_py.compiler.report import build_report
from mochic_py.compiler.request import Emit
from mochic_py.ir.diagnostics import InternalError, Severity

PROGRAM = SourceFile("app.mochi", 'import python "shapes@>=1" as shapes\nimport python "tally" as t\n')


@pytest.fixture
def host(packages: Index, shared_cache: Path) -> Iterator[Host]:
    """A host that knows only the local index."""
    with contextlib.closing(make_host(packages.url, shared_cache)) as host:
        yield host


def test_it_gives_the_bytes_of_the_command_line(host: Host, desk: Path) -> None:
    emit = frozenset(Emit)
    result = mochic_py.compile(Request(programs=(PROGRAM,), emit=emit), host)
    assert result.ok
    (desk / PROGRAM.path).write_text(PROGRAM.text, "utf-8")
    kinds = ",".join(kind.value for kind in Emit)
    outcome = mochic("compile", PROGRAM.path, "-o", "out", "--emit", kinds)
    assert outcome.code == 0
    written = read_tree(desk / "out")
    del written[RECORD]
    assert {artifact.path: artifact.content for artifact in result.artifacts} == written
    assert [artifact.path for artifact in result.artifacts] == sorted(written)
    assert [package.binding.alias for package in result.packages] == ["shapes", "t"]


def test_it_prints_nothing_and_writes_only_the_cache(
    packages: Index, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for request in (
        Request(programs=(PROGRAM,), jobs=2),
        Request(programs=(PROGRAM,), strict=True),
        Request(packages=(PackageRequest("no-such"), PackageRequest("@@"))),
        Request(programs=(PROGRAM,), pipeline="nonsense"),
        Request(programs=(PROGRAM,), manifest=SourceFile("mochi.toml", "[")),
    ):
        with contextlib.closing(make_host(packages.url, tmp_path / "cache")) as host:
            mochic_py.compile(request, host)
    assert capfd.readouterr() == ("", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "work"]
    assert list((tmp_path / "work").iterdir()) == []


def test_several_threads_may_compile_at_once(packages: Index, tmp_path: Path) -> None:
    requests = [
        Request(packages=(PackageRequest("shapes", alias),), target=Target("linux-x86_64", (3, minor)))
        for alias in ("one", "two", "three")
        for minor in (12, 13)
    ]
    with contextlib.closing(make_host(packages.url, tmp_path / "alone")) as host:
        alone = [mochic_py.compile(each, host) for each in requests]
    with (
        contextlib.closing(make_host(packages.url, tmp_path / "shared")) as host,
        ThreadPoolExecutor(6) as pool,
    ):
        together = list(pool.map(lambda each: mochic_py.compile(each, host), requests * 2))
    assert [_comparable(result) for result in together] == [_comparable(result) for result in alone * 2]


def _comparable(result: Result) -> object:
    return result.artifacts, {**build_report(result), "seconds": 0}


def test_what_the_user_wrote_wrongly_is_a_diagnostic(host: Host) -> None:
    program = SourceFile(
        "app.mochi",
        'import python "tally@nonsense" as tally\nimport python "json" as j\nimport python "match"\n',
    )
    result = mochic_py.compile(Request(programs=(program,)), host)
    assert not result.ok
    assert (result.packages, result.artifacts) == ((), ())
    found = [(d.code.code, d.severity, str(d.span)) for d in result.diagnostics]
    assert ("PY112", Severity.ERROR, "app.mochi:1:22") in found
    assert ("PY117", Severity.WARNING, "app.mochi:2:15") in found
    assert result.sources["app.mochi"] is program


def test_nothing_asked_for_gives_nothing(host: Host) -> None:
    result = mochic_py.compile(Request(), host)
    assert (result.ok, result.packages, result.artifacts, result.diagnostics) == (True, (), (), ())


def test_one_distribution_under_two_aliases_is_resolved_once(host: Host) -> None:
    program = SourceFile("app.mochi", 'import python "shapes@<1.2" as a\nimport python "shapes" as b\n')
    result = mochic_py.compile(Request(programs=(program,)), host)
    assert [(p.binding.alias, p.pin.version) for p in result.packages] == [("a", "1.0.0"), ("b", "1.0.0")]
    first, second = (p.package for p in result.packages)
    assert first == second


def test_a_syntax_error_in_a_stub_is_shown_in_the_stub(tmp_path: Path) -> None:
    stub = b"def good(x: int) -> int: ...\ndef bad(x: int ->: ...\ndef twice(x: int, x: str) -> int: ...\n"
    with serve() as index:
        files = {"broken/__init__.pyi": stub, "broken/py.typed": b""}
        offer(index, build_wheel("broken", "1.0", files=files))
        host = make_host(index.url, tmp_path)
        result = mochic_py.compile(Request(packages=(PackageRequest("broken"),)), host)
        host.close()
    assert result.ok
    places = {str(d.span) for d in result.diagnostics if d.code.code == "PY201"}
    assert any(place.startswith("broken/__init__.pyi:2:") for place in places)
    assert "broken/__init__.pyi:3:19" in places
    assert result.sources["broken/__init__.pyi"].text == stub.decode()
    assert "good" in {item["mochi"] for item in result.packages[0].report["items"]}


def test_stub_distributions_are_found_for_untyped_packages(tmp_path: Path) -> None:
    with serve() as index:
        offer(index, build_wheel("guess", "1.0", files={"guess.py": BARE}))
        typed = b"def guess(x: int, y: int = ...) -> int: ...\n"
        offer(index, build_wheel("types-guess", "1.0.1", files={"guess-stubs/__init__.pyi": typed}))
        host = make_host(index.url, tmp_path)
        result = mochic_py.compile(Request(packages=(PackageRequest("guess"),)), host)
        host.close()
    assert result.ok
    assert [package.report["tier"] for package in result.packages] == ["stubs"]
    (item,) = result.packages[0].report["items"]
    assert item["declaration"] == "extern python fun guess(x: int): int"


def test_in_strict_mode_parameters_are_sum_types(tmp_path: Path) -> None:
    source = b"""
from typing import Literal, overload
def wait(until: bool | Literal["auto"]) -> None: ...
def open(mode: Literal["r"] | list[Literal["w"]] | None = None) -> None: ...
def every(names: list[str] | list[Literal["all"]]) -> None: ...
def only(mode: Literal["r", "w"]) -> bool | str: ...
@overload
def add(x: int) -> int: ...
@overload
def add(x: str) -> int: ...
@overload
def add(x: int, y: Literal["auto"] | bool) -> int: ...
"""
    with serve() as index:
        offer(index, build_wheel("choosy", "1.0", files={"choosy.pyi": source, "choosy.py": b""}))
        host = make_host(index.url, tmp_path)
        result = mochic_py.compile(Request(packages=(PackageRequest("choosy"),), strict=True), host)
        host.close()
    assert result.ok
    (shim,) = (each.content.decode() for each in result.artifacts if each.path.endswith("_shim.mochi"))
    assert [line for line in shim.splitlines() if line.startswith("extern python fun")] == [
        "extern python fun add_(x: int): int",
        "extern python fun add_with(x: int, options: map<string, any>): int",
        "extern python fun add_string(x: string): int",
        "extern python fun every(names: list<string>): unit",
        "extern python fun only(mode: string): BoolOrString",
        "extern python fun open(): unit",
        "extern python fun open_with(options: map<string, any>): unit",
        "extern python fun wait(until: BoolOrString): unit",
    ]
    assert "//   y: BoolOrString = ...\n" in shim
    assert "//   mode: StringOrStringList? = None\n" in shim


def test_a_broken_invariant_is_an_exception(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from mochic_py.passes.plan_calls import PlanCalls

    def break_down(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(PlanCalls, "run", break_down)
    with pytest.raises(InternalError, match="pass `plan-calls` raised"):
        mochic_py.compile(Request(programs=(PROGRAM,)), host)


def test_a_host_of_its_own_is_closed(desk: Path) -> None:
    # An open connection would be reported when it is collected, as warnings are errors here.
    result = mochic_py.compile(Request(packages=(PackageRequest("bare"),)))
    assert result.ok


@pytest.mark.parametrize("jobs", [1, 2])
def test_all_of_a_compilation_uses_the_host_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    stub = b"import ssl\ndef unlock(password: ssl._PasswordType) -> int: ...\n"
    with serve() as index:
        for name in ("one", "two"):
            offer(
                index, build_wheel(name, "1.0", files={f"{name}/__init__.pyi": stub, f"{name}/py.typed": b""})
            )
        packages = (PackageRequest("one"), PackageRequest("two"))
        with contextlib.closing(make_host(index.url, tmp_path / "own")) as host:
            result = mochic_py.compile(Request(packages=packages, jobs=jobs), host)
        asked = [line for line in index.log if "typeshed" in line]
    assert result.ok
    assert asked, "the types of the standard library are looked for, on the index of the host"
    assert not (tmp_path / "other").exists()


def test_an_auto_import_that_shares_names_is_warned_of(host: Host) -> None:
    text = 'import python "tally" auto\nimport python "shapes" auto\nfun tally(x: int): int { return x }\n'
    quiet = 'import python "tally" auto\nimport python "shapes" as s\n'
    program, other = SourceFile("app.mochi", text), SourceFile("other.mochi", quiet)
    result = mochic_py.compile(Request(programs=(program, other)), host)
    assert [(d.code.code, str(d.span)) for d in result.diagnostics] == [("PY106", "app.mochi:1:1")]
    assert result.ok
