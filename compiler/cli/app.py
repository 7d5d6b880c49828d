"""The tree of commands: a line for each, and the module it lives in."""

from __future__ import annotations

import click

from ... import __version__
from .lazy import LazyGroup

COMMANDS = {
    "cache": "cache_commands",
    "check": "check_command",
    "compile": "compile_command",
    "doctor": "doctor_command",
    "explain": "explain_command",
    "golden": "golden_command",
    "ir": "ir_commands",
    "opt": "ir_commands",
    "pkg": "pkg_commands",
    "report": "report_command",
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="mochic-py %(version)s")
def app() -> None:
    """Typed, locked, reproducible bindings from Mochi to any Python package."""
