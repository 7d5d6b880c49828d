"""`check_text`: one program, read and checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from attrs import frozen

from . import effects, tree
from .bound_items import BoundModule, install
from .builtins import builtin_functions
from .check_primaries import undeclared_effects
from .check_statements import StatementChecks
from .declare import bind_stub
from .environment import RefusedError, Scope
from .lexer import Tokens
from .parser import parse
from .problem import Problem, ProblemError
from .types import UNIT, EndlessTypeError, Func, Var

_DEATH = "Mochi's checker never ends here: a value of a recursive union is assigned to a `var`"
_DEEP = "this program is nested too deeply to be checked"


@final
@frozen
class Verdict:
    """What Mochi says of a program.

    `checks` is None where there is no verdict: the program does not parse, or the checker of
    Mochi does not survive it. `problems` stand in Mochi's own order.
    """

    program: tree.Program | None
    tokens: Tokens | None
    checks: bool | None
    problems: tuple[Problem, ...]

    @property
    def parses(self) -> bool:
        """Tell whether Mochi's parser accepts the program."""
        return self.program is not None


def check_text(text: str, modules: Iterable[BoundModule] = ()) -> Verdict:
    """Return the verdict on `text`. Never raises.

    Of `modules`, those that the program imports count as if their declarations stood above it.
    """
    try:
        parsed = parse(text)
    except ProblemError as error:
        return Verdict(None, None, None, (error.problem,))
    program, tokens = parsed.program, parsed.tokens
    try:
        found = _check(program, list(modules))
    except _DeathError as error:
        place = _locate(RefusedError(None, _DEATH, error.node), tokens)
        return Verdict(program, tokens, None, (place,))
    except RecursionError:
        return Verdict(program, tokens, None, (Problem(None, _DEEP, 0, 0),))
    problems = tuple(dict.fromkeys(_locate(error, tokens) for error in found))
    return Verdict(program, tokens, not problems, problems)


class _DeathError(Exception):
    """Mochi's checker would not survive the check of `node`."""

    def __init__(self, node: tree.Node) -> None:
        super().__init__()
        self.node = node


def _locate(error: RefusedError, tokens: Tokens) -> Problem:
    node = error.node
    last = max(node.end - 1, node.start)
    return Problem(error.code, error.message, tokens.starts[node.start], tokens.ends[last], error.help)


def _check(program: tree.Program, modules: list[BoundModule]) -> list[RefusedError]:
    """Return the errors of a program in the order in which Mochi reports them.

    Records, unions and functions are known everywhere; aliases from their declaration on, and
    before any other statement; everything else from the statement on that binds it.
    """
    scope = Scope()
    for name, ty in builtin_functions().items():
        scope.bind(name, ty)
    bound = install(modules, program, scope)
    types = [each for each in program.statements if isinstance(each, tree.TypeDecl)]
    funs = [each for each in program.statements if isinstance(each, tree.Fun)]
    for decl in types:
        bind_stub(decl, scope)
    errors = _bind_functions(funs, scope)
    checks = StatementChecks(bound)
    rest = [each for each in program.statements if not isinstance(each, tree.TypeDecl)]
    for statement in (*types, *rest):
        try:
            checks.statement(statement, scope, UNIT, in_loop=False)
        except RefusedError as error:
            errors.append(error)
        except EndlessTypeError:
            raise _DeathError(statement) from None
    return [*errors, *scope.late]


def _bind_functions(funs: list[tree.Fun], scope: Scope) -> list[RefusedError]:
    """Bind all functions of the top level with their effects, and check what they declare of those."""
    errors: list[RefusedError] = []
    declared: dict[str, int] = {}
    for fun in funs:
        inside = scope
        if fun.type_params:
            inside = scope.child()
            inside.type_params = {name: Var(name) for name in fun.type_params}
        params = tuple(inside.resolve_or_any(param.type) for param in fun.params)
        result = UNIT if fun.result is None else inside.resolve(fun.result)
        if fun.effects:
            errors += effects.unknown_labels(fun.effects, fun)
            declared[fun.name] = effects.bits_of(fun.effects)
        bits = declared.get(fun.name, 0) if fun.effects else 0
        scope.bind(fun.name, Func(params, result, bits, None, fun.type_params))
        scope.functions.add(fun.name)
    _infer_effects([fun for fun in funs if fun.name not in declared], scope)
    for fun in funs:
        if fun.name in declared:
            found = effects.of_function(fun.params, fun.body, scope)
            if found & ~declared[fun.name]:
                errors.append(undeclared_effects(f"`{fun.name}`", declared[fun.name], found, fun))
    return errors


def _infer_effects(funs: list[tree.Fun], scope: Scope) -> None:
    """Find the effects of functions that call each other; sets only grow, so this ends."""
    changed = True
    while changed:
        changed = False
        for fun in funs:
            known = scope.find(fun.name)
            if not isinstance(known, Func):
                continue
            found = effects.of_function(fun.params, fun.body, scope) | known.effects
            if found != known.effects:
                changed = True
                bound = Func(known.params, known.result, found, known.variadic, known.type_params)
                scope.bind(fun.name, bound)
