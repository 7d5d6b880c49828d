"""What `pyproject.toml` says of the tree is what the tree is."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
LAYERS = ("ir", "passes", "backends", "compiler", "runtime")


def name_of(folder: Path) -> str:
    return ".".join(("mochic_py", *folder.relative_to(ROOT).parts))


def test_every_package_is_listed() -> None:
    found = {name_of(path.parent) for layer in LAYERS for path in (ROOT / layer).rglob("__init__.py")}
    listed = set(SETUPTOOLS["packages"])
    assert found <= listed
    assert all(
        (ROOT / name.replace(".", "/").removeprefix("mochic_py").strip("/")).is_dir() for name in listed
    )


def test_every_data_file_is_shipped() -> None:
    data = {
        path
        for layer in LAYERS
        for path in (ROOT / layer).rglob("*.*")
        if path.is_file()
        and path.suffix not in (".py", ".pyc")
        and path.name != "ruff.toml"
        and ".ruff_cache" not in path.parts
    }
    shipped = {
        path
        for package, patterns in SETUPTOOLS["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/").removeprefix("mochic_py").strip("/")).glob(pattern)
    }
    assert data <= shipped


def test_the_marker_of_a_checkout_is_not_shipped() -> None:
    assert SETUPTOOLS["package-data"]["mochic_py"] == ["py.typed"]
