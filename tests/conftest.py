"""Options and fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from index_server import Index


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`, which rewrites output blocks instead of comparing them."""
    parser.addoption("--update-golden", action="store_true", help="rewrite golden outputs")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under `--update-golden`, keep the tests that have something to rewrite."""
    if config.getoption("--update-golden"):
        kept = [item for item in items if "update_golden" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept


@pytest.fixture(scope="session", autouse=True)
def no_probe() -> Iterator[None]:
    """Import no packages, unless a test asks for that: it takes an interpreter and time.

    For the session, so that what fixtures of a module compile can be compared with what a test does.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOCHIC_PROBE", "0")
        yield


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden outputs are to be rewritten."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def packages() -> Iterator[Index]:
    """A running index with the packages of `local_packages`."""
    from local_packages import serve_packages  # only a few test files need the compiler

    with serve_packages() as index:
        yield index


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that tests may share: what is in it must not change what they see."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def desk(packages: Index, shared_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, in an environment that knows only the local index."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MOCHIC_INDEX_URL", packages.url)
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared_cache))
    monkeypatch.chdir(tmp_path)
    return tmp_path
