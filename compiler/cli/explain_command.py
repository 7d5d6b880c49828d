"""`mochic-py explain`: a diagnostic's page, or one item's way through every pass."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from difflib import get_close_matches, ndiff
from importlib.resources import files

import click

from ... import __name__ as root_package
from ...backends.declarations import declare
from ...backends.shim import declaration, type_declaration
from ...ir import codes
from ...ir.diagnostics import Code, Diagnostic
from ...ir.items import Info
from ..cache import Cache
from ..explain import Explanation, Part, explain_item
from ..request import Request
from ..session import Session, make_target
from .options import color_option, open_host, source_options, target_options, wants_color
from .show import fail_with, show_diagnostics


@click.command("explain")
@click.argument("what", metavar="PYnnn|PACKAGE.ITEM")
@click.option(
    "--package", "spec", default="", help="Import spec, where it is not the first part of the name."
)
@target_options
@source_options
@color_option
def explain_command(
    what: str,
    spec: str,
    platform: str,
    python: tuple[int, int, bool],
    offline: bool,
    index_url: str,
    color: str,
) -> int:
    """Explain a diagnostic (PY301), or how an item such as httpx.Client.get is bound."""
    if re.fullmatch(r"(?i)PY\d\w*", what):
        return _explain_code(what.upper(), color)
    host = open_host()
    request = Request(target=make_target(platform, python), offline=offline, index_url=index_url)
    session = Session(host, Cache(host), request)
    raw, problems = session.read_spec(spec or what.partition(".")[0])
    if raw is None:
        return fail_with(problems, session.sources, wants_color(color))
    explanation = explain_item(raw, what, host.clock)
    if isinstance(explanation, tuple):
        return fail_with((*problems, _unknown(what, explanation)), session.sources, wants_color(color))
    show_diagnostics(problems, session.sources, wants_color(color))
    sys.stdout.write("\n".join(_describe(explanation)) + "\n")
    return 0


def _explain_code(code: str, color: str) -> int:
    page = files(root_package).joinpath(f"golden/diagnostics/{code}.md")
    if not page.is_file():
        known = sorted(each.code for each in vars(codes).values() if isinstance(each, Code))
        near = [each for each in known if each.startswith(code)][:3] or get_close_matches(
            code, known, cutoff=0.75
        )
        help = f"did you mean {', '.join(f'`{each}`' for each in near)}?" if near else ""
        unknown = codes.UNKNOWN_CODE.at(None, f"there is no diagnostic `{code}`", help=help)
        return fail_with((unknown,), {}, wants_color(color))
    sys.stdout.write(page.read_text("utf-8"))
    return 0


def _unknown(what: str, near: tuple[str, ...]) -> Diagnostic:
    help = f"did you mean {', '.join(f'`{path}`' for path in near)}?" if near else ""
    return codes.UNKNOWN_ITEM.at(None, f"no public item is named `{what}`", help=help)


def _describe(explanation: Explanation) -> Iterator[str]:
    part = explanation.part
    info = part.info
    yield part.path
    yield f"  declared at {info.span}" if info.span else "  made by the compiler"
    yield f"  types from tier {info.tier.value}"
    if info.doc:
        yield f"  {info.doc}"
    before = ""
    for step in explanation.steps:
        yield f"\n-- as read\n{step.text}" if step.name == "none" else f"\n-- after {step.name}"
        if step.name != "none":
            yield from _changes(before, step.text)
        before = step.text
    yield "\n-- in Mochi"
    yield from _declarations(explanation, part) or ["(not declared)"]
    if info.degradations:
        yield "\n-- lost on the way"
        yield from _losses(info)
    if info.notes:
        yield "\n-- to note"
        yield from (f"{note.kind.value}: {note.where}: {note.detail}" for note in info.notes)


def _changes(before: str, after: str) -> Iterator[str]:
    """Yield the lines that went (`-`) and came (`+`), in place."""
    for line in ndiff(before.splitlines(), after.splitlines()):
        if line.startswith(("- ", "+ ")):
            yield line


def _declarations(explanation: Explanation, part: Part) -> list[str]:
    declared = declare(explanation.package)
    types = [type_declaration(t, declared.texts) for t in declared.types if t.path == part.path]
    entries = [declaration(e, declared) for e in declared.entries if e.path == part.path]
    return types + entries


def _losses(info: Info) -> Iterable[str]:
    return [f"{loss.reason.value}: {loss.where}: {loss.detail}" for loss in info.degradations]
