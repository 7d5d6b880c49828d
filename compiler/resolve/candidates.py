"""Releases of a distribution: the best file of each version, newest first."""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterable
from datetime import datetime
from functools import lru_cache
from typing import final

from attrs import field, frozen
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from ...ir.dist import DistFile, FileKind, GitSource, Hashes, IndexSource, PathSource, UrlSource
from .options import parse_time
from .pages import FileRow, Page
from .tags import Rank, TagSet


@final
@frozen(eq=False)
class Release:
    """One version of a distribution, and the file of it that fits the target best.

    That is a wheel, or a source distribution where no wheel fits. `index` is the name of the
    index it comes from, and `advertised` tells that this index says which files have a
    `.metadata`. A release from elsewhere has a `source`, and its `metadata` are known; a
    project that is no file yet has an empty file name.
    """

    name: str
    version: Version
    row: FileRow = field(repr=False)
    index: str = ""
    advertised: bool = field(default=False, repr=False)
    source: GitSource | PathSource | UrlSource | None = None
    metadata: bytes | None = field(default=None, repr=False)

    @property
    def kind(self) -> FileKind:
        """Whether it is a wheel."""
        return FileKind.WHEEL if self.row.tag else FileKind.SDIST

    @property
    def file(self) -> DistFile:
        """The file as a value for a pin."""
        row = self.row
        return DistFile(
            filename=row.filename,
            kind=self.kind,
            source=self.source or IndexSource(self.index, row.url),
            hashes=Hashes(row.sha256),
            size=row.size,
            requires_python=row.requires_python,
            yanked=row.yanked,
            upload_time=row.upload_time,
            metadata_sha256=row.metadata if row.metadata not in ("", "true") else None,
        )


@final
@frozen
class Releases:
    """What an index has of one distribution for a target, newest version first.

    `unusable` and `sdist_only` are versions that exist, but without a wheel for the target
    or without any wheel; `other_python` those whose wheels exclude the target's Python;
    `other_policy` those whose wheels are tagged `abi2026`, which the policy leaves out; all newest first.
    """

    name: str
    usable: tuple[Release, ...]
    unusable: tuple[str, ...] = ()
    sdist_only: tuple[str, ...] = ()
    other_python: tuple[str, ...] = ()
    other_policy: tuple[str, ...] = ()


def list_releases(
    name: str,
    page: Page,
    tags: TagSet,
    python: str,
    index: str,
    *,
    sdists: bool = False,
    before: datetime | None = None,
) -> Releases:
    """Group the files of `page` by version and pick the best file of each.

    Wheels rank by PEP 425, then build tag. With `sdists`, a source distribution stands for a
    version without a wheel that fits. `python` is the full version of the target's Python;
    files that exclude it are left out, and so are those that the index got at `before` or later.
    """
    page = page if before is None else _as_of(page, before)
    best: dict[Version, tuple[tuple[Rank, tuple[int, str]], FileRow]] = {}
    other_python: set[str] = set()
    other_policy: set[str] = set()
    for row in page.wheels:
        version = find_version(row.version)
        rank = tags.rank(row.tag)
        if version is None:
            continue
        if rank is None:
            other_policy.add(row.version)
            continue
        if not admits_python(row.requires_python, python):
            other_python.add(row.version)
            continue
        key = (rank, _build_order(row.filename))
        known = best.get(version)
        if known is None or key < known[0]:
            best[version] = (key, row)
    chosen = {version: row for version, (_, row) in best.items()}
    if sdists:
        chosen |= _best_sdists(page.sdists, chosen, python, other_python)
    usable = tuple(
        Release(name, version, chosen[version], index, page.advertises)
        for version in sorted(chosen, reverse=True)
    )
    served = {row.version for row in chosen.values()}
    wheels = {row.version for row in page.wheels} | set(page.unusable)
    return Releases(
        name,
        usable,
        unusable=_newest_first(set(page.unusable) - served),
        sdist_only=_newest_first({row.version for row in page.sdists} - wheels - served - other_python),
        other_python=_newest_first(other_python - served),
        other_policy=_newest_first(other_policy - served - other_python),
    )


def _best_sdists(
    rows: Iterable[FileRow], served: Container[Version], python: str, other_python: set[str]
) -> dict[Version, FileRow]:
    found: dict[Version, FileRow] = {}
    for row in rows:
        version = find_version(row.version)
        if version is None or version in served:
            continue
        if not admits_python(row.requires_python, python):
            other_python.add(row.version)
        elif version not in found or row.filename.endswith(".tar.gz"):
            found[version] = row
    return found


def _as_of(page: Page, before: datetime) -> Page:
    """Return `page` without what came later; a file without a time may have, so it is left out too."""

    def kept(row: FileRow) -> bool:
        moment = parse_time(row.upload_time)
        return moment is not None and moment < before

    return page._replace(wheels=tuple(filter(kept, page.wheels)), sdists=tuple(filter(kept, page.sdists)))


def _newest_first(versions: Iterable[str]) -> tuple[str, ...]:
    found = {version: text for text in versions if (version := find_version(text)) is not None}
    return tuple(found[version] for version in sorted(found, reverse=True))


def _build_order(filename: str) -> tuple[int, str]:
    """A higher build number is better (PEP 427), so it comes first."""
    parts = filename.split("-")
    if len(parts) != 6:
        return (0, "")
    digits = len(parts[2]) - len(parts[2].lstrip("0123456789"))
    return (-int(parts[2][:digits] or 0) - 1, parts[2][digits:])


@lru_cache(maxsize=65536)
def find_version(text: str) -> Version | None:
    """Return `text` as a version, or None where PEP 440 does not admit it."""
    with contextlib.suppress(InvalidVersion):
        return Version(text)
    return None


@lru_cache(maxsize=4096)
def find_specifier(text: str) -> SpecifierSet | None:
    """Return `text` as a specifier, or None where PEP 440 does not admit it."""
    with contextlib.suppress(InvalidSpecifier):
        return SpecifierSet(text)
    return None


@lru_cache(maxsize=4096)
def admits_python(requires_python: str, python: str) -> bool:
    """Whether a Requires-Python field admits `python`. One that cannot be read admits every version."""
    specifier = find_specifier(requires_python) if requires_python else None
    return specifier is None or specifier.contains(python, prereleases=True)
