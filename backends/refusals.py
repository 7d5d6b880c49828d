"""`SKIPPED.txt`: what of a package is not bound, and what is bound with a loss."""

from __future__ import annotations

from collections.abc import Iterable

from ..ir.errors import SkipReport
from ..ir.items import Package
from ..ir.traverse import walk_items
from .declarations import declare
from .entries import Declarations
from .literals import comment


def emit_refusals(package: Package, *, declarations: Declarations | None = None) -> str:
    """Return the text of `SKIPPED.txt`, or an empty text where nothing was refused or lost.

    A line is a `SkipReport`: the Python path, the reason's token, the detail. Section
    headings stand in brackets with the number of lines.
    """
    declared = declarations or declare(package)
    refused, degraded = find_refused(declared), find_degraded(declared)
    if not refused and not degraded:
        return ""
    compared = "compared" if is_probed(package) else "not compared"
    title = f"{comment(package.name)} {comment(package.version)}"
    lines = [f"# {title}, {compared} with the installed package"]
    lines += _section("refused", refused)
    lines += _section("degraded", degraded)
    return "\n".join(lines) + "\n"


def is_probed(package: Package) -> bool:
    """Tell whether `package` was compared with what is installed."""
    return any(item.info.probe is not None for item in walk_items(package))


def find_refused(declared: Declarations) -> set[SkipReport]:
    """Return a report for each item that is not bound."""
    return {SkipReport(item.path, item.reason, item.detail) for item in declared.refusals}


def find_degraded(declared: Declarations) -> set[SkipReport]:
    """Return a report for each loss of an item that is bound."""
    return {
        SkipReport(each.path, loss.reason, f"{loss.where}: {loss.detail}")
        for each in (*declared.types, *declared.entries)
        for loss in each.info.degradations
    }


def _section(heading: str, reports: Iterable[SkipReport]) -> list[str]:
    rows = sorted(comment(str(report)) for report in reports)
    return ["", f"[{heading}] {len(rows)}", *rows] if rows else []
