"""The entry of a package in the JSON report of `compile` (`--report json`)."""

from __future__ import annotations

from collections import Counter
from typing import TypedDict

from ..ir.items import Info, Package, Refusal
from .declarations import declare
from .entries import Declarations, Entry, EntryKind
from .shim import declaration, type_declaration

_CALLABLES = {
    EntryKind.FUNCTION,
    EntryKind.METHOD,
    EntryKind.CLASS_METHOD,
    EntryKind.STATIC_METHOD,
    EntryKind.CONSTRUCTOR,
}
_COUNTED_REFUSALS = {"function", "method", "constructor", "property"}


class ReportItem(TypedDict):
    """One Python item: what became of it. `status` is `bound`, `degraded` or `refused`."""

    python: str
    mochi: str | None
    kind: str
    status: str
    reason: str | None
    declaration: str | None
    file: str | None
    line: int | None


class ReportCounts(TypedDict):
    """Callables and properties once each; constants and types under keys of their own."""

    public: int
    bound: int
    degraded: int
    refused: int
    refused_by: dict[str, int]
    constants: int
    types: int


class ReportPackage(TypedDict):
    """An entry of `packages`."""

    alias: str
    distribution: str
    version: str
    import_names: list[str]
    tier: str
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
    counted: dict[tuple[str, str], ReportItem] = {}
    constants: list[ReportItem] = []
    for entry in declared.entries:
        text = declaration(entry, declared.type_names)
        if entry.kind is EntryKind.CONSTANT:
            constants.append(_bound(entry.path, entry.name, "constant", text, entry.info))
        elif (kind := _kind(entry)) and (entry.path, kind) not in counted:
            counted[entry.path, kind] = _bound(entry.path, entry.name, kind, text, entry.info)
    types = [
        _bound(ty.path, ty.name, "type", type_declaration(ty, declared.type_names), ty.info)
        for ty in declared.types
    ]
    refused = [_refused(refusal) for refusal in declared.refusals]
    public = [*counted.values(), *(item for item in refused if item["kind"] in _COUNTED_REFUSALS)]
    statuses = Counter(item["status"] for item in public)
    reasons = Counter(item["reason"] or "" for item in public if item["status"] == "refused")
    items = [*counted.values(), *constants, *types, *refused]
    return ReportPackage(
        alias=alias,
        distribution=package.name,
        version=package.version,
        import_names=list(package.import_names),
        tier=package.tier.value,
        counts=ReportCounts(
            public=len(public),
            bound=statuses["bound"],
            degraded=statuses["degraded"],
            refused=statuses["refused"],
            refused_by=dict(sorted(reasons.items())),
            constants=len(constants),
            types=len(types),
        ),
        items=sorted(items, key=lambda item: (item["python"], item["kind"])),
    )


def _kind(entry: Entry) -> str:
    """Return the word of the report for what `entry` declares, empty for helpers and setters."""
    if entry.kind in _CALLABLES:
        return entry.kind.value
    return "property" if entry.kind is EntryKind.GETTER else ""


def _bound(path: str, name: str, kind: str, text: str, info: Info) -> ReportItem:
    reason = info.degradations[0].reason.value if info.degradations else None
    return ReportItem(
        python=path,
        mochi=name,
        kind=kind,
        status="degraded" if reason else "bound",
        reason=reason,
        declaration=text,
        file=None if info.span is None else info.span.file,
        line=None if info.span is None else info.span.line,
    )


def _refused(refusal: Refusal) -> ReportItem:
    span = refusal.info.span
    return ReportItem(
        python=refusal.path,
        mochi=None,
        kind=refusal.kind,
        status="refused",
        reason=refusal.reason.value,
        declaration=None,
        file=None if span is None else span.file,
        line=None if span is None else span.line,
    )
