"""The goldens of pinned packages are what the compiler makes of them."""

from __future__ import annotations

import hashlib

import pytest
from casefile import GOLDEN

from mochic_py.compiler.corpus import CORPUS_FILE, Keep, format_corpus, read_corpus
from mochic_py.compiler.golden import GoldenJob, digest_declarations, run_job
from mochic_py.compiler.host import Host

FOLDER = GOLDEN / "packages"
CORPUS = read_corpus(Host(), FOLDER)
LIMIT = 12 * 1024 * 1024
"""How large the folder may be: what nobody can read is no golden."""


@pytest.mark.network
@pytest.mark.parametrize("name", CORPUS)
def test_golden_package(name: str, update_golden: bool) -> None:
    host = Host()
    try:
        differences = run_job(GoldenJob(CORPUS[name], FOLDER / name, rewrite=update_golden), host)
    finally:
        host.close()
    if not update_golden:
        assert not differences


def test_every_folder_has_an_entry() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == set(CORPUS)


def test_the_corpus_is_pinned_without_addresses() -> None:
    text = (FOLDER / CORPUS_FILE).read_text("utf-8")
    assert format_corpus(CORPUS.values()) == text
    assert "://" not in text
    assert len(CORPUS) == 25
    assert sum(entry.keep is Keep.WHOLE for entry in CORPUS.values()) == 6
    for entry in CORPUS.values():
        assert all(len(wheel.sha256) == 64 and wheel.file.endswith(".whl") for wheel in entry.wheels)


def test_the_folder_can_be_read() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < LIMIT


def test_a_digest_for_each_declaration() -> None:
    one = "// A place.\ntype Point = PointRef(id: int)"
    two = "// a(x: int) -> int\nextern python fun a(x: int): int"
    digests = [hashlib.sha256(block.encode()).hexdigest()[:12] for block in (one, two)]
    shim = f"// sample 1.0 as sample\n\n{one}\n\n{two}\n"
    assert digest_declarations(shim).splitlines() == [f"Point {digests[0]}", f"a {digests[1]}"]
