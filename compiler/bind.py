"""One alias bound: raw package in, final package and the alias's files out.

`bind_in_worker` is what worker processes run; everything it takes and returns can be pickled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import final

from attrs import field, frozen

from ..backends.declarations import declare
from ..backends.entries import Declarations, EntryKind
from ..backends.report import ReportPackage, report_package
from ..backends.target import Artifact
from ..backends.workspace import WorkspaceMember, WorkspaceOptions, plan_member
from ..ir.diagnostics import Diagnostic
from ..ir.dist import Target
from ..ir.items import Package
from ..ir.parts import evolve
from ..ir.printer import format_package
from ..ir.source import SourceFile
from ..passes.context import PassContext
from ..passes.manager import Observer
from .abi_facts import AbiReader
from .cache import Cache
from .collector import pause_collector
from .extensions import Closure, ExtensionReader
from .host import Host
from .lower import LowerSettings, lower_package
from .probe import ProbeJob, Prober
from .request import PassTiming
from .session import WheelSet, read_texts, read_wheels


@final
@frozen
class BindSettings:
    """How every package of a request is lowered and emitted. `ir` adds the final IR as a file."""

    lower: LowerSettings = LowerSettings()
    workspace: WorkspaceOptions = WorkspaceOptions()
    ir: bool = False


@final
@frozen
class Bound:
    """What came of one alias.

    `names` are the Mochi names it declares; `sources` holds the texts that `diagnostics`
    point into, `sidecars` the paths of those that override items.
    """

    alias: str
    package: Package
    files: tuple[Artifact, ...]
    report: ReportPackage
    diagnostics: tuple[Diagnostic, ...]
    names: frozenset[str] = frozenset()
    sources: dict[str, SourceFile] = field(factory=dict, repr=False)
    timings: tuple[PassTiming, ...] = field(default=(), eq=False)
    dumps: tuple[str, ...] = ()
    seconds: float = field(default=0.0, eq=False)
    sidecars: tuple[str, ...] = ()


def bind_package(
    alias: str,
    raw: Package,
    settings: BindSettings,
    clock: Callable[[], float],
    observe: Sequence[Callable[[PassContext], Observer]] = (),
    sidecars: Sequence[SourceFile] = (),
    used: frozenset[str] | None = None,
) -> Bound:
    """Run the passes over `raw`, with the observers that `observe` makes, and emit the files of `alias`.

    Of `sidecars`, those that name items of the package override them. The files have the items in `used`,
    or all where it is None.
    """
    started = clock()
    lowered = lower_package(raw, settings.lower, clock, observe)
    declared = declare(lowered.package)
    custom: tuple[str, ...] = ()
    diagnostics = lowered.diagnostics
    if sidecars:
        # Deferred: reading Python takes libcst.
        from .overrides import apply_overrides

        found = apply_overrides(declared, alias, lowered.package.name, sidecars, raw.target)
        declared, custom = found.declarations, found.files
        diagnostics = (*diagnostics, *found.diagnostics)
    member = WorkspaceMember(lowered.package, alias)
    if used is not None:
        # Deferred: it takes the checker of programs.
        from .surface import narrow
    files = plan_member(member, settings.workspace, declared if used is None else narrow(declared, used))
    if settings.ir:
        text = format_package(lowered.package)
        files.append(Artifact(f"ir/{alias}.ir", text.encode("utf-8", "surrogatepass")))
    return Bound(
        alias,
        lowered.package,
        tuple(files),
        report_package(lowered.package, alias, declarations=declared),
        diagnostics,
        _find_names(declared),
        timings=lowered.timings,
        dumps=lowered.dumps,
        seconds=clock() - started,
        sidecars=custom,
    )


def _find_names(declared: Declarations) -> frozenset[str]:
    """Return the names of `declared`, without the helpers that several shims may share."""
    entries = (entry.name for entry in declared.entries if entry.kind is not EntryKind.BYTES)
    return frozenset((*entries, *declared.type_names.values()))


@final
@frozen
class BindJob:
    """What a worker needs for one alias. `probe` is None where the package is not to be imported.

    `closure` is empty where the extension modules do not matter. With `check_abi` the wheel is audited.
    """

    alias: str
    wheels: WheelSet
    target: Target
    settings: BindSettings
    probe: ProbeJob | None = None
    closure: Closure = Closure()
    sidecars: tuple[SourceFile, ...] = ()
    used: frozenset[str] | None = None
    check_abi: bool = False


def bind_wheels(job: BindJob, host: Host) -> Bound:
    """Read the wheels of `job` and bind them; raises `DiagnosticError` for a damaged wheel."""
    pause_collector()
    started = host.clock()
    raw, problems = read_wheels(job.wheels, job.target, host)
    observe: list[Callable[[PassContext], Observer]] = []
    if job.probe:
        observe.append(partial(Prober, job.probe, job.target, host, Cache(host)))
    if job.closure:
        observe.append(partial(ExtensionReader, job.closure, host, Cache(host)))
    if job.check_abi:
        observe.append(partial(AbiReader, job.wheels.wheel, host, Cache(host)))
    bound = bind_package(job.alias, raw, job.settings, host.clock, observe, job.sidecars, job.used)
    diagnostics = (*problems, *bound.diagnostics)
    sources = read_texts(diagnostics, job.wheels, host)
    sources.update((sidecar.path, sidecar) for sidecar in job.sidecars)
    return evolve(bound, diagnostics=diagnostics, sources=sources, seconds=host.clock() - started)


def bind_in_worker(job: BindJob, environ: Mapping[str, str], base: Path) -> Bound:
    """Do as `bind_wheels` in another process, whose host has the settings of the first one's."""
    host = Host(environ=environ, base=base)
    try:
        return bind_wheels(job, host)
    finally:
        host.close()
