"""`--link`: a program and its bound packages as one file that today's Mochi takes (ADR 0003).

*Flat* is for Mochi's Python back end: imports become the externs that the program uses, and
`alias.item(…)` becomes `alias_item(…)`. All else stays as it was written. What Mochi would refuse in
the result is reported at its place in the program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import final

from attrs import define, evolve, field, frozen

from ..backends.entries import Declarations, Entry, EntryKind
from ..backends.linked import LinkedFunction, MakeEnumCase, link, link_callback
from ..backends.linked_externs import emit_linked_externs
from ..backends.names import Names
from ..backends.shim import linked_declaration
from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError, Label, Severity
from ..ir.source import SourceFile, Span
from .mochi import tree
from .mochi.back_end import find_refused, is_taken
from .mochi.checker import check_text
from .mochi.dump import walk
from .mochi.lexer import Kind
from .mochi.mochi_codes import code_named
from .mochi.parser import Parsed, parse
from .mochi.problem import Problem, ProblemError
from .mochi.uses import Hidden, ImportPlace, Use, Uses, find_uses
from .text_edits import Edit, Edited, apply_edits


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
    """A program after linking. `externs` is empty where it calls nothing in Python."""

    text: str
    externs: str
    diagnostics: tuple[Diagnostic, ...]


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


def link_flat(source: SourceFile, packages: Mapping[str, LinkedPackage]) -> LinkedProgram:
    """Return `source` for the Python back end; raises DiagnosticError where it cannot be read."""
    parsed, uses = read_linked(source, packages)
    return _FlatLinker(source, parsed, uses, packages).run()


@final
@define
class _FlatLinker:
    source: SourceFile
    parsed: Parsed
    uses: Uses
    packages: Mapping[str, LinkedPackage]
    diagnostics: list[Diagnostic] = field(factory=list)

    def run(self) -> LinkedProgram:
        self.diagnostics += [hidden_alias(self.source, self.parsed, each) for each in self.uses.hidden]
        self.refuse_other_imports()
        chosen = self.choose()
        externs = ""
        if chosen:
            pairs = [(alias, function) for (alias, _), function in chosen.items()]
            externs = emit_linked_externs(self.source.path.replace("\\", "/").rpartition("/")[2], pairs)
        # Mochi's cache of builds goes by the text of the program and overlooks its sidecar.
        note = hashlib.sha256(externs.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        edited = apply_edits(self.source.text, [*self.use_edits(chosen), *self.import_edits(chosen, note)])
        self.check(edited)
        return LinkedProgram(edited.text, externs, in_order(self.diagnostics))

    def refuse_other_imports(self) -> None:
        """Report the imports that stay, since the back end takes none."""
        linked = {id(place.node) for place in self.uses.imports}
        for node, _ in walk(self.parsed.program):
            if isinstance(node, tree.Import) and id(node) not in linked:
                tokens = self.parsed.tokens
                span = self.source.span(tokens.starts[node.start], tokens.ends[node.end - 1])
                message = f"`{node.path}` is not bound, and Mochi's Python back end takes no imports"
                help = "import packages of Python only" if node.language == "python" else ""
                self.diagnostics.append(codes.NOT_LINKED.at(span, message, help=help))

    def choose(self) -> dict[tuple[str, str], LinkedFunction]:
        """Return the functions that the program uses, by alias and item, under names that are free in it."""
        tokens = self.parsed.tokens
        words = {value for kind, value in zip(tokens.kinds, tokens.values, strict=True) if kind is Kind.IDENT}
        names = Names(words)
        wanted: dict[str, dict[str, Use]] = {}
        for use in self.uses.uses:
            wanted.setdefault(use.alias, {}).setdefault(use.item, use)
        chosen: dict[tuple[str, str], LinkedFunction] = {}
        for alias, items in sorted(wanted.items()):
            known = {each.item: each for each in link(self.packages[alias].declarations, alias)}
            for item, use in sorted(items.items()):
                function = known.get(item) or link_callback(item, alias)
                if function is None:
                    self.diagnostics.append(unknown_item(self.source, self.parsed, use, known))
                    continue
                name = names.fresh_mochi(function.name)
                while is_taken(name):
                    name = names.fresh_mochi(f"{name}_")
                chosen[alias, item] = evolve(function, name=name)
        return chosen

    def use_edits(self, chosen: Mapping[tuple[str, str], LinkedFunction]) -> list[Edit]:
        """Return the edits that write the flat name of each use; what stands between its tokens stays."""
        tokens = self.parsed.tokens
        edits = []
        for use in self.uses.uses:
            function = chosen.get((use.alias, use.item))
            if function is None:
                continue
            is_value = not use.called and _reads_like_a_value(function)
            text = f"{function.name}()" if is_value else function.name
            edits.append(Edit(tokens.starts[use.start], tokens.ends[use.start], text))
            rest = range(use.start + 1, use.start + use.tokens)
            edits += [Edit(tokens.starts[at], tokens.ends[at], "") for at in rest]
        return edits

    def import_edits(self, chosen: Mapping[tuple[str, str], LinkedFunction], note: str) -> list[Edit]:
        """Return the edits that put the declarations of an alias in place of its first import."""
        tokens, end = self.parsed.tokens, newline_of(self.source.text)
        edits: list[Edit] = []
        seen: set[str] = set()
        for place in self.uses.imports:
            start, stop = tokens.starts[place.node.start], tokens.ends[place.node.end - 1]
            package = self.packages[place.alias]
            functions = [function for (alias, _), function in chosen.items() if alias == place.alias]
            first = place.alias not in seen
            seen.add(place.alias)
            if not first or not functions:
                why = "declared above" if not first else "nothing of it is used"
                edits.append(Edit(start, stop, f"/* {_plain(package.title)}: {why} */"))
                continue
            lines = [f"// {_plain(package.title)}, linked by mochic-py; sidecar {note}."]
            for function in functions:
                lines += linked_declaration(function, package.declarations, brief=True)
            text = end.join(lines)
            if place.nested:
                # Externs count at the top level only.
                edits.append(Edit(start, stop, f"/* {_plain(package.title)}: declared above */"))
                start = stop = tokens.starts[place.outer.start]
                text += end
            edits.append(Edit(start, stop, text))
        return edits

    def check(self, edited: Edited) -> None:
        """Report what Mochi would say of the linked text, at its places in the program."""
        if has_errors(self.diagnostics):
            return
        verdict = check_text(edited.text)
        problems = list(verdict.problems)
        if verdict.program is not None and verdict.tokens is not None:
            problems += find_refused(Parsed(verdict.program, verdict.tokens))
        seen: set[int] = set()
        for problem in problems:
            start, _ = edited.origin(problem.start)
            end, _ = edited.origin(max(problem.end - 1, problem.start))
            mapped = evolve(
                problem, start=start, end=max(end, start) + 1, help=problem.help or self.help(problem)
            )
            if problem.code == codes.BACK_END_LIMIT.code and start in seen:
                continue
            seen.add(start)
            self.diagnostics.append(diagnose(self.source, mapped))

    def help(self, problem: Problem) -> str:
        """Return advice where the program takes a value for what it is in Python."""
        names = {
            name: f"`{alias}.{name}`"
            for alias, package in self.packages.items()
            for name in package.declarations.type_names.values()
        }
        for name, dotted in names.items():
            if f"`{name}`" in problem.message:
                return f"in a linked program, {dotted} is a handle of type `int`"
        return ""


def _reads_like_a_value(function: LinkedFunction) -> bool:
    """Whether programs write the item without `()`: a constant, or a variant without a field."""
    match function.operation:
        case Entry(kind=EntryKind.CONSTANT) | MakeEnumCase():
            return True
        case Entry(kind=EntryKind.GETTER, parameters=()):
            return True
        case _:
            return False


def _plain(text: str) -> str:
    """Return `text` for a comment of either form."""
    return "".join(ch if ch.isprintable() else " " for ch in text).replace("*/", "* /")


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
