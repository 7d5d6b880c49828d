"""The options that steer a resolution, shared by the commands that resolve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..host import Host

if TYPE_CHECKING:
    from ..request import Request

Command = TypeVar("Command", bound=Callable[..., Any])

# The values of `Engine`, `Prereleases` and `AbiTagPolicy`, which a warm compile does not load.
ENGINES = ("in-process", "uv")
PRERELEASES = ("pep440", "explicit", "allow", "disallow")
ABI_TAG_POLICIES = ("legacy", "abi2026", "both")


def resolve_options(command: Command) -> Command:
    """Add what steers a resolution beside the requirements."""
    file = click.Path(dir_okay=False)
    for option in (
        click.option(
            "--resolver",
            type=click.Choice(ENGINES),
            default=ENGINES[0],
            show_default=True,
            help="Who chooses versions.",
        ),
        click.option("--no-build", is_flag=True, help="Leave out releases that have no wheel."),
        click.option(
            "--prerelease",
            type=click.Choice(PRERELEASES),
            default=PRERELEASES[0],
            show_default=True,
            help="Which pre-releases may be chosen.",
        ),
        click.option(
            "--abi-tag-policy",
            type=click.Choice(ABI_TAG_POLICIES),
            default=None,
            help="Whether wheels tagged `abi2026` count [as mochi.toml says, else legacy].",
        ),
        click.option(
            "--exclude-newer", default="", metavar="DATE", help="Leave out files the index got after DATE."
        ),
        click.option(
            "--override", "overrides", multiple=True, type=file, help="File with versions that replace all."
        ),
        click.option(
            "--constraint", "constraints", multiple=True, type=file, help="File with bounds on versions."
        ),
    ):
        command = option(command)
    return command


def bound_files(options: Mapping[str, Any]) -> list[str]:
    """Return the paths of the files that `options` name."""
    return [*options["constraints"], *options["overrides"]]


def steer(
    request: Request, options: Mapping[str, Any], host: Host, contents: Mapping[str, bytes] | None = None
) -> Request:
    """Return `request` with what `options` say of resolution; reads the files they name.

    `contents` are files that were read already, by path.
    """
    known = contents or {}
    from attrs import evolve

    from ...ir.dist import AbiTagPolicy
    from ..request import Engine
    from ..resolve.options import Bound, ResolveOptions, parse_bounds_file
    from ..settings import Prereleases

    def read(paths: tuple[str, ...]) -> tuple[Bound, ...]:
        raw = (known[path] if path in known else host.read_bytes(Path(path)) for path in paths)
        texts = (content.decode("utf-8", "replace") for content in raw)
        return tuple(bound for text in texts for bound in parse_bounds_file(text))

    policy = options["abi_tag_policy"]
    asked = ResolveOptions(
        constraints=read(options["constraints"]),
        overrides=read(options["overrides"]),
        exclude_newer=options["exclude_newer"],
        prereleases=Prereleases(options["prerelease"]),
        build=not options["no_build"],
        abi_tag_policy=AbiTagPolicy(policy) if policy else None,
    )
    return evolve(request, resolve=asked, resolver=Engine(options["resolver"]))
