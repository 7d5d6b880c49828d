"""`mochic-py pkg …`: what the Mochi command line delegates to. A line for each command."""

from __future__ import annotations

import click

from .lazy import LazyGroup

COMMANDS = {
    "add": "add_commands",
    "audit": "audit_command",
    "build": "build_command",
    "export": "export_commands",
    "install": "install_command",
    "lock": "lock_commands",
    "outdated": "tree_commands",
    "promote": "retag_commands",
    "remove": "add_commands",
    "run": "run_command",
    "slim": "retag_commands",
    "sync": "sync_commands",
    "tree": "tree_commands",
    "why": "tree_commands",
}


@click.group("pkg", cls=LazyGroup, lazy=COMMANDS)
def pkg_command() -> None:
    """Packages of a program: what it needs, and its environment."""
