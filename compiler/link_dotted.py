"""`--link=dotted`: a program with its imports kept, followed by the declarations of what it uses.

Mochi's checker then types `alias.item(…)`, and its virtual machine runs what passes plain values.
Types have no alias: those of all packages and of the program share one space of names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never, final

from attrs import define, field

from ..backends.entries import (
    Declarations,
    Entry,
    EnumType,
    HandleType,
    RecordType,
    SumType,
    TypeDeclaration,
)
from ..backends.mochi_types import crossing_type
from ..backends.names import Names
from ..backends.shim import dotted_declaration, type_lines
from ..ir.diagnostics import Diagnostic
from ..ir.parts import evolve
from ..ir.source import SourceFile
from ..ir.traverse import walk_type
from ..ir.types import BYTES, BridgeType, Ref
from .link import (
    LinkedPackage,
    LinkedProgram,
    diagnose,
    has_errors,
    hidden_alias,
    in_order,
    newline_of,
    read_linked,
    unknown_item,
)
from .mochi.checker import check_text
from .mochi.lexer import Kind
from .mochi.parser import Parsed
from .mochi.uses import Uses
from .text_edits import Edit, apply_edits


def link_dotted(source: SourceFile, packages: Mapping[str, LinkedPackage]) -> LinkedProgram:
    """Return `source` with declarations behind its imports; raises DiagnosticError."""
    parsed, uses = read_linked(source, packages)
    return _DottedLinker(source, parsed, uses, packages).run()


_REST = re.compile(r"[ \t;]*(?:(?://|#)[^\r\n]*)?(?=\r?\n|\Z)")


@final
@define
class _DottedLinker:
    source: SourceFile
    parsed: Parsed
    uses: Uses
    packages: Mapping[str, LinkedPackage]
    diagnostics: list[Diagnostic] = field(factory=list)

    def run(self) -> LinkedProgram:
        self.diagnostics += [hidden_alias(self.source, self.parsed, each) for each in self.uses.hidden]
        tokens = self.parsed.tokens
        words = {value for kind, value in zip(tokens.kinds, tokens.values, strict=True) if kind is Kind.IDENT}
        end = newline_of(self.source.text)
        names = _TypeNames(self._declared_by_program())
        edits, seen = [], set[str]()
        for place in self.uses.imports:
            if place.alias in seen:
                continue
            seen.add(place.alias)
            package = self.packages[place.alias]
            auto = any(each.node.auto for each in self.uses.imports if each.alias == place.alias)
            lines = list(self._declare(package, words, names, auto))
            if not lines:
                continue
            if place.nested:
                at = tokens.starts[place.outer.start]
                edits.append(Edit(at, at, _join(lines, end) + end))
            else:
                at = _end_of_line(self.source.text, tokens.ends[place.node.end - 1])
                edits.append(Edit(at, at, end + _join(lines, end)))
        edited = apply_edits(self.source.text, edits)
        if not has_errors(self.diagnostics):
            for problem in check_text(edited.text).problems:
                start, _ = edited.origin(problem.start)
                stop, _ = edited.origin(max(problem.end - 1, problem.start))
                mapped = evolve(problem, start=start, end=max(start, stop) + 1)
                self.diagnostics.append(diagnose(self.source, mapped))
        return LinkedProgram(edited.text, "", in_order(self.diagnostics))

    def _declared_by_program(self) -> set[str]:
        """Return the names that declarations of the program's top level bind."""
        found = (getattr(each, "name", "") for each in self.parsed.program.statements)
        return {name for name in found if isinstance(name, str) and name}

    def _declare(
        self, package: LinkedPackage, words: set[str], names: _TypeNames, auto: bool
    ) -> Iterator[str]:
        """Yield the lines that declare what the program uses of `package`."""
        declared = package.declarations
        entries = {entry.name: entry for entry in declared.entries}
        used: dict[str, Entry] = {}
        bare: set[str] = set()
        for use in self.uses.uses:
            if use.alias != package.alias:
                continue
            entry = entries.get(use.item)
            if entry is None:
                found = unknown_item(self.source, self.parsed, use, entries)
                if use.item.startswith("value_"):
                    found = evolve(found, help="functions for handles are for flat programs: `--link=flat`")
                self.diagnostics.append(found)
                continue
            used.setdefault(use.item, entry)
            if auto and use.tokens == 1:
                bare.add(use.item)
        types, uses_bytes = _types_of(declared, used.values(), words)
        renamed, new_types = names.rename(package.alias, declared, types)
        if uses_bytes and names.claim_bytes():
            yield "type bytes = BytesRef(id: int)"
        for ty in new_types:
            yield from type_lines(ty, renamed)
        for name in sorted(used):
            yield from dotted_declaration(used[name], renamed, package.alias)
            if name in bare:
                yield dotted_declaration(used[name], renamed, "")[-1]


def _end_of_line(text: str, at: int) -> int:
    """Return where the line ends of which nothing but a comment follows `at`, else `at` itself."""
    found = _REST.match(text, at)
    return found.end() if found else at


def _join(lines: Iterable[str], end: str) -> str:
    return "\n".join(lines).replace("\n", end)


@final
class _TypeNames:
    """Names of types and variants over all packages: one that is taken gets its alias in front."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._names = Names(taken)
        self._declared: dict[str, TypeDeclaration] = {}
        self._bytes = False

    def claim_bytes(self) -> bool:
        """Whether `bytes` is still to be declared."""
        first, self._bytes = not self._bytes, True
        return first

    def rename(
        self, alias: str, declared: Declarations, types: Iterable[TypeDeclaration]
    ) -> tuple[Declarations, list[TypeDeclaration]]:
        """Return `declared` with names that are free, and those of `types` that are new."""
        type_names = dict(declared.type_names)
        new = []
        for ty in types:
            known = self._declared.get(ty.path)
            if known is not None and _shape(known) == _shape(ty):
                # Two aliases of one package.
                type_names[ty.path] = known.name
                continue
            fresh = self._rename_type(alias, ty)
            self._declared[ty.path] = fresh
            type_names[ty.path] = fresh.name
            new.append(fresh)
        return evolve(declared, type_names=type_names), new

    def _rename_type(self, alias: str, ty: TypeDeclaration) -> TypeDeclaration:
        name = self._free(alias, ty.name)
        match ty:
            case HandleType():
                return evolve(ty, name=name, case=self._free(alias, ty.case))
            case RecordType():
                return evolve(ty, name=name)
            case EnumType():
                cases = tuple(evolve(case, name=self._free(alias, case.name)) for case in ty.cases)
                return evolve(ty, name=name, cases=cases)
            case SumType():
                sums = tuple(evolve(case, name=self._free(alias, case.name)) for case in ty.cases)
                return evolve(ty, name=name, cases=sums)
            case _:
                assert_never(ty)

    def _free(self, alias: str, name: str) -> str:
        return self._names.fresh_mochi(f"{alias}_{name}" if name in self._names else name)


def _shape(ty: TypeDeclaration) -> tuple[object, ...]:
    """Return what tells a type from another one at the same path."""
    match ty:
        case HandleType():
            return ("handle",)
        case RecordType():
            return tuple((each.name, each.type) for each in ty.fields)
        case EnumType():
            return tuple(each.python for each in ty.cases)
        case SumType():
            return tuple(each.type for each in ty.cases)
        case _:
            assert_never(ty)


def _types_of(
    declared: Declarations, entries: Iterable[Entry], words: set[str]
) -> tuple[list[TypeDeclaration], bool]:
    """Return the types that `entries` need or `words` name, in order, and whether bytes are among them."""
    by_path = {ty.path: ty for ty in declared.types}
    pending = [ty for entry in entries for ty in _signature_types(entry)]
    pending += [Ref(ty.path) for ty in declared.types if words & _names_of(ty)]
    found: set[str] = set()
    uses_bytes = "bytes" in words and declared.uses_bytes
    while pending:
        for part in walk_type(pending.pop()):
            uses_bytes = uses_bytes or part is BYTES
            if isinstance(part, Ref) and part.path in by_path and part.path not in found:
                found.add(part.path)
                pending += _held(by_path[part.path])
    return [ty for ty in declared.types if ty.path in found], uses_bytes


def _signature_types(entry: Entry) -> Iterator[BridgeType]:
    yield from (crossing_type(parameter.type) for parameter in entry.parameters)
    yield crossing_type(entry.result)


def _held(ty: TypeDeclaration) -> list[BridgeType]:
    match ty:
        case RecordType(fields=fields):
            return [crossing_type(each.type) for each in fields]
        case SumType(cases=cases):
            return [crossing_type(each.type) for each in cases]
        case _:
            return []


def _names_of(ty: TypeDeclaration) -> set[str]:
    match ty:
        case HandleType():
            return {ty.name, ty.case}
        case RecordType():
            return {ty.name}
        case EnumType(cases=cases) | SumType(cases=cases):
            return {ty.name, *(case.name for case in cases)}
        case _:
            assert_never(ty)
