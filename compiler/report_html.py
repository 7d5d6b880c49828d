"""The report as one HTML file."""

from __future__ import annotations

from collections.abc import Sequence

from .request import BoundPackage


def format_html(packages: Sequence[BoundPackage]) -> str:
    """Return a page that holds everything it shows."""
    return ""
