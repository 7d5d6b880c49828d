"""`mochic-py report`: what became of the public surface of packages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ..host import Host
from . import EXIT_FAILED
from .options import (
    color_option,
    find_lock,
    find_manifest,
    find_programs,
    open_host,
    probe_default,
    probe_option,
    source_options,
    target_options,
    wants_color,
)

FORMS = ("text", "json", "html")


@click.command("report")
@click.argument("targets", nargs=-1, metavar="[FILE.mochi | PACKAGE]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="text",
    show_default=True,
    help="Form of the report.",
)
@click.option("-o", "--out", default="", metavar="FILE", help="Write the report to FILE instead of stdout.")
@probe_option
@click.option("--strict", is_flag=True, help="Count as if what would be degraded were refused.")
@click.option("--corpus", is_flag=True, help="Measure the pinned corpus against its bars; fail below one.")
@click.option("--folder", default="golden/packages", show_default=True, help="Where corpus.toml lies.")
@click.option("--manifest", type=click.Path(dir_okay=False), help="The mochi.toml to obey [the nearest].")
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), help="Packages at a time [1; with --corpus all processors]."
)
@target_options
@source_options
@color_option
def report_command(**options: Any) -> int:
    """Report what of packages is bound, degraded and refused, and why.

    TARGETs are programs and import specs such as "httpx@>=0.27"; without any, the programs of the
    project here. Counted are public callables: functions, methods, constructors and properties that a
    package itself defines, each definition once. Special methods and fields are counted apart.

    \b
    bound     declared and typed as Python has it
    degraded  declared, but a part lost its type; the reason says why
    refused   not declared; the reason says why

    A note on a bound item takes nothing away: `declared-any` (the author wrote Any), `erased` (a type
    variable), `checked` (a union that the wrapper checks), `inferred` (a type no annotation gives).
    """  # noqa: D301  -- click reads the backspace as "keep these lines as they are"
    host = open_host()
    options["probe_default"] = probe_default(host)
    options["jobs"] = options["jobs"] or (host.cpu_count if options["corpus"] else 1)
    if options["corpus"]:
        if options["targets"] or options["form"] == "html":
            raise click.UsageError("`--corpus` takes no packages, and gives text or JSON")
        from .corpus_report import report_corpus  # deferred: the whole compiler hangs on it

        text, ok = report_corpus(host, options)
    else:
        text, ok = _report(host, options)
    _write(host, text, options["out"])
    return 0 if ok else EXIT_FAILED


def _report(host: Host, options: dict[str, Any]) -> tuple[str, bool]:
    targets = options["targets"] or tuple(find_programs(host, Path()))
    if not targets:
        raise click.UsageError("name a program or a package; there are no programs here")
    options["programs"] = tuple(each for each in targets if each.endswith(".mochi"))
    options["packages"] = [(each, "") for each in targets if not each.endswith(".mochi")]
    options["manifest"] = options["manifest"] or find_manifest(host, options["programs"])
    options["lock"] = find_lock(host, options["manifest"], options["programs"])
    from .report_run import run_report  # deferred: the whole compiler hangs on it

    return run_report(host, options, wants_color(options["color"]))


def _write(host: Host, text: str, out: str) -> None:
    if out and text:
        host.write_bytes_atomic(host.base / out, text.encode("utf-8", "surrogatepass"))
        sys.stderr.write(f"wrote {out}\n")
    else:
        sys.stdout.write(text)
