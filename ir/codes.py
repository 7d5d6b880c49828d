"""Every diagnostic code of the program, once.

PY1 programs and import specs · PY2 stubs · PY3 types · PY4 manifest, resolution, lock,
cache · PY5 wheels · PY6 emission and command line. A code is never reused. Each has a
page `golden/diagnostics/PYnnn.md`, which is also its test.
"""

from __future__ import annotations

from .diagnostics import Code

INTERNAL = Code("PY600", "internal-error", "the compiler broke one of its own invariants")
