"""`make audit-reference`: our verdicts on the wheels of the reference, and what they cost beside auditwheel.

Every wheel is fetched once into the cache. auditwheel, in an environment of its own, judges those that it
can, in the same run; seconds are those of the CPU.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from reference_wheels import Reference, fetch, read_references

from mochic_py.compiler.audit.wheel_audit import audit_wheel
from mochic_py.compiler.host import Host
from mochic_py.ir.audit import WheelAudit

AUDITWHEEL = "auditwheel==6.8.2"
JUDGE = """
import sys
from pathlib import Path
from auditwheel.wheel_abi import analyze_wheel_abi
path = Path(sys.argv[1])
found = analyze_wheel_abi(None, None, path, frozenset(), disable_isa_ext_check=False, allow_graft=False)
print(found.overall_policy.name)
"""


def main() -> int:
    """Audit all wheels; return 1 where a verdict is not that of the reference."""
    host = Host()
    wrong, ours, theirs = 0, 0.0, 0.0
    gil = Counter[str]()
    with tempfile.TemporaryDirectory() as place:
        python = install_auditwheel(Path(place))
        for reference in read_references():
            path = fetch(reference, host)
            started = time.process_time()
            audit = audit_wheel(path, host, reference.wheel)
            spent = time.process_time() - started
            differences = list(compare(reference, audit))
            wrong += bool(differences)
            gil.update(verdict.value for verdict in audit.modules.values())
            other = judge(python, path, reference, Path(place)) if reference.facts.get("auditwheel") else None
            if other is not None:
                ours, theirs = ours + spent, theirs + other
            shown = f"{other:6.2f} s" if other is not None else "       "
            print(
                f"{spent:6.2f} s {shown}  {'; '.join(differences) or 'equal'}  {reference.wheel}", flush=True
            )
    unknown = gil["unknown"] / max(1, gil.total())
    print(
        f"\n{wrong} wheels differ; auditwheel {theirs:.1f} s, ours {ours:.1f} s on the same wheels: "
        f"{theirs / ours:.1f} times faster"
    )
    print(f"GIL: {dict(sorted(gil.items()))}, {unknown:.1%} unknown")
    return 1 if wrong else 0


def compare(reference: Reference, audit: WheelAudit) -> list[str]:
    """Return what differs from the reference."""
    facts = reference.facts
    found = [each.message for each in audit.problems if each.code.code != "PY577"]
    tag = facts.get("auditwheel")
    if tag and audit.platform.qualifies != tag:
        found.append(f"platform {audit.platform.qualifies}, auditwheel {tag}")
    if "abi3" in facts and audit.abi3.ok is not facts["abi3"]:
        found.append(f"stable ABI {audit.abi3.ok}, abi3audit {facts['abi3']}")
    return found


def install_auditwheel(place: Path) -> Path:
    """Return the Python of an environment that has auditwheel."""
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", place / "venv"], check=True)
    python = next(path for path in (place / "venv").glob("*/python*") if path.stem == "python")
    subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, AUDITWHEEL], check=True)
    return python


def judge(python: Path, path: Path, reference: Reference, place: Path) -> float | None:
    """Return the CPU seconds of auditwheel beyond those of its start, None where it fails."""
    named = place / reference.wheel
    named.symlink_to(path)
    code = "import resource\n" + JUDGE.replace("found =", "before = resource.getrusage(0).ru_utime\nfound =")
    code += "print(resource.getrusage(0).ru_utime - before)"
    done = subprocess.run([python, "-c", code, named], capture_output=True, text=True)
    named.unlink()
    return float(done.stdout.split()[-1]) if done.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(main())
