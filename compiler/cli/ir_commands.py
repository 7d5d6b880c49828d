"""`mochic-py ir` and `mochic-py opt`: the IR as text, in and out."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.printer import format_package
from ...ir.source import SourceFile
from ...ir.verifier import verify_package
from ...passes.context import PassOptions
from ...passes.registry import STANDARD_PIPELINE, format_pipeline, passes_until
from ..cache import Cache
from ..extensions import Closure, ExtensionReader
from ..frontends.importspec import parse_import_spec
from ..lower import PIPELINE, LowerSettings, lower_package
from ..request import IrDump, Request
from ..session import Session, make_target
from .options import color_option, open_host, source_options, target_options, wants_color, watch_options
from .show import fail_with, show_diagnostics

NONE = "none"


@click.command("ir")
@click.argument("what", metavar="SPEC|FILE")
@click.option("--after", default="", metavar="PASS", help="Stop after this pass; `none` shows the raw IR.")
@target_options
@click.option("--strict", is_flag=True, help="Refuse what would be degraded.")
@source_options
@color_option
def ir_command(
    what: str,
    after: str,
    platform: str,
    python: tuple[int, int, bool],
    strict: bool,
    offline: bool,
    index_url: str,
    color: str,
) -> int:
    """Print the IR of a package (an import spec, or a .py or .pyi file)."""
    names = [NONE, *STANDARD_PIPELINE]
    if after and after not in names:
        raise click.UsageError(f"`--after` does not know `{after}`; it knows {', '.join(names)}")
    host = open_host()
    target = make_target(platform, python)
    session = Session(host, Cache(host), Request(target=target, offline=offline, index_url=index_url))
    path = Path(what)
    is_file = path.suffix in (".py", ".pyi") and host.exists(path)
    raw, problems = session.read_stub_file(path) if is_file else session.read_spec(what)
    if raw is None:
        return fail_with(problems, session.sources, wants_color(color))
    if after != NONE:
        passes = passes_until(after or STANDARD_PIPELINE[-1])
        settings = LowerSettings(format_pipeline(passes), PassOptions(strict=strict))
        observe = []
        if target.free_threaded and not is_file:
            observe.append(partial(ExtensionReader, _find_closure(session, what), host, Cache(host)))
        lowered = lower_package(raw, settings, host.clock, observe)
        raw, problems = lowered.package, (*problems, *lowered.diagnostics)
    show_diagnostics(problems, session.sources, wants_color(color))
    sys.stdout.write(format_package(raw))
    return 0


def _find_closure(session: Session, spec: str) -> Closure:
    """Return the wheels of a package that could be read, and of all it needs."""
    requirement, _ = parse_import_spec(spec, None)
    assert requirement is not None, "the package was read by the same spec"
    resolution = session.resolve([requirement])
    pin = resolution.find(requirement.name)
    assert pin is not None, "a resolution holds what was asked for"
    return Closure(session.find_probe(session.fetch([pin])[0], resolution.pins).closure)


@click.command("opt")
@click.argument("file", metavar="FILE.ir|-")
@click.option("--pass-pipeline", "pipeline", default="", help="Passes to run; none by default.")
@click.option("--strict", is_flag=True, help="Refuse what would be degraded.")
@watch_options
@color_option
def opt_command(
    file: str,
    pipeline: str,
    strict: bool,
    print_ir_before: tuple[str, ...],
    print_ir_after: tuple[str, ...],
    print_ir_after_change: bool,
    time_passes: bool,
    color: str,
) -> int:
    """Run passes over textual IR and print what comes out."""
    from ...ir.parser import parse_package  # deferred: loads lark

    host = open_host()
    raw = host.read_stdin() if file == "-" else host.read_bytes(Path(file))
    source = SourceFile("<stdin>" if file == "-" else file, raw.decode("utf-8", "replace"))
    sources = {source.path: source, PIPELINE: SourceFile(PIPELINE, pipeline)}
    package, problems = parse_package(source)
    if package is None:
        return fail_with(problems, sources, wants_color(color))
    if broken := verify_package(package):
        whole = source.span(0, len(source.text.rstrip()))
        problems = tuple(codes.INVALID_IR.at(whole, problem) for problem in broken)
        return fail_with(problems, sources, wants_color(color))
    dump = IrDump(frozenset(print_ir_before), frozenset(print_ir_after), print_ir_after_change)
    settings = LowerSettings(pipeline, PassOptions(strict=strict), dump)
    try:
        lowered = lower_package(package, settings, host.clock)
    except DiagnosticError as error:
        return fail_with((*problems, *error.diagnostics), sources, wants_color(color))
    show_diagnostics((*problems, *lowered.diagnostics), sources, wants_color(color))
    sys.stderr.writelines(lowered.dumps)
    if time_passes:
        sys.stderr.writelines(
            f"{t.seconds * 1000:9.1f} ms {t.items:7} items  {t.name}\n" for t in lowered.timings
        )
    sys.stdout.write(format_package(lowered.package))
    return 0
