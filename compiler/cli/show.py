"""Diagnostics on stderr, JSON on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

from ...ir.diagnostics import Diagnostic
from ...ir.render import render_human
from ...ir.source import SourceFile
from . import EXIT_FAILED


def show_diagnostics(found: Sequence[Diagnostic], sources: Mapping[str, SourceFile], color: bool) -> None:
    """Write `found` to stderr with the lines they point at."""
    if found:
        sys.stderr.write(render_human(found, sources, color=color))


def fail_with(found: Sequence[Diagnostic], sources: Mapping[str, SourceFile], color: bool) -> int:
    """Show `found` and return the exit code of a failed input."""
    show_diagnostics(found, sources, color)
    return EXIT_FAILED


def print_json(value: Mapping[str, object]) -> None:
    """Write `value` to stdout, for `--format json`."""
    json.dump(value, sys.stdout, indent=1)
    sys.stdout.write("\n")
