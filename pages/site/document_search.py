"""Search over the headings and texts of the documentation.

Every word of the query must occur in a section or its title. Case and accents are ignored. The
pages are some hundred kilobytes, so each search reads all of them; the first one of a process in a
language renders them (bench/pages).
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from core.text.normalization import normalize_bounded
from pages.site.documents import Document, Section, all_documents

MAX_QUERY_LENGTH = 100
MAX_RESULTS = 30
EXCERPT_LENGTH = 220
BEFORE_MATCH = 70
TITLE_WEIGHT, HEADING_WEIGHT, MAX_TEXT_WEIGHT = 12, 8, 5


@dataclass(frozen=True, slots=True)
class Result:
    """A section that matches."""

    document: Document
    section: Section
    excerpt: list[tuple[str, bool]]
    """Pieces of text, and whether each is a word of the query."""


def search_documents(query: str, language: str) -> list[Result]:
    """Return the sections that hold every word of the query, the best first."""
    words = [fold(word) for word in query[:MAX_QUERY_LENGTH].split()]
    if not words:
        return []
    scored = [
        (_score(words, document, section), document, section)
        for document in all_documents(language)
        for section in document.sections
    ]
    # A stable sort: sections of equal weight keep the order of the pages.
    best = sorted((one for one in scored if one[0]), key=lambda one: -one[0])[:MAX_RESULTS]
    return [Result(document, section, _excerpt(section, words)) for _, document, section in best]


def fold(text: str) -> str:
    """Return a text without case and accents, with the same number of characters."""
    return "".join(_fold_character(character) for character in text)


@cache
def _folded(text: str) -> str:
    """Return a text of the documentation folded; the query is not cached."""
    return fold(text)


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    base = normalize_bounded(character, "NFD", max_raw_length=1)[0].casefold()
    return base if len(base) == 1 else character


def _score(words: list[str], document: Document, section: Section) -> int:
    title, heading, text = map(_folded, (document.title, section.title, section.text))
    total = 0
    for word in words:
        weight = min(text.count(word), MAX_TEXT_WEIGHT)
        weight += HEADING_WEIGHT * (word in heading)
        if not weight:
            return 0
        total += weight + (TITLE_WEIGHT * (word in title) if section.level == 1 else 0)
    return total


def _excerpt(section: Section, words: list[str]) -> list[tuple[str, bool]]:
    folded = _folded(section.text)
    found = [at for at in (folded.find(word) for word in words) if at >= 0]
    start = max(min(found, default=0) - BEFORE_MATCH, 0)
    start = section.text.find(" ", start) + 1 if start else 0  # whole words
    text = section.text[start : start + EXCERPT_LENGTH]
    pieces: list[tuple[str, bool]] = [("… ", False)] if start else []
    last = 0
    for match in re.finditer("|".join(map(re.escape, words)), fold(text)):
        pieces += [(text[last : match.start()], False), (text[match.start() : match.end()], True)]
        last = match.end()
    return [
        *pieces,
        (text[last:], False),
        *([(" …", False)] if start + len(text) < len(folded) else []),
    ]
