"""The pages of ``docs/``: which there are, and their Markdown as HTML.

A page is looked up by name among the files that exist, so a path in a URL never reaches the file
system. Raw HTML in Markdown is shown as text.
"""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

TRANSLATED_SUFFIXES = {"pt-br": ".pt-BR.md"}
EXAMPLE_SUFFIX = ".py"
HIGHEST_ANCHOR_LEVEL = 4


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text below it, for the table of contents and the search."""

    level: int
    title: str
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """The file of a page, and the language of its text."""

    name: str
    language: str
    file_name: str

    @property
    def title(self) -> str:
        """The heading at the start of the file; the rest of it is not rendered."""
        return _title(self)


@dataclass(frozen=True, slots=True)
class Document:
    """A page of the documentation in one language."""

    name: str
    language: str
    title: str
    html: str
    sections: tuple[Section, ...]


@cache
def document_names() -> tuple[str, ...]:
    """Return the names of all pages, such as ``api`` and ``decisions/0008-mail``."""
    root = settings.DOCS_DIR
    pages = [path for path in root.rglob("*.md") if not _is_translation(path)]
    names = [path.relative_to(root).with_suffix("").as_posix() for path in pages]
    examples = [path.relative_to(root).as_posix() for path in root.rglob(f"*{EXAMPLE_SUFFIX}")]
    return tuple(sorted([*names, *examples]))


def find_source(name: str, language: str) -> Source | None:
    """Return the file of a page in a language, or in English; None for an unknown name."""
    if name not in document_names():
        return None
    suffix = TRANSLATED_SUFFIXES.get(language, "")
    if suffix and Path(settings.DOCS_DIR, f"{name}{suffix}").is_file():
        return Source(name, language, f"{name}{suffix}")
    return Source(name, "en", name if name.endswith(EXAMPLE_SUFFIX) else f"{name}.md")


def find_document(name: str, language: str) -> Document | None:
    """Return a page in a language, or in English; None for an unknown name."""
    source = find_source(name, language)
    return _render(source) if source else None


def all_sources(language: str) -> list[Source]:
    """Return the file of every page, in a language where there is a translation."""
    found = (find_source(name, language) for name in document_names())
    return [source for source in found if source is not None]


def all_documents(language: str) -> list[Document]:
    """Return every page, in a language where there is a translation."""
    return [_render(source) for source in all_sources(language)]


@cache
def _title(source: Source) -> str:
    if source.name.endswith(EXAMPLE_SUFFIX):
        return posixpath.basename(source.name)
    with Path(settings.DOCS_DIR, source.file_name).open(encoding="utf-8") as file:
        sections = _sections(_parser().parse(file.readline()))
    return sections[0].title if sections else source.name


@cache
def _render(source: Source) -> Document:
    text = Path(settings.DOCS_DIR, source.file_name).read_text(encoding="utf-8")
    if source.name.endswith(EXAMPLE_SUFFIX):
        text = f"# {source.title}\n\n~~~~~~python\n{text}\n~~~~~~\n"
    parser = _parser()
    tokens = parser.parse(text)
    for token in _inline_tokens(tokens):
        _rewrite_link(token, source.name)
    for token in tokens:
        # The policy of pages allows no style attributes; only numbers have an alignment.
        if token.attrs.pop("style", None):
            token.attrs["class"] = "number"
    html = str(parser.renderer.render(tokens, parser.options, {}))
    return Document(source.name, source.language, source.title, html, _sections(tokens))


@cache
def _parser() -> "MarkdownIt":
    # Only the documentation needs them; importing them would delay every command.
    from markdown_it import MarkdownIt  # noqa: PLC0415
    from mdit_py_plugins.anchors import anchors_plugin  # noqa: PLC0415

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.use(anchors_plugin, max_level=HIGHEST_ANCHOR_LEVEL)
    # A wide table scrolls in its frame.
    parser.add_render_rule("table_open", _open_table)
    parser.add_render_rule("table_close", _close_table)
    parser.add_render_rule("fence", _render_fence)
    # The site serves no files of docs/.
    parser.add_render_rule("image", lambda *_: "")
    return parser


def _open_table(renderer: Any, tokens: "Sequence[Token]", index: int, *_: Any) -> str:
    return '<div class="table-frame" tabindex="0"><table class="table">\n'


def _close_table(renderer: Any, tokens: "Sequence[Token]", index: int, *_: Any) -> str:
    return "</table></div>\n"


def _render_fence(renderer: Any, tokens: "Sequence[Token]", index: int, *rest: Any) -> str:
    """Render a block of code that can be scrolled with the keyboard (WCAG 2.1.1)."""
    html = str(renderer.fence(tokens, index, *rest))
    return html.replace("<pre>", '<pre tabindex="0">', 1)


def _inline_tokens(tokens: "list[Token]") -> "list[Token]":
    return [child for token in tokens for child in token.children or []]


def _rewrite_link(token: "Token", name: str) -> None:
    """Point a relative link at the page of the site; a link out of ``docs/`` becomes text."""
    if token.type != "link_open":
        return
    target = urlsplit(str(token.attrs.get("href", "")))
    if target.scheme or target.netloc:
        token.attrs["rel"] = "noopener"
        return
    if not target.path:
        return
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target.path))
    page = path.removesuffix(".md").removesuffix(".pt-BR")
    if page not in document_names():
        token.attrs.pop("href")  # a file of the source: an anchor without a target is text
        return
    fragment = f"#{target.fragment}" if target.fragment else ""
    token.attrs["href"] = reverse("site-document", args=[page]) + fragment


def _sections(tokens: "list[Token]") -> tuple[Section, ...]:
    found: list[Section] = []
    parts: list[str] = []
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            _close_section(found, parts)
            title = _plain_text(tokens[index + 1])
            anchor = str(token.attrs.get("id", ""))
            found.append(Section(int(token.tag[1:]), title, anchor, ""))
        elif token.type == "inline" and tokens[index - 1].type != "heading_open":
            parts.append(_plain_text(token))
        elif token.type == "fence":
            parts.append(token.content)
    _close_section(found, parts)
    return tuple(found)


def _close_section(found: list[Section], parts: list[str]) -> None:
    """Give the last section the text that was collected since its heading."""
    if found:
        last = found[-1]
        text = " ".join(" ".join(parts).split())
        found[-1] = Section(last.level, last.title, last.anchor, text)
    parts.clear()


def _plain_text(token: "Token") -> str:
    return "".join(
        " " if child.type == "softbreak" else child.content for child in token.children or []
    )


def _is_translation(path: Path) -> bool:
    return any(path.name.endswith(suffix) for suffix in TRANSLATED_SUFFIXES.values())
