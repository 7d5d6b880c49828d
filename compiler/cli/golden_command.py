"""`mochic-py golden`: are the goldens of packages what the compiler makes?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ..corpus import CORPUS_FILE, CorpusEntry, Keep, format_corpus, read_corpus
from ..golden import GoldenJob, Refreshed, refresh, run_job
from ..host import Host
from ..machine import available_cpus
from ..workers import map_jobs
from . import EXIT_FAILED
from .options import open_host
from .progress import Progress


@click.command("golden")
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@click.option(
    "--check", "mode", flag_value="check", default="check", help="Compare and fail on a difference."
)
@click.option("--update", "mode", flag_value="update", help="Rewrite the goldens.")
@click.option(
    "--refresh",
    "mode",
    flag_value="refresh",
    help="Move the pins to the newest versions, rewrite the goldens, print what changed in the API.",
)
@click.option("--folder", default="golden/packages", show_default=True, help="Where the goldens lie.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    default=available_cpus,
    help="Packages at a time [processors].",
)
@click.option("--offline", is_flag=True, help="Never touch the network.")
def golden_command(packages: tuple[str, ...], mode: str, folder: str, jobs: int, offline: bool) -> int:
    """Check or rewrite the goldens of PACKAGEs, of all in corpus.toml without any.

    With a warm cache this needs no network, except for `--refresh`.
    """
    host = open_host()
    root = Path(folder)
    corpus = read_corpus(host, root)
    unknown = [name for name in packages if name not in corpus]
    if unknown:
        raise click.UsageError(f"`{unknown[0]}` is not in {root / CORPUS_FILE}")
    entries = [corpus[name] for name in packages or corpus]
    if mode == "refresh":
        entries = _refresh(entries, corpus, root, jobs, host)
    work = [GoldenJob(entry, root / entry.name, mode != "check", offline) for entry in _in_order(entries)]
    progress = Progress(len(work))
    lines: dict[str, str] = {}
    for job, differences in map_jobs(run_job, work, jobs, host):
        shown = (f"{each.kind} {job.folder / each.path}\n" for each in differences)
        lines[job.entry.name] = "".join(shown)
        progress.step(job.entry.name)
    progress.clear()
    sys.stdout.writelines(lines[name] for name in sorted(lines))
    number = sum(text.count("\n") for text in lines.values())
    sys.stderr.write(f"{len(work)} packages, {number or 'no'} files differ\n")
    return EXIT_FAILED if number and mode == "check" else 0


def _in_order(entries: Sequence[CorpusEntry]) -> list[CorpusEntry]:
    """Return the large packages first, as the last one would run alone."""
    return sorted(entries, key=lambda entry: entry.keep is not Keep.NAMES)


def _refresh(
    entries: Sequence[CorpusEntry], corpus: dict[str, CorpusEntry], root: Path, jobs: int, host: Host
) -> list[CorpusEntry]:
    """Move the pins of `entries`, print what that changes, and return those that moved."""
    moved: dict[str, Refreshed] = {}
    progress = Progress(len(entries))
    for entry, refreshed in map_jobs(refresh, _in_order(entries), jobs, host):
        progress.step(entry.name)
        if refreshed.entry != entry:
            moved[entry.name] = refreshed
    progress.clear()
    for name in sorted(moved):
        sys.stdout.write(describe_refresh(corpus[name], moved[name]))
    entries = [moved[name].entry for name in sorted(moved)]
    text = format_corpus({**corpus, **{entry.name: entry for entry in entries}}.values())
    host.write_bytes_atomic(root / CORPUS_FILE, text.encode())
    sys.stderr.write(f"{len(moved) or 'no'} packages moved\n")
    return entries


def describe_refresh(before: CorpusEntry, refreshed: Refreshed) -> str:
    """Return what to tell of a package that moved: its versions, and each declaration before and after."""
    versions = {wheel.name: wheel.version for wheel in before.wheels}
    wheels = [
        f"{wheel.name} {versions.get(wheel.name, 'none')} → {wheel.version}"
        for wheel in refreshed.entry.wheels
        if versions.get(wheel.name) != wheel.version
    ]
    lines = [f"{', '.join(wheels) or before.name}: {len(refreshed.changes) or 'no'} changes"]
    for change in refreshed.changes:
        lines += [f"  - {change.before}"] if change.before else []
        lines += [f"  + {change.after}"] if change.after else []
    return "\n".join(lines) + "\n"
