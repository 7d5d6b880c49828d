"""The Go package of a workspace: formatted, vetted, and called."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import casefile
import embedding
import go_toolchain
import pytest
from test_backends import EMIT, read_package

from mochic_py.backends.go_names import exported_names, local_names, package_name
from mochic_py.backends.workspace import ALL_KINDS, WorkspaceMember, WorkspaceOptions, plan_workspace


@pytest.fixture(scope="module")
def gofmt() -> Path:
    try:
        return go_toolchain.gofmt()
    except go_toolchain.NoGoError as error:
        pytest.skip(str(error))


def unformatted(gofmt: Path, place: Path) -> str:
    done = subprocess.run([gofmt, "-l", place], capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout


def test_packages_are_formatted_as_gofmt_would(gofmt: Path, tmp_path: Path) -> None:
    for number, case in enumerate(casefile.read_cases(casefile.GOLDEN / "backends" / "go_package.md")):
        text = EMIT["go_package"](read_package(case.blocks["input"]))
        (tmp_path / f"case{number}.go").write_text(text, "utf-8")
    assert unformatted(gofmt, tmp_path) == ""


def test_the_runtime_is_formatted_as_gofmt_would(gofmt: Path) -> None:
    assert unformatted(gofmt, embedding.LIBRARY) + unformatted(gofmt, embedding.SOURCES) == ""


@pytest.mark.slow
def test_packages_pass_vet(tmp_path: Path) -> None:
    members = []
    for case in casefile.read_cases(casefile.GOLDEN / "backends" / "go_package.md"):
        package = read_package(case.blocks["input"])
        members.append(WorkspaceMember(package, f"{package.import_names[0]}{len(members)}"))
    for artifact in plan_workspace(members, options=WorkspaceOptions(emit=ALL_KINDS | {"go"})):
        path = tmp_path / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
    done = embedding.run_go(["vet", "./..."], tmp_path / "python_workspace" / "go")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("version", embedding.VERSIONS)
def test_calls_from_go(version: str, tmp_path: Path) -> None:
    workspace = embedding.make_workspace(tmp_path, embedding.require_python(version))
    folder = workspace / "go" / "shop_test"
    folder.mkdir()
    shutil.copy(embedding.SOURCES / "shop_test.go", folder)
    done = embedding.run_go(["test", "./shop_test"], folder.parent, WORKSPACE=str(workspace))
    assert done.returncode == 0, done.stdout + done.stderr


def test_names_of_go_are_one_for_each_name() -> None:
    types = ["Client", "Client_State", "ClientState"]
    functions = ["Client_new", "client", "log_one_p", "get_", "get", "_2d", "ClientNew"]
    assert exported_names(types, functions) == {
        "Client": "Client",
        "Client_State": "ClientState_Client_State",
        "ClientState": "ClientState_ClientState",
        "Client_new": "ClientNew_Client_new",
        "client": "Client_client",
        "log_one_p": "LogOneP",
        "get_": "Get_get_",
        "get": "Get_get",
        "_2d": "X2d",
        "ClientNew": "ClientNew_ClientNew",
    }


def test_parameters_have_no_reserved_names() -> None:
    names = ["type", "TOML_text", "call", "a_b", "aB", "URL", "string"]
    assert local_names(names) == ["type_", "tomlText", "call_", "aB", "aB_", "url", "string_"]


@pytest.mark.parametrize(
    ("alias", "package"),
    [("np", "np"), ("internal", "py_internal"), ("_private", "py_private"), ("type", "py_type")],
)
def test_packages_have_names_that_go_takes(alias: str, package: str) -> None:
    assert package_name(alias) == package
