"""`mochic-py cache …`: the cache that all programs of a user share."""

from __future__ import annotations

import sys

import click

from ..cache import Cache, CacheSize
from . import EXIT_FAILED
from .options import format_option, open_host
from .show import print_json

_DAY = 86400.0


@click.group("cache")
def cache_command() -> None:
    """The cache of downloads and results, shared by all programs. Safe to delete at any time."""


@cache_command.command("dir")
def dir_command() -> int:
    """Print the folder of the cache."""
    sys.stdout.write(f"{_open_cache().root}\n")
    return 0


@cache_command.command("size")
@format_option
def size_command(form: str) -> int:
    """Print how much the cache holds."""
    size = _open_cache().measure()
    if form == "json":
        print_json({"schema": 1, "files": size.files, "bytes": size.bytes})
    else:
        sys.stdout.write(f"{_show(size)}\n")
    return 0


@cache_command.command("prune")
@click.option(
    "--days", type=click.IntRange(0), default=30, show_default=True, help="Keep what was used since."
)
def prune_command(days: int) -> int:
    """Remove what is of no more use: old files, and what other versions of this program made."""
    sys.stdout.write(f"removed {_show(_open_cache().prune(days * _DAY))}\n")
    return 0


@cache_command.command("clear")
def clear_command() -> int:
    """Remove everything."""
    sys.stdout.write(f"removed {_show(_open_cache().clear())}\n")
    return 0


@cache_command.command("verify")
def verify_command() -> int:
    """Compare every file with its digests and remove damaged ones; fails when there were any."""
    checked = _open_cache().verify()
    for path in checked.removed:
        sys.stdout.write(f"removed {path}\n")
    sys.stdout.write(f"{checked.files} files, {len(checked.removed) or 'none'} damaged\n")
    return EXIT_FAILED if checked.removed else 0


def _open_cache() -> Cache:
    return Cache(open_host())


def _show(size: CacheSize) -> str:
    number, unit = float(size.bytes), "bytes"
    for larger in ("kB", "MB", "GB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    amount = f"{size.bytes} bytes" if unit == "bytes" else f"{number:.1f} {unit}"
    return f"{size.files} files, {amount}"
