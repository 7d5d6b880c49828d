"""Calls of click: commands built from handles and callbacks, records, errors."""

from __future__ import annotations

import click
from click.testing import CliRunner

SPEC = "click@==8.5.1"
NEAR = {"a command with a callback", "help of a command", "a missing argument"}


def calls(w):
    yield (
        "style",
        lambda: w.style_with("x", {"fg": "red", "bold": True}),
        lambda: click.style("x", fg="red", bold=True),
    )
    yield "unstyle", lambda: w.unstyle(w.style_with("x", {"fg": "red"})), lambda: "x"
    yield (
        "a command with a callback",
        lambda: run(command_through(w), ["Ada", "--count", "2"]),
        lambda: run(command_directly(), ["Ada", "--count", "2"]),
    )
    yield (
        "help of a command",
        lambda: run(command_through(w), ["--help"]),
        lambda: run(command_directly(), ["--help"]),
    )
    yield (
        "a missing argument",
        lambda: run(command_through(w), []),
        lambda: run(command_directly(), []),
    )
    yield (
        "a group",
        lambda: w.Group_list_commands(group_through(w), w.Context_new(group_through(w))),
        lambda: ["hello"],
    )
    yield (
        "a choice",
        lambda: w.Choice_convert(w.Choice_new(["a", "b"]), "b", None, None),
        lambda: click.Choice(["a", "b"]).convert("b", None, None),
    )
    yield (
        "a wrong choice",
        lambda: w.Choice_convert(w.Choice_new(["a", "b"]), "c", None, None),
        lambda: click.Choice(["a", "b"]).convert("c", None, None),
    )
    yield (
        "an error as a handle",
        lambda: w.BadParameter_format_message(w.BadParameter_new_with("bad", {"param_hint": "x"})),
        lambda: click.BadParameter("bad", param_hint="x").format_message(),
    )
    yield "a file name", lambda: w.format_filename(b"a\xff"), lambda: click.format_filename(b"a\xff")


def greet(name, count):
    for _ in range(count):
        click.echo(f"Hello {name}")


def command_through(w):
    options = {
        "callback": greet,
        "params": [
            w.Argument_new(["name"]),
            w.Option_new_with({"param_decls": ["--count"], "type": int, "default": 1}),
        ],
    }
    return w.Command_new_with("hello", options)


def command_directly():
    params = [click.Argument(["name"]), click.Option(["--count"], type=int, default=1)]
    return click.Command("hello", callback=greet, params=params)


def group_through(w):
    group = w.Group_new_with({"name": "all"})
    w.Group_add_command(group, command_through(w))
    return group


def run(command, arguments):
    result = CliRunner().invoke(command, arguments)
    return result.exit_code, result.output
