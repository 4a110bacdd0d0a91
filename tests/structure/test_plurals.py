"""Commands say "1 tenant" and "2 tenants": no line has a number before a fixed plural."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("aggios", "accounts", "files", "operations", "staff", "tenants")
# A number that is put into a text, right before a word that ends as a plural does.
FIXED_PLURAL = re.compile(
    r"\{(?:[a-z_.]*(?:count|total|number|removed|failed|left)|len\([^{}]*\))\} [a-z]+s\b(?<!ss)"
)
VERBS = ("holds", "is", "was")


def test_no_command_puts_a_number_before_a_fixed_plural():
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("management/**/*.py")
        for match in FIXED_PLURAL.finditer(path.read_text(encoding="utf-8"))
        if match[0].rpartition(" ")[2] not in VERBS
    }

    assert found == set()
