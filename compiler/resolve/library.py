"""Pages and metadata for one resolution, fetched ahead by a few threads.

When a page arrives, the metadata of its best release is asked for; when metadata arrives,
the pages of what it needs are. Most of what the resolver then asks is already there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache
from types import TracebackType
from typing import Final, TypeVar, final

from attrs import frozen
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Dependency
from packaging.utils import canonicalize_name

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import AbiTagPolicy, FileKind, Target
from ...ir.parts import evolve
from ..cache import Cache
from ..dependency_text import parse_dependency
from ..frontends.metadata import Metadata, MetadataError, parse_metadata
from ..host import Host
from .build import Builder
from .candidates import Release, Releases, find_version, list_releases
from .index_set import IndexSet
from .metadata_fetch import fetch_metadata
from .sources import DirectSource, Sources
from .tags import full_version, marker_environment, wheel_tags

JOBS: Final = 8

K = TypeVar("K")
T = TypeVar("T")


@final
@frozen
class Needs:
    """The metadata of a release, with its dependencies parsed."""

    metadata: Metadata
    dependencies: tuple[Dependency, ...]


@final
class Library:
    """What indexes and direct sources say, for one target. A context manager: leaving it ends the threads.

    `before` leaves out files that an index got later; `sdists` lets source distributions serve; `policy` says
    which tags of wheels count.
    """

    def __init__(
        self,
        host: Host,
        cache: Cache,
        target: Target,
        indexes: IndexSet,
        builder: Builder,
        sources: Sources,
        *,
        offline: bool,
        before: datetime | None = None,
        sdists: bool = True,
        policy: AbiTagPolicy = AbiTagPolicy.LEGACY,
    ) -> None:
        self._host = host
        self._cache = cache
        self._target = target
        self._indexes = indexes
        self._builder = builder
        self._sources = sources
        self._offline = offline
        self._before = before
        self._sdists = sdists
        self._policy = policy
        self._tags = wheel_tags(target, policy)
        self._python = full_version(target)
        self._environment = marker_environment(target)
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(JOBS, thread_name_prefix="mochic-resolve")
        self._pages: dict[str, Future[Releases | None]] = {}
        self._metadata: dict[tuple[str, str], Future[Needs]] = {}
        self._direct: dict[tuple[str, DirectSource], Releases] = {}
        self._bound: dict[str, Releases] = {}

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def bind(self, name: str, source: DirectSource) -> None:
        """Take the normalised `name` from `source` and nowhere else; raises `DiagnosticError`."""
        self._bound[name] = self.direct(name, source)

    def direct(self, name: str, source: DirectSource) -> Releases:
        """Return the release that `source` holds; raises `DiagnosticError`."""
        key = (name, source)
        if key not in self._direct:
            self._direct[key] = self._sources.releases(name, source)
        return self._direct[key]

    def releases(self, name: str) -> Releases | None:
        """Return the releases of the normalised `name`, or None if no index knows it."""
        return self._bound.get(name) or self._ask_releases(name).result()

    def serves_with_gil(self, name: str) -> bool:
        """Whether the same target with the GIL has wheels of `name` that the one without lacks."""
        target = evolve(self._target, free_threaded=False)
        found = self._indexes.page(name, target) if target != self._target else None
        if found is None:
            return False
        index, page = found
        tags = wheel_tags(target, self._policy)
        return bool(list_releases(name, page, tags, self._python, index.name, before=self._before).usable)

    def needs(self, release: Release) -> Needs:
        """Return what `release` says about itself.

        Raises `DiagnosticError`: PY429 when it is broken or is about something else.
        """
        return self._ask_needs(release).result()

    def prefetch(self, name: str) -> None:
        """Start to fetch what will probably be asked about `name`."""
        if name not in self._bound:
            self._ask_releases(name)

    def prefetch_needs(self, releases: Iterable[Release]) -> None:
        """Start to fetch the metadata of `releases`, but nothing that they need."""
        for release in releases:
            if release.kind is FileKind.WHEEL:
                self._ask_needs(release, follow=False)

    def _ask_releases(self, name: str) -> Future[Releases | None]:
        return self._once(self._pages, name, lambda: self._load_releases(name))

    def _ask_needs(self, release: Release, *, follow: bool = True) -> Future[Needs]:
        key = (release.name, release.row.url)
        return self._once(self._metadata, key, lambda: self._load_needs(release, follow))

    def _once(self, known: dict[K, Future[T]], key: K, work: Callable[[], T]) -> Future[T]:
        with self._lock:
            future = known.get(key)
            if future is None:
                future = known[key] = _submit(self._pool, work)
            return future

    def _load_releases(self, name: str) -> Releases | None:
        found = self._indexes.page(name, self._target)
        if found is None:
            return None
        index, page = found
        releases = list_releases(
            name, page, self._tags, self._python, index.name, sdists=self._sdists, before=self._before
        )
        usual = next(
            (r for r in releases.usable if not r.version.is_prerelease and r.row.yanked is None), None
        )
        # A source distribution may have to be built, so it is only looked at when it is asked about.
        if usual is not None and usual.kind is FileKind.WHEEL:
            self._ask_needs(usual)
        return releases

    def _load_needs(self, release: Release, follow: bool) -> Needs:
        content = self._load_metadata(release)
        try:
            metadata = parse_metadata(content)
            dependencies = tuple(map(_parse_dependency, metadata.requires_dist))
        except (MetadataError, InvalidRequirement, RecursionError) as error:
            raise _broken(release, str(error)) from None
        if (
            canonicalize_name(metadata.name) != release.name
            or find_version(metadata.version) != release.version
        ):
            raise _broken(release, f"it is about {metadata.name} {metadata.version}")
        for dependency in dependencies if follow else ():
            if dependency.url:
                continue
            if dependency.marker is None or dependency.marker.evaluate({**self._environment, "extra": ""}):
                self.prefetch(normalise(dependency.name))
        return Needs(metadata, dependencies)

    def _load_metadata(self, release: Release) -> bytes:
        if release.metadata is not None:
            return release.metadata
        if release.kind is FileKind.SDIST:
            return self._builder.sdist_metadata(release.row)
        return fetch_metadata(
            release.row, self._host, self._cache, advertised=release.advertised, offline=self._offline
        )


@lru_cache(maxsize=16384)
def normalise(name: str) -> str:
    """Return `name` as PEP 503 normalises it."""
    return canonicalize_name(name)


@lru_cache(maxsize=16384)
def _parse_dependency(text: str) -> Dependency:
    return parse_dependency(text)


def _submit(pool: ThreadPoolExecutor, work: Callable[[], T]) -> Future[T]:
    try:
        return pool.submit(work)
    except RuntimeError:
        # The pool has been shut down: a prefetch nobody waits for any more.
        future: Future[T] = Future()
        future.cancel()
        return future


def _broken(release: Release, reason: str) -> DiagnosticError:
    message = f"the metadata of `{release.row.filename or release.name}` cannot be used: {reason}"
    return DiagnosticError(codes.INVALID_METADATA.at(None, message))
