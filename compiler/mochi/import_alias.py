"""The name that an import binds."""

from __future__ import annotations

from . import tree


def bound_alias(found: tree.Import) -> str:
    """Return the alias, else the last segment of the path without its last suffix.

    What that leaves need not be an identifier; then no program can use it.
    """
    if found.alias is not None:
        return found.alias
    path = found.path.strip('"')
    if not path:
        return "."
    segment = path.rstrip("/").rpartition("/")[2] or "/"
    stem, dot, _ = segment.rpartition(".")
    return stem if dot else segment
