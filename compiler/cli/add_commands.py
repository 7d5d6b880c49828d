"""`mochic-py pkg add` and `pkg remove`: edit mochi.toml."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from ...ir.diagnostics import DiagnosticError
from ...ir.source import SourceFile
from ..frontends.importspec import parse_import_spec
from ..host import Host
from ..manifest_edit import TABLE, NewDependency, add_dependency, remove_dependency
from .options import MANIFEST, find_manifest, open_host

_PARTS = re.compile(
    r"\s*(?P<name>[A-Za-z0-9._-]+?)\s*(\[(?P<extras>[^\]]*)\])?\s*(@\s*)?(?P<version>[<>=!~^*].*)?"
)


@click.command("add")
@click.argument("language", type=click.Choice(["python"]))
@click.argument("spec", metavar="NAME[@SPEC]")
@click.option("--extras", default="", help="Extras, separated by commas.")
@click.option("--group", default="", help="Dependency group (PEP 735) to put it in.")
@click.option("--optional", is_flag=True, help="Lock it, but install it only when asked for.")
@click.option("--index", default="", help="Take it from this index and no other (a name or a URL).")
@click.option("--git", default="", help="Take it from this repository.")
@click.option("--rev", default="", help="Revision of --git.")
@click.option("--path", default="", help="Take it from this folder.")
@click.option("--editable", is_flag=True, help="Install --path so that edits show at once.")
@click.option("--manifest", type=click.Path(dir_okay=False), help="The mochi.toml to edit [the nearest].")
def add_command(
    language: str,
    spec: str,
    extras: str,
    group: str,
    optional: bool,
    index: str,
    git: str,
    rev: str,
    path: str,
    editable: bool,
    manifest: str | None,
) -> int:
    """Add a Python dependency to mochi.toml, or complete the one there."""
    requirement, problems = parse_import_spec(spec, None)
    match = _PARTS.fullmatch(spec)
    if requirement is None:
        raise DiagnosticError(*problems)
    if match is None:
        raise click.UsageError("name a source with --git, --path or --index, not inside NAME")
    if (rev and not git) or (editable and not path):
        raise click.UsageError("`--rev` needs `--git`, and `--editable` needs `--path`")
    asked = {name.strip() for name in extras.split(",") if name.strip()} | set(requirement.extras)
    new = NewDependency(
        match["name"],
        (match["version"] or "").strip(),
        tuple(sorted(asked)),
        optional,
        group,
        index,
        git,
        rev,
        path,
        editable,
    )
    host = open_host()
    file = Path(manifest or find_manifest(host, ()) or MANIFEST)
    return _write(host, file, add_dependency(_read(host, file), new), f"{requirement.name} in [{TABLE}]")


@click.command("remove")
@click.argument("language", type=click.Choice(["python"]))
@click.argument("name")
@click.option("--manifest", type=click.Path(dir_okay=False), help="The mochi.toml to edit [the nearest].")
def remove_command(language: str, name: str, manifest: str | None) -> int:
    """Remove a Python dependency from mochi.toml."""
    host = open_host()
    file = Path(manifest or find_manifest(host, ()) or MANIFEST)
    return _write(host, file, remove_dependency(_read(host, file), name), f"no {name} in [{TABLE}]")


def _read(host: Host, file: Path) -> SourceFile:
    return SourceFile(str(file), (host.find_bytes(file) or b"").decode("utf-8", "surrogateescape"))


def _write(host: Host, file: Path, text: str, done: str) -> int:
    content = text.encode("utf-8", "surrogateescape")
    if host.find_bytes(file) == content:
        sys.stderr.write(f"{file} already has {done}\n")
        return 0
    host.write_bytes_atomic(file, content, durable=True)
    sys.stderr.write(f"{file} now has {done}\n")
    return 0
