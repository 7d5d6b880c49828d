"""The handle table of linked programs: from any thread, with errors that say what is wrong."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

RUNTIME = Path(__file__).parent.parent / "runtime"


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module as sidecars see it, with a table of its own."""
    monkeypatch.syspath_prepend(str(RUNTIME))
    spec = spec_from_file_location("_mochi_link", RUNTIME / "_mochi_link.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for name in [name for name in sys.modules if name.partition(".")[0] == "_mochi_wrap"]:
        del sys.modules[name]


@pytest.fixture
def panic(monkeypatch: pytest.MonkeyPatch) -> type[Exception]:
    """`MochiPanic`, importable as in a program that Mochi built."""

    class MochiPanic(Exception):  # noqa: N818 -- Mochi's own name
        def __init__(self, code: int, message: str) -> None:
            super().__init__(message)
            self.code = code

    runtime = ModuleType("mochi_runtime.except_")
    vars(runtime)["MochiPanic"] = MochiPanic
    monkeypatch.setitem(sys.modules, "mochi_runtime", ModuleType("mochi_runtime"))
    monkeypatch.setitem(sys.modules, "mochi_runtime.except_", runtime)
    return MochiPanic


def test_none_is_zero(link: ModuleType) -> None:
    assert link.keep(None) == 0
    assert link.take(0) is None
    assert link.is_none(0)
    assert link.take_options(0) == {}
    link.release(0)


def test_a_handle_that_is_none_is_told_from_one_that_was_released(link: ModuleType) -> None:
    handle = link.keep([1])
    link.release(handle)
    for wrong, told in (
        (handle, "has been released"),
        (handle + 1, "is not a handle"),
        (-1, "is not a handle"),
    ):
        with pytest.raises(link.HandleError, match=rf"^{wrong} {told}"):
            link.take(wrong)


def test_handles_of_many_threads_stay_apart(link: ModuleType) -> None:
    def work(seed: int) -> list[int]:
        chooser, mine = random.Random(seed), {}
        for number in range(2000):
            value = (seed, number)
            mine[link.keep(value)] = value
            if chooser.random() < 0.5:
                handle = chooser.choice([*mine])
                assert link.take(handle) == mine.pop(handle)
                link.release(handle)
        assert all(link.take(handle) == value for handle, value in mine.items())
        return [*mine]

    with ThreadPoolExecutor(16) as pool:
        left = [handle for found in pool.map(work, range(16)) for handle in found]
    assert len(left) == len(set(left))
    for handle in left:
        link.release(handle)
    assert link._values == {}


def test_what_is_released_is_not_kept_alive(link: ModuleType) -> None:
    class Thing:
        alive = 0

        def __init__(self) -> None:
            Thing.alive += 1

        def __del__(self) -> None:
            Thing.alive -= 1

    for _ in range(10_000):
        link.release(link.keep(Thing()))
    assert Thing.alive == 0


def test_errors_become_panics(link: ModuleType, panic: type[Exception]) -> None:
    def fails() -> None:
        raise KeyError("price")

    with pytest.raises(panic) as caught:
        link.boundary(fails)()
    assert (caught.value.code, str(caught.value)) == (4, "KeyError: 'price'")  # type: ignore[attr-defined]
    assert isinstance(caught.value.__cause__, KeyError)
    assert link.last_error() == "KeyError: 'price'"
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(link.last_error).result() == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConnectionRefusedError("no"), 1),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "no"), 2),
        (TypeError("no"), 3),
        (IndexError("no"), 4),
        (ZeroDivisionError("no"), 5),
        (OverflowError("no"), 6),
        (ValueError("no"), 7),
        (AssertionError("no"), 9),
    ],
)
def test_panics_have_the_codes_of_mochi(
    link: ModuleType, panic: type[Exception], error: Exception, code: int
) -> None:
    def fails() -> None:
        raise error

    with pytest.raises(panic) as caught:
        link.boundary(fails)()
    assert caught.value.code == code  # type: ignore[attr-defined]


def test_a_panic_of_the_program_passes_through_python(link: ModuleType, panic: type[Exception]) -> None:
    def callback(handle: int) -> int:
        raise panic(42, "of the program")  # type: ignore[call-arg]

    called = link.callback(callback, (True,), True)
    with pytest.raises(panic) as caught:
        link.boundary(lambda: [*map(called, ["a"])])()
    assert caught.value.code == 42  # type: ignore[attr-defined]


def test_exits_are_left_alone(link: ModuleType, panic: type[Exception]) -> None:
    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        link.boundary(leave)()


def test_whole_floats_arrive_as_ints(link: ModuleType) -> None:
    assert repr(link.take(link.from_scalar("float")(2))) == "2.0"
    handle = link.new_map()
    link.put_scalar("float")(handle, "width", 3)
    assert link.to_json(handle) == '{"width": 3.0}'


def test_values_cross_as_json(link: ModuleType) -> None:
    text = '{"a": [1, 2.5, null, true], "é": {"b": ""}}'
    handle = link.from_json(text)
    assert link.to_json(handle) == text
    assert link.get_scalar("float")(link.lookup(handle, "a"), 1) == 2.5
    assert link.to_json(link.keep({3, 1, 2})) == "[1, 2, 3]"
    with pytest.raises(TypeError, match=r"^a value of class object has no JSON form$"):
        link.to_json(link.keep(object()))


def test_variants_are_read_by_their_case(link: ModuleType) -> None:
    class First:
        value = "one"

    class Second:
        value = 2

    handle = link.keep(First())
    assert link.is_case(handle, First)
    assert not link.is_case(handle, Second)
    assert link.take_case(handle, First) == "one"
    with pytest.raises(TypeError, match=r"^Second_value: parameter handle: expected Second, got .*First$"):
        link.take_case(handle, Second)


def test_what_a_handle_holds_is_checked(link: ModuleType) -> None:
    handle = link.keep(["a"])
    for wrong, told in (
        (lambda: link.to_scalar("int")(handle), "value_to_int: parameter handle: expected int, got list"),
        (lambda: link.get_scalar("int")(handle, 0), "value_get_int: result: expected int, got str 'a'"),
        (lambda: link.get(link.keep("text"), 0), "value_get: parameter handle: expected a list, got str"),
        (
            lambda: link.push_scalar("bool")(handle, 1),
            "value_push_bool: parameter value: expected bool, got int",
        ),
    ):
        with pytest.raises(TypeError) as caught:
            wrong()
        assert str(caught.value).startswith(told)


def test_keys_that_are_no_strings(link: ModuleType) -> None:
    table = link.keep({1: "one", 2: "two"})
    keys = link.keys(table)
    assert link.take(link.lookup_at(table, link.get(keys, 1))) == "two"


def test_the_environment_of_the_workspace_is_used(
    link: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = tmp_path / ".venv" / "lib" / version / "site-packages"
    monkeypatch.setattr(sys, "path", [*sys.path])
    link.use_environment(str(tmp_path))
    assert str(packages) not in sys.path
    packages.mkdir(parents=True)
    link.use_environment(str(tmp_path))
    assert str(packages) in sys.path
