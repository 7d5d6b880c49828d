"""`make call-matrix`: the same calls in process, in workers, and in hosts in C and in Go.

The calls are those of `corpus/` and `matrix/` that need no object of this very process: a case file names the
others in `NEAR`. What a call gives in process is what it has to give everywhere.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from run import HERE, OUT, choose_version, mochic, prepare, read_spec

PACKAGES = (
    *("aiohttp", "attrs", "click", "httpx", "msgpack", "numpy", "orjson", "pillow", "pydantic", "requests"),
    *("rich", "sqlalchemy", "starlette", "tomli", "urllib3", "yaml"),
)
LEAST = 150
"""How many calls there are at least."""
PROCESS = "in process"
ENGINES = ("json", "orjson", "msgspec")


def main(chosen: Sequence[str]) -> int:
    """Run the calls in every host, print the matrix, and return 0 where all agree."""
    files = [HERE / "corpus" / f"{name}.py" for name in chosen or PACKAGES]
    specs = {path.stem: read_spec(path) for path in files}
    workspace = prepare({**specs, "msgspec": "msgspec"}, OUT / "matrix", choose_version())
    hosts = find_hosts()
    files += [path for path in sorted((HERE / "matrix").glob("*.py")) if path.stem in specs]
    python = next(path for path in workspace.glob(".venv/*/python*") if path.stem == "python")
    command = [python, HERE / "matrix_outcome.py", workspace, json.dumps(hosts), *files]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=1800)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    print_matrix(rows, list(hosts))
    differing = [row for row in rows if row["different"]]
    for row in differing:
        for host, problem in row["different"].items():
            print(f"{row['package']}: {row['name']}: {host}: {problem}")
    count = len(rows)
    print(f"{count} calls in {len(hosts) + 1} hosts, {len(differing)} differ")
    return 1 if differing or done.returncode or (count < LEAST and not chosen) else 0


def find_hosts() -> dict[str, dict[str, str]]:
    """Return how to start each host: with a JSON engine, or with a program in place of its Python."""
    from mochic_py.compiler.embedded_host import build_host
    from mochic_py.compiler.host import Host

    hosts = {f"worker, {engine}": {"engine": engine} for engine in ENGINES}
    hosts["C host"] = {"python": str(build_host(Host()))}
    go = build_go_host()
    if go is None:
        print("Go host: skipped, there is no Go toolchain (`python tests/go_toolchain.py install`)")
    else:
        hosts["Go host"] = {"python": str(go)}
    return hosts


def build_go_host() -> Path | None:
    """Return the host program in Go, which serves every workspace, or None without a toolchain."""
    sys.path.insert(0, str(HERE.parent))
    import go_toolchain

    out = OUT / "go"
    mochic("compile", "--package", "tomli", "-o", str(out), "--emit", "wrapper,pyi,shim,symbols,go")
    folder = out / "python_workspace" / "go"
    try:
        done = go_toolchain.run(["build", "-o", "host", "./mochi_host"], folder)
    except go_toolchain.NoGoError as error:
        print(error)
        return None
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return folder / "host"


def print_matrix(rows: Sequence[dict[str, object]], hosts: Sequence[str]) -> None:
    """Print how many calls of each package agree with those in process."""
    packages = list(dict.fromkeys(str(row["package"]) for row in rows))
    print(f"{'':14}" + "".join(f"{host:>17}" for host in (PROCESS, *hosts)))
    for package in packages:
        own = [row for row in rows if row["package"] == package]
        equal = [sum(host not in row["different"] for row in own) for host in hosts]  # type: ignore[operator]
        print(f"{package:14}{len(own):>17}" + "".join(f"{count:>17}" for count in equal))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
