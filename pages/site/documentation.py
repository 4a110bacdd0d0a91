"""The documentation: its start page with the search, and one page for each document."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.problems import NotFound
from pages.base import page
from pages.site.document_search import MAX_QUERY_LENGTH, search_documents
from pages.site.documents import Source, all_sources, find_document

GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_("First steps"), ("quickstart", "api", "errors")),
    (_("Operators"), ("deployment", "operations", "benchmarks")),
    (_("Security"), ("security",)),
    (_("Contributors"), ("architecture", "glossary", "testing", "design-system")),
)
DECISIONS = "decisions/"
TOC_LEVELS = (2, 3)


@page()
def documentation(request: HttpRequest) -> HttpResponse:
    """Show the list of pages, or the results of ``?q=``."""
    language = get_language() or "en"
    query = request.GET.get("q", "").strip()[:MAX_QUERY_LENGTH]
    context: dict[str, Any] = {"section": "docs", "query": query, "groups": grouped(language)}
    if query:
        context["results"] = search_documents(query, language)
    return render(request, "site/documentation.html", context)


@page()
def document(request: HttpRequest, name: str) -> HttpResponse:
    """Show a page of the documentation. Raises: NotFound for an unknown name."""
    language = get_language() or "en"
    found = find_document(name, language)
    if found is None:
        raise NotFound("There is no such page.")
    contents = [one for one in found.sections if one.level in TOC_LEVELS and one.anchor]
    context = {
        "section": "docs",
        "document": found,
        "contents": contents,
        "groups": grouped(language),
        "translated": found.language == language,
    }
    return render(request, "site/document.html", context)


def grouped(language: str) -> list[tuple[Any, list[Source]]]:
    """Return the pages by subject; pages without a group come before the decisions."""
    documents = {one.name: one for one in all_sources(language)}
    groups = [
        (title, [documents.pop(name) for name in names if name in documents])
        for title, names in GROUPS
    ]
    decisions = [documents.pop(name) for name in sorted(documents) if name.startswith(DECISIONS)]
    others = [one for one in documents.values() if not one.name.endswith(".py")]
    return [*groups, (_("More"), others), (_("Decisions"), decisions)]
