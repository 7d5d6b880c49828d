"""The tree of commands. Each command's module is imported when the command is used."""

from __future__ import annotations

from importlib import import_module

import click

from ... import __version__

COMMANDS = {
    "compile": "compile_command",
    "explain": "explain_command",
    "golden": "golden_command",
    "ir": "ir_commands",
    "opt": "ir_commands",
    "pkg": "pkg_commands",
}


class LazyGroup(click.Group):
    """A group whose commands live in modules of this package, loaded by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, or None so that click reports the unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f".{COMMANDS[cmd_name]}", __package__)
        command = getattr(module, f"{cmd_name}_command")
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="mochic-py %(version)s")
def app() -> None:
    """Typed, locked, reproducible bindings from Mochi to any Python package."""
