"""Python inside of programs in C."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import embedding
import pytest

from mochic_py.compiler.embedded_host import build_host
from mochic_py.compiler.host import Host

STATIC = """#!{python}
import sys, sysconfig
real = sysconfig.get_config_var
sysconfig.get_config_var = lambda name: "libpython.a" if name in ("INSTSONAME", "LDLIBRARY") else real(name)
exec(sys.argv[sys.argv.index("-c") + 1])
"""


INSIDE_PYTHON = """
import ctypes, sys
library, workspace = ctypes.CDLL(sys.argv[1]), sys.argv[2]
class Options(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("venv", "workspace", "libpython")]
    _fields_ += [(name, ctypes.c_void_p) for name in ("callback", "release", "context")]
options = Options(f"{workspace}/.venv".encode(), workspace.encode())
library.mochi_resolve.restype = ctypes.c_void_p
print(library.mochi_init(ctypes.byref(options)), bool(library.mochi_resolve(b"shop", b"same_int")))
print("shop" in sys.modules, sys.prefix == sys.base_prefix)
"""


@pytest.fixture(scope="module")
def threads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return embedding.compile_c(tmp_path_factory.mktemp("threads"), embedding.SOURCES / "threads.c")


@pytest.mark.parametrize("version", embedding.VERSIONS)
def test_calls_from_eight_threads(threads: Path, version: str, tmp_path: Path) -> None:
    workspace = embedding.make_workspace(tmp_path, embedding.require_python(version))
    done = embedding.run_program([threads, workspace, 500])
    assert (done.returncode, done.stderr) == (0, "")
    assert "4000 calls in 8 threads, 0 handles left, callbacks dropped\n" in done.stdout
    assert "not flushed by a newline" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("version", embedding.VERSIONS)
def test_nothing_is_left_of_threads_and_calls(threads: Path, version: str, tmp_path: Path) -> None:
    workspace = embedding.make_workspace(tmp_path, embedding.require_python(version))
    done = embedding.run_program([threads, workspace, 500, 2000])
    assert (done.returncode, done.stderr) == (0, "")
    grown = [int(line.split()[-3]) for line in done.stdout.splitlines() if line.endswith(" kB more")]
    assert len(grown) == 2
    assert max(grown) < 2048


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_a_host_that_has_python_already(version: str, tmp_path: Path) -> None:
    python = embedding.require_python(version)
    workspace = embedding.make_workspace(tmp_path, python)
    library = embedding.compile_c(tmp_path, embedding.LIBRARY / "calls.c", flags=("-shared", "-fPIC"))
    done = embedding.run_program([python, "-c", INSIDE_PYTHON, library, workspace])
    assert (done.stdout, done.stderr) == ("0 True\nTrue True\n", "")


def test_the_interface_is_one_of_cpp_too(tmp_path: Path) -> None:
    compiler = shutil.which("c++") or pytest.skip("there is no C++ compiler")
    unit = tmp_path / "unit.cpp"
    unit.write_text('#include "mochi_py.h"\nmochi_value one = mochi_int(1);\n', "utf-8")
    flags = ["-fsyntax-only", *embedding.WARNINGS, f"-I{embedding.LIBRARY}"]
    done = subprocess.run([compiler, *flags, str(unit)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_host_program_is_compiled_once() -> None:
    host = Host()
    program = build_host(host)
    before = program.stat()
    assert build_host(host) == program
    assert program.stat().st_mtime_ns == before.st_mtime_ns


def refusal(venv: Path, tmp_path: Path) -> str:
    done = embedding.run_program([build_host(Host()), tmp_path, venv])
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


def test_an_environment_without_python_is_refused(tmp_path: Path) -> None:
    help = "make the environment with `mochic-py pkg install`"
    assert refusal(tmp_path, tmp_path) == f"mochi_embed_run: there is no Python in {tmp_path}; {help}\n"


def test_a_python_without_shared_library_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.write_text(STATIC.format(python=embedding.require_python("3.13")), "utf-8")
    python.chmod(0o755)
    said = refusal(tmp_path, tmp_path)
    assert "has no shared library (it was built without --enable-shared)" in said
    assert 'set runtime-mode = "subprocess"' in said


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="these tests run on a Python that is not too old")
def test_an_old_python_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    assert "is too old to be embedded: 3.12 is the first one that can" in refusal(tmp_path, tmp_path)


def test_a_workspace_without_runtime_is_refused(tmp_path: Path) -> None:
    workspace = embedding.make_workspace(tmp_path, embedding.require_python("3.13"))
    said = refusal(workspace / ".venv", tmp_path)
    assert "Python cannot load the runtime of the workspace: No module named '_mochi_wrap'" in said
