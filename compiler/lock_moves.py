"""How two locks differ in versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from attrs import frozen

from ..ir.lock import Lock, LockedPackage


@final
@frozen
class Move:
    """A pin that changed. `before` is empty for a new one, `after` for one that is gone."""

    name: str
    before: str
    after: str


def find_moves(before: Lock | None, after: Lock) -> tuple[Move, ...]:
    """Return every distribution whose versions differ between two locks, by name."""
    old = _versions(before.packages if before else ())
    new = _versions(after.packages)
    return tuple(
        Move(name, old.get(name, ""), new.get(name, ""))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )


def _versions(packages: Iterable[LockedPackage]) -> dict[str, str]:
    found: dict[str, dict[str, None]] = {}
    for package in packages:
        found.setdefault(package.name, {})[package.version] = None
    return {name: ", ".join(versions) for name, versions in found.items()}
