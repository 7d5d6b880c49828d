"""The build backend `mochi_build` (PEP 517, PEP 660): wheels and source archives of Mochi packages.

It needs the standard library only and travels inside of every source archive that Mochi makes, so that
nothing is fetched to build one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from .archive import Data, Member, find_epoch, write_wheel
from .build import (
    Tree,
    build_editable_file,
    build_sdist_file,
    build_wheel_file,
    make_tree,
    metadata_members,
    read_tree,
    wheel_name,
)
from .project import ProjectError

__all__ = [
    "Data",
    "Member",
    "ProjectError",
    "Tree",
    "build_editable",
    "build_sdist",
    "build_sdist_file",
    "build_wheel",
    "build_wheel_file",
    "find_epoch",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "make_tree",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
    "read_tree",
    "wheel_name",
    "write_wheel",
]
Settings = Mapping[str, Any] | None


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Return what a wheel needs to be built: nothing."""
    return []


get_requires_for_build_sdist = get_requires_for_build_editable = (
    get_requires_for_build_wheel
)


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: Settings = None
) -> str:
    """Write the `.dist-info` folder of the wheel and return its name."""
    tree = read_tree(Path.cwd())
    for member in metadata_members(tree, _choose_tag(tree, config_settings)):
        path = Path(metadata_directory, member.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            member.data if isinstance(member.data, bytes) else member.data.read_bytes()
        )
    return f"{tree.project.stem}.dist-info"


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def build_wheel(
    wheel_directory: str,
    config_settings: Settings = None,
    metadata_directory: str | None = None,
) -> str:
    """Write a wheel and return its name; the setting `wheel-tag` chooses one of several tags."""
    tree = read_tree(Path.cwd())
    tag = _choose_tag(tree, config_settings)
    return _write(
        wheel_directory,
        wheel_name(tree.project, tag),
        lambda out: _wheel(tree, tag, out),
    )


def build_editable(
    wheel_directory: str,
    config_settings: Settings = None,
    metadata_directory: str | None = None,
) -> str:
    """Write a wheel that leads to the sources here and return its name (PEP 660)."""
    root = Path.cwd()
    tree = read_tree(root)
    name = wheel_name(tree.project, tree.project.tags[0])
    return _write(
        wheel_directory,
        name,
        lambda out: build_editable_file(tree, root, out, _epoch()),
    )


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Write the source archive and return its name (PEP 625)."""
    tree = read_tree(Path.cwd())
    name = f"{tree.project.stem}.tar.gz"
    return _write(
        sdist_directory, name, lambda out: build_sdist_file(tree, out, _epoch())
    )


def _wheel(tree: Tree, tag: str, out: BinaryIO) -> None:
    build_wheel_file(tree, tag, out, _epoch(), jobs=min(os.cpu_count() or 1, 4))


def _choose_tag(tree: Tree, settings: Settings) -> str:
    """Return the tag that is asked for, else the first of the project."""
    tags = tree.project.tags
    wanted = (settings or {}).get("wheel-tag", tags[0])
    if wanted not in tags:
        raise ProjectError(
            f"the project has no wheel tag {wanted!r}; it has {', '.join(tags)}"
        )
    return str(wanted)


def _epoch() -> int:
    return find_epoch(os.environ)


def _write(folder: str, name: str, write: Callable[[BinaryIO], None]) -> str:
    """Write a file that is there as a whole or not at all, and return its name."""
    path = Path(folder, name)
    part = path.with_name(f".{name}.part")
    try:
        with part.open("wb") as out:
            write(out)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return name
