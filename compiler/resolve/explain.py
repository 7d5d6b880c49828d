"""Why there is no answer, as a derivation a person can follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ...ir import codes
from ...ir.diagnostics import Code, Diagnostic, DiagnosticError, Label
from ...ir.dist import Requirement, Target
from .candidates import Releases
from .library import Library
from .provider import Candidate, Need, Provider

if TYPE_CHECKING:
    from resolvelib.structs import RequirementInformation

_SHOWN = 5


def explain_failure(
    causes: Sequence[RequirementInformation[Need, Candidate]],
    provider: Provider,
    library: Library,
    target: Target,
) -> DiagnosticError:
    """Return the error for the requirements that could not be met together.

    Each cause becomes a note: who needs what, and how that came to be needed. A name that is
    unknown or has nothing usable is reported as that.
    """
    names = sorted({cause.requirement.name for cause in causes})
    found = []
    for name in names:
        mine = [cause for cause in causes if cause.requirement.name == name]
        chains = [_chain(cause, provider) for cause in mine]
        notes = tuple(dict.fromkeys(text for text, _ in chains))
        roots = [asked for _, asked in chains if asked is not None]
        found.append(
            _explain_name(name, [c.requirement for c in mine], notes, roots, provider, library, target)
        )
    return DiagnosticError(*found)


def _explain_name(
    name: str,
    needs: Sequence[Need],
    notes: tuple[str, ...],
    roots: Sequence[Requirement],
    provider: Provider,
    library: Library,
    target: Target,
) -> Diagnostic:
    span = roots[0].span if roots else None
    labels = tuple(
        Label(root.span, f"`{root.name}` is asked for here")
        for root in roots[1:]
        if root.span is not None and root.span != span
    )
    releases = library.releases(name)
    # A chain of one step only repeats the message.
    told = tuple(note for note in notes if not note.startswith("you ask")) or notes
    if releases is None:
        message = f"the index has no distribution named `{name}`"
        help = "check the spelling; the name on the index may differ from the name that Python imports"
        return codes.PACKAGE_NOT_FOUND.at(span, message, notes=told, help=help, labels=labels)
    if not releases.usable:
        return _explain_unusable(releases, target).at(
            span,
            _unusable_message(releases, target),
            notes=(*_unusable_notes(releases), *told),
            labels=labels,
        )
    specifiers = sorted({str(need.specifier) for need in needs if str(need.specifier)})
    alone = [need for need in needs if not _fits(need, releases)]
    if alone:
        message = f"no version of `{name}` fits `{alone[0].specifier}`"
        notes = (*_offer(releases, target), *told, *_broken(name, provider))
        return codes.NO_MATCHING_VERSION.at(span, message, notes=notes, labels=labels)
    if len(specifiers) < 2:
        message = f"no version of `{name}` can be used"
        notes = (*_offer(releases, target), *told, *_broken(name, provider))
        return codes.NO_MATCHING_VERSION.at(span, message, notes=notes, labels=labels)
    message = f"no version of `{name}` fits " + " and ".join(f"`{s}`" for s in specifiers)
    help = "relax one of these requirements, or choose other versions of what asks for them"
    return codes.VERSION_CONFLICT.at(span, message, notes=notes, help=help, labels=labels)


def _chain(
    cause: RequirementInformation[Need, Candidate], provider: Provider
) -> tuple[str, Requirement | None]:
    """Tell how a need arose, up to what the user asked for."""
    need, parent = cause
    if parent is None:
        return f"you ask for `{_written(need)}`", need.asked
    text = f"{parent} needs `{need}`"
    seen = {str(parent)}
    asked = _asked(parent, provider)
    while asked is None:
        above = provider.parents.get(provider.identify(parent))
        if above is None or str(above) in seen:
            break
        text += f", and is needed by {above}"
        seen.add(str(above))
        parent = above
        asked = _asked(parent, provider)
    return (text + ", which you ask for" if asked is not None else text), asked


def _asked(candidate: Candidate, provider: Provider) -> Requirement | None:
    return provider.asked.get(candidate.name)


def _written(need: Need) -> str:
    return need.asked.written if need.asked is not None and need.asked.written else str(need)


def _fits(need: Need, releases: Releases) -> bool:
    return any(need.specifier.contains(release.version, prereleases=True) for release in releases.usable)


def _explain_unusable(releases: Releases, target: Target) -> Code:
    only_python = releases.other_python and not releases.unusable
    return codes.NO_MATCHING_VERSION if only_python else codes.NO_USABLE_WHEEL


def _unusable_message(releases: Releases, target: Target) -> str:
    if releases.other_python and not releases.unusable:
        return f"no version of `{releases.name}` is for Python {target.python[0]}.{target.python[1]}"
    if releases.unusable:
        return f"`{releases.name}` has no wheel for {target}"
    if releases.sdist_only:
        return f"`{releases.name}` has no wheels, only source distributions, which are not built yet"
    return f"the index has no files of `{releases.name}`"


def _unusable_notes(releases: Releases) -> Iterable[str]:
    if releases.other_python:
        yield "versions for another Python: " + _some(releases.other_python)
    if releases.unusable:
        yield "versions with wheels for other targets: " + _some(releases.unusable)
    if releases.sdist_only:
        yield "versions with a source distribution only: " + _some(releases.sdist_only)


def _offer(releases: Releases, target: Target) -> Iterable[str]:
    """Tell which versions there are, and why some do not count."""
    usable = [str(r.version) for r in releases.usable if r.row.yanked is None]
    if usable:
        yield f"usable for {target}: {_some(usable[::-1])}"
    yanked = [str(r.version) for r in releases.usable if r.row.yanked is not None]
    if yanked:
        yield f"withdrawn (yanked): {_some(yanked[::-1])}"
    yield from _unusable_notes(releases)


def _broken(name: str, provider: Provider) -> Iterable[str]:
    messages = [
        text for file, text in provider.broken.items() if file.lower().startswith(name.replace("-", "_"))
    ]
    return messages[:_SHOWN]


def _some(versions: Sequence[str]) -> str:
    """Name the last few of `versions`, newest first."""
    shown = ", ".join(versions[::-1][:_SHOWN])
    return f"{shown} and {len(versions) - _SHOWN} more" if len(versions) > _SHOWN else shown
