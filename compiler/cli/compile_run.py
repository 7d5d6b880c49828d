"""The part of `mochic-py compile` that compiles; loaded only when there is no memo."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ...backends.declarations import ShimStyle
from ...ir import codes
from ...ir.dist import PathSource
from ...ir.parts import evolve
from ...ir.render import render_human
from ...ir.source import SourceFile
from ..compile import compile
from ..host import Host
from ..manifest import Manifest, read_manifest
from ..memo import Memo
from ..report import build_report, format_table
from ..request import Emit, IrDump, LinkStyle, PackageRequest, Request, Result, Surface
from ..session import make_target
from .options import FREE_THREADED
from .resolve_options import steer
from .sidecar_files import read_sidecars


def run_compile(host: Host, options: Mapping[str, Any], contents: Mapping[str, bytes]) -> Memo:
    """Compile what `options` name; `contents` holds the files by path. Dumps go to stderr."""
    asked = evolve(make_request(options, contents), verify=bool(host.environ.get("MOCHIC_VERIFY")))
    request = steer(asked, options, host, contents)
    result = tell_of_probe(request, options, compile(request, host))
    for package in result.packages:
        sys.stderr.writelines(package.dumps)
    if options["time_passes"]:
        sys.stderr.write(format_timings(result))
    return Memo(
        ok=result.ok,
        lasts=result.ok and lasts(request, result),
        report=build_report(result),
        table=format_table(result.packages),
        human={
            "plain": render_human(result.diagnostics, result.sources, color=False),
            "color": render_human(result.diagnostics, result.sources, color=True),
        },
        files={a.path: a.content for a in result.artifacts},
    )


def lasts(request: Request, result: Result) -> bool:
    """Whether nothing went into `result` but the request and the index.

    Folders and files that requirements name may change at any time, and an interpreter that was missing
    may be installed.
    """
    manifest = read_manifest(request.manifest)[0] if request.manifest else Manifest()
    asked = (*(package.binding.requirement for package in result.packages), *manifest.dependencies)
    is_local = any(isinstance(requirement.source, PathSource) for requirement in asked)
    wanting = (codes.STUBGEN_UNAVAILABLE, *((codes.NOT_PROBED,) if request.probe else ()))
    return not is_local and all(d.code not in wanting for d in result.diagnostics)


def make_request(options: Mapping[str, Any], contents: Mapping[str, bytes]) -> Request:
    """Return the request that parsed options and file contents amount to."""
    sources = {
        path: SourceFile(path, raw.decode("utf-8", "surrogateescape")) for path, raw in contents.items()
    }
    dump = IrDump(
        frozenset(options.get("print_ir_before", ())),
        frozenset(options.get("print_ir_after", ())),
        bool(options.get("print_ir_after_change")),
    )
    return Request(
        programs=tuple(sources[path] for path in dict.fromkeys(options["programs"])),
        packages=tuple(PackageRequest(spec, alias) for spec, alias in options["packages"]),
        manifest=sources[options["manifest"]] if options["manifest"] else None,
        target=make_target(options["platform"], options["python"]),
        shim_style=ShimStyle(options.get("shim_style", "module")),
        emit=frozenset(map(Emit, options.get("emit", ()))),
        strict=bool(options.get("strict")),
        infer=not options.get("no_infer"),
        check_abi=bool(options.get("check_abi")),
        offline=options["offline"],
        jobs=options.get("jobs", 1),
        pipeline=options.get("pipeline") or None,
        dump=dump,
        index_url=options["index_url"],
        lock=sources[options["lock"]] if options.get("lock") else None,
        locked=bool(options.get("locked")),
        probe=_wants_probe(options, sources),
        link=LinkStyle(options["link"]) if options.get("link") else None,
        sidecars=read_sidecars(sources, options.get("sidecars", ())),
        surface=_surface(options),
        free_threaded=options.get("runtime") == FREE_THREADED,
        allow_untested=bool(options.get("allow_untested")),
    )


def _surface(options: Mapping[str, Any]) -> Surface:
    """Return what wrappers are to have: a linked program is run, and waits for what it does not use."""
    if chosen := options.get("surface"):
        return Surface(chosen)
    return Surface.USED if options.get("link") == "flat" else Surface.ALL


def _wants_probe(options: Mapping[str, Any], sources: Mapping[str, SourceFile]) -> bool:
    """Whether packages are to be looked at: option, environment and manifest say so, in this order.

    Commands without the option never do.
    """
    if "probe" not in options:
        return False
    for choice in (options["probe"], options["probe_default"]):
        if choice is not None:
            return bool(choice)
    return not options["manifest"] or read_manifest(sources[options["manifest"]])[0].python.probe


def tell_of_probe(request: Request, options: Mapping[str, Any], result: Result) -> Result:
    """Return `result`, which says so where the user has kept packages from being looked at."""
    if request.probe or not result.ok or (options["probe"] is None and options["probe_default"] is not None):
        return result
    reason = "`--no-probe` was given" if options["probe"] is False else "`probe` is off in mochi.toml"
    message = f"packages were not compared with their installed form: {reason}"
    return evolve(result, diagnostics=(*result.diagnostics, codes.NOT_PROBED.at(None, message)))


def format_timings(result: Result) -> str:
    """Return what each pass cost, a line per package and pass."""
    return "".join(
        f"{timing.seconds * 1000:9.1f} ms {timing.items:8} items  {timing.package}: {timing.name}\n"
        for package in result.packages
        for timing in package.timings
    )
