"""`mochic-py report --corpus`: the corpus, measured and held against its bars."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..bars import Row, build_corpus_report, find_bars, format_corpus_table
from ..census import Measure, MeasureJob, find_measure, measure, read_census
from ..corpus import read_corpus
from ..host import Host
from ..workers import map_jobs
from .progress import Progress


def report_corpus(host: Host, options: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the report as text, and whether every bar is reached."""
    corpus = read_corpus(host, Path(options["folder"]))
    census = read_census()
    probe = options["probe"] is not False
    jobs = [MeasureJob(entry, probe) for name, entry in corpus.items() if name in census]
    found: dict[str, Measure | str | None] = {job.entry.name: find_measure(job, host) for job in jobs}
    # The large ones first, or the last one would run alone.
    left = [job for job in jobs if found[job.entry.name] is None]
    left.sort(key=lambda job: -census[job.entry.name].callables)
    progress = Progress(len(left))
    for job, measured in map_jobs(measure, left, options["jobs"], host):
        found[job.entry.name] = measured
        progress.step(job.entry.name)
    progress.clear()
    rows = [Row(census[name], each) for name, each in sorted(found.items()) if isinstance(each, dict)]
    failures = {name: each for name, each in sorted(found.items()) if isinstance(each, str)}
    ok = all(bar.ok for bar in find_bars(rows, failures))
    if options["form"] == "json":
        return json.dumps(build_corpus_report(rows, failures), indent=1) + "\n", ok
    return format_corpus_table(rows, failures), ok
