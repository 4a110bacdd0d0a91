"""Finds every sentence that is marked for translation, without gettext's own tools."""

import ast
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = {"_", "gettext", "gettext_lazy", "ngettext", "gettext_noop"}
CODE_FOLDERS = ("aggios", "operations", "pages", "staff", "accounts/email")


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
