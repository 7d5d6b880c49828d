"""`mochic-py pkg run`: call a bound function, or try them at a prompt."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ...ir.parts import evolve
from ...runtime._mochi_wrap.wire import Codec, WireError
from ...runtime.client import Handle, RemoteError, Worker, WorkerError
from ..host import Host
from ..machine import cache_dir, this_platform
from ..request import PackageRequest, Request
from ..run_workspace import find_workspace
from . import EXIT_FAILED
from .options import (
    FREE_THREADED,
    allow_option,
    color_option,
    find_lock,
    find_manifest,
    find_programs,
    format_option,
    open_host,
    source_options,
    wants_color,
)
from .project import read_source
from .run_in_process import InProcess
from .show import show_diagnostics

RUNTIMES = ("subprocess", "embedded", "inprocess", FREE_THREADED)
_JSON_HINT = "an argument is JSON; a string has quotes inside of those of the shell: '\"text\"'"


@click.command("run", context_settings={"ignore_unknown_options": True})
@click.argument("target", metavar="ALIAS[.FUNCTION]")
@click.argument("arguments", nargs=-1, metavar="[ARGUMENT]...")
@click.option(
    "--runtime",
    type=click.Choice(RUNTIMES),
    default=None,
    help=f"Where the function runs; {FREE_THREADED} is a subprocess without the GIL "
    "[`runtime-mode` of mochi.toml, else subprocess].",
)
@click.option("--package", default="", metavar="SPEC", help="The package behind ALIAS [its name].")
@click.option(
    "--timeout", type=float, default=None, metavar="SECONDS", help="Cancel a call that takes longer."
)
@click.option("--repl", is_flag=True, help="Ask for calls, one on a line.")
@click.option("--fresh", is_flag=True, help="Compile and install anew.")
@click.option("--manifest", type=click.Path(dir_okay=False), help="The mochi.toml to obey [the nearest].")
@allow_option
@source_options
@format_option
@color_option
def run_command(target: str, arguments: tuple[str, ...], **options: Any) -> int:
    """Call a bound FUNCTION with ARGUMENTs, which are JSON, and print its result as JSON.

    ALIAS is that of an import of the programs beside mochi.toml, else the name of a package. Without
    a FUNCTION, calls are read from the terminal.
    """
    host = open_host()
    alias, _, function = target.partition(".")
    codec = Codec("json")
    values = [_read_argument(codec, text) for text in arguments]
    request, runtime = _make_request(host, alias, options)
    place = cache_dir(host.environ)
    prepared = find_workspace(host, request, this_platform(), place, fresh=options["fresh"])
    show_diagnostics(prepared.diagnostics, prepared.sources, wants_color(options["color"]))
    with _open(host, options["runtime"] or runtime, prepared.workspace) as worker:
        if options["repl"] or not function:
            from .repl import Repl  # only needed here

            return Repl(worker, alias, read_names(host, prepared.workspace, alias), sys.stdin).run()
        try:
            result = worker.call(target, *values, timeout=options["timeout"])
            shown = show_value(result)
        except WorkerError as error:
            return _report(host, prepared.workspace, target, error, options["form"])
    if options["form"] == "json":
        json.dump({"schema": 1, "target": target, "result": shown}, sys.stdout)
    else:
        json.dump(shown, sys.stdout, ensure_ascii=False)
    sys.stdout.write("\n")
    return 0


def _read_argument(codec: Codec, text: str) -> object:
    try:
        value: object = codec.decode(text.encode("utf-8", "surrogateescape"))
    except (WireError, UnicodeError):
        raise click.UsageError(f"`{text}` is not JSON: {_JSON_HINT}") from None
    return value


def _make_request(host: Host, alias: str, options: dict[str, Any]) -> tuple[Request, str]:
    """Return what the workspace has to hold, and where functions run by default."""
    common: dict[str, Any] = {
        "offline": options["offline"],
        "index_url": options["index_url"],
        "free_threaded": options["runtime"] == FREE_THREADED,
        "allow_untested": options["allow_untested"],
    }
    path = None if options["package"] else options["manifest"] or find_manifest(host, ())
    alone = Request(packages=(PackageRequest(options["package"] or alias, alias),), **common)
    if path is None:
        return alone, RUNTIMES[0]
    from ..collect import collect_bindings  # only where there is a project to read
    from ..manifest import Manifest, read_manifest

    source = read_source(host, path)
    manifest, problems = read_manifest(source)
    runtime = manifest.python.runtime_mode.value if not problems else RUNTIMES[0]
    if not problems and manifest.python.free_threaded:
        common["free_threaded"] = True
        alone = evolve(alone, free_threaded=True)
    programs = tuple(read_source(host, each) for each in find_programs(host, Path(path).parent))
    bindings, _ = collect_bindings(programs, (), manifest if not problems else Manifest())
    if alias not in {binding.alias for binding in bindings}:
        return alone, runtime
    lock = find_lock(host, path, ())
    locked = read_source(host, lock) if lock else None
    return Request(programs=programs, manifest=source, lock=locked, **common), runtime


def _open(host: Host, runtime: str, workspace: Path) -> Worker | InProcess:
    """Return what calls functions of `workspace` in this way."""
    match runtime:
        case "inprocess":
            return InProcess(host, workspace)
        case "embedded":
            from ..embedded_host import build_host  # reads the sources of the library

            return Worker(workspace, python=str(build_host(host)))
        case _:
            return Worker(workspace)


def show_value(value: object) -> object:
    """Return what a person or a program sees of a value: tagged JSON, and of a handle its text."""

    def tell(unknown: object) -> dict[str, Any]:
        if isinstance(unknown, Handle):
            return {"$handle": unknown.describe()["text"]}
        if isinstance(unknown, memoryview):
            return {"$array": unknown.tolist()}
        return {"$handle": str(unknown)}

    shown: object = Codec("json", export=tell).tag(value)
    return shown


def read_names(host: Host, workspace: Path, alias: str) -> dict[str, str]:
    """Return the declarations of the functions of a package by name."""
    folder = workspace / "python_wrap" / alias
    tables = [name for name in host.list(folder) if name.endswith("_symbols.json")]
    rows = json.loads(host.read_bytes(folder / tables[0]))["symbols"] if tables else []
    return {row["mochi"]: row["signature"] for row in rows}


def suggest(name: str, names: Sequence[str]) -> str:
    """Return the hint for a name that is not bound."""
    near = difflib.get_close_matches(name, names, n=3)
    return (
        f"did you mean {' or '.join(near)}?" if near else "`pkg run` without a function lists them: `:names`"
    )


def _report(host: Host, workspace: Path, target: str, error: WorkerError, form: str) -> int:
    """Tell of a failed call and return the exit code."""
    alias, _, name = target.partition(".")
    names = read_names(host, workspace, alias)
    hint = (
        "" if name in names or isinstance(error, RemoteError) else f"\n  = help: {suggest(name, list(names))}"
    )
    text = error.format() if isinstance(error, RemoteError) else f"error: {error}{hint}"
    sys.stderr.write(f"{text}\n")
    if form == "json":
        fault: dict[str, Any] = {"message": str(error)}
        if isinstance(error, RemoteError):
            fault = {"type": error.type, "classes": list(error.classes), "message": error.message}
        json.dump({"schema": 1, "target": target, "error": fault}, sys.stdout)
        sys.stdout.write("\n")
    return EXIT_FAILED
