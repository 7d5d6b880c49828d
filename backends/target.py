"""What a backend gives back."""

from __future__ import annotations

from typing import final

from attrs import field, frozen


@final
@frozen
class Artifact:
    """A file to be written: its path relative to the output folder, with `/`, and its bytes."""

    path: str
    content: bytes = field(repr=False)
