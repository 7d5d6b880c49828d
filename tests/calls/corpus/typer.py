"""Calls of typer: an application built from handles and callbacks."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

SPEC = "typer@==0.29.1"


def calls(w):
    yield (
        "an application",
        lambda: run(application(w), ["Ada"]),
        lambda: run(application_directly(), ["Ada"]),
    )
    yield (
        "with an option",
        lambda: run(application(w), ["Ada", "--count", "3"]),
        lambda: run(application_directly(), ["Ada", "--count", "3"]),
    )
    yield "help", lambda: run(application(w), ["--help"]), lambda: run(application_directly(), ["--help"])
    yield "an argument is missing", lambda: run(application(w), []), lambda: run(application_directly(), [])
    yield (
        "commands",
        lambda: len(w.Typer_registered_commands(application(w))),
        lambda: len(application_directly().registered_commands),
    )
    yield (
        "one in another",
        lambda: run(nested(w), ["inner", "Ada"]),
        lambda: run(nested_directly(), ["inner", "Ada"]),
    )
    yield (
        "an exit code",
        lambda: w.Exit_exit_code(w.Exit_new_with({"code": 3})),
        lambda: typer.Exit(code=3).exit_code,
    )
    yield (
        "a setting",
        lambda: w.Typer_pretty_exceptions_enable(w.Typer_new_with({"pretty_exceptions_enable": False})),
        lambda: typer.Typer(pretty_exceptions_enable=False).pretty_exceptions_enable,
    )


def hello(name: str, count: int = 1):
    for _ in range(count):
        typer.echo(f"Hello {name}")


def other():
    typer.echo("other")


def application(w):
    made = w.Typer_new()
    w.Typer_command(made)(hello)
    return made


def application_directly():
    made = typer.Typer()
    made.command()(hello)
    return made


def nested(w):
    outer = w.Typer_new()
    w.Typer_add_typer_with(outer, application(w), {"name": "inner"})
    w.Typer_command_with(outer, {"name": "x"})(other)
    return outer


def nested_directly():
    outer = typer.Typer()
    outer.add_typer(application_directly(), name="inner")
    outer.command(name="x")(other)
    return outer


def run(made, arguments):
    result = CliRunner().invoke(made, arguments)
    return result.exit_code, result.output
