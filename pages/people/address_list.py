"""A list of e-mail addresses as it was pasted, or read from a CSV file.

Each line has one address or several. Names and other columns are ignored, and so is a line of
headings. Every line without an address, and every address that cannot be used, is reported.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_noop

from core.problems import ValidationFailed
from core.text.email_addresses import canonical_address

MAX_ADDRESSES = 500
MAX_TEXT_LENGTH = 200_000
MAX_SHOWN_LENGTH = 120
SEPARATORS = re.compile(r"[,;\t]")
HEADINGS = frozenset(
    ("email", "e-mail", "mail", "email address", "e-mail address", "endereço", "endereço de e-mail")
)
# What may surround an address: Name <ada@acme.example>, "ada@acme.example"
WRAPPING = " \"'<>()[]\u00a0\ufeff"
NO_ADDRESS = gettext_noop("There is no e-mail address in this line.")


@dataclass(frozen=True, slots=True)
class ListedAddress:
    """One address of the list: canonical, or with the reason why it cannot be used."""

    line: int
    text: str
    address: str = ""
    error: str = ""
    same_as: int = 0
    """The line that had the address first; 0 if this one is the first."""


def parse_addresses(text: str) -> list[ListedAddress]:
    """Return the addresses of a text in order, at most one more than ``MAX_ADDRESSES``."""
    found: list[ListedAddress] = []
    first_lines: dict[str, int] = {}
    for number, part in _parts(text):
        if len(found) > MAX_ADDRESSES:
            break
        found.append(_read(number, part, first_lines))
    return found


def decode_file(content: bytes) -> str:
    """Return the text of a CSV file: UTF-8, UTF-16 with a mark, or what Excel writes otherwise."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Yield the parts of the lines that have an @, and whole lines without one."""
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip(WRAPPING) for cell in SEPARATORS.split(line)]
        with_at = [cell for cell in cells if "@" in cell]
        if with_at:
            yield from ((number, cell) for cell in with_at)
        elif any(cells) and not (number == 1 and _is_heading(cells)):
            yield number, line.strip()


def _is_heading(cells: list[str]) -> bool:
    return any(cell.lower() in HEADINGS for cell in cells)


def _read(line: int, part: str, first_lines: dict[str, int]) -> ListedAddress:
    shown = part[:MAX_SHOWN_LENGTH]
    if "@" not in part:
        return ListedAddress(line, shown, error=NO_ADDRESS)
    # "Ada Lovelace <ada@acme.example": the end of a name and its address
    text = part.rpartition("<")[2].strip(WRAPPING)
    try:
        address = canonical_address(text)
    except ValidationFailed as exc:
        return ListedAddress(line, shown, error=exc.errors[0].detail)
    first = first_lines.setdefault(address, line)
    return ListedAddress(line, shown, address, same_as=first if first != line else 0)
