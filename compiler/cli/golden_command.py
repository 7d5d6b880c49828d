"""`mochic-py golden`: are the goldens of packages what the compiler makes?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..golden import compare, compile_entry, golden_files, read_corpus, update
from . import EXIT_FAILED
from .options import open_host


@click.command("golden")
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@click.option(
    "--check", "mode", flag_value="check", default="check", help="Compare and fail on a difference."
)
@click.option("--update", "mode", flag_value="update", help="Rewrite the goldens.")
@click.option("--folder", default="golden/packages", show_default=True, help="Where the goldens lie.")
@click.option("--offline", is_flag=True, help="Never touch the network.")
def golden_command(packages: tuple[str, ...], mode: str, folder: str, offline: bool) -> int:
    """Check or rewrite the goldens of PACKAGEs, of all in corpus.toml without any."""
    host = open_host()
    root = Path(folder)
    corpus = read_corpus(host, root)
    unknown = [name for name in packages if name not in corpus]
    if unknown:
        raise click.UsageError(f"`{unknown[0]}` is not in {root / 'corpus.toml'}")
    failed = 0
    for name in packages or corpus:
        files = golden_files(corpus[name], compile_entry(corpus[name], host, offline))
        differences = compare(files, host, root / name)
        if mode == "update":
            update(files, differences, host, root / name)
        else:
            failed += len(differences)
        for difference in differences:
            sys.stdout.write(f"{difference.kind} {root / name / difference.path}\n")
        sys.stderr.write(f"{name}: {len(differences) or 'no'} differences\n")
    return EXIT_FAILED if failed else 0
