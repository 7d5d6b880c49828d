"""The closed set of reasons for which an item is degraded or refused."""

from __future__ import annotations

import enum
from typing import final


@final
class SkipReason(enum.Enum):
    """Why an item could not be bound as declared. The value is the stable token.

    A *refused* item is not emitted; a *degraded* one is, with `any` or a handle where
    its type was lost. Both name one of these reasons in every report.
    """

    NO_COMPLEX_TYPE = "SkipNoComplexType"
    OPEN_UNION = "SkipOpenUnion"
    PARAM_SPEC = "SkipParamSpec"
    TYPE_VAR_TUPLE = "SkipTypeVarTuple"
    FORWARD_REF = "SkipForwardRef"
    UNSUPPORTED_TYPING_CONSTRUCT = "SkipUnsupportedTypingConstruct"
    C_FUNCTION_WITHOUT_STUBS = "SkipCFunctionWithoutStubs"
    OVERLOAD_AMBIGUITY = "SkipOverloadAmbiguity"
    UNTYPED_PACKAGE = "SkipUntypedPackage"
    IMPORT_TIME_NETWORK = "SkipImportTimeNetwork"
    IMPORT_TIME_ERROR = "SkipImportTimeError"
    PRIVATE_NAME = "SkipPrivateName"
    DUNDER = "SkipDunder"
    DESCRIPTOR = "SkipDescriptor"
    METACLASS = "SkipMetaclass"
    DYNAMIC_ATTRIBUTE = "SkipDynamicAttribute"
    INCOMPATIBLE_ASYNC_RUNTIME = "SkipIncompatibleAsyncRuntime"
    BYTEARRAY_MUTABLE = "SkipBytearrayMutable"
    PYODIDE_UNAVAILABLE = "SkipPyodideUnavailable"
    UNKNOWN = "SkipUnknown"

    # Members are compared by identity; hashing their names is what costs in sets of losses.
    __hash__ = object.__hash__

    @classmethod
    def from_token(cls, token: str) -> SkipReason:
        """Return the reason named `token`; an unknown token is `UNKNOWN`."""
        try:
            return cls(token)
        except ValueError:
            return cls.UNKNOWN
