"""The goldens of pinned packages are what the compiler makes of them."""

from __future__ import annotations

import pytest
from casefile import GOLDEN

from mochic_py.compiler.golden import compare, compile_entry, golden_files, read_corpus, update
from mochic_py.compiler.host import Host

FOLDER = GOLDEN / "packages"
CORPUS = read_corpus(Host(), FOLDER)


@pytest.mark.network
@pytest.mark.parametrize("name", CORPUS)
def test_golden_package(name: str, update_golden: bool) -> None:
    host = Host()
    try:
        files = golden_files(CORPUS[name], compile_entry(CORPUS[name], host))
    finally:
        host.close()
    differences = compare(files, host, FOLDER / name)
    if update_golden:
        update(files, differences, host, FOLDER / name)
    else:
        assert not differences


def test_every_folder_has_an_entry() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == set(CORPUS)
