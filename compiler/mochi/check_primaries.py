"""Primary expressions: literals, selectors, collections, functions, `if`, and the rarer ones."""

from __future__ import annotations

from collections.abc import Iterable

from . import effects, tree
from . import expressions as e
from .bound_items import unknown_item
from .check_matches import MatchChecks
from .check_queries import QueryChecks
from .checks import is_bool, is_string, mismatch, refused
from .environment import RefusedError, Scope
from .narrowing import narrowings
from .relations import Subst, unify
from .types import (
    ANY,
    BOOL,
    FLOAT,
    INT,
    STRING,
    UNIT,
    Applied,
    Func,
    Struct,
    Type,
    Var,
    a,
    inner,
    is_,
    key_of,
    list_of,
    map_of,
    option_of,
    show,
)

_LITERALS: dict[str, Type] = {
    "int": INT,
    "float": FLOAT,
    "text": STRING,
    "bool": BOOL,
    "none": option_of(ANY),
}
_GENERATED: dict[str, Type] = {
    **dict.fromkeys(("prompt", "model", "text"), STRING),
    **dict.fromkeys(("temperature", "top_p"), FLOAT),
    "max_tokens": INT,
    "stop": list_of(STRING),
    "normalize": BOOL,
}
_FETCH_OPTIONS: dict[str, Type] = {
    "method": STRING,
    "timeout": FLOAT,
    **dict.fromkeys(("headers", "query"), map_of(STRING, STRING)),
}
_TEXT_MODELS = frozenset(["text", "openai", "anthropic", "google", "llama"])


class PrimaryChecks(MatchChecks, QueryChecks):
    """The checks of everything that an expression can start with."""

    def primary(self, primary: e.Primary, scope: Scope, expected: Type | None) -> Type:
        """Return the type of `primary`; a hint in `expected` only matters to a few."""
        match primary:
            case e.Literal(kind=kind):
                return _LITERALS[kind]
            case e.Selector():
                return self.selector(primary, scope)
            case e.Call():
                return self.call(primary, scope)
            case e.StructLiteral():
                return self.struct(primary, scope)
            case e.ListLiteral(items=items):
                return list_of(self.elements(items, scope))
            case e.SetLiteral(items=items):
                return Applied("set", (self.elements(items, scope),))
            case e.MapLiteral():
                return self.map(primary, scope)
            case e.Query():
                return self.query(primary, scope, expected)
            case e.LogicQuery():
                return list_of(STRING)
            case e.Match():
                return self.match(primary, scope, expected)
            case e.IfExpr():
                return self.if_expr(primary, scope, expected)
            case e.FunExpr():
                return self.fun_expr(primary, scope, expected)
            case e.Group(value=value):
                return self.expr(value, scope, expected)
            case e.Load(type=ref):
                return list_of(scope.resolve(ref))
            case _:
                return self.rare(primary, scope, expected)

    def selector(self, selector: e.Selector, scope: Scope) -> Type:
        """Return the type of `a.b.c`; a dotted extern of that text goes before fields."""
        ty = scope.find(selector.root)
        if ty is None:
            raise refused("T002", f"there is no `{selector.root}` here", selector)
        path = selector.root
        for name in selector.tail:
            dotted = scope.find(f"{path}.{name}")
            if dotted is not None:
                ty, path = dotted, f"{path}.{name}"
            else:
                if path in self.bound and scope.is_imported(path):
                    scope.report_late(unknown_item(path, name, self.bound[path], selector))
                ty = self.member(ty, name, path, selector)
        return ty

    def member(self, ty: Type, name: str, path: str, node: tree.Node) -> Type:
        """Return the type of field or method `name` of a `ty` that is known as `path`."""
        match ty:
            case Applied("option"):
                raise refused(
                    "T058", f"`{path}` may be none: test it first, or give a default with `??`", node
                )
            case Struct():
                return field_of(ty, name, node)
            case Applied("group", (key, element)):
                return {"key": key, "items": list_of(element)}.get(name, ANY)
            case Applied("map", (key, value)):
                if name == "keys":
                    return Func((), list_of(ANY))
                if name == "get":
                    return Func((key, value), value)
                if unify(key, STRING):
                    return value
            case _ if ty == ANY:
                return ANY
            case _ if ty == STRING and name == "contains":
                return Func((STRING,), BOOL)
            case _ if ty == STRING and name == "padStart":
                return Func((INT, STRING), STRING)
            case _:
                pass
        raise refused("T027", f"{a(ty)} has no fields", node)

    def struct(self, literal: e.StructLiteral, scope: Scope) -> Type:
        """Check `Name { … }`; of an unknown name it is a map."""
        struct = scope.find_struct(literal.name)
        if struct is None:
            for field in literal.fields:
                self.expr(field.value, scope)
            return map_of(STRING, ANY)
        for field in literal.fields:
            expected = struct.field_type(field.name)
            if expected is None:
                raise refused("T026", f"`{struct.name}` has no field `{field.name}`", literal)
            found = self.expr(field.value, scope)
            if not unify(expected, found):
                raise mismatch(field.value, expected, found)
        given = {field.name for field in literal.fields}
        if missing := [name for name, _ in struct.fields if name not in given]:
            listed = ", ".join(f"`{name}`" for name in missing)
            raise refused("T053", f"`{struct.name}` needs a value for {listed}", literal)
        return struct

    def elements(self, items: Iterable[e.Expr], scope: Scope) -> Type:
        """Return the type of the first element, which the others have to fit."""
        element: Type | None = None
        for item in items:
            found = self.expr(item, scope)
            if element is None:
                element = found
            elif not unify(element, found):
                raise mismatch(item, element, found)
        return element or ANY

    def map(self, literal: e.MapLiteral, scope: Scope) -> Type:
        """Return the type of a map; keys or values that differ make it one of `any`."""
        key: Type | None = None
        value: Type | None = None
        for entry in literal.items:
            found = STRING if e.text_key(entry.key) is not None else self.expr(entry.key, scope)
            key = found if key is None else key if unify(key, found) else ANY
            found = self.expr(entry.value, scope)
            value = found if value is None else value if unify(value, found) else ANY
        return Applied("omap" if literal.ordered else "map", (key or ANY, value or ANY))

    def if_expr(self, cond: e.IfExpr, scope: Scope, expected: Type | None) -> Type:
        """Return the type of both arms, `any` where they differ or one is missing."""
        found = self.expr(cond.cond, scope)
        if not is_bool(found):
            raise refused("T040", f"a condition is a `bool`, not {a(found)}", cond.cond)
        yes, no = narrowings(cond.cond, scope)
        result = self.expr(cond.then, scope.narrow(yes), expected)
        other: Type = ANY
        if cond.else_if is not None:
            other = self.if_expr(cond.else_if, scope.narrow(no), result)
        elif cond.orelse is not None:
            other = self.expr(cond.orelse, scope.narrow(no), result)
        if not unify(result, other):
            result = ANY
        if expected is not None and not unify(result, expected):
            raise mismatch(cond, expected, result)
        return result

    def fun_expr(self, fun: e.FunExpr, scope: Scope, expected: Type | None) -> Type:
        """Return the type of a function value; a missing parameter type is `any`."""
        params = tuple(scope.resolve_or_any(param.type) for param in fun.params)
        result: Type = Var("R")
        if fun.result is not None:
            result = scope.resolve(fun.result)
        elif isinstance(expected, Func):
            result = expected.result
        inside = scope.widen().child()
        for param, ty in zip(fun.params, params, strict=True):
            inside.bind(param.name, ty, mutable=True)
        subst: Subst = {}
        if fun.value is not None:
            found = self.expr(fun.value, inside)
        else:
            self.block(fun.body, inside, result)
            found = result
        if not unify(result, found, subst):
            raise mismatch(fun, result, found)
        if isinstance(result, Var):
            result = subst.get(result.name, result)
        return Func(params, result, self._lambda_effects(fun, inside, scope))

    def _lambda_effects(self, fun: e.FunExpr, inside: Scope, scope: Scope) -> int:
        found = effects.of_lambda(fun, inside)
        if not fun.effects:
            return found
        for error in effects.unknown_labels(fun.effects, fun):
            scope.report_late(error)
        declared = effects.bits_of(fun.effects)
        if found & ~declared:
            scope.report_late(undeclared_effects("this function", declared, found, fun))
        return declared

    # --- agents, futures, the outside -----------------------------------------------------

    def rare(self, primary: e.Primary, scope: Scope, expected: Type | None) -> Type:
        """Check what shims and most programs do not use."""
        match primary:
            case e.Async(value=value):
                return Applied("future", (self.expr(value, scope),))
            case e.Await(value=value):
                found = self.expr(value, scope)
                if not is_(found, "future"):
                    raise refused(None, f"`await` takes a future, not {a(found)}", primary)
                return inner(found)
            case e.Spawn(agent=agent):
                struct = scope.find_struct(agent)
                if struct is None or not scope.is_agent(agent):
                    raise refused(None, f"there is no agent `{agent}`", primary)
                return struct
            case e.Save(source=source, options=options):
                for expr in (source, options):
                    if expr is not None:
                        self.expr(expr, scope)
                return UNIT
            case e.Fetch():
                self.fetch(primary, scope)
                return ANY if expected is None else expected
            case e.Generate():
                return self.generate(primary, scope)
            case _:
                raise AssertionError(f"{type(primary).__name__} is handled by `primary`")

    def fetch(self, fetch: e.Fetch, scope: Scope) -> None:
        """Check `fetch`: a string, and options of known types."""
        if not is_string(self.expr(fetch.url, scope)):
            raise refused("T028", "the address to fetch is a `string`", fetch)
        if fetch.options is None:
            return
        options = self.expr(fetch.options, scope)
        if not is_(options, "map") or not is_string(key_of(options)):
            raise refused("T029", "the options of `fetch` are a map", fetch)
        target = fetch.options.left.value.target
        if isinstance(target, e.MapLiteral) and not target.ordered:
            for entry in target.items:
                name = e.text_key(entry.key)
                found = self.expr(entry.value, scope)
                wanted = _FETCH_OPTIONS.get(name or "")
                if wanted is not None and not unify(found, wanted):
                    raise mismatch(entry.value, wanted, found, "T030")

    def generate(self, generate: e.Generate, scope: Scope) -> Type:
        """Return what `generate` gives: text, an embedding, or a record."""
        for field in generate.fields:
            self.expr(field.value, scope, _GENERATED.get(field.name))
        if generate.target in _TEXT_MODELS:
            return STRING
        if generate.target == "embedding":
            return list_of(FLOAT)
        struct = scope.find_struct(generate.target)
        if struct is None:
            raise refused("T025", f"there is no type `{generate.target}`", generate)
        return struct


def field_of(struct: Struct, name: str, node: tree.Node) -> Type:
    """Return the type of a field or method of a record."""
    found = struct.field_type(name)
    if found is not None:
        return found
    if name in struct.methods:
        return struct.methods[name]
    raise refused("T026", f"`{show(struct)}` has no field `{name}`", node)


def undeclared_effects(what: str, declared: int, found: int, node: tree.Node) -> RefusedError:
    """Return the error for effects that an annotation leaves out."""
    message = f"{what} declares the effects {effects.names_of(declared)}, but has {effects.names_of(found)}"
    return RefusedError("T065", message, node)
