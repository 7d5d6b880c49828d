"""`mochic-py pkg build`: a Mochi package as wheel and source archive."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import click

from ...ir import codes
from ...ir.diagnostics import DiagnosticError, Severity
from ...ir.items import Refusal
from ...ir.source import SourceFile
from ..manifest import read_manifest
from ..package_build import BuiltPackage, PackageRequest, build_package
from .options import color_option, find_manifest, format_option, open_host, wants_color
from .project import decode
from .show import show_diagnostics

TARGET = "python-package"


@click.command("build")
@click.option("--target", type=click.Choice([TARGET]), default=TARGET, help="What to build [python-package].")
@click.option("-o", "--out", default="", help="Folder for the archives [`dist` beside mochi.toml].")
@click.option("--compiled", default="", help="Folder that the Mochi compiler wrote for Python.")
@click.option("--manifest", default="", help="The mochi.toml to obey [the nearest].")
@click.option("--sdist", "only", flag_value="sdist", help="Build the source archive only.")
@click.option("--wheel", "only", flag_value="wheel", help="Build the wheels only.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=1, help="Compress in that many threads.")
@format_option
@color_option
def build_command(
    target: str, out: str, compiled: str, manifest: str, only: str | None, jobs: int, form: str, color: str
) -> int:
    """Build the archives of a Mochi package for a Python index; the same input gives the same bytes."""
    host = open_host()
    path = manifest or find_manifest(host, ())
    if path is None:
        raise DiagnosticError(
            codes.INVALID_PROJECT.at(None, "there is no mochi.toml here or in a folder above")
        )
    source = SourceFile(path, decode(host.read_bytes(Path(path))))
    settings, problems = read_manifest(source)
    show_diagnostics(problems, {path: source}, wants_color(color))
    if any(problem.severity is Severity.ERROR for problem in problems):
        return 1
    request = PackageRequest(source, settings, compiled, jobs, only != "wheel", only != "sdist")
    built = build_package(request, host)
    folder = Path(out) if out else Path(path).parent / "dist"
    host.makedirs(folder)
    for each in built.files:
        host.write_bytes_atomic(folder / each.name, each.content)
    _tell(built, folder, form)
    return 0


def _tell(built: BuiltPackage, folder: Path, form: str) -> None:
    items = [item for module in built.package.modules for item in module.items]
    refused = [item for item in items if isinstance(item, Refusal)]
    digests = [hashlib.sha256(each.content).hexdigest() for each in built.files]
    if form == "json":
        listed = [
            {"file": str(folder / each.name), "size": len(each.content), "sha256": digest}
            for each, digest in zip(built.files, digests, strict=True)
        ]
        left = [{"name": item.name, "kind": item.kind, "reason": item.detail} for item in refused]
        shown = {"schema": 1, "files": listed, "offered": len(items) - len(refused), "left_out": left}
        sys.stdout.write(json.dumps(shown, indent=2) + "\n")
        return
    for item in refused:
        sys.stderr.write(f"left out: {item.kind} {item.name}: {item.detail}\n")
    for each, digest in zip(built.files, digests, strict=True):
        sys.stdout.write(f"{folder / each.name}  {len(each.content):,} bytes  sha256 {digest[:16]}…\n")
