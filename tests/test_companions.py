"""Which stub distribution is asked for, and which release of it is taken."""

from __future__ import annotations

import casefile
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from mochic_py.compiler.companions import (
    choose_release,
    companions,
    has_prefix,
    is_stub_name,
    order_releases,
    stub_names,
)

CASES = casefile.read_cases(casefile.GOLDEN / "frontends" / "companions.md")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_golden(case, update_golden):
    package, version = case.blocks["package"].split()
    releases = {}
    for line in case.blocks["releases"].splitlines():
        release, _, needs = line.partition(":")
        # `; ` parts requirements, ` ; ` starts a marker.
        releases[Version(release)] = [need.strip().replace("%", " ; ") for need in _split(needs)]
    ordered = order_releases(releases, Version(version))
    chosen = choose_release(releases, package, Version(version), releases.__getitem__)
    lines = [f"order {', '.join(map(str, ordered))}"]
    if chosen is None:
        lines.append("takes none")
    else:
        lines.append(f"takes {chosen.version}, {'which fits' if chosen.fits else 'which may not fit'}")
    casefile.check_case(case, "choice", "\n".join(lines), update_golden)


def _split(needs: str) -> list[str]:
    return [part for part in needs.replace(" ; ", "%").split(";") if part.strip()]


def test_names_are_asked_for_best_first():
    assert stub_names("box") == ("types-box", "box-stubs")
    assert stub_names("msgpack") == ("msgpack-types", "types-msgpack", "msgpack-stubs")
    assert stub_names("pandas") == ("pandas-stubs", "types-pandas")


def test_the_table_is_sorted_and_gives_reasons():
    table = companions()
    assert list(table) == sorted(table)
    for name, entry in table.items():
        assert name == canonicalize_name(name)
        assert entry.stubs
        assert all(stub == canonicalize_name(stub) for stub in entry.stubs)
        assert len(entry.reason.split()) > 5


@pytest.mark.parametrize(
    ("name", "expected"),
    [("types-box", True), ("box-stubs", True), ("msgpack-types", True), ("box", False), ("stubs", False)],
)
def test_stubs_are_known_by_name(name, expected):
    assert is_stub_name(name) is expected


_VERSIONS = st.builds(
    lambda parts: Version(".".join(map(str, parts))), st.lists(st.integers(0, 4), min_size=1, max_size=4)
)


@given(st.sets(_VERSIONS, min_size=1), _VERSIONS)
def test_a_release_with_the_prefix_is_taken_where_there_is_one(releases, version):
    chosen = choose_release(releases, "box", version, lambda release: [])
    assert chosen is not None
    assert chosen.fits is any(has_prefix(release, version) for release in releases)
    assert chosen.fits is has_prefix(chosen.version, version)
    same = [release for release in releases if release.release[:2] == version.release[:2]]
    if same:
        assert chosen.version >= max(same) or (chosen.version.major, chosen.version.minor) == (
            version.major,
            version.minor,
        )


@given(st.sets(_VERSIONS), _VERSIONS)
def test_the_order_does_not_depend_on_that_of_the_index(releases, version):
    ordered = order_releases(releases, version)
    assert set(ordered) == releases
    assert ordered == order_releases(reversed(ordered), version)
