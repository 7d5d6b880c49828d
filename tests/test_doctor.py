"""`mochic-py doctor` tells what there is, and fails when the index does not answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from index_server import Index
from local_packages import mochic

import mochic_py
from mochic_py.compiler import doctor, install
from mochic_py.compiler.cache import Cache
from mochic_py.compiler.host import Completed, Host
from mochic_py.compiler.install import FoundInterpreter
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import Target

FOUND = (
    FoundInterpreter("3.14.0", True, "/opt/python3.14t"),
    FoundInterpreter("3.13.1", False, "/opt/python3.13"),
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """The cache of the commands, with an entry in it. Looking for interpreters takes seconds."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(doctor, "find_interpreters", lambda: FOUND)
    monkeypatch.setattr("platform.python_version", lambda: "3.13.1")
    monkeypatch.setattr(Host, "run", lambda *_, **__: Completed(0, "uv 0.9.0 (abc 2026-01-01)\n", ""))
    cache = Cache(Host())
    cache.put("ir", "a", b"entry")
    return cache


def test_it_tells_what_there_is(cache: Cache, packages: Index) -> None:
    packages.failures = [(200, {})]
    url = packages.url.replace("//", "//who:secret@")
    outcome = mochic("doctor", "--index-url", url)
    size = cache.measure()
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (
        f"mochic-py    {mochic_py.__version__}\n"
        "python       3.13.1\n"
        "uv           0.9.0\n"
        "interpreter  3.14.0t  /opt/python3.14t\n"
        "interpreter  3.13.1  /opt/python3.13\n"
        f"cache        {cache.root}  {size.files} files, {size.bytes} bytes\n"
        f"index        {packages.url}  reachable\n"
    )


def test_json_and_an_index_that_does_not_answer(cache: Cache, packages: Index) -> None:
    packages.failures = [(403, {})]
    outcome = mochic("doctor", "--index-url", packages.url, "--format", "json")
    assert outcome.code == 1
    told = json.loads(outcome.out)
    size = cache.measure()
    assert told == {
        "schema": 1,
        "versions": {"mochic-py": mochic_py.__version__, "python": "3.13.1", "uv": "0.9.0"},
        "interpreters": [
            {"version": "3.14.0", "free_threaded": True, "path": "/opt/python3.14t"},
            {"version": "3.13.1", "free_threaded": False, "path": "/opt/python3.13"},
        ],
        "cache": {"folder": str(cache.root), "files": size.files, "bytes": size.bytes},
        "index": {"url": packages.url, "reachable": False, "reason": "it answers 403"},
    }


def test_offline_asks_nobody(cache: Cache, packages: Index) -> None:
    before = len(packages.log)
    outcome = mochic("doctor", "--offline", "--index-url", packages.url)
    assert outcome.code == 0
    assert outcome.out.endswith(f"{packages.url}  not asked (--offline)\n")
    assert len(packages.log) == before


def test_an_address_that_is_none(cache: Cache) -> None:
    outcome = mochic("doctor", "--index-url", "u:p@h.test/simple")
    assert outcome.code == 1
    assert "index        h.test/simple  not reachable" in outcome.out
    assert "u:p" not in outcome.out


def test_a_uv_without_its_executable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find() -> str:
        raise FileNotFoundError("no uv here")

    monkeypatch.setattr("uv.find_uv_bin", find)
    monkeypatch.setattr(install, "find_interpreter", lambda *_: install.Interpreter("/opt/python3", (3, 13)))
    monkeypatch.setattr(doctor, "find_interpreters", tuple)
    assert doctor.examine(Host(), offline=True)["versions"]["uv"] is None
    with pytest.raises(DiagnosticError, match="the executable of uv is gone"):
        install.install(Host(), (), Target(), tmp_path)
