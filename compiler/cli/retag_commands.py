"""`mochic-py pkg slim` and `pkg promote`: wheels under tags that serve more versions of Python."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ...ir import codes
from ...ir.diagnostics import DiagnosticError, Severity
from ...ir.dist import AbiTagPolicy
from ...ir.source import SourceFile
from ..host import Host
from ..manifest import read_manifest
from ..retag import Promotion, retag_wheel
from .options import color_option, find_manifest, open_host
from .project import decode

_OUT = click.option("-o", "--out", default="", help="Folder for the new wheel [that of the old one].")
_ASSUME = click.option(
    "--assume-limited-api", is_flag=True, help="Believe that the modules were compiled with Py_LIMITED_API."
)
_WHEEL = click.argument("wheel", type=click.Path(dir_okay=False))


@click.command("slim")
@_WHEEL
@click.option("--abi3", is_flag=True, required=True, help="Tag the wheel for the stable ABI.")
@_OUT
@_ASSUME
@color_option
def slim_command(wheel: str, abi3: bool, out: str, assume_limited_api: bool, color: str) -> int:
    """Tag a wheel for the stable ABI, where its audit proves that it keeps to it."""
    return _retag(open_host(), wheel, Promotion.ABI3, out, assume_limited_api)


@click.command("promote")
@_WHEEL
@click.option(
    "--to",
    type=click.Choice([Promotion.ABI2026.value, Promotion.ABI3T.value]),
    help="The ABI that the new tags name [as `abi-tag-policy` in mochi.toml says].",
)
@click.option("--manifest", default="", help="The mochi.toml to obey [the nearest].")
@_OUT
@color_option
def promote_command(wheel: str, to: str | None, manifest: str, out: str, color: str) -> int:
    """Tag a wheel of the stable ABI for a later one as well, where its audit proves that it serves there.

    Without `--to`, OUT gets what the policy of mochi.toml publishes: the wheel for `abi2026`, and with
    `both` the one it comes from beside it.
    """
    host = open_host()
    if to is not None:
        return _retag(host, wheel, Promotion(to), out, False)
    policy = _read_policy(host, manifest)
    if policy is AbiTagPolicy.LEGACY:
        message = "the ABI tag policy is `legacy`, under which no wheel is published for `abi2026`"
        help = 'say `--to abi2026`, or write `abi-tag-policy = "both"` in `[python]` of mochi.toml'
        raise DiagnosticError(codes.CANNOT_RETAG.at(None, message, help=help))
    return _retag(host, wheel, Promotion.ABI2026, out, False, keep=policy is AbiTagPolicy.BOTH)


def _read_policy(host: Host, named: str) -> AbiTagPolicy:
    path = named or find_manifest(host, ())
    if path is None:
        return AbiTagPolicy.LEGACY
    manifest, problems = read_manifest(SourceFile(path, decode(host.read_bytes(Path(path)))))
    errors = tuple(problem for problem in problems if problem.severity is Severity.ERROR)
    if errors:
        raise DiagnosticError(*errors)
    return manifest.python.abi_tag_policy


def _retag(host: Host, wheel: str, to: Promotion, out: str, assume_limited: bool, keep: bool = False) -> int:
    """Write the wheel under its new tags, and with `keep` the one it comes from beside it."""
    path = Path(wheel)
    if not host.exists(host.base / path):
        raise DiagnosticError(codes.FILE_ACCESS.at(None, f"there is no file `{wheel}`"))
    made = retag_wheel(host.base / path, to, host, assume_limited=assume_limited)
    folder = Path(out) if out else path.parent
    host.makedirs(folder)
    host.write_bytes_atomic(folder / made.filename, made.content)
    if keep:
        if folder != path.parent:
            host.write_bytes_atomic(folder / path.name, host.read_bytes(host.base / path))
        sys.stdout.write(f"{folder / path.name}\n")
    sys.stdout.write(f"{folder / made.filename}\n")
    return 0
