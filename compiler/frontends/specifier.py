"""Version specifiers: PEP 440, and the caret that the manifest adds to it.

^1.2     =>   >=1.2,<2
^0.27    =>   >=0.27,<0.28
^0.0.3   =>   >=0.0.3,<0.0.4
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import final

from attrs import frozen
from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from ...ir import codes
from .problem import Problem

_ORDER = ("===", "==", "~=", ">=", ">", "<=", "<", "!=")
_MISTAKES = {"~": "~=", "=": "==", "=>": ">=", "=<": "<=", "<>": "!=", "=!": "!=", "^=": "^", "=~": "~="}
_WILDCARD = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)\.[*xX]")


@final
@frozen
class Clause:
    """One comparison as written: operator (empty when there is none), version, and its place."""

    operator: str
    version: str
    start: int
    end: int


def build_specifier(clauses: Iterable[Clause]) -> tuple[str | None, list[Problem]]:
    """Return the normal form of a specifier, or None and what is wrong with it.

    In the normal form carets are translated, versions are in PEP 440's normal spelling,
    duplicates are gone, and bounds come first, exclusions last. The
    clause `*` says nothing and vanishes.
    """
    problems: list[Problem] = []
    pieces: set[tuple[str, str]] = set()
    spread: list[Clause] = []
    for clause in clauses:
        spread.append(clause)
        match _read_clause(clause):
            case Problem() as problem:
                problems.append(problem)
            case read:
                pieces.update(read)
    if problems:
        return None, problems
    ordered = sorted(pieces, key=lambda piece: (_ORDER.index(piece[0]), piece[1]))
    text = ",".join(operator + version for operator, version in ordered)
    if SpecifierSet(text).is_unsatisfiable():
        first, last = spread[0].start, spread[-1].end
        return None, [
            Problem(codes.UNSATISFIABLE_SPECIFIER, f"no version satisfies `{text}`", "", first, last)
        ]
    return text, []


def _read_clause(clause: Clause) -> list[tuple[str, str]] | Problem:
    operator, written = clause.operator, clause.version
    if not operator:
        return [] if written == "*" else _refuse(clause, *_explain_bare(written))
    if operator == "^":
        return _read_caret(clause)
    if operator not in _ORDER:
        meant = _MISTAKES.get(operator)
        help = f"write `{meant}{written}`" if meant else f"the operators are {' '.join(_ORDER)} ^"
        return _refuse(clause, f"`{operator}` is not an operator of PEP 440", help)
    try:
        Specifier(operator + written)
    except InvalidSpecifier:
        return _refuse(clause, *_explain_version(operator, written))
    return [(operator, _normalise_version(written) if operator != "===" else written)]


def _read_caret(clause: Clause) -> list[tuple[str, str]] | Problem:
    try:
        version = Version(clause.version)
        if version.local:
            raise InvalidVersion
        upper = _next_breaking(version)
    except ValueError:
        wildcard = _WILDCARD.fullmatch(clause.version)
        help = f"write `^{wildcard[1]}`" if wildcard else "write a version such as `^1.2`"
        return _refuse(clause, f"`^` takes a plain version, not `{clause.version}`", help)
    return [(">=", str(version)), ("<", upper)]


def _next_breaking(version: Version) -> str:
    """Return the first release that a caret excludes: the leftmost nonzero part goes up.

    Of `0` and `0.0` the last part that is written goes up.
    """
    release = version.release
    index = next((i for i, part in enumerate(release) if part), len(release) - 1)
    epoch = f"{version.epoch}!" if version.epoch else ""
    return epoch + ".".join(map(str, (*release[:index], release[index] + 1)))


def _normalise_version(text: str) -> str:
    if text.endswith(".*"):
        return f"{Version(text[:-2])}.*"
    return str(Version(text))


def _explain_bare(written: str) -> tuple[str, str]:
    message = f"`{written}` has no operator"
    if written.lower() in {"latest", "newest"}:
        return message, "leave the specifier out: the newest version is chosen"
    if wildcard := _WILDCARD.fullmatch(written):
        return message, f"write `=={wildcard[1]}.*`"
    try:
        version = Version(written)
    except ValueError:
        return f"`{written}` is not a version specifier", "write for example `>=1.2,<2` or `^1.2`"
    return message, f"write `=={version}` for this version, or `^{version}` for it and compatible later ones"


def _explain_version(operator: str, written: str) -> tuple[str, str]:
    message = f"`{operator}{written}` is not a clause of PEP 440"
    if wildcard := _WILDCARD.fullmatch(written):
        if operator in {"==", "!="}:
            return message, f"write `{operator}{wildcard[1]}.*`"
        return (
            message,
            f"a wildcard needs `==` or `!=`: write `{operator}{wildcard[1]}` or `=={wildcard[1]}.*`",
        )
    try:
        version = Version(written)
    except ValueError:
        return f"`{written}` is not a version of PEP 440", ""
    if operator == "~=" and len(version.release) == 1:
        return message, f"`~=` needs two parts: write `~={version}.0` or `>={version}`"
    if version.local:
        return message, f"only `==` and `!=` take a local version: write `{operator}{version.public}`"
    return message, ""


def _refuse(clause: Clause, message: str, help: str) -> Problem:
    return Problem(codes.INVALID_SPECIFIER, message, help, clause.start, clause.end)
