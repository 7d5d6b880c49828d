"""The stub frontend and an independent libcst walker read the same declarations."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from contextlib import closing
from pathlib import Path

import libcst
import pytest
import stub_oracle
from local_packages import make_host

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.frontends.stub import read_module
from mochic_py.compiler.frontends.stub_search import decode_source
from mochic_py.compiler.frontends.wheel import open_wheel
from mochic_py.compiler.request import Request
from mochic_py.compiler.session import Session
from mochic_py.compiler.typeshed import fetch_typeshed
from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.items import Class, Function, Module, Property, Signature
from mochic_py.ir.source import SourceFile
from mochic_py.ir.types import Ref, Unsupported

SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
_SAMPLE_FILES = """
mypy/typeshed/stdlib/builtins.pyi mypy/typeshed/stdlib/typing.pyi mypy/typeshed/stdlib/types.pyi
mypy/typeshed/stdlib/sys/__init__.pyi mypy/typeshed/stdlib/os/__init__.pyi
mypy/typeshed/stdlib/asyncio/events.pyi mypy/typeshed/stdlib/asyncio/tasks.pyi
mypy/typeshed/stdlib/enum.pyi mypy/typeshed/stdlib/dataclasses.pyi
mypy/typeshed/stdlib/collections/__init__.pyi mypy/typeshed/stdlib/contextlib.pyi
mypy/typeshed/stdlib/functools.pyi mypy/typeshed/stdlib/re.pyi mypy/typeshed/stdlib/ssl.pyi
mypy/typeshed/stdlib/subprocess.pyi mypy/typeshed/stdlib/unittest/mock.pyi
mypy/typeshed/stdlib/tkinter/__init__.pyi mypy/typeshed/stdlib/typing_extensions.pyi
mypy/typeshed/stdlib/ast.pyi mypy/typeshed/stdlib/ctypes/__init__.pyi
mypy/typeshed/stdlib/datetime.pyi mypy/typeshed/stdlib/decimal.pyi
mypy/typeshed/stdlib/email/message.pyi mypy/typeshed/stdlib/http/client.pyi attr/__init__.pyi
attrs/__init__.pyi attr/_make.py attr/validators.pyi click/core.py click/types.py
click/decorators.py httpx2/_client.py httpx2/_models.py httpx2/_types.py lark/lexer.py
lark/utils.py packaging/version.py anyio/_core/_sockets.py anyio/_core/_fileio.py
_pytest/fixtures.py hypothesis/strategies/_internal/core.py resolvelib/structs.py
"""
SAMPLE = [SITE_PACKAGES / name for name in _SAMPLE_FILES.split()]


@pytest.mark.parametrize("path", SAMPLE, ids=lambda p: p.relative_to(SITE_PACKAGES).as_posix())
def test_sample_agrees_with_libcst(path):
    assert compare(path) == []


@pytest.mark.slow
def test_all_installed_files_agree_with_libcst():
    differences = []
    for path in sorted(SITE_PACKAGES.rglob("*.py*")):
        if path.suffix == ".pyi" or (path.suffix == ".py" and _is_typed(path)):
            differences += compare(path)
    assert differences == []


def _is_typed(path: Path) -> bool:
    folders = path.relative_to(SITE_PACKAGES).parents
    return any((SITE_PACKAGES / folder / "py.typed").exists() for folder in folders)


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *("numpy", "pandas", "pydantic", "sqlalchemy", "aiohttp", "rich", "starlette"),
        *("types-requests", "types-docutils", "types-PyYAML", "types-protobuf", "types-setuptools"),
    ],
)
def test_a_downloaded_wheel_agrees_with_libcst(name, tmp_path):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*command, "--dest", tmp_path, name], check=True)
    (file,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(file) as wheel:
        names = [n for n in wheel.namelist() if n.endswith((".py", ".pyi"))]
        assert len(names) > 10
        differences = [d for n in names for d in compare_text(n, decode_source(wheel.read(n)))]
    assert differences == []


@pytest.mark.network
@pytest.mark.slow
def test_the_standard_library_agrees_with_libcst(tmp_path):
    """Every file of the pinned snapshot, for the newest Python."""
    with closing(make_host("", tmp_path)) as host:
        request = Session(host, Cache(host), Request()).typeshed
        path = fetch_typeshed(request, host, Cache(host), Target())
        with open_wheel(path, host, shown=request.pin.filename) as wheel:
            names = [n for n in wheel.names if n.startswith(f"{request.pin.folder}/") and n.endswith(".pyi")]
            texts = {name: decode_source(wheel.read(name)) for name in names}
    assert len(texts) > 700
    assert [difference for name, text in texts.items() for difference in compare_text(name, text)] == []


def compare(path: Path) -> list[str]:
    """Return what the two readings of the file at `path` disagree on."""
    return compare_text(path.relative_to(SITE_PACKAGES).as_posix(), path.read_text("utf-8"))


def compare_text(shown: str, text: str) -> list[str]:
    """Return what the two readings of `text` disagree on; empty where libcst cannot read it."""
    try:
        shapes = stub_oracle.read_shapes(text)
    except libcst.ParserSyntaxError:
        return []
    module, diagnostics = read_module(
        SourceFile(shown, text),
        "m",
        is_package="/__init__.py" in shown,
        is_stub=shown.endswith(".pyi"),
        tier=Tier.INLINE,
        target=Target(),
    )
    found = [f"{shown}: {d.code.name} {d.span}" for d in diagnostics if d.code.name == "stub-syntax-error"]
    return found + [f"{shown}: {line}" for line in _differences(module, shapes)]


def _differences(module: Module, shapes: stub_oracle.Shapes) -> list[str]:
    functions = dict[str, Function | Property]()
    classes = dict[str, Class]()
    fields = set[str]()
    for item in module.items:
        if isinstance(item, Function):
            functions[item.name] = item
        elif isinstance(item, Class):
            classes[item.name] = item
            for member in (*item.methods, *item.properties):
                functions[member.path.removeprefix("m.")] = member
            fields |= {field.path.removeprefix("m.") for field in item.fields}
        else:
            fields.add(item.name)
    found = list(_missing(functions.keys(), shapes.functions, shapes, classes))
    found += _missing(classes.keys(), shapes.classes, shapes, classes)
    for name, item in functions.items():
        if isinstance(item, Function) and name in shapes.functions:
            found += _compare_function(name, item, shapes)
    for name, cls in classes.items():
        if shapes.classes.get(name):
            found += _compare_class(name, cls, shapes.classes[name], shapes)
    imported = {statement.name for statement in module.imports}
    for name in shapes.annotated - fields - imported - shapes.functions.keys() - shapes.classes.keys():
        if name.rpartition(".")[2] != "__all__" and _owner_is_plain(name, shapes):
            found.append(f"{name}: annotated attribute is missing")
    return found


def _missing(got, expected, shapes, classes):
    for name in expected.keys() - got:
        uncertain = name in shapes.uncertain or name in shapes.rebound
        if not uncertain and _owner_is_plain(name, shapes):
            yield f"{name}: is missing"
    for name in got - expected.keys():
        # `__radd__ = __add__` and `x = property(get)` make members without a statement of their own.
        if name not in shapes.rebound:
            yield f"{name}: is not in the file"


def _owner_is_plain(name, shapes):
    """Whether the classes around `name` are defined once, so that its members are certain."""
    parts = name.split(".")[:-1]
    owners = [".".join(parts[: i + 1]) for i in range(len(parts))]
    return all(
        len(shapes.classes[o]) == 1 and o not in shapes.rebound and o not in shapes.uncertain for o in owners
    )


def _compare_function(name, function, shapes):
    candidates = shapes.functions[name]
    arms = [shape for shape in candidates if "overload" in shape.decorators] or candidates[-1:]
    if name in shapes.uncertain or name in shapes.rebound or not _owner_is_plain(name, shapes):
        arms = [shape for shape in candidates if _parameters_of(shape) in map(_shape, function.signatures)]
        expected, actual = {_parameters_of(s) for s in arms}, {_shape(s) for s in function.signatures}
    else:
        expected, actual = [_parameters_of(s) for s in arms], [_shape(s) for s in function.signatures]
    if expected != actual:
        yield f"{name}: {expected} != {actual}"
        return
    written = {d for arm in arms for d in arm.decorators}
    for decorator in function.decorators:
        last = decorator.path.rpartition(".")[2]
        if last not in written and last.isidentifier() and not written & shapes.rebound:
            yield f"{name}: decorator {decorator.path}"


def _parameters_of(shape: stub_oracle.FunctionShape):
    return (tuple((p.name, p.kind, p.has_default) for p in shape.parameters), shape.is_async)


def _shape(signature: Signature):
    params = tuple((p.name, p.kind.value, p.default is not None) for p in signature.params)
    return (params, signature.is_async)


def _compare_class(name, cls, candidates, shapes):
    keywords = tuple(k.path for k in cls.keywords)
    if not any(
        keywords == shape.keywords
        and len(cls.decorators) == len(shape.decorators)
        and len(cls.bases) == len(shape.bases)
        and all(_same_base(ty, last, shapes) for ty, last in zip(cls.bases, shape.bases, strict=True))
        for shape in candidates
    ):
        yield f"{name}: {cls.bases} {keywords} is none of {candidates}"


def _same_base(ty, last, shapes):
    """Compare by the last part of the name; an import under another name changes it."""
    if isinstance(ty, Unsupported):
        return last == "" or last not in shapes.classes
    if last == "namedtuple":
        return ty == Ref("typing.NamedTuple")
    return not isinstance(ty, Ref) or ty.path.rpartition(".")[2] == last or last in shapes.rebound
