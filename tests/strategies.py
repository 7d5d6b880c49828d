"""Random IR: every shape, odd names, text with quotes, line ends and control characters."""

from __future__ import annotations

from hypothesis import strategies as st

from mochic_py.ir.abi import Abi
from mochic_py.ir.audit import Gil
from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.extensions import Guard
from mochic_py.ir.items import (
    Alias,
    Argument,
    Binding,
    CallForm,
    CallPlan,
    Cast,
    Class,
    ClassKind,
    Constant,
    Decorator,
    Default,
    DefaultKind,
    Degradation,
    Evidence,
    EvidenceSource,
    Field,
    FieldKind,
    Function,
    Import,
    Info,
    Item,
    Module,
    Note,
    NoteKind,
    Option,
    Package,
    Param,
    ParamKind,
    Passing,
    Probe,
    Property,
    Refusal,
    Signature,
    StarExport,
    TypeParam,
    TypeParamKind,
    TypeVariable,
    Variant,
    VariantCase,
)
from mochic_py.ir.loops import AsyncDriver, AsyncPlan, LoopUse
from mochic_py.ir.refusals import SkipReason
from mochic_py.ir.source import Span
from mochic_py.ir.types import (
    ANY,
    UNANNOTATED,
    AsyncOf,
    BridgeType,
    EnumMember,
    FunOf,
    IteratorOf,
    ListOf,
    LiteralOf,
    MapOf,
    OptionOf,
    Ref,
    Scalar,
    ScalarKind,
    SelfType,
    SetOf,
    StreamOf,
    TupleOf,
    TypeObject,
    TypeVarRef,
    UnionOf,
    Unsupported,
)

# Words of the IR text format, which are names like any other.
_KEYWORDS = (
    "abstract absent alias any arm as async at bool call case cast class classmethod classvar constructor "
    "decorator defaulted defined deprecated differs doc down enum error exists explicit exports "
    "expression false float from fun function generated get handle import imports in inline int interface "
    "keyword kw let list literal lost map member method module mochic-ir never new none on open optional "
    "options overload package passes path pos probe property readonly record refused required returns "
    "awaited cancel inside loop per-call persistent self set span staticmethod stubs target tier true tuple "
    "type typevar unannotated union unknown unsupported up var variant with writes SkipUnknown b "
)

texts = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["", '"', "\\", "`", "a\nb", "\r\n", "\t", "\x00", "\x1b[0m", "\u2028", "\ud800", "\U0010ffff", "//"]
    ),
)
names = st.one_of(
    st.sampled_from(_KEYWORDS.split()),
    st.sampled_from(["x", "self", "Outer.Inner", "é", "名前", "_", "__init__", "x1", "℘", "x²"]),
    st.from_regex(r"[a-z]{1,3}(\.[A-Z]{1,2})?", fullmatch=True),
    texts,
)
numbers = st.integers(min_value=0, max_value=10**6)
spans = st.builds(
    Span, st.sampled_from(["m.pyi", "other.py", 'odd "x"', ""]), numbers, numbers, numbers, numbers
)
maybe_spans = st.none() | spans
values = st.one_of(st.booleans(), st.integers(), st.just(-(16**300)), texts, st.binary(max_size=6))
reasons = st.sampled_from(SkipReason)


def _composite(types: st.SearchStrategy[BridgeType]) -> st.SearchStrategy[BridgeType]:
    lists = st.lists(types, max_size=3).map(tuple)
    return st.one_of(
        st.builds(ListOf, types),
        st.builds(SetOf, types),
        st.builds(MapOf, types, types),
        st.builds(TupleOf, lists),
        st.builds(OptionOf, types),
        st.builds(UnionOf, lists),
        st.builds(FunOf, st.none() | lists, types),
        st.builds(AsyncOf, types),
        st.builds(StreamOf, types),
        st.builds(IteratorOf, types),
        st.builds(Ref, names, lists),
        st.builds(TypeObject, types),
    )


simple_types: st.SearchStrategy[BridgeType] = st.one_of(
    st.builds(Scalar, st.sampled_from(ScalarKind)),
    st.builds(Ref, names),
    st.builds(TypeVarRef, names),
    st.builds(SelfType),
    st.just(UNANNOTATED),
    st.builds(LiteralOf, st.lists(values | st.builds(EnumMember, names), max_size=3).map(tuple)),
    st.builds(Unsupported, reasons, texts, maybe_spans),
)
types: st.SearchStrategy[BridgeType] = st.recursive(simple_types, _composite, max_leaves=6)
small_types = simple_types | _composite(simple_types)


def _tuples(strategy: st.SearchStrategy[object], max_size: int = 2) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=max_size).map(tuple)


def _optional(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


_steps = _tuples(st.sampled_from(["()", "await", "size"]))
_sources = st.sampled_from(EvidenceSource)
evidence = st.builds(Evidence, texts, _sources, small_types, st.just(""), _steps) | st.builds(
    Evidence, texts, _sources, st.just(ANY), texts.filter(bool), _steps
)
infos = st.builds(
    Info,
    maybe_spans,
    st.sampled_from(Tier),
    texts,
    _optional(texts),
    _optional(st.sampled_from(Probe)),
    _tuples(st.builds(Degradation, reasons, texts, texts)),
    _tuples(st.builds(Note, st.sampled_from(NoteKind), texts, texts)),
    _tuples(evidence),
    _tuples(st.builds(Guard, names, st.booleans())),
)
decorators = st.builds(Decorator, names, texts)
defaults = st.builds(Default, st.sampled_from(DefaultKind), texts | st.just("..."))
param_names = names | st.sampled_from(["kw", "pos", "at", "as", "in"])
params = st.builds(
    Param,
    param_names,
    st.sampled_from(ParamKind),
    small_types | st.just(UNANNOTATED),
    _optional(defaults),
    maybe_spans,
)
type_params = st.builds(
    TypeParam,
    param_names,
    st.sampled_from(TypeParamKind),
    _optional(small_types),
    _tuples(small_types),
    _optional(small_types),
)
signatures = st.builds(
    Signature,
    _tuples(params, 3),
    small_types,
    _tuples(type_params),
    st.booleans(),
    maybe_spans,
    _optional(texts),
)
exported = _optional(names)
fixable = small_types.filter(lambda ty: ty != UNANNOTATED)
calls = st.builds(
    CallPlan,
    st.sampled_from(CallForm),
    st.integers(0, 3),
    _optional(small_types),
    _tuples(
        st.builds(
            Argument, param_names, small_types | st.just(UNANNOTATED), st.sampled_from(Passing), exported
        )
        | st.builds(Argument, param_names, fixable, st.sampled_from(Passing), exported, st.booleans())
    ),
    _tuples(
        st.builds(
            Option,
            param_names,
            small_types | st.just(UNANNOTATED),
            _optional(defaults),
            st.sampled_from(Passing),
        )
    ),
    _optional(small_types),
    small_types,
    _optional(st.sampled_from(LoopUse)),
    exported,
    st.booleans(),
)


def items(module: str) -> st.SearchStrategy[Item]:
    """Return items of `module`; most have the path that their name implies."""

    @st.composite
    def place(draw: st.DrawFn, owner: str) -> tuple[str, str]:
        name = draw(names)
        usual = f"{owner}.{name}" if owner else name
        return name, draw(st.just(usual) | names | st.just(owner))

    def functions(owner: str) -> st.SearchStrategy[Function]:
        return st.builds(
            lambda place, *rest: Function(*place, *rest),
            place(owner),
            _tuples(signatures),
            st.sampled_from(Binding),
            _tuples(decorators),
            st.booleans(),
            infos,
            _tuples(calls),
        )

    @st.composite
    def classes(draw: st.DrawFn) -> Class:
        name, path = draw(place(module))
        fields = st.builds(
            lambda place, *rest: Field(*place, *rest),
            place(path),
            small_types,
            st.sampled_from(FieldKind),
            st.booleans(),
            st.booleans(),
            st.booleans(),
            _optional(values),
            _optional(decorators),
            infos,
            exported,
            exported,
            exported,
        )
        properties = st.builds(
            lambda place, *rest: Property(*place, *rest),
            place(path),
            small_types,
            _optional(small_types),
            infos,
            exported,
            exported,
            st.booleans(),
        )
        return Class(
            name,
            path,
            draw(_tuples(small_types)),
            draw(st.sampled_from(ClassKind)),
            draw(_tuples(type_params)),
            draw(_tuples(decorators)),
            draw(_tuples(decorators)),
            draw(_tuples(fields)),
            draw(_tuples(properties)),
            draw(_tuples(functions(path), 1)),
            draw(_tuples(functions(path), 1)),
            draw(_tuples(st.builds(Cast, names, exported, exported))),
            draw(texts),
            draw(infos),
            draw(exported),
        )

    here = place(module)
    cases = _tuples(st.builds(VariantCase, names, small_types, exported))
    return st.one_of(
        functions(module),
        classes(),
        st.builds(lambda place, *rest: Variant(*place, *rest), here, cases, infos, exported),
        st.builds(
            lambda place, *rest: Constant(*place, *rest), here, types, _optional(values), infos, exported
        ),
        st.builds(lambda place, *rest: Alias(*place, *rest), here, types, _tuples(type_params), infos),
        st.builds(lambda place, *rest: TypeVariable(*place, *rest), here, type_params, infos),
        st.builds(lambda place, *rest: Refusal(*place, *rest), here, names, reasons, texts, infos),
    )


@st.composite
def imports(draw: st.DrawFn) -> Import:
    """Return an import of any of the three forms."""
    attribute = draw(st.none() | names | st.just("*"))
    return Import(draw(names), draw(names), attribute, draw(st.booleans()), draw(maybe_spans))


@st.composite
def modules(draw: st.DrawFn) -> Module:
    """Return a module with items of every kind."""
    name = draw(names)
    return Module(
        name,
        draw(texts | st.just("m.pyi")),
        draw(_tuples(items(name), 3)),
        draw(_tuples(imports())),
        draw(_optional(_tuples(names | st.builds(StarExport, names)))),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(texts),
    )


targets = st.builds(
    Target,
    st.sampled_from(["linux-x86_64", "wasi-p2", "odd name"]),
    st.tuples(st.integers(3, 4), st.integers(0, 20)),
    st.booleans(),
    names,
)
packages = st.builds(
    Package,
    names | st.just("scikit-learn"),
    texts,
    _tuples(names),
    st.sampled_from(Tier),
    targets,
    _tuples(modules()),
    _tuples(names | st.just("bind-names")),
    _tuples(items("")),
    _optional(st.builds(AsyncPlan, st.sampled_from(AsyncDriver), st.integers(0, 10**6))),
    _optional(
        st.builds(
            Abi, texts, _optional(st.tuples(st.integers(2, 4), st.integers(0, 20))), st.sampled_from(Gil)
        )
    ),
)
