"""From the files of a project to the members of its archives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from .archive import Data, Member, is_executable, write_sdist, write_wheel
from .project import (
    Project,
    ProjectError,
    format_entry_points,
    format_metadata,
    format_wheel,
    read_project,
)

PYPROJECT: Final = "pyproject.toml"
_LEFT_OUT: Final = ("__pycache__", ".DS_Store")
_COMPILED: Final = (".pyc", ".pyo")


class Tree(NamedTuple):
    """The files of a project by their path in it, as its source archive has them."""

    project: Project
    members: Mapping[str, Member]

    @property
    def readme(self) -> str:
        """The text that describes the project, with lines that end alike everywhere."""
        if not self.project.readme:
            return ""
        text = _bytes_of(self.find(self.project.readme).data).decode("utf-8")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def find(self, path: str) -> Member:
        """Return the file at `path`. Raises `ProjectError`."""
        try:
            return self.members[path]
        except KeyError:
            raise ProjectError(f"the project has no file {path!r}") from None


def make_tree(files: Iterable[Member]) -> Tree:
    """Return the project that has `files`, whose paths are those in it. Raises `ProjectError`."""
    members = {each.path: each for each in files}
    if PYPROJECT not in members:
        raise ProjectError("there is no pyproject.toml")
    return Tree(
        read_project(_bytes_of(members[PYPROJECT].data).decode("utf-8")), members
    )


def read_tree(root: Path) -> Tree:
    """Return the project in the folder `root`. Raises `ProjectError`."""
    try:
        text = (root / PYPROJECT).read_text("utf-8")
    except FileNotFoundError:
        raise ProjectError("there is no pyproject.toml") from None
    project = read_project(text)
    named = [PYPROJECT, project.readme, *project.licenses]
    folders = [f"{project.source}/{package}" for package in project.packages]
    paths = filter(None, (*named, *folders, *project.extra_files))
    return make_tree(each for path in paths for each in _list_files(root, path))


def wheel_name(project: Project, tag: str) -> str:
    """Return the file name of the wheel for `tag`."""
    return f"{project.stem}-{tag}.whl"


def build_wheel_file(
    tree: Tree, tag: str, out: BinaryIO, epoch: int, jobs: int = 1
) -> None:
    """Write the wheel for `tag` to `out`."""
    write_wheel(_wheel_members(tree, tag), _dist_info(tree.project), out, epoch, jobs)


def build_editable_file(tree: Tree, root: Path, out: BinaryIO, epoch: int) -> None:
    """Write a wheel that leads to the sources in the folder `root` (PEP 660)."""
    project = tree.project
    source = str((root / project.source).resolve())
    if "\n" in source:
        raise ProjectError(
            "the folder's name has a line break, which no path file can hold"
        )
    link = Member(f"__editable__.{project.stem}.pth", f"{source}\n".encode())
    described = metadata_members(tree, project.tags[0])
    write_wheel((link, *described), _dist_info(project), out, epoch)


def build_sdist_file(tree: Tree, out: BinaryIO, epoch: int) -> None:
    """Write the source archive to `out`."""
    described = Member("PKG-INFO", format_metadata(tree.project, tree.readme).encode())
    write_sdist((*tree.members.values(), described), tree.project.stem, out, epoch)


def metadata_members(tree: Tree, tag: str) -> list[Member]:
    """Return the files of the `.dist-info` folder, without its `RECORD`."""
    project, folder = tree.project, _dist_info(tree.project)
    texts = {
        "METADATA": format_metadata(project, tree.readme),
        "WHEEL": format_wheel(project, tag),
        "entry_points.txt": format_entry_points(project),
    }
    found = [
        Member(f"{folder}/{name}", text.encode())
        for name, text in texts.items()
        if text
    ]
    return found + [
        Member(f"{folder}/licenses/{each}", tree.find(each).data)
        for each in project.licenses
    ]


def _dist_info(project: Project) -> str:
    return f"{project.stem}.dist-info"


def _wheel_members(tree: Tree, tag: str) -> Iterator[Member]:
    project = tree.project
    source = f"{project.source}/"
    places = [f"{source}{package}" for package in project.packages]
    missing = set(places)
    for path, member in tree.members.items():
        place = next(
            (each for each in places if path == each or path.startswith(f"{each}/")),
            None,
        )
        if place is not None:
            missing.discard(place)
            yield member._replace(path=path.removeprefix(source))
    if missing:
        raise ProjectError(f"the project has no {', '.join(sorted(missing))}")
    yield from metadata_members(tree, tag)


def _list_files(root: Path, path: str) -> Iterator[Member]:
    """Yield a file of the project, or all files below a folder."""
    place = root / path
    if place.is_symlink() and not place.resolve().is_relative_to(root.resolve()):
        raise ProjectError(f"{path!r} is a link that leads out of the project")
    if place.is_dir():
        for each in sorted(place.iterdir()):
            if each.name not in _LEFT_OUT and each.suffix not in _COMPILED:
                yield from _list_files(root, f"{path}/{each.name}")
    elif place.is_file():
        yield Member(path, place, is_executable(place))
    else:
        raise ProjectError(f"the project has no file {path!r}")


def _bytes_of(data: Data) -> bytes:
    return data if isinstance(data, bytes) else data.read_bytes()
