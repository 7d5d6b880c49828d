"""The pins of a lock: all of them, those that a program needs when it runs, and each as it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..ir.dist import PathSource, Pin, Requirement, Resolution
from ..ir.lock import LockedPackage, as_locked
from ..ir.parts import evolve
from .locked import reach
from .resolve.download import CachedWheel
from .session import WheelSet


def all_pins(resolution: Resolution, imported: Iterable[WheelSet]) -> list[Pin]:
    """Return the pins of `resolution` and of the stubs that were found, by name; the former win."""
    pins = {pin.name: pin for pin in resolution.pins}
    for wheels in imported:
        for other in (*wheels.stubs, *wheels.dependencies):
            pins.setdefault(other.pin.name, other.pin)
    return [pins[name] for name in sorted(pins)]


def runtime_names(pins: Sequence[Pin], requirements: Iterable[Requirement]) -> frozenset[str]:
    """Return what a program needs when it runs: all but stubs and what they import."""
    packages = {pin.name: LockedPackage(pin) for pin in pins}
    return frozenset(reach(packages, [requirement.name for requirement in requirements]))


def pin_file(pin: Pin, wheel: CachedWheel, requirements: Iterable[Requirement]) -> Pin:
    """Return `pin` as it is locked: with what is known of its file, and no place on this machine."""
    if wheel.built_from is not None:
        return as_locked(pin)
    file = evolve(pin.file, hashes=wheel.hashes, size=wheel.size)
    asked = _asked_paths(requirements).get(pin.name)
    if isinstance(file.source, PathSource) and asked is not None:
        path = asked.path if asked.path.endswith(file.filename) else f"{asked.path}/{file.filename}"
        file = evolve(file, source=PathSource(path, asked.editable))
    return as_locked(evolve(pin, file=file))


def _asked_paths(requirements: Iterable[Requirement]) -> Mapping[str, PathSource]:
    return {each.name: each.source for each in requirements if isinstance(each.source, PathSource)}
