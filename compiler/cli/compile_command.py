"""`mochic-py compile`: bind what programs import and write the workspace.

A repeat of a finished compilation is answered from its memo (`compiler/memo.py`), so this
module imports the compiler only when there is something to compile.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import click

from ..cache import Cache
from ..host import Host
from ..memo import Memo, load_memo, memo_key, save_memo
from ..output import write_output
from . import EXIT_FAILED
from .options import (
    DEFAULT_OUT,
    PackageCommand,
    color_option,
    find_lock,
    find_manifest,
    freethread_options,
    input_options,
    open_host,
    pair_packages,
    probe_default,
    probe_option,
    target_options,
    wants_color,
    watch_options,
)
from .resolve_options import bound_files, resolve_options
from .sidecar_files import find_sidecars

EMITS = ("wrapper", "pyi", "shim", "symbols", "go", "ir")


@click.command("compile", cls=PackageCommand)
@input_options
@click.option("-o", "--out", default=DEFAULT_OUT, show_default=True, help="Folder to write to.")
@click.option(
    "--emit",
    default="wrapper,pyi,shim,symbols",
    show_default=True,
    metavar="KIND,…",
    help=f"What to write: {', '.join(EMITS)}.",
)
@target_options
@freethread_options
@resolve_options
@click.option(
    "--shim-style",
    type=click.Choice(["module", "dotted", "linked"]),
    default="module",
    show_default=True,
    help="How a shim names what it declares.",
)
@click.option(
    "--link",
    type=click.Choice(["flat", "dotted"]),
    is_flag=False,
    flag_value="flat",
    default=None,
    metavar="[flat|dotted]",
    help="Also write each program as today's Mochi takes it, with what it uses declared in it.",
)
@click.option(
    "--surface",
    type=click.Choice(["all", "used"]),
    default=None,
    show_default="all; used with --link=flat",
    help="Whether wrappers and shims have all of a package, or what the programs use.",
)
@click.option("--strict", is_flag=True, help="Refuse what would be degraded.")
@click.option("--no-infer", is_flag=True, help="Leave what has no annotation without a type.")
@probe_option
@click.option(
    "--check-abi", is_flag=True, help="Compare the tags of each wheel with what its compiled files need."
)
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, help="Packages lowered at a time.")
@click.option("--report", type=click.Choice(["text", "json"]), default="text", help="Form of the result.")
@click.option("--pass-pipeline", "pipeline", default="", help="Passes to run instead of the standard ones.")
@watch_options
@color_option
def compile_command(**options: Any) -> int:
    """Compile the Python imports of FILEs, and of packages named by --package."""
    pairs = pair_packages(options["packages"], options["aliases"])
    if not options["programs"] and not pairs:
        raise click.UsageError("name a program or a --package")
    options["packages"] = pairs
    options["emit"] = _read_emit(options["emit"])
    host = open_host()
    options["probe_default"] = probe_default(host)
    options["manifest"] = options["manifest"] or find_manifest(host, options["programs"])
    options["lock"] = find_lock(host, options["manifest"], options["programs"])
    options["sidecars"] = find_sidecars(host, options["programs"], options["manifest"])
    cache = Cache(host)
    contents = {path: host.read_bytes(Path(path)) for path in _files(options)}
    watched = options["print_ir_before"] or options["print_ir_after"] or options["print_ir_after_change"]
    observed = bool(watched or options["time_passes"])
    keys = _memo_keys(host, options, contents)
    found = () if observed else (load_memo(cache, key, options["offline"]) for key in keys)
    memo = next(filter(None, found), None)
    if memo is None:
        from .compile_run import run_compile  # deferred: the whole compiler hangs on it

        memo = run_compile(host, options, contents)
        if memo["lasts"] and not observed:
            save_memo(cache, keys[-1], memo)
    return _finish(host, memo, options)


def _read_emit(text: str) -> list[str]:
    kinds = [kind.strip() for kind in text.split(",") if kind.strip()]
    unknown = [kind for kind in kinds if kind not in EMITS]
    if unknown:
        raise click.UsageError(f"`--emit` does not know `{unknown[0]}`; it knows {', '.join(EMITS)}")
    return sorted(set(kinds))


def _files(options: dict[str, Any]) -> list[str]:
    return [
        *dict.fromkeys(options["programs"]),
        *filter(None, (options["manifest"], options["lock"])),
        *options["sidecars"],
        *bound_files(options),
    ]


def _memo_keys(host: Host, options: dict[str, Any], contents: dict[str, bytes]) -> list[str]:
    """Return the keys whose memo answers the request; a new one is kept under the last.

    What was made offline may be out of date, so that it only answers offline.
    """
    index = host.environ.get("MOCHIC_INDEX_URL", "")
    asked = {**_asked(options, contents), "index": index}
    modes = (False, True) if options["offline"] else (False,)
    return [memo_key({**asked, "offline": offline}) for offline in modes]


def _asked(options: dict[str, Any], contents: dict[str, bytes]) -> dict[str, Any]:
    ignored = {"out", "report", "color", "jobs", "offline"}
    asked = {name: value for name, value in options.items() if name not in ignored}
    files = {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    return {**asked, "files": files}


def _finish(host: Host, memo: Memo, options: dict[str, Any]) -> int:
    if memo["ok"]:
        write_output(host, Path(options["out"]), memo["files"])
    sys.stderr.write(memo["human"]["color" if wants_color(options["color"]) else "plain"])
    if options["report"] == "json":
        json.dump(memo["report"], sys.stdout, indent=1)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(memo["table"])
    return 0 if memo["ok"] else EXIT_FAILED
