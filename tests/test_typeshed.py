"""The pinned stubs of the standard library, and the aliases that come from them."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve
from index_server import Built, Index, build_wheel, offer, serve
from local_packages import make_host

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.frontends.wheel import open_wheel
from mochic_py.compiler.request import Request
from mochic_py.compiler.resolve.index import IndexClient
from mochic_py.compiler.session import Session, read_wheels
from mochic_py.compiler.shared_modules import open_shared
from mochic_py.compiler.typeshed import (
    Typeshed,
    TypeshedPin,
    default_pin,
    find_newest_pin,
    parse_pin,
    parse_versions,
)
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import RegistryRequest, Requirement, Target
from mochic_py.ir.printer import format_package

FOLDER = default_pin().folder
STDLIB = {
    "VERSIONS": b"# comment\n\n_typeshed: 3.0-  # only here\nold: 3.0-3.11\nold.sub: 3.5-\npkg: 3.13-\n",
    "_typeshed/__init__.pyi": b"import sys\nfrom pkg import _Level\nKey = str | int\nLevel = list[_Level]\n"
    b"if sys.version_info >= (3, 14):\n    New = bytes\nelse:\n    New = float\nclass Plain: ...\n",
    "old.pyi": b"x: int\n",
    "old/sub.pyi": b"",
    "pkg/__init__.pyi": b"_Level = int | str\n_Loop = list[_Loop]\n",
}
BOX = (
    b"from _typeshed import Key, Level, New, Plain\nimport pkg\nfrom box.names import Again\n"
    b"def f(a: Key, b: Level, c: New, d: Plain, e: pkg._Level, g: Again) -> None: ...\n"
)


def build_snapshot(version: str) -> Built:
    return build_wheel(
        "typeshed-client", version, files={f"{FOLDER}/{name}": text for name, text in STDLIB.items()}
    )


@pytest.fixture
def index():
    with serve() as running:
        files = {
            "box/__init__.pyi": BOX,
            "box/names.pyi": b"from _typeshed import Key as Again\n",
            "box/py.typed": b"",
        }
        offer(running, build_wheel("box", "1.0", files=files))
        yield running


def read(
    index: Index, cache: Path, pin: TypeshedPin, python: tuple[int, int] = (3, 13)
) -> tuple[str, list[str]]:
    target = Target(python=python)
    with closing(make_host(index.url, cache)) as host:
        session = Session(host, Cache(host), Request(target=target))
        session.typeshed = evolve(session.typeshed, pin=pin)
        found = session.resolve([Requirement("box", RegistryRequest())])
        package, problems = read_wheels(session.fetch_with_stubs(found.pins)[0], target, host)
    shown = format_package(package)
    params = [line.split(" at ")[0].strip() for line in shown.splitlines() if line.startswith("    ")]
    return "\n".join(params), [problem.code.code for problem in problems]


def offer_snapshot(index: Index, version: str = "9.0") -> TypeshedPin:
    built = build_snapshot(version)
    offer(index, built)
    sha256 = hashlib.sha256(built.content).hexdigest()
    return TypeshedPin("typeshed-client", version, built.filename, sha256, FOLDER)


def test_aliases_of_the_standard_library_are_expanded(index, tmp_path):
    shown, problems = read(index, tmp_path, offer_snapshot(index))
    assert problems == []
    assert shown.splitlines() == [
        "a: string | int",
        "b: list<int | string>",
        "c: float",
        "d: @_typeshed.Plain",
        "e: int | string",
        "g: string | int",
    ]


def test_conditions_in_the_snapshot_follow_the_target(index, tmp_path):
    shown, _ = read(index, tmp_path, offer_snapshot(index), (3, 14))
    assert "c: bytes" in shown.splitlines()


def test_an_index_without_the_snapshot_is_reported(index, tmp_path):
    shown, problems = read(index, tmp_path, default_pin())
    assert problems == ["PY212"]
    assert "a: @_typeshed.Key" in shown.splitlines()


def test_another_snapshot_than_the_pinned_one_is_an_error(index, tmp_path):
    pin = evolve(offer_snapshot(index), sha256="0" * 64)
    with pytest.raises(DiagnosticError) as caught:
        read(index, tmp_path, pin)
    assert [each.code.code for each in caught.value.diagnostics] == ["PY427"]


def test_the_snapshot_is_fetched_only_where_it_is_needed(index, tmp_path):
    files = {"lid/__init__.pyi": b"import os\ndef f(p: os.PathLike[str]) -> str: ...\n", "lid/py.typed": b""}
    offer(index, build_wheel("lid", "1.0", files=files))
    with closing(make_host(index.url, tmp_path)) as host:
        package, problems = Session(host, Cache(host), Request()).read_spec("lid")
    assert problems == ()
    assert package is not None
    assert index.count("typeshed-client/") == 0


def test_modules_are_those_of_the_target_and_have_their_tier():
    built = build_snapshot("9.0")
    with open_wheel(built.content, shown=built.filename) as wheel:
        stdlib = Typeshed(wheel, FOLDER)

        def has(name: str, minor: int) -> bool:
            return stdlib.find_module(name, Target(python=(3, minor))) is not None

        assert [has("old", 11), has("old", 12)] == [True, False]
        assert [has("old.sub", 12), has("old.none", 11)] == [True, False]
        assert [has("pkg", 12), has("pkg", 13), has("none", 13)] == [False, True, False]
        source = stdlib.find_module("_typeshed", Target())
        assert source is not None
        module = open_shared(source, Target()).read_outline()
    assert (module.name, module.is_package, module.file) == (
        "_typeshed",
        True,
        f"{FOLDER}/_typeshed/__init__.pyi",
    )
    assert {item.name for item in module.items} == {"Key", "Level", "New", "Plain"}


def test_versions_are_ranges():
    assert parse_versions("a: 3.0-\nb.c: 3.5-3.13 # gone\n#d: 3.0-\n") == {
        "a": ((3, 0), (999, 0)),
        "b.c": ((3, 5), (3, 13)),
    }


def test_a_pin_is_recorded_as_text():
    pin = default_pin()
    assert parse_pin(str(pin)) == pin
    for wrong in ("", "typeshed-client==2.0", f"a==1 md5:{'0' * 64}", f"a==1 sha256:{'0' * 63}"):
        assert parse_pin(wrong) is None


def test_the_newest_release_is_found(index, tmp_path):
    with closing(make_host(index.url, tmp_path)) as host:
        with pytest.raises(DiagnosticError) as caught:
            find_newest_pin(IndexClient(host, Cache(host), index.url), Target())
        assert caught.value.diagnostics[0].code.code == "PY424"
        pins = {version: offer_snapshot(index, version) for version in ("9.0", "10.0", "10.1", "11.0rc1")}
        index.files["typeshed-client"][2].yanked = "broken"
        client = IndexClient(host, Cache(host), index.url, refresh=True)
        assert find_newest_pin(client, Target()) == pins["10.0"]


@pytest.mark.network
@pytest.mark.slow
def test_the_real_snapshot_has_the_modules_that_aliases_come_from(tmp_path):
    with closing(make_host("", tmp_path)) as host:
        package, problems = Session(host, Cache(host), Request()).read_spec("httpx")
    assert problems == ()
    assert package is not None
    assert "@_typeshed." not in format_package(package)
