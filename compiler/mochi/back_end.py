"""What Mochi's Python back end refuses in a program that its checker accepts (MEP-51).

Strict for externs, which a linked program gets from us; for the rest only what is certain.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator, Mapping
from typing import final

from attrs import define, field, frozen

from ...ir import codes
from . import expressions as e
from . import tree
from .dump import show_ref
from .import_alias import bound_alias
from .lexer import Tokens
from .parser import Parsed
from .problem import Problem
from .scope_walk import ScopeWalk, children


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SCALARS = frozenset({"int", "float", "bool", "string"})
TAKEN = frozenset({"main", "Print", "dataclass", "Callable", "MochiPanic", "_panic_code"})
"""Names of the generated Python module, besides those of `mochi_runtime` that it may import."""
_RUNTIME = _words(
    """
    fdiv keys_sorted values_sorted sort_asc sum_i64 sum_f64 str_from deque MochiStream MochiSub mochi_emit
    mochi_make_stream mochi_recv_sub mochi_subscribe mochi_llm_generate mochi_fetch mochi_write_file
    """
)
_NO_TYPES = frozenset({"any", "bigint", "bigrat", "int64", "value"})
_STATEMENTS = (tree.Block, tree.Expect, tree.Model, tree.StreamType, tree.On, tree.Emit, tree.Update)


def is_taken(name: str) -> bool:
    """Whether an extern may not be called `name`, since the generated Python means something else by it."""
    return name in TAKEN or name in _RUNTIME or keyword.iskeyword(name)


@final
@frozen
class _Known:
    """What the top level of a program declares: its externs, and what a struct literal can build."""

    externs: Mapping[str, tree.ExternFun]
    types: frozenset[str]


def find_refused(parsed: Parsed) -> list[Problem]:
    """Return what the back end refuses, in the order of the text."""
    program, tokens = parsed.program, parsed.tokens
    externs: dict[str, tree.ExternFun] = {}
    types: set[str] = set()
    found: list[tuple[tree.Node, str]] = []
    for statement in program.statements:
        match statement:
            case tree.ExternFun(kind="extern_python_fun", name=name):
                if name in externs:
                    found.append((statement, f"the extern `{name}` is declared twice"))
                externs[name] = statement
            case tree.TypeDecl(name=name, variants=variants):
                types |= {name, *(variant.name for variant in variants)}
            case tree.Agent(name=name):
                types.add(name)
            case _:
                pass
    known = _Known(externs, frozenset(types))
    for statement in program.statements:
        found += _statement(statement, True, known)
    captures = _Captures()
    captures.block(program.statements, {}, None)
    found += captures.found
    problems = [_locate(node, message, tokens) for node, message in found]
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.start, problem.end))


@final
@define
class _Captures(ScopeWalk[int]):
    """Finds variables that functions take from around them; names mean how deep in functions they are bound.

    Variables of the top level are those of Python's `main`, so that a function sees none of them.
    """

    found: list[tuple[tree.Node, str]] = field(factory=list)
    depth: int = 0

    def bind(self, name: str, node: tree.Node, names: dict[str, int], what: str) -> None:
        if what in _NO_VARIABLES:
            names.pop(name, None)
        else:
            names[name] = self.depth

    def import_(self, node: tree.Import, names: dict[str, int], outer: tree.Node) -> None:
        names.pop(bound_alias(node), None)

    def body(
        self,
        node: tree.Node,
        bound: Iterable[str],
        statements: Iterable[tree.Node],
        names: dict[str, int],
        outer: tree.Node,
        what: str = "parameter",
    ) -> None:
        inside = isinstance(node, tree.Fun)
        self.depth += inside
        ScopeWalk.body(self, node, bound, statements, names, outer, what)
        self.depth -= inside

    def statement(self, node: tree.Node, names: dict[str, int], outer: tree.Node) -> None:
        if isinstance(node, tree.Assign):
            self.see(node.name, node, names)
        ScopeWalk.statement(self, node, names, outer)

    def node(self, node: tree.Node, names: dict[str, int], outer: tree.Node) -> None:
        inside = isinstance(node, e.FunExpr)
        self.depth += inside
        ScopeWalk.node(self, node, names, outer)
        self.depth -= inside

    def selector(self, node: e.Selector, names: dict[str, int], op: e.PostfixOp | None) -> None:
        self.see(node.root, node, names)

    def call(self, node: e.Call, names: dict[str, int]) -> None:
        self.see(node.name, node, names)

    def see(self, name: str, node: tree.Node, names: dict[str, int]) -> None:
        if names.get(name, self.depth) != self.depth:
            self.found.append((node, f"a function of the Python back end cannot see the variable `{name}`"))


_NO_VARIABLES = frozenset({"function", "type", "agent", "extern", "import"})


def _locate(node: tree.Node, message: str, tokens: Tokens) -> Problem:
    last = max(node.end - 1, node.start)
    return Problem(codes.BACK_END_LIMIT.code, message, tokens.starts[node.start], tokens.ends[last])


_Found = Iterator[tuple[tree.Node, str]]


def _statement(node: tree.Node, top: bool, known: _Known) -> _Found:
    match node:
        case tree.Import():
            yield node, "the Python back end takes no imports"
        case tree.ExternName() | tree.ExternVar():
            yield node, "of externs, the Python back end takes `extern python fun` only"
        case tree.ExternFun():
            yield from _extern(node, top)
        case tree.TypeDecl():
            yield from _type_declaration(node, top)
        case tree.Fun():
            yield from _function(node, top)
        case tree.Binding(type=tree.TypeRef() as ref):
            yield from _type(ref)
        case _ if isinstance(node, _STATEMENTS):
            yield node, "the Python back end does not take this statement"
        case _:
            pass
    for part in children(node):
        if isinstance(part, tree.TypeRef | tree.Param | tree.Field | tree.Variant):
            continue
        if isinstance(part, tree.Statement):
            yield from _statement(part, False, known)
        else:
            yield from _expression(part, known)


def _extern(node: tree.ExternFun, top: bool) -> _Found:
    if node.kind != "extern_python_fun":
        yield node, "of externs, the Python back end takes `extern python fun` only"
        return
    if not top:
        yield node, "an extern in a block declares nothing to the Python back end"
    if is_taken(node.name):
        yield node, f"the generated Python has a name `{node.name}` of its own"
    names = [param.name for param in node.params]
    if len(set(names)) < len(names):
        yield node, "an extern needs different names for its parameters"
    for param in node.params:
        if param.type is None:
            yield param, f"the parameter `{param.name}` needs a type"
        elif not _crosses(param.type):
            yield param, f"no value of type `{show_ref(param.type)}` reaches Python"
    if node.result is not None and not _is_scalar(node.result, "unit"):
        yield node, f"no value of type `{show_ref(node.result)}` comes back from Python"


def _crosses(ref: tree.TypeRef) -> bool:
    fun = ref.fun
    if fun is None or ref.optional:
        return _is_scalar(ref)
    has_result = fun.result is None or _is_scalar(fun.result, "unit")
    return has_result and all(_is_scalar(param) for param in fun.params)


def _is_scalar(ref: tree.TypeRef, *more: str) -> bool:
    return not ref.optional and ref.name is not None and (ref.name in SCALARS or ref.name in more)


def _type_declaration(node: tree.TypeDecl, top: bool) -> _Found:
    if not top:
        yield node, "types are declared at the top level"
    if node.alias is not None:
        yield node, "the Python back end takes no aliases of types"
    for member in node.members:
        if isinstance(member, tree.Fun):
            yield member, "the Python back end takes no methods"
        elif not _is_scalar(member.type):
            yield member, "a field of a record is an int, float, bool or string"
    for variant in node.variants:
        for each in variant.fields:
            if not _is_scalar(each.type):
                yield each, "a field of a variant is an int, float, bool or string"


def _function(node: tree.Fun, top: bool) -> _Found:
    if not top:
        yield node, "functions are declared at the top level"
    if node.name == "main":
        yield node, "a function cannot be called `main`"
    if node.type_params or node.effects:
        yield node, "a function has neither type parameters nor effects"
    if node.result is None:
        yield node, f"the result of `{node.name}` needs a type: `: unit` where there is none"
    else:
        yield from _type(node.result)
    for param in node.params:
        if param.type is None:
            yield param, f"the parameter `{param.name}` needs a type"
        else:
            yield from _type(param.type)


def _type(ref: tree.TypeRef) -> _Found:
    if ref.optional or ref.name in _NO_TYPES:
        yield ref, f"the Python back end has no type `{show_ref(ref)}`"
    for part in children(ref):
        if isinstance(part, tree.TypeRef):
            yield from _type(part)


def _expression(node: tree.Node, known: _Known) -> _Found:
    match node:
        case e.Cast():
            yield node, "the Python back end takes no casts"
        case e.SafeField() | e.SafeIndex():
            yield node, "the Python back end has no options"
        case e.Selector(root=root, tail=()) if root in known.externs:
            yield node, f"the extern `{root}` can be called, but is no value"
        case e.Call(name="print", args=args) if len(args) != 1:
            yield node, "`print` takes one argument"
        case e.StructLiteral(name=name) if name not in known.types:
            yield node, f"the program declares no record `{name}`"
        case e.Literal(kind="none"):
            yield node, "the Python back end has no `none`"
        case _:
            pass
    for part in children(node):
        if isinstance(part, tree.TypeRef | tree.Param):
            continue
        if isinstance(part, tree.Statement):
            yield from _statement(part, False, known)
        else:
            yield from _expression(part, known)
