"""Records that contain themselves, and the order in which types are declared: against plain definitions."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mochic_py.backends.declarations import declare
from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.items import Class, ClassKind, Field, Module, Package
from mochic_py.ir.types import INT, Ref
from mochic_py.passes.records import find_recursive_records

# Row i lists the records that record i holds.
graphs = st.lists(st.lists(st.integers(0, 7), max_size=3), min_size=8, max_size=8)


def _record(number: int, held: list[int]) -> Class:
    name, path = f"R{number}", f"m.R{number}"
    fields = [Field(f"f{each}", f"{path}.f{each}", Ref(f"m.R{each}"), exported=f"f{each}") for each in held]
    last = Field("x", f"{path}.x", INT, exported="x")
    return Class(name, path, kind=ClassKind.RECORD, fields=(*fields, last), exported=name)


def _reached(start: int, graph: list[list[int]]) -> set[int]:
    reached = set(graph[start])
    for _ in graph:
        reached |= {inner for each in reached for inner in graph[each]}
    return reached


@given(graphs)
def test_a_record_is_recursive_when_it_reaches_itself(graph: list[list[int]]) -> None:
    items = [_record(number, list(dict.fromkeys(held))) for number, held in enumerate(graph)]
    expected = {f"m.R{number}" for number in range(len(graph)) if number in _reached(number, graph)}
    assert find_recursive_records(items) == expected


def _declared(items: list[Class]) -> list[str]:
    target = Target("linux-x86_64", (3, 13))
    module = Module("m", "m.py", tuple(items))
    package = Package("m", "1.0", ("m",), Tier.INLINE, target, (module,))
    return [ty.name for ty in declare(package).types]


@given(graphs)
def test_a_type_is_declared_behind_those_it_holds(graph: list[list[int]]) -> None:
    # Only larger numbers are held, so that there is an order.
    rows = [sorted({each for each in held if each > number}) for number, held in enumerate(graph)]
    names = _declared([_record(number, held) for number, held in enumerate(rows)])
    assert sorted(names) == [f"R{number}" for number in range(8)]
    for number, held in enumerate(rows):
        assert all(names.index(f"R{each}") < names.index(f"R{number}") for each in held)


def test_a_long_chain_of_records() -> None:
    count = 3000
    chain = [_record(number, [number + 1] if number + 1 < count else []) for number in range(count)]
    assert _declared(chain) == [f"R{number}" for number in reversed(range(count))]
    assert find_recursive_records(chain) == frozenset()
    closed = [*chain[:-1], evolve(chain[-1], fields=_record(count - 1, [0]).fields)]
    assert len(find_recursive_records(closed)) == count
