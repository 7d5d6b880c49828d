"""Names of the standard library that passes must know without importing anything."""

from __future__ import annotations

_EXCEPTIONS = """
    BaseException BaseExceptionGroup GeneratorExit KeyboardInterrupt SystemExit Exception
    ArithmeticError FloatingPointError OverflowError ZeroDivisionError AssertionError AttributeError
    BufferError EOFError ExceptionGroup ImportError ModuleNotFoundError LookupError IndexError KeyError
    MemoryError NameError UnboundLocalError OSError BlockingIOError ChildProcessError ConnectionError
    BrokenPipeError ConnectionAbortedError ConnectionRefusedError ConnectionResetError FileExistsError
    FileNotFoundError InterruptedError IsADirectoryError NotADirectoryError PermissionError
    ProcessLookupError TimeoutError ReferenceError RuntimeError NotImplementedError RecursionError
    PythonFinalizationError StopAsyncIteration StopIteration SyntaxError IndentationError TabError
    SystemError TypeError ValueError UnicodeError UnicodeDecodeError UnicodeEncodeError
    UnicodeTranslateError Warning BytesWarning DeprecationWarning EncodingWarning FutureWarning
    ImportWarning PendingDeprecationWarning ResourceWarning RuntimeWarning SyntaxWarning UnicodeWarning
    UserWarning IOError EnvironmentError
"""

_CLASSES = """
    bool bytearray bytes classmethod complex dict enumerate filter float frozenset int list map
    memoryview object property range reversed set slice staticmethod str super tuple type zip
    callable any function ellipsis
"""

BUILTIN_EXCEPTIONS = frozenset(_EXCEPTIONS.split())
BUILTIN_CLASSES = BUILTIN_EXCEPTIONS | frozenset(_CLASSES.split())

ENUM_BASES = frozenset(
    f"enum.{name}" for name in ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "ReprEnum")
)

PROPERTY_DECORATORS = frozenset(
    {
        "builtins.property",
        "functools.cached_property",
        "abc.abstractproperty",
        "enum.property",
        "types.DynamicClassAttribute",
    }
)

DATACLASS_DECORATORS = frozenset({"dataclasses.dataclass"})

# attrs, "attrs by example": the decorators that make a class, by the two import names of the project.
ATTRS_DECORATORS = frozenset(
    {"attr.s", "attr.attrs", "attr.attributes", "attr.dataclass"}
    | {f"{package}.{name}" for package in ("attr", "attrs") for name in ("define", "mutable", "frozen")}
)
ATTRS_FROZEN = frozenset({"attr.frozen", "attrs.frozen"})
# Those of them that look at annotations only where `auto_attribs` says so.
ATTRS_EXPLICIT = frozenset({"attr.s", "attr.attrs", "attr.attributes"})
ATTRS_SPECIFIERS = frozenset(
    {"attr.ib", "attr.attrib", "attr.attr", "attr.field", "attrs.field", "attr.attributes.attrib"}
)


def is_exception(path: str) -> bool:
    """Return whether the external class `path` is an exception.

    Outside of `builtins` the name decides: PEP 8 ends the names of exceptions in `Error`.
    """
    module, _, name = path.rpartition(".")
    if module == "builtins":
        return name in BUILTIN_EXCEPTIONS
    return name.endswith(("Error", "Exception", "Warning"))


_MODULES = """
    annotationlib compression
    abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit
    audioop base64 bdb binascii binhex bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath
    cmd code codecs codeop collections colorsys compileall concurrent configparser contextlib
    contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis
    distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput
    fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip
    hashlib heapq hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools
    json keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap
    modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode
    operator optparse os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil platform plistlib
    poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat
    queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select
    selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3
    sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess
    sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this
    threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle
    turtledemo types typing unicodedata unittest urllib uu uuid venv warnings wave weakref
    webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo
"""
# Every top-level module of Python 3.11 to 3.14 that code may name; a private one has a `_` in front.
STDLIB_MODULES = frozenset(_MODULES.split())

# What these modules hold is for the interpreter and for type checkers, or has a shape of its own.
_WITHOUT_MEMBERS = """
    _typeshed abc ast builtins collections.abc ctypes enum inspect types typing typing_extensions unittest
"""
_MEMBERLESS_MODULES = frozenset(_WITHOUT_MEMBERS.split())
_CLASSES_WITH_MEMBERS = frozenset(
    {"builtins.complex", "builtins.slice", "typing.IO", "typing.TextIO", "typing.BinaryIO"}
    | {f"builtins.{name}" for name in BUILTIN_EXCEPTIONS}
)


def has_members(path: str) -> bool:
    """Return whether a program has a use for the members of the foreign class at `path`."""
    module = path.rpartition(".")[0]
    return path in _CLASSES_WITH_MEMBERS or (module not in _MEMBERLESS_MODULES and path != "os.PathLike")
