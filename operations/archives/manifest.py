"""What an archive says of itself. It is read with suspicion: anybody may have written it."""

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from operations.archives.file_format import FORMAT, VERSION
from operations.errors import Damaged, Unfit
from tenants.schemas.schema_state import Step

SHA256 = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# Nothing that a client chose, and nothing that leads out of a prefix. What has landed and was not
# looked at yet (files/uploads/landing.py) belongs to no version and so into no archive.
OBJECT = re.compile(r"files/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class TablePart:
    """A table's text in the archive."""

    name: str
    columns: list[str]
    rows: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ListPart:
    """The list of objects: how many it names, and the list's own size and SHA-256."""

    count: int
    bytes: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The tenant that the archive was made of; no secret is among it."""

    id: str
    name: str
    slug: str
    registration: str
    schema: str
    object_prefix: str
    key_version: int
    created_at: str


@dataclass(frozen=True, slots=True)
class Missing:
    """An object that the store did not have as the rows describe it, and what was found."""

    name: str
    reason: str


@dataclass(slots=True)
class Manifest:
    """Everything about an archive but the data."""

    tenant: Facts
    aggios: str
    created_at: str
    migrations: list[Step]
    migrations_digest: str
    sequences: dict[str, tuple[int, bool]]
    tables: list[TablePart]
    objects: ListPart
    missing: list[Missing] = field(default_factory=list)

    def encoded(self) -> bytes:
        """Return the text that is signed and stored."""
        document = {"format": FORMAT, "version": VERSION, **asdict(self)}
        return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def decoded(text: bytes) -> Manifest:
    """Return what a manifest says. Raises Unfit for another version and Damaged for nonsense."""
    try:
        found = json.loads(text)
        if (found["format"], found["version"]) != (FORMAT, VERSION):
            raise Unfit(f"This is version {found['version']!r} of the format; {VERSION} is read.")
        return _manifest(found)
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise Damaged(f"The manifest cannot be read ({type(exc).__name__}: {exc}).") from exc


def _manifest(found: dict[str, Any]) -> Manifest:
    return Manifest(
        tenant=_facts(found["tenant"]),
        aggios=_text(found["aggios"]),
        created_at=_text(found["created_at"]),
        migrations=[(_text(app), _text(name)) for app, name in found["migrations"]],
        migrations_digest=_fits(SHA256, found["migrations_digest"]),
        sequences={
            _fits(NAME, name): (_whole(value[0]), bool(value[1]))
            for name, value in found["sequences"].items()
        },
        tables=[_table(part) for part in found["tables"]],
        objects=_list(found["objects"]),
        missing=[Missing(_fits(OBJECT, m["name"]), _text(m["reason"])) for m in found["missing"]],
    )


def _facts(found: dict[str, Any]) -> Facts:
    texts = ("id", "name", "slug", "registration", "schema", "object_prefix")
    values = {name: _text(found[name]) for name in texts}
    return Facts(
        **values,
        key_version=_whole(found["key_version"]),
        created_at=_text(found["created_at"]),
    )


def _table(found: dict[str, Any]) -> TablePart:
    return TablePart(
        name=_fits(NAME, found["name"]),
        columns=[_fits(NAME, column) for column in found["columns"]],
        rows=_whole(found["rows"]),
        size=_whole(found["size"]),
        sha256=_fits(SHA256, found["sha256"]),
    )


def _list(found: dict[str, Any]) -> ListPart:
    return ListPart(
        count=_whole(found["count"]),
        bytes=_whole(found["bytes"]),
        size=_whole(found["size"]),
        sha256=_fits(SHA256, found["sha256"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 1000 or "\0" in value:
        raise TypeError("a text was expected")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise TypeError("a number was expected")
    return value


def _fits(pattern: re.Pattern[str], value: Any) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"{str(value)[:80]!r} is no name or digest of an archive's")
    return value
