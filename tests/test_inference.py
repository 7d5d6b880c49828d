"""Inference: what it may touch, and where its evidence comes from."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from strategies import small_types
from test_stub_search import make_wheel

from mochic_py.compiler.frontends.docstrings import read_doc_type
from mochic_py.compiler.frontends.package import read_package
from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.items import (
    Class,
    Default,
    DefaultKind,
    Evidence,
    EvidenceSource,
    Field,
    Function,
    Info,
    Item,
    Module,
    NoteKind,
    Package,
    Param,
    ParamKind,
    Property,
    Signature,
)
from mochic_py.ir.text import format_type
from mochic_py.ir.traverse import map_items, outer_types, walk_items
from mochic_py.ir.types import UNANNOTATED, BridgeType, Ref
from mochic_py.passes.context import PassContext, PassOptions
from mochic_py.passes.infer_types import InferTypes

_NAMES = ("x", "y", "z")
_PLACES = ("result", "field", *(f"parameter {name}" for name in _NAMES))
_ROOTS = ("", "x", "super", "a.f", "a.C", "a.C.f", "os.path.join", "builtins.len")
_STEPS = st.lists(
    st.sampled_from(("()", "await", "f", "p", "v", "argument 0", "argument x")), max_size=3
).map(tuple)
_maybe = st.just(UNANNOTATED) | small_types
_evidence = st.builds(
    Evidence,
    st.sampled_from(_PLACES),
    st.sampled_from(EvidenceSource),
    small_types,
    st.sampled_from(_ROOTS),
    _STEPS,
)
_infos = st.lists(_evidence, max_size=4).map(lambda pieces: Info(evidence=tuple(pieces)))
_defaults = st.none() | st.sampled_from(("None", "0", "True", "'a'")).map(
    lambda text: Default(DefaultKind.LITERAL, text)
)


@st.composite
def _functions(draw: st.DrawFn, owner: str, name: str) -> Function:
    params = tuple(
        Param(each, ParamKind.POSITIONAL_OR_KEYWORD, draw(_maybe), draw(_defaults))
        for each in draw(st.lists(st.sampled_from(_NAMES), unique=True))
    )
    receiver = (Param("self"),) if owner != "a" else ()
    signature = Signature((*receiver, *params), draw(_maybe), is_async=draw(st.booleans()))
    return Function(name, f"{owner}.{name}", (signature,), info=draw(_infos))


@st.composite
def _classes(draw: st.DrawFn, name: str) -> Class:
    path = f"a.{name}"
    return Class(
        name,
        path,
        draw(st.lists(st.sampled_from((Ref("a.C"), Ref("a.D"), Ref("os.PathLike"))), unique=True).map(tuple)),
        fields=(Field("v", f"{path}.v", draw(_maybe), info=draw(_infos)),),
        properties=(Property("p", f"{path}.p", draw(_maybe), draw(st.none() | _maybe), draw(_infos)),),
        methods=(draw(_functions(path, "f")), draw(_functions(path, "__init__"))),
    )


@st.composite
def _packages(draw: st.DrawFn) -> Package:
    items = (draw(_functions("a", "f")), draw(_functions("a", "g")), draw(_classes("C")), draw(_classes("D")))
    return Package("a", "1", ("a",), Tier.INLINE, Target(), (Module("a", "a.py", items),))


def _bare(item: Item) -> Item:
    """Return `item` without evidence."""

    def settle(part: Function | Field | Property) -> Function | Field | Property:
        return evolve(part, info=evolve(part.info, evidence=()))

    match item:
        case Function():
            return settle(item)
        case Class():
            return evolve(
                item,
                fields=tuple(map(settle, item.fields)),
                properties=tuple(map(settle, item.properties)),
                methods=tuple(map(settle, item.methods)),
            )
        case _:
            return item


def _slots(package: Package) -> list[BridgeType]:
    bare = map_items(package, _bare)
    return [ty for item in walk_items(bare) for ty in outer_types(item)]


@given(_packages())
def test_an_annotation_is_never_touched(package: Package) -> None:
    before, after = _slots(package), _slots(InferTypes().run(package, PassContext()))
    assert len(before) == len(after)
    assert all(new is old or new == old for old, new in zip(before, after, strict=True) if old != UNANNOTATED)


@given(_packages())
def test_every_inferred_type_is_noted_and_no_evidence_stays(package: Package) -> None:
    after = InferTypes().run(package, PassContext())
    filled = sum(
        new != old for old, new in zip(_slots(package), _slots(after), strict=True) if old == UNANNOTATED
    )
    assert after == map_items(after, _bare)
    infos = [
        part.info
        for item in walk_items(after)
        for part in ((*item.fields, *item.properties, *item.methods) if isinstance(item, Class) else (item,))
    ]
    notes = [note for info in infos for note in info.notes]
    assert filled == len(notes)
    assert all(note.kind is NoteKind.INFERRED for note in notes)


@given(_packages())
def test_without_inference_only_evidence_goes(package: Package) -> None:
    after = InferTypes().run(package, PassContext(PassOptions(infer=False)))
    assert after == map_items(package, _bare)


STUB = b"""class Token: ...
class Scanner:
    def peek(self): ...
    def skip(self, count=...): ...
    def known(self) -> int: ...
def scan(text): ...
"""
SOURCE = b'''class Token: pass
class Scanner:
    def peek(self):
        return Token()
    def skip(self, count=1):
        self.at += count
    def known(self):
        return "not an int"
    def more(self):
        return 1
def scan(text):
    """:param str text: What to scan."""
    yield Token()
def other(): return 1
'''


def test_the_source_tells_what_its_stub_leaves_open() -> None:
    wheel = make_wheel({"box/__init__.py": SOURCE, "box/__init__.pyi": STUB, "box/py.typed": b""})
    package, _ = read_package(wheel, (), Target())
    scanner = next(item for item in package.modules[0].items if item.name == "Scanner")
    scan = next(item for item in package.modules[0].items if item.name == "scan")
    assert isinstance(scanner, Class)
    assert [method.name for method in scanner.methods] == ["peek", "skip", "known"]
    peek, skip, known = scanner.methods
    assert peek.info.evidence == (Evidence("result", EvidenceSource.RETURN, name="box.Token", steps=("()",)),)
    assert skip.signatures[0].params[1].default == Default(DefaultKind.LITERAL, "1")
    assert known.info.evidence == ()
    assert {piece.where for piece in scan.info.evidence} == {"parameter text", "result"}
    assert not any(item.name == "other" for item in package.modules[0].items)


def test_a_stub_with_all_annotations_needs_no_source() -> None:
    wheel = make_wheel({"box/__init__.pyi": b"def f(x: int) -> int: ...", "box/__init__.py": b"\xff(("})
    package, problems = read_package(wheel, (), Target())
    assert not problems
    assert package.modules[0].items[0].info.evidence == ()


DOC_TYPES = """
int                                     int
int, default=None                       int | none
int, optional                           int
bool, default: True                     bool
str or None                             string | none
None or str, optional                   none | string
{'auto', 'brute'}, default='auto'       string
{"a", 1} or float                       string | int | float
int or {'warn'}                         string | int
list of str                             list<string>
list[int]                               list<int>
sequence of strings                     list<string>
dict of str to int                      map<string, int>
Optional[str]                           string | none
str | None                              string | none
:class:`Box`                            @m.Box
a string                                string
callable                                fun(...): any
None                                    -
array-like of shape (n,)                -
Unknown                                 -
int, greater than zero                  -
str or array-like                       -
the number of things to do at once      -
1                                       -
list of things                          -
"""


def test_texts_in_place_of_types() -> None:
    def find(name: str) -> BridgeType | None:
        return Ref("m.Box") if name == "Box" else None

    for line in DOC_TYPES.strip().split("\n"):
        text, expected = line[:40].strip(), line[40:].strip()
        found = read_doc_type(text, find)
        assert (format_type(found) if found is not None else "-") == expected, text
