"""Eight threads, a Python without the GIL, and wrappers of packages that need it and that do not.

`freethread_child.py` holds what runs there. `frail` is a module in C that loses counts when threads
meet in it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from contextlib import closing
from io import BytesIO
from pathlib import Path

import freethreaded
import pytest
from index_server import build_wheel, offer, serve
from local_packages import make_host

import mochic_py
from mochic_py.ir.dist import Target
from mochic_py.ir.source import SourceFile

pytestmark = [pytest.mark.freethreaded, pytest.mark.slow]

HERE = Path(__file__).parent
CHILD = HERE / "freethread_child.py"
LINK = HERE.parent / "runtime" / "_mochi_link.py"
TARGET = Target(python=(3, 13), free_threaded=True)
FORBIDDEN = {"PYTHON_GIL": "0"}

STUB = b"""from typing import Callable

def bump(count: int) -> int: ...
def total() -> int: ...
def apply(function: Callable[[int], int], value: int) -> int: ...
def give() -> Callable[[int], int]: ...
async def slowly(turns: int) -> int: ...
"""
SOURCE = b"""import asyncio
from ._core import apply, bump, give, total

async def slowly(turns):
    for _ in range(turns):
        bump(1)
        await asyncio.sleep(0)
    return turns
"""


def run(task: str, folder: Path, environ: Mapping[str, str] = FORBIDDEN) -> dict[str, object]:
    """Run a task of the child beside the wrappers and packages in `folder`; return what it found."""
    places = [folder / "python_workspace", folder / "site"]
    places += (folder / "python_workspace").glob(".venv/lib/*/site-packages")
    path = ":".join(map(str, places))
    printed = freethreaded.run_python([str(CHILD), task], {"PYTHONPATH": path, **environ})
    found: dict[str, object] = json.loads(printed.splitlines()[-1])
    return found


def compile_module(name: str, gil: str, folder: Path) -> bytes:
    """Return `_core` of package `name`, which says `gil` of the GIL."""
    place = "import sysconfig; print(sysconfig.get_path('include'))"
    include = freethreaded.run_python(["-c", place]).strip()
    module = folder / "_core.so"
    flags = ["-O2", "-shared", "-fPIC", f"-I{include}", f"-DGIL={gil}", f'-DPACKAGE="{name}"']
    subprocess.run(["cc", *flags, str(HERE / "data" / "frail" / "_core.c"), "-o", str(module)], check=True)
    return module.read_bytes()


def bind(folder: Path, gil: str, manifest: str = "") -> Path:
    """Compile wrappers for `frail` and `brittle`, put the packages beside them; return `folder`."""
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    names = ("frail", "brittle")
    with serve() as index:
        for name in names:
            files = {
                f"{name}/__init__.py": SOURCE,
                f"{name}/__init__.pyi": STUB,
                f"{name}/py.typed": b"",
                f"{name}/_core.cpython-313t-x86_64-linux-gnu.so": compile_module(name, gil, folder),
            }
            built = build_wheel(name, "1.0", files=files, tag="cp313-cp313t-manylinux_2_17_x86_64")
            offer(index, built)
            zipfile.ZipFile(BytesIO(built.content)).extractall(folder / "site")
        request = mochic_py.Request(
            packages=tuple(map(mochic_py.PackageRequest, names)),
            manifest=SourceFile("mochi.toml", manifest) if manifest else None,
            target=TARGET,
        )
        with closing(make_host(index.url, folder / "cache")) as host:
            result = mochic_py.compile(request, host)
    assert result.ok, result.diagnostics
    for artifact in result.artifacts:
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
    return folder


@pytest.fixture(scope="module")
def frail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two packages that need the GIL."""
    return bind(tmp_path_factory.mktemp("frail"), "Py_MOD_GIL_USED")


@pytest.fixture(scope="module")
def denied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two packages that say they do without the GIL, and do not."""
    manifest = '[python]\nfreethread-deny-list = ["frail", "brittle"]\n'
    return bind(tmp_path_factory.mktemp("denied"), "Py_MOD_GIL_NOT_USED", manifest)


def test_without_locks_counts_are_lost(frail: Path) -> None:
    """The other tests can fail."""
    found = run("count_directly", frail)
    assert found["gil"] is False
    assert found["total"] < found["expected"]


@pytest.mark.parametrize("task", ["count", "fail", "call_back", "cross", "call_given", "await_"])
def test_nothing_is_lost_under_locks(task: str, frail: Path) -> None:
    found = run(task, frail)
    assert found["gil"] is False
    assert found["total"] == found["expected"]
    if task == "fail":
        assert found["failed"] == 8 * 300 * 2


@pytest.mark.parametrize("task", ["count", "call_back", "cross"])
def test_where_the_gil_comes_back_there_is_no_lock(task: str, frail: Path) -> None:
    """The interpreter turns the GIL on for the package and says so; the wrapper adds nothing to that."""
    found = run(task, frail, {})
    assert found["gil"] is True
    assert found["warned"]
    if task == "count":
        assert found["lock"] is False
        assert found["total"] == found["expected"]


def test_distributions_that_are_not_trusted_are_locked_always(denied: Path) -> None:
    found = run("count", denied, {})
    assert (found["gil"], found["lock"]) == (False, True)
    assert found["total"] == found["expected"]
    assert run("count", denied, {"PYTHON_GIL": "1"})["lock"] is False


# --- real packages ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with packages that do without the GIL, installed from the index."""
    folder = tmp_path_factory.mktemp("real")
    packages = ("tomli", "attrs", "msgpack", "numpy<2.5")
    options = [option for package in packages for option in ("--package", package)]
    options += ["-o", str(folder), "--python", "3.13t"]
    for command in (("compile",), ("pkg", "install")):
        done = subprocess.run(
            [sys.executable, "-m", "mochic_py", *command, *options],
            env=freethreaded.with_path(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    shutil.copy(LINK, folder / "python_workspace")
    return folder


@pytest.mark.network
@pytest.mark.parametrize("forbidden", [False, True])
def test_packages_that_do_without_the_gil(real: Path, forbidden: bool) -> None:
    found = run("use_safe_packages", real, FORBIDDEN if forbidden else {})
    assert found.pop("wrappers"), "the wrapper, and parts of it that were used"
    assert found == {"gil": False, "calls": [150 * 4] * 8, "locked": [], "warned": []}


@pytest.mark.network
def test_handles_are_released_from_any_thread(real: Path) -> None:
    found = run("release_anywhere", real, {})
    assert found == {"alive": 0, "handles": 0, "distinct": 8 * 2000, "gil": False, "warned": []}
