"""One line per diagnostic, for goldens that are about what is found and where."""

from __future__ import annotations

from collections.abc import Iterable

from mochic_py.ir.diagnostics import Diagnostic
from mochic_py.ir.source import Span


def show_diagnostics(diagnostics: Iterable[Diagnostic]) -> str:
    """Return severity, code, place, message, labels and help of each diagnostic."""
    return "".join(map(_show, diagnostics))


def _show(diagnostic: Diagnostic) -> str:
    place = f" {_place(diagnostic.span)}" if diagnostic.span else ""
    lines = [f"{diagnostic.severity.value}[{diagnostic.code.code}]{place}: {diagnostic.message}"]
    lines += [f"  here: {diagnostic.label}"] if diagnostic.label else []
    lines += [f"  {label.span.file} {_place(label.span)}: {label.text}" for label in diagnostic.labels]
    lines += [f"  note: {note}" for note in diagnostic.notes]
    lines += [f"  help: {diagnostic.help}"] if diagnostic.help else []
    return "\n".join(lines) + "\n"


def _place(span: Span) -> str:
    if span.line == span.end_line:
        return f"{span.line}:{span.column}-{span.end_column}"
    return f"{span.line}:{span.column}-{span.end_line}:{span.end_column}"
