"""Every pass by name, and pipelines as text.

    bind-names,select-public,expand-overloads{cap=8}

A pipeline is a comma-separated list of passes; the braces behind a name hold options,
`name=value` separated by spaces. The options of a pass are its fields: `true`, `false`, an
integer, or a string, quoted where it holds anything but letters, digits, `_`, `.` and `-`.
"""

from __future__ import annotations

import difflib
import importlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias, cast, final

import attrs
from attrs import define

from ..ir.codes import MALFORMED_PIPELINE, UNKNOWN_PASS, UNKNOWN_PASS_OPTION
from ..ir.diagnostics import Code, Diagnostic, DiagnosticError
from ..ir.source import SourceFile
from .context import Pass

OptionValue: TypeAlias = bool | int | str

_PASSES: Mapping[str, str] = {
    "bind-names": "bind_names.BindNames",
    "apply-decorators": "apply_decorators.ApplyDecorators",
    "expand-aliases": "expand_aliases.ExpandAliases",
    "unpack-keywords": "unpack_keywords.UnpackKeywords",
    "bind-self": "bind_self.BindSelf",
    "prune-arms": "prune_arms.PruneArms",
    "infer-types": "infer_types.InferTypes",
    "add-constructors": "add_constructors.AddConstructors",
    "mark-abstract": "mark_abstract.MarkAbstract",
    "inherit-members": "inherit_members.InheritMembers",
    "expose-callables": "expose_callables.ExposeCallables",
    "add-dynamic-names": "add_dynamic_names.AddDynamicNames",
    "inline-callbacks": "inline_callbacks.InlineCallbacks",
    "expose-managers": "expose_managers.ExposeManagers",
    "expose-adapters": "expose_adapters.ExposeAdapters",
    "select-public": "select_public.SelectPublic",
    "classify-classes": "classify_classes.ClassifyClasses",
    "monomorphise": "monomorphise.Monomorphise",
    "resolve-generics": "resolve_generics.ResolveGenerics",
    "bind-foreign": "bind_foreign.BindForeign",
    "expose-types": "expose_types.ExposeTypes",
    "expose-contexts": "expose_contexts.ExposeContexts",
    "flatten-unions": "flatten_unions.FlattenUnions",
    "desugar-options": "desugar_options.DesugarOptions",
    "widen-literals": "widen_literals.WidenLiterals",
    "legalize-types": "legalize_types.LegalizeTypes",
    "close-unions": "close_unions.CloseUnions",
    "expand-overloads": "expand_overloads.ExpandOverloads",
    "plan-calls": "plan_calls.PlanCalls",
    "expose-results": "expose_results.ExposeResults",
    "lower-async": "lower_async.LowerAsync",
    "insert-locks": "insert_locks.InsertLocks",
    "check-abi": "check_abi.CheckAbi",
    "probe-runtime": "probe_runtime.ProbeRuntime",
    "assign-names": "assign_names.AssignNames",
    "sort-items": "sort_items.SortItems",
}

# Passes that run only where a pipeline names them.
_EXTRA: Mapping[str, str] = {"drop-docs": "drop_docs.DropDocs"}

STANDARD_PIPELINE: tuple[str, ...] = tuple(_PASSES)


def pass_names() -> tuple[str, ...]:
    """Return the names of all passes: the standard pipeline in order, then the others."""
    return (*_PASSES, *_EXTRA)


def load_pass(name: str) -> type[Pass]:
    """Return the class of the pass `name`; its module is imported on first use.

    Raises `KeyError` for a name that is not in `pass_names()`.
    """
    module, _, class_name = {**_PASSES, **_EXTRA}[name].partition(".")
    # Passes are loaded one by one so that a command pays only for those it runs.
    return cast("type[Pass]", getattr(importlib.import_module(f".{module}", __package__), class_name))


def standard_passes() -> tuple[Pass, ...]:
    """Return the standard pipeline with default options."""
    return tuple(load_pass(name)() for name in STANDARD_PIPELINE)


def passes_until(name: str) -> tuple[Pass, ...]:
    """Return the standard pipeline up to and including the pass `name`.

    Raises `KeyError` for a pass that is not part of it.
    """
    if name not in STANDARD_PIPELINE:
        raise KeyError(name)
    return tuple(load_pass(each)() for each in STANDARD_PIPELINE[: STANDARD_PIPELINE.index(name) + 1])


def format_pipeline(passes: Iterable[Pass]) -> str:
    """Return `passes` as pipeline text; options at their default are left out."""
    return ",".join(map(_format_pass, passes))


def parse_pipeline(source: SourceFile) -> tuple[tuple[Pass, ...] | None, tuple[Diagnostic, ...]]:
    """Read pipeline text; the inverse of `format_pipeline`.

    Returns the passes, or None and what is wrong with the text.
    """
    parser = _Parser(source)
    try:
        passes = parser.parse()
    except DiagnosticError as error:
        return None, error.diagnostics
    if parser.diagnostics:
        return None, tuple(parser.diagnostics)
    return passes, ()


# --- text -------------------------------------------------------------------------------

_TOKEN = re.compile(r'\s*(?P<token>[A-Za-z0-9_.\-]+|"(?:[^"\\]|\\.)*"|[,{}=]|\S)?')
_WORD = re.compile(r"[A-Za-z0-9_.\-]+")
_INTEGER = re.compile(r"-?[0-9]+")


def _format_pass(each: Pass) -> str:
    attributes = attrs.fields(cast("type[attrs.AttrsInstance]", type(each)))
    changed = [
        f"{field.name.replace('_', '-')}={_format_value(getattr(each, field.name))}"
        for field in attributes
        if getattr(each, field.name) != field.default
    ]
    return f"{each.name}{{{' '.join(changed)}}}" if changed else each.name


def _format_value(value: OptionValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    plain = _WORD.fullmatch(value) and not _INTEGER.fullmatch(value) and value not in ("true", "false")
    return value if plain else json.dumps(value)


@final
@define
class _Parser:
    """One run over a pipeline text. Unknown names are collected, malformed text stops it."""

    source: SourceFile
    position: int = 0
    diagnostics: list[Diagnostic] = attrs.Factory(list)

    def parse(self) -> tuple[Pass, ...]:
        """Parse `[pass ("," pass)*]`."""
        passes: list[Pass] = []
        if self._peek() == "":
            return ()
        while True:
            parsed = self._parse_pass()
            if parsed is not None:
                passes.append(parsed)
            if self._peek() == "":
                return tuple(passes)
            self._expect(",")

    def _parse_pass(self) -> Pass | None:
        """Parse `NAME ["{" option* "}"]`."""
        start, name = self._word("the name of a pass")
        known = name in pass_names()
        if not known:
            self._report_unknown(UNKNOWN_PASS, start, name, "pass", pass_names())
        types = _option_types(load_pass(name)) if known else {}
        options: dict[str, OptionValue] = {}
        if self._peek() == "{":
            self._expect("{")
            while self._peek() != "}":
                self._parse_option(name, types if known else None, options)
            self._expect("}")
        return load_pass(name)(**options) if known and not self.diagnostics else None

    def _parse_option(
        self, owner: str, types: Mapping[str, type] | None, options: dict[str, OptionValue]
    ) -> None:
        """Parse `NAME "=" VALUE`."""
        start, name = self._word("the name of an option")
        self._expect("=")
        value_start, text = self._next()
        value = _parse_value(text)
        if value is None:
            raise self._malformed(value_start, text, "a value")
        if types is None:
            return
        field = name.replace("-", "_")
        if field not in types:
            choices = [each.replace("_", "-") for each in types]
            self._report_unknown(UNKNOWN_PASS_OPTION, start, name, f"option of `{owner}`", choices)
        elif type(value) is not types[field]:
            wanted = types[field].__name__
            span = self.source.span(value_start, value_start + len(text))
            self.diagnostics.append(
                MALFORMED_PIPELINE.at(span, f"option `{name}` of `{owner}` takes a value of type {wanted}")
            )
        else:
            options[field] = value

    def _report_unknown(self, code: Code, start: int, name: str, what: str, choices: Iterable[str]) -> None:
        known = sorted(choices)
        near = difflib.get_close_matches(name, known, n=1)
        if near:
            help = f"did you mean `{near[0]}`?"
        elif known:
            help = "known names: " + ", ".join(f"`{each}`" for each in known)
        else:
            help = "this pass has no options"
        span = self.source.span(start, start + len(name))
        self.diagnostics.append(code.at(span, f"there is no {what} named `{name}`", help=help))

    def _peek(self) -> str:
        match = _TOKEN.match(self.source.text, self.position)
        return (match["token"] or "") if match else ""

    def _next(self) -> tuple[int, str]:
        match = _TOKEN.match(self.source.text, self.position)
        if match is None or match["token"] is None:
            return len(self.source.text), ""
        self.position = match.end()
        return match.start("token"), match["token"]

    def _word(self, wanted: str) -> tuple[int, str]:
        start, token = self._next()
        if not _WORD.fullmatch(token):
            raise self._malformed(start, token, wanted)
        return start, token

    def _expect(self, wanted: str) -> None:
        start, token = self._next()
        if token != wanted:
            raise self._malformed(start, token, f"`{wanted}`")

    def _malformed(self, start: int, found: str, wanted: str) -> DiagnosticError:
        span = self.source.span(start, start + max(len(found), 1))
        what = f"`{found}`" if found else "the end"
        return DiagnosticError(MALFORMED_PIPELINE.at(span, f"expected {wanted}, found {what}"))


def _parse_value(text: str) -> OptionValue | None:
    if text.startswith('"'):
        try:
            value = json.loads(text)
        except ValueError:
            return None
        return value if isinstance(value, str) else None
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return text if _WORD.fullmatch(text) else None


_OPTION_TYPES: Mapping[str, type] = {"bool": bool, "int": int, "str": str}


def _option_types(cls: type[Pass]) -> dict[str, type]:
    """Return the options of a pass: its fields and their types, which are bool, int or str."""
    attributes = attrs.fields(cast("type[attrs.AttrsInstance]", cls))
    return {
        field.name: _OPTION_TYPES[getattr(field.type, "__name__", str(field.type))] for field in attributes
    }
