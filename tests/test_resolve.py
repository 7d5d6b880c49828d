"""Resolution: which versions are chosen, and what is said when there are none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import uv
from index_server import File, Index, build_wheel, offer, serve
from packaging.requirements import Requirement as Dependency

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.frontends.wheel import open_wheel
from mochic_py.compiler.host import Host
from mochic_py.compiler.resolve.download import fetch_all
from mochic_py.compiler.resolve.options import ResolveOptions
from mochic_py.compiler.resolve.resolver import InProcessResolver
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import (
    IndexRequest,
    IndexSource,
    PathSource,
    RegistryRequest,
    Requirement,
    Resolution,
    Target,
)
from mochic_py.ir.source import Span

TARGET = Target("linux-x86_64", (3, 13))


@pytest.fixture
def index() -> Iterator[Index]:
    with serve() as running:
        yield running


@pytest.fixture
def host(index: Index) -> Iterator[Host]:
    made = Host(environ={"MOCHIC_INDEX_URL": index.url})
    yield made
    made.close()


@pytest.fixture
def resolver(host: Host, tmp_path: Path) -> InProcessResolver:
    return InProcessResolver(host, Cache(host, tmp_path / "cache", "1.0"))


def _ask(text: str) -> Requirement:
    dependency = Dependency(text)
    return Requirement(
        dependency.name,
        RegistryRequest(str(dependency.specifier)),
        tuple(dependency.extras),
        str(dependency.marker or ""),
        written=text,
    )


def _picks(resolution: Resolution) -> list[str]:
    return [f"{pin.name} {pin.version}" for pin in resolution.pins]


def _resolve(resolver: InProcessResolver, *texts: str, target: Target = TARGET) -> list[str]:
    return _picks(resolver.resolve([_ask(text) for text in texts], target))


def _failure(resolver: InProcessResolver, requirements: Sequence[Requirement]) -> str:
    with pytest.raises(DiagnosticError) as caught:
        resolver.resolve(requirements, TARGET)
    (found,) = caught.value.diagnostics
    return "\n".join([f"{found.code.code} {found.message}", *found.notes])


def _put(index: Index, name: str, version: str, *requires: str, **settings: str) -> None:
    offer(index, build_wheel(name, version, requires=requires, **settings))  # type: ignore[arg-type]


def test_the_newest_version_and_what_it_needs(index: Index, resolver: InProcessResolver) -> None:
    _put(index, "a", "1.9")
    _put(index, "a", "1.10", "B.b>=2", "c; sys_platform == 'win32'", "d; python_version >= '3.13'")
    _put(index, "b-b", "2.0", "d<2")
    _put(index, "d", "1.5")
    _put(index, "d", "2.5")
    resolution = resolver.resolve([_ask("a")], TARGET)
    assert _picks(resolution) == ["a 1.10", "b-b 2.0", "d 1.5"]
    pin = resolution.find("a")
    assert pin is not None
    assert pin.dependencies == ("b-b", "d")
    assert pin.file.filename == "a-1.10-py3-none-any.whl"
    assert pin.file.source == IndexSource("default")
    assert len(pin.file.hashes.sha256) == 64
    windows = Target("windows-x86_64", (3, 12))
    _put(index, "c", "1")
    assert _resolve(resolver, "a", target=windows) == ["a 1.10", "b-b 2.0", "c 1", "d 1.5"]


def test_extras(index: Index, resolver: InProcessResolver) -> None:
    wheel = build_wheel("a", "1", requires=["b", "c; extra == 'x'", "d; extra == 'Y_y'"], extras=["x", "y-y"])
    offer(index, wheel)
    for name in ("b", "c", "d"):
        _put(index, name, "1")
    _put(index, "top", "1", "a[x]")
    assert _resolve(resolver, "a") == ["a 1", "b 1"]
    assert _resolve(resolver, "a[x]") == ["a 1", "b 1", "c 1"]
    resolution = resolver.resolve([_ask("a[y.y]"), _ask("top")], TARGET)
    assert _picks(resolution) == ["a 1", "b 1", "c 1", "d 1", "top 1"]
    pin = resolution.find("a")
    assert pin is not None
    assert (pin.extras, pin.dependencies) == (("x", "y-y"), ("b", "c", "d"))


def test_an_extra_and_its_base_have_one_version(index: Index, resolver: InProcessResolver) -> None:
    offer(index, build_wheel("a", "1", requires=["b; extra == 'x'"], extras=["x"]))
    offer(index, build_wheel("a", "2", requires=["b>5; extra == 'x'"], extras=["x"]))
    _put(index, "b", "1")
    assert _resolve(resolver, "a[x]", "a") == ["a 1", "b 1"]


def test_backtracking(index: Index, resolver: InProcessResolver) -> None:
    for version in range(1, 8):
        _put(index, "a", f"{version}", f"shared=={version}")
        _put(index, "b", f"{version}", f"shared=={8 - version}")
        _put(index, "shared", f"{version}")
    assert _resolve(resolver, "a", "b", "shared<=6") in (
        [f"a {n}", f"b {8 - n}", f"shared {n}"] for n in range(1, 7)
    )


def test_a_cycle_is_no_problem(index: Index, resolver: InProcessResolver) -> None:
    _put(index, "a", "1", "b")
    _put(index, "b", "1", "a")
    assert _resolve(resolver, "a") == ["a 1", "b 1"]


def test_prereleases(index: Index, resolver: InProcessResolver) -> None:
    for version in ("1.0", "2.0b1", "2.0.dev1"):
        _put(index, "a", version)
    _put(index, "only", "1.0a1")
    _put(index, "needs", "1", "a>=2.0b1")
    assert _resolve(resolver, "a", "only") == ["a 1.0", "only 1.0a1"]
    assert _resolve(resolver, "a>=2.0.dev0") == ["a 2.0b1"]
    assert _resolve(resolver, "needs") == ["a 2.0b1", "needs 1"]


def test_yanked_versions_are_for_exact_pins_only(index: Index, resolver: InProcessResolver) -> None:
    _put(index, "a", "1.0")
    offer(index, build_wheel("a", "1.1"), yanked="broken")
    assert _resolve(resolver, "a") == ["a 1.0"]
    assert _resolve(resolver, "a==1.1") == ["a 1.1"]
    assert _resolve(resolver, "a===1.1") == ["a 1.1"]
    assert _failure(resolver, [_ask("a==1.1.*")]) == (
        "PY424 no version of `a` can be used\nusable for linux-x86_64 3.13: 1.0\nwithdrawn (yanked): 1.1"
    )


def test_requires_python_on_the_page_and_in_the_metadata(index: Index, resolver: InProcessResolver) -> None:
    _put(index, "a", "1.0")
    offer(index, build_wheel("a", "1.1"), requires_python="<3.13")
    _put(index, "a", "1.2", requires_python=">=3.14")
    assert _resolve(resolver, "a") == ["a 1.0"]
    assert _resolve(resolver, "a", target=Target("linux-x86_64", (3, 14))) == ["a 1.2"]
    assert _resolve(resolver, "a", target=Target("linux-x86_64", (3, 12))) == ["a 1.1"]


def test_the_best_file_for_the_target(index: Index, resolver: InProcessResolver) -> None:
    for tag in ("py3-none-any", "cp313-cp313-manylinux_2_17_x86_64", "cp313-cp313-macosx_11_0_arm64"):
        offer(index, build_wheel("a", "1", tag=tag))
    offer(index, build_wheel("a", "2", tag="cp313-cp313-win_amd64"))

    def choose(platform: str) -> str:
        return resolver.resolve([_ask("a")], Target(platform, (3, 13))).pins[0].file.filename

    assert choose("linux-x86_64") == "a-1-cp313-cp313-manylinux_2_17_x86_64.whl"
    assert choose("macos-arm64") == "a-1-cp313-cp313-macosx_11_0_arm64.whl"
    assert choose("pyodide") == "a-1-py3-none-any.whl"
    assert choose("windows-x86_64") == "a-2-cp313-cp313-win_amd64.whl"


def test_a_version_with_unusable_metadata_is_passed_over(index: Index, resolver: InProcessResolver) -> None:
    _put(index, "a", "1.0")
    offer(index, build_wheel("a", "1.1", requires=["!!!"]))
    offer(index, build_wheel("a", "1.2", metadata=b"Name: b\nVersion: 1.2\n"))
    offer(index, build_wheel("a", "1.3", metadata=b"Name: a\nVersion: 9\n"))
    index.add(File("a-1.4-py3-none-any.whl", b"not a wheel"))
    assert _resolve(resolver, "a") == ["a 1.0"]
    text = _failure(resolver, [_ask("a>1.3")])
    assert text.splitlines()[0] == "PY424 no version of `a` can be used"
    assert "`a-1.4-py3-none-any.whl` cannot be read" in text


def test_earlier_pins_are_kept_while_they_fit(index: Index, host: Host, tmp_path: Path) -> None:
    for version in ("1", "2", "3"):
        _put(index, "a", version)
    cache = Cache(host, tmp_path / "cache", "1.0")
    resolver = InProcessResolver(host, cache, prefer={"a": "2"})
    assert _resolve(resolver, "a") == ["a 2"]
    assert _resolve(resolver, "a>2") == ["a 3"]


def test_markers_of_requirements(index: Index, resolver: InProcessResolver) -> None:
    _put(index, "a", "1")
    assert _resolve(resolver, "a; sys_platform == 'win32'") == []
    assert _resolve(resolver, "a; sys_platform == 'linux'") == ["a 1"]


def test_a_second_run_needs_no_network(index: Index, host: Host, tmp_path: Path) -> None:
    _put(index, "a", "1", "b")
    _put(index, "b", "1")
    cache = Cache(host, tmp_path / "cache", "1.0")
    first = InProcessResolver(host, cache).resolve([_ask("a")], TARGET)
    fetch_all(first.pins, host, cache)
    asked = len(index.log)
    offline = InProcessResolver(host, cache, offline=True).resolve([_ask("a")], TARGET)
    assert offline == first
    assert len(fetch_all(offline.pins, host, cache, offline=True)) == 2
    assert len(index.log) == asked


def test_an_explicit_index_is_the_only_one_for_its_name(
    index: Index, host: Host, resolver: InProcessResolver
) -> None:
    _put(index, "private", "99")
    _put(index, "a", "1", "private")
    with serve() as own:
        _put(own, "private", "1")
        asked = [Requirement("private", IndexRequest(own.url)), _ask("a")]
        resolution = resolver.resolve(asked, TARGET)
        assert _picks(resolution) == ["a 1", "private 1"]
        pin = resolution.find("private")
        assert pin is not None
        assert pin.file.source == IndexSource(own.url)
        assert not any("private" in line for line in index.log)
        assert not any("/a/" in line for line in own.log)
        two = [*asked, Requirement("private", IndexRequest(index.url))]
        assert _failure(resolver, two).startswith("PY425 `private` is asked of two indexes")


def test_a_local_wheel(index: Index, host: Host, tmp_path: Path) -> None:
    _put(index, "b", "1")
    for version in ("1.0", "1.10"):
        built = build_wheel("my-own", version, requires=["b"])
        (tmp_path / built.filename).write_bytes(built.content)
    (tmp_path / "notes.txt").write_text("nothing")
    cache = Cache(host, tmp_path / "cache", "1.0")
    resolver = InProcessResolver(host, cache, base=tmp_path)
    folder = resolver.resolve([Requirement("my-own", PathSource("."))], TARGET)
    assert _picks(folder) == ["b 1", "my-own 1.10"]
    file = resolver.resolve([Requirement("my-own", PathSource("my_own-1.0-py3-none-any.whl"))], TARGET)
    assert _picks(file) == ["b 1", "my-own 1.0"]
    wheels = fetch_all(file.pins, host, cache)
    with open_wheel(wheels[1].path) as wheel:
        assert wheel.metadata.version == "1.0"
    assert _failure(resolver, [Requirement("other", PathSource("."))]) == (
        "PY428 there is no wheel or source of `other` for linux-x86_64 3.13 at `.`"
    )


# Failures


def test_an_unknown_name(index: Index, resolver: InProcessResolver) -> None:
    _put(index, "a", "1", "missing>=2")
    assert _failure(resolver, [_ask("nothing")]) == "PY422 the index has no distribution named `nothing`"
    assert _failure(resolver, [_ask("a")]) == (
        "PY422 the index has no distribution named `missing`\na 1 needs `missing>=2`, and you ask for `a`"
    )


def test_a_name_without_wheels(index: Index, host: Host, tmp_path: Path) -> None:
    index.add(File("a-1.10.tar.gz", b"source"))
    index.add(File("a-1.9.tar.gz", b"source"))
    offer(index, build_wheel("b", "1", tag="cp313-cp313-win_amd64"))
    cache = Cache(host, tmp_path / "cache", "1.0")
    resolver = InProcessResolver(host, cache, options=ResolveOptions(build=False))
    assert _failure(resolver, [_ask("a")]) == (
        "PY426 `a` has no wheels, and source distributions are not to be built\n"
        "versions with a source distribution only: 1.10, 1.9"
    )
    assert _failure(resolver, [_ask("b")]) == (
        "PY426 `b` has no wheel for linux-x86_64 3.13\nversions with wheels for other targets: 1"
    )


def test_a_name_for_another_python(index: Index, resolver: InProcessResolver) -> None:
    offer(index, build_wheel("a", "1"), requires_python=">=3.14")
    assert _failure(resolver, [_ask("a")]) == (
        "PY424 no version of `a` is for Python 3.13\nversions for another Python: 1"
    )


def test_a_version_there_is_not(index: Index, resolver: InProcessResolver) -> None:
    for minor in range(7):
        _put(index, "a", f"1.{minor}")
    assert _failure(resolver, [_ask("a>=2")]) == (
        "PY424 no version of `a` fits `>=2`\nusable for linux-x86_64 3.13: 1.6, 1.5, 1.4, 1.3, 1.2 and 2 more"
    )


def test_a_conflict_between_the_user_and_a_package(index: Index, resolver: InProcessResolver) -> None:
    for version in ("1", "2", "3"):
        _put(index, "a", version, "b")
        _put(index, "b", version, "c<2")
    _put(index, "c", "1")
    _put(index, "c", "2")
    assert _failure(resolver, [_ask("a"), _ask("c>=2")]) == (
        "PY425 no version of `c` fits `>=2` and what `b` needs\n"
        "you ask for `c>=2`\n"
        "b 3 needs `c<2`, and is needed by a 3, and you ask for `a`"
        " (2 older versions of `b` do not help either)"
    )


def test_a_conflict_points_at_all_places(index: Index, resolver: InProcessResolver) -> None:
    _put(index, "a", "1", "c==1")
    _put(index, "b", "1", "c==2")
    _put(index, "c", "1")
    _put(index, "c", "2")
    first, second = Span("app.mochi", 1, 8, 1, 11), Span("mochi.toml", 4, 1, 4, 8)
    asked = [
        Requirement("a", RegistryRequest(), written="a", span=first),
        Requirement("b", RegistryRequest(), written="b", span=second),
    ]
    with pytest.raises(DiagnosticError) as caught:
        resolver.resolve(asked, TARGET)
    (found,) = caught.value.diagnostics
    assert found.message == "no version of `c` fits what `a` needs and what `b` needs"
    assert sorted([str(found.span), *(str(label.span) for label in found.labels)]) == [
        "app.mochi:1:8",
        "mochi.toml:4:1",
    ]
    assert sorted(found.notes) == [
        "a 1 needs `c==1`, and you ask for `a`",
        "b 1 needs `c==2`, and you ask for `b`",
    ]


# The real index, against uv

CORPUS = [
    *("numpy", "pandas", "scipy", "scikit-learn", "requests", "httpx", "urllib3", "pillow", "pydantic"),
    *("attrs", "click", "typer", "rich", "tqdm", "sqlalchemy", "fastapi", "starlette", "uvicorn", "aiohttp"),
    *("pyyaml", "toml", "tomli", "msgpack", "orjson", "pytest"),
]


@pytest.mark.network
@pytest.mark.parametrize(
    "asked",
    [
        CORPUS,
        ["fastapi<=0.115.2", "starlette<=0.36.0"],
        ["boto3", "urllib3<1.26.10"],
        ["httpx[http2,cli,brotli]", "uvicorn[standard]", "fastapi[all]", "pydantic[email]"],
        ["attrs==21.1.0"],
    ],
    ids=["corpus", "backtracking", "upper bound", "extras", "yanked"],
)
def test_picks_equal_those_of_uv(asked: list[str], tmp_path: Path) -> None:
    host = Host()
    resolver = InProcessResolver(host, Cache(host, tmp_path / "cache", "1.0"))
    target = Target("linux-x86_64", sys.version_info[:2])
    mine = _picks(resolver.resolve([_ask(text) for text in asked], target))
    host.close()
    (tmp_path / "requirements.in").write_text("\n".join(asked))
    command = [uv.find_uv_bin(), "pip", "compile", "--quiet", "--no-config", "--no-python-downloads"]
    command += ["--no-annotate", "--no-header", "--python", sys.executable, "--no-cache", "requirements.in"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert mine == [line.replace("==", " ") for line in done.stdout.split()]


@pytest.mark.network
@pytest.mark.parametrize(("name", "imports"), [("httpx", ("httpx",)), ("attrs", ("attrs", "attr"))])
def test_real_wheels_are_downloaded_and_read(name: str, imports: tuple[str, ...], tmp_path: Path) -> None:
    host = Host()
    cache = Cache(host, tmp_path / "cache", "1.0")
    resolution = InProcessResolver(host, cache).resolve([_ask(name)], TARGET)
    wheels = fetch_all(resolution.pins, host, cache)
    host.close()
    for cached in wheels:
        with open_wheel(cached.path, shown=cached.pin.file.filename) as wheel:
            assert wheel.metadata.version == cached.pin.version
            assert all(isinstance(wheel.read(file), bytes) for file in wheel.names)
            if cached.pin.name == name:
                assert wheel.import_names == imports
