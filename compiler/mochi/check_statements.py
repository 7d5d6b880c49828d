"""Statements and declarations."""

from __future__ import annotations

from . import effects, tree
from . import expressions as e
from .check_calls import check_alias, check_literal_aliases, is_aggregate
from .check_expressions import ExpressionChecks
from .checks import is_bool, is_string, mismatch, refused
from .declare import bind_struct, bind_union
from .environment import Scope
from .import_alias import bound_alias
from .narrowing import narrowings
from .relations import is_assignable, unify
from .types import (
    ANY,
    BOOL,
    INT,
    INT64,
    STRING,
    UNIT,
    Applied,
    Func,
    Struct,
    Type,
    Var,
    a,
    contains_any,
    inner,
    is_,
    show,
)


class StatementChecks(ExpressionChecks):
    """The checks of statements; the classes before it check what they are made of."""

    def statement(self, statement: tree.Statement, scope: Scope, result: Type | None, in_loop: bool) -> None:
        """Check one statement of a function that returns `result`; None where nothing says what."""
        match statement:
            case tree.ExternFun():
                self.extern_fun(statement, scope)
            case tree.ExternVar(parts=parts, type=ref):
                scope.bind(".".join(parts), scope.resolve(ref))
            case tree.Import():
                scope.bind_import(bound_alias(statement))
            case tree.Binding():
                self.binding(statement, scope)
            case tree.Assign():
                self.assign(statement, scope)
            case tree.Fun():
                self.fun(statement, scope)
            case tree.TypeDecl():
                self.type_decl(statement, scope)
            case tree.ExprStatement(value=value):
                self.expr(value, scope)
            case tree.Return(value=value):
                self.return_(statement, value, scope, result)
            case tree.If():
                self.if_(statement, scope, result, in_loop)
            case tree.While(cond=cond, body=body):
                self.condition(cond, scope)
                self.block(body, scope.child(), result, in_loop=True)
            case tree.For():
                self.for_(statement, scope, result)
            case tree.Try(name=name, body=body, handler=handler):
                self.block(body, scope.child(), result, in_loop)
                inside = scope.child()
                inside.bind(name, INT)
                self.block(handler, inside, result, in_loop)
            case tree.Block(body=body):
                self.block(body, scope.child(), result)
            case tree.Expect(value=value):
                if not is_bool(self.expr(value, scope, BOOL)):
                    raise refused("T011", "`expect` takes a `bool`", statement)
            case tree.Jump(word=word):
                if not in_loop:
                    raise refused("T045", f"`{word}` stands in no loop", statement)
            case tree.ExternName() | tree.Logic():
                pass
            case _:
                self.rare_statement(statement, scope, result)

    # --- values ---------------------------------------------------------------------------

    def binding(self, binding: tree.Binding, scope: Scope) -> None:
        """Check `let` and `var`."""
        source = e.bare_name(binding.value) if binding.mutable else ""
        if source and scope.is_mutable(source) is False:
            known = scope.find(source)
            if known is not None and is_aggregate(known):
                raise refused(
                    "T051", f"`{source}` is bound with `let` and cannot be shared with a `var`", binding
                )
        if binding.type is None and binding.value is None:
            raise refused("T000", f"`{binding.name}` needs a type or a value", binding)
        if binding.type is None:
            assert binding.value is not None
            ty = self.expr(binding.value, scope)
        else:
            ty = scope.resolve(binding.type)
            if binding.value is not None:
                found = self.expr(binding.value, scope, ty)
                if not is_assignable(found, ty):
                    raise mismatch(binding, ty, found)
                if binding.mutable:
                    check_alias(binding.value, found, ty, binding)
                    check_literal_aliases(self, binding.value, scope, ty)
        scope.bind(binding.name, ty, binding.mutable)

    def assign(self, assign: tree.Assign, scope: Scope) -> None:
        """Check an assignment to a `var`, an element or a field."""
        ty = scope.find_declared(assign.name)
        mutable = scope.is_mutable(assign.name)
        if ty is None or mutable is None:
            raise refused("T001", f"there is no variable `{assign.name}` to assign to", assign)
        if not mutable:
            raise refused("T024", f"`{assign.name}` is not a `var` and cannot be assigned to", assign)
        for index in assign.indexes:
            ty = self._assigned_element(assign, index, ty, scope)
        for name in assign.fields:
            ty = _assigned_field(assign, name, ty)
        assert assign.value is not None
        found = self.expr(assign.value, scope, ty)
        if not unify(ty, found) and not is_assignable(found, ty):
            message = f"{a(found)} cannot be assigned to `{assign.name}`, {a(ty)}"
            raise refused("T009", message, assign)
        if assign.indexes or assign.fields:
            check_alias(assign.value, found, ty, assign)
            check_literal_aliases(self, assign.value, scope, ty)
        elif not contains_any(found) or ty == ANY:
            scope.bind(assign.name, found, mutable=True)

    def _assigned_element(self, assign: tree.Assign, index: e.Index, ty: Type, scope: Scope) -> Type:
        match ty:
            case Applied(("map" | "omap"), (key, value)):
                self.key(index, key, scope)
                return value
            case Applied("list", (element,)):
                if index.colon:
                    self.integer(index.begin, scope, index)
                    self.integer(index.stop, scope, index)
                    return ty
                if index.begin is None or self.expr(index.begin, scope) not in (INT, INT64):
                    raise refused("T015", "an index is an `int`", index)
                return element
            case _ if ty == STRING:
                self.integer(index.begin, scope, index)
                self.integer(index.stop, scope, index)
                return STRING
            case _ if ty == ANY:
                return ANY
            case _:
                raise refused("T018", f"{a(ty)} has no elements", assign)

    # --- control flow ---------------------------------------------------------------------

    def condition(self, cond: e.Expr, scope: Scope) -> None:
        """Check the condition of `if` and `while`."""
        found = self.expr(cond, scope)
        if not is_bool(found):
            raise refused("T040", f"a condition is a `bool`, not {a(found)}", cond)

    def if_(self, statement: tree.If, scope: Scope, result: Type | None, in_loop: bool) -> None:
        """Check `if`; each arm knows what the condition says about options."""
        self.condition(statement.cond, scope)
        yes, no = narrowings(statement.cond, scope)
        self._arm(statement.then, scope.narrow(yes).child(), result, in_loop)
        if statement.else_if is not None:
            self.if_(statement.else_if, scope.narrow(no), result, in_loop)
        else:
            self._arm(statement.orelse, scope.narrow(no).child(), result, in_loop)

    def _arm(
        self, body: tuple[tree.Statement, ...], scope: Scope, result: Type | None, in_loop: bool
    ) -> None:
        for statement in body:
            self.statement(statement, scope, result, in_loop)
            if effects.has_impure_call(statement, scope):
                scope.forget_mutable()

    def for_(self, loop: tree.For, scope: Scope, result: Type | None) -> None:
        """Check `for`: over a range, or over what has elements."""
        found = self.expr(loop.source, scope)
        if loop.stop is not None:
            stop = self.expr(loop.stop, scope)
            for ty in (found, stop):
                if not (unify(ty, INT) or unify(ty, INT64)):
                    raise refused("T023", f"the ends of a range are `int`s, not {a(ty)}", loop)
            element: Type = INT64 if found == INT64 else INT
        elif is_(found, "list", "set", "map", "omap"):
            assert isinstance(found, Applied)
            element = found.args[0]
        elif found == STRING:
            element = STRING
        else:
            raise refused("T022", f"{a(found)} cannot be gone through", loop)
        inside = scope.child()
        inside.bind(loop.name, element, mutable=True)
        self.block(loop.body, inside, result, in_loop=True)

    def return_(self, node: tree.Node, value: e.Expr | None, scope: Scope, result: Type | None) -> None:
        """Check `return` against what the function gives."""
        if value is None:
            if result is None or not unify(UNIT, result):
                raise mismatch(node, UNIT if result is None else result, UNIT, "T010")
            return
        found = self.expr(value, scope, result)
        if result is None:
            if found != ANY:
                raise refused("T010", f"nothing takes the `{show(found)}` returned here", node)
        elif not unify(found, result):
            raise mismatch(node, result, found, "T010")

    # --- declarations ---------------------------------------------------------------------

    def extern_fun(self, extern: tree.ExternFun, scope: Scope) -> None:
        """Bind an extern function; a dotted one binds its first part too, if nothing has yet."""
        params = tuple(scope.resolve_or_any(param.type) for param in extern.params)
        scope.bind(extern.name, Func(params, scope.resolve_or_any(extern.result)))
        root = extern.parts[0]
        if extern.kind == "extern_fun" and len(extern.parts) > 1 and scope.find(root) is None:
            scope.bind(root, ANY)

    def fun(self, fun: tree.Fun, scope: Scope) -> None:
        """Check a function where it stands, and bind its name."""
        outer = scope
        if fun.type_params:
            outer = scope.child()
            outer.type_params = {name: Var(name) for name in fun.type_params}
        params = tuple(outer.resolve_or_any(param.type) for param in fun.params)
        result = outer.resolve_or_any(fun.result)
        found = effects.of_function(fun.params, fun.body, scope)
        if fun.effects:
            found = effects.bits_of(fun.effects)
        scope.bind(fun.name, Func(params, result, found, None, fun.type_params))
        scope.functions.add(fun.name)
        inside = outer.child()
        for param, ty in zip(fun.params, params, strict=True):
            inside.bind(param.name, ty, mutable=True)
        self.block(fun.body, inside, result)

    def type_decl(self, decl: tree.TypeDecl, scope: Scope) -> None:
        """Declare a type; what it names has to be known, unless a stub was made for it before."""
        if decl.alias is not None:
            scope.types[decl.name] = scope.resolve(decl.alias)
        elif decl.members:
            self._record(decl, scope)
        else:
            bind_union(decl, scope)

    def _record(self, decl: tree.TypeDecl, scope: Scope) -> None:
        bind_struct(Struct(decl.name), scope)
        fields = tuple(
            (each.name, scope.resolve(each.type)) for each in decl.members if isinstance(each, tree.Field)
        )
        own = [each for each in decl.members if isinstance(each, tree.Fun)]
        methods: dict[str, Func] = {}
        for method in own:
            untyped = next((param.name for param in method.params if param.type is None), None)
            if untyped is not None:
                raise refused("T005", f"the parameter `{untyped}` needs a type", method)
            params = tuple(scope.resolve_or_any(param.type) for param in method.params)
            methods[method.name] = Func(
                params, UNIT if method.result is None else scope.resolve(method.result)
            )
        for method in own:
            ty = methods[method.name]
            inside = scope.child()
            for name, value in (*fields, *methods.items()):
                inside.bind(name, value, mutable=True)
            for param, value in zip(method.params, ty.params, strict=False):
                inside.bind(param.name, value, mutable=True)
            self.block(method.body, inside, ty.result)
            found = effects.of_function(method.params, method.body, inside)
            methods[method.name] = Func(ty.params, ty.result, found)
        bind_struct(Struct(decl.name, fields, methods), scope)

    # --- streams, agents, models ----------------------------------------------------------

    def rare_statement(self, statement: tree.Statement, scope: Scope, result: Type | None) -> None:
        """Check what shims and most programs do not use."""
        match statement:
            case tree.StreamType(name=name, fields=fields):
                struct = Struct(name, tuple((each.name, scope.resolve(each.type)) for each in fields))
                scope.streams[name] = struct
                bind_struct(struct, scope)
            case tree.Agent():
                self._agent(statement, scope)
            case tree.On(stream=stream, name=name, body=body):
                inside = scope.child()
                inside.bind(name, _stream(stream, scope, statement), mutable=True)
                self.block(body, inside, result)
            case tree.Emit(stream=stream, fields=values):
                struct = _stream(stream, scope, statement)
                for each in values:
                    expected = struct.field_type(each.name)
                    if expected is None:
                        raise refused("T026", f"`{stream}` has no field `{each.name}`", each)
                    self.expr(each.value, scope, expected)
            case tree.EmitCall(stream=source, value=value):
                found = self.expr(source, scope, ANY)
                self.expr(value, scope, inner(found) if is_(found, "stream") else ANY)
            case tree.Model(fields=values):
                for each in values:
                    self.expr(each.value, scope)
            case tree.FetchInto(url=url, options=options, target=target):
                self.expr(url, scope, STRING)
                if options is not None:
                    self.expr(options, scope)
                scope.bind(target, ANY)
            case tree.Update():
                self._update(statement, scope)
            case _:
                raise AssertionError(f"{type(statement).__name__} is handled by `statement`")

    def _agent(self, agent: tree.Agent, scope: Scope) -> None:
        fields: list[tuple[str, Type]] = []
        methods: dict[str, Func] = {}
        for part in agent.body:
            match part:
                case tree.Binding(name=name, type=ref):
                    fields.append((name, scope.resolve_or_any(ref)))
                case tree.Fun():
                    params = tuple(scope.resolve_or_any(param.type) for param in part.params)
                    found = effects.of_function(part.params, part.body, scope)
                    methods[part.name] = Func(params, scope.resolve_or_any(part.result), found)
                case _:
                    pass
        bind_struct(Struct(agent.name, tuple(fields), methods), scope)
        scope.agents.add(agent.name)

    def _update(self, update: tree.Update, scope: Scope) -> None:
        ty = scope.find(update.target)
        if ty is None:
            raise refused("T001", f"there is no variable `{update.target}` to update", update)
        if not is_(ty, "list"):
            raise refused("T032", f"`update` goes over a list, not over {a(ty)}", update)
        struct = inner(ty)
        if not isinstance(struct, Struct):
            raise refused(None, f"`update` works on records, not on {a(struct)}", update)
        inside = scope.child()
        for name, field_type in struct.fields:
            inside.bind(name, field_type, mutable=True)
        for entry in update.values.items:
            key = e.text_key(entry.key)
            if key is None:
                continue
            expected = struct.field_type(key)
            if expected is None:
                raise refused("T026", f"`{show(struct)}` has no field `{key}`", entry)
            found = self.expr(entry.value, inside)
            if not unify(expected, found):
                raise mismatch(entry.value, expected, found)
        if update.where is not None:
            self.expr(update.where, inside, BOOL)


def _stream(name: str, scope: Scope, node: tree.Node) -> Struct:
    found = scope.find_stream(name)
    if found is None:
        raise refused("T031", f"there is no stream `{name}`", node)
    return found


def _assigned_field(assign: tree.Assign, name: str, ty: Type) -> Type:
    if ty == ANY:
        return ANY
    if isinstance(ty, Struct):
        if (found := ty.field_type(name)) is not None:
            return found
        raise refused("T026", f"`{show(ty)}` has no field `{name}`", assign)
    if is_(ty, "map") and is_string(ty.args[0] if isinstance(ty, Applied) else ANY):
        return inner(ty)
    raise refused("T027", f"{a(ty)} has no fields", assign)
