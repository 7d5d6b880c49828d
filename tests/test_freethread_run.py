"""`pkg run --runtime=free-threaded`: calls in a Python without the GIL, and what is said where none is."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import freethreaded
import pytest
from index_server import Index, build_wheel, offer, serve
from local_packages import Outcome, mochic

from mochic_py.compiler import run_workspace
from mochic_py.compiler.install import Interpreter

FREE = freethreaded.find()
"""The interpreter; these tests have a cache of their own, where it is not."""
# While any thread loads an extension module, the GIL is on; this waits for that to be over.
TELL = b"""import sys, time

def has_gil() -> bool:
    for _ in range(100):
        if not sys._is_gil_enabled():
            return False
        time.sleep(0.005)
    return True
"""
SOURCE = """
#include <Python.h>
static PyObject *one(PyObject *self, PyObject *none) { return PyLong_FromLong(1); }
static PyMethodDef methods[] = {{"one", one, METH_NOARGS, NULL}, {NULL}};
static PyModuleDef_Slot slots[] = {{Py_mod_gil, %s}, {0, NULL}};
static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_core", NULL, 0, methods, slots};
PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&def); }
"""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index with `tell`, an empty cache, and an empty working folder."""
    with serve() as index:
        offer(index, build_wheel("tell", "1.0", files={"tell/__init__.py": TELL, "tell/py.typed": b""}))
        monkeypatch.setenv("MOCHIC_INDEX_URL", index.url)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.delenv("PYTHON_GIL", raising=False)
        (tmp_path / "work").mkdir()
        monkeypatch.chdir(tmp_path / "work")
        yield index


@pytest.fixture
def on_path(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the interpreter without the GIL, and no other one to look through, where PATH finds it."""
    if FREE is None:
        pytest.skip("there is no free-threaded Python; `make freethreaded` builds one")

    def find(python: tuple[int, int], free_threaded: bool = False) -> Interpreter | None:
        return Interpreter(str(FREE), python) if free_threaded and python == (3, 13) else None

    monkeypatch.setenv(freethreaded.CHOSEN, str(FREE))
    monkeypatch.setattr("mochic_py.compiler.run_workspace.find_interpreter", find)
    monkeypatch.setattr("mochic_py.compiler.install.find_interpreter", find)


def run(*arguments: str) -> Outcome:
    return mochic("pkg", "run", "--color", "never", *arguments)


def core(gil: str, folder: Path) -> bytes:
    """Return a module in C that says `gil` of the GIL."""
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    include = freethreaded.run_python(
        ["-c", "import sysconfig; print(sysconfig.get_path('include'))"]
    ).strip()
    text, made = folder / "_core.c", folder / "_core.so"
    text.write_text(SOURCE % gil, "utf-8")
    subprocess.run(["cc", "-shared", "-fPIC", f"-I{include}", str(text), "-o", str(made)], check=True)
    return made.read_bytes()


def offer_compiled(index: Index, name: str, gil: str, folder: Path) -> None:
    files = {
        f"{name}/__init__.py": b"from ._core import one\n" + TELL,
        f"{name}/__init__.pyi": b"def one() -> int: ...\ndef has_gil() -> bool: ...\n",
        f"{name}/py.typed": b"",
        f"{name}/_core.cpython-313t-x86_64-linux-gnu.so": core(gil, folder),
    }
    offer(index, build_wheel(name, "1.0", files=files, tag="cp313-cp313t-manylinux_2_17_x86_64"))


def test_where_there_is_none_that_is_said(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[tuple[int, int], bool]] = []
    monkeypatch.setattr(run_workspace, "find_interpreter", lambda *what: asked.append(what))
    done = run("--runtime=free-threaded", "tell.has_gil")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "error[PY434]: no free-threaded CPython 3.13 or 3.14 is installed on this machine (no-interpreter)\n"
        "  = help: put `python3.14t` or `python3.13t` on PATH, or choose another `--runtime`\n"
    )
    assert asked == [((3, 14), True), ((3, 13), True)]


@pytest.mark.freethreaded
@pytest.mark.slow
def test_calls_run_without_the_gil(on_path: None) -> None:
    done = run("--runtime=free-threaded", "tell.has_gil")
    assert (done.code, done.out, done.err) == (0, "false\n", "")


@pytest.mark.freethreaded
@pytest.mark.slow
@pytest.mark.parametrize("mode", ["subprocess", "embedded"])
def test_a_project_asks_for_it(mode: str, on_path: None) -> None:
    text = f'[python]\nfree-threaded = true\nruntime-mode = "{mode}"\n'
    Path("mochi.toml").write_text(text, "utf-8")
    Path("app.mochi").write_text('import python "tell" as words\n', "utf-8")
    done = run("words.has_gil")
    assert (done.code, done.out) == (0, "false\n"), done.err
    assert run("tell.has_gil").out == "false\n"


@pytest.mark.freethreaded
@pytest.mark.slow
def test_packages_that_need_the_gil(index: Index, on_path: None, tmp_path: Path) -> None:
    """Refused, or allowed: Python turns the GIL on then, and where that is forbidden, calls hold a lock."""
    offer_compiled(index, "made", "Py_MOD_GIL_NOT_USED", tmp_path)
    offer_compiled(index, "needy", "Py_MOD_GIL_USED", tmp_path)
    assert run("--runtime=free-threaded", "made.has_gil").out == "false\n"
    refused = run("--runtime=free-threaded", "needy.has_gil")
    assert (refused.code, refused.out) == (1, "")
    assert "error[PY554]: `needy` is not known to do without the GIL" in refused.err
    allow = ("--runtime=free-threaded", "--allow-untested-freethread")
    allowed = run(*allow, "needy.has_gil")
    assert (allowed.code, allowed.out) == (0, "true\n")
    assert "warning[PY554]: `needy` is not known to do without the GIL" in allowed.err
    # What was allowed once is not from then on.
    assert run("--runtime=free-threaded", "needy.has_gil").code == 1
    (wrapper,) = (path for path in (tmp_path / "cache").rglob("needy_externs.py"))
    assert "module_lock" in wrapper.read_text("utf-8")


@pytest.mark.freethreaded
@pytest.mark.slow
def test_a_forbidden_gil_stays_off(
    index: Index, on_path: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_compiled(index, "needy", "Py_MOD_GIL_USED", tmp_path)
    monkeypatch.setenv("PYTHON_GIL", "0")
    done = run("--runtime=free-threaded", "--allow-untested-freethread", "--format", "json", "needy.has_gil")
    assert json.loads(done.out)["result"] is False
