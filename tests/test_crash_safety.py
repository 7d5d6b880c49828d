"""Processes killed at any moment: a later run gives what an undisturbed one gives, byte for byte."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, final

import pytest
from attrs import frozen
from index_server import Index, build_wheel, offer
from local_packages import environment, read_tree, serve_packages, spawn

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.host import Host
from mochic_py.compiler.machine import tool_stamp
from mochic_py.compiler.output import RECORD, read_record

MANIFEST = '[python-dependencies]\nneedy = "*"\nbulky = "*"\n'
PROGRAM = """import python "shapes@>=1" as shapes
import python "tally" as tally
import python "bulky" as bulky
"""
EARLIER = 'import python "bulky" as gone\nimport python "shapes" as shapes\n'
COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "lock": ("pkg", "lock"),
    "one": ("compile", "one/app.mochi", "-o", "one/out"),
    "two": ("compile", "two/app.mochi", "-o", "two/out", "-j", "2", "--emit", "wrapper,shim,ir"),
}
OUTPUTS = ("one", "two")
# What each kill may leave in the cache: a file per download at once, and one per entry being put.
MOST_PER_KILL = 9
TEMPORARY = re.compile(r"\..*\.[0-9a-f]{12}\.tmp")


@final
@frozen
class Expected:
    """The files of undisturbed runs: of the project as it was, and as it is to be."""

    before: Mapping[str, bytes]
    after: Mapping[str, bytes]
    seconds: float


@pytest.fixture(scope="module")
def index() -> Iterator[Index]:
    """An index with a wheel that takes several reads."""
    noise = random.Random(1).randbytes(2_000_000)
    files = {
        "bulky/__init__.py": b"def weigh() -> int: ...\n",
        "bulky/py.typed": b"",
        "bulky/noise.bin": noise,
    }
    with serve_packages() as served:
        offer(served, build_wheel("bulky", "1.0", files=files))
        yield served


@pytest.fixture(scope="module")
def expected(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Expected:
    """Every command run to its end, one after the other, on a cache of its own."""
    folder = tmp_path_factory.mktemp("undisturbed")
    environ = make_environment(index, folder / "cache")
    make_project(folder / "p", EARLIER)
    finish(folder / "p", environ)
    before = project_files(folder / "p")
    change_project(folder / "p", PROGRAM)
    started = time.monotonic()
    finish(folder / "p", environ)
    seconds = (time.monotonic() - started) / len(COMMANDS)
    return Expected(before, project_files(folder / "p"), seconds)


def make_environment(index: Index, cache: Path) -> dict[str, str]:
    """Return the environment of commands; what Python compiles is kept, as it is for users."""
    environ = environment(index.url, cache)
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return environ


def make_project(folder: Path, text: str) -> None:
    """Make a project whose programs all hold `text`."""
    folder.mkdir()
    (folder / "mochi.toml").write_text(MANIFEST)
    for name in OUTPUTS:
        (folder / name).mkdir()
    change_project(folder, text)


def change_project(folder: Path, text: str) -> None:
    """Make all programs hold `text`; the one in the folder is what `pkg lock` reads."""
    for path in (folder / "app.mochi", *(folder / name / "app.mochi" for name in OUTPUTS)):
        path.write_text(text)


def finish(folder: Path, environ: Mapping[str, str], names: Sequence[str] = tuple(COMMANDS)) -> None:
    """Run commands to their end, the lock last, and insist that they succeed without a word of warning."""
    for name in sorted(names, key=("one", "two", "lock").index):
        outcome = spawn(COMMANDS[name], environ, folder=folder)
        assert (outcome.code, "warning" in outcome.err) == (0, False), outcome.err


def project_files(folder: Path) -> dict[str, bytes]:
    """Return what commands wrote, without what killed ones left under temporary names."""
    tree = read_tree(folder)
    return {
        path: content
        for path, content in tree.items()
        if (path == "mochi.lock" or path.startswith(tuple(f"{name}/out/" for name in OUTPUTS)))
        and not TEMPORARY.fullmatch(Path(path).name)
    }


def start(folder: Path, environ: Mapping[str, str], name: str) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "mochic_py", *COMMANDS[name]],
        cwd=folder,
        env=dict(environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_all(victims: Sequence[subprocess.Popen[bytes]], moments: Sequence[float]) -> int:
    """Kill each victim at its moment, in seconds from now; return how many were still running then."""
    began, killed = time.monotonic(), 0
    for moment, victim in sorted(zip(moments, victims, strict=True), key=lambda pair: pair[0]):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        killed += victim.poll() is None
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    return killed


def wait_until_gone(session: int) -> bool:
    """Whether every process of `session` ends within some seconds."""
    for _ in range(200):
        if not any(
            _session_of(entry) == session for entry in Path("/proc").iterdir() if entry.name.isdigit()
        ):
            return True
        time.sleep(0.05)
    return False


def _session_of(process: Path) -> int:
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == "Z" else int(fields[3])


def check_files(found: Mapping[str, bytes], expected: Expected) -> None:
    """Insist that every file is the one of before or the one of after, whole."""
    for path, content in found.items():
        if not path.endswith(RECORD):
            assert content in (expected.before.get(path), expected.after.get(path)), path


def temporary_files(folder: Path) -> list[Path]:
    """Return what writers that did not get to the end left below `folder`."""
    return [path for path in folder.rglob(".*.tmp") if TEMPORARY.fullmatch(path.name)]


def run_kills(tmp_path: Path, index: Index, expected: Expected, wanted: int, seed: int) -> None:
    """Kill `pkg lock` and parallel compiles on a shared cache, together `wanted` times or a few more."""
    chance = random.Random(seed)
    cache = tmp_path / "cache"
    environ = make_environment(index, cache)
    kills = since = number = 0
    horizon = expected.seconds
    while kills < wanted:
        number += 1
        if chance.random() < 0.6:
            shutil.rmtree(cache, ignore_errors=True)
            since = 0
        folder = tmp_path / str(number)
        make_project(folder, PROGRAM)
        if chance.random() < 0.6:
            for path, content in expected.before.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
        victims = [start(folder, environ, name) for name in COMMANDS]
        killed = kill_all(victims, [chance.uniform(0.05, horizon) for _ in victims])
        # How long commands take depends on what else runs: some, not all, are to come to their end.
        horizon *= {3: 1.3, 2: 1.0, 1: 0.8, 0: 0.5}[killed]
        kills += killed
        since += killed
        assert all(wait_until_gone(victim.pid) for victim in victims), "a process outlived its parent"

        check_files(project_files(folder), expected)
        assert len(temporary_files(cache)) <= since * MOST_PER_KILL
        assert len(temporary_files(folder)) <= killed
        for name in OUTPUTS:
            out = folder / name / "out"
            kept = {p for p in read_tree(out) if not TEMPORARY.fullmatch(Path(p).name)} - {RECORD}
            assert kept <= read_record(Host(), out)

        finish(folder, environ)
        assert project_files(folder) == expected.after
        assert Cache(Host(environ=environ)).verify().removed == ()
        shutil.rmtree(folder)
    _check_prune(cache, environ)


def _check_prune(cache: Path, environ: Mapping[str, str]) -> None:
    """Insist that upkeep removes what the dead left, once it is old, and nothing else."""
    root = cache / "mochi" / "python-deps"
    half = root / "blobs" / ".incoming.0123456789ab.tmp"
    half.write_bytes(b"half a file")
    before = read_tree(root)
    left = temporary_files(root)
    for path in left:
        os.utime(path, (time.time() - 4000,) * 2)
    assert spawn(["cache", "prune"], environ).code == 0
    assert temporary_files(root) == []
    stamp = tool_stamp()
    names = {path.relative_to(root).as_posix() for path in left}
    kept = {p for p in before if p not in names and (not p.startswith("entries/0") or stamp in p)}
    assert set(read_tree(root)) == kept


def test_kills_leave_no_wrong_result(tmp_path: Path, index: Index, expected: Expected) -> None:
    run_kills(tmp_path, index, expected, wanted=10, seed=7)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_many_kills_leave_no_wrong_result(
    tmp_path: Path, index: Index, expected: Expected, seed: int
) -> None:
    """Two hundred kills in all."""
    run_kills(tmp_path, index, expected, wanted=50, seed=seed)
