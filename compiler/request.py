"""What is asked of the compiler and what it gives back, as values."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import final

from attrs import field, frozen

from ..backends.declarations import ShimStyle
from ..backends.report import ReportPackage
from ..backends.target import Artifact
from ..ir.diagnostics import Diagnostic, Severity
from ..ir.dist import Pin, Requirement, Target
from ..ir.items import Package
from ..ir.source import SourceFile
from .resolve.options import ResolveOptions


@final
class Emit(enum.Enum):
    """The kinds of file that `compile` can write for a package."""

    WRAPPER = "wrapper"
    PYI = "pyi"
    SHIM = "shim"
    SYMBOLS = "symbols"
    GO = "go"
    IR = "ir"


@final
class Engine(enum.Enum):
    """Who chooses versions: this program, or `uv pip compile`."""

    IN_PROCESS = "in-process"
    UV = "uv"


@final
class LinkStyle(enum.Enum):
    """Flat for Mochi's Python back end, dotted for its checker and its virtual machine."""

    FLAT = "flat"
    DOTTED = "dotted"


@final
class Surface(enum.Enum):
    """Whether wrappers have all of a package, or what the programs use."""

    ALL = "all"
    USED = "used"


DEFAULT_EMIT = frozenset({Emit.WRAPPER, Emit.PYI, Emit.SHIM, Emit.SYMBOLS})


@final
@frozen
class PackageRequest:
    """A package asked for outside a program: an import spec and the alias to bind it under.

    An empty `alias` stands for the distribution name as an identifier.
    """

    spec: str
    alias: str = ""


@final
@frozen
class IrDump:
    """Which textual IR to keep: before or after a pass (`all` for every one), or on change."""

    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    after_change: bool = False

    def __bool__(self) -> bool:
        return bool(self.before or self.after or self.after_change)


@final
@frozen
class Request:
    """One compilation: programs and packages in, artifacts out.

    `pipeline` is pass-pipeline text, None for the standard one. `jobs` is the number of
    processes that lower packages; the result does not depend on it. `index_url` replaces
    the default index. `prefer` holds versions to keep while they fit, by distribution name;
    `expect` the SHA-256 digests that chosen files must have. `lock` is the mochi.lock to take
    pins from where it fits; `locked` makes it an error that it does not. `resolve` adds to what
    the manifest says of resolution, and `resolver` chooses who resolves. `probe` has each package
    imported in a sandbox, to compare it with its types. `infer` allows types for missing annotations, where
    the manifest does too. `verify` has the IR checked after every pass, not after the last one only.
    `link` adds each program in the form that today's Mochi takes, with what it uses declared in it.
    `sidecars` are the hand-written files that override items of packages. `surface` leaves out of
    wrappers, shims and symbols what no program uses. `free_threaded` has the target be the free-threaded
    build, as the manifest may too; packages that are not made for that are refused then, unless
    `allow_untested` is set. `confirm_gil` has a lock import the modules whose word on the GIL cannot be read.
    `check_abi` has the wheel of each package audited.
    """

    programs: tuple[SourceFile, ...] = ()
    packages: tuple[PackageRequest, ...] = ()
    manifest: SourceFile | None = None
    target: Target = Target()
    shim_style: ShimStyle = ShimStyle.MODULE
    emit: frozenset[Emit] = DEFAULT_EMIT
    strict: bool = False
    offline: bool = False
    jobs: int = 1
    pipeline: str | None = None
    dump: IrDump = IrDump()
    index_url: str = ""
    prefer: Mapping[str, str] = field(factory=dict)
    expect: Mapping[str, str] = field(factory=dict)
    lock: SourceFile | None = None
    locked: bool = False
    resolve: ResolveOptions = ResolveOptions()
    resolver: Engine = Engine.IN_PROCESS
    probe: bool = False
    infer: bool = True
    verify: bool = False
    link: LinkStyle | None = None
    sidecars: tuple[SourceFile, ...] = ()
    surface: Surface = Surface.ALL
    free_threaded: bool = False
    allow_untested: bool = False
    confirm_gil: bool = False
    check_abi: bool = False


@final
@frozen
class Binding:
    """An alias and what it stands for."""

    alias: str
    requirement: Requirement
    auto: bool = False


@final
@frozen
class PassTiming:
    """Seconds and item count of one pass over one package."""

    package: str
    name: str
    seconds: float
    items: int


@final
@frozen
class BoundPackage:
    """One alias bound: its pin, the surface after the last pass, its entry in the
    JSON report, and the IR dumps asked for.
    """

    binding: Binding
    pin: Pin
    package: Package
    report: ReportPackage
    seconds: float = field(default=0.0, eq=False)
    timings: tuple[PassTiming, ...] = field(default=(), eq=False)
    dumps: tuple[str, ...] = ()


@final
@frozen
class Result:
    """What came of a request. `artifacts` is empty when `ok` is false.

    `sources` holds the texts that diagnostics point into, by path, for renderers.
    """

    target: Target
    packages: tuple[BoundPackage, ...]
    artifacts: tuple[Artifact, ...]
    diagnostics: tuple[Diagnostic, ...]
    sources: dict[str, SourceFile] = field(factory=dict, repr=False)
    seconds: float = field(default=0.0, eq=False)

    @property
    def ok(self) -> bool:
        """Whether no diagnostic is an error."""
        return all(d.severity is not Severity.ERROR for d in self.diagnostics)
