"""Wheels from the index into the cache, checked against their digests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from attrs import frozen

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import FileKind, GitSource, Hashes, IndexSource, PathSource, Pin, UrlSource
from ...ir.parts import evolve
from ..cache import Blob, Cache, HashMismatchError
from ..host import Host

if TYPE_CHECKING:
    from .build import BuiltWheel

JOBS: Final = 8
_ATTEMPTS: Final = 3


@final
@frozen
class CachedWheel:
    """A wheel in the cache: its pin, the file, and its digests (both known, and checked).

    Where the wheel was built here, `pin` names it, and `built_from` is the pin of its source.
    """

    pin: Pin
    path: Path
    hashes: Hashes
    size: int
    built_from: Pin | None = None


def fetch(
    pin: Pin,
    host: Host,
    cache: Cache,
    *,
    offline: bool = False,
    locate: Callable[[Pin], str] | None = None,
    build: Callable[[Pin], BuiltWheel] | None = None,
    base: Path | None = None,
) -> CachedWheel:
    """Return the wheel of `pin`, downloading its file unless the cache has it.

    `locate` gives the URL of a file of an index that is pinned without one. `build` makes the
    wheel of a source distribution or project (`InProcessResolver.build`); the pin of what is
    returned then names the wheel. Paths start from `base`.

    Raises `DiagnosticError`: no answer (PY420), offline and not cached (PY421), other content
    than the pin says (PY427), a source that is not supported (PY428), and what `build` raises.
    """
    if not pin.file.filename:
        return _build(pin, build)
    sha256 = pin.file.hashes.sha256
    blob = cache.find_blob(sha256) if sha256 else None
    if blob is None:
        match pin.file.source:
            case IndexSource(url=url) | UrlSource(url=url) if url:
                if offline:
                    message = f"`{pin.file.filename}` is not in the cache, and the network is off"
                    raise DiagnosticError(
                        codes.OFFLINE.at(None, message, help="run once without `--offline`")
                    )
                blob = download_blob(url, pin.file.filename, sha256, host, cache)
            case IndexSource() if locate is not None and not offline:
                blob = download_blob(locate(pin), pin.file.filename, sha256, host, cache)
            case IndexSource() if offline:
                message = f"`{pin.file.filename}` is not in the cache, and the network is off"
                raise DiagnosticError(codes.OFFLINE.at(None, message, help="run once without `--offline`"))
            case PathSource(path=path):
                blob = add_file((base or host.base) / path, sha256, host, cache)
            case IndexSource() | UrlSource():
                message = f"the pin of `{pin.name}` does not say where `{pin.file.filename}` is"
                raise DiagnosticError(codes.SOURCE_NOT_SUPPORTED.at(None, message))
            case GitSource():
                message = f"the pin of `{pin.name}` names both a repository and a file"
                raise DiagnosticError(codes.SOURCE_NOT_SUPPORTED.at(None, message))
    if pin.file.kind is FileKind.SDIST:
        return _build(pin, build)
    return CachedWheel(pin, blob.path, blob.hashes, blob.size)


def _build(pin: Pin, build: Callable[[Pin], BuiltWheel] | None) -> CachedWheel:
    if build is None:
        message = f"`{pin.name}` {pin.version} has no wheel, and nothing is built here"
        raise DiagnosticError(codes.SOURCE_NOT_SUPPORTED.at(None, message))
    filename, blob = build(pin)
    file = evolve(
        pin.file, filename=filename, kind=FileKind.WHEEL, hashes=Hashes(blob.sha256), size=blob.size
    )
    return CachedWheel(evolve(pin, file=file), blob.path, blob.hashes, blob.size, built_from=pin)


def fetch_all(
    pins: Sequence[Pin],
    host: Host,
    cache: Cache,
    *,
    offline: bool = False,
    locate: Callable[[Pin], str] | None = None,
    build: Callable[[Pin], BuiltWheel] | None = None,
    base: Path | None = None,
    done: Callable[[CachedWheel], None] | None = None,
) -> tuple[CachedWheel, ...]:
    """Fetch several pins at once; the result has their order.

    `done` is called, from any thread, as each one is there. Of several failures the first in
    order is raised.
    """

    def work(pin: Pin) -> CachedWheel:
        wheel = fetch(pin, host, cache, offline=offline, locate=locate, build=build, base=base)
        if done is not None:
            done(wheel)
        return wheel

    if len(pins) < 2:
        return tuple(work(pin) for pin in pins)
    with ThreadPoolExecutor(JOBS) as pool:
        futures = [pool.submit(work, pin) for pin in pins]
        try:
            return tuple(future.result() for future in futures)
        finally:
            for future in futures:
                future.cancel()


def download_blob(url: str, filename: str, sha256: str, host: Host, cache: Cache) -> Blob:
    """Stream `url` into the cache, unless another process does so meanwhile.

    A broken or wrong download is tried again before it is an error.
    """
    if not sha256:
        return _download_patiently(url, filename, sha256, host, cache)
    with cache.making(sha256):
        known = cache.find_blob(sha256)
        return known or _download_patiently(url, filename, sha256, host, cache)


def _download_patiently(url: str, filename: str, sha256: str, host: Host, cache: Cache) -> Blob:
    for _ in range(_ATTEMPTS - 1):
        try:
            return _download(url, filename, sha256, host, cache)
        except HashMismatchError:
            continue
        except DiagnosticError as error:
            if error.diagnostics[0].code is not codes.NETWORK:
                raise
    try:
        return _download(url, filename, sha256, host, cache)
    except HashMismatchError as error:
        raise _mismatch(filename, error) from None


def _download(url: str, filename: str, sha256: str, host: Host, cache: Cache) -> Blob:
    with host.stream(url) as reply:
        if reply.status != 200:
            message = f"the index answers {reply.status} for `{filename}`"
            help = "run again with `--refresh`: the file may be gone from the index"
            raise DiagnosticError(codes.NETWORK.at(None, message, help=help))
        return cache.add_blob(reply.chunks, sha256)


def add_file(path: Path, sha256: str, host: Host, cache: Cache) -> Blob:
    """Copy a local file into the cache."""
    try:
        with host.open_binary(path) as file:
            return cache.add_blob(iter(lambda: file.read(1 << 20), b""), sha256)
    except HashMismatchError as error:
        raise _mismatch(path.name, error) from None


def _mismatch(filename: str, error: HashMismatchError) -> DiagnosticError:
    return DiagnosticError(
        codes.HASH_MISMATCH.at(
            None,
            f"`{filename}` is not the file it should be",
            notes=(f"expected sha256 {error.expected}", f"found sha256    {error.found}"),
            help="do not use this file; if it was replaced on purpose, lock again",
        )
    )
