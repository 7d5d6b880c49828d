"""Conditions of `if` statements, decided for a target where type checkers decide them.

What may be decided is what the typing specification lists ("version and platform
checks"): `sys.version_info`, `sys.platform`, `sys.implementation.name`, `os.name`, `TYPE_CHECKING`,
constants, and `not`, `and`, `or` over them. All else is undecided, and both branches count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ...ir.dist import Target
from .scopes import Scope
from .source_text import SourceText, decode_int, decode_string

if TYPE_CHECKING:
    from tree_sitter import Node

_Value: TypeAlias = bool | int | str | tuple[int, ...]

_MAX_DEPTH = 40
# The micro version is not part of a target; stubs do not look at it.
_MICRO = 0


def evaluate_condition(node: Node, text: SourceText, scope: Scope, target: Target) -> bool | None:
    """Return whether the condition holds for `target`, or None where that is not decided."""
    return _evaluate(node, text, scope, target, 0)


def sys_platform(target: Target) -> str:
    """Return `sys.platform` of `target`."""
    system = target.platform.partition("-")[0]
    known = {"macos": "darwin", "windows": "win32", "pyodide": "emscripten", "musllinux": "linux"}
    return known.get(system, system)


def _evaluate(node: Node, text: SourceText, scope: Scope, target: Target, depth: int) -> bool | None:
    if depth > _MAX_DEPTH:
        return None
    kind = node.type
    children = node.named_children
    if kind == "parenthesized_expression" and len(children) == 1:
        return _evaluate(children[0], text, scope, target, depth + 1)
    if kind == "not_operator" and children:
        inner = _evaluate(children[0], text, scope, target, depth + 1)
        return None if inner is None else not inner
    if kind == "boolean_operator" and len(node.children) == 3:
        left = _evaluate(node.children[0], text, scope, target, depth + 1)
        right = _evaluate(node.children[2], text, scope, target, depth + 1)
        if node.children[1].type == "and":
            return False if False in (left, right) else None if None in (left, right) else True
        return True if True in (left, right) else None if None in (left, right) else False
    if kind == "comparison_operator":
        return _compare(node, text, scope, target)
    if kind == "call":
        return _starts_with(node, text, scope, target)
    value = _value(node, text, scope, target)
    return None if value is None else bool(value)


def _compare(node: Node, text: SourceText, scope: Scope, target: Target) -> bool | None:
    """Evaluate `a < b`, and `a < b < c` as `a < b and b < c`."""
    children = node.children
    result: bool | None = True
    for index in range(0, len(children) - 2, 2):
        left, operator, right = children[index : index + 3]
        holds = _compare_pair(left, operator.type, right, text, scope, target)
        if holds is False:
            return False
        result = None if holds is None else result
    return result


def _compare_pair(
    left_node: Node, operator: str, right_node: Node, text: SourceText, scope: Scope, target: Target
) -> bool | None:
    left = _value(left_node, text, scope, target)
    if left is None:
        return None
    if operator in ("in", "not in") and right_node.type in ("tuple", "list", "set"):
        members = [_value(member, text, scope, target) for member in right_node.named_children]
        if None in members:
            return None
        return (left in members) is (operator == "in")
    right = _value(right_node, text, scope, target)
    if right is None or type(left) is not type(right):
        return None
    if operator == "==":
        return left == right
    if operator == "!=":
        return left != right
    if isinstance(left, str) or isinstance(right, str):
        return None
    return _order(left, operator, right)


def _order(left: int | tuple[int, ...], operator: str, right: int | tuple[int, ...]) -> bool | None:
    first = left if isinstance(left, tuple) else (left,)
    second = right if isinstance(right, tuple) else (right,)
    match operator:
        case ">=":
            return first >= second
        case "<":
            return first < second
        case ">":
            return first > second
        case "<=":
            return first <= second
        case _:
            return None


def _value(node: Node, text: SourceText, scope: Scope, target: Target) -> _Value | None:
    kind = node.type
    source = text.slice(node.start_byte, node.end_byte)
    if kind == "true":
        return True
    if kind == "false":
        return False
    if kind == "integer":
        return decode_int(source)
    if kind == "string":
        decoded = decode_string(source)
        return decoded if isinstance(decoded, str) else None
    if kind == "tuple":
        numbers = [decode_int(text.slice(c.start_byte, c.end_byte)) for c in node.named_children]
        return None if None in numbers else tuple(n for n in numbers if n is not None)
    if kind in ("identifier", "attribute"):
        return _named_value(scope.qualify(source), target)
    if kind == "subscript":
        return _version_part(node, text, scope, target)
    return None


def _named_value(path: str, target: Target) -> _Value | None:
    if path == "sys.version_info":
        # The final release of the series: greater than any (major, minor) alone.
        return (*target.python, _MICRO)
    if path == "sys.version_info.major":
        return target.python[0]
    if path == "sys.version_info.minor":
        return target.python[1]
    if path == "sys.platform":
        return sys_platform(target)
    if path in ("sys.implementation.name", "platform.python_implementation"):
        return target.implementation
    if path == "os.name":
        return "nt" if sys_platform(target) == "win32" else "posix"
    last = path.rpartition(".")[2]
    if last == "TYPE_CHECKING" or path == "builtins.__debug__":
        return True
    if last == "__name__":
        return "" if path.startswith("builtins.") else path.rpartition(".")[0]
    return None


def _version_part(node: Node, text: SourceText, scope: Scope, target: Target) -> _Value | None:
    """Evaluate `sys.version_info[0]`, `[:2]` and `[0:2]`."""
    children = node.named_children
    if len(children) != 2:
        return None
    version = _value(children[0], text, scope, target)
    if not isinstance(version, tuple):
        return None
    index = text.slice(children[1].start_byte, children[1].end_byte).replace(" ", "")
    if index in ("0", "1"):
        return version[int(index)]
    if index in (":1", "0:1"):
        return version[:1]
    if index in (":2", "0:2"):
        return version[:2]
    return version if index in (":3", "0:3") else None


def _starts_with(node: Node, text: SourceText, scope: Scope, target: Target) -> bool | None:
    """Evaluate `sys.platform.startswith("…")`, with one prefix or a tuple of them."""
    children = node.named_children
    if len(children) != 2 or children[0].type != "attribute":
        return None
    callee = scope.qualify(text.slice(children[0].start_byte, children[0].end_byte))
    if callee == "platform.python_implementation":
        return None
    owner, _, method = callee.rpartition(".")
    subject = _named_value(owner, target) if method == "startswith" else None
    arguments = children[1].named_children
    if not isinstance(subject, str) or len(arguments) != 1:
        return None
    prefixes = arguments[0].named_children if arguments[0].type == "tuple" else [arguments[0]]
    decoded = [decode_string(text.slice(p.start_byte, p.end_byte)) for p in prefixes]
    if not all(isinstance(prefix, str) for prefix in decoded):
        return None
    return subject.startswith(tuple(prefix for prefix in decoded if isinstance(prefix, str)))
