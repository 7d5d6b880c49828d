"""One answer for several targets: a resolution for each, merged, with markers where they differ.

Targets are resolved one after the other, and each prefers the versions that those before it
chose, so that a version differs only where it has to. Those without the GIL come first: no marker tells
them from the others, and they have the smaller choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, final

from attrs import frozen

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import Pin, Requirement, Resolution, Target
from ...ir.parts import evolve
from .resolver import Resolver
from .tags import marker_environment

MakeResolver = Callable[[Mapping[str, str]], Resolver]
"""Makes a resolver that prefers some versions, by name."""

_AXES: Final = ("sys_platform", "platform_machine", "python_version")


@final
@frozen
class UniversalPin:
    """A version of a distribution, and the targets that take it; an empty `marker` stands for all.

    `pins` has the pin of each target, in the order of `targets`: files and dependencies differ.
    """

    name: str
    version: str
    targets: tuple[Target, ...]
    pins: tuple[Pin, ...]
    marker: str = ""


@final
@frozen
class UniversalResolution:
    """What was chosen for `targets`: `pins` sorted by name, then version as text."""

    targets: tuple[Target, ...]
    pins: tuple[UniversalPin, ...]

    def select(self, target: Target) -> Resolution:
        """Return the resolution of one of the targets."""
        found = (
            pin
            for each in self.pins
            for pin, taker in zip(each.pins, each.targets, strict=True)
            if taker == target
        )
        return Resolution(target, tuple(found))


def resolve_universal(
    requirements: Sequence[Requirement],
    targets: Sequence[Target],
    make_resolver: MakeResolver,
    prefer: Mapping[str, str] | None = None,
) -> UniversalResolution:
    """Return one answer for all `targets`, which do not depend on their order.

    `prefer` holds versions to keep while they fit, by name. Raises `DiagnosticError` for the first target
    without an answer, and for two builds of one Python that need different versions.
    """
    chosen: dict[str, str] = dict(prefer or {})
    ordered = sorted(set(targets), key=lambda target: (not target.free_threaded, str(target)))
    resolutions = []
    for target in ordered:
        resolution = make_resolver(chosen).resolve(requirements, target)
        resolutions.append(resolution)
        _check_builds(resolution, resolutions)
        for pin in resolution.pins:
            if target.free_threaded:
                chosen[pin.name] = pin.version
            chosen.setdefault(pin.name, pin.version)
    return merge_resolutions(resolutions)


def find_disagreement(resolution: Resolution, others: Iterable[Resolution]) -> tuple[Pin, Pin] | None:
    """Return the first pin of another version than the build without the GIL takes among `others`, and that.

    No marker could say which of them is for which build.
    """
    free = evolve(resolution.target, free_threaded=True)
    taken = {pin.name: pin for each in others if each.target == free for pin in each.pins}
    pairs = ((pin, taken[pin.name]) for pin in resolution.pins if pin.name in taken)
    return next((pair for pair in pairs if pair[0].version != pair[1].version), None)


def _check_builds(resolution: Resolution, others: Iterable[Resolution]) -> None:
    """Raise PY425 where two builds of the same Python take different versions."""
    pair = find_disagreement(resolution, others)
    if pair is not None:
        own, other = pair
        target = resolution.target
        message = f"no version of `{own.name}` was found that serves both {target} and {target}t"
        notes = (f"{own.version} for {target}", f"{other.version} for {target}t")
        help = "lock for one of them, or ask for a version that has wheels for both"
        raise DiagnosticError(codes.VERSION_CONFLICT.at(None, message, notes=notes, help=help))


def merge_resolutions(resolutions: Iterable[Resolution]) -> UniversalResolution:
    """Merge the resolutions of different targets."""
    takers: dict[tuple[str, str], dict[Target, Pin]] = {}
    targets = []
    for resolution in resolutions:
        targets.append(resolution.target)
        for pin in resolution.pins:
            takers.setdefault((pin.name, pin.version), {})[resolution.target] = pin
    pins = [
        UniversalPin(name, version, tuple(found), tuple(found.values()), find_marker(list(found), targets))
        for (name, version), found in sorted(takers.items())
    ]
    return UniversalResolution(tuple(targets), tuple(pins))


def find_marker(chosen: Sequence[Target], targets: Sequence[Target]) -> str:
    """Return a marker that holds on `chosen` and on no other of `targets`; empty when those are all.

    One clause for each axis where that says it (`sys_platform == 'linux' and python_version >= '3.13'`
    in spirit), else a disjunction of the targets.
    """
    environments = [_environment(target) for target in chosen]
    others = [_environment(target) for target in targets if _environment(target) not in environments]
    if not others:
        return ""
    axes: list[str] = []
    for axis in _AXES:
        values = {environment[axis] for environment in environments}
        left = [other for other in others if all(other[a] in _values(environments, a) for a in axes)]
        if any(other[axis] not in values for other in left):
            axes.append(axis)
    if all(any(other[axis] not in _values(environments, axis) for axis in axes) for other in others):
        return " and ".join(_clause(axis, _values(environments, axis), len(axes) > 1) for axis in axes)
    telling = [axis for axis in _AXES if len({each[axis] for each in (*environments, *others)}) > 1]
    full = {" and ".join(f"{axis} == '{each[axis]}'" for axis in telling) for each in environments}
    return " or ".join(f"({text})" if " and " in text and len(full) > 1 else text for text in sorted(full))


def _environment(target: Target) -> dict[str, str]:
    environment = marker_environment(target)
    return {axis: environment[axis] for axis in _AXES}


def _values(environments: Iterable[Mapping[str, str]], axis: str) -> set[str]:
    return {environment[axis] for environment in environments}


def _clause(axis: str, values: set[str], joined: bool) -> str:
    text = " or ".join(f"{axis} == '{value}'" for value in sorted(values))
    return f"({text})" if joined and len(values) > 1 else text
