"""`mochic-py pkg slim` and `pkg promote`: wheels under tags that serve more versions of Python."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ..host import Host
from ..retag import Promotion, retag_wheel
from .options import color_option, open_host

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
    required=True,
    help="The ABI that the new tags name.",
)
@_OUT
@color_option
def promote_command(wheel: str, to: str, out: str, color: str) -> int:
    """Tag a wheel of the stable ABI for a later one as well, where its audit proves that it serves there."""
    return _retag(open_host(), wheel, Promotion(to), out, False)


def _retag(host: Host, wheel: str, to: Promotion, out: str, assume_limited: bool) -> int:
    path = Path(wheel)
    if not host.exists(host.base / path):
        raise DiagnosticError(codes.FILE_ACCESS.at(None, f"there is no file `{wheel}`"))
    made = retag_wheel(host.base / path, to, host, assume_limited=assume_limited)
    folder = Path(out) if out else path.parent
    host.makedirs(folder)
    host.write_bytes_atomic(folder / made.filename, made.content)
    sys.stdout.write(f"{folder / made.filename}\n")
    return 0
