"""Pages and metadata for one resolution, fetched ahead by a few threads.

When a page arrives, the metadata of its best release is asked for; when metadata arrives,
the pages of what it needs are. Most of what the resolver then asks is already there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from types import TracebackType
from typing import Final, TypeVar, final

from attrs import frozen
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Dependency
from packaging.utils import canonicalize_name

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import Target
from ..cache import Cache
from ..frontends.metadata import Metadata, MetadataError, parse_metadata
from ..host import Host
from .candidates import Release, Releases, find_version, list_releases
from .index import IndexClient
from .metadata_fetch import fetch_metadata
from .tags import full_version, marker_environment, wheel_tags

JOBS: Final = 8

T = TypeVar("T")


@final
@frozen
class Needs:
    """The metadata of a release, with its dependencies parsed."""

    metadata: Metadata
    dependencies: tuple[Dependency, ...]


@final
class Library:
    """What indexes say, for one target. A context manager: leaving it ends the threads.

    `indexes` binds names to an index of their own; every other name is looked up in `main`
    only. `local` are releases given as files, which hide the index.
    """

    def __init__(
        self,
        host: Host,
        cache: Cache,
        target: Target,
        main: IndexClient,
        indexes: Mapping[str, IndexClient],
        local: Mapping[str, Release],
        *,
        offline: bool,
    ) -> None:
        self._host = host
        self._cache = cache
        self._target = target
        self._main = main
        self._indexes = indexes
        self._local = local
        self._offline = offline
        self._tags = wheel_tags(target)
        self._python = full_version(target)
        self._environment = marker_environment(target)
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(JOBS, thread_name_prefix="mochic-resolve")
        self._pages: dict[str, Future[Releases | None]] = {}
        self._metadata: dict[str, Future[Needs]] = {}

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def releases(self, name: str) -> Releases | None:
        """Return the releases of the normalised `name`, or None if the index does not know it."""
        return self._ask_releases(name).result()

    def needs(self, release: Release) -> Needs:
        """Return what `release` says about itself.

        Raises `DiagnosticError`: PY429 when it is broken or is about something else.
        """
        return self._ask_needs(release).result()

    def prefetch(self, name: str) -> None:
        """Start to fetch what will probably be asked about `name`."""
        self._ask_releases(name)

    def prefetch_needs(self, releases: Iterable[Release]) -> None:
        """Start to fetch the metadata of `releases`, but nothing that they need."""
        for release in releases:
            self._ask_needs(release, follow=False)

    def _ask_releases(self, name: str) -> Future[Releases | None]:
        return self._once(self._pages, name, lambda: self._load_releases(name))

    def _ask_needs(self, release: Release, *, follow: bool = True) -> Future[Needs]:
        return self._once(self._metadata, release.row.url, lambda: self._load_needs(release, follow))

    def _once(self, known: dict[str, Future[T]], key: str, work: Callable[[], T]) -> Future[T]:
        with self._lock:
            future = known.get(key)
            if future is None:
                future = known[key] = _submit(self._pool, work)
            return future

    def _load_releases(self, name: str) -> Releases | None:
        local = self._local.get(name)
        if local is not None:
            return Releases(name, (local,))
        index = self._indexes.get(name, self._main)
        page = index.page(name, self._target)
        if page is None:
            return None
        releases = list_releases(name, page, self._tags, self._python, index.name)
        usual = next(
            (r for r in releases.usable if not r.version.is_prerelease and r.row.yanked is None), None
        )
        if usual is not None:
            self._ask_needs(usual)
        return releases

    def _load_needs(self, release: Release, follow: bool) -> Needs:
        content = fetch_metadata(
            release.row, self._host, self._cache, advertised=release.advertised, offline=self._offline
        )
        try:
            metadata = parse_metadata(content)
            dependencies = tuple(map(_parse_dependency, metadata.requires_dist))
        except (MetadataError, InvalidRequirement) as error:
            raise _broken(release, str(error)) from None
        if (
            canonicalize_name(metadata.name) != release.name
            or find_version(metadata.version) != release.version
        ):
            raise _broken(release, f"it is about {metadata.name} {metadata.version}")
        for dependency in dependencies if follow else ():
            if dependency.marker is None or dependency.marker.evaluate({**self._environment, "extra": ""}):
                self.prefetch(normalise(dependency.name))
        return Needs(metadata, dependencies)


@lru_cache(maxsize=16384)
def normalise(name: str) -> str:
    """Return `name` as PEP 503 normalises it."""
    return canonicalize_name(name)


@lru_cache(maxsize=16384)
def _parse_dependency(text: str) -> Dependency:
    return Dependency(text)


def _submit(pool: ThreadPoolExecutor, work: Callable[[], T]) -> Future[T]:
    try:
        return pool.submit(work)
    except RuntimeError:
        # The pool has been shut down: a prefetch nobody waits for any more.
        future: Future[T] = Future()
        future.cancel()
        return future


def _broken(release: Release, reason: str) -> DiagnosticError:
    message = f"the metadata of `{release.row.filename}` cannot be used: {reason}"
    return DiagnosticError(codes.INVALID_METADATA.at(None, message))
