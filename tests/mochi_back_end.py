"""What Mochi's Python back end makes of a program, for the part of the language that linked programs use.

Written from measured facts (MEP-51): which programs it refuses, how the generated module imports and calls
externs, which exceptions `catch` sees, how values print. `build` writes the tree that Mochi writes, with a
`mochi_runtime` of our own beside it, so that `python -m mochi_user_<program>` runs it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from attrs import define, field

from mochic_py.compiler.mochi import expressions as e
from mochic_py.compiler.mochi import tree
from mochic_py.compiler.mochi.checker import check_text
from mochic_py.compiler.mochi.dump import show_ref

SCALARS = ("int", "float", "bool", "string")

RUNTIME = {
    "__init__.py": "",
    "io.py": """
from .fmt import str_from


class Print:
    @staticmethod
    def line(value):
        print(str_from(value))
""",
    "fmt.py": """
def float_str(value):
    return str(int(value)) if value == value and abs(value) < 1e15 and value == int(value) else repr(value)


def str_from(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return float_str(value) if isinstance(value, float) else str(value)
""",
    "math.py": """
def fdiv(left, right):
    return left / right if right else float("nan") if left == 0 else float("inf") * (1 if left > 0 else -1)
""",
    "except_.py": """
class MochiPanic(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


def _panic_code(error):
    if isinstance(error, MochiPanic):
        return error.code
    return 5 if isinstance(error, ZeroDivisionError) else 4
""",
}


class RefusedError(Exception):
    """The back end does not take the program."""


def build(program: Path, out: Path) -> str:
    """Build `program` into `out`; return the module to run. Raises `RefusedError`."""
    name = program.name.removesuffix(".mochi").replace("-", "_")
    verdict = check_text(program.read_text("utf-8"))
    if not verdict.checks or verdict.program is None:
        raise RefusedError(f"check: {verdict.problems}")
    text, uses_python = Lowering(name).module(verdict.program)
    source = out / "src"
    package = source / f"mochi_user_{name}"
    (package / "generated").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    main = f"from .generated.{name} import main\n\nif __name__ == '__main__':\n    main()\n"
    (package / "__main__.py").write_text(main)
    (package / "generated" / "__init__.py").write_text("")
    (package / "generated" / f"{name}.py").write_text(text, "utf-8")
    if uses_python:
        sidecar = program.with_name(f"{name}_externs.py")
        if not sidecar.exists():
            raise RefusedError(f"extern python fun declared but sidecar {sidecar.name} not found")
        shutil.copyfile(sidecar, source / f"mochi_user_{name}_externs.py")
    runtime = out / "runtime" / "mochi_runtime"
    runtime.mkdir(parents=True)
    for file, content in RUNTIME.items():
        (runtime / file).write_text(content.lstrip(), "utf-8")
    return f"mochi_user_{name}"


@define
class Lowering:
    """One program; types are written as Mochi writes them."""

    name: str
    externs: dict[str, tuple[list[str], str]] = field(factory=dict)
    functions: dict[str, tuple[list[str], str]] = field(factory=dict)
    lifted: list[str] = field(factory=list)
    result: str = "unit"

    def module(self, program: tree.Program) -> tuple[str, bool]:
        for node in program.statements:
            if isinstance(node, tree.ExternFun):
                if node.kind != "extern_python_fun":
                    raise RefusedError(f"{node.kind} {node.name}")
                if node.name in self.externs:
                    raise RefusedError(f"redeclaration of {node.name}")
                params = [self.extern_param(each) for each in node.params]
                result = "unit" if node.result is None else show_ref(node.result)
                if result not in (*SCALARS, "unit"):
                    raise RefusedError(f"result of {node.name}: {result}")
                self.externs[node.name] = params, result
            elif isinstance(node, tree.Fun):
                if node.name == "main" or node.result is None or node.type_params or node.effects:
                    raise RefusedError(f"fun {node.name}")
                params = [self.annotation(each.type) for each in node.params]
                self.functions[node.name] = params, self.annotation(node.result)
        functions: list[str] = []
        for node in program.statements:
            if isinstance(node, tree.Fun):
                functions += self.function(node)
        rest = [each for each in program.statements if not isinstance(each, tree.Fun | tree.ExternFun)]
        self.result = "unit"
        main = ["def main() -> None:", *self.block(rest, {}, 1)]
        head = [
            "from __future__ import annotations",
            "from mochi_runtime.io import Print",
            "from mochi_runtime.math import fdiv",
            "from mochi_runtime.fmt import str_from",
            "from mochi_runtime.except_ import MochiPanic, _panic_code",
        ]
        if self.externs:
            # All of them, used or not, in one import.
            names = ", ".join(sorted(self.externs))
            head.append(f"from mochi_user_{self.name}_externs import {names}")
        return "\n".join([*head, *self.lifted, *functions, *main, ""]), bool(self.externs)

    def extern_param(self, param: tree.Param) -> str:
        text = self.annotation(param.type)
        if text not in SCALARS and not text.startswith("fun("):
            raise RefusedError(f"parameter {param.name}: {text} does not cross")
        return "fun" if text.startswith("fun(") else text

    def annotation(self, ref: tree.TypeRef | None) -> str:
        if ref is None:
            raise RefusedError("a type is missing")
        if ref.fun is not None:
            for each in (*ref.fun.params, *([ref.fun.result] if ref.fun.result else [])):
                if show_ref(each) not in (*SCALARS, "unit"):
                    raise RefusedError(f"fun over {show_ref(each)}")
        elif ref.optional or (ref.name not in (*SCALARS, "unit") and ref.generic is None):
            raise RefusedError(f"type {show_ref(ref)}")
        return show_ref(ref)

    def function(self, node: tree.Fun) -> list[str]:
        params, self.result = self.functions[node.name]
        scope = {param.name: ty for param, ty in zip(node.params, params, strict=True)}
        names = ", ".join(param.name for param in node.params)
        return [f"def mochi__{node.name}({names}):", *self.block(node.body, scope, 1)]

    # --- statements -------------------------------------------------------------------------

    def block(self, statements, scope: dict[str, str], depth: int) -> list[str]:
        scope = dict(scope)
        lines = [f"{'    ' * depth}{line}" for each in statements for line in self.statement(each, scope)]
        return lines or ["    " * depth + "pass"]

    def statement(self, node: tree.Statement, scope: dict[str, str]) -> list[str]:
        match node:
            case tree.ExternFun():
                return []
            case tree.Binding(name=name, value=value) if value is not None:
                if node.type is not None:
                    self.annotation(node.type)
                text, ty = self.expr(value, scope)
                scope[name] = ty
                return [f"{name} = {text}"]
            case tree.Assign(name=name, indexes=(), fields=(), value=value):
                text, ty = self.expr(value, scope)
                if scope.get(name) != ty:
                    raise RefusedError(f"assignment of {ty} to {name}")
                return [f"{name} = {text}"]
            case tree.Return(value=value):
                if value is None:
                    return ["return"]
                text, ty = self.expr(value, scope)
                if ty != self.result:
                    raise RefusedError(f"return of {ty}, not {self.result}")
                return [f"return {text}"]
            case tree.If(cond=cond, then=then, else_if=else_if, orelse=orelse):
                lines = [f"if {self.typed(cond, 'bool', scope)}:", *self.block(then, scope, 1)]
                other = [else_if] if else_if is not None else orelse
                return [*lines, "else:", *self.block(other, scope, 1)] if other else lines
            case tree.While(cond=cond, body=body):
                return [f"while {self.typed(cond, 'bool', scope)}:", *self.block(body, scope, 1)]
            case tree.For(name=name, source=source, stop=stop, body=body):
                if stop is None:
                    text, ty = self.expr(source, scope)
                    if not ty.startswith("list<"):
                        raise RefusedError(f"for over {ty}")
                    element, head = ty[5:-1], f"for {name} in {text}:"
                else:
                    first, last = (self.typed(each, "int", scope) for each in (source, stop))
                    element, head = "int", f"for {name} in range({first}, {last}):"
                return [head, *self.block(body, {**scope, name: element}, 1)]
            case tree.Try(name=name, body=body, handler=handler):
                caught = {**scope, name: "int"}
                return [
                    "try:",
                    *self.block(body, scope, 1),
                    "except (MochiPanic, ZeroDivisionError, IndexError) as __mp:",
                    f"    {name} = _panic_code(__mp)",
                    *self.block(handler, caught, 1),
                ]
            case tree.Jump(word=word):
                return [word]
            case tree.ExprStatement(value=value):
                call = e.bare(value)
                if not isinstance(call, e.Call):
                    raise RefusedError("a statement that is no bare call")
                if call.name == "print":
                    if len(call.args) != 1:
                        raise RefusedError("print takes one argument")
                    text, ty = self.expr(call.args[0], scope)
                    if ty not in SCALARS:
                        raise RefusedError(f"print of {ty}")
                    return [f"Print.line({text})"]
                return [self.call(call, scope)[0]]
            case _:
                raise RefusedError(f"statement {type(node).__name__}")

    # --- expressions ------------------------------------------------------------------------

    def typed(self, node: e.Expr, wanted: str, scope: dict[str, str]) -> str:
        text, ty = self.expr(node, scope)
        if ty != wanted:
            raise RefusedError(f"{ty} where {wanted} is wanted")
        return text

    def expr(self, node: e.Expr, scope: dict[str, str]) -> tuple[str, str]:
        """Lower operands and operators from left to right: the back end knows no precedence."""
        left, ty = self.unary(node.left, scope)
        for each in node.rest:
            right, other = self.unary(each.right, scope)
            if ty != other or ty not in SCALARS:
                raise RefusedError(f"{ty} {each.op} {other}")
            if each.op in ("&&", "||"):
                left = f"({left} {'and' if each.op == '&&' else 'or'} {right})"
            elif each.op in ("==", "!=", "<", "<=", ">", ">="):
                if ty in ("bool", "string") and each.op not in ("==", "!="):
                    raise RefusedError(f"{each.op} of {ty}")
                left, ty = f"({left} {each.op} {right})", "bool"
            elif each.op == "/" and ty == "float":
                left = f"fdiv({left}, {right})"
            elif ty in ("int", "float") or (ty == "string" and each.op == "+"):
                left = f"({left} {'//' if each.op == '/' else each.op} {right})"
            else:
                raise RefusedError(f"{each.op} of {ty}")
        return left, ty

    def unary(self, node: e.Unary, scope: dict[str, str]) -> tuple[str, str]:
        if node.value.ops:
            raise RefusedError(f"postfix {type(node.value.ops[0]).__name__}")
        text, ty = self.primary(node.value.target, scope)
        for op in reversed(node.ops):
            text = f"(-{text})" if op == "-" else f"(not {text})"
        return text, ty

    def primary(self, node: e.Primary, scope: dict[str, str]) -> tuple[str, str]:
        match node:
            case e.Group(value=value):
                text, ty = self.expr(value, scope)
                return f"({text})", ty
            case e.Literal(kind="text", value=value):
                return repr(value), "string"
            case e.Literal(kind="bool", value=value):
                return value.capitalize(), "bool"
            case e.Literal(kind="int", value=value):
                return str(int(value, 0)), "int"
            case e.Literal(kind="float", value=value):
                # A whole float loses its point on the way.
                number = float(value)
                return (str(int(number)) if number == int(number) else repr(number)), "float"
            case e.Selector(root=root, tail=()):
                if root in scope:
                    return root, scope[root]
                if root in self.functions:
                    return f"mochi__{root}", "fun"
                raise RefusedError(f"undeclared variable {root}")
            case e.FunExpr(params=params, value=e.Expr() as value, result=result):
                inside = {param.name: self.annotation(param.type) for param in params}
                text = self.typed(value, self.annotation(result), inside)
                name = f"__anon_{len(self.lifted)}"
                names = ", ".join(param.name for param in params)
                self.lifted.append(f"def {name}({names}): return {text}")
                return name, "fun"
            case e.ListLiteral(items=items) if items:
                parts = [self.expr(each, scope) for each in items]
                if len({ty for _, ty in parts}) > 1:
                    raise RefusedError("a list of several types")
                return f"[{', '.join(text for text, _ in parts)}]", f"list<{parts[0][1]}>"
            case e.Call():
                return self.call(node, scope)
            case _:
                raise RefusedError(f"expression {type(node).__name__}")

    def call(self, node: e.Call, scope: dict[str, str]) -> tuple[str, str]:
        if node.name == "str" and len(node.args) == 1:
            return f"str_from({self.expr(node.args[0], scope)[0]})", "string"
        if node.name == "len" and len(node.args) == 1:
            return f"len({self.expr(node.args[0], scope)[0]})", "int"
        known = self.externs.get(node.name) or self.functions.get(node.name)
        if known is None:
            raise RefusedError(f"call of {node.name}")
        params, result = known
        if len(params) != len(node.args):
            raise RefusedError(f"{node.name} takes {len(params)} arguments")
        parts = []
        for wanted, argument in zip(params, node.args, strict=True):
            text, ty = self.expr(argument, scope)
            if ty != wanted and not (wanted.startswith("fun") and ty == "fun"):
                raise RefusedError(f"{node.name}: {ty} where {wanted} is wanted")
            parts.append(text)
        name = node.name if node.name in self.externs else f"mochi__{node.name}"
        return f"{name}({', '.join(parts)})", result
