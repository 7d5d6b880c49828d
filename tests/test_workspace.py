"""The workspace as artifacts: its files, its `pyproject.toml`, and the `Venv` value."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib

import casefile
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mochic_py.backends.declarations import ShimStyle
from mochic_py.backends.venv import MemberKind, SharedDependency, Venv, VenvMember
from mochic_py.backends.workspace import (
    WorkspaceMember,
    WorkspaceOptions,
    add_to_venv,
    file_stem,
    plan_workspace,
    read_runtime,
    runtime_files,
)
from mochic_py.ir.errors import BridgeError
from mochic_py.ir.items import Package
from mochic_py.ir.parser import parse_package
from mochic_py.ir.source import SourceFile

(CASE,) = casefile.read_cases(casefile.GOLDEN / "backends" / "workspace.md")


def _package(block: str) -> Package:
    package, diagnostics = parse_package(SourceFile("input.ir", CASE.blocks[block]))
    assert package is not None, diagnostics
    return package


FUNCTIONS = _package("functions")
CLASSES = _package("classes")
MEMBERS = [
    WorkspaceMember(FUNCTIONS, "fetchlib", ">=1.0,<2"),
    WorkspaceMember(evolve(CLASSES, name="some-shapes"), "s"),
]


def test_golden(update_golden: bool) -> None:
    artifacts = {artifact.path: artifact.content.decode() for artifact in plan_workspace(MEMBERS)}
    runtime = {f"python_workspace/{name}" for name in runtime_files()[1:]}
    listed = [path for path in artifacts if path not in runtime]
    casefile.check_case(CASE, "files", "\n".join(listed), update_golden)
    for block, path in [
        ("pyproject", "pyproject.toml"),
        ("gitignore", ".gitignore"),
        ("init", "python_wrap/s/__init__.py"),
    ]:
        casefile.check_case(CASE, block, artifacts[f"python_workspace/{path}"], update_golden)


def test_runtime_is_copied_byte_for_byte() -> None:
    artifacts = {artifact.path: artifact.content for artifact in plan_workspace(MEMBERS)}
    for name in runtime_files():
        assert artifacts[f"python_workspace/{name}"] == read_runtime(name).encode()


@pytest.mark.parametrize(
    ("kinds", "endings"),
    [
        ({"wrapper"}, {"__init__.py", "_externs.py", "SKIPPED.txt"}),
        ({"shim"}, {"_shim.mochi", "SKIPPED.txt"}),
        ({"symbols", "pyi"}, {"_symbols.json", "_externs.pyi", "SKIPPED.txt"}),
    ],
)
def test_only_what_is_asked_for_is_emitted(kinds: set[str], endings: set[str]) -> None:
    options = WorkspaceOptions(emit=frozenset(kinds))
    paths = [a.path for a in plan_workspace(MEMBERS[:1], options=options) if "/python_wrap/" in a.path]
    assert len(paths) == len(endings)
    assert all(any(path.endswith(ending) for ending in endings) for path in paths)


@pytest.mark.parametrize("style", ShimStyle)
def test_style_of_the_shim(style: ShimStyle) -> None:
    (shim,) = [
        artifact.content.decode()
        for artifact in plan_workspace(MEMBERS[:1], options=WorkspaceOptions(style=style))
        if artifact.path.endswith("_shim.mochi")
    ]
    assert shim.startswith(f"// fetchlib 1.2.0 as fetchlib: {style.value} shim.")


def test_two_members_cannot_share_an_alias() -> None:
    clash = [MEMBERS[0], WorkspaceMember(CLASSES, "fetchlib")]
    with pytest.raises(BridgeError, match=r"^venv: two members of the workspace at 'python_wrap/fetchlib'$"):
        plan_workspace(clash)


def test_one_distribution_under_two_aliases_is_one_dependency() -> None:
    venv = Venv()
    for alias in ("a", "b"):
        venv = add_to_venv(venv, WorkspaceMember(FUNCTIONS, alias, ">=1"))
    assert [member.path for member in venv.members] == ["python_wrap/a", "python_wrap/b"]
    assert venv.dependencies == (SharedDependency("fetchlib", ">=1"),)


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "import sys, hashlib; sys.path.insert(0, 'tests'); import test_workspace as t; "
        "files = [(a.path, a.content) for a in t.plan_workspace(t.MEMBERS)]; "
        "print(hashlib.sha256(repr(files).encode()).hexdigest())"
    )
    root = casefile.GOLDEN.parent
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("distribution", "stem"), [("httpx", "httpx"), ("scikit-learn", "scikit_learn"), ("2to3", "_2to3")]
)
def test_file_stem(distribution: str, stem: str) -> None:
    assert file_stem(distribution) == stem


# --- Venv -------------------------------------------------------------------------------


def test_defaults() -> None:
    venv = Venv()
    venv.validate()
    document = tomllib.loads(venv.render_pyproject_toml())
    assert document["build-system"] == {
        "requires": ["setuptools>=68"],
        "build-backend": "setuptools.build_meta",
    }
    assert document["project"]["requires-python"] == ">=3.12,<3.15"
    assert document["project"]["dependencies"] == []
    assert document["python"] == {
        "implementation": "cpython",
        "runtime-mode": "embedded",
        "async-mode": "per-call",
        "free-threaded": False,
        "stubgen-fallback": True,
        "sidecar-glob": "*_externs.py",
        "wrappers": {},
        "members": {},
    }


def test_members_are_sorted_and_kept_once() -> None:
    first, second = VenvMember("b", "wrap/b"), VenvMember("app", "app", MemberKind.USER)
    venv = Venv().add_member(first).add_member(second).add_member(first)
    assert venv.members == (second, first)
    document = tomllib.loads(venv.render_pyproject_toml())["python"]
    assert document["wrappers"] == {"b": "wrap/b"}
    assert document["members"] == {"app": "user", "wrap/b": "wrapper"}


def test_a_dependency_replaces_the_earlier_one() -> None:
    venv = Venv().add_shared_dep("b", ">=1").add_shared_dep("a").add_shared_dep("b", ">=2")
    assert [str(dep) for dep in venv.dependencies] == ["a", "b>=2"]


@pytest.mark.parametrize(
    ("venv", "message"),
    [
        (
            Venv(implementation="jython"),
            "unknown implementation 'jython': expected one of cpython, pypy, graalpy",
        ),
        (Venv(runtime_mode="remote"), "unknown runtime-mode 'remote': expected one of embedded, subprocess"),
        (Venv(async_mode="never"), "unknown async-mode 'never': expected one of per-call, persistent"),
        (Venv(members=(VenvMember("a", "x"), VenvMember("b", "x"))), "two members of the workspace at 'x'"),
        (Venv(members=(VenvMember("", "x"),)), "a member of the workspace needs a name and a path: "),
        (Venv(dependencies=(SharedDependency(""),)), "a shared dependency needs a name"),
    ],
)
def test_validate_refuses(venv: Venv, message: str) -> None:
    with pytest.raises(BridgeError) as caught:
        venv.validate()
    assert str(caught.value).startswith(f"venv: {message}")


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=4),
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.just(""), max_size=4),
)
def test_pyproject_is_read_back(aliases: list[str], dependencies: dict[str, str]) -> None:
    venv = Venv()
    for alias in aliases:
        venv = venv.add_member(VenvMember(alias, f"wrap/{alias}"))
    for name in dependencies:
        venv = venv.add_shared_dep(name)
    document = tomllib.loads(venv.render_pyproject_toml())
    assert document["python"]["wrappers"] == {alias: f"wrap/{alias}" for alias in aliases}
    assert document["project"]["dependencies"] == sorted(dependencies)
