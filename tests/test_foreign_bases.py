"""Classes that descend from classes of other packages are made as those are."""

from __future__ import annotations

from typing import ClassVar

from mochic_py.compiler.foreign_bases import adopt_constructors
from mochic_py.compiler.frontends.stub import OpenModule, read_module
from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.items import Class, Item, Module, Package
from mochic_py.ir.printer import format_package
from mochic_py.ir.source import SourceFile
from mochic_py.passes.context import PassContext
from mochic_py.passes.registry import passes_until

ELSEWHERE = {
    "models": "from .main import Base as Base\nfrom .fields import Field as Field, Hidden as Hidden\n",
    "models.main": """
from typing import Any
from . import _meta
from .fields import Field, Hidden
class Base(metaclass=_meta.Meta):
    def __init__(self, /, **data: Any) -> None: ...
""",
    "models._meta": """
from typing import dataclass_transform
from .fields import Field as F, Hidden
@dataclass_transform(kw_only_default=True, field_specifiers=(F, Hidden))
class Meta(type): ...
""",
    "models.fields": """
from typing import Any, Literal
def Field(default: Any = ..., *, alias: str = ...) -> Any: ...
def Hidden(default: Any = ..., *, init: Literal[False] = False) -> Any: ...
""",
    "threading": """
from typing import Callable
class Thread:
    def __init__(self, target: Callable[[], None] | None = None, *, name: str | None = None) -> None: ...
class Abstract:
    @abstractmethod
    def run(self) -> None: ...
class Deep(Unknown): ...
class Bare: ...
""",
    "json": """
class JSONDecodeError(ValueError):
    def __init__(self, msg: str, doc: str, pos: int) -> None: ...
""",
    "errors": "class Problem(ValueError): ...\n",
}
OWN = """
import threading
from models import Base, Field, Hidden
import json, errors

class Model(Base):
    name: str
    level: int = Field(default=3, alias="$level")
    cache: int = Hidden(0)
class Sub(Model):
    more: str
class Worker(threading.Thread): ...
class Named(Worker): ...
class Own(threading.Thread):
    def __init__(self) -> None: ...
class Abstract(threading.Abstract): ...
class Concrete(threading.Abstract):
    def run(self) -> None: ...
class Deep(threading.Deep): ...
class Bare(threading.Bare): ...
class Error(json.JSONDecodeError): ...
class Problem(errors.Problem): ...
"""


def read(name: str, text: str) -> Module:
    is_package = any(other.startswith(f"{name}.") for other in ELSEWHERE)
    module, problems = read_module(
        SourceFile(f"{name}.pyi", text),
        name,
        is_package=is_package,
        is_stub=True,
        tier=Tier.INLINE,
        target=Target(),
    )
    assert problems == ()
    return module


class Elsewhere:
    """The modules of `ELSEWHERE`."""

    def load_frame(self, name: str) -> Module | None:
        opened = self._open(name)
        return opened.read_frame() if opened is not None else None

    def load_class(self, module: str, name: str) -> tuple[Item, ...]:
        opened = self._open(module)
        return opened.read_class(name) if opened is not None else ()

    def _open(self, name: str) -> OpenModule | None:
        if name not in ELSEWHERE:
            return None
        is_package = any(other.startswith(f"{name}.") for other in ELSEWHERE)
        source = SourceFile(f"{name}.pyi", ELSEWHERE[name])
        return OpenModule(
            source, name, is_package=is_package, is_stub=True, tier=Tier.INLINE, target=Target()
        )


class Nowhere:
    """No module at all."""

    asked: ClassVar[list[str]] = []

    def load_frame(self, name: str) -> Module | None:
        self.asked.append(name)
        return None

    def load_class(self, module: str, name: str) -> tuple[Item, ...]:
        raise AssertionError(module, name)


def adopt(text: str) -> Package:
    raw = Package("own", "1", ("own",), Tier.INLINE, Target(), (read("own", text),))
    package = adopt_constructors(raw, Elsewhere())
    for each in passes_until("classify-classes"):
        package = each.run(package, PassContext())
    return package


def test_constructors_come_from_elsewhere() -> None:
    classes = [item for item in adopt(OWN).modules[0].items if isinstance(item, Class)]
    found = {
        item.name: [
            [f"{param.kind.value}{param.name}" for param in signature.params[1:]]
            for made in item.constructors
            for signature in made.signatures
        ]
        for item in classes
    }
    assert found == {
        "Model": [["kwname", "kw$level"]],
        "Sub": [["kwname", "kw$level", "kwmore"]],
        "Worker": [["target", "kwname"]],
        "Named": [["target", "kwname"]],
        "Own": [[]],
        "Abstract": [],
        "Concrete": [[]],
        "Deep": [],
        "Bare": [[]],
        "Error": [["msg", "doc", "pos"]],
        "Problem": [["*args"]],
    }


def test_a_package_without_foreign_bases_reads_nothing() -> None:
    raw = Package("own", "1", ("own",), Tier.INLINE, Target(), (read("own", "class A(ValueError): ...\n"),))
    nowhere = Nowhere()
    nowhere.asked.clear()
    assert adopt_constructors(raw, nowhere) is raw
    assert nowhere.asked == []


def test_modules_that_cannot_be_had_change_nothing() -> None:
    raw = Package("own", "1", ("own",), Tier.INLINE, Target(), (read("own", OWN),))
    adopted = adopt_constructors(raw, Nowhere())
    assert format_package(adopted) == format_package(raw)
