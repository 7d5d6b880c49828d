"""The entry of a package in the JSON report of `compile` (`--report json`).

An item is one Python path. `backends/tally.py` says what is counted, and as what.
"""

from __future__ import annotations

from typing import TypedDict

from ..ir.items import Package, Refusal
from .declarations import declare
from .entries import Declarations, Entry, EntryKind
from .refusals import is_probed
from .shim import declaration, type_declaration
from .tally import ReportCounts, Sighting, count, find_sightings


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
        items=sorted(items, key=lambda item: (item["python"], item["kind"])),
    )


def _item(sighting: Sighting, declared: Declarations, custom: frozenset[str]) -> ReportItem:
    info = sighting.info
    name, text = None, None
    kind = sighting.kind.value
    match sighting.declared:
        case Refusal():
            pass
        case Entry() as entry:
            name, text = entry.name, declaration(entry, declared.texts)
            if entry.kind in (EntryKind.CLASS_METHOD, EntryKind.STATIC_METHOD) and kind == "method":
                kind = entry.kind.value
        case ty:
            name, text = ty.name, type_declaration(ty, declared.texts)
    return ReportItem(
        python=sighting.path,
        mochi=name,
        kind=kind,
        status="custom" if sighting.path in custom else sighting.status.value,
        reason=sighting.reason,
        origin=sighting.origin.value,
        notes=sorted({note.kind.value for note in info.notes}),
        probe=None if info.probe is None else info.probe.value,
        declaration=text,
        file=None if info.span is None else info.span.file,
        line=None if info.span is None else info.span.line,
    )
