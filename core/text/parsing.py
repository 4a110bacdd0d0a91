"""Strict parsers for numbers, times, ids and media types from clients.

Python's own parsers accept more than the standards: ``int`` accepts ``1_0`` and digits of every
script, and ``fromisoformat`` accepts dates, weeks and times without an offset.
"""

import argparse
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
MAX_INTEGER_LENGTH = 20
# RFC 3339 section 5.6, date-time. "T" and "Z" may be in lower case (section 5.6, note).
TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,30}))?([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
MAX_TIMESTAMP_LENGTH = 60
LEAP_SECOND = "60"  # Python has none; it is parsed as the moment after the 59th second.
INTEGER_RULE = "Give a whole number in the digits 0 to 9."
TIMESTAMP_RULE = "Give a time with its offset from UTC (RFC 3339), such as 2026-11-22T03:04:05Z."
# RFC 9110 sections 5.6.2, 5.6.4, 5.6.6 and 8.3.1, in ASCII. All quantifiers are possessive: white
# space between two semicolons matches at the end of one parameter and at the beginning of the next,
# and backtracking over n of them takes 2^n steps.
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"  # noqa: S105 - the grammar's word
QUOTED = r'"(?:[\t !#-\[\]-~]|\\[\t -~])*+"'
PARAMETER = rf"[ \t]*+;[ \t]*+(?:{TOKEN}=(?:{TOKEN}|{QUOTED}))?+"
MEDIA_TYPE = re.compile(rf"{TOKEN}/{TOKEN}(?:{PARAMETER})*+")
MAX_MEDIA_TYPE_LENGTH = 255
MEDIA_TYPE_RULE = "Give a media type (RFC 9110, section 8.3.1), such as text/plain."


def parse_integer(text: str) -> int:
    """Return the decimal integer of ``text``, of at most 19 digits. Raises: ValueError.

    The grammar is JSON's (RFC 8259 section 6, ``int``): ASCII digits without leading zeros.
    """
    if len(text) > MAX_INTEGER_LENGTH or not INTEGER.fullmatch(text):
        raise ValueError(INTEGER_RULE)
    return int(text)


def parse_timestamp(text: str) -> datetime:
    """Return the time of an RFC 3339 date-time, in UTC. Raises: ValueError.

    Fractions beyond a microsecond are cut off.
    """
    found = TIMESTAMP.fullmatch(text) if len(text) <= MAX_TIMESTAMP_LENGTH else None
    if found is None:
        raise ValueError(TIMESTAMP_RULE)
    date, minute, second, fraction, offset = found.groups()
    leaps = second == LEAP_SECOND
    micros = f"{(fraction or '')[:6]:0<6}"
    zone = "+00:00" if offset in "Zz" else offset
    try:
        moment = datetime.fromisoformat(
            f"{date}T{minute}:{'59' if leaps else second}.{micros}{zone}"
        )
        return moment.astimezone(UTC) + timedelta(seconds=int(leaps))
    except (OverflowError, ValueError) as exc:
        raise ValueError(TIMESTAMP_RULE) from exc


def parse_uuid(text: str) -> UUID | None:
    """Return the UUID that ``text`` holds in any common form; None if it holds none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def is_media_type(text: str) -> bool:
    """Tell whether ``text`` is a media type (RFC 9110 section 8.3.1) of at most 255 characters."""
    return len(text) <= MAX_MEDIA_TYPE_LENGTH and MEDIA_TYPE.fullmatch(text) is not None


def integer_argument(least: int = 0, most: int = 10**9) -> Callable[[str], int]:
    """Return an argparse type for whole numbers from ``least`` to ``most``."""

    def number(text: str) -> int:
        try:
            value = parse_integer(text)
        except ValueError as exc:
            raise argparse.ArgumentTypeError(str(exc)) from exc
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{value} is not between {least} and {most}")
        return value

    return number
