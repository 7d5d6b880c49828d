"""`mochic-py cache …`, and the upkeep of a cache that other processes use meanwhile."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from blake3 import blake3

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.cli import run
from mochic_py.compiler.host import Host
from mochic_py.compiler.machine import tool_stamp

BLOBS = [bytes([n]) * 200_000 for n in range(6)]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """The cache that commands of this test use."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Cache(Host(), tool=tool_stamp())


def _fill(cache: Cache) -> list[str]:
    cache.put("ir", "a", b"entry")
    return [cache.add_blob([content]).sha256 for content in BLOBS]


def test_where_and_how_large(cache: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cache", "size"]) == 0
    assert run(["cache", "dir"]) == 0
    assert capsys.readouterr().out == f"0 files, 0 bytes\n{cache.root}\n"
    _fill(cache)
    assert run(["cache", "size"]) == 0
    assert capsys.readouterr().out == "14 files, 1.2 MB\n"
    assert run(["cache", "size", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"schema": 1, "files": 14, "bytes": cache.measure().bytes}


def test_prune_keeps_what_is_in_use(cache: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    digests = _fill(cache)
    Cache(Host(), tool="another").put("ir", "a", b"entry")
    assert run(["cache", "prune"]) == 0
    assert capsys.readouterr().out.startswith("removed 1 files, ")
    assert cache.find_blob(digests[0]) is not None
    assert run(["cache", "prune", "--days", "0"]) == 0
    assert Cache(Host()).find_blob(digests[0]) is None


def test_clear_removes_everything(cache: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    _fill(cache)
    assert run(["cache", "clear"]) == 0
    assert capsys.readouterr().out == "removed 14 files, 1.2 MB\n"
    assert cache.measure().files == 0


def test_a_sound_cache_is_verified(cache: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cache", "verify"]) == 0
    _fill(cache)
    assert run(["cache", "verify"]) == 0
    assert capsys.readouterr().out == "0 files, none damaged\n13 files, none damaged\n"


@pytest.mark.parametrize("kind", ["blobs", "entries"])
def test_every_damaged_file_is_removed(kind: str, cache: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    digests = _fill(cache)
    chance = random.Random(1)
    damaged = [path for path in sorted((cache.root / kind).rglob("*")) if path.is_file()][:3]
    for path in damaged:
        content = bytearray(path.read_bytes())
        content[chance.randrange(20)] ^= 1
        path.write_bytes(content)
    assert run(["cache", "verify"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"removed {path.relative_to(cache.root)}" for path in damaged] + ["13 files, 3 damaged"]
    assert all(path.exists() == ("digests" in path.parts) for path in damaged), "made again from the blob"
    assert run(["cache", "verify"]) == 0
    for digest, content in zip(digests, BLOBS, strict=True):
        assert Cache(Host()).read_blob(digest) in (None, content)


def test_a_lost_second_digest_comes_back(cache: Cache) -> None:
    digest = cache.add_blob([b"content"]).sha256
    for path in (cache.root / "entries").rglob("*"):
        if path.is_file():
            path.unlink()
    again = Cache(Host())
    again.verify()
    blob = again.find_blob(digest)
    assert blob is not None
    assert blob.blake3 == blake3(b"content").hexdigest()


def test_a_stranger_in_the_cache_is_removed(cache: Cache) -> None:
    stray = cache.root / "blobs" / "sha256" / "ab" / "notes.txt"
    stray.parent.mkdir(parents=True)
    stray.write_text("mine")
    assert cache.verify().removed == ("blobs/sha256/ab/notes.txt",)


def _use(root: str, worker: int) -> None:
    """Write and read the same blobs as the other workers; every read is right or nothing."""
    chance = random.Random(worker)
    cache = Cache(Host(environ={}), Path(root), "1.0")
    for _ in range(40):
        content = chance.choice(BLOBS)
        blob = cache.add_blob([content[:1000], content[1000:]], hashlib.sha256(content).hexdigest())
        assert blob.blake3 == blake3(content).hexdigest()
        wanted = chance.choice(BLOBS)
        assert cache.read_blob(hashlib.sha256(wanted).hexdigest()) in (None, wanted)


def _keep(root: str, _: int) -> None:
    cache = Cache(Host(environ={}), Path(root), "1.0")
    for action in (cache.verify, cache.prune, cache.clear, cache.measure) * 4:
        result = action()
        assert not getattr(result, "removed", ()), result


def test_processes_share_a_cache_that_is_kept_meanwhile(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    tasks = [_use, _use, _use, _keep]
    workers = [context.Process(target=task, args=(str(tmp_path), n)) for n, task in enumerate(tasks)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert Cache(Host(environ={}), tmp_path, "1.0").verify().removed == ()


_WRITER = """
import sys
from pathlib import Path
from mochic_py.compiler.cache import Cache
from mochic_py.compiler.host import Host
cache = Cache(Host(environ={}), Path(sys.argv[1]), "1.0")
print("ready", flush=True)
number = 0
while True:
    number += 1
    cache.add_blob([b"%d" % number * 400_000])
    cache.put("ir", str(number), b"v" * 400_000)
"""


def test_a_killed_writer_leaves_a_sound_cache(tmp_path: Path) -> None:
    for attempt in range(6):
        process = subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        with process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.01 + attempt * 0.007)
            process.send_signal(signal.SIGKILL)
    checked = Cache(Host(environ={}), tmp_path, "1.0").verify()
    assert checked.removed == ()
    assert checked.files > 0
