"""`mochic-py report --corpus`: the corpus, measured and held against its bars."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..bars import Row, build_corpus_report, find_bars, format_corpus_table
from ..census import find_measure, measure, read_census
from ..corpus import read_corpus
from ..host import Host
from ..workers import map_jobs
from .progress import Progress


def report_corpus(host: Host, options: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the report as text, and whether every bar is reached."""
    corpus = read_corpus(host, Path(options["folder"]))
    census = read_census()
    entries = [entry for name, entry in corpus.items() if name in census]
    known = {entry.name: find_measure(entry, host) for entry in entries}
    # The large ones first, or the last one would run alone.
    left = [entry for entry in entries if known[entry.name] is None]
    left.sort(key=lambda entry: -census[entry.name].callables)
    progress = Progress(len(left))
    for entry, found in map_jobs(measure, left, options["jobs"], host):
        known[entry.name] = found
        progress.step(entry.name)
    progress.clear()
    rows = [Row(census[name], found) for name, found in sorted(known.items()) if found is not None]
    ok = all(bar.ok for bar in find_bars(rows))
    if options["form"] == "json":
        return json.dumps(build_corpus_report(rows), indent=1) + "\n", ok
    return format_corpus_table(rows), ok
