"""One package through the passes, with what an observer asked to see."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from attrs import define, field, frozen

from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.items import Package
from ..ir.source import SourceFile
from ..passes.context import Pass, PassContext, PassOptions
from ..passes.manager import IrPrinter, PassManager, PassReport
from ..passes.registry import parse_pipeline, standard_passes
from .request import IrDump, PassTiming


@final
@frozen
class LowerSettings:
    """How to lower: pipeline text (None for the standard one), pass options, dumps."""

    pipeline: str | None = None
    options: PassOptions = PassOptions()
    dump: IrDump = IrDump()


@final
@frozen
class Lowered:
    """A package after its passes, what they reported, and the dumps that were asked for."""

    package: Package
    diagnostics: tuple[Diagnostic, ...]
    timings: tuple[PassTiming, ...] = field(default=(), eq=False)
    dumps: tuple[str, ...] = ()


def read_pipeline(text: str | None) -> tuple[Pass, ...]:
    """Return the passes that `text` names, the standard ones when it is None.

    Raises `DiagnosticError` for a pipeline that cannot be read.
    """
    if text is None:
        return standard_passes()
    passes, problems = parse_pipeline(SourceFile("<pipeline>", text))
    if passes is None:
        raise DiagnosticError(*problems)
    return passes


def lower_package(package: Package, settings: LowerSettings, clock: Callable[[], float]) -> Lowered:
    """Run the pipeline of `settings` over `package`.

    Raises `PassError` when a pass breaks an invariant, `DiagnosticError` for a bad pipeline.
    """
    log = _Log(package.name)
    printer = IrPrinter(
        log.dumps.append, settings.dump.before, settings.dump.after, settings.dump.after_change
    )
    manager = PassManager(
        read_pipeline(settings.pipeline),
        observers=(printer,) if settings.dump else (),
        clock=clock,
        on_report=log.add,
    )
    ctx = PassContext(settings.options)
    lowered = manager.run(package, ctx)
    return Lowered(lowered, tuple(ctx.diagnostics), tuple(log.timings), tuple(log.dumps))


@final
@define
class _Log:
    package: str
    timings: list[PassTiming] = field(factory=list)
    dumps: list[str] = field(factory=list)

    def add(self, report: PassReport) -> None:
        self.timings.append(PassTiming(self.package, report.name, report.seconds, report.items_after))
