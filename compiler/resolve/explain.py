"""Why there is no answer, as a derivation a person can follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from packaging.version import Version

from ...ir import codes
from ...ir.diagnostics import Diagnostic, DiagnosticError, Label
from ...ir.dist import Requirement, Target
from ...ir.parts import evolve
from .candidates import Releases
from .library import Library
from .provider import Candidate, Need, Provider

if TYPE_CHECKING:
    from resolvelib.structs import RequirementInformation

    Cause: TypeAlias = RequirementInformation[Need, Candidate]

_SHOWN = 5
_NO_VERSION = Version("0")
_ADMIT_ABI2026 = 'write `abi-tag-policy = "both"` in `[python]`'


def explain_failure(
    causes: Sequence[Cause], provider: Provider, library: Library, target: Target
) -> DiagnosticError:
    """Return the error for the requirements that could not be met together.

    One diagnostic for the name that is easiest to act on: one that is unknown or has
    nothing usable, else one that the user asks for. Each demand becomes a note that tells
    who needs what and how that came to be needed, up to what the user wrote.
    """
    causes = _expand(causes, provider)
    names = {cause.requirement.name for cause in causes}
    direct = {cause.requirement.name for cause in causes if cause.parent is None}

    def urgency(name: str) -> tuple[bool, bool, bool, str]:
        releases = library.releases(name)
        return releases is not None, bool(releases and releases.usable), name not in direct, name

    first, *others = sorted(names, key=urgency)
    mine = [cause for cause in causes if cause.requirement.name == first]
    rest = [cause for name in others for cause in causes if cause.requirement.name == name]
    roots = [root for cause in (*mine, *rest) if (root := _chain(cause, provider)[1]) is not None]
    span = roots[0].span if roots else None
    labels = {
        root.span: Label(root.span, f"`{root.name}` is asked for here")
        for root in roots
        if root.span is not None and root.span != span
    }
    found = _explain_name(first, mine, _tell(mine, provider), provider, library, target)
    others_told = [note for note in _tell(rest, provider) if note not in found.notes]
    return DiagnosticError(
        evolve(found, span=span, labels=tuple(labels.values()), notes=(*found.notes, *others_told[:_SHOWN]))
    )


def _expand(causes: Sequence[Cause], provider: Provider) -> Sequence[Cause]:
    """Replace a name all of whose candidates were excluded by what excluded them."""
    from resolvelib.structs import RequirementInformation

    found: dict[tuple[str, str], Cause] = {}
    for cause in causes:
        excluded = provider.excluded.get(cause.requirement.name, {})
        fitting = [
            pair for v, pair in excluded.items() if cause.requirement.specifier.contains(v, prereleases=True)
        ]
        if not fitting:
            found.setdefault((str(cause.requirement), str(cause.parent)), cause)
            continue
        for candidate, need in fitting:
            found[str(need), str(candidate)] = RequirementInformation(need, candidate)
            for root in provider.roots:
                if root.name == need.name:
                    found[str(root), ""] = RequirementInformation(root, None)
            if cause.parent is not None:
                provider.parents.setdefault(candidate.name, cause.parent)
    return sorted(found.values(), key=lambda cause: cause.parent is not None)


def _explain_name(
    name: str,
    causes: Sequence[Cause],
    told: tuple[str, ...],
    provider: Provider,
    library: Library,
    target: Target,
) -> Diagnostic:
    releases = library.releases(name)
    if releases is None:
        message = f"the index has no distribution named `{name}`"
        help = "check the spelling; the name on the index may differ from the name that Python imports"
        return codes.PACKAGE_NOT_FOUND.at(None, message, notes=_derived(causes, told), help=help)
    if not releases.usable:
        code = codes.NO_MATCHING_VERSION if _only_other_python(releases) else codes.NO_USABLE_WHEEL
        notes = (*_unusable_notes(releases), *_derived(causes, told))
        if code is codes.NO_USABLE_WHEEL and library.serves_with_gil(name):
            message = f"`{name}` has wheels for a Python with the GIL, and none for {target}"
            help = "choose the build with the GIL, or another distribution"
            return codes.UNTESTED_FREETHREAD.at(None, message, notes=notes, help=help)
        help = "choose another target or another distribution"
        if releases.other_policy:
            help = f"{_ADMIT_ABI2026}, or choose another distribution"
        if code is codes.NO_MATCHING_VERSION:
            help = "compile for another Python with `--python`, or choose another distribution"
        return code.at(None, _unusable_message(releases, target), notes=notes, help=help)
    unfit = next((cause.requirement for cause in causes if not _fits(cause.requirement, releases)), None)
    constraint = provider.constraints.get(name)
    if constraint is not None and unfit is None:
        demands = [*dict.fromkeys(map(_demand, causes)), f"the constraint `{constraint}`"]
        message = f"no version of `{name}` fits {_join(demands)}"
        notes = (*_offer(releases, target), *told)
        help = "relax the constraint, or choose other versions of what asks for the package"
        return codes.VERSION_CONFLICT.at(None, message, notes=notes, help=help)
    message, help = _elsewhere(unfit, releases, target) if unfit is not None else ("", "")
    if message:
        notes = (*_offer(releases, target), *_derived(causes, told))
        help = f"{help}, or ask for a version that is usable here"
        return codes.NO_MATCHING_VERSION.at(None, message, notes=notes, help=help)
    if unfit is not None or len(causes) == 1:
        fits = f"fits `{unfit.specifier}`" if unfit is not None else "can be used"
        notes = (*_offer(releases, target), *_derived(causes, told), *_broken(name, provider))
        return codes.NO_MATCHING_VERSION.at(None, f"no version of `{name}` {fits}", notes=notes)
    demands = list(dict.fromkeys(_demand(cause) for cause in causes))
    message = f"no version of `{name}` fits {_join(demands)}"
    help = "relax one of these requirements, or choose other versions of what asks for them"
    return codes.VERSION_CONFLICT.at(None, message, notes=told, help=help)


def _join(demands: Sequence[str]) -> str:
    return " and ".join(demands[:_SHOWN])


def _demand(cause: Cause) -> str:
    """Name a demand in a few words: what the user wrote, or who needs it."""
    need, parent = cause
    return f"`{need.specifier or '*'}`" if parent is None else f"what `{parent.name}` needs"


def _derived(causes: Sequence[Cause], told: tuple[str, ...]) -> tuple[str, ...]:
    """Return the notes, unless they would only repeat what the user asked for."""
    return told if any(cause.parent is not None for cause in causes) else ()


def _tell(causes: Sequence[Cause], provider: Provider) -> tuple[str, ...]:
    """Return a note for each demander: its newest version stands for all that were tried."""
    groups: dict[tuple[str, str], list[Cause]] = {}
    for cause in causes:
        parent = cause.parent
        key = (provider.identify(parent) if parent is not None else "", cause.requirement.name)
        groups.setdefault(key, []).append(cause)
    notes = []
    for group in groups.values():
        newest = max(
            group, key=lambda cause: cause.parent.version if cause.parent is not None else _NO_VERSION
        )
        text, _ = _chain(newest, provider)
        parents = {cause.parent.version: cause.parent for cause in group if cause.parent is not None}
        if len(parents) > 1:
            name = parents[max(parents)].name
            text += f" ({len(parents) - 1} older versions of `{name}` do not help either)"
        notes.append(text)
    return tuple(dict.fromkeys(notes))


def _chain(cause: Cause, provider: Provider) -> tuple[str, Requirement | None]:
    """Tell how a need arose, up to what the user asked for, which is returned too."""
    need, parent = cause
    if parent is None:
        return f"you ask for `{_written(need)}`", need.asked
    text = f"{parent} needs `{need}`"
    seen = {str(parent)}
    asked = _asked(parent, provider)
    while asked is None:
        above = provider.parents.get(provider.identify(parent))
        if above is None or str(above) in seen:
            return text, None
        text += f", and is needed by {above}"
        seen.add(str(above))
        parent = above
        asked = _asked(parent, provider)
    return f"{text}, and you ask for `{asked.written or asked.name}`", asked


def _asked(candidate: Candidate, provider: Provider) -> Requirement | None:
    return provider.asked.get(candidate.name)


def _written(need: Need) -> str:
    return need.asked.written if need.asked is not None and need.asked.written else str(need)


def _fits(need: Need, releases: Releases) -> bool:
    return any(need.specifier.contains(release.version, prereleases=True) for release in releases.usable)


def _elsewhere(need: Need, releases: Releases, target: Target) -> tuple[str, str]:
    """Say that a version which fits `need` is there, but not for the target, and what helps; else nothing."""

    def fitting(versions: Iterable[str]) -> str:
        return next((v for v in versions if need.specifier.contains(v, prereleases=True)), "")

    python = f"{target.python[0]}.{target.python[1]}"
    other_target = "choose another target or Python"
    if version := fitting(releases.other_python):
        return f"`{releases.name}` {version} is not for Python {python}", other_target
    if version := fitting(releases.unusable):
        return f"`{releases.name}` {version} has no wheel for {target}", other_target
    if version := fitting(releases.other_policy):
        message = f"`{releases.name}` {version} has only wheels tagged `abi2026`"
        return f"{message}, which `abi-tag-policy` leaves out", _ADMIT_ABI2026
    if version := fitting(releases.sdist_only):
        message = f"`{releases.name}` {version} has no wheel, and source distributions are not to be built"
        return message, other_target
    return "", ""


def _only_other_python(releases: Releases) -> bool:
    return bool(releases.other_python) and not releases.unusable and not releases.other_policy


def _unusable_message(releases: Releases, target: Target) -> str:
    if _only_other_python(releases):
        return f"no version of `{releases.name}` is for Python {target.python[0]}.{target.python[1]}"
    if releases.unusable or releases.other_policy:
        return f"`{releases.name}` has no wheel for {target}"
    if releases.sdist_only:
        return f"`{releases.name}` has no wheels, and source distributions are not to be built"
    return f"the index has no files of `{releases.name}`"


def _unusable_notes(releases: Releases) -> Iterable[str]:
    if releases.other_python:
        yield "versions for another Python: " + _some(releases.other_python)
    if releases.unusable:
        yield "versions with wheels for other targets: " + _some(releases.unusable)
    if releases.other_policy:
        yield "versions with wheels tagged `abi2026` only: " + _some(releases.other_policy)
    if releases.sdist_only:
        yield "versions with a source distribution only: " + _some(releases.sdist_only)


def _offer(releases: Releases, target: Target) -> Iterable[str]:
    """Tell which versions there are, and why some do not count."""
    offered = [r.version for r in releases.usable if r.row.yanked is None]
    usable = [str(v) for v in offered if not v.is_prerelease] or [str(v) for v in offered]
    if usable:
        yield f"usable for {target}: {_some(usable)}"
    yanked = [str(r.version) for r in releases.usable if r.row.yanked is not None]
    if yanked:
        yield f"withdrawn (yanked): {_some(yanked)}"
    yield from _unusable_notes(releases)


def _broken(name: str, provider: Provider) -> Iterable[str]:
    messages = [
        text for file, text in provider.broken.items() if file.lower().startswith(name.replace("-", "_"))
    ]
    return messages[:_SHOWN]


def _some(versions: Sequence[str]) -> str:
    """Name the first few of `versions`, which come newest first."""
    shown = ", ".join(versions[:_SHOWN])
    return f"{shown} and {len(versions) - _SHOWN} more" if len(versions) > _SHOWN else shown
