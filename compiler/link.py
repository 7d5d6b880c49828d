"""`--link`: a program and its bound packages as one file that today's Mochi takes (ADR 0003).

What both forms share: reading the program, and findings at their places in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import final

from attrs import frozen

from ..backends.entries import Declarations, EntryKind
from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError, Label, Severity
from ..ir.source import SourceFile, Span
from .mochi.mochi_codes import code_named
from .mochi.parser import Parsed, parse
from .mochi.problem import Problem, ProblemError
from .mochi.uses import Hidden, ImportPlace, Use, Uses, find_uses


@final
@frozen
class LinkedPackage:
    """A bound package: the alias that programs import it under, and what it declares."""

    alias: str
    title: str
    declarations: Declarations


@final
@frozen
class LinkedProgram:
    """A program after linking. `externs` is empty where it calls nothing in Python.

    `sidecars` are the hand-written modules that hold externs of its own.
    """

    text: str
    externs: str
    diagnostics: tuple[Diagnostic, ...]
    sidecars: frozenset[str] = frozenset()


def read_linked(source: SourceFile, packages: Mapping[str, LinkedPackage]) -> tuple[Parsed, Uses]:
    """Return the tree of `source` and what it uses of `packages`; raises DiagnosticError."""
    try:
        parsed = parse(source.text)
    except ProblemError as error:
        raise DiagnosticError(diagnose(source, error.problem)) from None
    auto = {alias: auto_names(package.declarations) for alias, package in packages.items()}
    return parsed, find_uses(parsed.program, parsed.tokens, packages, auto)


def auto_names(declared: Declarations) -> list[str]:
    """Return the names that an `auto` import binds."""
    return [entry.name for entry in declared.entries if entry.kind is not EntryKind.BYTES]


def newline_of(text: str) -> str:
    """Return how the lines of `text` end."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


# --- findings ---------------------------------------------------------------------------


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return findings in the order of the text."""
    return tuple(
        sorted(diagnostics, key=lambda each: (each.span.line, each.span.column) if each.span else (0, 0))
    )


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether something was found that keeps the program from being linked."""
    return any(found.severity is Severity.ERROR for found in diagnostics)


def diagnose(source: SourceFile, problem: Problem) -> Diagnostic:
    """Return a finding of the checker as a diagnostic."""
    span = source.span(problem.start, max(problem.end, problem.start))
    return code_named(problem.code).at(span, problem.message, help=problem.help)


def hidden_alias(source: SourceFile, parsed: Parsed, hidden: Hidden) -> Diagnostic:
    """Return the warning that a declaration hides an alias."""
    message = f"this {hidden.what} hides the alias `{hidden.alias}`, whose items mean nothing below it"
    if hidden.what == "function":
        message = f"this function has the name of the alias `{hidden.alias}`"
    label = Label(import_span(source, parsed, hidden.place), f"`{hidden.alias}` is imported here")
    help = "give one of the two another name"
    return codes.HIDDEN_ALIAS.at(token_span(source, parsed, hidden.name), message, labels=(label,), help=help)


def unknown_item(source: SourceFile, parsed: Parsed, use: Use, known: Mapping[str, object]) -> Diagnostic:
    """Return the error for an item that the package does not have."""
    near = get_close_matches(use.item, sorted(known), n=3)
    near = near or [each for each in sorted(known) if each.startswith(f"{use.item}_")][:3]
    help = f"did you mean {', '.join(f'`{use.alias}.{each}`' for each in near)}?" if near else ""
    tokens = parsed.tokens
    span = source.span(tokens.starts[use.start], tokens.ends[use.start + use.tokens - 1])
    return codes.UNBOUND_ITEM.at(span, f"`{use.alias}` has no item `{use.item}`", help=help)


def token_span(source: SourceFile, parsed: Parsed, token: int) -> Span:
    """Return the place of a token."""
    return source.span(parsed.tokens.starts[token], parsed.tokens.ends[token])


def import_span(source: SourceFile, parsed: Parsed, place: ImportPlace) -> Span:
    """Return the place of an import."""
    tokens = parsed.tokens
    return source.span(tokens.starts[place.node.start], tokens.ends[place.node.end - 1])


def module_name(path: str) -> str:
    """Return the name that Mochi gives to the Python module of a program."""
    stem = path.replace("\\", "/").rpartition("/")[2].removesuffix(".mochi")
    return stem.replace("-", "_")


def importable_name(path: str) -> str:
    """Return a name like `module_name`, which Python can import: a dot or a leading digit cannot be."""
    name = "".join(ch if ch.isalnum() and ch.isascii() else "_" for ch in module_name(path))
    return f"p_{name}" if not name or name[0].isdigit() else name
