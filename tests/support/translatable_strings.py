"""Finds every sentence that is to be translated, without gettext's own tools.

Those of pages, e-mails and the admin are marked. Those of API errors are plain texts in the code
that raises them, so every literal that reads as a sentence counts there, except documentation.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = {"_", "gettext", "gettext_lazy", "ngettext", "gettext_noop", "translatable"}
CODE_FOLDERS = ("aggios", "audit", "operations", "pages", "staff", "tenants", "accounts/email")

ERROR_FOLDERS = ("core", "accounts", "tenants", "files", "idempotency", "staff")
# For operators and in OpenAPI, in English only.
ENGLISH_ONLY = re.compile(
    "management|migrations|admin_config|tenants/fleet|tenants/schemas|files/reconciliation|"
    "files/storage_doctor|core/observability|core/termination|core/api/openapi|core/text/sizes|"
    "tenants/lookup"
)
DOCUMENTATION = {"help_text", "description", "how"}
DOCUMENTING_CALLS = {"search_parameter", "SearchParameter"}
# Constants with documentation of OpenAPI.
DOCUMENTATION_NAMES = re.compile("_HELP$|^how$|_DESCRIPTION$")
DESCRIPTIONS = {
    "A ZIP of the current contents, stored without compression.",
    "A staff token: `ags_…`.",
    "All objects together, in bytes.",
    "From `next` and `previous`.",
    "How many objects: every version is one.",
    "The largest file, in bytes; never more than the platform takes.",
    "The rows.",
    "With `Accept: application/json`.",
}
LOG_METHODS = {"debug", "info", "warning", "error", "exception"}
SENTENCE = re.compile(r"[A-Z%].* .*\.", re.DOTALL)


def translatable_strings() -> set[str]:
    """Return the sentences of our templates and of the code behind the pages and the admin."""
    found = set()
    templates = ROOT / "templates"
    for template in (*templates.rglob("*.html"), *templates.rglob("mail/*.txt")):
        found.update(_calls(_as_code(template.read_text(encoding="utf-8"))))
    for folder in CODE_FOLDERS:
        for module in (ROOT / folder).rglob("*.py"):
            found.update(_calls(module.read_text(encoding="utf-8")))
    return found


def _as_code(template: str) -> str:
    """Return the translation calls of a template, one a line (templatize blanks out the rest)."""
    text = templatize(template)
    starts = [i for name in (" _(", " gettext(", " ngettext(") for i in _all(text, name)]
    return "\n".join(_call_at(text, start + 1) for start in sorted(starts))


def _all(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _call_at(text: str, start: int) -> str:
    """Return the shortest piece from ``start`` that is a whole expression."""
    end = start
    while (end := text.find(")", end) + 1) > 0:
        try:
            ast.parse(text[start:end], mode="eval")
        except SyntaxError:
            continue
        return text[start:end]
    raise AssertionError(f"no whole call at: {text[start : start + 60]!r}")


def _calls(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") in FUNCTIONS):
            continue
        for argument in node.args:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value


def error_sentences() -> set[str]:
    """Return the sentences that API errors may have as title or detail."""
    return {text for text in _error_literals() if isinstance(text, str)} - DESCRIPTIONS


def composed_error_sentences() -> list[str]:
    """Return the error sentences that are f-strings, which no catalogue can hold."""
    return [str(found[0]) for found in _error_literals() if isinstance(found, tuple)]


def _error_literals() -> Iterator[str | tuple[str]]:
    """Yield sentences, and those that are f-strings as tuples."""
    problems = _problem_classes()
    for folder in ERROR_FOLDERS:
        for module in sorted((ROOT / folder).rglob("*.py")):
            if not ENGLISH_ONLY.search(str(module.relative_to(ROOT))):
                yield from _sentences(ast.parse(module.read_text(encoding="utf-8")), problems)


def _problem_classes() -> set[str]:
    from core.problems import catalogue

    return {problem.__name__ for problem in catalogue().values()} | {"ValidationError"}


def _sentences(node: ast.AST, problems: set[str]) -> Iterator[str | tuple[str]]:
    if _is_documentation(node) or _is_for_operators(node, problems):
        return
    if isinstance(node, ast.JoinedStr):
        text = "".join(
            str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values
        )
        if SENTENCE.fullmatch(text):
            yield (text,)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and SENTENCE.fullmatch(node.value):
            yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _sentences(child, problems)


def _is_documentation(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)  # a docstring
    if isinstance(node, ast.keyword):
        return node.arg in DOCUMENTATION
    if isinstance(node, ast.Assign):
        names = [getattr(target, "id", "") for target in node.targets]
        return any(DOCUMENTATION_NAMES.search(name) for name in names)
    return isinstance(node, ast.Call) and _name(node) in DOCUMENTING_CALLS


def _is_for_operators(node: ast.AST, problems: set[str]) -> bool:
    """Tell whether the node is a log call, or raises an error that no client sees."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return _name(node.exc) not in problems
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") in LOG_METHODS


def _name(call: ast.Call) -> str:
    return str(getattr(call.func, "id", getattr(call.func, "attr", "")))
