"""Classes of every kind through wrappers: how they are made, what they have, what they do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import boundpkg
import pytest

KINDS = """
from __future__ import annotations
import abc, collections, dataclasses, enum, functools, typing
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import Any, ClassVar, Final, Generic, NamedTuple, Protocol, TypeVar

import attr
import attrs

T = TypeVar("T")

@dataclass
class Base:
    a: int
    b: str = "b"
    seen: list[int] = field(default_factory=list)
    total: int = field(init=False, default=0)

@dataclass
class Derived(Base):
    b: str = "derived"
    _: KW_ONLY
    c: float = 1.5
    d: int = field(kw_only=True)
    scale: InitVar[int] = 2
    limit: ClassVar[int] = 9
    def __post_init__(self, scale: int) -> None:
        self.total = self.a * scale

@attrs.define
class Made:
    _hidden: int
    path: str = attrs.field(converter=str, alias="where")
    items: list[int] = attrs.Factory(list)
    late: int = attrs.field(default=1, kw_only=True)
    never: int = attrs.field(init=False, default=7)
    found: int = attrs.field()
    @found.default
    def _find_default(self) -> int: return 40 + self._hidden
    @property
    def hidden(self) -> int: return self._hidden

@attr.s
class Old:
    x = attr.ib(type=int)
    y = attr.ib(default="y", type=str)
    z: int = 0

@typing.dataclass_transform(kw_only_default=True, field_specifiers=(lambda: 0,))
def model(cls):
    names = list(cls.__annotations__)
    def __init__(self, **given):
        for name in names:
            setattr(self, name, given[name] if name in given else getattr(type(self), name))
    cls.__init__ = __init__
    return cls

@model
class Setting:
    key: str
    level: int = 3

def spec(*, default: Any = None, alias: str | None = None, init: bool = True) -> Any: return (default, alias)

@typing.dataclass_transform(kw_only_default=True, field_specifiers=(spec,))
class Meta(type):
    def __call__(cls, **given):
        made = super().__call__()
        for name in cls.__annotations__:
            default = getattr(cls, name, None)
            default, alias = default if isinstance(default, tuple) else (default, None)
            setattr(made, name, given.get(alias or name, default))
        return made

class Model(metaclass=Meta):
    pass

class User(Model):
    name: str
    ref: str = spec(default="none", alias="$ref")
    kind: int = spec(alias="class")

class Pair(NamedTuple):
    left: int
    right: int = 2
    def total(self) -> int: return self.left + self.right

Triple = collections.namedtuple("Triple", ["a", "b", "c"], defaults=(3,))

class Mode(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()
    BOTH = READ | WRITE

class Level(enum.IntFlag):
    LOW = 1
    HIGH = 2

def modes() -> Mode: return Mode.READ | Mode.WRITE
def can_write(mode: Mode) -> bool: return Mode.WRITE in mode
def level_value(level: Level = Level.LOW) -> int: return int(level)

class Node(typing.TypedDict):
    name: str
    children: typing.NotRequired[list[Node]]

def depth(node: Node) -> int: return 1 + max(map(depth, node.get("children", [])), default=0)
def chain(name: str) -> Node: return {"name": name, "children": [{"name": name}]}

class Problem(Exception):
    pass

class Coded(Problem):
    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code

class Box(Generic[T]):
    def __init__(self, value: T) -> None: self.value = value
    def get(self) -> T: return self.value

class IntBox(Box[int]): ...

class Plain: ...

class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self) -> float: ...

class Square(Shape):
    def area(self) -> float: return 4.0

class Sized(Protocol):
    def size(self) -> int: ...

class Interned:
    def __new__(cls, text: str) -> Interned:
        made = super().__new__(cls)
        made.text = text
        return made
    text: str

class Lowered(str):
    def __new__(cls, text: str) -> Lowered: return super().__new__(cls, text.lower())
    def first(self) -> str: return self[0]

class Celsius:
    def __get__(self, owner: object, kind: type | None = None) -> float: return owner._kelvin - 273.0
    def __set__(self, owner: object, value: float) -> None: owner._kelvin = value + 273.0

class Room:
    LIMIT: Final = 30
    names: ClassVar[list[str]] = ["room"]
    celsius = Celsius()
    __slots__ = ("_kelvin", "_tag", "__dict__")
    class Door:
        def __init__(self, wide: bool = False) -> None: self.wide = wide
    def __init__(self) -> None:
        self._kelvin = 300.0
        self._tag = "tag"
    @property
    def tag(self) -> str: return self._tag
    @tag.setter
    def tag(self, value: str) -> None: self._tag = value
    @tag.deleter
    def tag(self) -> None: self._tag = ""
    @functools.cached_property
    def size(self) -> int: return 12
    def warm(self, by: float) -> float:
        self._kelvin += by
        return self.celsius
    heat = warm
    @classmethod
    def default(cls) -> Room: return cls()

_room = Room()
warm_default = _room.warm
"""


@pytest.fixture(scope="module")
def w(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("classes")
    package = folder / "classes_example"
    package.mkdir()
    (package / "__init__.py").write_text(KINDS)
    sys.path.insert(0, str(folder))
    try:
        with boundpkg.imported_wrapper(boundpkg.lower_folder(package), folder / "build") as wrapper:
            yield wrapper
    finally:
        sys.path.remove(str(folder))


def test_dataclass_fields_become_parameters_in_the_order_of_python(w: ModuleType) -> None:
    base = w.Base_new_with(1, {"seen": [1, 2]})
    assert (w.Base_a(base), w.Base_b(base), w.Base_seen(base), w.Base_total(base)) == (1, "b", [1, 2], 0)
    derived = w.Derived_new_with(3, 4, {"scale": 5, "c": 2.5})
    base = w.Derived_as_Base(derived)
    assert (w.Base_total(base), w.Derived_d(derived), w.Derived_c(derived)) == (15, 4, 2.5)
    with pytest.raises(TypeError, match="total"):
        w.Base_new_with(1, {"total": 1})


def test_attrs_classes(w: ModuleType) -> None:
    made = w.Made_new(2, 5)
    assert (w.Made_hidden(made), w.Made_path(made), w.Made_found(made), w.Made_never(made)) == (2, "5", 42, 7)
    other = w.Made_new_with(2, 5, {"late": 3, "found": 1, "items": [4]})
    assert (w.Made_late(other), w.Made_found(other), w.Made_items(other)) == (3, 1, [4])
    old = w.Old_new_with(1, {"y": "text"})
    assert (w.Old_x(old), w.Old_y(old)) == (1, "text")


def test_what_works_like_a_dataclass(w: ModuleType) -> None:
    assert w.Setting_level(w.Setting_new("k")) == 3
    assert w.Setting_level(w.Setting_new_with("k", {"level": 4})) == 4
    user = w.User_new_with("n", 5, {"$ref": "there"})
    assert (w.User_name(user), w.User_kind(user), w.User_ref(user)) == ("n", 5, "there")


def test_named_tuples(w: ModuleType) -> None:
    assert w.Pair_total(w.Pair(1, 5)) == 6
    assert w.Triple_new(1, 2).c == 3


def test_flags_combine(w: ModuleType) -> None:
    both = w.modes()
    assert w.can_write(both)
    assert w.can_write(w.Mode_BOTH())
    assert not w.can_write(w.Mode_READ())
    assert w.can_write(w.Mode_bit_or(w.Mode_READ(), w.Mode_WRITE()))
    assert w.Mode_contains(both, w.Mode_READ())
    assert w.Mode_value(both) == 3
    assert w.Mode_new(2) is w.Mode_WRITE()
    assert w.level_value_with({"level": w.Level_bit_or(w.Level_LOW(), w.Level_HIGH())}) == 3


def test_a_dictionary_inside_itself(w: ModuleType) -> None:
    assert w.depth(w.chain("a")) == 2
    assert w.chain("a").children == [{"name": "a"}]
    assert w.depth(w.Node("a", [{"name": "b", "children": [{"name": "c"}]}])) == 3


def test_exceptions(w: ModuleType) -> None:
    assert str(w.Problem_new_with({"args": ["broken"]})) == "broken"
    assert w.Coded_code(w.Coded_new_with("x", {"code": 4})) == 4


def test_constructors_of_other_classes(w: ModuleType) -> None:
    assert w.Box_get(w.Box_new(1)) == 1
    assert w.Box_get(w.IntBox_as_Box(w.IntBox_new(3))) == 3
    assert isinstance(w.Plain_new(), w.Plain)
    assert w.Square_area(w.Square_new()) == 4.0
    assert not hasattr(w, "Shape_new")
    assert not hasattr(w, "Sized_new")
    assert w.Interned_text(w.Interned_new("abc")) == "abc"
    assert w.Lowered_first(w.Lowered_new("ABC")) == "a"


def test_members_of_classes(w: ModuleType) -> None:
    room = w.Room_new()
    assert w.Room_LIMIT() == 30
    assert w.Room_names() == ["room"]
    assert w.Room_celsius(room) == 27.0
    w.Room_set_celsius(room, 20.0)
    assert w.Room_warm(room, 1.0) == 21.0
    assert w.Room_heat(room, 1.0) == 22.0
    w.Room_set_tag(room, "other")
    assert w.Room_tag(room) == "other"
    assert w.Room_size(room) == 12
    assert w.Room_Door_wide(w.Room_Door_new_with({"wide": True})) is True
    assert isinstance(w.Room_default(), w.Room)
    assert w.warm_default(3.0) == 30.0
