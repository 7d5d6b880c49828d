"""Names inside one file: what a name in an annotation or a value stands for.

A name is qualified by what the file itself says, never by other files: chasing imports
across modules is the work of bind-names.
"""

from __future__ import annotations

from typing import final

from attrs import Factory, define

from ...ir.types import BridgeType

# The names of the module `builtins` over all supported versions of Python; a fixed list, since the
# Python that runs the compiler is not the target.
_BUILTIN_NAMES = """
ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError
BrokenPipeError BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError
ConnectionRefusedError ConnectionResetError DeprecationWarning EOFError Ellipsis EncodingWarning
EnvironmentError Exception ExceptionGroup False FileExistsError FileNotFoundError FloatingPointError
FutureWarning GeneratorExit IOError ImportError ImportWarning IndentationError IndexError
InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError
ModuleNotFoundError NameError None NotADirectoryError NotImplemented NotImplementedError OSError
OverflowError PendingDeprecationWarning PermissionError ProcessLookupError PythonFinalizationError
RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration
StopIteration SyntaxError SyntaxWarning SystemError SystemExit TabError TimeoutError True TypeError
UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError
UnicodeWarning UserWarning ValueError Warning WindowsError ZeroDivisionError __build_class__
__debug__ __import__ abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr
classmethod compile complex copyright credits delattr dict dir divmod enumerate eval exec exit
filter float format frozenset getattr globals hasattr hash help hex id input int isinstance
issubclass iter len license list locals map max memoryview min next object oct open ord pow print
property quit range repr reversed round set setattr slice sorted staticmethod str sum super tuple
type vars zip
"""
BUILTINS = frozenset(_BUILTIN_NAMES.split())


@final
@define
class Scope:
    """The names that annotations in one block can see.

    `bindings` are the names of the module, `class_names` those of the innermost class
    body (types only: a method or plain attribute never hides a type, so that a class
    with a method `list` may still annotate with the builtin). `type_params` are the PEP
    695 type parameters in force. `cache` keeps the types of annotations by their text.
    """

    module: str
    bindings: dict[str, str] = Factory(dict)
    star: list[str] = Factory(list)
    class_names: dict[str, str] = Factory(dict)
    type_params: frozenset[str] = frozenset()
    cache: dict[str, BridgeType] = Factory(dict)

    def for_class(self, names: dict[str, str], type_params: frozenset[str]) -> Scope:
        """Return the scope of a class body whose own types are `names`."""
        if not names and not type_params and not self.class_names:
            return self
        return Scope(self.module, self.bindings, self.star, names, self.type_params | type_params)

    def for_function(self, type_params: frozenset[str]) -> Scope:
        """Return the scope of a function's header."""
        if not type_params:
            return self
        return Scope(self.module, self.bindings, self.star, self.class_names, self.type_params | type_params)

    def qualify(self, dotted: str) -> str:
        """Return the qualified name of `dotted` (`a` or `a.b.c`), which is no type parameter."""
        root, dot, rest = dotted.partition(".")
        path = self.class_names.get(root) or self.bindings.get(root)
        if path is None:
            is_builtin = not self.star and root in BUILTINS
            path = f"builtins.{root}" if is_builtin else f"{self.module}.{root}"
        return f"{path}.{rest}" if dot else path


def absolute_module(relative: str, module: str, is_package: bool) -> str:
    """Return the absolute name of the module that `relative` names inside `module`.

    Leading dots count packages upward (the language reference, "the import
    statement"); more dots than there are packages yield the name without its dots.
    """
    name = relative.lstrip(".")
    level = len(relative) - len(name)
    if level == 0:
        return name
    parts = module.split(".")
    keep = len(parts) - level + (1 if is_package else 0)
    base = ".".join(parts[: max(keep, 0)])
    return f"{base}.{name}" if base and name else base or name
