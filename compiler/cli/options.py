"""Option types and groups of options that commands share."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from ..host import Host
from ..machine import this_platform

Command = TypeVar("Command", bound=Callable[..., Any])

PLATFORMS = (
    "linux-x86_64",
    "linux-aarch64",
    "musllinux-x86_64",
    "musllinux-aarch64",
    "macos-arm64",
    "macos-x86_64",
    "windows-x86_64",
    "windows-arm64",
    "pyodide",
    "wasi-p2",
)
DEFAULT_PYTHON = "3.13"
DEFAULT_OUT = "build/mochi"
FREE_THREADED = "free-threaded"
"""The `--runtime` that is the build of Python without the GIL."""
MANIFEST = "mochi.toml"
LOCK = "mochi.lock"


class PythonVersion(click.ParamType[tuple[int, int, bool]]):
    """`3.13`, or `3.13t` for the free-threaded build, as (major, minor, free-threaded)."""

    name = "X.Y[t]"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int, bool]:
        """Return the parsed version or fail with usage advice."""
        if isinstance(value, tuple):
            return cast(tuple[int, int, bool], value)
        match = re.fullmatch(r"3\.([0-9]{1,2})(t?)", str(value))
        if match is None:
            self.fail(f"`{value}` is not a version of Python 3, such as 3.13 or 3.13t", param, ctx)
        return 3, int(match[1]), bool(match[2])


def open_host() -> Host:
    """Return the host of the running command; its connections are closed when the command ends."""
    host = Host()
    click.get_current_context().call_on_close(host.close)
    return host


def target_options(command: Command) -> Command:
    """Add `--target` and `--python`."""
    command = click.option(
        "--python",
        "python",
        type=PythonVersion(),
        default=DEFAULT_PYTHON,
        show_default=True,
        help="Python version to bind for.",
    )(command)
    return click.option(
        "--target",
        "platform",
        type=click.Choice(PLATFORMS),
        default=this_platform,
        show_default="this machine",
        help="Platform to bind for.",
    )(command)


def source_options(command: Command) -> Command:
    """Add where answers come from: `--offline` and `--index-url`."""
    command = click.option(
        "--index-url", default="", metavar="URL", help="Package index to use instead of the default one."
    )(command)
    return click.option("--offline", is_flag=True, help="Never touch the network.")(command)


def freethread_options(command: Command) -> Command:
    """Add `--runtime` for the build of Python, and `--allow-untested-freethread`."""
    return click.option(
        "--runtime",
        type=click.Choice([FREE_THREADED]),
        default=None,
        help="Be for the build of Python without the GIL [as `free-threaded` of mochi.toml says].",
    )(allow_option(command))


def allow_option(command: Command) -> Command:
    """Add `--allow-untested-freethread`."""
    return click.option(
        "--allow-untested-freethread",
        "allow_untested",
        is_flag=True,
        help="Take packages that are not made for a Python without the GIL; their calls hold locks.",
    )(command)


def probe_option(command: Command) -> Command:
    """Add `--probe`."""
    return click.option(
        "--probe/--no-probe",
        default=None,
        help="Import packages in a sandbox to compare them with their types [`probe` of mochi.toml: yes].",
    )(command)


def probe_default(host: Host) -> bool | None:
    """Return what `MOCHIC_PROBE` says, None where the manifest is to be asked."""
    setting = host.environ.get("MOCHIC_PROBE", "")
    return setting not in ("0", "no", "false") if setting else None


def format_option(command: Command) -> Command:
    """Add `--format`, for commands whose output is data."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="Form of the result.",
    )(command)


def watch_options(command: Command) -> Command:
    """Add what shows the passes at work."""
    for option in (
        click.option("--time-passes", is_flag=True, help="Print what each pass cost."),
        click.option(
            "--print-ir-after-change", is_flag=True, help="Print the IR after each pass that changed it."
        ),
        click.option(
            "--print-ir-after", multiple=True, metavar="PASS", help="Print the IR after a pass, or `all`."
        ),
        click.option(
            "--print-ir-before", multiple=True, metavar="PASS", help="Print the IR before a pass, or `all`."
        ),
    ):
        command = option(command)
    return command


def input_options(command: Command) -> Command:
    """Add the programs and packages that a command works on, and where answers come from."""
    for option in (
        source_options,
        click.option("--locked", is_flag=True, help="Fail where mochi.lock does not fit what is asked for."),
        click.option(
            "--manifest",
            type=click.Path(dir_okay=False),
            help="The mochi.toml to obey [the nearest].",
        ),
        click.option(
            "--as", "aliases", multiple=True, metavar="ALIAS", help="Alias of the --package before."
        ),
        click.option("--package", "packages", multiple=True, metavar="SPEC", help="A package to bind."),
        click.argument("programs", nargs=-1, type=click.Path(dir_okay=False), metavar="[FILE.mochi]..."),
    ):
        command = option(command)
    return command


def find_manifest(host: Host, programs: Sequence[str]) -> str | None:
    """Return the nearest `mochi.toml`: beside the first program (or here) or in a folder above."""
    start = Path(programs[0]).parent if programs else Path()
    for folder in (start, *host.folders_above(host.base / start)):
        if host.exists(folder / MANIFEST):
            return str(folder / MANIFEST)
    return None


def lock_path(manifest: str | None, programs: Sequence[str]) -> str:
    """Return where the lock of a project is: beside its manifest, else beside its first program."""
    return str(Path(manifest or (programs[0] if programs else MANIFEST)).parent / LOCK)


def find_lock(host: Host, manifest: str | None, programs: Sequence[str]) -> str | None:
    """Return the path of the lock of a project, or None where there is none."""
    path = lock_path(manifest, programs)
    return path if host.exists(Path(path)) else None


def find_programs(host: Host, folder: Path) -> list[str]:
    """Return the programs of the project in `folder`: those in it, and those below its folder `src`."""
    beside = [folder / name for name in host.list(folder) if name.endswith(".mochi")]
    source = folder / "src"
    below = [path for path in host.walk(source) if path.suffix == ".mochi"] if host.is_folder(source) else []
    return sorted(map(str, (*beside, *below)))


def color_option(command: Command) -> Command:
    """Add `--color`."""
    return click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Color diagnostics.",
    )(command)


def wants_color(choice: str) -> bool:
    """Return whether stderr is to be colored; `NO_COLOR` counts unless `--color always`."""
    if choice == "auto":
        return sys.stderr.isatty() and not Host().environ.get("NO_COLOR")
    return choice == "always"


class PackageCommand(click.Command):
    """A command that remembers how `--package` and `--as` followed each other."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the order of the two options, which click forgets, then parse as usual."""
        # A bare `--link` would take the program behind it for its value.
        args = list(args)
        for at, argument in enumerate(args):
            if argument == "--":
                break
            if argument == "--link" and args[at + 1 : at + 2] not in (["flat"], ["dotted"]):
                args[at] = "--link=flat"
        # Only the parser knows what is an option, and what the value of another one.
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta[_ORDER] = [param.name for param in order if param.name in ("packages", "aliases")]
        return super().parse_args(ctx, args)


_ORDER = "mochic_py.package_order"


def pair_packages(packages: tuple[str, ...], aliases: tuple[str, ...]) -> list[tuple[str, str]]:
    """Give each `--package` the `--as` that follows it, or an empty alias.

    Raises `click.UsageError` for an `--as` that does not follow a `--package`.
    """
    specs, names = iter(packages), iter(aliases)
    pairs: list[tuple[str, str]] = []
    for option in click.get_current_context().meta[_ORDER]:
        if option == "packages":
            pairs.append((next(specs), ""))
        elif not pairs or pairs[-1][1]:
            raise click.UsageError("every `--as` needs a `--package` before it")
        else:
            pairs[-1] = (pairs[-1][0], next(names))
    return pairs
