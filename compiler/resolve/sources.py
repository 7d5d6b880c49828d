"""Releases from places other than an index: paths, repositories, URLs. Each place has one release."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeGuard, final
from urllib.parse import unquote, urlsplit

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import AbiTagPolicy, GitSource, PathSource, Target, UrlSource
from ...ir.redact import redact
from ..cache import Cache
from ..frontends.metadata import MetadataError, parse_metadata
from ..host import Host
from .build import Builder, BuiltWheel, digest_tree, is_project
from .candidates import Release, Releases, find_version
from .download import add_file, download_blob
from .git import Repositories
from .metadata_fetch import read_archive
from .pages import FileRow
from .tags import wheel_tags

if TYPE_CHECKING:
    from packaging.requirements import Requirement as Dependency

DirectSource: TypeAlias = GitSource | PathSource | UrlSource

_URL_DIGEST = "url-digest"


@final
class Sources:
    """Direct sources for `target`. Paths start from `base`."""

    def __init__(
        self,
        host: Host,
        cache: Cache,
        target: Target,
        builder: Builder,
        base: Path,
        *,
        offline: bool,
        policy: AbiTagPolicy = AbiTagPolicy.LEGACY,
    ) -> None:
        self._host = host
        self._cache = cache
        self._target = target
        self._policy = policy
        self._builder = builder
        self._base = base
        self._offline = offline
        self._repositories = Repositories(host, cache, offline=offline)

    def releases(self, name: str, source: DirectSource) -> Releases:
        """Return the one release of the normalised `name` that `source` holds.

        Raises `DiagnosticError`: PY428 when nothing there is a distribution of that name that
        serves the target, and what git, a build or a download raises.
        """
        match source:
            case GitSource():
                release = self._from_git(name, source)
            case PathSource():
                release = self._from_path(name, source)
            case UrlSource():
                release = self._from_url(name, source)
        return Releases(name, (release,))

    def build(self, source: DirectSource, filename: str, sha256: str) -> BuiltWheel:
        """Return the wheel of a pinned source distribution or project, building it where needed."""
        match source:
            case GitSource():
                return self._build_commit(source)
            case PathSource(path=path) if not filename:
                folder = self._base / path
                return self._builder.build_tree(
                    digest_tree(self._host, folder), path, lambda: nullcontext(folder)
                )
            case PathSource(path=path):
                blob = add_file(self._base / path, sha256, self._host, self._cache)
                return self._builder.build_sdist(_row(filename, "", "", blob.sha256))
            case UrlSource(url=url):
                return self._builder.build_sdist(_row(filename, url.partition("#")[0], "", sha256))

    def _from_git(self, name: str, source: GitSource) -> Release:
        commit = self._repositories.find_commit(source)
        pinned = GitSource(source.url, source.rev, commit, source.subdirectory)
        content = self._builder.tree_metadata(
            _commit_key(pinned), redact(source.url), lambda: self._open_commit(pinned)
        )
        return self._project(name, pinned, content)

    def _build_commit(self, source: GitSource) -> BuiltWheel:
        return self._builder.build_tree(
            _commit_key(source), redact(source.url), lambda: self._open_commit(source)
        )

    @contextmanager
    def _open_commit(self, source: GitSource) -> Iterator[Path]:
        with self._repositories.open_tree(source, source.commit) as tree:
            folder = tree / source.subdirectory
            if not folder.resolve().is_relative_to(tree.resolve()) or not is_project(self._host, folder):
                message = f"`{redact(source.url)}` holds no Python project in `{source.subdirectory or '.'}`"
                raise DiagnosticError(codes.SOURCE_NOT_SUPPORTED.at(None, message))
            yield folder

    def _from_path(self, name: str, source: PathSource) -> Release:
        place = self._base / source.path
        if not self._host.is_folder(place):
            return self._from_file(name, source, place.name)
        if not is_project(self._host, place):
            return self._from_file(name, source, *self._host.list(place))
        content = self._builder.tree_metadata(
            digest_tree(self._host, place), source.path, lambda: nullcontext(place)
        )
        return self._project(name, source, content)

    def _from_file(self, name: str, source: PathSource, *filenames: str) -> Release:
        """Return the best of the files, which lie in the folder of `source` or are it."""
        place = self._base / source.path
        folder = self._host.is_folder(place)
        tags = wheel_tags(self._target, self._policy)
        found: list[tuple[tuple[Version, bool, int, int], FileRow]] = []
        for filename in filenames:
            row = read_filename(filename, name)
            rank = (0, 0) if row is None or not row.tag else tags.rank(row.tag)
            version = find_version(row.version) if row is not None else None
            if row is not None and rank is not None and version is not None:
                found.append(((version, bool(row.tag), -rank[0], -rank[1]), row))
        if not found:
            raise self._nothing(name, source.path)
        _, row = max(found)
        path = f"{source.path}/{row.filename}" if folder else source.path
        blob = add_file(self._base / path, "", self._host, self._cache)
        row = row._replace(url=path, sha256=blob.sha256, size=blob.size)
        return self._file_release(name, PathSource(path, source.editable), row)

    def _from_url(self, name: str, source: UrlSource) -> Release:
        url, _, fragment = source.url.partition("#")
        row = read_filename(unquote(urlsplit(url).path.rpartition("/")[2]), name)
        tags = wheel_tags(self._target, self._policy)
        if row is None or (row.tag and tags.rank(row.tag) is None):
            raise self._nothing(name, redact(url))
        digests = dict(part.partition("=")[::2] for part in fragment.split("&"))
        known = digests.get("sha256") or (self._cache.get(_URL_DIGEST, url) or b"").decode("ascii")
        blob = self._cache.find_blob(known) if known else None
        if blob is None:
            if self._offline:
                message = f"`{redact(url)}` is not in the cache, and the network is off"
                raise DiagnosticError(codes.OFFLINE.at(None, message, help="run once without `--offline`"))
            blob = download_blob(url, row.filename, digests.get("sha256", ""), self._host, self._cache)
            self._cache.put(_URL_DIGEST, url, blob.sha256.encode("ascii"))
        row = row._replace(url=url, sha256=blob.sha256, size=blob.size)
        return self._file_release(name, source, row)

    def _file_release(self, name: str, source: DirectSource, row: FileRow) -> Release:
        """Return the release of a file that the cache has."""
        blob = self._cache.find_blob(row.sha256)
        assert blob is not None, "the file was added just now"
        if row.tag:
            with self._host.open_binary(blob.path) as file:
                content = read_archive(file, row.filename)
        else:
            content = self._builder.sdist_metadata(row)
        return Release(name, Version(row.version), row, source=source, metadata=content)

    def _project(self, name: str, source: DirectSource, content: bytes) -> Release:
        try:
            version = parse_metadata(content).version
        except MetadataError as error:
            message = f"the metadata of `{name}` cannot be used: {error}"
            raise DiagnosticError(codes.INVALID_METADATA.at(None, message)) from None
        row = _row("", "", version, "")
        return Release(name, Version(version), row, source=source, metadata=content)

    def _nothing(self, name: str, shown: str) -> DiagnosticError:
        message = f"there is no wheel or source of `{name}` for {self._target} at `{shown}`"
        help = "name a wheel, a source distribution, a folder with wheels, or a project (`pyproject.toml`)"
        return DiagnosticError(codes.SOURCE_NOT_SUPPORTED.at(None, message, help=help))


def read_filename(filename: str, name: str) -> FileRow | None:
    """Return what the name of a wheel or source distribution says; None when it is not one of `name`."""
    try:
        if filename.endswith(".whl"):
            found, version, _, _ = parse_wheel_filename(filename)
            tag = "-".join(filename[:-4].rsplit("-", 3)[1:])
        else:
            found, version = parse_sdist_filename(filename)
            tag = ""
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
    return _row(filename, "", str(version), "", tag) if found == name else None


def is_direct(source: object) -> TypeGuard[DirectSource]:
    """Whether `source` is a place with one release, and no index."""
    return isinstance(source, GitSource | PathSource | UrlSource)


def show_source(source: DirectSource) -> str:
    """Return a direct source in the words of an import spec, without credentials."""
    match source:
        case GitSource(url=url, rev=rev):
            return f"git+{redact(url)}" + (f"#{rev}" if rev else "")
        case PathSource(path=path):
            return f"path+{path}"
        case UrlSource(url=url):
            return redact(url)


def read_url(dependency: Dependency) -> DirectSource:
    """Return where a dependency with a URL (PEP 508) comes from.

    Raises `DiagnosticError` (PY428) for a scheme that cannot be used.
    """
    url = dependency.url or ""
    scheme, _, _ = url.partition("://")
    if scheme.startswith("git+"):
        place, _, fragment = url.removeprefix("git+").partition("#")
        head, at, rev = place.rpartition("@")
        # An `@` before the path is the user of an SSH address.
        if not at or "/" not in head.partition("://")[2]:
            head, rev = place, ""
        folder = dict(part.partition("=")[::2] for part in fragment.split("&")).get("subdirectory", "")
        return GitSource(head, rev, "", folder)
    if scheme in ("https", "http"):
        return UrlSource(url)
    message = f"`{dependency.name}` is to come from `{redact(url)}`, which cannot be used"
    raise DiagnosticError(codes.SOURCE_NOT_SUPPORTED.at(None, message))


def _row(filename: str, url: str, version: str, sha256: str, tag: str = "") -> FileRow:
    return FileRow(filename, url, version, tag, sha256, "", None, None, "", "")


def _commit_key(source: GitSource) -> str:
    return f"{source.url}\n{source.commit}\n{source.subdirectory}"
