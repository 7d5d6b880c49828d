"""The report as one HTML file: everything in it, and nothing from elsewhere.

The items stand in the page as JSON, from which its script makes the rows that are in sight. What a
package wrote (names, signatures, reasons) is data to both: it is never part of markup or script.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import Any, final

from attrs import define, field

from ..backends.declarations import declare
from ..backends.describe import python_signature
from ..backends.entries import Call, Declarations, Entry
from ..backends.shim import declaration, type_declaration
from ..backends.tally import Kind, Sighting, Status, find_sightings
from ..ir.items import Refusal
from .request import BoundPackage

_STATUSES = (Status.BOUND, Status.DEGRADED, Status.REFUSED)


def format_html(packages: Sequence[BoundPackage]) -> str:
    """Return a page that shows `packages` and every item of them."""
    names = ", ".join(package.binding.alias for package in packages[:4])
    title = f"{names}{', …' if len(packages) > 4 else ''} in Mochi"
    return fill_page(title, collect_data(packages))


def fill_page(title: str, data: dict[str, Any]) -> str:
    """Return the page with `data`, as `collect_data` returns it."""
    folder = files(__package__).joinpath("data")
    page, script = (folder.joinpath(name).read_text("utf-8") for name in ("report.html", "report.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = {
        "@TITLE@": escape(title),
        "@SCRIPT_HASH@": f"sha256-{digest}",
        "@SCRIPT@": script,
        "@DATA@": embed_json(data),
    }
    pieces = [page]
    for mark, text in parts.items():
        # Only the page itself is searched for marks, never what was put in.
        pieces = [
            part
            for index, piece in enumerate(pieces)
            for part in (_interleave(piece.split(mark), text) if index % 2 == 0 else [piece])
        ]
    return "".join(pieces)


def embed_json(data: Any) -> str:  # noqa: ANN401  -- any JSON value
    """Return `data` as JSON that ends no `script` element and holds no lone surrogate."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _interleave(pieces: list[str], text: str) -> list[str]:
    """Return `pieces` with `text` between each two: every second one is not of the page."""
    return [part for piece in pieces for part in (piece, text)][:-1]


# --- data -------------------------------------------------------------------------------


def collect_data(packages: Sequence[BoundPackage]) -> dict[str, Any]:
    """Return what the page shows, as JSON values; words that repeat stand in lists of their own."""
    kinds, reasons, origins = _Words(), _Words(), _Words()
    items = []
    for index, package in enumerate(packages):
        declared = declare(package.package)
        for sighting in find_sightings(package.package, declared):
            place = [index, sighting.path]
            words = [
                kinds.number(sighting.kind.value),
                _STATUSES.index(sighting.status),
                reasons.number(sighting.reason or ""),
                origins.number(sighting.origin.value),
            ]
            name, *rest = _row(sighting, declared)
            items.append([*place, name, *words, *rest])
    return {
        "packages": [
            {
                "alias": package.binding.alias,
                "version": package.pin.version,
                "tier": package.report["tier"],
                "counts": package.report["counts"],
            }
            for package in packages
        ],
        "kinds": kinds.words,
        "reasons": reasons.words,
        "origins": origins.words,
        "items": items,
    }


@final
@define
class _Words:
    words: list[str] = field(factory=list)
    _numbers: dict[str, int] = field(factory=dict)

    def number(self, word: str) -> int:
        if word not in self._numbers:
            self._numbers[word] = len(self.words)
            self.words.append(word)
        return self._numbers[word]


def _row(sighting: Sighting, declared: Declarations) -> list[Any]:
    """Return Mochi name, Python signature, declaration, place, losses, notes and probe of an item."""
    info = sighting.info
    name, text, signature = "", "", ""
    losses = [[loss.reason.value, loss.where, loss.detail] for loss in info.degradations]
    match sighting.declared:
        case Refusal() as refusal:
            losses = [[refusal.reason.value, "", refusal.detail]]
        case Entry() as entry:
            name, text = entry.name, declaration(entry, declared)
            signature = _signature(entry, sighting.kind, declared)
        case ty:
            name, text = ty.name, type_declaration(ty, declared.texts)
    notes = [[note.kind.value, note.where, note.detail] for note in info.notes]
    place = "" if info.span is None else f"{info.span.file}:{info.span.line}"
    probe = "" if info.probe is None else info.probe.value
    return [name, signature, text, place, losses, notes, probe]


def _signature(entry: Entry, kind: Kind, declared: Declarations) -> str:
    match entry.operation:
        case Call(function, _):
            arms = [
                python_signature(function, signature, declared.texts) for signature in function.signatures
            ]
            return "\n".join(dict.fromkeys(arms))
        case _ if kind in (Kind.PROPERTY, Kind.ATTRIBUTE, Kind.CONSTANT):
            return f"{entry.path}: {declared.texts.shown(entry.result)}"
        case _:
            return ""
