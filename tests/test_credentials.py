"""Credentials of indexes from the environment: which index they go to, and that nothing shows them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from index_server import Index, build_wheel, offer, serve
from local_packages import mochic, read_tree

SECRET = "p@ss/w:rd"
AUTHORIZATION = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
MANIFEST = """[python-dependencies]
inside = {{ version = ">=1", index = "{url}" }}

[[python.indexes]]
name = "corp-1"
url = "{url}"
priority = "explicit"
"""


@pytest.fixture
def main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    with serve() as running:
        offer(running, build_wheel("open", "1"))
        monkeypatch.setenv("MOCHIC_INDEX_URL", running.url)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
        (tmp_path / "work").mkdir()
        monkeypatch.chdir(tmp_path / "work")
        yield running


@pytest.fixture
def corp(main: Index) -> Iterator[Index]:
    """A private index with `inside`, which needs `open` of the same index."""
    with serve() as running:
        running.password = AUTHORIZATION
        offer(running, build_wheel("inside", "1", requires=["open"]))
        Path("mochi.toml").write_text(MANIFEST.format(url=running.url), "utf-8")
        yield running


@pytest.mark.parametrize("prefix", ["MOCHIC_INDEX", "UV_INDEX"])
@pytest.mark.parametrize("engine", ["in-process", "uv"])
def test_a_named_index_gets_its_credentials(
    corp: Index, main: Index, prefix: str, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{prefix}_CORP_1_USERNAME", "me")
    monkeypatch.setenv(f"{prefix}_CORP_1_PASSWORD", SECRET)
    done = mochic("pkg", "lock", "--resolver", engine, "--python", "3.13", "--target", "linux-x86_64")
    assert done.code == 0, done.err
    assert AUTHORIZATION in corp.authorizations
    assert set(main.authorizations) == {None}, "they go to no other index"
    written = b"".join((*read_tree(Path()).values(), *read_tree(tmp_path / "cache").values()))
    for secret in (SECRET, "p%40ss", AUTHORIZATION.partition(" ")[2]):
        assert secret.encode() not in written
        assert secret not in done.out + done.err
    exported = mochic("pkg", "export", "pylock", "-o", "-")
    assert exported.code == 0, exported.err
    assert corp.url.rpartition("/")[0] in exported.out
    assert SECRET not in exported.out


def test_without_credentials_the_index_says_what_it_wants(corp: Index) -> None:
    done = mochic("pkg", "lock")
    assert done.code == 1
    assert "answers 401 for `inside`" in done.err
    assert "MOCHIC_INDEX_CORP_1_USERNAME and MOCHIC_INDEX_CORP_1_PASSWORD" in done.err


def test_wrong_credentials_are_not_shown(corp: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCHIC_INDEX_CORP_1_USERNAME", "me")
    monkeypatch.setenv("MOCHIC_INDEX_CORP_1_PASSWORD", "not-the-password")
    done = mochic("pkg", "lock")
    assert done.code == 1
    assert "answers 401" in done.err
    assert "not-the-password" not in done.err


def test_the_main_index_is_called_default(main: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    main.password = AUTHORIZATION
    Path("mochi.toml").write_text('[python-dependencies]\nopen = ">=1"\n', "utf-8")
    assert mochic("pkg", "lock").code == 1
    monkeypatch.setenv("MOCHIC_INDEX_DEFAULT_USERNAME", "me")
    monkeypatch.setenv("MOCHIC_INDEX_DEFAULT_PASSWORD", SECRET)
    done = mochic("pkg", "lock")
    assert done.code == 0, done.err
