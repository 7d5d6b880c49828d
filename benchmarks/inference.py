"""`make inference`: types inferred from source, compared with what people declared.

Two truths. *Stubs*: the untyped sources of packages that a stub distribution describes, against those
stubs. *Erased*: typed packages in which every fourth function has lost its annotations, against these.

A part is `right` where both types say the same, `wide` where the inferred one allows more, `narrow`
where it allows less, and `wrong` where neither fits the other. A result must not be narrow, since the
wrapper would refuse what Python returns; a parameter that is narrow or wide can still be used.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from zlib import crc32

from attrs import evolve

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.frontends.importspec import parse_import_spec
from mochic_py.compiler.frontends.package import read_modules
from mochic_py.compiler.frontends.stub import _parser
from mochic_py.compiler.frontends.stub_search import find_types
from mochic_py.compiler.frontends.wheel import Wheel
from mochic_py.compiler.host import Host
from mochic_py.compiler.request import Request
from mochic_py.compiler.session import Session, WheelSet, open_wheel, read_wheels
from mochic_py.ir.dist import Target
from mochic_py.ir.items import Class, Constant, Function, Info, NoteKind, Package
from mochic_py.ir.text import format_type
from mochic_py.ir.traverse import walk_items
from mochic_py.ir.types import (
    ANY,
    FLOAT,
    INT,
    UNANNOTATED,
    AsyncOf,
    BridgeType,
    FunOf,
    IteratorOf,
    ListOf,
    LiteralOf,
    MapOf,
    Ref,
    SelfType,
    SetOf,
    TupleOf,
    TypeVarRef,
    UnionOf,
    Unsupported,
)
from mochic_py.passes.context import PassContext
from mochic_py.passes.manager import PassManager, Verify
from mochic_py.passes.names import Names
from mochic_py.passes.registry import passes_until
from mochic_py.passes.unions import literal_scalar, union_of

STUBBED = "pandas scipy scikit-learn pyyaml tqdm toml docutils pygments networkx markdown openpyxl paramiko"
TYPED = "httpx urllib3 pillow pydantic click rich sqlalchemy fastapi starlette uvicorn aiohttp pytest"

Part = tuple[str, str]

# Classes whose values are values of a scalar.
_SUBCLASSES: dict[str, BridgeType] = {
    "numpy.float64": FLOAT,
    "optype.JustInt": INT,
    "optype._core._just.JustInt": INT,
    "optype.JustFloat": FLOAT,
    "optype._core._just.JustFloat": FLOAT,
}


# --- comparing ------------------------------------------------------------------------------


def members(ty: BridgeType, owner: str) -> list[BridgeType]:
    """Return the alternatives of `ty`, literals as their scalars."""
    flat = union_of((ty,))
    found: list[BridgeType] = []
    for member in flat.members if isinstance(flat, UnionOf) else (flat,):
        if isinstance(member, LiteralOf):
            found += [literal_scalar(v) if isinstance(v, str | int | bytes) else ANY for v in member.values]
        else:
            found.append(Ref(owner) if isinstance(member, SelfType) else member)
    return found


def fits(one: BridgeType, other: BridgeType, names: Names) -> bool:
    """Whether a value of `one` is one of `other`, as far as the outermost shapes tell."""
    if ANY in (one, other) or isinstance(one, Unsupported | TypeVarRef) or isinstance(other, TypeVarRef):
        return True
    match one, other:
        case (SetOf(a), SetOf(b)) | (
            IteratorOf(a) | ListOf(a),
            ListOf(b) | IteratorOf(b),
        ):
            return covers(a, b, "", names)
        case (MapOf(a, v), MapOf(b, w)):
            return covers(a, b, "", names) and covers(v, w, "", names)
        case (TupleOf(), ListOf()) | (ListOf(), TupleOf()):
            return True
        case (TupleOf(a), TupleOf(b)):
            return len(a) == len(b) and all(covers(x, y, "", names) for x, y in zip(a, b, strict=True))
        case (AsyncOf(a), AsyncOf(b)):
            return covers(a, b, "", names)
        case (FunOf(), FunOf()):
            return True
        case (Ref(p), x) | (x, Ref(p)) if p in _SUBCLASSES and x == _SUBCLASSES[p]:
            return True
        case (Ref(p), Ref(q)):
            return p == q or p.rpartition(".")[2] == q.rpartition(".")[2] or derives(p, q, names)
        case _:
            return one == other or (one == INT and other == FLOAT)


def derives(path: str, base: str, names: Names, depth: int = 0) -> bool:
    """Whether the class at `path` is below `base`."""
    cls = names.find_class(path)
    if cls is None or depth > 20:
        return False
    bases = [each.path for each in cls.bases if isinstance(each, Ref)]
    return base in bases or any(derives(each, base, names, depth + 1) for each in bases)


def covers(inner: BridgeType, outer: BridgeType, owner: str, names: Names) -> bool:
    """Whether every alternative of `inner` is one of `outer`."""
    wanted = members(outer, owner)
    return all(any(fits(one, other, names) for other in wanted) for one in members(inner, owner))


def judge(inferred: BridgeType, truth: BridgeType, owner: str, names: Names) -> str:
    """Return how `inferred` stands to `truth`."""
    below, above = covers(inferred, truth, owner, names), covers(truth, inferred, owner, names)
    if below and above:
        return "right"
    if above:
        return "wide"
    if below:
        return "narrow"
    wanted = members(truth, owner)
    if any(fits(one, other, names) for one in members(inferred, owner) for other in wanted):
        return "partly"
    return "wrong"


# --- parts ----------------------------------------------------------------------------------


def parts(package: Package) -> Iterator[tuple[Part, BridgeType, Info, str, bool]]:
    """Yield every part that may be annotated: its name, type, and the class around it."""
    for item in walk_items(package):
        match item:
            case Function():
                yield from function_parts(item, item.path, "")
            case Class():
                for method in item.methods:
                    yield from function_parts(method, f"{item.path}.{method.name}", item.path)
                for prop in item.properties:
                    yield (f"{item.path}.{prop.name}", "result"), prop.type, prop.info, item.path, False
                for field in item.fields:
                    yield (f"{item.path}.{field.name}", "field"), field.type, field.info, item.path, False
            case Constant():
                yield (item.path, "value"), item.type, item.info, "", False
            case _:
                pass


def function_parts(
    function: Function, path: str, owner: str
) -> Iterator[tuple[Part, BridgeType, Info, str, bool]]:
    """Yield the parts of a function with one signature."""
    if len(function.signatures) != 1:
        return
    signature = function.signatures[0]
    for param in signature.params[1 if owner else 0 :]:
        yield (path, f"parameter {param.name}"), param.type, function.info, owner, False
    yield (path, "result"), signature.result, function.info, owner, signature.is_async


def lower(package: Package) -> Package:
    """Return `package` up to and including inference."""
    return PassManager(passes_until("infer-types"), verify=Verify.NEVER).run(package, PassContext())


# --- truths ---------------------------------------------------------------------------------


def fetch(name: str, host: Host) -> WheelSet:
    """Return the wheels of the package `name` and its stubs."""
    session = Session(host, Cache(host), Request())
    requirement, _ = parse_import_spec(name, None)
    assert requirement is not None
    resolution = session.resolve([requirement])
    pin = resolution.find(requirement.name)
    assert pin is not None
    return session.fetch_with_stubs([pin], resolution.pins)[0]


class Erased:
    """An archive whose functions have lost annotations: every one in `share` of them."""

    def __init__(self, archive: Wheel, share: int) -> None:
        self.archive, self.share = archive, share
        self.names, self.import_names = archive.names, archive.import_names
        self.erased: set[tuple[str, int]] = set()

    def read(self, name: str) -> bytes:
        """Return a file with annotations blanked out."""
        data = bytearray(self.archive.read(name))
        if name.endswith(".py"):
            for start, end, line in erasures(bytes(data), name, self.share):
                data[start:end] = re.sub(rb"[^\n]", b" ", bytes(data[start:end]))
                self.erased.add((name, line))
        return bytes(data)


def erasures(data: bytes, name: str, share: int) -> Iterator[tuple[int, int, int]]:
    """Yield the ranges of annotations of one in `share` functions, and the line of the function."""
    pending = [_parser().parse(data).root_node]
    while pending:
        node = pending.pop()
        pending += node.children
        if node.type != "function_definition":
            continue
        label = node.child_by_field_name("name")
        line = node.start_point[0] + 1
        if label is None or crc32(f"{name}:{line}".encode()) % share:
            continue
        params, result = node.child_by_field_name("parameters"), node.child_by_field_name("return_type")
        for param in params.named_children if params is not None else ():
            ty = param.child_by_field_name("type")
            if ty is not None:
                colon = data.rindex(b":", param.start_byte, ty.start_byte)
                yield colon, ty.end_byte, line
        if result is not None:
            yield data.rindex(b"->", node.start_byte, result.start_byte), result.end_byte, line


def compare_stubs(name: str, host: Host) -> tuple[Package, Package]:
    """Return the package as its stubs declare it, and as its sources show it."""
    wheels = fetch(name, host)
    truth, _ = read_wheels(wheels, Target(), host)
    bare, _ = read_wheels(evolve(wheels, stubs=(), generated=None), Target(), host)
    return lower(truth), lower(bare)


def compare_erased(name: str, host: Host, share: int) -> tuple[Package, Package]:
    """Return the package as it is annotated, and with some annotations erased and inferred."""
    wheels = fetch(name, host)
    truth, _ = read_wheels(evolve(wheels, stubs=()), Target(), host)
    with open_wheel(wheels.wheel.path, host, shown=name) as archive:
        erased = Erased(archive, share)
        sources = find_types(archive)
        modules = {key: evolve(each, archive=erased) for key, each in sources.modules.items()}
        read, _ = read_modules(evolve(sources, modules=modules), Target())
    return lower(truth), lower(evolve(truth, modules=tuple(read[key] for key in sorted(read))))


# --- the table ------------------------------------------------------------------------------


def tally(
    truth: Package, inferred: Package, counts: Counter[tuple[str, str, str]], show: str, name: str
) -> None:
    """Count verdicts by kind of part and source."""
    names = Names(truth)
    known = {part: (ty, owner) for part, ty, _, owner, _ in parts(truth)}
    for part, ty, info, _, _ in parts(inferred):
        declared, owner = known.get(part, (UNANNOTATED, ""))
        if declared in (UNANNOTATED, ANY) or isinstance(declared, Unsupported):
            continue
        kind = part[1].partition(" ")[0]
        note = next((n for n in info.notes if n.kind is NoteKind.INFERRED and n.where == part[1]), None)
        if note is None:
            if ty == UNANNOTATED:
                counts[kind, "none", "missed"] += 1
            continue
        source = re.sub(r" class .*", " class", note.detail)
        verdict = judge(ty, declared, owner, names) if ty != ANY else "any"
        counts[kind, source, verdict] += 1
        if show in (verdict, f"{kind}:{verdict}", f"{kind}:{source}:{verdict}"):
            print(
                f"  {verdict} {part[0]} {part[1]} [{source}]: {format_type(ty)}, not {format_type(declared)}"
            )


_VERDICTS = ("right", "wide", "narrow", "partly", "wrong", "any")


def print_table(title: str, counts: Counter[tuple[str, str, str]]) -> None:
    """Print one row for each kind of part and source."""
    print(f"{title:46}" + "".join(f"{verdict:>8}" for verdict in _VERDICTS) + "  precision   usable")
    rows = sorted({key[:2] for key in counts if key[1] != "none"})
    for kind in sorted({kind for kind, _ in rows}):
        for row in [*(r for r in rows if r[0] == kind), (kind, "")]:
            found = Counter(
                {
                    v: sum(
                        n for k, n in counts.items() if k[0] == kind and row[1] in ("", k[1]) and k[2] == v
                    )
                    for v in _VERDICTS
                }
            )
            judged = sum(found[v] for v in _VERDICTS if v != "any")
            if not judged:
                continue
            good = (found["right"] + found["wide"]) / judged
            usable = 1 - found["wrong"] / judged
            missed = counts[kind, "none", "missed"]
            recall = (
                f"  recall {sum(found.values()) / (sum(found.values()) + missed):.2f}" if not row[1] else ""
            )
            print(
                f"{kind:10} {row[1] or 'together':35}"
                + "".join(f"{found[v]:8}" for v in _VERDICTS)
                + f"{good:11.3f}{usable:9.3f}{recall}"
            )


def main() -> None:
    """Print a table for each truth."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--stubs", default=STUBBED, help="packages with stub distributions")
    reader.add_argument("--typed", default=TYPED, help="typed packages")
    reader.add_argument("--share", type=int, default=4, help="one function in so many is erased")
    reader.add_argument("--show", default="", help="a verdict to list, as `wrong` or `result:wrong`")
    options = reader.parse_args()
    host = Host()
    for title, names in (("stubs", options.stubs.split()), ("erased", options.typed.split())):
        counts: Counter[tuple[str, str, str]] = Counter()
        for name in names:
            if title == "stubs":
                truth, inferred = compare_stubs(name, host)
            else:
                truth, inferred = compare_erased(name, host, options.share)
            tally(truth, inferred, counts, options.show, name)
        print_table(title, counts)
    host.close()


if __name__ == "__main__":
    main()
