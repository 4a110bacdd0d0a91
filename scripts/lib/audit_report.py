"""Read pip-audit's report: ``audit_report.py PACKAGES REPORT``.

PACKAGES has a ``name==version`` in each line. Each of them must be in the report: pip-audit counts
a package that it could not look up as one without advisories.

Exit status: 0 no advisory, 1 at least one, 75 (EX_TEMPFAIL) a package was not looked up.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

ADVISORIES, NOT_AUDITED = 1, 75


def canonical(name: str) -> str:
    """Return the normalised name of a package (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()


def looked_up(report: str) -> dict[str, list[dict[str, Any]]] | None:
    """Return the advisories by package, without skipped packages; None if the report is invalid."""
    try:
        found = json.loads(report)["dependencies"]
        return {canonical(one["name"]): one["vulns"] for one in found if "vulns" in one}
    except (ValueError, KeyError, TypeError):
        return None


def main(packages: Path, report: Path) -> int:
    """Print the advisories and return the exit status."""
    locked = dict(line.split("==") for line in packages.read_text("utf-8").split())
    found = looked_up(report.read_text("utf-8"))
    if found is None:
        return NOT_AUDITED
    for name, version in locked.items():
        for advisory in found.get(canonical(name), []):
            names = ", ".join([advisory["id"], *advisory.get("aliases", [])])
            fixed = ", ".join(advisory.get("fix_versions", [])) or "no version"
            sys.stdout.write(f"{name} {version}: {names}; fixed in {fixed}\n")
    missing = sorted(name for name in locked if canonical(name) not in found)
    if any(found.values()):
        return ADVISORIES
    if missing or not locked:
        sys.stderr.write(f"{len(missing)} of {len(locked)} packages were not looked up.\n")
        return NOT_AUDITED
    sys.stdout.write(f"{len(locked)} looked up: no advisory.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
