"""Core metadata of a distribution: the header fields that resolving and binding need.

Source: PyPA "Core metadata specifications" 1.0 to 2.5; PEP 566 for the body.
"""

from __future__ import annotations

from typing import final

from attrs import frozen


class MetadataError(ValueError):
    """Metadata that does not follow the specification; the message says what is wrong."""


@final
@frozen
class Metadata:
    """What a distribution says about itself. `name` and `version` are as written.

    `requires_dist` are dependency specifiers, unparsed; `extras` as written;
    `import_names` the Import-Name and Import-Namespace fields (PEP 794), which are rare.
    """

    name: str
    version: str
    requires_dist: tuple[str, ...] = ()
    requires_python: str = ""
    extras: tuple[str, ...] = ()
    summary: str = ""
    license: str = ""
    metadata_version: str = ""
    import_names: tuple[str, ...] = ()


_MANY = frozenset({"requires-dist", "provides-extra", "import-name", "import-namespace"})
_KEPT = _MANY | {
    "metadata-version",
    "name",
    "version",
    "requires-python",
    "summary",
    "license",
    "license-expression",
}


def parse_metadata(content: bytes) -> Metadata:
    """Read `METADATA` (or a `.metadata` file, or `PKG-INFO`).

    Only the header is read: a description, there or in the body, is skipped. Raises
    `MetadataError` when it is not UTF-8 or lacks a name or version.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MetadataError(f"not UTF-8 at byte {error.start}") from None
    fields = _read_header(text)
    one = {name: values[0] for name, values in fields.items()}
    for name in ("name", "version"):
        if not one.get(name):
            raise MetadataError(f"there is no {name.title()} field")
    return Metadata(
        name=one["name"],
        version=one["version"],
        requires_dist=tuple(fields.get("requires-dist", ())),
        requires_python=one.get("requires-python", ""),
        extras=tuple(fields.get("provides-extra", ())),
        summary=one.get("summary", ""),
        license=one.get("license-expression", "") or one.get("license", ""),
        metadata_version=one.get("metadata-version", ""),
        import_names=(*fields.get("import-name", ()), *fields.get("import-namespace", ())),
    )


def _read_header(text: str) -> dict[str, list[str]]:
    """Return the fields in `_KEPT`; lines that start with white space go on with the field before."""
    fields: dict[str, list[list[str]]] = {}
    current: list[str] | None = None
    for line in text.splitlines() if "\r" in text else text.split("\n"):
        if not line:
            break
        if line[0] in " \t":
            if current is not None:
                current.append(line.strip())
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise MetadataError(f"`{line[:60]}` is not a header field")
        key = name.lower()
        current = None
        if key in _KEPT:
            values = fields.setdefault(key, [])
            if values and key not in _MANY:
                raise MetadataError(f"the field {name} occurs twice")
            current = [value.strip()]
            values.append(current)
    return {key: ["\n".join(lines) for lines in values] for key, values in fields.items()}
