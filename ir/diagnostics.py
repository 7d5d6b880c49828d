"""Diagnostics as values: a code, a message, and places.

Nothing here prints. `ir/render.py` turns a diagnostic into text; `ir/codes.py` is the
only place where codes are made.
"""

from __future__ import annotations

import enum
from typing import final

from attrs import field, frozen

from .source import Span


@final
class Severity(enum.Enum):
    """How much a diagnostic matters: an error fails the run, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@final
@frozen
class Label:
    """A few words pinned to a secondary place."""

    span: Span
    text: str


@final
@frozen
class Code:
    """A kind of diagnostic: `PYnnn`, its kebab-case name, and its default severity.

    `summary` says what is wrong in one sentence without a final period; it is what a
    diagnostic shows when it is reported without a message of its own.
    """

    code: str
    name: str
    summary: str
    severity: Severity = Severity.ERROR

    def at(
        self,
        span: Span | None,
        message: str = "",
        *,
        label: str = "",
        labels: tuple[Label, ...] = (),
        notes: tuple[str, ...] = (),
        help: str = "",
        severity: Severity | None = None,
    ) -> Diagnostic:
        """Return a diagnostic of this code at `span`."""
        return Diagnostic(
            self, severity or self.severity, message or self.summary, span, label, labels, notes, help
        )


@final
@frozen
class Diagnostic:
    """One finding. `message` stands alone on a line; `label` sits under the caret.

    `notes` add facts, `help` names a way out. `span` is None only where no file is
    concerned (a command-line value, the network).
    """

    code: Code
    severity: Severity
    message: str
    span: Span | None = None
    label: str = ""
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str = field(default="")


class DiagnosticError(Exception):
    """Stops a computation that cannot go on; carries what to tell the user.

    Raised and caught inside `compiler/`; the public API returns diagnostics instead.
    """

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(*diagnostics)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        return "; ".join(diagnostic.message for diagnostic in self.diagnostics)


class InternalError(Exception):
    """A broken invariant of this program: never the user's fault, always a bug."""
