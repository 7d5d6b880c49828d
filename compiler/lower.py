"""One package through the passes, with what an observer asked to see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import final

from attrs import define, field, frozen

from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.items import Package
from ..ir.source import SourceFile
from ..passes.context import Pass, PassContext, PassOptions
from ..passes.manager import IrPrinter, Observer, PassError, PassManager, PassReport, Verify
from ..passes.registry import STANDARD_PIPELINE, parse_pipeline, pass_names, standard_passes
from .request import IrDump, PassTiming


@final
@frozen
class LowerSettings:
    """How to lower: pipeline text (None for the standard one), pass options, dumps, verification."""

    pipeline: str | None = None
    options: PassOptions = PassOptions()
    dump: IrDump = IrDump()
    verify: Verify = Verify.EACH


@final
@frozen
class Lowered:
    """A package after its passes, what they reported, and the dumps that were asked for."""

    package: Package
    diagnostics: tuple[Diagnostic, ...]
    timings: tuple[PassTiming, ...] = field(default=(), eq=False)
    dumps: tuple[str, ...] = ()


PIPELINE = "<pipeline>"
"""The path by which diagnostics name the text of a pipeline."""

# Emission reads what these leave behind.
_NEEDED = ("classify-classes", "legalize-types", "plan-calls", "lower-async", "assign-names")


def read_pipeline(text: str | None) -> tuple[Pass, ...]:
    """Return the passes that `text` names, the standard ones when it is None.

    Raises `DiagnosticError` for a pipeline that cannot be read.
    """
    if text is None:
        return standard_passes()
    passes, problems = parse_pipeline(SourceFile(PIPELINE, text))
    if passes is None:
        raise DiagnosticError(*problems)
    return passes


def check_emission(settings: LowerSettings) -> None:
    """Raise `DiagnosticError` where files cannot be emitted of what `settings` make of a package."""
    names = [each.name for each in read_pipeline(settings.pipeline)]
    _check_dump(settings.dump)
    if settings.pipeline is None:
        return
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        message = f"the pipeline leaves out `{missing[0]}`, which emission depends on"
    elif not _is_ordered(names):
        message = "the pipeline runs its passes in another order than emission depends on"
    else:
        return
    source = SourceFile(PIPELINE, settings.pipeline)
    span = source.span(0, len(settings.pipeline))
    help = "`compile --time-passes` lists the standard pipeline; run others with `mochic-py opt`"
    raise DiagnosticError(codes.INCOMPLETE_PIPELINE.at(span, message, help=help))


def _check_dump(dump: IrDump) -> None:
    known = {*pass_names(), "all"}
    for name in sorted((dump.before | dump.after) - known):
        near = get_close_matches(name, known, 1)
        help = f"did you mean `{near[0]}`?" if near else "`all` prints the IR around every pass"
        message = f"there is no pass named `{name}` to print the IR around"
        raise DiagnosticError(codes.UNKNOWN_PASS.at(None, message, help=help))


def _is_ordered(names: Sequence[str]) -> bool:
    """Whether the standard passes among `names` stand in their order, each once."""
    places = [STANDARD_PIPELINE.index(name) for name in names if name in STANDARD_PIPELINE]
    return places == sorted(set(places))


def lower_package(
    package: Package,
    settings: LowerSettings,
    clock: Callable[[], float],
    observe: Sequence[Callable[[PassContext], Observer]] = (),
) -> Lowered:
    """Run the pipeline of `settings` over `package`; `observe` makes further observers of the run.

    Raises `PassError` when a pass breaks an invariant, `DiagnosticError` for a pipeline that
    cannot be read or that does not fit the package.
    """
    _check_dump(settings.dump)
    log = _Log(package.name)
    printer = IrPrinter(
        log.dumps.append, settings.dump.before, settings.dump.after, settings.dump.after_change
    )
    ctx = PassContext(settings.options)
    further = tuple(make(ctx) for make in observe)
    manager = PassManager(
        read_pipeline(settings.pipeline),
        verify=settings.verify,
        observers=(*further, printer) if settings.dump else further,
        clock=clock,
        on_report=log.add,
    )
    try:
        lowered = manager.run(package, ctx)
    except PassError as error:
        names = [*package.passes, *(each.name for each in manager.passes)]
        if settings.pipeline is None or _is_ordered(names):
            raise
        # A pass may rely on those that stand before it in the standard order.
        raise _misfit(settings.pipeline, error) from error
    return Lowered(lowered, tuple(ctx.diagnostics), tuple(log.timings), tuple(log.dumps))


def _misfit(pipeline: str, error: PassError) -> DiagnosticError:
    span = SourceFile(PIPELINE, pipeline).span(0, len(pipeline))
    reason = " ".join(line.strip() for line in str(error).split("\n")[:2])
    help = "`compile --time-passes` lists the passes in their standard order"
    return DiagnosticError(codes.PIPELINE_ORDER.at(span, notes=(reason,), help=help))


@final
@define
class _Log:
    package: str
    timings: list[PassTiming] = field(factory=list)
    dumps: list[str] = field(factory=list)

    def add(self, report: PassReport) -> None:
        self.timings.append(PassTiming(self.package, report.name, report.seconds, report.items_after))
