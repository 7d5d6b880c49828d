"""The types of the standard library, from a pinned snapshot of typeshed.

The snapshot is a wheel of the index that carries typeshed's `stdlib` folder, pinned by name,
version and digest. It is downloaded when the first type is asked of it, and read from the archive.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Final, final

from attrs import frozen

from ..ir import codes
from ..ir.diagnostics import DiagnosticError
from ..ir.dist import Target, Tier
from .cache import Cache
from .frontends.stub_search import ModuleSource
from .frontends.wheel import Wheel
from .host import Host
from .resolve.candidates import find_version
from .resolve.download import download_blob
from .resolve.index import IndexClient

PythonRange = tuple[tuple[int, int], tuple[int, int]]

_FOREVER: Final = (999, 0)
_PIN: Final = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][\w.+!]*) sha256:(?P<sha256>[0-9a-f]{64})")


@final
@frozen
class TypeshedPin:
    """The wheel that holds the snapshot; `folder` is where in it the stubs begin."""

    name: str
    version: str
    filename: str
    sha256: str
    folder: str

    def __str__(self) -> str:
        """What a lock records; `parse_pin` is its inverse."""
        return f"{self.name}=={self.version} sha256:{self.sha256}"


@final
@frozen
class TypeshedRequest:
    """The snapshot to use and how to get it; can be sent to another process."""

    pin: TypeshedPin
    index_url: str
    offline: bool = False


@cache
def default_pin() -> TypeshedPin:
    """Return the pin that this version of the compiler was tested with."""
    text = files(__package__).joinpath("data", "typeshed.toml").read_text("utf-8")
    return TypeshedPin(**tomllib.loads(text))


def parse_pin(text: str) -> TypeshedPin | None:
    """Return the pin that a lock records as `text`, or None where that is none."""
    match = _PIN.fullmatch(text)
    if match is None:
        return None
    filename = f"{match['name'].replace('-', '_')}-{match['version']}-py3-none-any.whl"
    return TypeshedPin(match["name"], match["version"], filename, match["sha256"], default_pin().folder)


def find_newest_pin(index: IndexClient, target: Target) -> TypeshedPin:
    """Return a pin of the newest release that the index has: what `--update-typeshed` asks for.

    Raises `DiagnosticError` where the index has none with a digest (PY424), or gives no answer.
    """
    pin = default_pin()
    page = index.page(pin.name, target)
    rows = [row for row in page.wheels if row.sha256 and row.yanked is None] if page else []
    usual = {
        version: row
        for row in rows
        if (version := find_version(row.version)) is not None and not version.is_prerelease
    }
    if not usual:
        message = f"the index has no usable wheel of `{pin.name}`, which holds the stdlib types"
        raise DiagnosticError(codes.NO_MATCHING_VERSION.at(None, message))
    row = usual[max(usual)]
    return TypeshedPin(pin.name, row.version, row.filename, row.sha256, pin.folder)


def fetch_typeshed(request: TypeshedRequest, host: Host, cache: Cache, target: Target) -> Path:
    """Return the wheel of the snapshot in the cache, downloading it unless it is there.

    Raises `DiagnosticError`: no answer (PY420), offline and not cached (PY421), not on the index
    (PY424), other content than pinned (PY427).
    """
    pin = request.pin
    blob = cache.find_blob(pin.sha256)
    if blob is None:
        # Also offline: where the index is known to lack the file, the answer is that of a run online.
        index = IndexClient(host, cache, request.index_url, offline=request.offline)
        page = index.page(pin.name, target)
        row = next((row for row in page.wheels if row.filename == pin.filename), None) if page else None
        if row is None:
            message = f"the index does not have `{pin.filename}`, which holds the stdlib types"
            raise DiagnosticError(codes.NO_MATCHING_VERSION.at(None, message))
        if request.offline:
            message = f"`{pin.filename}` is not in the cache, and the network is off"
            raise DiagnosticError(codes.OFFLINE.at(None, message, help="run once without `--offline`"))
        blob = download_blob(row.url, pin.filename, pin.sha256, host, cache)
    return blob.path


@final
class Typeshed:
    """The stubs in `wheel` below `folder`. Not safe to share between threads."""

    def __init__(self, wheel: Wheel, folder: str) -> None:
        self._wheel = wheel
        self._folder = folder
        self._names = frozenset(wheel.names)

    @cached_property
    def versions(self) -> dict[str, PythonRange]:
        """The first and last Python with each module, by VERSIONS."""
        text = self._wheel.read(f"{self._folder}/VERSIONS").decode("utf-8")
        return parse_versions(text)

    def find_module(self, name: str, target: Target) -> ModuleSource | None:
        """Return the file that declares stdlib module `name`, None where `target` has no such module.

        A submodule that VERSIONS does not list lives as long as its parent.
        """
        if not self._has(name, target.python):
            return None
        stem = f"{self._folder}/{name.replace('.', '/')}"
        for path in (f"{stem}/__init__.pyi", f"{stem}.pyi"):
            if path in self._names:
                return ModuleSource(name, path, Tier.TYPESHED, self._wheel)
        return None

    def _has(self, name: str, python: tuple[int, int]) -> bool:
        while name:
            known = self.versions.get(name)
            if known is not None:
                return known[0] <= python <= known[1]
            name = name.rpartition(".")[0]
        return False


def parse_versions(text: str) -> dict[str, PythonRange]:
    """Read typeshed's VERSIONS: `name: first-last` per line, an open end where the module lives on."""
    versions = {}
    for line in text.splitlines():
        name, colon, span = line.partition("#")[0].partition(":")
        if colon:
            first, _, last = span.strip().partition("-")
            versions[name.strip()] = (_python(first), _python(last) if last else _FOREVER)
    return versions


def _python(text: str) -> tuple[int, int]:
    major, _, minor = text.strip().partition(".")
    return int(major), int(minor)
