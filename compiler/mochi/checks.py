"""What the parts of the checker ask of each other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from . import expressions as e
from . import tree
from .environment import RefusedError, Scope
from .relations import unify
from .types import BOOL, INT, INT64, STRING, Type, a, show


class Checks(ABC):
    """The methods that checks of expressions and of statements share.

    `bound` has the names of the items of each alias whose package is bound.
    """

    def __init__(self, bound: Mapping[str, frozenset[str]] | None = None) -> None:
        self.bound = bound or {}

    @abstractmethod
    def expr(self, expr: e.Expr, scope: Scope, expected: Type | None = None) -> Type:
        """Return the type of `expr`; raises RefusedError, also where it does not fit `expected`."""

    @abstractmethod
    def statement(self, statement: tree.Statement, scope: Scope, result: Type | None, in_loop: bool) -> None:
        """Check one statement of a function that returns `result`; None where nothing says what."""

    def block(
        self, body: Iterable[tree.Statement], scope: Scope, result: Type | None, in_loop: bool = False
    ) -> None:
        """Check statements in order."""
        for statement in body:
            self.statement(statement, scope, result, in_loop)

    def integer(self, expr: e.Expr | None, scope: Scope, node: tree.Node) -> None:
        """Check an index or a bound of a slice, if there is one."""
        if expr is not None:
            ty = self.expr(expr, scope)
            if not (unify(ty, INT) or unify(ty, INT64)):
                raise refused("T015", f"an index is an `int`, not {a(ty)}", node)

    def key(self, index: e.Index, key: Type, scope: Scope) -> None:
        """Check an index into a map with keys of type `key`."""
        if index.colon:
            raise refused("T017", "a map has no slices", index)
        if index.begin is None:
            raise refused("T016", "the index is missing", index)
        found = self.expr(index.begin, scope)
        if not unify(found, key):
            raise refused("T019", f"the keys of this map are `{show(key)}`, not `{show(found)}`", index)


def refused(code: str | None, message: str, node: tree.Node) -> RefusedError:
    """Return the error that refuses the statement in which `node` stands."""
    return RefusedError(code, message, node)


def mismatch(node: tree.Node, expected: Type, found: Type, code: str = "T008") -> RefusedError:
    """Return the error for a value of the wrong type."""
    return RefusedError(code, f"this is {a(found)}, where `{show(expected)}` is expected", node)


def is_bool(ty: Type) -> bool:
    """Tell whether a condition takes `ty`."""
    return unify(ty, BOOL)


def is_string(ty: Type) -> bool:
    """Tell whether `ty` passes for a string."""
    return unify(ty, STRING)
