"""`--link`: a program for Mochi's Python back end (ADR 0003).

Imports become the externs that the program uses, and `alias.item(…)` becomes `alias_item(…)`. All else
stays as it was written. What Mochi would refuse in the result is reported at its place in the program.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import TypeAlias, final

from attrs import define, field

from ..backends.entries import Entry, EntryKind, EnumType, RecordType, SumType
from ..backends.linked import LinkedFunction, MakeEnumCase, link, link_callback, specialize, takes_handle
from ..backends.linked_externs import emit_linked_externs
from ..backends.names import Names
from ..backends.shim import linked_declaration
from ..ir import codes
from ..ir.diagnostics import Diagnostic
from ..ir.parts import evolve
from ..ir.source import SourceFile
from .link import (
    LinkedPackage,
    LinkedProgram,
    diagnose,
    has_errors,
    hidden_alias,
    in_order,
    module_name,
    newline_of,
    read_linked,
    unknown_item,
)
from .mochi import tree
from .mochi.back_end import SCALARS, find_refused, is_taken
from .mochi.checker import check_text
from .mochi.dump import walk
from .mochi.lexer import Kind
from .mochi.parser import Parsed
from .mochi.problem import Problem
from .mochi.uses import Use, Uses
from .text_edits import Edit, Edited, apply_edits

_Key: TypeAlias = tuple[str, str, tuple[tuple[int, str], ...]]
"""An alias, an item, and which of its parameters take a scalar instead of a handle."""


def link_flat(
    source: SourceFile,
    packages: Mapping[str, LinkedPackage],
    sidecars: Mapping[str, Collection[str]] | None = None,
) -> LinkedProgram:
    """Return `source` for the Python back end; raises DiagnosticError where it cannot be read.

    `sidecars` are the functions of hand-written modules, where the program's own externs are looked up.
    """
    parsed, uses = read_linked(source, packages)
    return _FlatLinker(source, parsed, uses, packages, sidecars or {}).run()


@final
@define
class _FlatLinker:
    """Links one program. `scalars` holds the arguments that are scalars, by use and position."""

    source: SourceFile
    parsed: Parsed
    uses: Uses
    packages: Mapping[str, LinkedPackage]
    sidecars: Mapping[str, Collection[str]]
    diagnostics: list[Diagnostic] = field(factory=list)
    known: dict[str, dict[str, LinkedFunction]] = field(factory=dict)
    scalars: dict[int, dict[int, str]] = field(factory=dict)

    def run(self) -> LinkedProgram:
        self.diagnostics += [hidden_alias(self.source, self.parsed, each) for each in self.uses.hidden]
        self.refuse_other_imports()
        self.find_items()
        self.find_ints()
        chosen = self.choose()
        while not has_errors(self.diagnostics) and self.find_scalars(self.edit(chosen, "")):
            chosen = self.choose()
        externs, own = "", self.find_own_externs()
        if chosen or own:
            pairs = [(alias, function) for (alias, _, _), function in chosen.items()]
            name = self.source.path.replace("\\", "/").rpartition("/")[2]
            externs = emit_linked_externs(name, pairs, own)
        # Mochi's cache of builds goes by the text of the program and overlooks its sidecar.
        note = hashlib.sha256(externs.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        edited = self.edit(chosen, note)
        if not has_errors(self.diagnostics):
            self.check(edited)
        return LinkedProgram(edited.text, externs, in_order(self.diagnostics), frozenset(own.values()))

    # --- what is used -----------------------------------------------------------------------

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

    def find_items(self) -> None:
        """Look up every item that is used, and report those that there are not."""
        for alias in dict.fromkeys(use.alias for use in self.uses.uses):
            self.known[alias] = {each.item: each for each in link(self.packages[alias].declarations, alias)}
        for use in self.uses.uses:
            known = self.known[use.alias]
            if use.item not in known and (callback := link_callback(use.item, use.alias)):
                known[use.item] = callback
            if use.item not in known:
                self.diagnostics.append(unknown_item(self.source, self.parsed, use, known))

    def key(self, use: Use) -> _Key:
        """Return which function `use` calls."""
        return use.alias, use.item, tuple(sorted(self.scalars.get(use.start, {}).items()))

    def choose(self) -> dict[_Key, LinkedFunction]:
        """Return the functions that the program calls, under names that are free in it."""
        tokens = self.parsed.tokens
        words = {value for kind, value in zip(tokens.kinds, tokens.values, strict=True) if kind is Kind.IDENT}
        names = Names(words)
        keys = sorted({self.key(use) for use in self.uses.uses})
        chosen: dict[_Key, LinkedFunction] = {}
        for key in keys:
            alias, item, scalars = key
            function = self.known[alias].get(item)
            if function is None:
                continue
            wanted = function.name
            if scalars:
                narrowed = specialize(function, dict(scalars))
                assert narrowed is not None, "only what can be narrowed is"
                function = narrowed
                if sum(each[:2] == key[:2] for each in keys) > 1:
                    wanted = "_".join((wanted, *(scalar for _, scalar in scalars)))
            name = names.fresh_mochi(wanted)
            while is_taken(name):
                name = names.fresh_mochi(f"{name}_")
            chosen[key] = evolve(function, name=name)
        return chosen

    def arguments(self) -> dict[int, tuple[Use, int]]:
        """Return the use and the position of every argument, by where it starts."""
        return {
            self.parsed.tokens.starts[token]: (use, at)
            for use in self.uses.uses
            for at, token in enumerate(use.arguments or ())
        }

    def find_ints(self) -> None:
        """Find arguments that are int literals where a handle is declared: a handle is never written so.

        0 stays the handle of none.
        """
        kinds, values = self.parsed.tokens.kinds, self.parsed.tokens.values
        for use in self.uses.uses:
            function = self.known[use.alias].get(use.item)
            for at, token in enumerate(use.arguments or ()):
                digits = token + (values[token] == "-")
                is_literal = kinds[digits] is Kind.INT and values[digits + 1] in (",", ")")
                if function is None or not is_literal or not values[digits].strip("0"):
                    continue
                wanted = {**self.scalars.get(use.start, {}), at: "int"}
                if takes_handle(function, at) and specialize(function, wanted):
                    self.scalars[use.start] = wanted

    def find_scalars(self, edited: Edited) -> bool:
        """Find arguments that are scalars where a handle is declared and a scalar would do as well."""
        places = self.arguments()
        found = False
        for problem in check_text(edited.text).problems:
            mismatch = _MISMATCH.fullmatch(problem.message)
            place = places.get(edited.origin(problem.start)[0]) if mismatch else None
            if mismatch is None or place is None:
                continue
            use, at = place
            known, scalars = self.known[use.alias][use.item], self.scalars.get(use.start, {})
            wanted = {**scalars, at: mismatch["found"]}
            if at not in scalars and mismatch["found"] in SCALARS and specialize(known, wanted):
                self.scalars[use.start] = wanted
                found = True
        return found

    def find_own_externs(self) -> dict[str, str]:
        """Return the externs that the program declares, with the modules that define them.

        A program has one sidecar, so that ours has to have what is in that of the user.
        """
        found: dict[str, str] = {}
        for node in self.parsed.program.statements:
            if isinstance(node, tree.ExternFun) and node.kind == "extern_python_fun":
                module = next(
                    (name for name, functions in self.sidecars.items() if node.name in functions), None
                )
                if module is not None:
                    found[node.name] = module
                    continue
                span = self.source.span(
                    self.parsed.tokens.starts[node.start], self.parsed.tokens.ends[node.end - 1]
                )
                message = f"no sidecar beside the program has a function `{node.name}`"
                help = f"define it in `{module_name(self.source.path)}_externs.py`"
                self.diagnostics.append(codes.NOT_LINKED.at(span, message, help=help))
        return found

    # --- the text ---------------------------------------------------------------------------

    def edit(self, chosen: Mapping[_Key, LinkedFunction], note: str) -> Edited:
        """Return the program with its edits; `note` tells sidecars apart."""
        edits = [*self.use_edits(chosen), *self.import_edits(chosen, note)]
        return apply_edits(self.source.text, edits)

    def use_edits(self, chosen: Mapping[_Key, LinkedFunction]) -> Iterator[Edit]:
        """Yield the edits that write the flat name of each use; what stands between its tokens stays."""
        tokens = self.parsed.tokens
        for use in self.uses.uses:
            function = chosen.get(self.key(use))
            if function is None:
                continue
            is_value = not use.called and _reads_like_a_value(function)
            text = f"{function.name}()" if is_value else function.name
            yield Edit(tokens.starts[use.start], tokens.ends[use.start], text)
            for at in range(use.start + 1, use.start + use.tokens):
                yield Edit(tokens.starts[at], tokens.ends[at], "")

    def import_edits(self, chosen: Mapping[_Key, LinkedFunction], note: str) -> list[Edit]:
        """Return the edits that put the declarations of an alias in place of its first import."""
        tokens, end = self.parsed.tokens, newline_of(self.source.text)
        edits: list[Edit] = []
        seen: set[str] = set()
        for place in self.uses.imports:
            start, stop = tokens.starts[place.node.start], tokens.ends[place.node.end - 1]
            package = self.packages[place.alias]
            functions = [function for (alias, _, _), function in chosen.items() if alias == place.alias]
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
        verdict = check_text(edited.text)
        problems = list(verdict.problems)
        if verdict.program is not None and verdict.tokens is not None:
            problems += find_refused(Parsed(verdict.program, verdict.tokens))
        seen: set[int] = set()
        for problem in problems:
            start, _ = edited.origin(problem.start)
            end, _ = edited.origin(max(problem.end - 1, problem.start))
            if problem.code == codes.BACK_END_LIMIT.code and start in seen:
                continue
            seen.add(start)
            help = problem.help or self.help(problem, start)
            mapped = evolve(problem, start=start, end=max(end, start) + 1, help=help)
            self.diagnostics.append(diagnose(self.source, mapped))

    def help(self, problem: Problem, start: int) -> str:
        """Return advice where the program takes a value for what it is in Python."""
        place = self.arguments().get(start)
        if place is not None and _MISMATCH.fullmatch(problem.message):
            alias = place[0].alias
            return f"this takes a handle; `{alias}.value_from_json` and `{alias}.value_new_list` make some"
        for alias, package in self.packages.items():
            for ty in package.declarations.types:
                if f"`{ty.name}`" in problem.message:
                    made = f", which `{alias}.{ty.name}(…)` makes" if isinstance(ty, RecordType) else ""
                    return f"in a linked program, a `{ty.name}` of `{alias}` is a handle of type `int`{made}"
                cases = ty.cases if isinstance(ty, EnumType | SumType) else ()
                for case in cases:
                    if f"`{case.name}`" in problem.message:
                        return f"write `{alias}.{case.name}`: in a linked program, types have no names"
        return ""


_MISMATCH = re.compile(r"this is an? `(?P<found>.+)`, where `int` is expected")


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
