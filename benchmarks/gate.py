"""`make hostile`: what the gate makes of every hostile file of the tests."""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

from hostile import CORPUS

from mochic_py.compiler.gate import check_sdist, check_wheel
from mochic_py.compiler.host import Host
from mochic_py.ir.diagnostics import Severity
from mochic_py.ir.dist import Target


def main() -> int:
    """Print case, verdict and code; fail unless all are as expected."""
    warnings.simplefilter("ignore", UserWarning)  # the corpus writes names twice on purpose
    refused, wrong = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for case in CORPUS:
            path = Path(folder) / case.filename
            path.write_bytes(case.make())
            check = check_wheel if case.filename.endswith(".whl") else check_sdist
            problems = check(path, case.filename, Host(), "demo", "1.0", Target())
            codes = sorted({problem.code.code for problem in problems})
            fails = any(problem.severity is Severity.ERROR for problem in problems)
            verdict = "refused" if fails else "warned" if problems else "let through"
            refused += fails
            wrong += codes != [case.code] or fails == case.warns
            print(f"{case.title:42} {verdict:12} {' '.join(codes)}")
    print(f"{refused} of {len(CORPUS)} refused, {wrong} not as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
