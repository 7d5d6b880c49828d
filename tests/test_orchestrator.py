"""`Orchestrator`, as seed phase 8 describes it."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest
from local_packages import read_tree

from mochic_py import BridgeError, BuildRequest, BuildTarget, DiagnosticError, Driver, Host, Orchestrator
from mochic_py.backends.venv import MemberKind, SharedDependency
from mochic_py.backends.workspace import WorkspaceOptions, runtime_files
from mochic_py.compiler.lower import LowerSettings
from mochic_py.ir.dist import GitSource, IndexRequest, PathSource, RegistryRequest, RequestSource, Requirement
from mochic_py.ir.refusals import SkipReason
from mochic_py.passes.context import PassOptions

CLIENT = """
class Response:
    status_code: int
def get(url: str, *, timeout: float = 5.0) -> Response: ...
async def fetch(url: str) -> bytes: ...
def raw(value: int | str | bytes, hint) -> complex: ...
"""
UTIL = "def double(x: int) -> int: ...\n"


class NoFiles(Host):
    """A host that has no files: every use of them is a failure."""

    def __getattribute__(self, name: str) -> object:
        """Allow what computing needs."""
        assert name in ("clock", "environ", "base", "cpu_count", "__class__", "__dict__"), name
        return super().__getattribute__(name)


def target(alias: str, name: str, stub: str, source: RequestSource = RegistryRequest()) -> BuildTarget:  # noqa: B008
    return BuildTarget.from_stub(alias, Requirement(name, source), stub)


TWO = BuildRequest(
    (
        target("httpx", "httpx", CLIENT, RegistryRequest(">=0.27,<0.30")),
        target("u", "util", UTIL),
    )
)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (BuildRequest(()), "plan: a request needs at least one target"),
        (BuildRequest((target("", "util", UTIL),)), "plan[util]: a target needs an alias"),
        (BuildRequest((target("u", "", UTIL),)), "plan[u]: a target needs the name of a distribution"),
        (
            BuildRequest((target("u", "util", UTIL), target("u", "httpx", CLIENT))),
            "plan[u]: alias `u` is used by 2 targets",
        ),
    ],
)
def test_a_bad_request_is_refused(request_: BuildRequest, said: str, tmp_path: Path) -> None:
    driver = Driver(work_dir=tmp_path / "w", host=NoFiles())
    for act in (Orchestrator(driver).plan, Orchestrator(driver).build):
        with pytest.raises(BridgeError) as caught:
            act(request_)
        assert str(caught.value) == said
    assert not (tmp_path / "w").exists()


def test_a_driver_is_needed() -> None:
    with pytest.raises(BridgeError, match="plan: a driver is needed"):
        Orchestrator(None).plan(TWO)
    with pytest.raises(BridgeError, match="plan: a driver is needed"):
        Orchestrator(None).build(TWO)


def test_a_stub_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(DiagnosticError, match="not Python"):
        target("u", "util", "def (:\n")


def test_a_plan_touches_no_file(tmp_path: Path) -> None:
    driver = Driver(work_dir=tmp_path / "w", host=NoFiles())
    planned = Orchestrator(driver).plan(TWO)
    assert list(tmp_path.iterdir()) == []
    assert planned.written_files == ()
    assert set(planned.wrappers) == set(planned.shims) == {"httpx", "u"}
    assert [package.name for package in planned.packages] == ["httpx", "util"]
    texts = {artifact.path: artifact.content.decode() for artifact in planned.artifacts}
    for alias, stem in (("httpx", "httpx"), ("u", "util")):
        folder = f"python_workspace/python_wrap/{alias}"
        assert planned.wrappers[alias] == texts[f"{folder}/{stem}_externs.py"] != ""
        assert planned.shims[alias] == texts[f"{folder}/{stem}_shim.mochi"] != ""


def test_the_venv_has_a_member_and_a_dependency_per_target() -> None:
    venv = Orchestrator(Driver(host=NoFiles())).plan(TWO).venv
    assert [(m.name, m.path, m.kind) for m in venv.members] == [
        ("httpx", "python_wrap/httpx", MemberKind.WRAPPER),
        ("u", "python_wrap/u", MemberKind.WRAPPER),
    ]
    assert list(map(str, venv.dependencies)) == ["httpx>=0.27,<0.30", "util"]


@pytest.mark.parametrize(
    ("source", "specifier"),
    [
        (RegistryRequest(">=1"), ">=1"),
        (RegistryRequest(), ""),
        (IndexRequest("https://host/simple", "==2"), "==2"),
        (GitSource("https://host/x", "v1"), ""),
        (PathSource("../x"), ""),
    ],
)
def test_only_an_index_has_a_specifier(source: RequestSource, specifier: str) -> None:
    request = BuildRequest((target("u", "util", UTIL, source),))
    venv = Orchestrator(Driver(host=NoFiles())).plan(request).venv
    assert venv.dependencies == (SharedDependency("util", specifier),)


def test_a_build_writes_exactly_these_files(tmp_path: Path) -> None:
    result = Orchestrator(Driver(work_dir=tmp_path)).build(TWO)
    names = [
        ".gitignore",
        *runtime_files(),
        "pyproject.toml",
        "python_wrap/httpx/SKIPPED.txt",
        "python_wrap/httpx/__init__.py",
        "python_wrap/httpx/httpx_externs.py",
        "python_wrap/httpx/httpx_externs.pyi",
        "python_wrap/httpx/httpx_shim.mochi",
        "python_wrap/httpx/httpx_symbols.json",
        "python_wrap/u/__init__.py",
        "python_wrap/u/util_externs.py",
        "python_wrap/u/util_externs.pyi",
        "python_wrap/u/util_shim.mochi",
        "python_wrap/u/util_symbols.json",
    ]
    expected = [tmp_path / "python_workspace" / name for name in names]
    assert list(result.written_files) == sorted(expected)
    files = read_tree(tmp_path)
    assert sorted(tmp_path / path for path in files) == sorted(expected)
    assert files == {artifact.path: artifact.content for artifact in result.artifacts}
    root = tomllib.loads(files["python_workspace/pyproject.toml"].decode())
    assert root["python"]["wrappers"] == {"httpx": "python_wrap/httpx", "u": "python_wrap/u"}
    assert files["python_workspace/.gitignore"] == b".venv/\n__pycache__/\n*.pyc\n"
    shim = result.shims["httpx"]
    assert "extern python fun get(url: string): Response\n" in shim
    assert "extern python fun fetch_sync(url: string): bytes\n" in shim
    assert "extern python fun double(x: int): int\n" in result.shims["u"]
    for path in files:
        if path.endswith(".py"):
            compile(files[path], path, "exec")


def test_building_again_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = set()
    for _ in range(2):
        result = Orchestrator(Driver(work_dir=tmp_path)).build(TWO)
        digests.add(hashlib.sha256(result.shims["httpx"].encode()).hexdigest())
        digests.add(hashlib.sha256(repr(sorted(read_tree(tmp_path).items())).encode()).hexdigest())
    assert len(digests) == 2


def test_every_loss_is_listed(tmp_path: Path) -> None:
    driver = Driver(work_dir=tmp_path)
    loose = Orchestrator(driver).plan(TWO)
    assert {(each.path, each.reason) for each in loose.skipped} == {
        ("httpx.raw", SkipReason.NO_COMPLEX_TYPE),
        ("httpx.raw", SkipReason.UNTYPED_PACKAGE),
    }
    strict = BuildRequest(TWO.targets, LowerSettings(options=PassOptions(strict=True)))
    planned = Orchestrator(driver).build(strict)
    assert [each.path for each in planned.skipped] == ["httpx.raw"]
    skipped = tmp_path / "python_workspace/python_wrap/httpx/SKIPPED.txt"
    assert "httpx.raw: SkipUntypedPackage" in skipped.read_text("utf-8")


def test_options_choose_the_kinds_of_file(tmp_path: Path) -> None:
    request = BuildRequest((target("u", "util", UTIL),), options=WorkspaceOptions(emit=frozenset({"shim"})))
    result = Orchestrator(Driver(work_dir=tmp_path)).build(request)
    assert [path.name for path in result.written_files] == [".gitignore", "pyproject.toml", "util_shim.mochi"]
    assert result.wrappers == {"u": ""}


def test_without_a_work_folder_one_is_allocated(tmp_path: Path) -> None:
    with Driver(host=Host(environ={"TMPDIR": str(tmp_path)})) as driver:
        result = Orchestrator(driver).build(TWO)
        assert all(path.is_file() for path in result.written_files)
        assert driver.work_dir is not None
        assert result.written_files[0].is_relative_to(driver.work_dir)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "python_workspace").write_text("in the way")
    with pytest.raises(DiagnosticError, match="cannot write"):
        Orchestrator(Driver(work_dir=tmp_path)).build(TWO)
