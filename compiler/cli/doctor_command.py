"""`mochic-py doctor`: what the compiler finds on this machine."""

from __future__ import annotations

import sys

import click

from ..doctor import examine, format_findings
from . import EXIT_FAILED
from .options import format_option, open_host, source_options
from .show import print_json


@click.command("doctor")
@source_options
@format_option
def doctor_command(offline: bool, index_url: str, form: str) -> int:
    """Show versions, interpreters, the cache, and whether the index answers; fails when it does not."""
    found = examine(open_host(), index_url, offline=offline)
    if form == "json":
        print_json(found)
    else:
        sys.stdout.writelines(f"{line}\n" for line in format_findings(found))
    return EXIT_FAILED if found["index"]["reachable"] is False else 0
