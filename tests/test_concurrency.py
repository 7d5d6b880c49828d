"""Many processes on one cache, and a cache that is full, read-only, damaged or taken away."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from index_server import Index, build_wheel, offer
from local_packages import Outcome, environment, mochic, read_tree, serve_packages, spawn

import mochic_py.compiler.cli.compile_run as compile_run
from mochic_py.compiler.cache import Cache
from mochic_py.compiler.cli import run
from mochic_py.compiler.compile import compile
from mochic_py.compiler.files import TemporaryFile
from mochic_py.compiler.host import Host
from mochic_py.compiler.memo import Memo
from mochic_py.compiler.request import PackageRequest, Request, Result
from mochic_py.ir.diagnostics import DiagnosticError

PROGRAM = 'import python "shapes@>=1" as shapes\nimport python "needy" as needy\n'
OTHER = 'import python "needy" as n\nimport python "tally" as tally\nimport python "bulky" as bulky\n'
MANIFEST = '[python-dependencies]\nbulky = "*"\n'
LIBRARY = Request(packages=(PackageRequest("shapes", "s"), PackageRequest("tally", "t")))


@pytest.fixture
def index() -> Iterator[Index]:
    """An index of this test alone, so that requests can be counted."""
    noise = {"bulky/__init__.py": b"def weigh() -> int: ...\n", "bulky/py.typed": b""}
    noise["bulky/noise.bin"] = random.Random(2).randbytes(3_000_000)
    with serve_packages() as served:
        offer(served, build_wheel("bulky", "1.0", files=noise))
        yield served


@pytest.fixture
def place(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose commands use a cache of this test alone."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MOCHIC_INDEX_URL", index.url)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "project"
    _make_project(folder, PROGRAM)
    monkeypatch.chdir(folder)
    return folder


def _make_project(folder: Path, program: str) -> None:
    folder.mkdir(parents=True)
    (folder / "mochi.toml").write_text(MANIFEST)
    (folder / "app.mochi").write_text(program)


def _files(folder: Path) -> dict[str, bytes]:
    return {p: c for p, c in read_tree(folder).items() if p.startswith("out/") or p == "mochi.lock"}


# Many processes

COMMANDS = (("pkg", "lock"), ("compile", "app.mochi", "-o", "out"))


def test_eight_processes_on_a_cold_cache(index: Index, tmp_path: Path) -> None:
    programs = {"same": PROGRAM, "other": OTHER}
    expected = {}
    for name, program in programs.items():
        alone = tmp_path / f"{name}-alone"
        _make_project(alone, program)
        for command in COMMANDS:
            # Each command for itself, as the processes start at once.
            assert spawn(command, environment(index.url, alone / "cache"), folder=alone).code == 0
            if command[0] == "pkg":
                (alone / "mochi.lock").rename(alone / "lock")
        (alone / "lock").rename(alone / "mochi.lock")
        expected[name] = _files(alone)
    index.log.clear()
    index.delay = 0.02
    environ = environment(index.url, tmp_path / "shared")
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    running: list[tuple[str, Path, subprocess.Popen[bytes]]] = []
    for number in range(8):
        name = "same" if number < 5 else "other"
        folder = tmp_path / str(number)
        _make_project(folder, programs[name])
        command = [sys.executable, "-m", "mochic_py", *COMMANDS[number % 2]]
        process = subprocess.Popen(command, cwd=folder, env=environ, stderr=subprocess.PIPE)
        running.append((name, folder, process))
    for name, folder, process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
        found = _files(folder)
        assert found
        assert found == {path: expected[name][path] for path in found}
    for files in index.files.values():
        for file in files:
            whole = [line for line in index.log if line == f"/files/{file.filename}"]
            assert len(whole) <= 2, file.filename
    cache = Cache(Host(environ=environ))
    assert cache.verify().removed == ()
    assert not list((cache.root / "locks").iterdir())


def test_a_download_that_hangs_elsewhere_is_not_waited_for_without_end(tmp_path: Path) -> None:
    host, path = Host(), tmp_path / "locks" / "a"
    order = []
    with host.exclusive(path, 60):
        with host.exclusive(path, 0.1):
            order.append("second")
        order.append("first")
    assert order == ["second", "first"]
    assert not path.exists()


def test_where_nothing_can_be_locked_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("a file in the way")
    with Host().exclusive(tmp_path / "locks" / "a", 60):
        pass
    with pytest.raises(KeyError), Host().exclusive(tmp_path / "locks" / "a", 60):
        raise KeyError  # what the block raises comes through, locked or not


def test_threads_take_turns(tmp_path: Path) -> None:
    host, inside, most = Host(), 0, 0

    def work() -> None:
        nonlocal inside, most
        with host.exclusive(tmp_path / "lock", 60):
            inside += 1
            most = max(most, inside)
            time.sleep(0.01)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


# A cache in trouble


def _expected(place: Path) -> tuple[dict[str, bytes], Path]:
    """Lock and compile undisturbed; return the files and the filled cache."""
    for command in COMMANDS:
        assert run([*command]) == 0
    return _files(place), Cache(Host()).root


def _forget_memos(root: Path) -> None:
    for folder in (root / "entries").glob("*/compile"):
        shutil.rmtree(folder)


def test_a_flipped_byte_changes_no_result(place: Path) -> None:
    expected, root = _expected(place)
    kept = place.parent / "kept"
    shutil.copytree(root, kept)
    chance = random.Random(3)
    damaged = 0
    for path in sorted(read_tree(kept)):
        if path == "CACHEDIR.TAG":
            continue
        shutil.rmtree(root)
        shutil.copytree(kept, root)
        if "/compile/" not in path:
            _forget_memos(root)
        content = bytearray((root / path).read_bytes())
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        (root / path).write_bytes(content)
        shutil.rmtree(place / "out")
        for command in reversed(COMMANDS):
            outcome = mochic(*command)
            assert (outcome.code, "warning" in outcome.err) == (0, False), (path, outcome.err)
        assert _files(place) == expected, path
        damaged += 1
    assert damaged > 15


@pytest.mark.parametrize("kind", ["page", "metadata", "digests", "compile", "gate", "lock-facts", "blobs"])
def test_every_kind_of_file_is_there_to_be_damaged(place: Path, kind: str) -> None:
    _, root = _expected(place)
    assert any(f"/{kind}/" in f"/{path}" for path in read_tree(root)), (
        "the test above covers less than it says"
    )


def test_a_clock_that_went_back_or_ahead(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, root = _expected(place)
    for days in (-4000, 4000, -1, 0):
        monkeypatch.setattr(Host, "now", lambda self, days=days: time.time() + days * 86400.0)
        shutil.rmtree(place / "out")
        for command in COMMANDS:
            assert run([*command]) == 0
        assert _files(place) == expected
    assert Cache(Host()).verify().removed == ()
    assert root.exists()


class _Unwritable(Host):
    """A host that cannot write below `folder`: the disk is full or read-only."""

    def __init__(self, folder: Path, environ: Mapping[str, str], after: int = 0) -> None:
        super().__init__(environ=environ)
        self.folder, self.left = folder, after

    @contextmanager
    def temporary_file(self, path: Path) -> Iterator[TemporaryFile]:
        self.left -= 1
        if path.is_relative_to(self.folder) and self.left < 0:
            with super().temporary_file(Path("/dev/full/nothing")) as file:
                yield file
        else:
            with super().temporary_file(path) as file:
                yield file


def _compile(host: Host) -> Result:
    result = compile(LIBRARY, host)
    host.close()
    return result


def test_a_cache_that_cannot_be_written_to_serves_what_it_has(index: Index, tmp_path: Path) -> None:
    environ = environment(index.url, tmp_path)
    first = _compile(Host(environ=environ))
    assert first.ok
    again = _compile(_Unwritable(tmp_path, environ))
    assert (again.ok, again.artifacts) == (True, first.artifacts)


def test_a_cache_that_cannot_take_a_wheel_is_explained_at_any_moment(index: Index, tmp_path: Path) -> None:
    reference = _compile(Host(environ=environment(index.url, tmp_path / "reference")))
    failed = 0
    for writes in range(0, 24, 2):
        environ = environment(index.url, tmp_path / str(writes))
        result = _compile(_Unwritable(tmp_path, environ, after=writes))
        if result.ok:
            assert result.artifacts == reference.artifacts
        else:
            failed += 1
            assert {d.code.code for d in result.diagnostics} <= {"PY430", "PY431"}
            assert all(d.help for d in result.diagnostics)
        after = _compile(Host(environ=environ))
        assert (after.ok, after.artifacts) == (True, reference.artifacts)
    assert failed > 2


_LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
from mochic_py.compiler.cli import run
sys.exit(run(sys.argv[2:]))
"""


@pytest.mark.parametrize("limit", [0, 200, 900, 3000, 100_000])
def test_files_that_do_not_fit_are_explained(place: Path, index: Index, limit: int) -> None:
    """A real limit of the system on the size of files, for the cache and for the output."""
    environ = environment(index.url, place / "small") | {"PYTHONDONTWRITEBYTECODE": "1"}
    expected, _ = _expected(place)
    for path in expected:
        (place / path).unlink()
    for command in COMMANDS:
        program = [sys.executable, "-c", _LIMITED, str(limit), *command]
        done = subprocess.run(program, cwd=place, env=environ, capture_output=True, text=True, check=False)
        if limit < 100_000 or command[0] == "pkg":  # what is locked is fetched, also where it is not imported
            assert done.returncode == 1, done.stderr
            assert "error[PY430]: cannot write " in done.stderr
        else:
            assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        assert not (place / "mochi.lock").exists()
    assert not list(place.rglob(".*.tmp"))
    for command in COMMANDS:
        assert spawn(command, environ, folder=place).code == 0
    assert _files(place) == expected


def test_the_end_of_a_file_that_does_not_fit_is_explained(tmp_path: Path) -> None:
    """Writing takes as much as fits; what is left in the buffer fails when the file is closed."""
    program = """
import resource, signal, sys
from mochic_py.compiler.host import Host
from mochic_py.ir.diagnostics import DiagnosticError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
try:
    Host().write_bytes_atomic(sys.argv[1], bytes(100_100))
except DiagnosticError as error:
    print(error)
"""
    command = [sys.executable, "-c", program, str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "cannot write " in done.stdout) == (0, True), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_goes_away_while_commands_run(place: Path, index: Index) -> None:
    expected, root = _expected(place)
    stop = threading.Event()

    def remove() -> None:
        while not stop.wait(0.05):
            shutil.rmtree(root, ignore_errors=True)

    remover = threading.Thread(target=remove)
    remover.start()
    outcomes: list[Outcome] = []
    try:
        for _ in range(4):
            outcomes += [mochic(*command) for command in COMMANDS]
            found = _files(place)
            assert found == {path: expected[path] for path in found}
    finally:
        stop.set()
        remover.join()
    for outcome in outcomes:
        assert outcome.code in (0, 1)
        assert (outcome.code == 0) == ("error[PY4" not in outcome.err), outcome.err
        assert "internal" not in outcome.err
    assert _expected(place)[0] == expected


# The memo


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one with every compilation that no memo answered."""
    calls: list[str] = []
    original = compile_run.run_compile

    def counted(*arguments: Any) -> Memo:
        calls.append("compiled")
        return original(*arguments)

    monkeypatch.setattr(compile_run, "run_compile", counted)
    return calls


def _set_index(_: Path, patch: pytest.MonkeyPatch) -> None:
    url = Host().environ["MOCHIC_INDEX_URL"]
    patch.setenv("MOCHIC_INDEX_URL", url.replace("127.0.0.1", "localhost"))


CHANGES: dict[str, tuple[Callable[[Path, pytest.MonkeyPatch], object], Sequence[str]]] = {
    "program": (lambda place, _: (place / "app.mochi").write_text(PROGRAM + "// more\n"), ()),
    "manifest": (lambda place, _: (place / "mochi.toml").write_text(MANIFEST + "# more\n"), ()),
    "lock": (lambda place, _: (place / "mochi.lock").write_text("# more\n"), ()),
    "lock-gone": (lambda place, _: (place / "mochi.lock").unlink(), ()),
    "bounds": (lambda place, _: (place / "bounds.txt").write_text("shapes>=1.1\n"), ()),
    "index": (_set_index, ()),
    "tool": (lambda _, patch: patch.setattr("mochic_py.compiler.cache.tool_stamp", lambda: "9.9"), ()),
    "index-url": (lambda *_: None, ("--index-url", "http://localhost:9/simple")),
    "target": (lambda *_: None, ("--target", "macos-arm64")),
    "python": (lambda *_: None, ("--python", "3.12")),
    "free-threaded": (lambda *_: None, ("--python", "3.13t")),
    "emit": (lambda *_: None, ("--emit", "shim")),
    "style": (lambda *_: None, ("--shim-style", "linked")),
    "strict": (lambda *_: None, ("--strict",)),
    "pipeline": (lambda *_: None, ("--pass-pipeline", "bind-names")),
    "package": (lambda *_: None, ("--package", "tally")),
    "alias": (lambda *_: None, ("--package", "tally", "--as", "other")),
    "locked": (lambda *_: None, ("--locked",)),
    "override": (lambda *_: None, ("--override", "bounds.txt")),
    "newer": (lambda *_: None, ("--exclude-newer", "2020-01-01")),
    "prerelease": (lambda *_: None, ("--prerelease", "allow")),
    "no-build": (lambda *_: None, ("--no-build",)),
    "manifest-path": (lambda *_: None, ("--manifest", "other.toml")),
    "dump": (lambda *_: None, ("--print-ir-after", "bind-names")),
}
BASE = ("compile", "app.mochi", "-o", "out", "--constraint", "bounds.txt")


@pytest.mark.parametrize("name", CHANGES)
def test_the_memo_depends_on(name: str, place: Path, compiled: list[str]) -> None:
    change, options = CHANGES[name]
    (place / "bounds.txt").write_text("shapes>=1\n")
    (place / "other.toml").write_text(MANIFEST)
    (place / "mochi.lock").write_text("")
    with pytest.MonkeyPatch.context() as patch:
        assert [mochic(*BASE).code for _ in range(2)] == [0, 0]
        assert compiled == ["compiled"], "the second time is answered by the memo"
        change(place, patch)
        mochic(*BASE, *options)
        assert len(compiled) == 2


@pytest.mark.parametrize(
    "options",
    [("-o", "elsewhere"), ("--report", "json"), ("--color", "always"), ("-j", "2"), ("--offline",)],
)
def test_the_memo_does_not_depend_on(options: Sequence[str], place: Path, compiled: list[str]) -> None:
    (place / "bounds.txt").write_text("")
    assert [mochic(*BASE).code, mochic(*BASE, *options).code] == [0, 0]
    assert len(compiled) == 1


def test_what_was_made_offline_does_not_answer_online(
    place: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "bounds.txt").write_text("")
    assert mochic(*BASE).code == 0
    _forget_memos(Cache(Host()).root)
    assert [mochic(*BASE, "--offline").code for _ in range(2)] == [0, 0]
    assert len(compiled) == 2
    assert mochic(*BASE).code == 0
    assert len(compiled) == 3


def test_a_folder_that_a_requirement_names_is_looked_at_every_time(place: Path, compiled: list[str]) -> None:
    wheels = place / "wheels"
    wheels.mkdir()
    built = build_wheel("near", "1.0", files={"near.py": b"def one() -> int: ...\n"})
    (wheels / built.filename).write_bytes(built.content)
    (place / "app.mochi").write_text('import python "near@path+wheels" as near\n')
    command = ("compile", "app.mochi", "-o", "out", "--emit", "shim")
    assert mochic(*command).code == 0
    shim = place / "out/python_workspace/python_wrap/near/near_shim.mochi"
    assert "one" in shim.read_text()
    built = build_wheel("near", "1.0", files={"near.py": b"def two() -> int: ...\n"})
    (wheels / built.filename).write_bytes(built.content)
    assert mochic(*command).code == 0
    assert "two" in shim.read_text()
    assert len(compiled) == 2


def test_a_damaged_blob_is_an_error_only_where_it_cannot_come_back(place: Path) -> None:
    _, root = _expected(place)
    _forget_memos(root)
    for path in (root / "blobs").rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    (place / "mochi.lock").unlink()
    outcome = mochic(*COMMANDS[1], "--offline")
    assert (outcome.code, "error[PY421]" in outcome.err) == (1, True)
    assert mochic(*COMMANDS[1]).code == 0
    with pytest.raises(DiagnosticError):
        Host().read_bytes(root / "blobs" / "nothing")
