"""Packages that misbehave, built here and imported in the sandbox: what the inventory says of them."""

from __future__ import annotations

import inspect
import json
import socket
import sys
from pathlib import Path

import pytest

from mochic_py.compiler.host import Host
from mochic_py.compiler.inspection import Found, Wanted, take_inventory
from mochic_py.compiler.sandbox import Limits, Surroundings
from mochic_py.ir.inventory import (
    Inventory,
    MemberKind,
    RuntimeKind,
    RuntimeModule,
    RuntimeParam,
    parse_inventory,
    parse_signature,
)
from mochic_py.ir.items import ParamKind
from mochic_py.runtime.inspector import signature_of

PYTHON = str(Path(sys.executable).resolve())
QUICK = Limits(cpu=20, wall=30.0)


def take(folder: Path, modules: dict[str, str], *paths: str, patience: int = 1) -> Found:
    """Write `modules` below `folder` and take the inventory of all of them, `X` among their names."""
    packages = folder / "packages"
    for name, text in modules.items():
        path = packages.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    wanted = Wanted(dict.fromkeys(modules, ("X",)), paths)
    around = Surroundings(PYTHON, (str(packages),), (), "")
    return take_inventory(wanted, around, Host(), QUICK, patience)


def read(found: Found) -> Inventory:
    assert found.error == ""
    return parse_inventory(found.text)


HARMLESS = {
    "prints": "import sys\nprint('x' * 10**6)\nprint('{', file=sys.stderr)\nX = 1",
    "closes_its_output": "import os\nos.close(1)\nX = 1",
    "leaves_a_thread": "import threading as t, time\nt.Thread(None, time.sleep, '', (60,)).start()\nX = 1",
    "leaves_at_exit": "import atexit, time\natexit.register(time.sleep, 60)\nX = 1",
    "warns": "import warnings\nwarnings.simplefilter('error')\ndef __getattr__(name):\n"
    "    warnings.warn(name, DeprecationWarning)\n    return 1\n",
    "changes_the_search_path": "import sys\nsys.path.clear()\nX = 1",
    "replaces_itself": "import sys, types\nm = types.ModuleType('m')\nm.X = 1\nsys.modules[__name__] = m",
    "is_an_object": "import sys\nclass M:\n    X = 1\nsys.modules[__name__] = M()",
}


def test_harmless_oddities_are_no_trouble(tmp_path):
    found = read(take(tmp_path, HARMLESS))
    assert {name: module.error for name, module in found.modules.items()} == dict.fromkeys(HARMLESS, "")
    assert all("X" in module.names for module in found.modules.values())


FAILING = {
    "exits": ("raise SystemExit(0)", "SystemExit: 0"),
    "is_no_python": ("def", "SyntaxError: "),
    "recurses": ("def f(): f()\nf()", "RecursionError: "),
    "sleeps": ("import time\ntime.sleep(600)", "TooLongError: it took too long"),
    "spins": ("while True: pass", "TooLongError: it took too long"),
    "lacks_something": ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    "forks": ("import os\nos.fork()", "PermissionError: "),
    "runs_a_shell": ("import os\nassert os.system('true') == 0", "AssertionError: "),
}


def test_a_module_that_fails_keeps_no_other_from_being_seen(tmp_path):
    modules = {name: text for name, (text, _) in FAILING.items()}
    found = read(take(tmp_path, {**modules, "good": "X = 1"}))
    for name, (_, error) in FAILING.items():
        assert found.modules[name].error.startswith(error), found.modules[name]
        assert not found.modules[name].absent
    assert found.modules["good"].names == {"X": 0}


ENDING = {
    "leaves": "import os\nos._exit(0)",
    "crashes": "import ctypes\nctypes.string_at(0)",
    "hangs_for_good": "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass",
}


def test_a_module_that_ends_the_process_is_left_out(tmp_path):
    found = read(take(tmp_path, {"good": "X = 1", **ENDING}))
    assert found.modules["good"].names == {"X": 0}
    for name in ENDING:
        assert found.modules[name].error.startswith(("the process ended", "it ended")), found.modules[name]


def test_a_package_that_ends_every_process_is_given_up(tmp_path):
    found = take(tmp_path, {f"leaves_{n}": "import os\nos._exit(3)" for n in range(8)})
    assert found.error.startswith("modules of the package end the process: leaves_0, leaves_1")


def test_nothing_outside_is_changed_or_reached(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        modules = {
            "deletes": f"import os\nos.remove({str(victim)!r})",
            "reads": f"open({str(victim)!r}).read()",
            "spoils_the_package": "open(__file__, 'w')",
            "connects": f"import socket\nsocket.create_connection(('127.0.0.1', {port}))",
            "quietly": "import os, shutil\nshutil.rmtree('/', ignore_errors=True)\nX = 1",
        }
        found = read(take(tmp_path, modules))
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()
    assert [name for name, module in found.modules.items() if not module.error] == ["quietly"]
    assert victim.read_text() == "secret"
    assert (tmp_path / "packages" / "spoils_the_package.py").read_text() == "open(__file__, 'w')"


def test_what_is_not_there_is_told_from_what_does_not_import(tmp_path):
    around = Surroundings(PYTHON, (str(tmp_path),), (), "")
    found = read(take_inventory(Wanted({"gone.inner": ()}), around, Host(), QUICK))
    error = "ModuleNotFoundError: No module named 'gone'"
    assert found.modules["gone.inner"] == RuntimeModule(error=error, absent=True)


CLASSES = """
import enum, functools
class Base:
    kept: int
    limit = 3
    def __init__(self, size, *, deep=False):
        self.size = size
    def run(self, steps, /, *args, **kwargs): self.__class__.seen = 1
    @classmethod
    def make(cls, size): ...
    @staticmethod
    def join(a, b=1): ...
    @property
    def width(self): ...
    @functools.cached_property
    def height(self): ...
    class Inner: ...
    __hash__ = None
    def _private(self): ...
class X(Base):
    __slots__ = ("slot",)
    def __getattr__(self, name): ...
class Meta(type): ...
class Plain(metaclass=Meta): ...
class Color(enum.Enum):
    RED = 1
class Broken:
    @property
    def __signature__(self): raise ValueError
def __getattr__(name):
    if name == "lazy": return make
    raise AttributeError(name)
def make(x, y=()): ...
__all__ = ["Base", "Color", "Plain", "lazy", "gone", "_hidden", "make"]
"""


def test_classes_are_described(tmp_path):
    found = read(take(tmp_path, {"box": CLASSES}, "datetime.datetime", "box.Base.Inner", "box.nothing"))
    module = found.modules["box"]
    assert module.listed == ("Base", "Color", "Plain", "gone", "lazy", "make")
    assert sorted(module.names) == ["Base", "Color", "Plain", "X", "lazy", "make"]
    assert module.open
    assert module.names["lazy"] == module.names["make"]
    base, sub, color = (found.find("box", name) for name in ("Base", "X", "Color"))
    assert base is not None
    assert base.cls is not None
    assert base.signature == "size :deep="
    kinds = {name: each.kind for name, each in base.cls.members.items() if not name.startswith("__")}
    assert kinds == {
        "limit": MemberKind.VALUE,
        "run": MemberKind.METHOD,
        "make": MemberKind.CLASS,
        "join": MemberKind.STATIC,
        "width": MemberKind.DATA,
        "height": MemberKind.DATA,
        "Inner": MemberKind.NESTED,
    }
    assert base.cls.members["run"].signature == "self/ steps/ *args **kwargs"
    assert base.cls.members["make"].signature == "cls size"
    assert base.cls.members["__hash__"].kind is MemberKind.NONE
    assert (base.cls.declared, base.cls.stored) == ({"kept"}, {"size", "seen"})
    assert sub is not None
    assert sub.cls is not None
    assert sub.cls.open
    assert found.member(sub, "width") == base.cls.members["width"]
    plain = found.find("box", "Plain")
    assert plain is not None
    assert plain.cls is not None
    assert plain.cls.metaclass is not None
    assert not any(each.open for each in found.lineage(found.objects[plain.cls.metaclass]))
    assert color is not None
    assert color.cls is not None
    assert color.cls.enum_members == {"RED"}
    assert found.paths["box.nothing"] is None
    assert found.number("box", "Base.Inner") == found.paths["box.Base.Inner"]
    stdlib = found.paths["datetime.datetime"]
    assert stdlib is not None
    assert found.objects[stdlib].kind is RuntimeKind.CLASS


def test_an_inventory_is_the_same_every_time(tmp_path):
    assert take(tmp_path, {"box": CLASSES}) == take(tmp_path, {"box": CLASSES})


def test_inventories_can_be_joined(tmp_path):
    first, second = (read(take(tmp_path / name, {name: CLASSES})) for name in ("a", "b"))
    both = first.merge(second)
    for name in ("a", "b"):
        found = both.find(name, "X")
        assert found is not None
        member = both.member(found, "run")
        assert member is not None
        assert member.signature == "self/ steps/ *args **kwargs"
        inner = both.find(name, "Base.Inner")
        assert inner is not None
        assert inner.path == f"{name}.Base.Inner"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"modules": {}, "paths": {}, "objects": [["class"]]}'])
def test_what_is_no_inventory_is_refused(text):
    with pytest.raises(ValueError, match=r"inventory|Expecting"):
        parse_inventory(text)


def test_an_inventory_names_only_what_it_holds():
    raw = {"modules": {"m": {"names": {"f": 7}}}, "paths": {}, "objects": []}
    with pytest.raises(ValueError, match="does not hold"):
        parse_inventory(json.dumps(raw))


def test_signatures_are_read_as_they_were_written():
    def sample(a, /, b, c=1, *args: int, d, e=2, **kwargs: int): ...

    text = signature_of(sample)
    assert text == "a/ b c= *args :d :e= **kwargs"
    kinds = (ParamKind.POSITIONAL_ONLY, ParamKind.POSITIONAL_OR_KEYWORD, ParamKind.VAR_POSITIONAL)
    kinds += (ParamKind.KEYWORD_ONLY, ParamKind.VAR_KEYWORD)
    assert parse_signature(text) == tuple(
        RuntimeParam(each.name, kinds[each.kind], each.default is not each.empty)
        for each in inspect.signature(sample).parameters.values()
    )
    assert parse_signature("") == ()
