"""The secrets that are not in the database, by version: ``PASSWORD_PEPPERS``."""

from functools import cache


@cache
def parse_peppers(text: str) -> dict[str, bytes]:
    """Return the peppers of ``PASSWORD_PEPPERS`` by version; the first is the current one."""
    pairs = (item.strip().partition(":") for item in text.split(",") if item.strip())
    return {version: secret.encode() for version, _, secret in pairs}
