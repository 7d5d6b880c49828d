"""What calls leave behind: nothing, however many there are, and from whatever thread things are let go."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from boundpkg import imported_wrapper, lower_folder

from mochic_py.backends.declarations import ShimStyle
from mochic_py.backends.workspace import WorkspaceOptions

PACKAGE = """
from __future__ import annotations
from collections.abc import Callable, Iterator
from dataclasses import dataclass

@dataclass(frozen=True)
class Place:
    row: int
    name: str

class Item:
    def __init__(self, name: str) -> None:
        self.name = name
    def twin(self) -> Item:
        return Item(self.name)
    def each(self, f: Callable[[Item], int]) -> int:
        return sum(f(self) for _ in range(3))
    def place(self) -> Place:
        return Place(1, self.name)
    def parts(self) -> list[Item]:
        return [Item(self.name), self]

def count(n: int) -> Iterator[int]:
    yield from range(n)

def text(x: int | str, places: list[Place] = []) -> int | str:
    return x

def fail(name: str) -> int:
    raise LookupError(name)

def wrong() -> list[int]:
    return ["a"]

async def later(x: int) -> int:
    return x
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    place = tmp_path_factory.mktemp("lifetime")
    folder = place / "lib" / "stock"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(PACKAGE, "utf-8")
    sys.path.insert(0, str(folder.parent))
    try:
        with imported_wrapper(
            lower_folder(folder), place / "out", WorkspaceOptions(style=ShimStyle.LINKED)
        ) as wrapper:
            yield wrapper
    finally:
        sys.path.remove(str(folder.parent))
        sys.modules.pop("stock", None)


def _round(w: ModuleType, describe: Callable[[BaseException], object]) -> None:
    """Call everything once: handles, callbacks, records, variants, iterators, options, errors."""
    item = w.Item_new("a")
    w.Item_twin(item)
    w.Item_name(item)
    w.Item_each(item, lambda each: len(each.name))
    w.Item_place(item)
    w.Item_parts(item)
    iterator = w.count_iter(5)
    next(iterator)
    w.text_with("x", {"places": [w.Place(1, "b")]})
    try:
        w.fail("gone")
    except LookupError as error:
        describe(error)
    try:
        w.wrong()
    except TypeError as error:
        describe(error)


FEW = 200
"""How many objects may come and go beside what is tested: a leak would leave thousands."""

CALLS = 12
"""How many calls of wrappers a round has."""


def _resident() -> int:
    """Return the memory of this process in bytes, 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    except OSError:
        return 0
    import resource

    return int(pages) * resource.getpagesize()


def _grown(rounds: int, act: Callable[[], None]) -> tuple[int, int, int]:
    """Return by how many objects, blocks and bytes the process grows in `rounds`, once it is warm."""
    for _ in range(200):
        act()
    gc.collect()
    objects, blocks, memory = len(gc.get_objects()), sys.getallocatedblocks(), _resident()
    for _ in range(rounds):
        act()
    gc.collect()
    return len(gc.get_objects()) - objects, sys.getallocatedblocks() - blocks, _resident() - memory


def _describe() -> Callable[[BaseException], object]:
    found: Callable[[BaseException], object] = __import__("_mochi_wrap.errors").errors.describe_error
    return found


@pytest.mark.parametrize(
    "rounds",
    [2_000, pytest.param(-(-1_000_000 // CALLS), marks=pytest.mark.slow)],
    ids=["few", "a million calls"],
)
def test_calls_leave_nothing_behind(shop: ModuleType, rounds: int) -> None:
    describe = _describe()
    objects, blocks, memory = _grown(rounds, lambda: _round(shop, describe))
    assert objects < FEW
    assert blocks < 4 * FEW
    assert memory < 4_000_000


def test_an_asynchronous_call_leaves_nothing_behind(shop: ModuleType) -> None:
    objects, blocks, _ = _grown(300, lambda: shop.later_sync(1))
    assert objects < FEW
    assert blocks < 4 * FEW


def test_a_description_keeps_nothing_alive() -> None:
    class Big:
        pass

    def fail() -> None:
        big = Big()
        seen.append(weakref.ref(big))
        raise ValueError

    seen: list[weakref.ref[Big]] = []
    from mochic_py.runtime._mochi_wrap.errors import describe_error

    try:
        fail()
    except ValueError as error:
        info = describe_error(error)
    assert info.frames
    assert seen[0]() is None


def test_handles_live_as_long_as_they_are_used(shop: ModuleType) -> None:
    item = shop.Item_new("a")
    alive = weakref.ref(item)
    threads = [threading.Thread(target=shop.Item_each, args=(item, lambda each: 1)) for _ in range(4)]
    for thread in threads:
        thread.start()
    del item
    for thread in threads:
        thread.join()
    threads.clear()
    gc.collect()
    assert alive() is None


# --- numbers for handles ----------------------------------------------------------------


@pytest.fixture
def link(shop: ModuleType) -> ModuleType:
    return __import__("_mochi_link")


def test_a_number_is_released_from_any_thread(link: ModuleType, shop: ModuleType) -> None:
    items = [shop.Item_new("a") for _ in range(2_000)]
    alive = [weakref.ref(item) for item in items]
    numbers = list(map(link.keep, items))
    items.clear()
    shares = [numbers[start::4] for start in range(4)]
    threads = [threading.Thread(target=lambda own=share: [link.release(n) for n in own]) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert not any(ref() for ref in alive)


def test_a_number_is_released_once(link: ModuleType) -> None:
    number = link.keep([1])
    link.release(number)
    with pytest.raises(link.HandleError, match=f"^{number} has been released$"):
        link.release(number)
    with pytest.raises(link.HandleError, match=r"^999999999 is not a handle"):
        link.release(999_999_999)
    link.release(0)
    outcomes: list[object] = []
    number, barrier = link.keep([2]), threading.Barrier(8)

    def release() -> None:
        barrier.wait()
        try:
            outcomes.append(link.release(number))
        except link.HandleError as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=release) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(None) == 1
    assert outcomes.count(link.HandleError) == 7


@pytest.mark.parametrize("rounds", [5_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_released_numbers_leave_nothing_behind(link: ModuleType, shop: ModuleType, rounds: int) -> None:
    def act() -> None:
        link.release(link.keep(shop.Item_new("a")))

    objects, blocks, memory = _grown(rounds, act)
    assert objects < FEW
    assert blocks < 4 * FEW
    assert memory < 4_000_000
