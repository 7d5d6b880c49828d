"""The cache and the host's files: whole or absent, whatever happens in between."""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from mochic_py.compiler.cache import PAGE, Cache, HashMismatchError
from mochic_py.compiler.host import Host
from mochic_py.compiler.machine import cache_dir
from mochic_py.ir.diagnostics import DiagnosticError


class FakeClock(Host):
    """A host whose time a test sets."""

    time = 1_000_000.0

    def now(self) -> float:
        """Return the time that the test set."""
        return self.time


@pytest.fixture
def host() -> FakeClock:
    return FakeClock(environ={})


@pytest.fixture
def cache(host: FakeClock, tmp_path: Path) -> Cache:
    return Cache(host, tmp_path / "cache", "1.0")


def _files(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/mochi/python-deps"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/mochi/python-deps"),
        ({"XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/mochi/python-deps"),
        ({"HOME": "", "TMPDIR": "/t"}, "/t/mochi-cache/python-deps"),
    ],
)
def test_where_the_cache_is(environ: dict[str, str], expected: str) -> None:
    assert cache_dir(environ) == Path(expected)


def test_an_entry_comes_back_and_another_key_or_kind_does_not(cache: Cache) -> None:
    cache.put("ir", "a", b"one\ntwo")
    cache.put("ir", "empty", b"")
    assert cache.get("ir", "a") == b"one\ntwo"
    assert cache.get("ir", "empty") == b""
    assert cache.get("ir", "b") is None
    assert cache.get("artifacts", "a") is None


def test_an_entry_is_replaced(cache: Cache) -> None:
    cache.put("ir", "a", b"one")
    cache.put("ir", "a", b"two")
    assert cache.get("ir", "a") == b"two"


def test_an_entry_is_as_old_as_its_last_writing(cache: Cache, host: FakeClock) -> None:
    cache.put(PAGE, "a", b"one")
    host.time += 599
    assert cache.get(PAGE, "a", 600) == b"one"
    host.time += 1
    assert cache.get(PAGE, "a", 600) is None
    assert cache.get(PAGE, "a") == b"one"
    host.time -= 10_000
    assert cache.get(PAGE, "a", 600) is None, "an entry from the future is not fresh"


def test_results_belong_to_the_tool_but_pages_do_not(cache: Cache, host: FakeClock) -> None:
    cache.put("ir", "a", b"one")
    cache.put(PAGE, "a", b"one")
    newer = Cache(host, cache.root, "2.0")
    assert newer.get("ir", "a") is None
    assert newer.get(PAGE, "a") == b"one"


@pytest.mark.parametrize("damage", [b"", b"x", b"mochic-entry-1 00 5\nvalue", b"no line end"])
def test_a_damaged_entry_is_missing_and_removed(cache: Cache, damage: bytes) -> None:
    cache.put("ir", "a", b"value")
    (path,) = [p for p in (cache.root / "entries").rglob("*") if p.is_file()]
    path.write_bytes(damage)
    assert cache.get("ir", "a") is None
    assert not path.exists()
    cache.put("ir", "a", b"value")
    assert cache.get("ir", "a") == b"value"


def test_every_single_changed_byte_of_an_entry_is_noticed(cache: Cache) -> None:
    cache.put("ir", "a", b"value")
    (path,) = [p for p in (cache.root / "entries").rglob("*") if p.is_file()]
    good = path.read_bytes()
    times = range(good.index(b"\n") - 7, good.index(b"\n"))  # the moment it was put may be any number
    for position in set(range(len(good))) - set(times):
        changed = bytearray(good)
        changed[position] ^= 1
        path.write_bytes(changed)
        assert cache.get("ir", "a") is None, position


def test_a_blob_is_kept_under_its_digest(cache: Cache) -> None:
    content = b"spam" * 100_000
    blob = cache.add_blob([content[:1000], content[1000:]])
    assert (blob.sha256, blob.blake3, blob.size) == (
        hashlib.sha256(content).hexdigest(),
        blake3(content).hexdigest(),
        len(content),
    )
    assert blob.path.read_bytes() == content
    again = Cache(Host(environ={}), cache.root, "2.0")
    assert again.find_blob(blob.sha256) == blob
    assert again.read_blob(blob.sha256) == content
    assert again.find_blob("0" * 64) is None


def test_a_damaged_blob_is_missing_and_removed(cache: Cache) -> None:
    blob = cache.add_blob([b"content"])
    blob.path.write_bytes(b"CONTENT")
    again = Cache(Host(environ={}), cache.root, "1.0")
    assert again.find_blob(blob.sha256) is None
    assert not blob.path.exists()
    assert cache.find_blob(blob.sha256) is None, "a process that knew it notices that it is gone"
    assert again.read_blob(blob.sha256) is None


def test_wrong_content_is_refused_and_leaves_nothing(cache: Cache) -> None:
    with pytest.raises(HashMismatchError):
        cache.add_blob([b"content"], "0" * 64)
    assert _files(cache.root) == []


def test_an_interrupted_blob_leaves_nothing(cache: Cache) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"first"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.add_blob(chunks())
    assert _files(cache.root) == []


def test_prune_removes_what_is_old_foreign_or_abandoned(cache: Cache, host: FakeClock) -> None:
    host.time = time.time()
    cache.put("ir", "mine", b"1")
    Cache(host, cache.root, "0.9").put("ir", "other tool", b"22")
    blob = cache.add_blob([b"unused"])
    recent = cache.add_blob([b"recent"])
    os.utime(blob.path, (1, 1))
    old, fresh = cache.root / "blobs" / ".incoming.00.tmp", cache.root / "blobs" / ".incoming.11.tmp"
    old.write_bytes(b"left behind")
    os.utime(old, (1, 1))
    fresh.write_bytes(b"being written")
    removed = cache.prune()
    assert removed.files == 3
    assert cache.get("ir", "mine") == b"1"
    assert cache.find_blob(blob.sha256) is None
    assert cache.find_blob(recent.sha256) == recent
    assert not old.exists()
    assert fresh.exists()


def test_clear_leaves_only_what_is_being_written(cache: Cache) -> None:
    cache.put("ir", "a", b"1")
    cache.add_blob([b"blob"])
    fresh = cache.root / "blobs" / ".incoming.11.tmp"
    fresh.write_bytes(b"being written")
    before = cache.measure()
    assert cache.clear().files == before.files - 1
    assert _files(cache.root) == ["blobs/.incoming.11.tmp"]


def test_the_folder_is_marked_for_backup_programs(cache: Cache) -> None:
    cache.put("ir", "a", b"1")
    assert (
        (cache.root / "CACHEDIR.TAG").read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55")
    )


def _hammer(root: str, worker: int) -> None:
    cache = Cache(Host(environ={}), Path(root), "1.0")
    for round_ in range(60):
        value = b"%d" % (round_ % 5) * 5000
        cache.put("ir", f"key {round_ % 5}", value)
        found = cache.get("ir", f"key {round_ % 5}")
        assert found is not None
        assert found == value, "half of something"
        blob = cache.add_blob([value])
        assert blob.path.read_bytes() == value
        assert cache.find_blob(blob.sha256) is not None


def test_processes_share_a_cache(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_hammer, args=(str(tmp_path), n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert not [name for name in _files(tmp_path) if name.endswith(".tmp")]


_WRITER = """
import sys
from pathlib import Path
from mochic_py.compiler.cache import Cache
from mochic_py.compiler.host import Host
cache = Cache(Host(environ={}), Path(sys.argv[1]), "1.0")
print("ready", flush=True)
while True:
    cache.put("ir", "key", b"v" * 3_000_000)
    cache.add_blob([b"b" * 1_000_000] * 3)
"""


def test_a_blob_whose_second_digest_was_never_written_has_both(cache: Cache, tmp_path: Path) -> None:
    sha256 = cache.add_blob([b"content"]).sha256
    shutil.rmtree(cache.root / "entries")
    for _ in range(2):
        blob = Cache(Host(environ={}), tmp_path / "cache", "1.0").find_blob(sha256)
        assert blob is not None
        assert blob.blake3 == blake3(b"content").hexdigest()
    assert (cache.root / "entries").exists()


def test_killing_a_writer_leaves_nothing_wrong(tmp_path: Path) -> None:
    for attempt in range(4):
        process = subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        with process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.005 + attempt * 0.013)
            process.send_signal(signal.SIGKILL)
        cache = Cache(Host(environ={}), tmp_path, "1.0")
        assert cache.get("ir", "key") in (None, b"v" * 3_000_000)
        assert cache.read_blob(hashlib.sha256(b"b" * 3_000_000).hexdigest()) in (None, b"b" * 3_000_000)


def test_reading_an_entry_loads_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from mochic_py.compiler.cache import Cache\nfrom mochic_py.compiler.host import Host\n"
        "assert Cache(Host(environ={}), Path(sys.argv[1]), '1').get('ir', 'a') is None\n"
        "heavy = {'attr', 'attrs', 'httpx2', 'blake3', 'packaging', 'subprocess', 'tempfile', 'ssl'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def _code(caught: pytest.ExceptionInfo[DiagnosticError]) -> tuple[str, bool]:
    (diagnostic,) = caught.value.diagnostics
    return diagnostic.code.code, bool(diagnostic.help)


def test_a_file_in_the_way_is_a_diagnostic(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    cache = Cache(Host(environ={}), tmp_path / "cache", "1.0")
    assert cache.get("ir", "a") is None
    with pytest.raises(DiagnosticError) as caught:
        cache.add_blob([b"1"])
    assert _code(caught) == ("PY430", True)
    cache.put("ir", "a", b"1")  # is not kept, and will be made again
    assert cache.get("ir", "a") is None


def test_a_missing_file_is_a_diagnostic(tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError) as caught:
        Host(environ={}).read_bytes(tmp_path / "nothing")
    assert _code(caught) == ("PY430", True)
    assert str(tmp_path / "nothing") in caught.value.diagnostics[0].message


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_a_diagnostic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DiagnosticError) as caught:
        Cache(Host(environ={}), tmp_path, "1.0").add_blob([b"1"])
    assert _code(caught) == ("PY431", True)
    Cache(Host(environ={}), tmp_path, "1.0").put("ir", "a", b"1")
    assert _files(tmp_path) == []


def test_a_program_that_cannot_start_is_a_diagnostic() -> None:
    with pytest.raises(DiagnosticError) as caught:
        Host(environ={}).run(["/no/such/program"])
    assert caught.value.diagnostics[0].code.code == "PY432"


def test_a_program_runs_with_the_given_environment(tmp_path: Path) -> None:
    program = "import os, sys; print(os.environ['A'], os.getcwd(), sys.stdin.read()); sys.exit(3)"
    done = Host(environ={"A": "é"}).run([sys.executable, "-c", program], folder=tmp_path, input=b"in")
    assert done.returncode == 3
    assert done.stdout.split() == ["é", str(tmp_path), "in"]
