"""Run the calls of case files in process and in every host; print one JSON object for each call.

python matrix_outcome.py WORKSPACE HOSTS CASEFILE…
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def main(workspace: str, hosts: str, *cases: str) -> None:
    """Compare each call in each host with the one in process."""
    sys.path[:0] = [workspace, str(Path(__file__).parent)]
    sys.path.append(str(ROOT))
    warnings.simplefilter("ignore")
    from runtime.client import Worker

    report, workers = sys.stdout, {}
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)  # workers inherit the folder, and some calls write files
        try:
            for name, how in json.loads(hosts).items():
                workers[name] = Worker(workspace, **how)
            for case in cases:
                for row in compare(Path(case), workers):
                    print(json.dumps(row), file=report, flush=True)
        finally:
            for worker in workers.values():
                worker.close()


def compare(path: Path, workers: dict[str, object]) -> Sequence[dict[str, object]]:
    """Return a row for each call of a case file that every host can make."""
    import support
    from hosts import Far, outcome
    from outcome import load

    # One server for all: its address is part of what calls give.
    url = support.serve()
    support.serve = lambda: url
    module = load(path)
    kept = getattr(module, "NEAR", frozenset())
    near = importlib.import_module(f"python_wrap.{path.stem}").externs
    far = {name: list(module.calls(Far(worker, path.stem))) for name, worker in workers.items()}
    rows = []
    for index, (name, call, _) in enumerate(module.calls(near)):
        if name in kept:
            continue
        with contextlib.redirect_stdout(sys.stderr):
            wanted = outcome(call)
            found = {host: outcome(calls[index][1]) for host, calls in far.items()}
        different = {
            host: f"gives {got!r}, in process {wanted!r}" for host, got in found.items() if got != wanted
        }
        rows.append({"package": path.stem, "name": name, "different": different})
    return rows


if __name__ == "__main__":
    main(*sys.argv[1:])
