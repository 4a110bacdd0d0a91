"""Finds the words that docs/glossary.md retires in names, comments, docstrings and pages.

python tests/structure/retired_words.py FILE …  prints where they are
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
# They quote bad examples, or tell what was.
EXEMPT = {"docs/glossary.md", "STYLE.md", "CHANGELOG.md"}
ROW = re.compile(r"^\| (?P<term>[^|]+) \| (?P<meaning>[^|]+) \| (?P<retired>[^|]*?) ?\|$", re.M)
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
CODE = re.compile(r"```.*?```|``[^`]+``|`[^`\n]+`|https?://\S+|\]\([^)]*\)", re.S)
# Where a retired word means what a dictionary says first.
PHRASES = re.compile(
    r"third[- ]part(?:y|ies)|(?:lower|upper)[- ]case letters?|(?:capital|ASCII|Latin|base) letters?"
    r"|letters? (?:and|or) digits?|letters?, digits?|letters? of (?:the|an) alphabet"
    r"|landing page|(?:\d+|nine) (?:more )?rounds|\bcolou?r-blind|operating[- ]room",
    re.I,
)
# Words with a standard meaning in one folder, such as the repetitions of a benchmark.
STANDARD = {"bench": {"rounds"}}
# What is public in the database: changing it would need a migration.
PUBLIC_FILES = ("*/migrations/*.py",)


@cache
def retired() -> frozenset[str]:
    """Return the words of the glossary's last column."""
    rows = list(ROW.finditer(GLOSSARY.read_text(encoding="utf-8")))[2:]
    return frozenset(
        word.strip() for row in rows for word in row["retired"].split(",") if word.strip()
    )


@cache
def public_names() -> frozenset[str]:
    """Return names of models, fields, constraints and settings, which users of ours rely on."""
    found = {"Letter", "letter", "letters"}
    for pattern in PUBLIC_FILES:
        for path in ROOT.glob(pattern):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    return frozenset(found | set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", example, re.M)))


def tracked() -> list[str]:
    """Return the files that are checked."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py", "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [
        name
        for name in listed.split("\0")
        if name
        and "/migrations/" not in name
        and name not in EXEMPT
        and not name.endswith(".pt-BR.md")
        and (ROOT / name).is_file()
    ]


def hits(name: str) -> list[str]:
    """Return each retired word of a file with its line."""
    text = (ROOT / name).read_text(encoding="utf-8")
    found = {(0, word) for word in _words_of_path(name)}
    if any(_retired_in(text)):  # seldom; parsing every file takes seconds
        is_page = name.endswith(".md")
        found |= set(_in_text(text, 1)) if is_page else set(_in_source(text))
    standard = STANDARD.get(name.partition("/")[0], set())
    return [f"{name}:{line}: {word}" for line, word in sorted(found) if word not in standard]


def _in_source(text: str) -> Iterator[tuple[int, str]]:
    yield from _in_names(ast.parse(text))
    yield from _in_prose(text)


def _words_of_path(name: str) -> Iterator[str]:
    if "/management/commands/" not in name:
        yield from _retired_in(Path(name).stem)


def _retired_in(text: str) -> Iterator[str]:
    for word in WORD.findall(text):
        if word.lower() in retired():
            yield word.lower()


def _in_text(text: str, first_line: int) -> Iterator[tuple[int, str]]:
    blank = CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
    blank = PHRASES.sub(lambda phrase: " " * len(phrase[0]), blank)
    for number, line in enumerate(blank.splitlines(), first_line):
        for word in _retired_in(line):
            yield number, word


def _in_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        for name in _defined_by(node):
            if name not in public_names():
                yield from ((node.lineno, word) for word in _retired_in(name))  # type: ignore[attr-defined]


def _defined_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.attr


def _in_prose(text: str) -> Iterator[tuple[int, str]]:
    """Look through comments and docstrings. Other strings can be public or be shown to users."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield from _in_text(token.string, token.start[0])
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if ast.get_docstring(node) is not None:
            string = node.body[0].value  # type: ignore[attr-defined]
            yield from _in_text(string.value, string.lineno)


if __name__ == "__main__":
    sys.stdout.writelines(f"{hit}\n" for name in sys.argv[1:] for hit in hits(name))
