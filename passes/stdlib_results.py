"""What functions of the standard library return, and methods of its plain values.

Only what holds for every argument; a class needs no entry, since its call makes one of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..ir.types import ANY, BOOL, BYTES, FLOAT, INT, NONE, STRING, BridgeType, ListOf, MapOf, Ref, TupleOf
from .forms import find_form

_TEXT = "bin hex oct repr chr ascii format input"
_NUMBERS = "len hash id ord"
_TRUTHS = "isinstance issubclass callable hasattr any all"

_FUNCTIONS: Mapping[str, BridgeType] = {
    **{f"builtins.{name}": STRING for name in _TEXT.split()},
    **{f"builtins.{name}": INT for name in _NUMBERS.split()},
    **{f"builtins.{name}": BOOL for name in _TRUTHS.split()},
    "builtins.sorted": ListOf(ANY),
    "builtins.dir": ListOf(STRING),
    "builtins.print": NONE,
    "builtins.setattr": NONE,
    "builtins.delattr": NONE,
    "builtins.vars": MapOf(STRING, ANY),
    "builtins.globals": MapOf(STRING, ANY),
    "base64.b64decode": BYTES,
    "base64.b64encode": BYTES,
    "copy.copy": ANY,
    "inspect.signature": Ref("inspect.Signature"),
    "json.dumps": STRING,
    "logging.getLogger": Ref("logging.Logger"),
    "os.getcwd": STRING,
    "os.getpid": INT,
    "os.path.abspath": STRING,
    "os.path.exists": BOOL,
    "os.path.isdir": BOOL,
    "os.path.isfile": BOOL,
    "os.urandom": BYTES,
    "pickle.dumps": BYTES,
    "platform.system": STRING,
    "re.compile": Ref("re.Pattern"),
    "re.escape": STRING,
    "shutil.get_terminal_size": Ref("os.terminal_size"),
    "socket.gethostname": STRING,
    "sys.exit": NONE,
    "sys.getrefcount": INT,
    "sys.getsizeof": INT,
    "tempfile.gettempdir": STRING,
    "tempfile.mkdtemp": STRING,
    "textwrap.dedent": STRING,
    "textwrap.indent": STRING,
    "threading.current_thread": Ref("threading.Thread"),
    "threading.get_ident": INT,
    "time.monotonic": FLOAT,
    "time.perf_counter": FLOAT,
    "time.time": FLOAT,
    "uuid.uuid4": Ref("uuid.UUID"),
    "weakref.ref": Ref("weakref.ReferenceType", (ANY,)),
}

_LISTS = {"split": ListOf(STRING), "rsplit": ListOf(STRING), "splitlines": ListOf(STRING)}
_SAME = """
    capitalize casefold center expandtabs format format_map join ljust lower lstrip removeprefix removesuffix
    replace rjust rstrip strip swapcase title translate upper zfill
"""
_TESTS = """
    endswith isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace
    istitle isupper startswith
"""
_STRING: Mapping[str, BridgeType] = {
    **dict.fromkeys(_SAME.split(), STRING),
    **dict.fromkeys(_TESTS.split(), BOOL),
    **dict.fromkeys(("count", "find", "index", "rfind", "rindex"), INT),
    **_LISTS,
    "encode": BYTES,
    "partition": TupleOf((STRING, STRING, STRING)),
    "rpartition": TupleOf((STRING, STRING, STRING)),
}
_BYTES: Mapping[str, BridgeType] = {"decode": STRING, "hex": STRING}

# Classes with names in small letters; others are told by their spelling.
_SMALL_CLASS_NAMES = """
    collections.defaultdict collections.deque datetime.date datetime.datetime datetime.time datetime.timedelta
    datetime.timezone fractions.Fraction functools.partial itertools.chain array.array threading.local
"""
_SMALL_CLASSES = frozenset(_SMALL_CLASS_NAMES.split())


def function_result(path: str) -> BridgeType | None:
    """Return what a call of the function or class `path` outside of the package gives."""
    known = _FUNCTIONS.get(path)
    if known is not None:
        return known if known is not ANY else None
    form = find_form(path)
    if form is not None:
        return form(()) if path.startswith(("builtins.", "collections.")) else None
    module, _, name = path.rpartition(".")
    bare = name.lstrip("_")
    if path in _SMALL_CLASSES or (module and bare[:1].isupper() and not bare.isupper()):
        return Ref(path)
    return None


def is_class(path: str) -> bool:
    """Return whether `path` outside of the package is a class, as far as its name tells."""
    return path not in _FUNCTIONS and function_result(path) is not None


def method_result(owner: BridgeType, name: str) -> BridgeType | None:
    """Return what method `name` of a plain value gives."""
    if owner is STRING:
        return _STRING.get(name)
    if owner is BYTES:
        return _BYTES.get(name)
    return None
