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
