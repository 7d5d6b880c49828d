"""Shared types are the types they stand for, and rewrites of them are those of `map_type`."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st
from strategies import maybe_spans, types

from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.items import Function, Module, Package, Signature
from mochic_py.ir.refusals import SkipReason
from mochic_py.ir.sharing import TypePool, memoised_map
from mochic_py.ir.source import Span
from mochic_py.ir.traverse import map_type, walk_type
from mochic_py.ir.types import ANY, STRING, BridgeType, ListOf, Ref, TypeVarRef, Unsupported
from mochic_py.passes.bind_names import _Binder
from mochic_py.passes.names import Names
from mochic_py.passes.overload_arms import ArmJoiner


def _with_spans(ty: BridgeType) -> list[object]:
    """Return what `==` leaves out: the spans in `ty`, in order."""
    return [inner.span for inner in walk_type(ty) if isinstance(inner, Unsupported)]


@given(st.lists(types, max_size=4))
def test_a_pool_gives_back_what_it_was_given(originals: list[BridgeType]) -> None:
    pool = TypePool()
    for original in originals:
        shared = map_type(original, pool.share)
        assert shared == original
        assert _with_spans(shared) == _with_spans(original)


@given(types)
def test_equal_types_become_one_object(original: BridgeType) -> None:
    pool = TypePool()
    copy: BridgeType = pickle.loads(pickle.dumps(original))
    first, second = map_type(original, pool.share), map_type(copy, pool.share)
    for a, b in zip(walk_type(first), walk_type(second), strict=True):
        assert a is b or any(_with_spans(a))


@given(maybe_spans, maybe_spans)
def test_types_with_other_spans_stay_apart(here: Span | None, there: Span | None) -> None:
    pool = TypePool()
    for span in (here, there):
        placed = ListOf(Unsupported(SkipReason.FORWARD_REF, "X", span))
        assert _with_spans(map_type(placed, pool.share)) == [span]


@given(types)
def test_a_memoised_rewrite_is_the_rewrite(ty: BridgeType) -> None:
    def rewrite(inner: BridgeType) -> BridgeType:
        match inner:
            case TypeVarRef():
                return ANY
            case Ref(path, arguments) if arguments:
                return ListOf(Ref(path))
            case _:
                return inner

    look_up = memoised_map(rewrite)
    assert look_up(ty) == look_up(ty) == map_type(ty, rewrite)


def test_a_type_that_is_gone_lends_its_place_to_no_other() -> None:
    """Memos go by ids: a type that nobody keeps may leave its id to the next one."""
    signature = Signature(())
    module = Module("m", "m.py", tuple(Function(f"f{n}", f"m.f{n}", (signature,)) for n in range(300)))
    names = Names(Package("m", "1", ("m",), Tier.INLINE, Target(), (module,)))
    binder, joiner = _Binder(names), ArmJoiner(strict=False)
    for n in range(300):
        assert binder.bind_type(Ref("m.known")) == Unsupported(SkipReason.FORWARD_REF, "known")
        assert binder.bind_type(Ref(f"m.C{n}")) == Unsupported(SkipReason.FORWARD_REF, f"C{n}")
    joined = [joiner.join_types(ListOf(Ref(f"m.C{n}")), STRING) for n in range(300)]
    assert len(set(joined)) == 300
