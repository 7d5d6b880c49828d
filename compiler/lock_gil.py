"""What a lock holds of the GIL: the verdicts on compiled modules, read from wheels or seen by importing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import final

from attrs import field, frozen

from ..ir.binary import GilVerdict
from ..ir.diagnostics import Diagnostic
from ..ir.dist import Target
from ..ir.lock import Lock, LockedPackage
from ..ir.parts import evolve
from .cache import Cache
from .confirm_gil import confirm, find_unknown, unconfirmed
from .extensions import Verdicts, read_gil
from .freethread import find_closure
from .host import Host
from .resolve.download import CachedWheel
from .settings import PythonSettings


@final
@frozen
class LockedVerdicts:
    """The verdicts on the modules of each package: as `read` from its wheel, and as finally `seen`."""

    read: Mapping[str, Verdicts] = field(factory=dict)
    seen: Mapping[str, Verdicts] = field(factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()

    def add_to(self, package: LockedPackage, wheel: CachedWheel) -> LockedPackage:
        """Return `package` with its verdicts; what was built here has none, as a lock pins its source."""
        if package.name not in self.read or wheel.built_from is not None:
            return package
        read, seen = self.read[package.name], self.seen[package.name]
        confirmed = tuple(name for name in sorted(read) if seen[name] is not read[name])
        return evolve(package, gil=tuple(sorted(seen.items())), gil_confirmed=confirmed)


def read_verdicts(
    names: Iterable[str],
    wheels: Mapping[str, CachedWheel],
    target: Target,
    existing: Lock | None,
    host: Host,
    store: Cache,
    *,
    importing: bool,
) -> LockedVerdicts:
    """Return the verdicts on the packages `names`, out of all `wheels`; none where every Python has the GIL.

    What `existing` says was seen of a wheel stays. `importing` has what is still unknown imported.
    """
    if not target.free_threaded:
        return LockedVerdicts()
    earlier = confirmed_verdicts(existing)
    read: dict[str, Verdicts] = {}
    seen: dict[str, Verdicts] = {}
    diagnostics: list[Diagnostic] = []
    for name in sorted(names):
        read[name] = read_gil(wheels[name], host, store)
        known = dict(earlier.get(wheels[name].hashes.sha256, {}))
        rest = [module for module in find_unknown(read[name]) if module not in known]
        if rest and importing:
            closure = find_closure(name, wheels, target, PythonSettings(), {}).wheels
            found = confirm(rest, closure, (target,), host, store)
            diagnostics += unconfirmed(name, found)
            known |= {each.module: each.verdict for each in found}
        seen[name] = overlay(read[name], known)
    return LockedVerdicts(read, seen, tuple(diagnostics))


def confirmed_verdicts(lock: Lock | None) -> dict[str, Verdicts]:
    """Return the verdicts of a lock that come from importing modules, by the digest of the wheel."""
    packages = lock.packages if lock else ()
    return {each.pin.file.hashes.sha256: locked_confirmations(each) for each in packages}


def locked_confirmations(package: LockedPackage) -> Verdicts:
    """Return what importing modules of `package` has shown, when it was locked."""
    return {name: verdict for name, verdict in package.gil or () if name in package.gil_confirmed}


def overlay(read: Verdicts, seen: Verdicts) -> Verdicts:
    """Return what was `read` of modules, and what was `seen` where nothing could be read."""
    return {
        name: seen.get(name, verdict) if verdict is GilVerdict.UNKNOWN else verdict
        for name, verdict in read.items()
    }
