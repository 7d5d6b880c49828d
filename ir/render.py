"""Diagnostics as text: for people with carets, one per line, as JSON lines, as SARIF.

Pure: source texts come in by path, and what has no text is shown without an excerpt.
Nothing from a file or a package reaches a terminal unescaped, and no credentials do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import final

from attrs import frozen

from .diagnostics import Diagnostic, Severity
from .redact import redact
from .screen import clean, lay_out
from .source import SourceFile, Span

_RESET = "\x1b[0m"
_BOLD = "\x1b[1m"
_BLUE = "\x1b[1;34m"
_COLORS = {Severity.ERROR: "\x1b[1;31m", Severity.WARNING: "\x1b[1;33m", Severity.NOTE: "\x1b[1;36m"}
_MOST_LINES = 4
_WIDEST = 140
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


def render_human(
    diagnostics: Iterable[Diagnostic], files: Mapping[str, SourceFile], color: bool = False
) -> str:
    """Return the diagnostics with excerpts of `files`, a blank line between two of them."""
    return "\n".join(_render(diagnostic, files, color) for diagnostic in diagnostics)


def render_concise(diagnostics: Iterable[Diagnostic]) -> str:
    """Return one line per diagnostic: `file:line:column: severity[code]: message (name)`."""
    return "".join(
        f"{clean(f'{each.span}: ') if each.span else ''}{_title(each, color=False)}\n" for each in diagnostics
    )


def render_json_lines(diagnostics: Iterable[Diagnostic]) -> str:
    """Return one JSON object per line, in ASCII; see `diagnostic_fields`."""
    return "".join(json.dumps(diagnostic_fields(each)) + "\n" for each in diagnostics)


def diagnostic_fields(diagnostic: Diagnostic) -> dict[str, object]:
    """Return `diagnostic` as the JSON object of reports. Lines and columns count from 1.

    `file` and the positions are null where a diagnostic has no place.
    """
    return {
        "code": diagnostic.code.code,
        "name": diagnostic.code.name,
        "severity": diagnostic.severity.value,
        "message": redact(diagnostic.message),
        **_span_fields(diagnostic.span),
        "label": redact(diagnostic.label),
        "labels": [{**_span_fields(label.span), "text": redact(label.text)} for label in diagnostic.labels],
        "notes": [redact(note) for note in diagnostic.notes],
        "help": redact(diagnostic.help),
    }


def render_sarif(diagnostics: Iterable[Diagnostic], version: str = "") -> str:
    """Return a SARIF 2.1.0 log (OASIS) of one run; `version` is that of this program."""
    listed = list(diagnostics)
    rules = {each.code.code: each.code for each in listed}
    codes = sorted(rules)
    driver: dict[str, object] = {"name": "mochic-py"}
    if version:
        driver["version"] = version
    driver["rules"] = [
        {"id": code, "name": rules[code].name, "shortDescription": {"text": rules[code].summary}}
        for code in codes
    ]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(each, codes.index(each.code.code)) for each in listed],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


# --- for people -------------------------------------------------------------------------


@final
@frozen
class _Place:
    span: Span
    text: str
    primary: bool


@final
@frozen
class _Mark:
    """A part of one line to underline. `start` and `end` are indices, `end` None for the line's end."""

    line: int
    start: int
    end: int | None
    text: str
    primary: bool


@final
@frozen
class _Paint:
    """Puts colors around text; `primary` is the color of the severity, empty for no colors at all."""

    primary: str

    def gutter(self, text: str) -> str:
        return f"{_BLUE}{text}{_RESET}" if self.primary else text

    def mark(self, text: str, primary: bool) -> str:
        return f"{self.primary}{text}{_RESET}" if self.primary and primary else self.gutter(text)


def _render(diagnostic: Diagnostic, files: Mapping[str, SourceFile], color: bool) -> str:
    places = [_Place(label.span, label.text, primary=False) for label in diagnostic.labels]
    if diagnostic.span is not None:
        places.insert(0, _Place(diagnostic.span, diagnostic.label, primary=True))
    width = len(str(max((place.span.end_line for place in places), default=1)))
    paint = _Paint(_COLORS[diagnostic.severity] if color else "")
    lines = [_title(diagnostic, color)]
    arrow = "-->"
    for file in dict.fromkeys(place.span.file for place in places):
        here = [place for place in places if place.span.file == file]
        lines += _excerpt(here, files.get(file), arrow, width, paint)
        arrow = ":::"
    if len(lines) > 2 and (diagnostic.notes or diagnostic.help):
        lines.append(paint.gutter(f"{' ' * width} |"))
    for note in diagnostic.notes:
        lines += _remark("note", note, width, paint)
    if diagnostic.help:
        lines += _remark("help", diagnostic.help, width, paint)
    return "\n".join(lines) + "\n"


def _title(diagnostic: Diagnostic, color: bool) -> str:
    head = f"{diagnostic.severity.value}[{diagnostic.code.code}]"
    message, name = clean(redact(diagnostic.message)), diagnostic.code.name
    if color:
        return f"{_COLORS[diagnostic.severity]}{head}{_RESET}{_BOLD}: {message}{_RESET} ({name})"
    return f"{head}: {message} ({name})"


def _remark(kind: str, text: str, width: int, paint: _Paint) -> list[str]:
    first, *rest = [clean(line) for line in redact(text).split("\n")]
    indent = " " * (width + len(kind) + 5)
    gutter = paint.gutter(" " * width + " =")
    return [f"{gutter} {kind}: {first}", *[f"{indent}{line}".rstrip() for line in rest]]


def _excerpt(
    places: list[_Place], source: SourceFile | None, arrow: str, width: int, paint: _Paint
) -> list[str]:
    """Show the lines of one file; only the places where there is no text for them."""
    gutter = paint.gutter(" " * width + arrow)
    marks = [mark for place in places for mark in _find_marks(place, source)]
    if source is None or not marks:
        texts = [clean(str(place.span)) + _after_colon(place.text) for place in places]
        return [f"{gutter} {text}" for text in texts]
    bar = paint.gutter(" " * width + " |")
    lines = [f"{gutter} {clean(str(places[0].span))}", bar]
    previous = 0
    for number in sorted({mark.line for mark in marks}):
        if previous and number > previous + 1:
            lines.append(paint.gutter("..."))
        previous = number
        on_line = sorted((mark for mark in marks if mark.line == number), key=lambda mark: mark.start)
        shown, *underlines = _draw(redact(source.line(number)), on_line, paint)
        head = paint.gutter(f"{number:>{width}} |")
        lines.append(f"{head} {shown}".rstrip())
        lines += [f"{bar} {underline}" for underline in underlines]
    return lines


def _after_colon(text: str) -> str:
    return f": {clean(redact(text))}" if text else ""


def _find_marks(place: _Place, source: SourceFile | None) -> Iterator[_Mark]:
    """Yield what to underline: one line, or the first and the last of a few lines."""
    if source is None:
        return
    span, last = place.span, source.position(len(source.text))[0]
    start, end_line, end = max(span.column - 1, 0), span.end_line, span.end_column - 1
    if span.line > last:
        return
    if end_line > span.line and end <= 0:
        # The span ends behind a line end: there is nothing to underline on the next line.
        end_line, end = end_line - 1, len(source.line(end_line - 1))
    if end_line <= span.line:
        yield _Mark(span.line, start, end, place.text, place.primary)
    elif end_line > min(last, span.line + _MOST_LINES):
        yield _Mark(span.line, start, None, place.text, place.primary)
    else:
        text = source.line(end_line)
        yield _Mark(span.line, start, None, "", place.primary)
        yield _Mark(end_line, len(text) - len(text.lstrip()), end, place.text, place.primary)


def _draw(line: str, marks: list[_Mark], paint: _Paint) -> list[str]:
    """Return `line` as it is shown, cut where it is very long, and an underline per mark."""
    layout = lay_out(line)
    first, end = 0, len(layout.cells)
    if layout.columns[-1] > _WIDEST:
        main = next((mark for mark in marks if mark.primary), marks[0])
        wanted = min(layout.column(main.start) - _WIDEST // 3, layout.columns[-1] - _WIDEST)
        first = next(index for index in range(end + 1) if layout.columns[index] >= wanted)
        limit = layout.column(first) + _WIDEST
        end = next((index for index in range(first, end) if layout.columns[index + 1] > limit), end)
    before, after = "…" if first else "", "…" if end < len(layout.cells) else ""
    lines = [before + "".join(layout.cells[first:end]) + after]
    left = layout.column(first) - len(before)
    right = layout.column(end) + len(after)
    for mark in marks:
        start = min(max(layout.column(mark.start), left), right)
        stop = right if mark.end is None else min(layout.column(mark.end), right)
        underline = ("^" if mark.primary else "-") * max(stop - start, 1)
        label = f" {clean(redact(mark.text))}" if mark.text else ""
        lines.append(" " * (start - left) + paint.mark(underline + label, mark.primary))
    return lines


# --- for programs -----------------------------------------------------------------------


def _span_fields(span: Span | None) -> dict[str, object]:
    return {
        "file": span.file if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_line": span.end_line if span else None,
        "end_column": span.end_column if span else None,
    }


def _sarif_result(diagnostic: Diagnostic, rule: int) -> dict[str, object]:
    text = [redact(part) for part in (diagnostic.message, *diagnostic.notes, diagnostic.help) if part]
    result: dict[str, object] = {
        "ruleId": diagnostic.code.code,
        "ruleIndex": rule,
        "level": diagnostic.severity.value,
        "message": {"text": "\n".join(text)},
    }
    if diagnostic.span is not None:
        result["locations"] = [_sarif_location(diagnostic.span, diagnostic.label)]
    if diagnostic.labels:
        result["relatedLocations"] = [_sarif_location(label.span, label.text) for label in diagnostic.labels]
    return result


def _sarif_location(span: Span, text: str) -> dict[str, object]:
    path = span.file.replace("\\", "/").encode("utf-8", "replace")
    uri = "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in path)
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    place: dict[str, object] = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
    return place | ({"message": {"text": redact(text)}} if text else {})
