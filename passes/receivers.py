"""Which parameter of a function Python itself fills in: `self` or `cls`."""

from __future__ import annotations

from ..ir.items import Binding, Function, ParamKind, Signature

_WITHOUT = (Binding.FUNCTION, Binding.STATIC_METHOD)
_METHODS = (Binding.METHOD, Binding.CLASS_METHOD)
_POSITIONAL = (ParamKind.POSITIONAL_ONLY, ParamKind.POSITIONAL_OR_KEYWORD)
_TAKING_SELF = (*_POSITIONAL, ParamKind.VAR_POSITIONAL)


def has_receiver(function: Function, signature: Signature) -> bool:
    """Tell whether the first parameter of `signature` is the receiver.

    A receiver may also hide in `*args`; then it is no parameter of its own.
    """
    if function.binding in _WITHOUT:
        return False
    return bool(signature.params) and signature.params[0].kind in _POSITIONAL


def lacks_receiver(function: Function, signature: Signature) -> bool:
    """Tell whether Python could not call `function` at all: there is no place for a receiver."""
    if function.binding not in _METHODS:
        return False
    if not signature.params:
        return True
    return signature.params[0].kind not in _TAKING_SELF
