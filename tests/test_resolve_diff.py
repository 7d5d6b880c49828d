"""The resolver against uv, on a recording of the index: equal picks for each set and target.

The recording is made by `benchmarks/resolve_diff.py --record`; `make resolve-diff` compares live.
"""

from __future__ import annotations

import json

import pytest
from casefile import GOLDEN, Case, check_case, read_cases
from recorded_index import DATA, SETS, RecordedHost, ask, read_recording

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.resolve.resolver import InProcessResolver
from mochic_py.ir import codes
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import Target
from mochic_py.ir.lock import parse_target
from mochic_py.ir.render import render_human

ANSWERS = json.loads((DATA / "uv.json").read_text("utf-8"))
UNMET = (codes.VERSION_CONFLICT, codes.NO_MATCHING_VERSION, codes.NO_USABLE_WHEEL, codes.PACKAGE_NOT_FOUND)
CASES = [(name, target) for name in SETS["sets"] for target in SETS["targets"]]


@pytest.fixture(scope="module")
def recorded() -> RecordedHost:
    return RecordedHost()


@pytest.fixture(scope="module")
def cache(recorded: RecordedHost, tmp_path_factory: pytest.TempPathFactory) -> Cache:
    made = Cache(recorded, tmp_path_factory.mktemp("cache"), "1.0")
    recorded.keep_sdists(made)
    return made


def read_target(text: str) -> Target:
    target = parse_target(text)
    assert target is not None
    return target


@pytest.mark.parametrize(("name", "text"), CASES, ids=lambda each: each)
def test_picks_are_those_of_uv(recorded: RecordedHost, cache: Cache, name: str, text: str) -> None:
    resolver = InProcessResolver(recorded, cache)
    requirements = [ask(each) for each in SETS["sets"][name]]
    try:
        pins = resolver.resolve(requirements, read_target(text)).pins
        found = sorted(f"{pin.name}=={pin.version}" for pin in pins)
    except DiagnosticError as error:
        unmet = all(each.code in UNMET for each in error.diagnostics)
        found = ["no answer"] if unmet else [str(error)]
    assert found == ANSWERS[name][text]


@pytest.mark.parametrize("case", read_cases(GOLDEN / "resolve" / "conflicts.md"), ids=str)
def test_golden_conflicts(recorded: RecordedHost, cache: Cache, case: Case, update_golden: bool) -> None:
    requirements = [ask(line) for line in case.blocks["requirements"].split()]
    target = read_target(case.blocks["target"].strip())
    with pytest.raises(DiagnosticError) as caught:
        InProcessResolver(recorded, cache).resolve(requirements, target)
    check_case(case, "stderr", render_human(caught.value.diagnostics, {}, color=False), update_golden)


def test_the_recording_is_small_and_names_no_place() -> None:
    assert (DATA / "index.json.xz").stat().st_size < 2_000_000
    assert "://" not in json.dumps(read_recording())
