"""What steers a resolution beside the requirements: constraints, overrides, dates, pre-releases, indexes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import final

from attrs import field, frozen
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Dependency
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import AbiTagPolicy
from ...ir.source import Span
from ..dependency_text import parse_dependency
from ..settings import Index, Prereleases, PythonSettings

_COMMENT = re.compile(r"(^|\s)#.*$")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@final
@frozen
class Bound:
    """A constraint or override: PEP 508 text, and where it stands."""

    text: str
    span: Span | None = field(default=None, eq=False, repr=False)


@final
@frozen
class ResolveOptions:
    """Settings of a resolution.

    `constraints` narrow the versions of names that are needed anyway; `overrides` replace what
    anything asks of a name. `exclude_newer` is a date or a time (RFC 3339; a date counts to its end, in
    UTC): files that the index got later, or of which it does not tell, are left out. `build` lets
    source distributions serve where a release has no wheel. `indexes` are asked beside the main one.
    `abi_tag_policy` says whether wheels tagged `abi2026` count, None for what is usual.
    """

    constraints: tuple[Bound, ...] = ()
    overrides: tuple[Bound, ...] = ()
    exclude_newer: str = ""
    prereleases: Prereleases = Prereleases.PEP440
    build: bool = True
    indexes: tuple[Index, ...] = ()
    abi_tag_policy: AbiTagPolicy | None = None

    @property
    def tag_policy(self) -> AbiTagPolicy:
        """The policy that holds."""
        return self.abi_tag_policy or AbiTagPolicy.LEGACY


def merge_settings(asked: ResolveOptions, settings: PythonSettings) -> ResolveOptions:
    """Return `asked` with what the manifest adds; where both give one value, `asked` counts."""
    plain = ResolveOptions()
    return ResolveOptions(
        (*map(Bound, settings.constraints), *asked.constraints),
        (*map(Bound, settings.overrides), *asked.overrides),
        asked.exclude_newer or settings.exclude_newer,
        asked.prereleases if asked.prereleases is not plain.prereleases else settings.prereleases,
        asked.build and settings.build,
        (*settings.indexes, *asked.indexes),
        asked.abi_tag_policy or settings.abi_tag_policy,
    )


def parse_bounds_file(text: str) -> tuple[Bound, ...]:
    """Return the lines of a constraints or overrides file, without comments and blank lines."""
    lines = (_COMMENT.sub("", line).strip() for line in text.splitlines())
    return tuple(Bound(line) for line in lines if line)


def parse_bounds(bounds: Iterable[Bound], kind: str) -> tuple[Dependency, ...]:
    """Return `bounds` parsed; one that is no requirement with a specifier is PY112. `kind` names them."""
    parsed = []
    for bound in bounds:
        try:
            dependency = parse_dependency(bound.text)
        except InvalidRequirement as error:
            message = f"{kind} `{bound.text}` is not a requirement"
            note = str(error).splitlines()[0]
            raise DiagnosticError(
                codes.INVALID_SPECIFIER.at(bound.span, message, notes=(note,), help="write `name>=1,<2`")
            ) from None
        if dependency.url or dependency.extras:
            message = f"{kind} `{bound.text}` may name a version and nothing else"
            raise DiagnosticError(codes.INVALID_SPECIFIER.at(bound.span, message, help="write `name>=1,<2`"))
        parsed.append(dependency)
    return tuple(parsed)


def applying_bounds(
    dependencies: Iterable[Dependency], environment: dict[str, str]
) -> dict[str, SpecifierSet]:
    """Return the specifiers that hold in `environment`, by normalised name."""
    found: dict[str, SpecifierSet] = {}
    for dependency in dependencies:
        if dependency.marker is None or dependency.marker.evaluate({**environment, "extra": ""}):
            name = canonicalize_name(dependency.name)
            found[name] = found.get(name, SpecifierSet()) & dependency.specifier
    return found


def parse_cutoff(text: str) -> datetime | None:
    """Return the first moment that is too new for `exclude_newer`, None for an empty text.

    Raises `DiagnosticError` (PY436).
    """
    if not text:
        return None
    moment = parse_time(text)
    if moment is None:
        message = f"`{text}` is not a date"
        help = "write for example `2026-01-31` or `2026-01-31T12:00:00Z`"
        raise DiagnosticError(codes.INVALID_CUTOFF.at(None, message, help=help))
    return moment + timedelta(days=1) if _DATE.fullmatch(text) else moment


@lru_cache(maxsize=65536)
def parse_time(text: str) -> datetime | None:
    """Return an RFC 3339 time or a date, in UTC unless it says otherwise; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
