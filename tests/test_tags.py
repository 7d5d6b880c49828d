"""Tags and markers of targets, against the `packaging` library where it can tell."""

from __future__ import annotations

import platform
import sys

import packaging.tags
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import default_environment
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms

from mochic_py.compiler.resolve.tags import GLIBC, PLATFORMS, check_target, marker_environment, wheel_tags
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import Target

PYTHONS = [(3, 9), (3, 11), (3, 12), (3, 13), (3, 14), (3, 15)]
BUILDS = [
    *((python, False) for python in PYTHONS),
    *((python, True) for python in PYTHONS if python >= (3, 13)),
]


def _reference(python: tuple[int, int], abi: str, platforms: list[str]) -> list[str]:
    interpreter = f"cp{python[0]}{python[1]}"
    tags = [*cpython_tags(python, [abi], platforms), *compatible_tags(python, interpreter, platforms)]
    return list(dict.fromkeys(map(str, tags)))


@pytest.mark.skipif(sys.platform != "linux", reason="compares with the Linux machine it runs on")
def test_tags_of_this_machine_equal_those_of_packaging() -> None:
    version = tuple(map(int, platform.libc_ver()[1].split(".")[:2]))
    here = Target(f"linux-{platform.machine()}", sys.version_info[:2])
    assert list(wheel_tags(here, glibc=(version[0], version[1]))) == [
        str(t) for t in packaging.tags.sys_tags()
    ]


@pytest.mark.parametrize(("python", "free_threaded"), BUILDS, ids=str)
@pytest.mark.parametrize(
    ("name", "platforms"),
    [
        ("macos-arm64", list(mac_platforms((14, 0), "arm64"))),
        ("macos-x86_64", list(mac_platforms((14, 0), "x86_64"))),
        ("windows-x86_64", ["win_amd64"]),
        ("windows-arm64", ["win_arm64"]),
        ("musllinux-x86_64", ["linux_x86_64", *(f"musllinux_1_{n}_x86_64" for n in (2, 1, 0))]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tags_of_foreign_targets_equal_those_of_packaging(
    name: str, platforms: list[str], python: tuple[int, int], free_threaded: bool
) -> None:
    abi = f"cp{python[0]}{python[1]}{'t' if free_threaded else ''}"
    assert list(wheel_tags(Target(name, python, free_threaded))) == _reference(python, abi, platforms)


def test_linux_platforms_go_down_from_glibc_with_the_older_names() -> None:
    platforms = wheel_tags(Target("linux-x86_64", (3, 13)), glibc=(2, 18)).platforms
    assert platforms == (
        "linux_x86_64",
        "manylinux_2_18_x86_64",
        "manylinux_2_17_x86_64",
        "manylinux2014_x86_64",
        "manylinux_2_16_x86_64",
        "manylinux_2_15_x86_64",
        "manylinux_2_14_x86_64",
        "manylinux_2_13_x86_64",
        "manylinux_2_12_x86_64",
        "manylinux2010_x86_64",
        "manylinux_2_11_x86_64",
        "manylinux_2_10_x86_64",
        "manylinux_2_9_x86_64",
        "manylinux_2_8_x86_64",
        "manylinux_2_7_x86_64",
        "manylinux_2_6_x86_64",
        "manylinux_2_5_x86_64",
        "manylinux1_x86_64",
    )
    arm = wheel_tags(Target("linux-aarch64", (3, 13))).platforms
    assert arm[1] == f"manylinux_{GLIBC[0]}_{GLIBC[1]}_aarch64"
    assert arm[-2:] == ("manylinux_2_17_aarch64", "manylinux2014_aarch64")


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64", {"linux-x86_64 3.13"}),
        ("cp313-cp313t-manylinux_2_17_x86_64", {"linux-x86_64 3.13t"}),
        ("cp39-abi3-manylinux_2_28_x86_64", {"linux-x86_64 3.13", "linux-x86_64 3.15"}),
        ("cp314-abi3-manylinux_2_28_x86_64", {"linux-x86_64 3.15"}),
        ("cp315-abi3t-manylinux_2_28_x86_64", {"linux-x86_64 3.15t"}),
        ("cp315-abi3.abi3t-manylinux_2_28_x86_64", {"linux-x86_64 3.15", "linux-x86_64 3.15t"}),
        ("cp313-cp313-musllinux_1_2_x86_64", {"musllinux-x86_64 3.13"}),
        ("cp313-cp313-pyodide_2025_0_wasm32", {"pyodide 3.13"}),
        ("cp313-cp313-pyemscripten_2025_0_wasm32", {"pyodide 3.13"}),
        ("cp313-none-win_amd64", {"windows-x86_64 3.13"}),
        ("py3-none-macosx_11_0_universal2", {"macos-arm64 3.13"}),
        ("pp311-pypy311_pp73-manylinux_2_28_x86_64", set()),
        ("py2-none-any", set()),
    ],
)
def test_which_targets_a_wheel_fits(tag: str, fits: set[str]) -> None:
    targets = [
        Target("linux-x86_64", (3, 13)),
        Target("linux-x86_64", (3, 13), free_threaded=True),
        Target("linux-x86_64", (3, 15)),
        Target("linux-x86_64", (3, 15), free_threaded=True),
        Target("musllinux-x86_64", (3, 13)),
        Target("macos-arm64", (3, 13)),
        Target("windows-x86_64", (3, 13)),
        Target("pyodide", (3, 13)),
        Target("wasi-p2", (3, 13)),
    ]
    assert {str(target) for target in targets if wheel_tags(target).rank(tag) is not None} == fits


@given(st.data())
def test_rank_orders_tags_like_the_list(data: st.DataObject) -> None:
    tags = wheel_tags(Target("linux-x86_64", (3, 13)))
    ordered = list(tags)
    first, second = sorted(data.draw(st.tuples(*[st.integers(0, len(ordered) - 1)] * 2)))
    one, two = tags.rank(ordered[first]), tags.rank(ordered[second])
    assert one is not None
    assert two is not None
    assert (one < two) == (first < second)


def test_a_compressed_tag_has_the_rank_of_its_best_part() -> None:
    tags = wheel_tags(Target("linux-x86_64", (3, 13)))
    compressed = "cp312.cp313-cp313.abi3-manylinux_2_28_x86_64.manylinux_2_17_x86_64.any"
    ranks = [
        rank for tag in packaging.tags.parse_tag(compressed) if (rank := tags.rank(str(tag))) is not None
    ]
    assert Tag("cp313", "cp313", "manylinux_2_28_x86_64") in packaging.tags.parse_tag(compressed)
    assert tags.rank(compressed) == min(ranks) == tags.rank("cp313-cp313-manylinux_2_28_x86_64")


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_platform_has_all_markers_and_accepts_pure_wheels(name: str) -> None:
    target = Target(name, (3, 13))
    environment = marker_environment(target)
    assert environment.keys() == default_environment().keys()
    assert environment["python_version"] == "3.13"
    assert wheel_tags(target).rank("py2.py3-none-any") is not None


@pytest.mark.skipif(sys.platform != "linux", reason="compares with the Linux machine it runs on")
def test_markers_of_this_machine_equal_those_of_packaging() -> None:
    unknown = {"platform_release", "platform_version", "python_full_version", "implementation_version"}
    mine = marker_environment(Target(f"linux-{platform.machine()}", sys.version_info[:2]))
    theirs = default_environment()
    assert {k: v for k, v in mine.items() if k not in unknown} == {
        k: v for k, v in theirs.items() if k not in unknown
    }


@pytest.mark.parametrize("target", [Target("amiga-m68k"), Target("linux-x86_64", implementation="pypy")])
def test_an_unknown_target_is_an_error(target: Target) -> None:
    with pytest.raises(DiagnosticError) as caught:
        check_target(target)
    assert [d.code.code for d in caught.value.diagnostics] == ["PY433"]
