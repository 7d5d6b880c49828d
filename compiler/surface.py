"""`--surface used`: wrappers and shims of what programs use, and of nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..backends.entries import Declarations, EntryKind
from ..ir.parts import evolve
from ..ir.source import SourceFile
from .mochi import tree
from .mochi.dump import walk
from .mochi.import_alias import bound_alias
from .mochi.parser import parse
from .mochi.problem import ProblemError
from .mochi.uses import find_uses


def find_used(programs: Iterable[SourceFile], aliases: Collection[str]) -> dict[str, frozenset[str]]:
    """Return the items that programs use, by alias.

    An alias is left out where that cannot be told: no program imports it, one that cannot be read may, or
    an `auto` import makes any name one of its items.
    """
    used: dict[str, set[str]] = {}
    open_aliases: set[str] = set()
    for program in programs:
        try:
            parsed = parse(program.text)
        except ProblemError:
            return {}
        for node, _ in walk(parsed.program):
            if isinstance(node, tree.Import) and node.language == "python":
                used.setdefault(bound_alias(node), set())
                if node.auto:
                    open_aliases.add(bound_alias(node))
        for use in find_uses(parsed.program, parsed.tokens, aliases).uses:
            used.setdefault(use.alias, set()).add(use.item)
    return {alias: frozenset(items) for alias, items in used.items() if alias not in open_aliases}


def narrow(declared: Declarations, used: Collection[str]) -> Declarations:
    """Return `declared` with the entries in `used` only; types and helpers for bytes stay."""
    kept = tuple(entry for entry in declared.entries if entry.kind is EntryKind.BYTES or entry.name in used)
    return evolve(declared, entries=kept, partial=len(kept) < len(declared.entries))
