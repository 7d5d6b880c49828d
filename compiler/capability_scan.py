"""What the files of a wheel can do, found without running them.

A pattern over the bytes finds candidate places; a file is parsed only when it has one, and
the tree then tells code from strings and comments. Only the first place of each capability
is wanted, so words are dropped from the search as they are found.

What a package reaches by computed names (`getattr`, `exec`) or in compiled code is not
seen: `data/capabilities.toml` corrects the cases that are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final, final

from attrs import frozen

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

    from .frontends.wheel import Wheel

STARTUP_CODE: Final = "startup-code"
"""Code that every start of the interpreter runs (`.pth` files); no manifest key grants it."""


@final
@frozen
class Found:
    """A capability and its evidence: `what` stands on `line` (from 1) of `file` in the wheel.

    `line` is 0 where the whole file is the evidence, or the correction in `file`.
    """

    capability: str
    file: str
    line: int
    what: str

    @property
    def place(self) -> str:
        """The evidence as `file:line`."""
        return f"{self.file}:{self.line}" if self.line else self.file


_MODULES: Final[dict[str, tuple[str, ...]]] = {
    "net": (
        *("socket", "socketserver", "ssl", "ftplib", "imaplib", "nntplib", "poplib", "smtplib", "telnetlib"),
        *("urllib.request", "http.client", "http.server", "xmlrpc.client", "xmlrpc.server"),
        *("urllib3", "requests", "httpx", "httpcore", "aiohttp", "websockets", "paramiko"),
    ),
    "fs": (
        *("pathlib", "shutil", "tempfile", "glob", "fileinput", "mmap", "sqlite3", "dbm"),
        *("shelve", "zipfile", "tarfile"),
    ),
    "proc": ("subprocess", "multiprocessing", "pty", "webbrowser", "concurrent.futures.process"),
    "ctypes": ("ctypes", "cffi", "_cffi_backend", "_ctypes"),
}
# Of modules that do much else; a `*` ends a prefix.
_MEMBERS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "net": {
        "asyncio": ("open_connection", "start_server", "open_unix_connection", "start_unix_server"),
    },
    "fs": {
        "os": (
            *("open", "fdopen", "remove", "unlink", "rename", "renames", "replace", "mkdir", "makedirs"),
            *("rmdir", "removedirs", "listdir", "scandir", "walk", "fwalk", "stat", "lstat", "access"),
            *("chmod", "chown", "link", "symlink", "readlink", "truncate", "utime", "mkfifo", "mknod"),
        ),
        "os.path": (
            *("exists", "lexists", "isfile", "isdir", "islink", "ismount", "getsize", "getmtime"),
            *("getatime", "getctime", "realpath", "samefile"),
        ),
        "io": ("open", "open_code", "FileIO"),
        "codecs": ("open",),
        "gzip": ("open",),
        "bz2": ("open",),
        "lzma": ("open",),
    },
    "proc": {
        "os": ("system", "popen", "fork", "forkpty", "kill", "killpg", "exec*", "spawn*", "posix_spawn*"),
        "asyncio": ("create_subprocess_*",),
        "concurrent.futures": ("ProcessPoolExecutor",),
    },
}
RUNTIMES: Final = ("trio", "asyncio", "anyio")
"""The event loops that `scan_wheel` looks for, under these names beside the capabilities."""

_PATTERNS: Final = {
    (capability, base): re.compile("|".join(re.escape(name).replace(r"\*", r"\w*") for name in names))
    for capability, table in _MEMBERS.items()
    for base, names in table.items()
}
_STARTUP_MODULES: Final = ("sitecustomize.py", "usercustomize.py")
_SCRIPTS: Final = ".data/scripts/"
# How programs of Linux, Windows and macOS begin.
_PROGRAMS: Final = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_PYTHON_SCRIPT: Final = b"#!python"


def scan_wheel(wheel: Wheel) -> tuple[Found, ...]:
    """Return the first evidence of each capability and event loop in `wheel`, by capability.

    Tests count too, since anything can import them, but a place elsewhere is preferred; for
    event loops they do not count. Raises `DiagnosticError` when a file cannot be read.
    """
    found = _scan_names(wheel)
    scan = _Scan(tuple(capability for capability in (*_MODULES, *RUNTIMES) if capability not in found))
    for name in sorted(wheel.names, key=lambda name: (_is_test(name), name)):
        if _is_test(name):
            scan.drop(RUNTIMES)
        if not scan.wanted:
            break
        script = _SCRIPTS in name
        if not script and not name.endswith(".py"):
            continue
        content = wheel.read(name)
        if script and not name.endswith(".py") and not content.startswith(_PYTHON_SCRIPT):
            continue
        for each in scan.read(name, content):
            found[each.capability] = each
    return tuple(sorted(found.values(), key=lambda each: each.capability))


def _scan_names(wheel: Wheel) -> dict[str, Found]:
    found = {}
    if compiled := wheel.compiled_files:
        found["c-extension"] = Found("c-extension", compiled[0], 0, "compiled file")
    for name in sorted(wheel.names):
        if _SCRIPTS in name and wheel.read(name).startswith(_PROGRAMS):
            found.setdefault("c-extension", Found("c-extension", name, 0, "compiled program"))
        head, _, rest = name.partition("/")
        installed = rest.partition("/")[2] if head.endswith(".data") else name
        if "/" not in installed and installed.endswith(".pth"):
            for number, line in enumerate(wheel.read(name).splitlines(), 1):
                if line.startswith((b"import ", b"import\t")):
                    what = line.decode("utf-8", "replace")[:80]
                    found.setdefault(STARTUP_CODE, Found(STARTUP_CODE, name, number, what))
        elif installed in _STARTUP_MODULES:
            found.setdefault(STARTUP_CODE, Found(STARTUP_CODE, name, 0, "runs when Python starts"))
    return found


def _is_test(name: str) -> bool:
    folders = name.split("/")
    file = folders.pop()
    return file in ("conftest.py",) or any(folder in ("test", "tests", "_tests") for folder in folders)


@final
class _Scan:
    """A search over files that narrows as capabilities are found."""

    def __init__(self, wanted: tuple[str, ...]) -> None:
        self.wanted = wanted
        self._candidates = _find_candidates(wanted)

    def drop(self, capabilities: tuple[str, ...]) -> None:
        """Look no more for `capabilities`."""
        wanted = tuple(capability for capability in self.wanted if capability not in capabilities)
        if wanted != self.wanted:
            self.wanted = wanted
            self._candidates = _find_candidates(wanted)

    def read(self, name: str, content: bytes) -> list[Found]:
        """Return the first place in the file of each capability still wanted."""
        if self._candidates.search(content) is None:
            return []
        first: dict[str, tuple[int, int, str]] = {}
        for capability, start, row, what in _find_places(content):
            if capability in self.wanted and (capability not in first or start < first[capability][0]):
                first[capability] = (start, row, what)
        self.drop(tuple(first))
        return [Found(capability, name, row + 1, what) for capability, (_, row, what) in first.items()]


@cache
def _find_candidates(wanted: tuple[str, ...]) -> re.Pattern[bytes]:
    """Return the pattern of what may show one of `wanted`: generous, as the tree decides."""
    modules = {name for capability in wanted for name in _MODULES.get(capability, ())}
    modules |= {capability for capability in wanted if capability in RUNTIMES}
    # `from urllib import request` names no `urllib.request`, so a dotted name is looked for by its ends.
    words = {re.escape(part) for name in modules for part in (name, name.rpartition(".")[2])}
    bases = {base for capability in wanted for base in _MEMBERS.get(capability, {})}
    patterns = [r"open[ \t]*\("] if "fs" in wanted else []
    if words:
        listed = "|".join(sorted(words))
        patterns.append(
            rf"(?:import|from)[ \t]+(?:\([^)]{{0,500}}\b|[\w., \t]{{0,200}}[ ,\t])?(?:{listed})\b"
        )
        patterns.append(rf"(?:import_module|__import__)\(\s*['\"](?:{listed})\b")
    for base in sorted(bases):
        last = re.escape(base.rpartition(".")[2])
        members = "|".join(
            _PATTERNS[capability, base].pattern for capability in wanted if (capability, base) in _PATTERNS
        )
        patterns.append(rf"\b{last}\.(?:{members})\b")
        patterns.append(rf"\b{last}[ \t]+(?:as|import)\b")
    return re.compile("|".join(patterns).encode() or rb"(?!)")


# Evidence: capability, byte offset, row from 0, text.
_Place = tuple[str, int, int, str]


def _find_places(content: bytes) -> Iterator[_Place]:
    root = _parser().parse(content).root_node
    names: dict[str, str] = {}
    for match in _IMPORT.finditer(content):
        node = root.descendant_for_byte_range(match.start(1), match.end(1))
        statement = node.parent if node is not None else None
        if node is None or statement is None or node.type not in ("import", "from"):
            continue
        for bound, path in _read_import(statement):
            names[bound] = path
            if not _is_for_types_only(statement):
                what = _text(statement)
                for capability in _classify(path):
                    yield capability, statement.start_byte, statement.start_point[0], what
    yield from _find_references(root, content, names)


_IMPORT = re.compile(rb"(?:^|[;:])[ \t]*(import|from)\b", re.MULTILINE)
_OPEN = re.compile(rb"(?<![\w.])(open)[ \t]*\(")
_DYNAMIC = re.compile(rb"(?:import_module|__import__)\(\s*['\"]([\w.]+)['\"]")
_OWN_OPEN = re.compile(rb"^(?:async[ \t]+)?def[ \t]+open\b|^open[ \t]*=", re.MULTILINE)


def _find_references(root: Node, content: bytes, names: dict[str, str]) -> Iterator[_Place]:
    bases = [name for name, path in names.items() if any(_below(base, path) for _, base in _PATTERNS)]
    if bases:
        listed = "|".join(map(re.escape, bases))
        reference = re.compile(rf"(?<![\w.])({listed})((?:\.[A-Za-z_]\w*)+)".encode())
        seen: set[str] = set()
        for match in reference.finditer(content):
            path = names[match[1].decode()] + match[2].decode("utf-8", "replace")
            capabilities = {c for prefix in _prefixes(path) for c in _classify_member(prefix)} - seen
            if capabilities and _is_code(root, match.start(1), match.end(1)):
                seen |= capabilities
                row = content.count(b"\n", 0, match.start())
                for capability in capabilities:
                    yield capability, match.start(), row, match[0].decode("utf-8", "replace")
    if "open" not in names and not _OWN_OPEN.search(content):
        for match in _OPEN.finditer(content):
            node = root.descendant_for_byte_range(match.start(1), match.end(1))
            if node is not None and node.type == "identifier" and _is_called(node):
                yield "fs", match.start(), node.start_point[0], "open()"
                break
    for match in _DYNAMIC.finditer(content):
        capabilities_of = _classify(match[1].decode("utf-8", "replace"))
        if capabilities_of and _is_code(root, match.start(), match.start() + 1):
            row = content.count(b"\n", 0, match.start())
            for capability in capabilities_of:
                yield capability, match.start(), row, match[0].decode() + ")"


def _read_import(statement: Node) -> Iterator[tuple[str, str]]:
    """Yield what a statement binds: the name, and the absolute path it stands for."""
    module = statement.child_by_field_name("module_name")
    if module is not None and module.type == "relative_import":
        return
    prefix = f"{_text(module)}." if module is not None else ""
    for child in statement.children_by_field_name("name"):
        if child.type == "aliased_import":
            name, alias = child.child_by_field_name("name"), child.child_by_field_name("alias")
            if name is not None and alias is not None:
                yield _text(alias), prefix + _text(name)
        else:
            name_text = _text(child)
            yield name_text, prefix + name_text
            if not prefix and "." in name_text:
                head = name_text.partition(".")[0]
                yield head, head
    if module is not None and not statement.children_by_field_name("name"):
        yield "*", _text(module)


@cache
def _classify(path: str) -> tuple[str, ...]:
    """Return what importing the module or member `path` shows."""
    found = [c for c, modules in _MODULES.items() if any(_below(path, module) for module in modules)]
    found += [runtime for runtime in RUNTIMES if _below(path, runtime)]
    return (*found, *_classify_member(path))


@cache
def _classify_member(path: str) -> tuple[str, ...]:
    base, _, member = path.rpartition(".")
    return tuple(
        capability
        for (capability, of), pattern in _PATTERNS.items()
        if of == base and pattern.fullmatch(member)
    )


def _below(path: str, parent: str) -> bool:
    return path == parent or path.startswith(f"{parent}.")


def _prefixes(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:end]) for end in range(2, len(parts) + 1)]


def _is_code(root: Node, start: int, end: int) -> bool:
    node = root.descendant_for_byte_range(start, end)
    return node is not None and node.type == "identifier"


def _is_called(node: Node) -> bool:
    call = node.parent
    return call is not None and call.type == "call" and call.child_by_field_name("function") == node


def _is_for_types_only(node: Node) -> bool:
    """Whether `node` stands in the body of `if TYPE_CHECKING:`, which never runs."""
    inner, outer = node, node.parent
    while outer is not None:
        if outer.type == "if_statement" and outer.child_by_field_name("consequence") == inner:
            condition = outer.child_by_field_name("condition")
            if condition is not None and _text(condition) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
                return True
        inner, outer = outer, outer.parent
    return False


def _text(node: Node) -> str:
    text = (node.text or b"").decode("utf-8", "replace")
    return " ".join(text.split())[:80]


@cache
def _parser() -> Parser:
    # Deferred: loading the grammar takes longer than starting the command line does.
    import tree_sitter
    import tree_sitter_python

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))
