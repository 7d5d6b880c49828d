"""Which macOS tag the Mach-O files of a wheel allow, by the deployment target that each was built for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ...ir.audit import PlatformVerdict
from ...ir.binary import Image

_SYSTEM: Final = ("/usr/lib/", "/System/Library/")
_OWN: Final = ("@loader_path/", "@rpath/", "@executable_path/")
_TAG: Final = re.compile(r"macosx_(?P<major>\d+)_(?P<minor>\d+)_(?P<machine>\w+)")
_MACHINES: Final = {"universal2": ("arm64", "x86_64"), "universal": ("x86_64",), "intel": ("x86_64",)}
_FIRST_ARM: Final = (11, 0)
"""There is no older macOS for Apple's own processors, whatever a file says."""


def judge_macos(
    images: Iterable[Image], bundled: frozenset[str], declared: tuple[str, ...]
) -> PlatformVerdict:
    """Return the verdict on a wheel with these images and the library names that are `bundled`."""
    images = tuple(images)
    machines = sorted({image.machine for image in images})
    external = sorted(
        {
            library.name
            for image in images
            for library in image.libraries
            if library.required and not _is_bundled(library.name, bundled) and library.name != image.own_name
        }
    )
    targets = {machine: _target(images, machine) for machine in machines}
    needed = {f"macOS {machine}": ".".join(map(str, version)) for machine, version in targets.items()}
    name = "universal2" if machines == ["arm64", "x86_64"] else machines[0] if len(machines) == 1 else ""
    if not name or any(not library.startswith(_SYSTEM) for library in external):
        return PlatformVerdict(declared, "", needed, tuple(external))
    # A universal wheel is for the older system of its two: on arm64 11.0 is the first anyway.
    major, minor = targets["x86_64"] if name == "universal2" else targets[machines[0]]
    return PlatformVerdict(declared, f"macosx_{major}_{minor}_{name}", needed, tuple(external))


def tagged_machines(tag: str) -> tuple[str, ...]:
    """Return the processors that a platform tag is for, without those that no supported system has."""
    match = _TAG.fullmatch(tag)
    return _MACHINES.get(match["machine"], (match["machine"],)) if match else ()


def allows(qualifies: str, declared: str, needed: dict[str, tuple[int, int]]) -> bool:
    """Tell whether every system of the tag `declared` runs a wheel that `qualifies` for another."""
    match = _TAG.fullmatch(declared)
    if match is None or not qualifies:
        return False
    promised = (int(match["major"]), int(match["minor"]))
    for machine in tagged_machines(declared):
        if machine not in needed or needed[machine] > max(
            promised, _FIRST_ARM if machine == "arm64" else (0, 0)
        ):
            return False
    return True


def _is_bundled(name: str, bundled: frozenset[str]) -> bool:
    return name.startswith(_OWN) and name.rpartition("/")[2] in bundled


def _target(images: Iterable[Image], machine: str) -> tuple[int, int]:
    """Return the oldest macOS that runs all images for a processor."""
    found = [_version(image.minimum_os) for image in images if image.machine == machine]
    return max([*found, _FIRST_ARM if machine == "arm64" else (10, 0)])


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return (int(major), int(minor or 0)) if major.isdigit() else (0, 0)


def read_targets(needed: Iterable[tuple[str, str]]) -> dict[str, tuple[int, int]]:
    """Return the oldest macOS by processor, from what a verdict says is needed."""
    return {key.removeprefix("macOS "): _version(value) for key, value in needed if key.startswith("macOS ")}
