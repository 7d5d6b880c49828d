"""`mochic-py check`: what Mochi's own front end says of programs, and of their calls of bound items."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from ...ir import codes
from ...ir.diagnostics import Diagnostic, DiagnosticError
from ...ir.source import SourceFile
from ..collect import check_text as check_encoding
from ..host import Host
from ..mochi.bound_items import BoundModule, SymbolsError, read_symbols
from ..mochi.checker import Verdict, check_text
from ..mochi.dump import list_imports
from ..mochi.mochi_codes import code_named
from . import EXIT_FAILED
from .options import color_option, format_option, open_host, source_options, target_options, wants_color
from .show import show_diagnostics

_WRAPS = Path("python_workspace", "python_wrap")
_DEPTH = 10_000
"""Calls within calls that Python allows: a program nested hundreds of levels deep is read."""


@click.command("check")
@click.argument("programs", nargs=-1, required=True, type=click.Path(dir_okay=False), metavar="FILE.mochi...")
@click.option("--with-bindings", is_flag=True, help="Bind the imported packages and check calls of them.")
@click.option("-o", "--out", default="", help="Take the bindings from this compiled folder.")
@target_options
@source_options
@format_option
@color_option
def check_command(
    programs: tuple[str, ...],
    with_bindings: bool,
    out: str,
    platform: str,
    python: tuple[int, int, bool],
    offline: bool,
    index_url: str,
    form: str,
    color: str,
) -> int:
    """Check the grammar, names and types of Mochi programs as Mochi's own front end does."""
    limit = sys.getrecursionlimit()
    click.get_current_context().call_on_close(lambda: sys.setrecursionlimit(limit))
    sys.setrecursionlimit(max(limit, _DEPTH))
    host = open_host()
    sources = [
        SourceFile(path, host.read_bytes(Path(path)).decode("utf-8", "surrogateescape"))
        for path in dict.fromkeys(programs)
    ]
    modules: list[BoundModule] = []
    if out:
        modules = _read_folder(host, Path(out))
    elif with_bindings:
        from .check_bindings import bind_programs  # deferred: the whole compiler hangs on it

        modules = bind_programs(host, sources, platform, python, offline, index_url, wants_color(color))
    ok = True
    found: list[Diagnostic] = []
    for source in sources:
        verdict = check_text(source.text, modules)
        garbled = check_encoding(source)
        ok = ok and verdict.checks is True and not garbled
        if form == "json":
            sys.stdout.write(json.dumps(_as_json(source, verdict, garbled)) + "\n")
        else:
            found += [*garbled, *_diagnostics(source, verdict)]
    show_diagnostics(found, {source.path: source for source in sources}, wants_color(color))
    return 0 if ok else EXIT_FAILED


def _read_folder(host: Host, out: Path) -> list[BoundModule]:
    """Return the modules that `compile -o OUT` has written."""
    top = out / _WRAPS
    if not host.is_folder(host.base / top):
        message = f"`{out}` holds no compiled packages"
        raise DiagnosticError(codes.FILE_ACCESS.at(None, message, help=f"run `mochic-py compile … -o {out}`"))
    modules = []
    for alias in sorted(host.list(top)):
        folder = top / alias
        names = host.list(folder) if host.is_folder(folder) else []
        symbols = [folder / name for name in names if name.endswith("_symbols.json")]
        modules += [read_module(host.read_bytes(path), str(path)) for path in symbols]
    return modules


def read_module(content: bytes, path: str) -> BoundModule:
    """Return the module in the symbols file `path`; raises DiagnosticError where it is none."""
    try:
        return read_symbols(content)
    except SymbolsError as error:
        message = f"`{path}` is no symbols file of this version: {error}"
        raise DiagnosticError(codes.FILE_ACCESS.at(None, message)) from None


def _diagnostics(source: SourceFile, verdict: Verdict) -> list[Diagnostic]:
    """Return the problems of `verdict` in the order of the text."""
    found = [
        code_named(each.code).at(source.span(each.start, each.end), each.message, help=each.help)
        for each in verdict.problems
    ]
    return sorted(found, key=lambda each: (each.span.line, each.span.column) if each.span else (0, 0))


def _as_json(source: SourceFile, verdict: Verdict, garbled: Sequence[Diagnostic]) -> dict[str, object]:
    """Return the line of `source`: `checks` is null where Mochi gives no verdict."""
    errors: list[dict[str, object]] = [
        {"code": each.code.code, "line": each.span.line if each.span else 1, "message": each.message}
        for each in garbled
    ]
    errors += [
        {"code": each.code, "line": source.position(each.start)[0], "message": each.message}
        for each in verdict.problems
    ]
    return {
        "file": source.path,
        "parses": verdict.parses,
        "checks": verdict.checks,
        "errors": errors,
        "imports": list(_imports(source, verdict)),
    }


def _imports(source: SourceFile, verdict: Verdict) -> Iterable[dict[str, object]]:
    if verdict.program is None or verdict.tokens is None:
        return ()
    starts = verdict.tokens.starts
    return list_imports(verdict.program, lambda token: source.position(starts[token])[0])
