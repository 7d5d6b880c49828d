"""Types of Mochi as types of Go, with the functions that read and write their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import final

from attrs import frozen

from ..ir.diagnostics import InternalError
from ..ir.types import (
    ANY,
    INT,
    NEVER,
    NONE,
    STRING,
    AsyncOf,
    BridgeType,
    FunOf,
    ListOf,
    LiteralOf,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    ScalarKind,
    SetOf,
    StreamOf,
    UnionOf,
)
from .entries import TypeDeclaration
from .mochi_types import literal_kind
from .names import Names
from .tabbed import Tabbed

RUNTIME = "mochipy"
_SCALARS = {
    ScalarKind.BOOL: ("bool", "Bool"),
    ScalarKind.INT: ("int64", "Int"),
    ScalarKind.BIGINT: ("*big.Int", "Bigint"),
    ScalarKind.FLOAT: ("float64", "Float"),
    ScalarKind.STRING: ("string", "String"),
    ScalarKind.BYTES: ("[]byte", "Bytes"),
    ScalarKind.ANY: ("any", "Any"),
}
_SLUG_LIMIT = 60


@final
@frozen
class _Helper:
    """The functions of one type that is built from others."""

    slug: str
    type: BridgeType


@final
class GoTypes:
    """Spells types. What it is asked for it keeps, and writes out at the end.

    A type is given as it crosses: `inward(ty)` for what flows to Python, `outward(ty)` for what comes.
    """

    def __init__(self, types: Iterable[TypeDeclaration], names: Mapping[str, str]) -> None:
        self._names = {ty.path: names[ty.name] for ty in types}
        self._slugs = Names(self._names.values())
        self._helpers: dict[BridgeType, _Helper] = {}
        self.uses_bigint = False

    def text(self, ty: BridgeType) -> str:
        """Return the text of a type in Go."""
        match ty:
            case Scalar(kind):
                self.uses_bigint = self.uses_bigint or kind is ScalarKind.BIGINT
                return _SCALARS[kind][0]
            case ListOf(inner) | SetOf(inner):
                return f"[]{self.text(inner)}"
            case MapOf(key, value):
                return f"map[{self.text(key)}]{self.text(value)}"
            case OptionOf(inner):
                return f"*{self.text(inner)}"
            case StreamOf(element):
                return f"*{RUNTIME}.Stream[{self.text(element)}]"
            case FunOf(params, result):
                taken = "...any" if params is None else ", ".join(map(self.text, params))
                given = "error" if result is NONE else f"({self.text(result)}, error)"
                return f"func({taken}) {given}"
            case Ref(path):
                return self._declared(path)
            case _:
                raise InternalError(f"no type of Go for {ty!r}")

    def reader(self, ty: BridgeType) -> str:
        """Return the name of the function that reads a value of `ty`."""
        return self._function(ty, "Read", "read")

    def writer(self, ty: BridgeType) -> str:
        """Return the name of the function that writes a value of `ty`."""
        return self._function(ty, "Write", "write")

    def _function(self, ty: BridgeType, common: str, own: str) -> str:
        match ty:
            case Scalar(kind):
                return f"{RUNTIME}.{common}{_SCALARS[kind][1]}"
            case Ref(path):
                return f"{own}_{self._declared(path)}"
            case _:
                helper = self._helpers.get(ty)
                if helper is None:
                    slug = self._slugs.fresh(self._slug(ty)[:_SLUG_LIMIT])
                    helper = self._helpers[ty] = _Helper(slug, ty)
                return f"{own}_{helper.slug}"

    def _declared(self, path: str) -> str:
        name = self._names.get(path)
        if name is None:
            raise InternalError(f"nothing declares the type {path!r}")
        return name

    def _slug(self, ty: BridgeType) -> str:
        match ty:
            case Scalar(kind):
                return kind.value.capitalize()
            case ListOf(inner):
                return f"List{self._slug(inner)}"
            case SetOf(inner):
                return f"Set{self._slug(inner)}"
            case MapOf(key, value):
                return f"Map{self._slug(key)}{self._slug(value)}"
            case OptionOf(inner):
                return f"Option{self._slug(inner)}"
            case StreamOf(inner):
                return f"Stream{self._slug(inner)}"
            case FunOf(params, result):
                return f"Fun{''.join(map(self._slug, params or ()))}To{self._slug(result)}"
            case Ref(path):
                return self._declared(path)
            case _:
                raise InternalError(f"no type of Go for {ty!r}")

    # --- helpers ------------------------------------------------------------------------

    def write_helpers(self, out: Tabbed) -> None:
        """Write the functions that were asked for, and those that they need."""
        written = 0
        while written < len(self._helpers):
            helper = list(self._helpers.values())[written]
            written += 1
            text = self.text(helper.type)
            with out.function(f"read_{helper.slug}(c *{RUNTIME}.Call) {text}"):
                self._write_reader(out, helper.type)
            with out.function(f"write_{helper.slug}(c *{RUNTIME}.Call, value {text})"):
                self._write_writer(out, helper.type)

    def _write_reader(self, out: Tabbed, ty: BridgeType) -> None:
        match ty:
            case ListOf(inner) | SetOf(inner):
                out.line(f"return {RUNTIME}.ReadList(c, {self.reader(inner)})")
            case MapOf(key, value):
                out.line(f"return {RUNTIME}.ReadMap(c, {self.reader(key)}, {self.reader(value)})")
            case OptionOf(inner):
                out.line(f"return {RUNTIME}.ReadOption(c, {self.reader(inner)})")
            case StreamOf(inner):
                out.line(f"return {RUNTIME}.ReadStream(c, {self.reader(inner)})")
            case FunOf(params, result):
                self._read_function(out, ty, params, result)
            case _:
                raise InternalError(f"no functions of Go for {ty!r}")

    def _write_writer(self, out: Tabbed, ty: BridgeType) -> None:
        match ty:
            case ListOf(inner):
                out.line(f"{RUNTIME}.WriteList(c, value, {self.writer(inner)})")
            case SetOf(inner):
                out.line(f"{RUNTIME}.WriteSet(c, value, {self.writer(inner)})")
            case MapOf(key, inner):
                out.line(f"{RUNTIME}.WriteMap(c, value, {self.writer(key)}, {self.writer(inner)})")
            case OptionOf(inner):
                out.line(f"{RUNTIME}.WriteOption(c, value, {self.writer(inner)})")
            case StreamOf():
                out.line(f"{RUNTIME}.WriteObject(c, value.Object)")
            case FunOf(params, result):
                self._write_callback(out, params, result)
            case _:
                raise InternalError(f"no functions of Go for {ty!r}")

    def _read_function(
        self, out: Tabbed, ty: FunOf, params: tuple[BridgeType, ...] | None, result: BridgeType
    ) -> None:
        """Write the body that makes a function of Go of one of Python."""
        out.line(f"object := {RUNTIME}.ReadObject(c)")
        places = [f"a{index}" for index in range(len(params or ()))]
        typed = [f"{place} {self.text(param)}" for place, param in zip(places, params or (), strict=True)]
        taken = "a ...any" if params is None else ", ".join(typed)
        given = "error" if result is NONE else f"({self.text(result)}, error)"
        with out.block(f"return func({taken}) {given} {{"):
            count = "len(a)" if params is None else str(len(params))
            out.line(f"call := {RUNTIME}.Apply(object, {count})")
            if params is None:
                with out.block("for _, each := range a {"):
                    out.line(f"{RUNTIME}.WriteAny(call, each)")
            for place, param in zip(places, params or (), strict=True):
                out.line(f"{self.writer(param)}(call, {place})")
            self.write_result(out, result)

    def _write_callback(self, out: Tabbed, params: tuple[BridgeType, ...] | None, result: BridgeType) -> None:
        """Write the body that gives Python a function of Go."""
        with out.block("if value == nil {"):
            out.line(f"{RUNTIME}.WriteNull(c)")
            out.line("return")
        with out.block(f"{RUNTIME}.WriteFunc(c, func(in *{RUNTIME}.Call) error {{", "})"):
            if params is None:
                out.line("a := make([]any, in.Arguments())")
                with out.block("for i := range a {"):
                    out.line(f"a[i] = {RUNTIME}.ReadAny(in)")
            for index, param in enumerate(params or ()):
                out.line(f"a{index} := {self.reader(param)}(in)")
            with out.block("if err := in.Err(); err != nil {"):
                out.line("return err")
            arguments = "a..." if params is None else ", ".join(f"a{i}" for i in range(len(params)))
            if result is NONE:
                out.line(f"err := value({arguments})")
                out.line("in.Reset()")
            else:
                out.line(f"result, err := value({arguments})")
                out.line("in.Reset()")
                with out.block("if err == nil {"):
                    out.line(f"{self.writer(result)}(in, result)")
            out.line("return err")

    def write_result(self, out: Tabbed, result: BridgeType) -> None:
        """Write the end of a function that makes `call` and returns its result."""
        if result is NONE:
            out.line(f"return {RUNTIME}.Done(call)")
        else:
            out.line(f"return {RUNTIME}.Result(call, {self.reader(result)})")


def inward(ty: BridgeType) -> BridgeType:
    """Return `ty` as Go spells it where a value flows to Python.

    A stream is `any`: the wrapper takes a list, or a stream that came from Python.
    """
    return _crossing(ty, inward=True)


def outward(ty: BridgeType) -> BridgeType:
    """Return `ty` as Go spells it where a value comes from Python."""
    return _crossing(ty, inward=False)


def _crossing(ty: BridgeType, *, inward: bool) -> BridgeType:
    match ty:
        case UnionOf() | Scalar(ScalarKind.NONE | ScalarKind.NEVER):
            return ANY
        case LiteralOf():
            return Scalar(literal_kind(ty))
        case StreamOf() if inward:
            return ANY
        case AsyncOf(inner):
            return _crossing(inner, inward=inward)
        case OptionOf(inner):
            found = _crossing(inner, inward=inward)
            return found if found is ANY or isinstance(found, OptionOf) else OptionOf(found)
        case ListOf(inner):
            return ListOf(_crossing(inner, inward=inward))
        case SetOf(inner):
            return SetOf(_crossing(inner, inward=inward))
        case MapOf(key, value):
            key = _crossing(key, inward=inward)
            return MapOf(key, _crossing(value, inward=inward)) if key in (STRING, INT) else ANY
        case StreamOf(inner):
            return StreamOf(_crossing(inner, inward=inward))
        case FunOf(params, result):
            # What goes into the function crosses the other way than what comes out of it.
            taken = None if params is None else tuple(_crossing(each, inward=not inward) for each in params)
            return FunOf(taken, result_type(result, inward=inward))
        case _:
            return ty


def result_type(ty: BridgeType, *, inward: bool = False) -> BridgeType:
    """Return the type of a result as Go spells it; NONE where there is none."""
    match ty:
        case AsyncOf(inner):
            return result_type(inner, inward=inward)
        case _ if ty in (NONE, NEVER):
            return NONE
        case _:
            return _crossing(ty, inward=inward)
