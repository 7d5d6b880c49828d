"""The pins of several targets in one lock: one entry per file, with markers where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..ir.dist import Target
from ..ir.lock import LockedPackage
from ..ir.parts import evolve
from .dependency_text import parse_marker
from .resolve.tags import marker_environment
from .resolve.universal import find_marker


def merge_packages(parts: Mapping[Target, Sequence[LockedPackage]]) -> list[LockedPackage]:
    """Return one entry for each file that some target takes.

    An entry that every target takes needs no marker. What was made from a file (wrappers, shims)
    is that of the first target in order.
    """
    targets = sorted(parts, key=str)
    takers: dict[tuple[str, str, str], dict[Target, LockedPackage]] = {}
    for target in targets:
        for package in parts[target]:
            key = (package.name, package.version, package.pin.file.filename)
            takers.setdefault(key, {})[target] = package
    versions: dict[str, dict[str, set[Target]]] = {}
    for (name, version, _), found in takers.items():
        versions.setdefault(name, {}).setdefault(version, set()).update(found)
    return [
        _merge(list(found.values()), _marker(versions[name], version, found, targets))
        for (name, version, _), found in takers.items()
    ]


def full_marker(target: Target) -> str:
    """Return a marker that holds on the platform and the Python of `target`."""
    own = marker_environment(target)
    names = ("sys_platform", "platform_machine", "python_version")
    return str(parse_marker(" and ".join(f"{name} == '{own[name]}'" for name in names)))


def _marker(
    versions: Mapping[str, set[Target]], version: str, takers: Iterable[Target], targets: Sequence[Target]
) -> str:
    """Return for which environments an entry is; empty where its name and version say enough.

    Files of one version differ in their tags, so that only versions, and distributions which some
    targets do without, need a marker.
    """
    if set(versions[version]) == set(targets):
        return ""
    text = find_marker(sorted(versions[version], key=str), targets)
    return str(parse_marker(text)) if text else ""


def _merge(packages: Sequence[LockedPackage], marker: str) -> LockedPackage:
    first = packages[0]
    pin = evolve(
        first.pin,
        extras=_union(package.pin.extras for package in packages),
        dependencies=_union(package.pin.dependencies for package in packages),
    )
    # Targets with the GIL have not looked.
    seen = next((package for package in packages if package.gil is not None), first)
    return evolve(first, pin=pin, markers=marker, gil=seen.gil, gil_confirmed=seen.gil_confirmed)


def _union(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(sorted({each for group in groups for each in group}))
