"""What is bound of each package of the corpus, measured against an independent census."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypedDict, cast, final

from attrs import frozen

from ..backends.tally import KindCounts, ReportCounts
from ..ir.diagnostics import DiagnosticError
from .bind import BindJob, Bound, bind_package
from .cache import Cache
from .corpus import CorpusEntry, errors_of, make_job, open_entry
from .host import Host
from .lock_facts import find_file
from .mochi.checker import check_text
from .session import read_wheels

_KIND: Final = "census"
KINDS: Final = ("function", "method", "constructor", "property")


@final
@frozen
class Census:
    """How many public callables a package has at `version`, by kind.

    `of` says whether they were counted in the `package` or in its `stubs`; `source` is the sum in the
    package itself. `typed` is false where all types come from stubs that others maintain.
    `exported` counts the names in the `__all__` of its modules at run time.
    """

    package: str
    version: str
    of: str
    typed: bool
    kinds: dict[str, int]
    source: int
    exported: int

    @property
    def callables(self) -> int:
        """The sum over all kinds."""
        return sum(self.kinds.values())


class Measure(TypedDict):
    """What came of a package, as JSON values: counts as they are and in strict mode.

    `problem` is what the checker says of its shim first, empty where that passes. `missing` counts the
    names that modules export at run time and that were not found, None where nobody looked.
    """

    package: str
    version: str
    tier: str
    counts: ReportCounts
    strict: KindCounts
    problem: str
    exported: int | None
    missing: int | None
    seconds: float


@cache
def read_census() -> dict[str, Census]:
    """Return the census by package name."""
    text = files(__package__).joinpath("data", "census.toml").read_text("utf-8")
    return {name: _read(name, table) for name, table in tomllib.loads(text).items()}


def _read(name: str, table: dict[str, Any]) -> Census:
    kinds = {kind: table[kind] for kind in KINDS}
    source = table.get("source", sum(kinds.values()))
    return Census(name, table["version"], table["of"], table["typed"], kinds, source, table["exported"])


def find_measure(entry: CorpusEntry, host: Host) -> Measure | None:
    """Return what is remembered of the same wheels and compiler, or None."""
    known = Cache(host).get(_KIND, _key(entry))
    return None if known is None else cast(Measure, json.loads(known))


def measure(entry: CorpusEntry, host: Host) -> Measure:
    """Measure `entry` and remember it; raises `DiagnosticError` where it cannot be bound."""
    found = _measure(entry, host)
    Cache(host).put(_KIND, _key(entry), json.dumps(found).encode())
    return found


def _key(entry: CorpusEntry) -> str:
    return json.dumps([[wheel.file, wheel.sha256] for wheel in entry.wheels])


def _measure(entry: CorpusEntry, host: Host) -> Measure:
    started = host.clock()
    wheels = open_entry(entry, host)
    job = make_job(entry, wheels)
    raw, problems = read_wheels(wheels, job.target, host)
    bound = bind_package(entry.alias, raw, job.settings, host.clock)
    if errors := errors_of((*problems, *bound.diagnostics)):
        raise DiagnosticError(*errors)
    seconds = host.clock() - started
    version, tier, counts = bound.package.version, bound.report["tier"], bound.report["counts"]
    problem = _check_shim(bound)
    del bound
    strict: BindJob = make_job(entry, wheels, strict=True)
    refused = bind_package(entry.alias, raw, strict.settings, host.clock).report["counts"]
    return Measure(
        package=entry.name,
        version=version,
        tier=tier,
        counts=counts,
        strict=KindCounts(bound=refused["bound"], degraded=refused["degraded"], refused=refused["refused"]),
        problem=problem,
        exported=None,
        missing=None,
        seconds=round(seconds, 3),
    )


def _check_shim(bound: Bound) -> str:
    """Return the first thing that Mochi's checker would say of the shim, or nothing."""
    verdict = check_text(find_file(bound.files, "_shim.mochi").content.decode("utf-8"))
    if verdict.checks:
        return ""
    return verdict.problems[0].message if verdict.problems else "no verdict"
