"""Nothing of a merge, a patch or an editor that was cut off is left in a tracked file."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# git's markers: seven of one character at the start of a line, a label or nothing behind them.
MARKERS = re.compile(rb"^(<{7}|>{7}|\|{7}|={7})(?: [^\n]*)?\r?$", re.MULTILINE)
# The underline of a title in reStructuredText looks like the middle one alone.
UNDERLINE = b"=" * 7
NAMES = re.compile(r"(\.(orig|rej|swp|swo|bak)|~)$")


def tracked() -> list[Path]:
    """Return the tracked files. Skips the test where the folder is no checkout."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def markers_in(content: bytes) -> list[str]:
    """Return the lines that are markers of a conflict."""
    if b"\0" in content:
        return []
    found = [match[0] for match in MARKERS.finditer(content)]
    return [] if set(found) <= {UNDERLINE} else [line.decode("utf-8", "replace") for line in found]


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (b"<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> bb23aad (files: Verify)\n", 3),
        (b"a\r\n<<<<<<< HEAD\r\n", 1),
        (b"||||||| merged common ancestors\n", 1),
        (b"Heading\n=======\n", 0),
        (b"text <<<<<<< HEAD\n<<<<<<<<\n", 0),
        (b"\0<<<<<<< HEAD\n", 0),
    ],
)
def test_marker_of_a_conflict_is_recognised(content: bytes, count: int):
    assert len(markers_in(content)) == count


def test_no_tracked_file_holds_a_marker_of_a_conflict():
    found = {
        str(path.relative_to(ROOT)): lines
        for path in tracked()
        if path != Path(__file__) and (lines := markers_in(path.read_bytes()))
    }

    assert found == {}


def test_no_tracked_file_is_a_leftover_of_a_tool():
    assert [str(path.relative_to(ROOT)) for path in tracked() if NAMES.search(path.name)] == []
