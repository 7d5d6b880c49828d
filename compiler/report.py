"""What a compilation says of itself: the JSON report and the table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from .. import __version__
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
    return _align([header, *map(_row, packages)])


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


def _align(rows: Iterable[tuple[str, ...]]) -> str:
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


def _target(target: Target) -> dict[str, Any]:
    major, minor = target.python
    return {
        "platform": target.platform,
        "python": f"{major}.{minor}",
        "free_threaded": target.free_threaded,
        "implementation": target.implementation,
    }
