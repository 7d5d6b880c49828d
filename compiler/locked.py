"""What a lock pins for a request: the pins where it fits, the reasons where it does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from ..ir import codes
from ..ir.diagnostics import Diagnostic
from ..ir.dist import (
    AbiTagPolicy,
    GitSource,
    IndexRequest,
    IndexSource,
    PathSource,
    Pin,
    RegistryRequest,
    Requirement,
    Resolution,
    Target,
    UrlSource,
)
from ..ir.lock import Lock, LockedPackage
from .dependency_text import parse_marker
from .resolve.candidates import find_specifier, find_version
from .resolve.index import DEFAULT_INDEX_NAME
from .resolve.tags import TagSet, marker_environment, wheel_tags

_HELP = "run `mochic-py pkg lock` and commit the new mochi.lock"


def locked_resolution(
    lock: Lock, requirements: Sequence[Requirement], target: Target, *, stubs: bool = True
) -> Resolution | None:
    """Return the pins that `lock` has for `requirements` on `target`, or None where it does not fit.

    The result holds what the requirements need, directly or not, and with `stubs` the stub
    distributions that describe that with what they import; nothing else.
    """
    if find_misfits(lock, requirements, target):
        return None
    packages = select_packages(lock, target)
    names = [requirement.name for requirement in requirements if _applies(requirement, target)]
    reached = reach(packages, names)
    if stubs:
        provenances = [packages[name].stubs for name in reached]
        reached = reach(packages, [*reached, *(each.distribution for each in provenances if each)])
    return Resolution(target, tuple(packages[name].pin for name in sorted(reached)))


def find_misfits(lock: Lock, requirements: Iterable[Requirement], target: Target) -> tuple[Diagnostic, ...]:
    """Return why `lock` cannot serve `requirements` on `target`; nothing where it can."""
    if target not in lock.targets:
        known = ", ".join(f"`{each}`" for each in lock.targets) or "nothing"
        message = f"mochi.lock is not for `{target}`; it is for {known}"
        help = "lock for this target, or name one of those with `--target` and `--python`"
        return (codes.LOCK_TARGET.at(None, message, help=help),)
    packages = select_packages(lock, target)
    problems = []
    names = []
    for requirement in requirements:
        if not _applies(requirement, target):
            continue
        package = packages.get(requirement.name)
        reason = _find_misfit(requirement, package.pin) if package else "it does not pin it"
        if reason:
            message = f"mochi.lock does not fit what is asked of `{requirement.name}`: {reason}"
            problems.append(codes.LOCK_OUTDATED.at(requirement.span, message, help=_HELP))
        else:
            names.append(requirement.name)
    return (*problems, *_find_gaps(lock, packages, names))


def find_policy_change(lock: Lock, policy: AbiTagPolicy) -> tuple[Diagnostic, ...]:
    """Return what to tell where the files of `lock` were chosen under another policy than `policy`."""
    if lock.abi_tag_policy is policy:
        return ()
    made, asked = lock.abi_tag_policy.value, policy.value
    message = f"mochi.lock was made under the ABI tag policy `{made}`, and `{asked}` is asked for"
    return (codes.LOCK_OUTDATED.at(None, message, help=_HELP),)


def select_packages(lock: Lock, target: Target) -> dict[str, LockedPackage]:
    """Return the packages of `lock` that `target` takes, by name; of several, the best wheel."""
    environment = {**marker_environment(target), "extra": ""}
    tags = wheel_tags(target, lock.abi_tag_policy)
    chosen: dict[str, LockedPackage] = {}
    for package in lock.packages:
        if package.markers and not parse_marker(package.markers).evaluate(environment):
            continue
        known = chosen.get(package.name)
        if known is None or _rank(package, tags) < _rank(known, tags):
            chosen[package.name] = package
    return chosen


def reach(packages: dict[str, LockedPackage], names: Iterable[str]) -> set[str]:
    """Return `names` and all they need, as far as `packages` hold it."""
    pending, reached = list(names), set[str]()
    while pending:
        name = pending.pop()
        if name not in reached and name in packages:
            reached.add(name)
            pending += packages[name].pin.dependencies
    return reached


def find_locked(lock: Lock, name: str) -> LockedPackage | Diagnostic:
    """Return the package `name` of `lock`, or what to tell who asked for it."""
    package = lock.find(name)
    if package is not None:
        return package
    near = get_close_matches(name, [each.name for each in lock.packages], 1)
    help = f"did you mean `{near[0]}`?" if near else "`mochic-py pkg tree` lists what is pinned"
    return codes.NOT_LOCKED.at(None, f"mochi.lock does not pin `{name}`", help=help)


def _find_gaps(lock: Lock, packages: dict[str, LockedPackage], names: Iterable[str]) -> list[Diagnostic]:
    # The dependencies of an entry are those of all targets, and some may be for other ones only.
    pinned = {package.name for package in lock.packages}
    problems = []
    for name in sorted(reach(packages, names)):
        for needed in packages[name].pin.dependencies:
            if needed not in pinned:
                message = f"`{name}` needs `{needed}`, which mochi.lock does not pin"
                problems.append(codes.INCOMPLETE_LOCK.at(None, message, help=_HELP))
    return problems


def _find_misfit(requirement: Requirement, pin: Pin) -> str:
    """Say what keeps `pin` from serving `requirement`, or nothing."""
    source = pin.file.source
    match requirement.source:
        case RegistryRequest():
            fits = isinstance(source, IndexSource)
        case IndexRequest(url=url):
            fits = isinstance(source, IndexSource) and _is_index(source.index, url)
        case GitSource(url=url, rev=rev, subdirectory=folder):
            wanted = (url, rev, folder)
            fits = isinstance(source, GitSource) and wanted == (source.url, source.rev, source.subdirectory)
        case UrlSource():
            fits = source == requirement.source
        case PathSource(path=path, editable=editable):
            below = isinstance(source, PathSource) and f"{source.path}/".startswith(f"{path}/")
            fits = below and isinstance(source, PathSource) and source.editable == editable
    if not fits:
        return f"it is locked from {_show_source(pin)}"
    missing = sorted(set(requirement.extras) - set(pin.extras))
    if missing:
        return f"it is locked without the extra `{missing[0]}`"
    specifier, version = find_specifier(requirement.specifier), find_version(pin.version)
    if specifier is None or version is None or not specifier.contains(version, prereleases=True):
        return f"it is locked at {pin.version}, and `{requirement.specifier}` is asked for"
    return ""


def _show_source(pin: Pin) -> str:
    match pin.file.source:
        case IndexSource(index=index):
            return f"the index `{index}`"
        case UrlSource(url=url):
            return f"`{url}`"
        case GitSource(url=url, rev=rev):
            return f"the repository `{url}`" + (f" at `{rev}`" if rev else "")
        case PathSource(path=path, editable=editable):
            return f"the path `{path}`" + (" as editable" if editable else "")


def _is_index(index: str, url: str) -> bool:
    """Whether an index of a lock may be the one at `url`: a name says nothing of where it is."""
    if "://" not in index:
        return index != DEFAULT_INDEX_NAME
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return index == f"{scheme}://{place.rpartition('@')[2]}{slash}{path}".rstrip("/")


def _applies(requirement: Requirement, target: Target) -> bool:
    if not requirement.marker:
        return True
    return parse_marker(requirement.marker).evaluate({**marker_environment(target), "extra": ""})


def _rank(package: LockedPackage, tags: TagSet) -> tuple[bool, tuple[int, ...]]:
    """Order the files of one distribution for a target: usable wheels first, the best one before."""
    filename = package.pin.file.filename
    if not filename.endswith(".whl"):
        return True, ()
    rank = tags.rank("-".join(filename[:-4].rsplit("-", 3)[1:]))
    return (True, ()) if rank is None else (False, tuple(rank))
