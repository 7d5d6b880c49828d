"""PEP 561 search over wheels, and whole packages read from them."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import sysconfig
import zipfile
from pathlib import Path

import casefile
import pytest

from mochic_py.compiler.frontends.package import read_package
from mochic_py.compiler.frontends.stub_search import decode_source, find_types
from mochic_py.compiler.frontends.wheel import Wheel, open_wheel
from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.items import Class, Function

CASES = casefile.read_cases(casefile.GOLDEN / "frontends" / "stub_search.md")
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))


def make_wheel(files: dict[str, bytes], name: str = "box", version: str = "1.0") -> Wheel:
    """Return a valid wheel that holds `files`."""
    info = f"{name}-{version}.dist-info"
    kept = {path: content for path, content in files.items() if ".dist-info/" not in path}
    kept[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    rows = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip('=')},{len(content)}"
        for path, content in kept.items()
    ]
    kept[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in kept.items():
            archive.writestr(path, content)
    return open_wheel(buffer.getvalue(), shown=f"{name}.whl")


def installed_wheel(name: str) -> Wheel:
    """Return what is installed as `name` as a wheel again."""
    (info,) = SITE_PACKAGES.glob(f"{name}-*.dist-info")
    with (info / "RECORD").open(newline="") as file:
        paths = [row[0] for row in csv.reader(file)]
    files = {p: (SITE_PACKAGES / p).read_bytes() for p in paths if not p.startswith("..") and ".pyc" not in p}
    return make_wheel(files, name, info.name.removesuffix(".dist-info").rpartition("-")[2])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_golden(case, update_golden):
    wheel = make_wheel(_files(case.blocks["package"]))
    stubs = [make_wheel(_files(case.blocks["stubs"]), "types-box")] if "stubs" in case.blocks else []
    sources = find_types(wheel, stubs, "1.0")
    lines = [f"imports {', '.join(sources.import_names)}", f"tier {sources.tier.value}"]
    lines += [f"{m}: {s.tier.value} {s.path}" for m, s in sorted(sources.modules.items())]
    lines += [f"{m}: compiled {path}" for m, path in sorted(sources.compiled.items())]
    lines += [f"obsolete {folder}" for folder in sources.obsolete]
    casefile.check_case(case, "modules", "\n".join(lines), update_golden)


def _files(block: str) -> dict[str, bytes]:
    pairs = (line.partition("=") for line in block.splitlines())
    return {path: content.encode() for path, _, content in pairs}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("é".encode(), "é"),
        (b"\xef\xbb\xbfa", "a"),
        (b"# coding: latin-1\n\xe9", "# coding: latin-1\né"),
        (b"#!x\n# -*- coding: iso-8859-15 -*-\n\xa4", "#!x\n# -*- coding: iso-8859-15 -*-\n€"),
        (b"# coding: nonsense\n\xe9", "# coding: nonsense\n�"),
        (b"\n\n# coding: latin-1\n\xe9", "\n\n# coding: latin-1\n�"),
    ],
)
def test_sources_are_decoded_as_they_say(content, text):
    assert decode_source(content) == text


def test_only_reachable_private_modules_are_read():
    files = {
        "box/__init__.py": b"from ._a.b import x\n",
        "box/_a/__init__.py": b"",
        "box/_a/b.py": b"from .. import _c\nx: int\n",
        "box/_a/unused.py": b"",
        "box/_c.py": b"",
        "box/_vendor/__init__.py": b"",
        "box/public.py": b"import box._d.e\n",
        "box/_d/e.py": b"from ._fast import *\n",
        "box/_d/_fast.so": b"",
        "box/py.typed": b"",
    }
    package, diagnostics = read_package(make_wheel(files), (), Target())
    assert diagnostics == ()
    assert [m.name for m in package.modules] == [
        "box",
        "box._a",
        "box._a.b",
        "box._c",
        "box._d._fast",
        "box._d.e",
        "box.public",
    ]


def test_a_compiled_module_is_kept_by_name():
    files = {"box/__init__.py": b"from ._fast import run\n", "box/_fast.so": b""}
    package, _ = read_package(make_wheel(files), (), Target())
    fast = package.modules[1]
    assert (fast.name, fast.items, fast.dynamic, package.tier) == ("box._fast", (), True, Tier.STUBGEN)


def test_findings_are_reported():
    stub = make_wheel(
        {"box-stubs/__init__.pyi": b"", "box-stubs/METADATA.toml": b'obsolete_since = "0.5"'}, "types-box"
    )
    wheel = make_wheel({"box/__init__.py": b"def f(: ...\n", "box/py.typed": b""})
    _, diagnostics = read_package(wheel, (stub,), Target())
    assert [(d.code.code, d.span.file if d.span else None) for d in diagnostics] == [
        ("PY201", "box/__init__.py"),
        ("PY203", None),
    ]
    _, diagnostics = read_package(make_wheel({"README": b""}), (), Target())
    assert [d.code.code for d in diagnostics] == ["PY204"]


def test_the_whole_of_click_is_read():
    package, diagnostics = read_package(installed_wheel("click"), (), Target())
    assert (package.name, package.import_names, package.tier) == ("click", ("click",), Tier.INLINE)
    assert diagnostics == ()
    modules = {module.name: module for module in package.modules}
    core = {item.name: item for item in modules["click.core"].items}
    assert isinstance(core["Command"], Class)
    assert {"invoke", "make_context", "main"} <= {method.name for method in core["Command"].methods}
    decorators = {item.name: item for item in modules["click.decorators"].items}
    assert isinstance(decorators["command"], Function)
    assert len(decorators["command"].signatures) == 4
    assert {"Option", "echo"} <= {statement.name for statement in modules["click"].imports}


def test_two_import_packages_of_one_distribution():
    package, _ = read_package(installed_wheel("attrs"), (), Target())
    assert package.import_names == ("attrs", "attr")
    assert {"attrs", "attr", "attr.validators"} <= {module.name for module in package.modules}
