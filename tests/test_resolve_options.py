"""Several indexes, constraints, overrides, dates, pre-releases, several targets, and uv as the engine."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from index_server import Index, build_wheel, offer, serve
from packaging.markers import Marker

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.cli.resolve_options import ABI_TAG_POLICIES, ENGINES, PRERELEASES
from mochic_py.compiler.host import Host
from mochic_py.compiler.request import Engine
from mochic_py.compiler.resolve.options import Bound, ResolveOptions, merge_settings, parse_bounds_file
from mochic_py.compiler.resolve.resolver import InProcessResolver
from mochic_py.compiler.resolve.tags import PLATFORMS, marker_environment
from mochic_py.compiler.resolve.universal import find_marker, resolve_universal
from mochic_py.compiler.resolve.uv import UvResolver
from mochic_py.compiler.settings import Index as Declared
from mochic_py.compiler.settings import IndexPriority, Prereleases, PythonSettings
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import (
    AbiTagPolicy,
    IndexRequest,
    IndexSource,
    RegistryRequest,
    Requirement,
    Resolution,
    Target,
)

TARGET = Target("linux-x86_64", (3, 13))


@pytest.fixture
def index() -> Iterator[Index]:
    with serve() as running:
        yield running


@pytest.fixture
def own() -> Iterator[Index]:
    with serve() as running:
        yield running


@pytest.fixture
def host(index: Index, tmp_path: Path) -> Iterator[Host]:
    environ = {**Host().environ, "MOCHIC_INDEX_URL": index.url, "UV_CACHE_DIR": str(tmp_path / "uv")}
    made = Host(environ=environ)
    yield made
    made.close()


@pytest.fixture
def cache(host: Host, tmp_path: Path) -> Cache:
    return Cache(host, tmp_path / "cache", "1.0")


def ask(name: str, specifier: str = "") -> Requirement:
    return Requirement(name, RegistryRequest(specifier), written=name + specifier)


def picks(resolution: Resolution) -> list[str]:
    return [f"{pin.name} {pin.version}" for pin in resolution.pins]


def put(index: Index, name: str, version: str, *requires: str, **settings: str) -> None:
    offer(index, build_wheel(name, version, requires=requires), **settings)


def resolve(host: Host, cache: Cache, *requirements: Requirement, **settings: object) -> list[str]:
    options = ResolveOptions(**settings)  # type: ignore[arg-type]
    return picks(InProcessResolver(host, cache, options=options).resolve(requirements, TARGET))


def failure(host: Host, cache: Cache, *requirements: Requirement, **settings: object) -> list[str]:
    with pytest.raises(DiagnosticError) as caught:
        resolve(host, cache, *requirements, **settings)
    (found,) = caught.value.diagnostics
    return [f"{found.code.code} {found.message}", *found.notes]


def names_asked(index: Index) -> set[str]:
    return {line.split("/")[2] for line in index.log if line.startswith("/simple/")}


def bounds(*texts: str) -> tuple[Bound, ...]:
    return tuple(map(Bound, texts))


# Indexes


def test_a_primary_index_hides_the_main_one(index: Index, own: Index, host: Host, cache: Cache) -> None:
    put(own, "private", "1", "a")
    put(index, "private", "99")
    put(index, "a", "1")
    declared = (Declared("corp", own.url, IndexPriority.PRIMARY),)
    resolver = InProcessResolver(host, cache, options=ResolveOptions(indexes=declared))
    resolution = resolver.resolve([ask("private")], TARGET)
    assert picks(resolution) == ["a 1", "private 1"]
    assert [pin.file.source for pin in resolution.pins] == [IndexSource("default"), IndexSource("corp")]
    assert names_asked(index) == {"a"}


def test_a_supplemental_index_has_what_the_others_have_not(
    index: Index, own: Index, host: Host, cache: Cache
) -> None:
    put(own, "a", "99")
    put(own, "private", "1", "a")
    put(index, "a", "1")
    declared = (Declared("corp", own.url, IndexPriority.SUPPLEMENTAL),)
    assert resolve(host, cache, ask("private"), indexes=declared) == ["a 1", "private 1"]
    assert names_asked(own) == {"private"}


def test_the_first_index_that_knows_a_name_has_it(index: Index, own: Index, host: Host, cache: Cache) -> None:
    # A usable version elsewhere does not count: that is how a name is hijacked.
    offer(own, build_wheel("a", "1", tag="cp313-cp313-win_amd64"))
    put(index, "a", "2")
    declared = (Declared("corp", own.url, IndexPriority.PRIMARY),)
    assert failure(host, cache, ask("a"), indexes=declared)[0] == (
        "PY426 `a` has no wheel for linux-x86_64 3.13"
    )
    assert names_asked(index) == set()


def test_an_explicit_index_serves_only_what_names_it(
    index: Index, own: Index, host: Host, cache: Cache
) -> None:
    put(own, "private", "1", "a")
    put(own, "a", "99")
    put(index, "a", "1")
    put(index, "private", "99")
    declared = (Declared("corp", own.url, IndexPriority.EXPLICIT),)
    wanted = Requirement("private", IndexRequest(own.url))
    options = ResolveOptions(indexes=declared)
    resolution = InProcessResolver(host, cache, options=options).resolve([wanted], TARGET)
    assert picks(resolution) == ["a 1", "private 1"]
    assert resolution.pins[1].file.source == IndexSource("corp")
    assert names_asked(own) == {"private"}
    assert names_asked(index) == {"a"}
    assert resolve(host, cache, ask("private"), indexes=declared) == ["private 99"]


def test_an_index_that_refuses_is_not_passed_over(index: Index, own: Index, host: Host, cache: Cache) -> None:
    put(index, "a", "1")
    own.failures = [(401, {})] * 9
    declared = (Declared("corp", own.url, IndexPriority.PRIMARY),)
    assert failure(host, cache, ask("a"), indexes=declared)[0].startswith("PY420 the index answers 401")
    assert names_asked(index) == set()


# Constraints, overrides, dates, pre-releases


def test_constraints_bound_versions_and_add_nothing(index: Index, host: Host, cache: Cache) -> None:
    put(index, "a", "1", "b")
    for version in ("1", "2", "3"):
        put(index, "b", version)
    constraints = bounds("b<3", "b!=2", "unknown==1", "a>5; sys_platform == 'win32'")
    assert resolve(host, cache, ask("a"), constraints=constraints) == ["a 1", "b 1"]


def test_a_constraint_that_excludes_everything_is_named(index: Index, host: Host, cache: Cache) -> None:
    put(index, "a", "1", "b>=2")
    put(index, "b", "2")
    assert failure(host, cache, ask("a"), constraints=bounds("b<2")) == [
        "PY425 no version of `b` fits what `a` needs and the constraint `<2`",
        "usable for linux-x86_64 3.13: 2",
        "a 1 needs `b>=2`, and you ask for `a`",
    ]


def test_overrides_replace_what_anything_asks(index: Index, host: Host, cache: Cache) -> None:
    put(index, "a", "1", "b<2")
    for version in ("1", "2", "3"):
        put(index, "b", version)
    overrides = bounds("b==3", "unknown==1")
    assert resolve(host, cache, ask("a"), overrides=overrides) == ["a 1", "b 3"]
    assert resolve(host, cache, ask("a"), ask("b", "==1"), overrides=overrides) == ["a 1", "b 3"]


@pytest.mark.parametrize("text", ["b <", "b @ https://host.test/b.whl", "b[x]>1"])
def test_a_constraint_is_a_name_and_a_specifier(index: Index, host: Host, cache: Cache, text: str) -> None:
    assert failure(host, cache, ask("a"), constraints=bounds(text))[0].startswith("PY112 the constraint `")


def test_a_file_of_bounds() -> None:
    text = "# why\na>=1  # here\n\n  b==2;python_version<'4'\n"
    assert [bound.text for bound in parse_bounds_file(text)] == ["a>=1", "b==2;python_version<'4'"]


@pytest.mark.parametrize(
    ("newest", "version"),
    [
        ("2026-01-31", "1"),
        ("2026-02-01", "2"),
        ("2026-02-01T10:00:00Z", "1"),
        ("2026-02-01T12:00:00.5+01:00", "2"),
        ("2026-02-01T11:00:00.4Z", "1"),
        ("", "4"),
    ],
)
def test_files_after_a_date_do_not_count(
    index: Index, host: Host, cache: Cache, newest: str, version: str
) -> None:
    put(index, "a", "1", upload_time="2026-01-01T00:00:00Z")
    put(index, "a", "2", upload_time="2026-02-01T11:00:00.4Z")
    put(index, "a", "3", upload_time="2026-03-01T00:00:00Z")
    put(index, "a", "4")
    assert resolve(host, cache, ask("a"), exclude_newer=newest) == [f"a {version}"]


def test_a_date_that_is_none(host: Host, cache: Cache) -> None:
    assert failure(host, cache, ask("a"), exclude_newer="yesterday") == ["PY436 `yesterday` is not a date"]


@pytest.mark.parametrize(
    ("policy", "specifier", "version"),
    [
        (Prereleases.PEP440, "", "1.0"),
        (Prereleases.PEP440, ">=1.5a1", "2.0rc1"),
        (Prereleases.PEP440, ">1.0", "2.0rc1"),
        (Prereleases.EXPLICIT, ">=1.5a1", "2.0rc1"),
        (Prereleases.EXPLICIT, ">1.0", ""),
        (Prereleases.ALLOW, "", "2.0rc1"),
        (Prereleases.DISALLOW, ">=1.5a1", ""),
        (Prereleases.DISALLOW, "", "1.0"),
    ],
)
def test_which_prereleases_count(
    index: Index, host: Host, cache: Cache, policy: Prereleases, specifier: str, version: str
) -> None:
    put(index, "a", "1.0")
    put(index, "a", "2.0rc1")
    if version:
        assert resolve(host, cache, ask("a", specifier), prereleases=policy) == [f"a {version}"]
    else:
        assert failure(host, cache, ask("a", specifier), prereleases=policy)[0].startswith("PY424 ")


def test_the_manifest_and_the_command_line_add_up() -> None:
    indexes = (Declared("corp", "https://corp.test/simple"),)
    settings = PythonSettings(
        constraints=("a<2",), exclude_newer="2026-01-01", prereleases=Prereleases.ALLOW, indexes=indexes
    )
    asked = ResolveOptions(constraints=bounds("b<2"), exclude_newer="2025-01-01", build=False)
    assert merge_settings(asked, settings) == ResolveOptions(
        bounds("a<2", "b<2"), (), "2025-01-01", Prereleases.ALLOW, False, indexes, AbiTagPolicy.LEGACY
    )


@pytest.mark.parametrize("asked", [None, *AbiTagPolicy])
@pytest.mark.parametrize("said", AbiTagPolicy)
def test_the_policy_of_the_command_line_counts_before_that_of_the_manifest(
    asked: AbiTagPolicy | None, said: AbiTagPolicy
) -> None:
    merged = merge_settings(ResolveOptions(abi_tag_policy=asked), PythonSettings(abi_tag_policy=said))
    assert merged.tag_policy is (asked or said)


def test_the_command_line_knows_every_value() -> None:
    assert list(ENGINES) == [each.value for each in Engine]
    assert list(PRERELEASES) == [each.value for each in Prereleases]
    assert list(ABI_TAG_POLICIES) == [each.value for each in AbiTagPolicy]


# Several targets

TARGETS = (TARGET, Target("windows-x86_64", (3, 13)), Target("macos-arm64", (3, 12)))


def test_one_answer_for_several_targets(index: Index, host: Host, cache: Cache) -> None:
    put(index, "a", "1", "win; sys_platform == 'win32'", "old; python_version < '3.13'", "b")
    put(index, "win", "1")
    put(index, "old", "1")
    put(index, "b", "1")
    offer(index, build_wheel("b", "2", tag="cp313-cp313-win_amd64"))

    def make(prefer: object) -> InProcessResolver:
        return InProcessResolver(host, cache, prefer=prefer)  # type: ignore[arg-type]

    found = resolve_universal([ask("a")], TARGETS, make)
    assert [(pin.name, pin.version, pin.marker) for pin in found.pins] == [
        ("a", "1", ""),
        ("b", "1", ""),
        ("old", "1", "sys_platform == 'darwin'"),
        ("win", "1", "sys_platform == 'win32'"),
    ]
    assert resolve_universal([ask("a")], TARGETS[::-1], make) == found
    for target in TARGETS:
        assert found.select(target) == make(found_versions(found.select(target))).resolve([ask("a")], target)


def found_versions(resolution: Resolution) -> dict[str, str]:
    return {pin.name: pin.version for pin in resolution.pins}


ALL_TARGETS = [Target(p, (3, minor)) for p in PLATFORMS for minor in (12, 13) if not p.startswith("musl")]


@given(st.sets(st.sampled_from(ALL_TARGETS), min_size=1), st.randoms(use_true_random=False))
def test_a_marker_holds_on_its_targets_and_no_other(targets: set[Target], random: object) -> None:
    ordered = sorted(targets, key=str)
    size = random.randint(1, len(ordered))  # type: ignore[attr-defined]
    chosen = random.sample(ordered, size)  # type: ignore[attr-defined]
    marker = find_marker(chosen, ordered)
    holding = [each for each in ordered if not marker or Marker(marker).evaluate(marker_environment(each))]
    assert set(holding) == set(chosen)


@pytest.mark.parametrize(
    ("chosen", "marker"),
    [
        (["linux-x86_64", "linux-aarch64"], 'sys_platform == "linux"'),
        (["linux-aarch64"], 'sys_platform == "linux" and platform_machine == "aarch64"'),
        (["macos-arm64", "windows-x86_64"], 'sys_platform == "darwin" or sys_platform == "win32"'),
    ],
)
def test_markers_are_short(chosen: Sequence[str], marker: str) -> None:
    targets = [Target(p) for p in ("linux-x86_64", "linux-aarch64", "windows-x86_64", "macos-arm64")]
    assert str(Marker(find_marker([Target(platform) for platform in chosen], targets))) == marker


# uv


def test_uv_and_this_program_give_the_same(index: Index, own: Index, host: Host, cache: Cache) -> None:
    put(index, "a", "1", "b<3; sys_platform == 'linux'", "c; sys_platform == 'win32'")
    for version in ("1", "2", "3"):
        put(index, "b", version)
    put(index, "c", "1")
    put(own, "private", "1", "a")
    put(index, "private", "99")
    asked = [Requirement("private", IndexRequest(own.url)), ask("b", "!=2")]
    for target, constraint in itertools.product(TARGETS, ("c<9", "b<2")):
        options = ResolveOptions(constraints=bounds(constraint))
        mine = InProcessResolver(host, cache, options=options).resolve(asked, target)
        index.log.clear()
        theirs = UvResolver(host, cache, options=options).resolve(asked, target)
        assert theirs == mine
        assert "private" not in names_asked(index)


def test_uv_keeps_earlier_versions(index: Index, host: Host, cache: Cache) -> None:
    put(index, "a", "1")
    put(index, "a", "2")
    assert picks(UvResolver(host, cache, prefer={"a": "1"}).resolve([ask("a")], TARGET)) == ["a 1"]
    assert picks(UvResolver(host, cache).resolve([ask("a")], TARGET)) == ["a 2"]


def test_uv_finds_no_answer(index: Index, host: Host, cache: Cache, tmp_path: Path) -> None:
    put(index, "a", "1")
    with pytest.raises(DiagnosticError) as caught:
        UvResolver(host, cache).resolve([ask("a", ">1")], TARGET)
    (found,) = caught.value.diagnostics
    assert f"{found.code.code} {found.message}" == "PY439 uv found no answer"
    assert any("a>1" in note for note in found.notes)


def test_a_python_without_patch_release_is_the_first_of_its_series(
    index: Index, host: Host, cache: Cache
) -> None:
    put(index, "a", "1")
    offer(index, build_wheel("a", "2", requires_python=">=3.13.1"), requires_python=">=3.13.1")
    assert picks(UvResolver(host, cache).resolve([ask("a")], TARGET)) == ["a 1"]
    assert resolve(host, cache, ask("a")) == ["a 1"]
