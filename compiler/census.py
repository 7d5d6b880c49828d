"""What is bound of each package of the corpus, measured against an independent census."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypedDict, cast, final

from attrs import frozen

from ..backends.tally import KindCounts, ReportCounts
from ..ir import codes
from ..ir.diagnostics import DiagnosticError, InternalError
from ..ir.inventory import Inventory, RuntimeKind
from ..ir.items import Class, Constant, Function, Package, Refusal
from ..passes.context import PassContext
from ..passes.manager import Observer
from ..passes.names import Names
from .bind import Bound, bind_package
from .cache import Cache
from .corpus import TARGET, CorpusEntry, errors_of, make_job, open_entry, open_probe
from .host import Host
from .lock_facts import find_file
from .mochi.checker import check_text
from .probe import Prober
from .session import read_wheels

_KIND: Final = "census"
NOTHING: Final = KindCounts(bound=0, degraded=0, refused=0)
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

    `problem` is what the checker says of its shim first, empty where that passes. Of the `exported`
    names of its modules at run time, `missing` were not found; both are None where nobody looked, and
    `unprobed` says why. `unstrict` says what keeps strict mode from an end.
    """

    package: str
    version: str
    tier: str
    counts: ReportCounts
    strict: KindCounts
    unstrict: str
    problem: str
    exported: int | None
    missing: list[str] | None
    unprobed: str
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


@final
@frozen
class MeasureJob:
    """A package to measure; with `probe` it is imported, which shows what it exports at run time."""

    entry: CorpusEntry
    probe: bool

    @property
    def key(self) -> str:
        """What a measure follows from, besides the compiler."""
        return json.dumps([[wheel.file, wheel.sha256] for wheel in self.entry.wheels] + [[self.probe]])


def find_measure(job: MeasureJob, host: Host) -> Measure | None:
    """Return what is remembered of the same wheels and compiler, or None."""
    known = Cache(host).get(_KIND, job.key)
    return None if known is None else cast(Measure, json.loads(known))


def measure(job: MeasureJob, host: Host) -> Measure | str:
    """Measure a package and remember it, or return what keeps it from being bound."""
    try:
        found = _measure(job, host)
    except DiagnosticError as error:
        return error.diagnostics[0].message
    except InternalError as error:
        return _show(error)
    if not job.probe or found["missing"] is not None:
        Cache(host).put(_KIND, job.key, json.dumps(found).encode())
    return found


def _measure(job: MeasureJob, host: Host) -> Measure:
    entry, started = job.entry, host.clock()
    wheels = open_entry(entry, host)
    loose, strict = make_job(entry, wheels), make_job(entry, wheels, strict=True)
    probe = open_probe(entry, wheels, host) if job.probe else None
    contexts: list[PassContext] = []

    def observe(ctx: PassContext) -> Observer:
        contexts.append(ctx)
        assert probe is not None, "only a probe observes"
        return Prober(probe, TARGET, host, Cache(host), ctx)

    raw, problems = read_wheels(wheels, TARGET, host)
    bound = bind_package(entry.alias, raw, loose.settings, host.clock, (observe,) if probe else ())
    if errors := errors_of((*problems, *bound.diagnostics)):
        raise DiagnosticError(*errors)
    seconds = host.clock() - started
    inventory = contexts[0].inventory if contexts else None
    exported, missing = find_missing(raw, bound.package, inventory) if inventory else (None, None)
    said = [each.message for ctx in contexts for each in ctx.diagnostics if each.code is codes.NOT_PROBED]
    version, tier, counts = bound.package.version, bound.report["tier"], bound.report["counts"]
    problem = _check_shim(bound)
    del bound, inventory
    contexts.clear()
    refused, unstrict = NOTHING, ""
    try:
        again = bind_package(entry.alias, raw, strict.settings, host.clock, (observe,) if probe else ())
        left = again.report["counts"]
        refused = KindCounts(bound=left["bound"], degraded=left["degraded"], refused=left["refused"])
    except InternalError as error:
        unstrict = _show(error)
    return Measure(
        package=entry.name,
        version=version,
        tier=tier,
        counts=counts,
        strict=refused,
        unstrict=unstrict,
        problem=problem,
        exported=exported,
        missing=missing,
        unprobed=said[0] if said else "" if job.probe else "`--no-probe`",
        seconds=round(seconds, 3),
    )


def _show(error: InternalError) -> str:
    """Return which pass failed, and what was wrong first."""
    return f"internal error: {' '.join(' '.join(str(error).splitlines()[:2]).split())}"


def find_missing(raw: Package, final: Package, inventory: Inventory) -> tuple[int, list[str]]:
    """Return how many names the modules of a package export at run time, and which are not found.

    A name that a module lists and does not have is none. A name is found where the sources of the
    package show it, where it is bound itself, or where what stands behind it is under any name.
    """
    names = Names(raw)
    items = [(module.name, item) for module in final.modules for item in module.items]
    paths = {item.path for _, item in items if not isinstance(item, Refusal)}
    bound = {
        inventory.number(module, item.path.removeprefix(f"{module}."))
        for module, item in items
        if isinstance(item, Function | Class | Constant)
    }
    exported = 0
    missing = []
    for module, found in sorted(inventory.modules.items()):
        for name in (each for each in found.listed if each in found.names):
            exported += 1
            number = found.names[name]
            path = f"{module}.{name}"
            is_module = inventory.objects[number].kind is RuntimeKind.MODULE
            if not (path in paths or number in bound or is_module or names.find(path) is not None):
                missing.append(path)
    return exported, missing


def _check_shim(bound: Bound) -> str:
    """Return the first thing that Mochi's checker would say of the shim, or nothing."""
    verdict = check_text(find_file(bound.files, "_shim.mochi").content.decode("utf-8"))
    if verdict.checks:
        return ""
    return verdict.problems[0].message if verdict.problems else "no verdict"
