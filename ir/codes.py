"""Every diagnostic code of the program, once.

PY1 programs and import specs · PY2 stubs · PY3 types · PY4 manifest, resolution, lock,
cache · PY5 wheels · PY6 emission and command line. A code is never reused. Each has a
page `golden/diagnostics/PYnnn.md`, which is also its test.
"""

from __future__ import annotations

from .diagnostics import Code, Severity

UNTERMINATED_IMPORT = Code("PY101", "unterminated-import", "the string of an import is not closed")
INCOMPLETE_IMPORT = Code("PY102", "incomplete-import", "an import needs a string that says what to import")
INVALID_ESCAPE = Code(
    "PY103", "invalid-escape", "the string of an import holds an escape that Mochi does not know"
)
MISSING_ALIAS = Code(
    "PY104", "missing-alias", "an import without `as` binds no usable name", Severity.WARNING
)
DUPLICATE_ALIAS = Code("PY105", "duplicate-alias", "two imports bind different packages to one alias")
AUTO_CLASH = Code(
    "PY106", "auto-clash", "an `auto` import binds a name that the program already has", Severity.WARNING
)
INVALID_IMPORT_SPEC = Code("PY110", "invalid-import-spec", "this is not an import spec")
INVALID_PACKAGE_NAME = Code("PY111", "invalid-package-name", "this is not the name of a distribution")
INVALID_SPECIFIER = Code("PY112", "invalid-specifier", "this is not a version specifier")
UNSATISFIABLE_SPECIFIER = Code("PY113", "unsatisfiable-specifier", "no version can satisfy this specifier")
INVALID_SOURCE = Code("PY114", "invalid-source", "this does not name a place to take a package from")
CREDENTIALS_IN_URL = Code("PY115", "credentials-in-url", "a URL must not hold credentials")
INVALID_SOURCE_PATH = Code("PY116", "invalid-source-path", "a source path must be relative and use `/`")

INVALID_TOML = Code("PY401", "invalid-toml", "the manifest is not valid TOML")
UNKNOWN_MANIFEST_KEY = Code("PY402", "unknown-manifest-key", "the manifest has a key that nothing reads")
WRONG_MANIFEST_TYPE = Code("PY403", "wrong-manifest-type", "a manifest value has the wrong type")
INVALID_MANIFEST_VALUE = Code(
    "PY404", "invalid-manifest-value", "a manifest value is not one of those allowed"
)
CONFLICTING_MANIFEST_KEYS = Code("PY405", "conflicting-manifest-keys", "two manifest keys exclude each other")
MISSING_MANIFEST_KEY = Code("PY406", "missing-manifest-key", "the manifest lacks a key that is required")
DUPLICATE_DEPENDENCY = Code("PY407", "duplicate-dependency", "the manifest names one distribution twice")
MANIFEST_CONFLICT = Code("PY408", "manifest-conflict", "an import and the manifest ask for different things")

INTERNAL = Code("PY600", "internal-error", "the compiler broke one of its own invariants")
