"""The functions that every Mochi program knows, and what the checker asks of their arguments."""

from __future__ import annotations

import re
from functools import cache

from . import tree
from .effects import bits_of
from .environment import RefusedError, Scope
from .parser import parse
from .types import (
    ANY,
    BIGINT,
    BOOL,
    FLOAT,
    INT,
    STRING,
    Applied,
    Func,
    Type,
    Var,
    a,
    inner,
    is_,
    is_numeric,
    show,
)

_SIGNATURES = """
print(...any) ! io
panic(int, string)
len(any): int
append<T>(list<T>, T): list<T>
concat<T>(...list<T>): list<T>
first<T>(list<T>): T?
reverse(any): any
distinct<T>(list<T>): list<T>
push<T>(list<T>, T): list<T>
keys<K, V>(map<K, V>): list<K>
values<K, V>(map<K, V>): list<V>
has<K, V>(map<K, V>, K): bool
add<A>(set<A>, A): set<A>
collect<T>(list<T>): list<T>
range(...int): list<int>
now(): int64 ! time
json(any) ! io
to_json(any): string
str(any): string
parseIntStr(string, int): int
int(any): int
upper(string): string
lower(any): string
trim(string): string
contains(string, string): bool
split(string, string): list<string>
join(list<string>, string): string
substring(string, int, int): string
padStart(string, int, string): string
substr(string, int, int): string
indexOf(string, string): int
repeat(string, int): string
sha256(any): list<int>
num(any): bigint
denom(any): bigint
input(): string ! io
count(any): int
exists(any): bool
avg(any): float
abs(any): any
ceil(any): float
floor(any): float
sum(any): int
min<T>(list<T>): T
max<T>(list<T>): T
round(float, int): float
reduce<A, B>(list<A>, fun(B, A): B, B): B
json_decode(string): map<string, string>
map<A, B>(list<A>, fun(A): B): list<B>
filter<A>(list<A>, fun(A): bool): list<A>
eval(string): any ! meta
readFile(string): string ! io
writeFile(string, string) ! io
appendFile(string, string) ! io
lines(string): list<string> ! io
loadCSV(string): list<list<string>> ! io
saveCSV(string, list<list<string>>) ! io
make_chan(int): chan<any>
send<T>(chan<T>, T)
recv<T>(chan<T>): T
make_stream(int): stream<any>
subscribe<T>(stream<T>): sub<T>
recv_sub<T>(sub<T>): T
subscribe_limit<T>(stream<T>, int): sub<T>
await_all<T>(list<future<T>>): list<T>
"""

_ARITY: dict[str, int] = {
    **dict.fromkeys(("now", "input"), 0),
    **dict.fromkeys(
        [
            "json",
            "to_json",
            "str",
            "int",
            "upper",
            "lower",
            "reverse",
            "distinct",
            "trim",
            "eval",
            "len",
            "count",
            "exists",
            "avg",
            "abs",
            "ceil",
            "floor",
            "sum",
            "min",
            "max",
            "keys",
            "values",
            "first",
            "sha256",
            "num",
            "denom",
        ],
        1,
    ),
    **dict.fromkeys(["parseIntStr", "contains", "split", "join", "append", "push", "indexOf", "repeat"], 2),
    **dict.fromkeys(("reduce", "substring", "padStart"), 3),
}

_SIGNATURE = re.compile(
    r"(?P<name>\w+)(?:<(?P<vars>[\w, ]+)>)?\((?:\.\.\.(?P<rest>[^()]+)|(?P<params>.*))\)"
    r"(?:: (?P<result>[^!]+?))?(?: ! (?P<effects>\w+))?"
)


@cache
def builtin_functions() -> dict[str, Func]:
    """Return the builtin functions by name."""
    found = [match for line in _SIGNATURES.split("\n") if (match := _SIGNATURE.fullmatch(line))]
    text = "".join(
        f"type B = fun({match['rest'] or match['params'] or ''}): {match['result'] or 'unit'}\n"
        for match in found
    )
    functions: dict[str, Func] = {}
    for match, alias in zip(found, parse(text).program.statements, strict=True):
        assert isinstance(alias, tree.TypeDecl)
        assert alias.alias is not None
        names = tuple((match["vars"] or "").replace(",", "").split())
        ty = Scope(type_params={name: Var(name) for name in names}).resolve(alias.alias)
        assert isinstance(ty, Func)
        effects = bits_of((match["effects"],)) if match["effects"] else 0
        if match["rest"]:
            functions[match["name"]] = Func((), ty.result, effects, ty.params[0], names)
        else:
            functions[match["name"]] = Func(ty.params, ty.result, effects, None, names)
    return functions


def check_builtin_arity(name: str, count: int, node: tree.Node) -> None:
    """Refuse a call of a builtin with another number of arguments than it has."""
    expected = _ARITY.get(name, count)
    if count != expected:
        raise RefusedError("T039", f"`{name}` takes {_count(expected)}, not {count}", node)


def check_builtin_arguments(name: str, args: list[Type], node: tree.Node) -> None:
    """Refuse arguments that the builtin `name` cannot work on.

    The number of arguments is that of the declared function, which an extern of the same name
    may have changed; Mochi judges by the name alone.
    """
    wanted = _CHECKED_ARITY.get(name, len(args))
    if name == "range" and not 1 <= len(args) <= 3:
        wanted = 1
    if len(args) != wanted:
        raise RefusedError("T039", f"`{name}` takes {_count(wanted)}, not {len(args)}", node)
    if problem := _find_problem(name, args):
        raise RefusedError(*problem, node)


_CHECKED_ARITY = {"collect": 1} | {
    name: count for name, count in _ARITY.items() if name not in ("trim", "contains", "split", "join")
}


def _find_problem(name: str, args: list[Type]) -> tuple[str | None, str] | None:
    """Return the code, if there is one, and the message for the first bad argument."""
    first = args[0] if args else ANY
    match name:
        case "int" if first not in (STRING, INT, FLOAT, ANY):
            return None, f"`int` takes a number or a string, not `{show(first)}`"
        case "eval" if first != STRING:
            return _mismatch(0, STRING, first)
        case "len" if not (is_(first, "list", "map", "omap", "set", "group") or first in (STRING, ANY)):
            return "T036", f"{a(first)} has no length"
        case "count" if not (is_(first, "list", "group") or first == ANY):
            return "T037", f"`count` takes a list or a group, not `{show(first)}`"
        case "exists" if not (is_(first, "list", "map", "group") or first in (STRING, ANY)):
            return None, f"`exists` takes a list, a map or a string, not `{show(first)}`"
        case "avg" | "sum":
            element = inner(first) if is_(first, "list", "group") else first
            listed = is_(first, "list", "group")
            if first != ANY and not (listed and _is_summable(element)):
                return "T038" if name == "avg" else "T041", f"`{name}` takes numbers, not `{show(element)}`"
        case "abs" | "ceil" | "floor" | "num" | "denom" if not is_numeric(first):
            return None, f"`{name}` takes a number, not `{show(first)}`"
        case "min" | "max":
            if first != ANY and not (is_(first, "list", "group") and _is_summable(inner(first))):
                return None, f"`{name}` takes a list of numbers, not `{show(first)}`"
        case "keys" | "values" if not (is_(first, "map", "omap") or first == ANY):
            return None, f"`{name}` takes a map, not `{show(first)}`"
        case "collect" if not (is_(first, "list", "group") or first == ANY):
            return None, f"`collect` takes a list or a group, not `{show(first)}`"
        case "concat":
            wrong = next((each for each in args if not (is_(each, "list") or each == ANY)), None)
            if wrong is not None:
                return None, f"`concat` takes lists, not `{show(wrong)}`"
        case "append" | "push" | "first" | "distinct" | "reduce" if not (is_(first, "list") or first == ANY):
            return None, f"`{name}` takes a list, not `{show(first)}`"
        case "reverse" if not (is_(first, "list") or first in (STRING, ANY)):
            return None, f"`reverse` takes a list or a string, not `{show(first)}`"
        case "sha256" if not (is_(first, "list") or first in (STRING, ANY)):
            return None, f"`sha256` takes a string or a list, not `{show(first)}`"
        case "range":
            return _first_other(args, 0, INT, (INT, ANY))
        case "parseIntStr" | "repeat":
            return _first_other(args[:1], 0, STRING, (STRING, ANY)) or _indices(args, 1)
        case "indexOf":
            return _first_other(args, 0, STRING, (STRING, ANY))
        case "substring" | "padStart":
            if first not in (STRING, ANY):
                return None, f"`{name}` takes a string, not `{show(first)}`"
            if name == "substring":
                return _indices(args, 1)
            return _indices(args[:2], 1) or _first_other(args[2:], 2, STRING, (STRING, ANY))
        case _:
            pass
    return None


def _indices(args: list[Type], start: int) -> tuple[str | None, str] | None:
    return _first_other(args[start:], start, INT, (INT, ANY, BIGINT))


def _first_other(
    args: list[Type], start: int, wanted: Type, allowed: tuple[Type, ...]
) -> tuple[str | None, str] | None:
    for index, arg in enumerate(args, start):
        if arg not in allowed:
            return _mismatch(index, wanted, arg)
    return None


def _mismatch(index: int, wanted: Type, found: Type) -> tuple[str, str]:
    return "T007", f"argument {index + 1} is {a(found)}, where `{show(wanted)}` is expected"


def _is_summable(ty: Type) -> bool:
    return is_numeric(ty) or ty in (ANY, STRING, BOOL)


def _count(number: int) -> str:
    return "1 argument" if number == 1 else f"{number or 'no'} arguments"


def result_of(name: str, args: list[Type], declared: Type) -> Type:
    """Return what a call of builtin `name` gives, where its arguments say more than `declared`."""
    if len(args) != 1:
        return declared
    match name, args[0]:
        case "keys", Applied(("map" | "omap"), (key, _)):
            return Applied("list", (key,))
        case "values", Applied(("map" | "omap"), (_, value)):
            return Applied("list", (value,))
        case "reverse", ty if is_(ty, "list") or ty == STRING:
            return ty
        case _:
            return declared
