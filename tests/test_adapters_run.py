"""Abstract classes and protocols that a program implements by functions, through wrappers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import boundpkg
import pytest

PACKAGE = """
from __future__ import annotations
import abc, asyncio, collections.abc
from typing import Generic, Protocol, TypeVar, runtime_checkable

T = TypeVar("T")

class Store(abc.ABC):
    '''Keeps texts.'''
    @abc.abstractmethod
    def read(self, key: str, default: str = "none", *, upper: bool = False) -> str: ...
    @abc.abstractmethod
    def write(self, key: str, *values: str, **more: int) -> None: ...
    @property
    @abc.abstractmethod
    def size(self) -> int: ...
    def describe(self) -> str:
        texts = self.read('a'), self.read('b', upper=True), self.read('c', 'd')
        return f"{type(self).__name__} of {self.size}: {' '.join(texts)}"

class Counting(Store):
    @abc.abstractmethod
    def _count(self) -> int: ...
    @property
    def size(self) -> int: return self._count()

@runtime_checkable
class Named(Protocol[T]):
    name: str
    def __len__(self) -> int: ...
    nothing: None
    def pick(self, values: list[T]) -> T: ...

class Resolver(Protocol):
    async def resolve(self, host: str) -> list[int]: ...

class Opener(abc.ABC):
    def __init__(self, path: str) -> None: ...
    @abc.abstractmethod
    def open(self) -> str: ...

class Mixed(collections.abc.Sized, abc.ABC):
    @abc.abstractmethod
    def first(self) -> int: ...

class Unused(Protocol):
    def nothing(self) -> int: ...

def describe(store: Store) -> str:
    store.write("k", "1", "2", n=3)
    return store.describe()

def size_of(store: Counting | None) -> int:
    return -1 if store is None else store.size

def choose(named: list[Named[int]]) -> str:
    found = ((each.name, len(each), each.pick([3, 1, 2]), isinstance(each, Named)) for each in named)
    return ", ".join(" ".join(map(str, each)) for each in found)

def resolve(resolver: Resolver, host: str) -> list[int]:
    return asyncio.run(resolver.resolve(host))

def use(opener: Opener, mixed: Mixed) -> None: ...
"""


@pytest.fixture(scope="module")
def w(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("adapters")
    package = folder / "adapters_example"
    package.mkdir()
    (package / "__init__.py").write_text(PACKAGE)
    sys.path.insert(0, str(folder))
    try:
        with boundpkg.imported_wrapper(boundpkg.lower_folder(package), folder / "build") as wrapper:
            yield wrapper
    finally:
        sys.path.remove(str(folder))


def test_an_abstract_class_is_made_of_functions(w: ModuleType) -> None:
    written: list[object] = []

    def read(key: str, default: str, upper: bool) -> str:
        return f"{key}-{default}-{upper}"

    store = w.Store_implement(read, lambda *given: written.append(given), 3)
    assert w.describe(store) == "Store of 3: a-none-False b-none-True c-d-False"
    assert written == [("k", ["1", "2"], {"n": 3})]
    assert w.Store_read(store, "x") == "x-none-False"


def test_private_members_are_implemented_too(w: ModuleType) -> None:
    counting = w.Counting_implement(lambda: 7, lambda *_: "", lambda *_: None)
    assert w.size_of(counting) == 7
    assert w.Store_describe(w.Counting_as_Store(counting)).startswith("Counting of 7")


def test_a_protocol_may_have_values_and_special_methods(w: ModuleType) -> None:
    named = w.Named_implement(lambda: 4, lambda values: max(values), "first")
    assert w.choose([named]) == "first 4 3 True"
    assert named.nothing is None


def test_python_awaits_a_function(w: ModuleType) -> None:
    resolver = w.Resolver_implement(lambda host: [len(host)])
    assert w.resolve(resolver, "host") == [4]


def test_what_a_function_gives_is_checked(w: ModuleType) -> None:
    resolver = w.Resolver_implement(lambda host: "no list")
    with pytest.raises(TypeError, match=r"resolve: result: expected list<int>, got str"):
        w.resolve(resolver, "host")
    with pytest.raises(TypeError, match="Resolver_implement: parameter resolve"):
        w.Resolver_implement(5)


def test_functions_get_no_self_where_python_has_no_function(w: ModuleType) -> None:
    """A member that only the stub knows, and one whose signature cannot be read."""
    made = sys.modules["_mochi_wrap"].implement(dict, only=lambda n: n + 1, get=lambda key: key * 2, size=3)
    assert (made.only(1), made.get("k"), made.size) == (2, "kk", 3)


def test_only_what_can_be_made_is_offered(w: ModuleType) -> None:
    """Not where the constructor needs arguments, a base is unknown, or nothing takes the class."""
    offered = sorted(name for name in dir(w) if name.endswith("_implement"))
    assert offered == ["Counting_implement", "Named_implement", "Resolver_implement", "Store_implement"]
