"""Hand-written sidecars that override single items of a package.

A sidecar named after an alias or a distribution (`tomli_externs.py`) overrides by the names that Mochi uses
(`loads`, `Client_get`); any other one by those names behind the alias (`tomli_loads`), as externs of a
program are called. An override is called as the wrapper's function of that name is, by position.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import final

from attrs import frozen

from ..backends.entries import Custom, Declarations, Entry, EntryKind
from ..backends.names import python_parameter
from ..backends.workspace import file_stem
from ..ir import codes
from ..ir.diagnostics import Diagnostic, Label
from ..ir.dist import Target
from ..ir.items import Function, Param, ParamKind, Signature
from ..ir.parts import evolve
from ..ir.source import SourceFile, Span
from ..ir.types import BridgeType
from .frontends.sidecar import read_sidecar
from .frontends.stub import find_syntax_error
from .override_types import accepts, gives, show_kinds

_POSITIONAL = (ParamKind.POSITIONAL_ONLY, ParamKind.POSITIONAL_OR_KEYWORD)


@final
@frozen
class Overridden:
    """A package with its overrides. `files` are the sidecars that they come from."""

    declarations: Declarations
    files: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]


def apply_overrides(
    declared: Declarations, alias: str, distribution: str, sidecars: Sequence[SourceFile], target: Target
) -> Overridden:
    """Return `declared` with what `sidecars` override of it; what does not fit is reported and left."""
    entries = {entry.name: entry for entry in declared.entries if entry.kind is not EntryKind.BYTES}
    chosen: dict[str, Custom] = {}
    diagnostics: list[Diagnostic] = []
    for sidecar in sidecars:
        if place := find_syntax_error(sidecar):
            diagnostics.append(codes.SIDECAR_SYNTAX.at(place))
            continue
        functions, _ = read_sidecar(sidecar, target)
        own = module_of(sidecar).rpartition("_")[0] in (alias, file_stem(distribution))
        prefix = "" if own else f"{alias}_"
        for function in functions:
            entry = _find(function.name, prefix, entries)
            if entry is not None:
                found = check_override(function, entry, sidecar)
                diagnostics += found
                if not found:
                    chosen[entry.name] = Custom(module_of(sidecar), function.name, _line(function.info.span))
            elif own:
                diagnostics.append(_unknown(function, alias, sidecar, entries))
    kept = tuple(
        evolve(entry, custom=chosen[entry.name]) if entry.name in chosen else entry
        for entry in declared.entries
    )
    modules = {custom.module for custom in chosen.values()}
    files = tuple(sidecar.path for sidecar in sidecars if module_of(sidecar) in modules)
    return Overridden(evolve(declared, entries=kept), files, tuple(diagnostics))


def _find(name: str, prefix: str, entries: Mapping[str, Entry]) -> Entry | None:
    """Return the entry that a function of that name overrides; `sum` is as good as Mochi's `sum_`."""
    if not name.startswith(prefix):
        return None
    item = name.removeprefix(prefix)
    return entries.get(item) or entries.get(f"{item}_")


def module_of(sidecar: SourceFile) -> str:
    """Return the module name of a sidecar, which is that of its file."""
    return sidecar.path.replace("\\", "/").rpartition("/")[2].removesuffix(".py")


def check_override(function: Function, entry: Entry, sidecar: SourceFile) -> list[Diagnostic]:
    """Return what of `function` does not fit the item that it replaces; one arm of overloads has to."""
    found: list[list[Diagnostic]] = [
        _check_signature(each, function, entry, sidecar) for each in function.signatures
    ]
    return min(found, key=len)


def _check_signature(
    signature: Signature, function: Function, entry: Entry, sidecar: SourceFile
) -> list[Diagnostic]:
    checks = _Mismatches(function, entry, sidecar)
    if signature.is_async:
        checks.report(signature.span, "an override is called and not awaited: write a plain `def`")
    positional = [param for param in signature.params if param.kind in _POSITIONAL]
    splat = next((param for param in signature.params if param.kind is ParamKind.VAR_POSITIONAL), None)
    for at, declared in enumerate(entry.parameters):
        param = positional[at] if at < len(positional) else splat
        if param is None:
            wanted = len(entry.parameters)
            told = f"this takes {_count(len(positional))}, and `{entry.name}` is called with {wanted}"
            checks.report(signature.span, told)
            return checks.found
        names = {declared.name, declared.python, python_parameter(declared.python)}
        if param.kind is ParamKind.POSITIONAL_OR_KEYWORD and param.name not in names:
            checks.report(param.span, f"parameter {at + 1} of `{entry.name}` is called `{declared.name}`")
        checks.check_type(param, declared.type)
    for param in positional[len(entry.parameters) :]:
        if param.default is None:
            checks.report(param.span, f"`{entry.name}` is called with {_count(len(entry.parameters))}")
    for param in signature.params:
        if param.kind is ParamKind.KEYWORD_ONLY and param.default is None:
            checks.report(param.span, "an override is called by position: this parameter is never given")
    if not gives(signature.result, entry.result):
        given, wanted_result = show_kinds(signature.result), show_kinds(entry.result)
        checks.report(signature.span, f"this gives {given}, and `{entry.name}` has to give {wanted_result}")
    return checks.found


def _count(number: int) -> str:
    return f"{number} argument{'' if number == 1 else 's'}"


@final
class _Mismatches:
    """Collects what does not fit, each with the place of the declaration."""

    def __init__(self, function: Function, entry: Entry, sidecar: SourceFile) -> None:
        self._function, self._entry, self._sidecar = function, entry, sidecar
        self.found: list[Diagnostic] = []

    def report(self, span: Span | None, message: str) -> None:
        """Add a mismatch."""
        origin = self._entry.info.span
        labels = (Label(origin, f"`{self._entry.path}` is declared here"),) if origin else ()
        place = span or self._function.info.span
        self.found.append(codes.SIDECAR_MISMATCH.at(place, message, labels=labels))

    def check_type(self, param: Param, declared: BridgeType) -> None:
        """Report an annotation that does not take what the wrapper hands on."""
        if not accepts(param.type, declared):
            told = f"`{param.name}` takes {show_kinds(param.type)}, and {show_kinds(declared)} is handed on"
            self.report(param.span, told)


def _unknown(function: Function, alias: str, sidecar: SourceFile, entries: Mapping[str, Entry]) -> Diagnostic:
    near = get_close_matches(function.name, sorted(entries), n=3)
    help = f"did you mean {', '.join(f'`{each}`' for each in near)}?" if near else ""
    if not help:
        help = "give functions that override nothing a name with `_` in front"
    message = f"`{alias}` has no item `{function.name}` that this could override"
    return codes.SIDECAR_UNKNOWN.at(function.info.span, message, help=help)


def _line(span: Span | None) -> int:
    return 0 if span is None else span.line
