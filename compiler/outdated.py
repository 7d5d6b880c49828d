"""Which pins of a lock have a newer version."""

from __future__ import annotations

from typing import final

from attrs import frozen

from ..ir.dist import IndexSource
from ..ir.lock import Lock
from ..ir.parts import evolve
from .lock import read_project
from .locked import select_packages
from .request import Request
from .resolve.candidates import find_version
from .session import Session


@final
@frozen
class Outdated:
    """A pin behind its index: what is locked, what the requirements admit, and the newest final version."""

    name: str
    locked: str
    fitting: str
    newest: str


def find_outdated(lock: Lock, session: Session, request: Request) -> list[Outdated]:
    """Return every pin of an index that has a newer final version, by name.

    `session` has no lock, so that it resolves afresh for its target. A distribution that the
    requirements no longer need has no fitting version but its own. Raises `DiagnosticError` where
    the requirements cannot be met or an index gives no answer.
    """
    project, _ = read_project(evolve(request, lock=None))
    fresh = {pin.name: pin.version for pin in session.resolve(project.requirements).pins}
    found = []
    for name, package in sorted(select_packages(lock, session.request.target).items()):
        if not isinstance(package.pin.file.source, IndexSource):
            continue
        newest = session.locator.newest_version(package.pin)
        locked, latest = find_version(package.version), find_version(newest)
        if locked is not None and latest is not None and latest > locked:
            found.append(Outdated(name, package.version, fresh.get(name, package.version), newest))
    return found
