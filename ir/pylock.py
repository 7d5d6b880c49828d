"""A lock file of PEP 751 as a value.

`backends/pylock.py` prints it, `compiler/frontends/pylock.py` reads what any tool wrote.
"""

from __future__ import annotations

from typing import TypeAlias, final

from attrs import field, frozen

from .source import Span


@final
@frozen
class LockedFile:
    """A file of a package: at `url`, or at `path` relative to the lock file, or both.

    `hashes` are pairs of algorithm and lower-case hex digest, sorted; `blake3` is kept apart, as pip
    refuses an algorithm that `hashlib` does not know.
    """

    filename: str
    url: str = ""
    path: str = ""
    size: int | None = None
    hashes: tuple[tuple[str, str], ...] = ()
    blake3: str = ""
    upload_time: str = ""

    @property
    def sha256(self) -> str:
        """The SHA-256 digest, empty where there is none."""
        return dict(self.hashes).get("sha256", "")


@final
@frozen
class Files:
    """A package as the files of an index: wheels in order of file name, and the sdist if it is locked."""

    index: str = ""
    wheels: tuple[LockedFile, ...] = ()
    sdist: LockedFile | None = None


@final
@frozen
class Archive:
    """A package as one file named directly."""

    file: LockedFile
    subdirectory: str = ""


@final
@frozen
class Directory:
    """A package as a folder, relative to the lock file."""

    path: str
    editable: bool = False
    subdirectory: str = ""


@final
@frozen
class Repository:
    """A package as a commit of a repository of the kind `vcs`, at `url` or at `path`."""

    vcs: str
    commit: str
    url: str = ""
    path: str = ""
    rev: str = ""
    subdirectory: str = ""


Origin: TypeAlias = Files | Archive | Directory | Repository


@final
@frozen
class PylockPackage:
    """An entry of `packages`. `dependencies` are names; a source without a fixed version has an empty one."""

    name: str
    version: str
    origin: Origin
    marker: str = ""
    requires_python: str = ""
    dependencies: tuple[str, ...] = ()
    span: Span | None = field(default=None, eq=False, repr=False)


@final
@frozen
class Pylock:
    """A lock file: `environments` are markers, of which one must hold where it is installed."""

    packages: tuple[PylockPackage, ...]
    requires_python: str = ""
    environments: tuple[str, ...] = ()
    created_by: str = ""
    extras: tuple[str, ...] = ()
    dependency_groups: tuple[str, ...] = ()
    default_groups: tuple[str, ...] = ()
