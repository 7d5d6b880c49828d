"""`SKIPPED.txt`: what of a package is not bound, and what is bound with a loss."""

from __future__ import annotations

from ..ir.items import Degradation, Package
from .declarations import declare
from .entries import Declarations
from .literals import comment


def emit_refusals(package: Package, *, declarations: Declarations | None = None) -> str:
    """Return the text of `SKIPPED.txt`, or an empty text where nothing was refused or lost.

    A line is the Python path, the reason's token and the detail, tab-separated; an empty
    detail stays an empty column. Section headings stand in brackets.
    """
    declared = declarations or declare(package)
    refused = sorted({(item.path, item.reason.value, item.detail) for item in declared.refusals})
    degraded = sorted({row for path, losses in _losses(declared).items() for row in _rows(path, losses)})
    lines = [f"# {comment(package.name)} {comment(package.version)}"] if refused or degraded else []
    for heading, rows in (("refused", refused), ("degraded", degraded)):
        if rows:
            lines += ["", f"[{heading}] {len(rows)}"]
            lines += ["\t".join(comment(column) for column in row) for row in rows]
    return "\n".join(lines) + "\n" if lines else ""


def _losses(declared: Declarations) -> dict[str, list[Degradation]]:
    losses: dict[str, list[Degradation]] = {}
    for declaration in (*declared.types, *declared.entries):
        if declaration.info.degradations:
            losses.setdefault(declaration.path, []).extend(declaration.info.degradations)
    return losses


def _rows(path: str, losses: list[Degradation]) -> list[tuple[str, str, str]]:
    return [(path, loss.reason.value, f"{loss.where}: {loss.detail}") for loss in losses]
