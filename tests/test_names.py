"""Lookup of names across modules, against a reference that follows imports as sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.items import Class, Import, Module, Package
from mochic_py.passes.names import Definition, Names

MODULES = [f"p.m{index}" for index in range(6)]
EDGES = st.sets(st.tuples(st.sampled_from(MODULES), st.sampled_from(MODULES)))
NAMES = [(module, f"C{module[-1]}") for module in MODULES]


def make_names(stars: set[tuple[str, str]], plain: set[tuple[str, str, str]]) -> Names:
    """Make modules that each define one class; `stars` and `plain` are (importer, imported[, name])."""
    modules = []
    for module, name in NAMES:
        imports = [Import("", imported, "*") for importer, imported in sorted(stars) if importer == module]
        imports += [
            Import(wanted, imported, wanted)
            for importer, imported, wanted in sorted(plain)
            if importer == module
        ]
        modules.append(Module(module, f"{module}.py", (Class(name, f"{module}.{name}"),), tuple(imports)))
    return Names(Package("p", "1", ("p",), Tier.INLINE, Target(), tuple(modules)))


def reachable(start: str, edges: set[tuple[str, str]]) -> set[str]:
    seen, pending = {start}, [start]
    while pending:
        module = pending.pop()
        for importer, imported in edges:
            if importer == module and imported not in seen:
                seen.add(imported)
                pending.append(imported)
    return seen


@given(EDGES, st.permutations([(m, n) for m in MODULES for n in NAMES]))
def test_stars_bring_the_names_of_every_module_they_reach(
    stars: set[tuple[str, str]], order: list[tuple[str, tuple[str, str]]]
) -> None:
    """What was asked before must not change an answer, however the imports go round."""
    names = make_names(stars, set())
    for module, (home, name) in order:
        found = names.find(f"{module}.{name}")
        if home in reachable(module, stars):
            assert isinstance(found, Definition)
            assert found.item.path == f"{home}.{name}"
        else:
            assert found is None


@given(
    st.sets(
        st.tuples(st.sampled_from(MODULES), st.sampled_from(MODULES), st.sampled_from([n for _, n in NAMES]))
    ),
    st.permutations([(m, n) for m in MODULES for n in NAMES]),
)
def test_named_imports_lead_to_the_definition_or_nowhere(
    plain: set[tuple[str, str, str]], order: list[tuple[str, tuple[str, str]]]
) -> None:
    """A chain of `from a import x` ends at the class, or comes back to itself and means nothing.

    Of several imports of a name in one module the first counts, as in `try: … except ImportError: …`.
    """
    first: dict[tuple[str, str], str] = {}
    for importer, imported, name in sorted(plain):
        first.setdefault((importer, name), imported)
    names = make_names(set(), plain)
    for start, (home, name) in order:
        module, visited = start, set[str]()
        while module != home and (module, name) in first and module not in visited:
            visited.add(module)
            module = first[module, name]
        found = names.find(f"{start}.{name}")
        if module == home:
            assert isinstance(found, Definition)
            assert found.item.path == f"{home}.{name}"
        else:
            assert found is None
