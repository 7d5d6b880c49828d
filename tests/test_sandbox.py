"""Hostile modules, built here, imported in the sandbox: none gets anything done."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from mochic_py.compiler.host import Host
from mochic_py.compiler.sandbox import Inspection, Limits, Surroundings, inspect_modules
from mochic_py.ir.refusals import SkipReason
from mochic_py.runtime.sandbox import Watch

DEFAULT = Limits()

# A tool in the place of stubgen: it imports the module and writes down the names in it.
TOOL = """
import importlib, os
def generate_stub_for_c_module(name, target, known_modules):
    module = importlib.import_module(name)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "w") as file:
        file.write("".join(f"{name}: int\\n" for name in vars(module) if name.isupper()))
"""

HARMLESS = {
    "plain": "X = 1",
    "loops_events": "import asyncio\nasyncio.run(asyncio.sleep(0))\nX = 1",
    "starts_a_thread": "import threading\nt = threading.Thread(target=int)\nt.start()\nt.join()\nX = 1",
    "writes_at_home": "import pathlib\n(pathlib.Path.home() / 'x').write_text('x')\nX = 1",
    "makes_temporary_files": "import tempfile\ntempfile.TemporaryFile().close()\nX = 1",
    "prints": "print('x' * 10**7)\nX = 1",
    "package.inner": "X = 1",
    "survives_a_refusal": "import socket\ntry:\n    socket.socket()\nexcept OSError:\n    X = 1",
}
HOSTILE = {
    "writes_a_file": "open({outside!r}, 'w')",
    "makes_a_folder": "import os\nos.mkdir({outside!r})",
    "removes_a_file": "import os\nos.remove({victim!r})",
    "truncates_a_file": "import os\nos.truncate({victim!r}, 0)",
    "renames_a_file": "import os\nos.rename({victim!r}, {outside!r})",
    "links_a_file": "import os\nos.link({victim!r}, os.path.expanduser('~/link'))",
    "changes_a_mode": "import os\nos.chmod({victim!r}, 0)",
    "changes_a_time": "import os\nos.utime({victim!r}, (0, 0))",
    "changes_attributes": "import os\nos.setxattr({victim!r}, 'user.x', b'x')",
    "reads_a_secret": "open({victim!r}).read()",
    "forks": "import os\nos.fork()",
    "runs_a_program": "import subprocess\nsubprocess.run(['/bin/true'])",
    "runs_a_shell": "import os\nassert os.system('true') == 0",
    "becomes_a_program": "import os\nos.execv('/bin/true', ['true'])",
    "signals_its_parent": "import os\nos.kill(os.getppid(), 0)",
    "signals_all": "import os\nos.kill(-1, 0)",
    "raises_its_limits": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "connects_to_a_socket_file": "import socket\nsocket.socket(socket.AF_UNIX).connect({victim!r})",
    "calls_the_kernel": "import ctypes\nassert ctypes.CDLL(None).socket(2, 1, 0) >= 0",
    "unshares": "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0",
    "traces": "import ctypes, os\nassert ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0",
    "takes_four_gigabytes": "x = bytearray(4 << 30)",
    "exits": "raise SystemExit(0)",
    "interrupts": "raise KeyboardInterrupt",
    "recurses": "def f(): f()\nf()",
    "is_no_python": "def",
}
NETWORK = {
    "connects": "import socket\nsocket.create_connection(('127.0.0.1', {port}))",
    "sends_datagrams": "import socket\nsocket.socket(2, 2).sendto(b'x', ('127.0.0.1', {port}))",
    "listens": "import socket\nsocket.create_server(('127.0.0.1', 0))",
    "looks_up_names": "import socket\nsocket.getaddrinfo('example.invalid', 80)",
    "downloads": "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}/')",
}
ENDING = {
    "leaves": "import os\nos._exit(0)",
    "crashes": "import ctypes\nctypes.string_at(0)",
    "never_ends": "while True: pass",
    "sleeps": "import time\ntime.sleep(600)",
}


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    """A folder with the tool, and a file that modules are after."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "writer.py").write_text(TOOL)
    (tmp_path / "victim").write_text("secret")
    return tmp_path


def inspect(yard: Path, modules: dict[str, str], limits: Limits = DEFAULT, **values: object) -> Inspection:
    for name, text in modules.items():
        path = yard / "packages" / (name.replace(".", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        shown = text.format(victim=str(yard / "victim"), outside=str(yard / "outside"), **values)
        path.write_text(shown)
    python = str(Path(sys.executable).resolve())
    around = Surroundings(python, (str(yard / "packages"),), (str(yard / "tools"),), "writer")
    return inspect_modules(tuple(modules), tuple(modules), around, Host(), limits)


def test_harmless_modules_are_described(yard):
    found = inspect(yard, HARMLESS)
    assert found.failures == ()
    assert found.stubs == tuple((name, "X: int\n") for name in HARMLESS)
    assert (found.error, found.network) == ("", "socket.__new__")
    assert found.protection.startswith("Landlock ")
    assert found.protection.endswith(" and seccomp, resource limits")


def test_functions_of_other_types_are_declared_as_functions(yard):
    # Cython's function type looks so: it can be called, has code and a signature, and is no function.
    module = """
import inspect
class Compiled:
    __code__ = None
    def __call__(self): ...
def shape(a: int, /, b, c=[1], *d, e, f=None, **g) -> int: ...
RUN, HELD = Compiled(), 5
RUN.__signature__ = inspect.signature(shape)
"""
    found = inspect(yard, {"compiled": module})
    assert found.stubs == (("compiled", "def RUN(a, /, b, c=..., *d, e, f=..., **g): ...\nHELD: int\n"),)


def test_hostile_modules_get_nothing_done(yard):
    before = (yard / "victim").stat()
    found = inspect(yard, HOSTILE)
    assert found.stubs == ()
    assert [failure.module for failure in found.failures] == list(HOSTILE)
    assert {failure.reason for failure in found.failures} == {SkipReason.IMPORT_TIME_ERROR}
    after = (yard / "victim").stat()
    assert (after.st_mode, after.st_mtime, after.st_nlink) == (before.st_mode, before.st_mtime, 1)
    assert (yard / "victim").read_text() == "secret"
    assert not (yard / "outside").exists()


def test_the_network_is_out_of_reach(yard):
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = inspect(yard, NETWORK, port=server.getsockname()[1])
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert [(each.module, each.reason) for each in found.failures] == [
        (name, SkipReason.IMPORT_TIME_NETWORK) for name in NETWORK
    ]


@pytest.mark.parametrize("name", ENDING)
def test_a_module_that_ends_the_process_costs_only_itself(yard, name):
    modules = {"before": "X = 1", name: ENDING[name], "behind": "X = 1"}
    found = inspect(yard, modules, Limits(cpu=1, wall=2.0))
    assert dict(found.stubs) == {"before": "X: int\n", "behind": "X: int\n"}
    assert [(each.module, each.reason) for each in found.failures] == [(name, SkipReason.IMPORT_TIME_ERROR)]


def test_many_such_modules_end_the_work(yard):
    found = inspect(yard, {f"m{number}": ENDING["leaves"] for number in range(8)})
    assert [each.module for each in found.failures] == [f"m{number}" for number in range(8)]
    assert [each.detail for each in found.failures[5:]] == ["not reached"] * 3


def test_results_are_not_believed(yard):
    lies = {
        "link": "import os\nos.symlink({victim!r}, os.path.join(os.getcwd(), '../out/link.pyi'))\nX = 1",
        "huge": "X = 1\nvars().update((f'N{{n}}' + 'A' * 1000, n) for n in range(10_000))",
    }
    found = inspect(yard, lies)
    assert found.stubs == ()
    assert [(each.module, each.reason) for each in found.failures] == [
        ("link", SkipReason.IMPORT_TIME_ERROR),
        ("huge", SkipReason.UNTYPED_PACKAGE),
    ]
    forged = "import os\nopen('../out/result.json', 'w').write('{{}}')\nos._exit(0)"
    assert inspect(yard, {"forger": forged}).error == "the process left no result"


def test_code_that_runs_when_python_starts_does_not_run(yard):
    (yard / "packages").mkdir()
    (yard / "packages" / "evil.pth").write_text(f"import os; os.mkdir({str(yard / 'outside')!r})\n")
    (yard / "packages" / "sitecustomize.py").write_text(f"import os; os.mkdir({str(yard / 'outside')!r})\n")
    assert dict(inspect(yard, {"plain": "X = 1"}).stubs) == {"plain": "X: int\n"}
    assert not (yard / "outside").exists()


def test_a_missing_tool_is_an_error(yard):
    (yard / "tools" / "writer.py").unlink()
    assert inspect(yard, {"plain": "X = 1"}).error == "ModuleNotFoundError: No module named 'writer'"


def test_without_the_kernel_the_audit_hook_refuses(tmp_path):
    watch = Watch([str(tmp_path)])
    watch.refuses = True
    inside, outside = str(tmp_path / "x"), str(tmp_path.parent / "x")
    allowed = [
        ("open", (outside, "r", 0)),
        ("open", (inside, "w", 1)),
        ("os.remove", (inside, -1)),
        ("socket.gethostname", ()),
        ("socket.__new__", (None, socket.AF_UNIX, 1, 0)),
        ("import", ("socket", None)),
    ]
    refused = [
        ("open", (outside, "w", 1)),
        ("open", (outside, None, 2)),
        ("os.remove", (outside, -1)),
        ("os.rename", (inside, outside, -1, -1)),
        ("os.chmod", (inside, 0, -1)),
        ("subprocess.Popen", ("true",)),
        ("os.system", ("true",)),
        ("os.fork", ()),
        ("socket.__new__", (None, socket.AF_INET, 1, 0)),
        ("socket.connect", (None, ("127.0.0.1", 1))),
    ]
    for event, arguments in allowed:
        watch.see(event, arguments)
    for event, arguments in refused:
        with pytest.raises(PermissionError):
            watch.see(event, arguments)
    assert watch.network == "socket.__new__"
