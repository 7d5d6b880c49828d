"""The imports and declarations of a program as plain data, in the order of the text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from . import tree


def list_imports(program: tree.Program, line_of: Callable[[int], int]) -> list[dict[str, object]]:
    """Return `lang`, `spec`, `alias`, `auto`, `line` of every import; `line_of` maps a token to its line.

    `effects` and `nested` are there only where an import has effects or stands in a block.
    """
    found: list[dict[str, object]] = []
    for node, nested in walk(program):
        if isinstance(node, tree.Import):
            entry: dict[str, object] = {
                "lang": node.language,
                "spec": node.path,
                "alias": node.alias,
                "auto": node.auto,
                "line": line_of(node.start),
            }
            if node.effects:
                entry["effects"] = list(node.effects)
            found.append(entry | ({"nested": True} if nested else {}))
    return found


def list_declarations(program: tree.Program) -> list[dict[str, object]]:
    """Return the types and externs of a program; an absent `ret` is None, an untyped parameter `""`."""
    found: list[dict[str, object]] = []
    for node, nested in walk(program):
        entry = _declaration(node)
        if entry is not None:
            found.append(entry | ({"nested": True} if nested else {}))
    return found


def _declaration(node: tree.Node) -> dict[str, object] | None:
    match node:
        case tree.ExternName(kind=kind, name=name):
            return {"kind": kind, "name": name}
        case tree.ExternVar(parts=parts, type=ref):
            return {"kind": "extern_var", "name": ".".join(parts), "ret": show_ref(ref)}
        case tree.ExternFun(kind=kind, name=name, params=params, result=result):
            shown = [[param.name, show_ref(param.type) if param.type else ""] for param in params]
            return {"kind": kind, "name": name, "params": shown, "ret": show_ref(result) if result else None}
        case tree.TypeDecl(name=name, alias=tree.TypeRef() as alias):
            return {"kind": "type", "name": name, "shape": "alias", "ret": show_ref(alias)}
        case tree.TypeDecl(name=name, members=()):
            variants = [[each.name, _show_fields(each.fields)] for each in node.variants]
            return {"kind": "type", "name": name, "shape": "variants", "fields": variants}
        case tree.TypeDecl(name=name, members=members):
            shown = [
                [each.name, "method" if isinstance(each, tree.Fun) else show_ref(each.type)]
                for each in members
            ]
            return {"kind": "type", "name": name, "shape": "record", "fields": shown}
        case _:
            return None


def _show_fields(fields: tuple[tree.Field, ...]) -> list[list[str]]:
    return [[each.name, show_ref(each.type)] for each in fields]


def show_ref(ref: tree.TypeRef) -> str:
    """Write a type as the program does, with blanks where they are usual."""
    return _show_plain(ref) + ("?" if ref.optional else "")


def _show_plain(ref: tree.TypeRef) -> str:
    if ref.name is not None:
        return ref.name
    if ref.generic is not None:
        return f"{ref.generic.name}<{', '.join(map(show_ref, ref.generic.args))}>"
    if ref.element is not None:
        return f"[{show_ref(ref.element)}]"
    if ref.stream is not None:
        return f"stream<{show_ref(ref.stream)}>"
    if ref.fun is not None:
        result = f": {show_ref(ref.fun.result)}" if ref.fun.result else ""
        return f"fun({', '.join(map(show_ref, ref.fun.params))}){result}"
    fields = ref.struct.fields if ref.struct is not None else ()
    inside = ", ".join(f"{each.name}: {show_ref(each.type)}" for each in fields)
    return f"{{ {inside} }}" if inside else "{}"


def walk(program: tree.Program) -> Iterator[tuple[tree.Node, bool]]:
    """Yield every node of `program` below its root, and whether it is no statement of the top level."""
    for statement in program.statements:
        yield statement, False
        yield from ((node, True) for node in _below(statement))


def _below(node: tree.Node) -> Iterator[tree.Node]:
    for field in attrs.fields(type(node)):
        value = getattr(node, field.name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, tree.Node):
                yield each
                yield from _below(each)
