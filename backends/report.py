"""The entry of a package in the JSON report of `compile` (`--report json`).

An item is one Python path. `backends/tally.py` says what is counted, and as what.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Final, TypedDict

from ..ir.items import Package, Refusal
from .declarations import declare
from .entries import Declarations, Entry, EntryKind
from .refusals import is_probed
from .shim import declaration, type_declaration
from .tally import Kind, Origin, ReportCounts, Sighting, Status, count, find_sightings

_WORDS: Final = {word: word.value for words in (Kind, Status, Origin) for word in words}


class ReportItem(TypedDict):
    """One Python item: what became of it. `status` is `bound`, `degraded` or `refused`.

    It is `custom` for an item that a sidecar overrides, which counts as what it replaces.
    `origin` is `own` for what is counted; `tally.py` has the other words. `notes` are the kinds of
    what is to tell of it, `probe` what the installed package says of it.
    """

    python: str
    mochi: str | None
    kind: str
    status: str
    reason: str | None
    origin: str
    notes: list[str]
    probe: str | None
    declaration: str | None
    file: str | None
    line: int | None


class ReportPackage(TypedDict):
    """An entry of `packages`. `probed` tells whether it was compared with the installed package."""

    alias: str
    distribution: str
    version: str
    import_names: list[str]
    tier: str
    probed: bool
    counts: ReportCounts
    items: list[ReportItem]


def report_package(
    package: Package, alias: str, *, declarations: Declarations | None = None
) -> ReportPackage:
    """Return the report's entry for `package` bound as `alias`.

    An item stands once, with the first of its declarations; casts, setters and helpers that
    no Python item stands behind are left out.
    """
    declared = declarations or declare(package)
    sightings = find_sightings(package, declared)
    custom = frozenset(entry.path for entry in declared.entries if entry.custom)
    items = [_item(each, declared, custom) for each in sightings]
    return ReportPackage(
        alias=alias,
        distribution=package.name,
        version=package.version,
        import_names=list(package.import_names),
        tier=package.tier.value,
        probed=is_probed(package),
        counts=count(sightings),
        items=sorted(items, key=itemgetter("python", "kind")),
    )


def _item(sighting: Sighting, declared: Declarations, custom: frozenset[str]) -> ReportItem:
    info, span = sighting.info, sighting.info.span
    name, text = None, None
    kind = _WORDS[sighting.kind]
    match sighting.declared:
        case Entry() as entry:
            name, text = entry.name, declaration(entry, declared)
            if sighting.kind is Kind.METHOD and entry.kind is not EntryKind.METHOD:
                kind = entry.kind.value
        case Refusal():
            pass
        case ty:
            name, text = ty.name, type_declaration(ty, declared.texts)
    return {
        "python": sighting.path,
        "mochi": name,
        "kind": kind,
        "status": "custom" if sighting.path in custom else _WORDS[sighting.status],
        "reason": sighting.reason,
        "origin": _WORDS[sighting.origin],
        "notes": sorted({note.kind.value for note in info.notes}) if info.notes else [],
        "probe": None if info.probe is None else info.probe.value,
        "declaration": text,
        "file": None if span is None else span.file,
        "line": None if span is None else span.line,
    }
