"""Classes of the standard library and of dependencies get members where a package mentions them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest
from attrs import evolve
from boundpkg import imported_wrapper
from index_server import Index, build_wheel, offer, serve
from local_packages import make_host

from mochic_py.backends.declarations import ShimStyle
from mochic_py.backends.shim import emit_shim
from mochic_py.compiler.cache import Cache
from mochic_py.compiler.lower import LowerSettings, lower_package
from mochic_py.compiler.request import Request
from mochic_py.compiler.session import Session
from mochic_py.compiler.typeshed import TypeshedPin, default_pin
from mochic_py.ir.items import Class, ClassKind, Package
from mochic_py.passes.context import PassOptions

FOLDER = default_pin().folder
# Only what the cases below need, in the manner of typeshed.
STDLIB = {
    "VERSIONS": "_queue: 3.7-\n_typeshed: 3.0-\nbuiltins: 3.0-\ndatetime: 3.0-\n"
    "pathlib: 3.4-\nqueue: 3.0-\ntyping: 3.5-\n",
    "_typeshed/__init__.pyi": "",
    "builtins.pyi": """
        class object: ...
        class int: ...
        class complex:
            def __new__(cls, real: complex | str = ..., imag: complex = ...) -> complex: ...
            @property
            def real(self) -> float: ...
            @property
            def imag(self) -> float: ...
            def conjugate(self) -> complex: ...
        class BaseException:
            args: tuple[object, ...]
            def __init__(self, *args: object) -> None: ...
            def add_note(self, note: str, /) -> None: ...
        class Exception(BaseException): ...
    """,
    "datetime.pyi": """
        from typing import ClassVar, type_check_only
        @type_check_only
        class _Parts(tuple[int, int, int]): ...
        class timedelta:
            def __init__(self, days: float = ...) -> None: ...
            def total_seconds(self) -> float: ...
        class date:
            min: ClassVar[date]
            def __new__(cls, year: int, month: int, day: int) -> date: ...
            @property
            def year(self) -> int: ...
            def isoformat(self) -> str: ...
            def parts(self) -> _Parts: ...
            def __sub__(self, other: date, /) -> timedelta: ...
            @classmethod
            def today(cls) -> date: ...
        class datetime(date):
            def __new__(cls, year: int, month: int, day: int, hour: int = ...) -> datetime: ...
            @property
            def hour(self) -> int: ...
            def isoformat(self, sep: str = ...) -> str: ...
    """,
    "pathlib.pyi": """
        class PurePath:
            def __new__(cls, *args: str) -> PurePath: ...
            @property
            def name(self) -> str: ...
        class Path(PurePath):
            def exists(self) -> bool: ...
    """,
    "queue.pyi": "from _queue import SimpleQueue as SimpleQueue\nclass _Secret: ...\n",
    "_queue.pyi": """
        class SimpleQueue:
            def __init__(self) -> None: ...
            def qsize(self) -> int: ...
    """,
    "typing.pyi": "class Any: ...\nClassVar = object()\ndef type_check_only(x): ...\n",
}
CLOCK = """
import datetime
from pathlib import Path
from queue import SimpleQueue
from clock import _private

def days(a: datetime.date, b: datetime.date) -> datetime.timedelta: return b - a
def start() -> datetime.datetime: return datetime.datetime(2020, 1, 2, 3)
def stem(path: Path) -> str: return path.name
def turn(z: complex) -> complex: return z * 1j
def fail() -> Exception: return ValueError("late")
def line() -> SimpleQueue: return SimpleQueue()
class Path2: ...
"""


@pytest.fixture
def index() -> Iterator[Index]:
    with serve() as running:
        files = {f"{FOLDER}/{name}": _dedent(text).encode() for name, text in STDLIB.items()}
        offer(running, build_wheel("typeshed-client", "9.0", files=files))
        yield running


def bind(
    index: Index, cache: Path, text: str, *, strict: bool = False, requires: Sequence[str] = ()
) -> Package:
    """Bind a package `clock` of one module against the snapshot of `index`."""
    built = index.files["typeshed-client"][0]
    pin = TypeshedPin(
        "typeshed-client", "9.0", built.filename, hashlib.sha256(built.content).hexdigest(), FOLDER
    )
    files = {"clock/__init__.py": text, "clock/_private.py": "", "clock/py.typed": ""}
    version = f"1.{len(index.files.get('clock', ()))}"
    content = {name: body.encode() for name, body in files.items()}
    offer(index, build_wheel("clock", version, files=content, requires=requires))
    with closing(make_host(index.url, cache)) as host:
        session = Session(host, Cache(host), Request())
        session.typeshed = evolve(session.typeshed, pin=pin)
        raw, problems = session.read_spec("clock")
    assert problems == ()
    assert raw is not None
    return lower_package(raw, LowerSettings(options=PassOptions(strict=strict)), lambda: 0.0).package


def declared(package: Package) -> list[str]:
    """Return the declarations of the shim, without comments."""
    text = emit_shim(package, "clock", ShimStyle.MODULE)
    return [line for line in text.splitlines() if line and not line.startswith("//")]


def foreign(package: Package) -> dict[str, Class]:
    return {item.path: item for item in package.generated if isinstance(item, Class)}


def test_mentioned_classes_have_members(index, tmp_path):
    lines = declared(bind(index, tmp_path, "import datetime\ndef age(born: datetime.date) -> int: ...\n"))
    assert sorted(lines) == [
        "extern python fun age(born: date): int",
        "extern python fun date_isoformat(self: date): string",
        "extern python fun date_min(): date",
        "extern python fun date_new(year: int, month: int, day: int): date",
        "extern python fun date_parts(self: date): any",
        "extern python fun date_sub(self: date, other: date): timedelta",
        "extern python fun date_to_string(self: date): string",
        "extern python fun date_today(): date",
        "extern python fun date_year(self: date): int",
        "type date = dateRef(id: int)",
        "type timedelta = timedeltaRef(id: int)",
    ]


def test_members_of_bases_are_a_class_s_own_and_casts_lead_to_mentioned_bases(index, tmp_path):
    text = "import datetime\ndef f(a: datetime.datetime) -> None: ...\n"
    alone = bind(index, tmp_path, text)
    assert "extern python fun datetime_year(self: datetime): int" in declared(alone)
    assert not any("_as_" in line for line in declared(alone))
    both = bind(index, tmp_path / "both", text + "def g(a: datetime.date) -> None: ...\n")
    assert "extern python fun datetime_as_date(self: datetime): date" in declared(both)
    # What a name is does not depend on what else is mentioned.
    assert set(declared(alone)) <= set(declared(both))


def test_a_class_is_found_where_it_is_public(index, tmp_path):
    text = "import queue, _queue\ndef f(a: _queue.SimpleQueue) -> queue.SimpleQueue: ...\n"
    assert [(path, bool(cls.methods)) for path, cls in foreign(bind(index, tmp_path, text)).items()] == [
        ("queue.SimpleQueue", True)
    ]


def test_names_of_the_package_come_first(index, tmp_path):
    text = "import datetime\nclass date: ...\ndef date_year() -> int: ...\n"
    text += "def f(a: datetime.date) -> date: ...\n"
    lines = declared(bind(index, tmp_path, text))
    assert "extern python fun date_year(): int" in lines
    assert "extern python fun f(a: datetime_date): date" in lines
    assert "extern python fun datetime_date_year(self: datetime_date): int" in lines


def test_complex_numbers_are_made_of_two_floats(index, tmp_path):
    package = bind(index, tmp_path, "def f(z: complex) -> float: ...\n")
    lines = declared(package)
    assert "extern python fun complex_new(real: float, imag: float): complex" in lines
    assert {"extern python fun complex_real(self: complex): float"} <= set(lines)
    (function,) = package.modules[0].items
    assert [loss.reason.value for loss in function.info.degradations] == ["SkipNoComplexType"]


def test_classes_of_dependencies_have_members_too(index, tmp_path):
    """A class is bound at its public home; one with very many members stays a handle."""
    many = "".join(f"    def m{number}(self) -> int: ...\n" for number in range(97))
    files = {
        "spring/__init__.py": "from ._coil import Coil as Coil, Huge as Huge\n",
        "spring/_coil.py": f"class Coil:\n    def turn(self, by=1) -> 'Coil': ...\nclass Huge:\n{many}",
        "spring/py.typed": "",
    }
    offer(index, build_wheel("spring", "1.0", files={name: text.encode() for name, text in files.items()}))
    text = "import spring\nfrom spring._coil import Coil\n"
    package = bind(index, tmp_path, text + "def f(a: Coil) -> spring.Huge: ...\n", requires=["spring"])
    found = {path: [method.name for method in cls.methods] for path, cls in foreign(package).items()}
    assert found == {"spring.Coil": ["__str__", "turn"], "spring.Huge": []}
    assert "extern python fun Coil_turn(self: Coil): Coil" in declared(package)


def test_what_only_type_checkers_know_is_checked_by_its_looks(index, tmp_path):
    package = bind(index, tmp_path, "from datetime import _Parts\ndef f(a: _Parts) -> None: ...\n")
    assert declared(package)[-1] == "extern python fun f(a: any): unit"
    (function,) = package.modules[0].items
    assert not function.info.degradations
    assert [note.kind.value for note in function.info.notes] == ["checked"]


def test_private_code_and_missing_modules_ask_for_nothing(index, tmp_path):
    text = "import datetime, jinja2\ndef _f(a: datetime.date): ...\ndef g(a: jinja2.Template) -> None: ...\n"
    assert [(path, cls.methods) for path, cls in foreign(bind(index, tmp_path, text)).items()] == [
        ("jinja2.Template", ())
    ]


def test_strict_mode_reports_nothing_about_foreign_members(index, tmp_path):
    package = bind(index, tmp_path, "def f() -> Exception: ...\n", strict=True)
    assert foreign(package)["builtins.Exception"].kind is ClassKind.ERROR


def test_wrappers_of_foreign_classes_work(index, tmp_path, monkeypatch):
    folder = tmp_path / "code"
    (folder / "clock").mkdir(parents=True)
    (folder / "clock" / "__init__.py").write_text(CLOCK, "utf-8")
    (folder / "clock" / "_private.py").write_text("", "utf-8")
    monkeypatch.syspath_prepend(folder)
    package = bind(index, tmp_path, CLOCK)
    with imported_wrapper(package, tmp_path / "out") as clock:
        check_clock(clock)


def check_clock(clock: ModuleType) -> None:
    """Build, use and read foreign objects as a program does."""
    passed = clock.days(clock.date_new(2020, 1, 1), clock.date_new(2020, 3, 1))
    assert clock.timedelta_total_seconds(passed) == 60 * 24 * 3600
    assert clock.datetime_hour(clock.start()) == 3
    assert clock.datetime_isoformat_with(clock.start(), {"sep": " "}) == "2020-01-02 03:00:00"
    assert clock.date_year(clock.date_min()) == 1
    assert clock.stem(clock.Path_new_with({"args": ["/a/b.txt"]})) == "b.txt"
    turned = clock.turn(clock.complex_new(1.0, 2.0))
    assert (clock.complex_real(turned), clock.complex_imag(turned)) == (-2.0, 1.0)
    assert clock.Exception_to_string(clock.fail()) == "late"
    assert clock.SimpleQueue_qsize(clock.line()) == 0
    with pytest.raises(TypeError, match="date"):
        clock.days("2020-01-01", clock.date_new(2020, 1, 1))


def _dedent(text: str) -> str:
    return re.sub(r"(?m)^ {8}", "", text)
