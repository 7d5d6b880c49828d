"""Distributions, targets and requirements as values (PyPA glossary terms)."""

from __future__ import annotations

import enum
from typing import final

from attrs import field, frozen

from .source import Span


@final
class Tier(enum.Enum):
    """Where the types of a package came from, best first (typing spec, PEP 561)."""

    STUBS = "stubs"
    INLINE = "inline"
    TYPESHED = "typeshed"
    STUBGEN = "stubgen"


@final
@frozen
class Target:
    """What a package is bound for. Markers, tags and `sys.*` conditions follow from it.

    `platform` is `<os>-<arch>`: `linux-x86_64`, `linux-aarch64`, `musllinux-x86_64`,
    `macos-arm64`, `macos-x86_64`, `windows-x86_64`, `windows-arm64`, `pyodide`, `wasi-p2`.
    `python` is (major, minor); `free_threaded` asks for the `t` build of it.
    """

    platform: str = "linux-x86_64"
    python: tuple[int, int] = (3, 13)
    free_threaded: bool = False
    implementation: str = "cpython"

    def __str__(self) -> str:
        major, minor = self.python
        return f"{self.platform} {major}.{minor}{'t' if self.free_threaded else ''}"


@final
class AbiTagPolicy(enum.Enum):
    """Whether wheels tagged `abi2026` count (ADR 0013).

    `LEGACY`: never; `BOTH`: after all that other tags of compiled wheels offer; `ABI2026`: before the wheels
    for `abi3`.
    """

    LEGACY = "legacy"
    ABI2026 = "abi2026"
    BOTH = "both"


@final
@frozen
class Hashes:
    """Lower-case hex digests of a file; an empty string where one is unknown."""

    sha256: str
    blake3: str = ""


@final
@frozen
class IndexSource:
    """A file of an index, by index name; the URL is where it was seen, not its identity."""

    index: str
    url: str = field(default="", eq=False, repr=False)


@final
@frozen
class UrlSource:
    """A file named directly by URL."""

    url: str


@final
@frozen
class GitSource:
    """A repository at a revision; `commit` is the resolved object name.

    `subdirectory` is the folder of the project in it, empty for the whole.
    """

    url: str
    rev: str = ""
    commit: str = ""
    subdirectory: str = ""


@final
@frozen
class PathSource:
    """A local file or project, relative to the manifest."""

    path: str
    editable: bool = False


Source = IndexSource | UrlSource | GitSource | PathSource


@final
class FileKind(enum.Enum):
    """The two kinds of distribution file."""

    WHEEL = "wheel"
    SDIST = "sdist"


@final
@frozen
class DistFile:
    """One file of a release, as the index lists it or the disk holds it."""

    filename: str
    kind: FileKind
    source: Source
    hashes: Hashes
    size: int | None = None
    requires_python: str = ""
    yanked: str | None = None
    upload_time: str = ""
    metadata_sha256: str | None = None


@final
@frozen
class Pin:
    """One distribution chosen by a resolver: name (PEP 503), version (PEP 440), file.

    `dependencies` are the normalised names it needs for the target, sorted.
    """

    name: str
    version: str
    file: DistFile
    extras: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    requires_python: str = ""


@final
@frozen
class Resolution:
    """What a resolver chose: pins sorted by name."""

    target: Target
    pins: tuple[Pin, ...]

    def find(self, name: str) -> Pin | None:
        """Return the pin of the normalised `name`."""
        return next((pin for pin in self.pins if pin.name == name), None)


@final
@frozen
class RegistryRequest:
    """`name`, `name@SPEC`: any index in priority order."""

    specifier: str = ""


@final
@frozen
class IndexRequest:
    """`name@index+URL`: this index and no other."""

    url: str
    specifier: str = ""


RequestSource = RegistryRequest | IndexRequest | GitSource | PathSource | UrlSource


@final
@frozen
class Requirement:
    """What a program or manifest asks for.

    `name` is PEP 503-normalised, `written` as the user wrote it. `source` says from
    where; its `specifier` is PEP 440 text (`^1.2` is already translated).
    """

    name: str
    source: RequestSource
    extras: tuple[str, ...] = ()
    marker: str = ""
    written: str = field(default="", eq=False)
    span: Span | None = field(default=None, eq=False, repr=False)

    @property
    def specifier(self) -> str:
        """The PEP 440 specifier, empty for git and path sources."""
        match self.source:
            case RegistryRequest(specifier=specifier) | IndexRequest(specifier=specifier):
                return specifier
            case _:
                return ""
