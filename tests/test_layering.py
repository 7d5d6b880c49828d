"""The layers of ARCHITECTURE.md, enforced: who may import whom, and who may do I/O."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("ir", "passes", "backends", "compiler", "runtime")

MAY_IMPORT = {
    "ir": {"ir"},
    "passes": {"ir", "passes"},
    "backends": {"ir", "backends"},
    "compiler": {"ir", "passes", "backends", "compiler", "runtime"},
    "runtime": {"runtime"},
}
THIRD_PARTY = {
    "ir": {"attrs", "packaging", "lark"},
    "passes": {"attrs"},
    "backends": {"attrs"},
    "runtime": set[str](),
}
# Modules through which a program touches the outside world.
OUTSIDE = {
    *("os", "subprocess", "socket", "time", "tempfile", "shutil"),
    *("urllib", "http", "ssl", "random", "glob"),
}
# `importlib.resources` reads files of this package, which are as fixed as its code.
DOES_IO = {
    "compiler/files.py": {"os", "tempfile", "shutil"},
    "compiler/host.py": {"os", "subprocess", "time"},
    "compiler/http.py": {"time", "ssl"},
    "compiler/machine.py": {"os", "tempfile"},
}


def _modules() -> list[Path]:
    return sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))


def _imports(path: Path) -> list[tuple[int, str]]:
    """Return (line, absolute module) for every import statement of `path`, nested ones too."""
    package = ("mochic_py", *path.relative_to(ROOT).parent.parts)
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*base, *([node.module] if node.module else [])])
            found += [(node.lineno, f"{stem}.{alias.name}" if node.level else stem) for alias in node.names]
    return found


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_downward(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0]
    wrong = []
    for line, module in _imports(path):
        head, *rest = module.split(".")
        if head == "mochic_py":
            if rest and rest[0] in LAYERS and rest[0] not in MAY_IMPORT[layer]:
                wrong.append(f"{path.name}:{line} imports {module}")
        elif layer != "compiler" and head not in sys.stdlib_module_names | THIRD_PARTY[layer]:
            wrong.append(f"{path.name}:{line} imports {module}")
    assert not wrong


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_host_touches_the_outside(path: Path) -> None:
    relative = path.relative_to(ROOT)
    if relative.parts[0] == "runtime":
        return
    allowed = DOES_IO.get(relative.as_posix(), set())
    wrong = [
        f"{relative}:{line} imports {module}"
        for line, module in _imports(path)
        if module.split(".")[0] in OUTSIDE - allowed and not module.startswith(("os.path", "urllib.parse"))
    ]
    tree = ast.parse(path.read_text("utf-8"))
    wrong += [
        f"{relative}:{node.lineno} calls {node.func.id}()"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"open", "print", "input"}
        and not (relative.parts[:2] == ("compiler", "cli") or allowed)
    ]
    assert not wrong


def test_no_import_cycles() -> None:
    graph: dict[str, set[str]] = {}
    for path in _modules():
        name = ".".join(("mochic_py", *path.relative_to(ROOT).with_suffix("").parts))
        top = ast.parse(path.read_text("utf-8")).body
        at_import_time = {n.lineno for n in top if isinstance(n, ast.Import | ast.ImportFrom)}
        graph[name] = {m for line, m in _imports(path) if line in at_import_time}
    edges = {a: {b for b in graph if any(i == b or i.startswith(b + ".") for i in graph[a])} for a in graph}
    done: set[str] = set()

    def visit(node: str, trail: tuple[str, ...]) -> None:
        assert node not in trail, " -> ".join([*trail[trail.index(node) :], node])
        if node not in done:
            for child in sorted(edges[node] - {node}):
                visit(child, (*trail, node))
            done.add(node)

    for node in sorted(edges):
        visit(node, ())


def test_nothing_stray_in_the_root() -> None:
    assert {p.name for p in ROOT.glob("*.py")} == {"__init__.py", "__main__.py"}


def test_files_stay_small() -> None:
    sizes = {p: len(p.read_text("utf-8").splitlines()) for p in _modules()}
    assert not [f"{p.relative_to(ROOT)}: {lines}" for p, lines in sizes.items() if lines > 500]


def test_the_code_map_names_what_is_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    named = re.findall(r"`((?:ir|passes|backends|compiler|runtime|golden|tests)/[\w/.*]*)`", text)
    missing = [name for name in named if not any(ROOT.glob(name.rstrip("/")))]
    assert named
    assert not missing


def test_every_golden_is_read_by_a_test() -> None:
    tests = "".join(path.read_text("utf-8") for path in sorted(ROOT.glob("tests/*.py")))
    whole = {"passes", "diagnostics", *re.findall(r'read_folder\("(\w+)"\)', tests)}
    named = [path for path in ROOT.glob("golden/*/*.md") if path.parent.name not in whole]
    assert named
    assert not [path for path in named if not re.search(rf"\b{path.stem}\b", tests)]
