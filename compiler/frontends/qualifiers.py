"""Type qualifiers: what may stand around the type of an attribute (typing specification)."""

from __future__ import annotations

from typing import final

from attrs import frozen

from ...ir.types import BridgeType, Ref


@final
@frozen
class Qualified:
    """A type with the qualifiers that stood around it (typing specification, "type qualifiers").

    `required` is None where neither `Required` nor `NotRequired` stood: then the class decides.
    """

    type: BridgeType | None
    class_var: bool = False
    final: bool = False
    read_only: bool = False
    required: bool | None = None


def strip_qualifiers(ty: BridgeType) -> Qualified:
    """Take `ClassVar`, `Final`, `ReadOnly`, `Required` and `NotRequired` off `ty`.

    The type is None where a bare `Final` or `ClassVar` leaves it to the value.
    """
    found = set()
    inner: BridgeType | None = ty
    while isinstance(inner, Ref):
        name = inner.path.rpartition(".")[2]
        if name not in ("ClassVar", "Final", "Required", "NotRequired", "ReadOnly"):
            break
        found.add(name)
        inner = inner.arguments[0] if inner.arguments else None
    if not found:
        return Qualified(ty)
    required = None
    if "Required" in found or "NotRequired" in found:
        required = "NotRequired" not in found
    return Qualified(inner, "ClassVar" in found, "Final" in found, "ReadOnly" in found, required)
