"""Pages in Portuguese have the commands, the links and the sections of the English ones."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```.*?^```$", re.M | re.S)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")
TRANSLATED = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*.pt-BR.md")) + sorted(
    str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.pt-BR.md")
)


def english(name: str) -> str:
    return name.replace(".pt-BR.md", ".md")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def targets(name: str) -> list[str]:
    """Return where the links of a page lead, without the one to its other language."""
    found = [target for target in LINK.findall(read(name)) if target.startswith(("docs/", "api"))]
    return [target.replace(".pt-BR.md", ".md") for target in found]


def test_readme_and_quickstart_are_translated():
    assert TRANSLATED == ["README.pt-BR.md", "docs/quickstart.pt-BR.md"]


@pytest.mark.parametrize("name", TRANSLATED)
def test_translated_page_has_the_same_commands(name: str):
    assert BLOCK.findall(read(name)) == BLOCK.findall(read(english(name)))


@pytest.mark.parametrize("name", TRANSLATED)
def test_translated_page_has_the_same_links_and_sections(name: str):
    assert targets(name) == targets(english(name))
    assert re.findall(r"^#+ ", read(name), re.M) == re.findall(r"^#+ ", read(english(name)), re.M)


@pytest.mark.parametrize("name", TRANSLATED)
def test_languages_link_to_each_other(name: str):
    assert f"]({Path(english(name)).name})" in read(name)
    assert f"]({Path(name).name})" in read(english(name))


@pytest.mark.parametrize("name", [*TRANSLATED, *(english(name) for name in TRANSLATED)])
def test_links_lead_to_files(name: str):
    missing = [target for target in LINK.findall(read(name)) if not _target(name, target).exists()]

    assert missing == []


def _target(name: str, link: str) -> Path:
    return (ROOT / name).parent / link
