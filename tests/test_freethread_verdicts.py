"""What extension modules say of the GIL, beside what a Python without it makes of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import freethreaded
import pytest

from mochic_py.compiler.frontends.binary.read import read_verdicts
from mochic_py.ir.binary import GilVerdict, InitFunction

pytestmark = [pytest.mark.freethreaded, pytest.mark.slow]

DEFINITION = """
#include <Python.h>
static int exec(PyObject *m) { return 0; }
static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec}, %s {0, NULL}};
static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "NAME", NULL, 0, NULL, slots};
PyMODINIT_FUNC PyInit_NAME(void) { return PyModuleDef_Init(&def); }
"""
AT_ONCE = """
#include <Python.h>
static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "NAME", NULL, -1};
PyMODINIT_FUNC PyInit_NAME(void) { PyObject *m = PyModule_Create(&def); %s return m; }
"""
# Filled in by code, as some generators of bindings do.
FILLED = """
#include <Python.h>
static PyModuleDef_Slot slots[3];
static struct PyModuleDef def;
PyMODINIT_FUNC PyInit_NAME(void) {
  def = (struct PyModuleDef){PyModuleDef_HEAD_INIT, "NAME", NULL, 0, NULL, slots};
  slots[0] = (PyModuleDef_Slot){Py_mod_gil, getenv("PATH") ? Py_MOD_GIL_NOT_USED : Py_MOD_GIL_USED};
  return PyModuleDef_Init(&def);
}
"""
COMPUTED = 'PyUnstable_Module_SetGIL(m, getenv("PATH") ? Py_MOD_GIL_NOT_USED : Py_MOD_GIL_USED);'
SOURCES = {
    "free": (DEFINITION % "{Py_mod_gil, Py_MOD_GIL_NOT_USED},", GilVerdict.NOT_USED),
    "locked": (DEFINITION % "{Py_mod_gil, Py_MOD_GIL_USED},", GilVerdict.USED),
    "silent": (DEFINITION % "", GilVerdict.USED_BY_DEFAULT),
    "first": (DEFINITION % "{Py_mod_gil, Py_MOD_GIL_NOT_USED}, {Py_mod_multiple_interpreters, 0},", None),
    "once": (AT_ONCE % "", GilVerdict.USED_BY_DEFAULT),
    "once_free": (
        AT_ONCE % "PyUnstable_Module_SetGIL(m, Py_MOD_GIL_NOT_USED);",
        GilVerdict.NOT_USED,
    ),
    "once_locked": (AT_ONCE % "PyUnstable_Module_SetGIL(m, Py_MOD_GIL_USED);", GilVerdict.USED),
    "once_computed": (AT_ONCE % COMPUTED, GilVerdict.UNKNOWN),
    "filled": (FILLED, GilVerdict.UNKNOWN),
}
SOURCES["first"] = (SOURCES["first"][0], GilVerdict.NOT_USED)
FLAGS = {"O0": ("-O0",), "O2": ("-O2",), "cet": ("-O2", "-fcf-protection", "-fno-plt"), "s": ("-Os", "-s")}

IMPORT = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[1])
found = {}
for name in sys.argv[2:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        found[name] = f"{type(error).__name__}: {error}"
    else:
        found[name] = sys._is_gil_enabled()
print(json.dumps(found))
"""


def import_all(folder: Path, *names: str) -> Mapping[str, bool | str]:
    """Import modules one after another in a fresh process: whether the GIL is on then, or what failed."""
    found: dict[str, bool | str] = json.loads(freethreaded.run_python(["-c", IMPORT, str(folder), *names]))
    return found


@pytest.mark.parametrize("flags", FLAGS)
def test_modules_of_every_kind(flags: str, tmp_path: Path) -> None:
    """Each kind of declaration, compiled in several ways: what is read is what the interpreter does."""
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    place = "import sysconfig; print(sysconfig.get_path('include'), sysconfig.get_config_var('EXT_SUFFIX'))"
    include, suffix = freethreaded.run_python(["-c", place]).split()
    for name, (source, expected) in SOURCES.items():
        text = tmp_path / f"{name}.c"
        text.write_text(f"#include <stdlib.h>\n{source.replace('NAME', name)}", "utf-8")
        module = tmp_path / f"{name}{suffix}"
        command = ["cc", "-shared", "-fPIC", *FLAGS[flags], f"-I{include}", str(text), "-o", str(module)]
        subprocess.run(command, check=True)
        (verdict,) = (read_verdicts(module.read_bytes()) or {}).values()
        is_on = import_all(tmp_path, name)[name]
        assert is_on is (expected in (GilVerdict.USED, GilVerdict.USED_BY_DEFAULT)), name
        assert verdict is expected, f"{name}: {verdict}"


PACKAGES = """
    numpy==2.4.6 pandas==3.0.3 pillow==12.2.0 scipy==1.17.1 pydantic-core==2.41.4 greenlet==3.2.2
    frozenlist==1.8.0 markupsafe==3.0.3 regex==2026.8.31
"""
PLATFORMS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of `PACKAGES` for the interpreter, unpacked."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the wheels are for Linux")
    freethreaded.interpreter()
    platforms = [f"{platform}_x86_64" for platform in PLATFORMS]
    return unpack(tmp_path_factory.mktemp("site"), platforms, *PACKAGES.split())


def unpack(folder: Path, platforms: Sequence[str], *packages: str) -> Path:
    """Unpack the wheels of packages into `folder`, with what they need; return it."""
    options = ["--quiet", "--only-binary", ":all:", "--target", str(folder), "--python-version", "3.13"]
    options += ["--implementation", "cp", "--abi", "cp313t", "--abi", "none"]
    options += [option for platform in platforms for option in ("--platform", platform)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, *packages], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"the wheels cannot be had: {done.stderr[-300:]}")
    return folder


def read_all(folder: Path) -> dict[str, GilVerdict]:
    """Return the verdicts of the extension modules in `folder` by their dotted names."""
    found: dict[str, GilVerdict] = {}
    for path in sorted([*folder.rglob("*.so"), *folder.rglob("*.pyd")]):
        stem = path.name.partition(".")[0]
        for function, verdict in (read_verdicts(path.read_bytes()) or {}).items():
            if InitFunction(function, verdict).module == stem:
                found[".".join([*path.relative_to(folder).parent.parts, stem])] = verdict
    return found


@pytest.mark.network
def test_real_modules(installed: Path) -> None:
    """No verdict is wrong; how many are unknown is printed."""
    verdicts = read_all(installed)
    by_verdict = {
        each: sorted(name for name, found in verdicts.items() if found is each) for each in GilVerdict
    }
    counts = ", ".join(f"{len(names)} {verdict.value}" for verdict, names in by_verdict.items())
    print(f"{len(verdicts)} modules: {counts}")
    assert len(verdicts) > 150
    # In one process: the first module that turns the GIL on would show in all that follow.
    safe = import_all(installed, *by_verdict[GilVerdict.NOT_USED])
    assert {name for name, is_on in safe.items() if is_on is True} == set()
    failed = {name: why for name, why in safe.items() if isinstance(why, str)}
    assert len(failed) < len(safe) / 10, failed
    for name in (*by_verdict[GilVerdict.USED], *by_verdict[GilVerdict.USED_BY_DEFAULT]):
        found = import_all(installed, name)[name]
        assert found is True or isinstance(found, str), f"{name} does without the GIL"
    assert len(by_verdict[GilVerdict.UNKNOWN]) < len(verdicts) / 20


ELSEWHERE = {
    "linux-aarch64": tuple(f"{platform}_aarch64" for platform in PLATFORMS),
    "macos-arm64": ("macosx_14_0_arm64", "macosx_11_0_arm64"),
    "windows-x86_64": ("win_amd64",),
}


@pytest.mark.network
@pytest.mark.parametrize("target", ELSEWHERE)
def test_the_platform_makes_no_difference(target: str, installed: Path, tmp_path: Path) -> None:
    """What is said for Linux on x86-64, and tried there, is said elsewhere too."""
    elsewhere = read_all(unpack(tmp_path, ELSEWHERE[target], "numpy==2.4.6", "markupsafe==3.0.3"))
    here = read_all(installed)
    assert len(elsewhere) >= 15
    assert elsewhere == {name: here[name] for name in elsewhere}
