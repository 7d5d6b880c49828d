"""Types as Python annotations write them, in wrappers and their stubs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from ..ir.diagnostics import InternalError
from ..ir.types import (
    ANY,
    AsyncOf,
    BridgeType,
    EnumMember,
    FunOf,
    ListOf,
    LiteralOf,
    LiteralValue,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    ScalarKind,
    SetOf,
    StreamOf,
    UnionOf,
)
from .imports import Imports
from .literals import python_literal

_BUILTINS = {
    ScalarKind.BOOL: "bool",
    ScalarKind.INT: "int",
    ScalarKind.BIGINT: "int",
    ScalarKind.FLOAT: "float",
    ScalarKind.STRING: "str",
    ScalarKind.BYTES: "bytes",
}


@final
class PythonTypes:
    """Prints types for one module, which imports what they need.

    A class whose path is in `opaque` is `any`: the module does not define it. `any_name` is the
    builtin that stands for that in place of `typing.Any`, which has to be imported. What is `awaited`
    already is what comes of it: a wrapper drives its awaitables and streams.
    """

    def __init__(
        self,
        type_names: Mapping[str, str],
        imports: Imports,
        opaque: frozenset[str] = frozenset(),
        any_name: str = "",
        *,
        awaited: bool = True,
    ) -> None:
        self._any = any_name
        self._awaited = awaited
        self._type_names = type_names
        self._opaque = opaque
        self._imports = imports
        # By the ids of types, which are kept beside their texts, so that no id is used again.
        self._known: dict[int, tuple[BridgeType, str]] = {}

    def text(self, ty: BridgeType) -> str:
        """Return the annotation for `ty`."""
        known = self._known.get(id(ty))
        if known is None:
            known = self._known[id(ty)] = ty, self._print(ty)
        return known[1]

    def options(self) -> str:
        """Return the annotation of a map of options, which takes maps of narrower values too."""
        mapping = self._imports.use("collections.abc", "Mapping")
        return f"{mapping}[{self._imports.builtin('str')}, {self._imports.use('typing', 'Any')}]"

    def _print(self, ty: BridgeType) -> str:
        match ty:
            case Ref(path, ()) if path in self._opaque:
                return self._print(ANY)
            case Ref(path, ()) if path in self._type_names:
                return self._type_names[path]
            case Scalar(ScalarKind.ANY):
                if self._any:
                    return self._imports.builtin(self._any)
                return self._imports.use("typing", "Any")
            case Scalar(ScalarKind.NONE | ScalarKind.NEVER):
                return "None"
            case Scalar(kind):
                return self._imports.builtin(_BUILTINS[kind])
            case ListOf(element):
                return f"{self._imports.builtin('list')}[{self.text(element)}]"
            case SetOf(element):
                return f"{self._imports.builtin('set')}[{self.text(element)}]"
            case MapOf(key, value):
                return f"{self._imports.builtin('dict')}[{self.text(key)}, {self.text(value)}]"
            case AsyncOf(inner) if not self._awaited:
                return f"{self._imports.use('collections.abc', 'Awaitable')}[{self.text(inner)}]"
            case StreamOf(element) if not self._awaited:
                return f"{self._imports.use('collections.abc', 'AsyncIterator')}[{self.text(element)}]"
            case OptionOf(AsyncOf(inner)) if self._awaited and (isinstance(inner, OptionOf) or inner is ANY):
                return self.text(inner)
            case OptionOf(inner):
                return f"{self.text(inner)} | None"
            case UnionOf(members):
                return " | ".join(dict.fromkeys(map(self.text, members)))
            case LiteralOf(values):
                literal = self._imports.use("typing", "Literal")
                return f"{literal}[{', '.join(map(_literal, values))}]"
            case AsyncOf(inner):
                return self.text(inner)
            case StreamOf(element):
                return f"{self._imports.use('collections.abc', 'Iterable')}[{self.text(element)}]"
            case FunOf(None, result):
                function = self._imports.use("collections.abc", "Callable")
                return f"{function}[..., {self.text(result)}]"
            case FunOf(params, result) if params is not None:
                function = self._imports.use("collections.abc", "Callable")
                return f"{function}[[{', '.join(map(self.text, params))}], {self.text(result)}]"
            case _:
                raise InternalError(f"legalize-types left {ty!r}, or nothing declares it")


def _literal(value: LiteralValue | EnumMember) -> str:
    assert not isinstance(value, EnumMember), "legalize-types makes the enum of its members"
    return python_literal(value)
