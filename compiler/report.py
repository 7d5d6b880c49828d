"""What a compilation says of itself: the JSON report and the table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .. import __version__
from ..backends.tally import KindCounts
from ..ir.dist import Target
from ..ir.render import render_json_lines
from .request import BoundPackage, Result

SCHEMA = 1


def build_report(result: Result) -> dict[str, Any]:
    """Return the report of `design/05`, schema 1, as JSON values.

    Everything but `seconds` depends on the request alone.
    """
    lines = render_json_lines(result.diagnostics).splitlines()
    return {
        "schema": SCHEMA,
        "tool": f"mochic-py {__version__}",
        "target": _target(result.target),
        "seconds": round(result.seconds, 3),
        "packages": [package.report for package in result.packages],
        "diagnostics": [json.loads(line) for line in lines],
        "files": [artifact.path for artifact in result.artifacts],
    }


def format_table(packages: Sequence[BoundPackage]) -> str:
    """Return the closing table: package, version, tier, bound, degraded, refused, time."""
    if not packages:
        return ""
    header = ("package", "version", "tier", "public", "bound", "degraded", "refused", "time")
    return align([header, *map(_row, packages)])


def _row(package: BoundPackage) -> tuple[str, ...]:
    counts = package.report["counts"]
    reasons = ", ".join(f"{reason} {count}" for reason, count in counts["refused_by"].items())
    return (
        package.binding.alias
        if package.binding.alias == package.pin.name
        else f"{package.pin.name} as {package.binding.alias}",
        package.pin.version,
        package.report["tier"],
        str(counts["public"]),
        str(counts["bound"]),
        str(counts["degraded"]),
        f"{counts['refused']} ({reasons})" if reasons else str(counts["refused"]),
        f"{package.seconds:.2f} s",
    )


def align(rows: Iterable[tuple[str, ...]]) -> str:
    """Align columns: the first three to the left, figures to the right."""
    rows = list(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = (
        "  ".join(
            cell.ljust(w) if i < 3 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def format_text(packages: Sequence[BoundPackage]) -> str:
    """Return what `report` says of `packages`: a table, and below it each package on its own."""
    table = [_HEADER, *map(_summarise, packages)]
    if len(packages) > 1:
        table.append(_total(packages))
    return align(table) + "".join(f"\n{_format_package(package)}" for package in packages)


_HEADER = ("package", "version", "types", "public", "bound", "degraded", "refused")


def _summarise(package: BoundPackage) -> tuple[str, ...]:
    counts = package.report["counts"]
    figures = (counts["public"], counts["bound"], counts["degraded"], counts["refused"])
    return package.binding.alias, package.pin.version, package.report["tier"], *map(str, figures)


def _total(packages: Sequence[BoundPackage]) -> tuple[str, ...]:
    counts = [package.report["counts"] for package in packages]
    figures = (
        sum(each["public"] for each in counts),
        sum(each["bound"] for each in counts),
        sum(each["degraded"] for each in counts),
        sum(each["refused"] for each in counts),
    )
    return "all", "", "", *map(str, figures)


def _format_package(package: BoundPackage) -> str:
    report = package.report
    counts = report["counts"]
    rows: list[tuple[str, str]] = [("public callables", str(counts["public"]))]
    for status in ("bound", "degraded", "refused"):
        number = counts[status]
        rows.append((f"  {status}", f"{number:>6}  {number / max(counts['public'], 1):>6.1%}"))
        reasons = {"degraded": counts["degraded_by"], "refused": counts["refused_by"]}.get(status, {})
        rows += [(f"    {reason}", f"{number:>6}") for reason, number in _by_number(reasons)]
    rows += [(f"  {kind}", _split(each)) for kind, each in counts["kinds"].items()]
    rows.append(("special methods", _split(counts["operations"])))
    rows.append(("fields", _split(counts["attributes"])))
    rows.append(("constants", str(counts["constants"])))
    rows.append(("types", str(counts["types"])))
    rows += [("not found: in `__all__` only", str(counts["names"]))] if counts["names"] else []
    rows += [(f"noted: {kind}", str(number)) for kind, number in _by_number(counts["notes"])]
    rows += [(f"at run time: {verdict}", str(number)) for verdict, number in _by_number(counts["probe"])]
    rows += [] if report["probed"] else [("at run time", "not compared")]
    rows += [(f"not counted: {origin}", str(number)) for origin, number in _by_number(counts["apart"])]
    width = max(len(label) for label, _ in rows)
    title = f"{report['distribution']} {report['version']} as {report['alias']}, types: {report['tier']}"
    return f"{title}\n" + "".join(f"  {label.ljust(width)}  {value}\n" for label, value in rows)


def _split(counts: KindCounts) -> str:
    total = counts["bound"] + counts["degraded"] + counts["refused"]
    parts = (f"{counts['bound']} bound", f"{counts['degraded']} degraded", f"{counts['refused']} refused")
    return f"{total:>6}  ({', '.join(parts)})" if total else "     0"


def _by_number(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def _target(target: Target) -> dict[str, Any]:
    major, minor = target.python
    return {
        "platform": target.platform,
        "python": f"{major}.{minor}",
        "free_threaded": target.free_threaded,
        "implementation": target.implementation,
    }
