"""Modules whose word on the GIL cannot be read from their files, imported where the GIL is off."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import freethreaded
import pytest
from elf_builder import Elf, Module
from index_server import Built, Index, build_wheel, offer, serve
from local_packages import mochic

from mochic_py.compiler import probe
from mochic_py.compiler.confirm_gil import Confirmation, witness
from mochic_py.compiler.host import Host
from mochic_py.compiler.install import Interpreter
from mochic_py.compiler.sandbox import Limits, Surroundings
from mochic_py.ir.binary import GilVerdict

FREE = freethreaded.find()
"""The interpreter; these tests have a cache of their own, where it is not."""
TAG = "cp313-cp313t-manylinux_2_17_x86_64"
SUFFIX = ".cpython-313t-x86_64-linux-gnu.so"
# Its slots are made by code, so that no reader of the file knows them.
FILLED = """
#include <Python.h>
#include <stdlib.h>
static PyModuleDef_Slot slots[3];
static struct PyModuleDef def;
PyMODINIT_FUNC PyInit__core(void) {
  %s;
  def = (struct PyModuleDef){PyModuleDef_HEAD_INIT, "_core", NULL, 0, NULL, slots};
  slots[0] = (PyModuleDef_Slot){Py_mod_gil, getenv("HOME") ? %s : NULL};
  return PyModuleDef_Init(&def);
}
"""
KINDS = {
    "free": ("", "Py_MOD_GIL_NOT_USED"),
    "needy": ("", "Py_MOD_GIL_USED"),
    "loader": ('PyImport_ImportModule("needy._core")', "Py_MOD_GIL_NOT_USED"),
    "failing": ('if (PyErr_SetString(PyExc_OSError, "no card"), 1) return NULL', "Py_MOD_GIL_USED"),
    "ending": ("_Exit(3)", "Py_MOD_GIL_NOT_USED"),
}


def compiled(kind: str, folder: Path) -> bytes:
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    include = freethreaded.run_python(
        ["-c", "import sysconfig; print(sysconfig.get_path('include'))"]
    ).strip()
    text, made = folder / f"{kind}.c", folder / f"{kind}.so"
    text.write_text(FILLED % KINDS[kind], "utf-8")
    subprocess.run(["cc", "-shared", "-fPIC", f"-I{include}", str(text), "-o", str(made)], check=True)
    return made.read_bytes()


def wheel(name: str, content: bytes, *requires: str) -> Built:
    files = {
        f"{name}/__init__.py": b"def f(x: int) -> int: return x\n",
        f"{name}/py.typed": b"",
        f"{name}/_core{SUFFIX}": content,
    }
    return build_wheel(name, "1.0", files=files, tag=TAG, requires=requires)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index with `unread`, an empty cache, an empty working folder, and no interpreter."""
    with serve() as index:
        unread = Elf((Module("unread._core", None),), imports=("PyModuleDef_Init",)).build()
        offer(index, wheel("unread", unread))
        monkeypatch.setenv("MOCHIC_INDEX_URL", index.url)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setattr(probe, "find_interpreter", lambda *_: None)
        (tmp_path / "work").mkdir()
        monkeypatch.chdir(tmp_path / "work")
        yield index


@pytest.fixture
def interpreter(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the interpreter without the GIL installed."""
    if FREE is None:
        pytest.skip("there is no free-threaded Python; `make freethreaded` builds one")
    found = Interpreter(str(FREE), (3, 13))
    monkeypatch.setenv(freethreaded.CHOSEN, str(FREE))
    monkeypatch.setattr(probe, "find_interpreter", lambda python, free: found if python == (3, 13) else None)


# --- where no Python can say ------------------------------------------------------------


def test_an_audit_says_that_nothing_was_confirmed(index: Index) -> None:
    done = mochic("pkg", "audit", "--confirm", "unread", "--python", "3.13t", "--color", "never")
    assert "GIL       unknown (1 modules)" in done.out
    assert (
        "warning[PY555]: nobody knows whether `unread._core` of `unread-1.0-cp313-cp313t-manylinux"
        "_2_17_x86_64.whl` needs the GIL: no CPython 3.13t is installed here to import it (gil-unconfirmed)"
    ) in done.err
    done = mochic("pkg", "audit", "--confirm", "unread", "--python", "3.13t", "--format", "json")
    reason = "no CPython 3.13t is installed here to import it"
    assert json.loads(done.out)["confirmed"] == {"unread._core": {"verdict": "unknown", "reason": reason}}


def test_an_audit_confirms_when_asked(index: Index) -> None:
    done = mochic("pkg", "audit", "unread", "--python", "3.13t", "--format", "json")
    assert "confirmed" not in json.loads(done.out)


def test_wheels_for_the_gil_cannot_be_confirmed(index: Index) -> None:
    content = Elf((Module("other._core", None),), imports=("PyModuleDef_Init",)).build()
    files = {"other/__init__.py": b"", "other/_core.cpython-313-x86_64-linux-gnu.so": content}
    built = build_wheel("other", "1.0", files=files, tag="cp313-cp313-manylinux_2_17_x86_64")
    Path(built.filename).write_bytes(built.content)
    done = mochic("pkg", "audit", "--confirm", "--wheel", built.filename, "--color", "never")
    assert "its wheel is not for a Python without the GIL on this machine" in done.err


MANIFEST = "[python]\nfree-threaded = true\n[python.capabilities]\nc-extension = true\n"
HERE = ("--target", "linux-x86_64", "--color", "never")


def lock(program: str, *arguments: str) -> tuple[int, str, Mapping[str, Mapping[str, object]]]:
    Path("mochi.toml").write_text(MANIFEST, "utf-8")
    Path("app.mochi").write_text(program, "utf-8")
    done = mochic("pkg", "lock", *HERE, *arguments)
    text = Path("mochi.lock").read_text("utf-8") if Path("mochi.lock").exists() else ""
    return done.code, done.err, {each["name"]: each for each in tomllib.loads(text).get("python-package", ())}


def test_what_cannot_be_confirmed_stays_unknown(index: Index) -> None:
    program = 'import python "unread" as unread\n'
    code, told, packages = lock(program, "--confirm-freethread", "--allow-untested-freethread")
    assert code == 0, told
    assert "warning[PY555]: nobody knows whether `unread._core` of `unread` needs the GIL" in told
    assert (packages["unread"]["gil"], "gil-confirmed" in packages["unread"]) == ("unknown", False)
    assert lock(program, "--confirm-freethread")[0] == 1


# --- with a Python without the GIL ------------------------------------------------------


@pytest.mark.freethreaded
@pytest.mark.slow
def test_what_importing_shows(interpreter: None, tmp_path: Path) -> None:
    site = tmp_path / "site"
    for kind in KINDS:
        (site / kind).mkdir(parents=True)
        (site / kind / f"_core{SUFFIX}").write_bytes(compiled(kind, tmp_path))
    around = Surroundings(str(FREE), (str(site),), (), "")
    host = Host()
    found = {kind: witness(f"{kind}._core", around, host) for kind in KINDS}
    unknown = GilVerdict.UNKNOWN
    assert found == {
        "free": Confirmation("free._core", GilVerdict.NOT_USED),
        "needy": Confirmation("needy._core", GilVerdict.USED),
        "loader": Confirmation(
            "loader._core", unknown, "importing it loads `needy._core`, which turns the GIL on"
        ),
        "failing": Confirmation("failing._core", unknown, "it cannot be imported: OSError: no card"),
        "ending": Confirmation("ending._core", unknown, "importing it ended the process with status 3"),
    }
    slow = witness("time_is_out", around, host, Limits(wall=0.001))
    assert (slow.verdict, bool(slow.reason)) == (unknown, True)
    host.close()


@pytest.mark.freethreaded
@pytest.mark.slow
def test_a_python_with_the_gil_shows_nothing(tmp_path: Path) -> None:
    import sys

    host = Host()
    found = witness("json", Surroundings(sys.executable, (), (), ""), host)
    host.close()
    assert found.reason == "the Python that imported it has the GIL on from the start"


@pytest.mark.freethreaded
@pytest.mark.slow
def test_an_audit_shows_what_was_seen(interpreter: None, index: Index, tmp_path: Path) -> None:
    offer(index, wheel("needy", compiled("needy", tmp_path)))
    offer(index, wheel("loader", compiled("loader", tmp_path), "needy"))
    built = wheel("free", compiled("free", tmp_path))
    Path(built.filename).write_bytes(built.content)
    done = mochic("pkg", "audit", "--confirm", built.filename, "--color", "never")
    assert (
        "  GIL       unknown (1 modules)\n            free._core is not_used, as importing it shows\n"
        in done.out
    )
    done = mochic("pkg", "audit", "--confirm", "--python", "3.13t", "needy", "loader", "--color", "never")
    assert "needy._core is used, as importing it shows\n" in done.out
    assert "importing it loads `needy._core`, which turns the GIL on" in done.err


@pytest.mark.freethreaded
@pytest.mark.slow
def test_a_lock_keeps_what_was_seen(
    interpreter: None, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Confirmed once, a package is made for such a Python, without the interpreter too, and has no locks."""
    offer(index, wheel("free", compiled("free", tmp_path)))
    program = 'import python "free" as free\n'
    code, told, _ = lock(program)
    assert (code, "module `free._core` says what it does with the GIL only when it runs" in told) == (1, True)
    code, told, packages = lock(program, "--confirm-freethread")
    assert code == 0, told
    assert packages["free"]["gil-modules"] == ["free._core not_used"]
    assert packages["free"]["gil-confirmed"] == ["free._core"]
    monkeypatch.setattr(probe, "find_interpreter", lambda *_: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    assert lock(program)[2] == packages
    done = mochic("compile", "app.mochi", *HERE, "--no-probe", "-o", "out")
    assert done.code == 0, done.err
    (wrapper,) = Path("out").rglob("free_externs.py")
    assert "module_lock" not in wrapper.read_text("utf-8")
    done = mochic("pkg", "lock", "--check", "-o", "out", "--color", "never")
    assert (done.code, done.out) == (0, ""), done.err
    text = Path("mochi.lock").read_text("utf-8")
    Path("mochi.lock").write_text(text.replace('gil-confirmed = ["free._core"]\n', ""), "utf-8")
    done = mochic("pkg", "lock", "--check", "--color", "never")
    assert "free gil-modules: expected free._core not_used, found free._core unknown" in done.out
