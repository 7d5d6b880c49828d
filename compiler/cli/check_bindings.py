"""Bindings for `mochic-py check --with-bindings`: the packages are bound, but nothing is written."""

from __future__ import annotations

from collections.abc import Sequence

from ...ir.diagnostics import DiagnosticError
from ...ir.source import SourceFile
from ..compile import compile
from ..host import Host
from ..manifest import read_manifest
from ..mochi.bound_items import BoundModule
from ..request import Emit, Request
from ..session import make_target
from .check_command import read_module
from .options import find_manifest, probe_default
from .show import show_diagnostics


def bind_programs(
    host: Host,
    programs: Sequence[SourceFile],
    platform: str,
    python: tuple[int, int, bool],
    offline: bool,
    index_url: str,
    color: bool,
) -> list[BoundModule]:
    """Return what the imports of `programs` offer; raises DiagnosticError where that fails."""
    path = find_manifest(host, [program.path for program in programs])
    manifest = SourceFile(path, host.read_bytes(path).decode("utf-8", "surrogateescape")) if path else None
    request = Request(
        programs=tuple(programs),
        manifest=manifest,
        target=make_target(platform, python),
        emit=frozenset({Emit.SYMBOLS}),
        offline=offline,
        index_url=index_url,
        probe=_wants_probe(host, manifest),
        allow_untested=True,
    )
    result = compile(request, host)
    if not result.ok:
        show_diagnostics(result.diagnostics, result.sources, color)
        raise DiagnosticError
    return [
        read_module(artifact.content, artifact.path)
        for artifact in result.artifacts
        if artifact.path.endswith("_symbols.json")
    ]


def _wants_probe(host: Host, manifest: SourceFile | None) -> bool:
    """Whether `compile` would look at packages here: a name that it does not bind is none."""
    default = probe_default(host)
    if default is not None:
        return default
    return manifest is None or read_manifest(manifest)[0].python.probe
