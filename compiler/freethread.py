"""Programs for a Python without the GIL: what build their targets are, and what packages are not made for it.

    [python]
    free-threaded = true

What does not say that it does without the GIL is refused (PY554). With `--allow-untested-freethread` that is
a warning, and calls hold the locks of insert-locks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, final

from attrs import frozen

from ..ir import codes
from ..ir.binary import GilVerdict
from ..ir.diagnostics import Diagnostic, Severity
from ..ir.dist import PathSource, Pin, Requirement, Target
from ..ir.lock import Lock, LockedPackage
from ..ir.parts import evolve
from .extensions import Closure, Verdicts, read_gil
from .locked import reach
from .request import Request
from .resolve.download import CachedWheel
from .session import Session
from .settings import PythonSettings

FLAG: Final = "--allow-untested-freethread"

_REASONS: Final = {
    GilVerdict.USED: "needs the GIL",
    GilVerdict.USED_BY_DEFAULT: "does not say that it does without the GIL",
    GilVerdict.UNKNOWN: "says what it does with the GIL only when it runs",
}
_SHOWN: Final = 3


@final
@frozen
class FreethreadPolicy:
    """What is asked of packages where there is no GIL.

    Nothing is unless it is `required`. `denied` are the distributions that are not believed, and where
    `allowed`, what is not made for it is used all the same.
    """

    required: bool = False
    denied: frozenset[str] = frozenset()
    allowed: bool = False


def read_policy(request: Request, python: PythonSettings) -> FreethreadPolicy:
    """Return what `request` and its manifest ask of packages."""
    required = request.free_threaded or python.free_threaded
    return FreethreadPolicy(required, frozenset(python.freethread_deny_list), request.allow_untested)


def choose_build(target: Target, request: Request, python: PythonSettings) -> Target:
    """Return `target`, of the free-threaded build where `request` or its manifest asks for that."""
    return evolve(target, free_threaded=True) if read_policy(request, python).required else target


def locked_verdicts(lock: Lock | None) -> dict[str, Verdicts]:
    """Return the verdicts that a lock holds, by the digest of the wheel."""
    packages = lock.packages if lock else ()
    return {each.pin.file.hashes.sha256: dict(each.gil) for each in packages if each.gil is not None}


def find_closure(
    name: str,
    wheels: Mapping[str, CachedWheel],
    target: Target,
    python: PythonSettings,
    verdicts: Mapping[str, Verdicts],
) -> Closure:
    """Return the wheels that decide on the locks of package `name`, out of `wheels`; none with the GIL.

    `verdicts` are what is known of packages, by name.
    """
    if not target.free_threaded:
        return Closure()
    pins = {each: wheel.built_from or wheel.pin for each, wheel in wheels.items()}
    reached = reach({each: LockedPackage(pin) for each, pin in pins.items()}, [name])
    others = (wheels[each] for each in sorted(reached - {name}))
    known = {wheels[each].hashes.sha256: verdicts[each] for each in sorted(reached) if each in verdicts}
    return Closure((wheels[name], *others), frozenset(python.freethread_deny_list), known)


def check_fetched(
    wheels: Mapping[str, CachedWheel],
    verdicts: Mapping[str, Verdicts],
    requirements: Sequence[Requirement],
    policy: FreethreadPolicy,
) -> tuple[Diagnostic, ...]:
    """Return what is said of the packages of `verdicts`, which `requirements` need."""
    if not policy.required:
        return ()
    pins = {name: wheels[name].built_from or wheels[name].pin for name in verdicts}
    found = {name: judge(pin, wheels[name], verdicts[name]) for name, pin in pins.items()}
    return report(found, pins, requirements, policy)


def check_resolution(
    session: Session, pins: Sequence[Pin], requirements: Sequence[Requirement], policy: FreethreadPolicy
) -> tuple[Diagnostic, ...]:
    """Return what is said of the packages that `requirements` need, out of `pins`.

    Wheels are fetched and read unless the lock has the verdicts on them. Raises `DiagnosticError` where that
    fails.
    """
    if not (policy.required and session.request.target.free_threaded):
        return ()
    needed = _needed(pins, requirements)
    known = locked_verdicts(session.lock)
    unread = [pin for pin in needed.values() if pin.file.hashes.sha256 not in known]
    wheels = {wheel.pin.name: wheel for wheel in session.fetch(unread)}
    found = {}
    for name, pin in needed.items():
        wheel = wheels.get(name)
        verdicts = (
            known[pin.file.hashes.sha256] if wheel is None else read_gil(wheel, session.host, session.cache)
        )
        found[name] = judge(pin, wheel, verdicts)
    return report(found, needed, requirements, policy)


def judge(pin: Pin, wheel: CachedWheel | None, verdicts: Verdicts) -> tuple[str, ...]:
    """Return why the package of `pin` is not made for a Python without the GIL; nothing where it is.

    `wheel` is None where it was not needed; `verdicts` are those on its modules.
    """
    is_built = wheel is not None and wheel.built_from is not None
    if is_built and verdicts and not isinstance(pin.file.source, PathSource):
        # Nobody has published compiled code for this build. A project beside the program is the user's own.
        return ("no wheel of it is for this build of Python; one was built from its source",)
    unsafe = sorted(name for name, verdict in verdicts.items() if not verdict.is_safe)
    reasons = [f"its module `{name}` {_REASONS[verdicts[name]]}" for name in unsafe[:_SHOWN]]
    more = len(unsafe) - _SHOWN
    return (*reasons, f"{more} more of its modules are no better") if more > 0 else tuple(reasons)


def report(
    found: Mapping[str, Sequence[str]],
    needed: Mapping[str, Pin],
    requirements: Sequence[Requirement],
    policy: FreethreadPolicy,
) -> tuple[Diagnostic, ...]:
    """Return a diagnostic for each package that `found` has reasons for, or that is denied, by name.

    Each stands at the requirement that brings the package.
    """
    chains = _chains(needed, requirements)
    problems = []
    for name in sorted(needed):
        reasons = (*_denial(name, policy), *found.get(name, ()))
        if not reasons:
            continue
        root, *way = chains[name]
        asked = next(each for each in requirements if each.name == root)
        brought = (f"it is needed by {' of '.join(f'`{each}`' for each in reversed([root, *way[:-1]]))}",)
        way_out = "choose a version that is made for it" if found.get(name) else "take it off the list"
        help = f"{way_out}, or accept it with `{FLAG}`: its calls hold a lock then"
        problems.append(
            codes.UNTESTED_FREETHREAD.at(
                asked.span,
                f"`{name}` is not known to do without the GIL",
                notes=(*reasons, *(brought if way else ())),
                help="" if policy.allowed else help,
                severity=Severity.WARNING if policy.allowed else None,
            )
        )
    return tuple(problems)


def _denial(name: str, policy: FreethreadPolicy) -> tuple[str, ...]:
    return ("`freethread-deny-list` names it",) if name in policy.denied else ()


def _needed(pins: Iterable[Pin], requirements: Iterable[Requirement]) -> dict[str, Pin]:
    """Return what a program needs when it runs: no stubs, nor what only they import."""
    by_name = {pin.name: pin for pin in pins}
    reached = _chains(by_name, requirements)
    return {name: by_name[name] for name in sorted(reached)}


def _chains(pins: Mapping[str, Pin], requirements: Iterable[Requirement]) -> dict[str, tuple[str, ...]]:
    """Return a shortest way from a requirement to each package that they need, both ends included."""
    found: dict[str, tuple[str, ...]] = {
        each.name: (each.name,) for each in requirements if each.name in pins
    }
    pending = list(found)
    for name in pending:
        for needed in pins[name].dependencies:
            if needed in pins and needed not in found:
                found[needed] = (*found[name], needed)
                pending.append(needed)
    return found
