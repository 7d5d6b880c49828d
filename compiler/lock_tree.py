"""What needs what, read off a lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from ..ir.lock import Lock, LockedPackage

_BRANCH: Final = ("├── ", "│   ")
_LAST: Final = ("└── ", "    ")


def format_tree(lock: Lock, packages: Mapping[str, LockedPackage]) -> Iterator[str]:
    """Yield the lines of a tree: what was asked for, and below each what it needs.

    `packages` are those of one target. What was shown before is not opened again and has a star.
    """
    shown: set[str] = set()
    for name in root_names(lock, packages):
        yield _label(packages[name])
        shown.add(name)
        yield from _format_below(packages, name, "", shown)


def find_chains(lock: Lock, packages: Mapping[str, LockedPackage], name: str) -> list[tuple[str, ...]]:
    """Return why `name` is locked: shortest chains from what was asked for, one for each direct cause.

    A chain through a stub distribution starts at the package that the stubs describe.
    """
    parents: dict[str, list[str]] = {}
    for package in packages.values():
        for needed in needs(package):
            parents.setdefault(needed, []).append(package.name)
    roots = set(root_names(lock, packages))
    found: list[tuple[str, ...]] = [(name,)] if name in roots else []
    for parent in sorted(parents.get(name, ())):
        chain = _shortest(parents, roots, parent, without=name)
        if chain is not None:
            found.append((*chain, name))
    return found


def needs(package: LockedPackage) -> tuple[str, ...]:
    """Return what `package` needs, and the stub distribution that describes it."""
    stubs = package.stubs
    described = (stubs.distribution,) if stubs and stubs.distribution != package.name else ()
    return tuple(sorted({*package.pin.dependencies, *described}))


def root_names(lock: Lock, packages: Mapping[str, LockedPackage]) -> list[str]:
    """Return the names of what programs and manifest ask for, sorted."""
    return sorted({name for text in lock.requirements if (name := requirement_name(text)) in packages})


def requirement_name(text: str) -> str:
    """Return the name at the start of a requirement as a lock lists it."""
    stop = next((at for at, ch in enumerate(text) if not (ch.isalnum() or ch == "-")), len(text))
    return text[:stop]


def _format_below(
    packages: Mapping[str, LockedPackage], name: str, indent: str, shown: set[str]
) -> Iterator[str]:
    children = [child for child in needs(packages[name]) if child in packages]
    stubs = packages[name].stubs
    for index, child in enumerate(children):
        branch, below = _LAST if index == len(children) - 1 else _BRANCH
        role = " (stubs)" if stubs and stubs.distribution == child else ""
        again = child in shown and bool(needs(packages[child]))
        yield f"{indent}{branch}{_label(packages[child])}{role}{' *' if again else ''}"
        if child not in shown:
            shown.add(child)
            yield from _format_below(packages, child, indent + below, shown)


def _label(package: LockedPackage) -> str:
    extras = f"[{','.join(package.pin.extras)}]" if package.pin.extras else ""
    return f"{package.name}{extras} {package.version}"


def _shortest(
    parents: Mapping[str, Sequence[str]], roots: Iterable[str], name: str, without: str
) -> tuple[str, ...] | None:
    """Return a shortest chain from one of `roots` down to `name` that does not pass `without`."""
    roots = set(roots)
    pending: list[tuple[str, ...]] = [(name,)]
    seen = {name, without}
    while pending:
        following: list[tuple[str, ...]] = []
        for chain in pending:
            if chain[0] in roots:
                return chain
            for parent in sorted(parents.get(chain[0], ())):
                if parent not in seen:
                    seen.add(parent)
                    following.append((parent, *chain))
        pending = following
    return None
