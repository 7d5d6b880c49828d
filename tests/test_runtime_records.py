"""Records of wrappers: frozen dataclasses that are made late."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import sys
import threading

import pytest

from mochic_py.runtime._mochi_wrap.records import Record, record_of


def make() -> type[Record]:
    """Return a class that nobody has used yet, which pickle finds as `Made`."""

    class Made(Record):
        """Two fields."""

        __slots__ = ("first", "second")
        first: int
        second: str

    Made.__qualname__ = "Made"
    globals()["Made"] = Made
    return Made


def test_a_record_is_a_frozen_dataclass_with_slots() -> None:
    cls = make()
    assert "__eq__" not in vars(cls)
    record = cls(1, "a")
    assert (record, repr(record)) == (cls(first=1, second="a"), "Made(first=1, second='a')")
    assert hash(record) == hash(cls(1, "a"))
    assert record != cls(1, "b")
    assert not hasattr(record, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.first = 2
    with pytest.raises(
        TypeError, match=r"Made.__init__\(\) missing 1 required positional argument: 'second'"
    ):
        cls(1)
    assert dataclasses.replace(record, second="b") == cls(1, "b")


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))])
def test_copies(copied: object) -> None:
    record = make()([1], "a")
    assert copied(record) == record  # type: ignore[operator]


def test_a_class_nobody_made_an_instance_of_is_one_too() -> None:
    cls = make()
    assert dataclasses.is_dataclass(cls)
    assert [field.name for field in dataclasses.fields(cls)] == ["first", "second"]
    match make()(1, "a"):
        case Record(first=1):
            pass
        case _:
            pytest.fail("no match")


def test_a_class_whose_module_is_gone() -> None:
    cls = make()
    cls.__module__ = "not_there"
    assert cls.__annotations__ == {"first": "int", "second": "str"}
    assert cls(1, "a").second == "a"
    assert cls.__annotations__ == {"first": "int", "second": "str"}


def test_fields_of_any_name() -> None:
    class Odd(Record):
        __slots__ = ("_set_x", "_set_y", "self", "x")
        self: int
        x: int
        _set_x: int
        _set_y: int

    odd = Odd(1, 2, 3, 4)
    assert (odd.self, odd.x, odd._set_x, odd._set_y) == (1, 2, 3, 4)

    class Empty(Record):
        __slots__ = ()

    assert Empty() == Empty()


def test_many_threads_make_the_first_instance_at_once() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            cls, errors = make(), []
            barrier = threading.Barrier(8)

            def build(cls: type[Record] = cls, errors: list = errors, barrier=barrier) -> None:
                barrier.wait()
                try:
                    assert record_of(cls, {"first": lambda v, _: v, "second": lambda v, _: v}, "Made")(
                        (1, "a"), "f"
                    ) == cls(1, "a")
                except BaseException as error:
                    errors.append(error)

            threads = [threading.Thread(target=build) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert not errors
    finally:
        sys.setswitchinterval(interval)
