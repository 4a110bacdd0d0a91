"""The manifest: metadata of an archive.

It is validated, because any sender may have written it.
"""

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from operations.archives.file_format import FORMAT, FORMAT_VERSION
from operations.errors import DamagedArchiveError, IncompatibleError
from tenants.schemas.schema_state import MigrationKey

SHA256_PATTERN = re.compile(r"[0-9a-f]{64}")
NAME_PATTERN = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# No part comes from a client, and no path leads out of a prefix. An object in staging
# (files/uploads/objects.py) belongs to no version and so to no archive.
OBJECT_NAME_PATTERN = re.compile(r"(files|logo)/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class TablePart:
    """A table's text in the archive."""

    name: str
    columns: list[str]
    rows: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ObjectListPart:
    """The object list: number and total size of the objects, and its own size and digest."""

    count: int
    bytes: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TenantInfo:
    """The exported tenant, without secrets."""

    id: str
    name: str
    slug: str
    registration: str
    schema: str
    object_prefix: str
    key_version: int
    created_at: str
    language: str = ""
    """The tenant's default, as ``time_zone``. Archives of former versions have neither."""
    time_zone: str = ""
    accent_color: str = ""
    """The colour of the pages, as ``logo``. Archives of former versions have neither."""
    logo: list[str] = field(default_factory=list)
    """The value of the setting (tenants/branding.py); empty without a logo."""


@dataclass(frozen=True, slots=True)
class MissingObject:
    """An object that the store does not have as its row describes it, and the difference."""

    name: str
    reason: str


@dataclass(slots=True)
class Manifest:
    """Metadata of an archive."""

    tenant: TenantInfo
    aggios: str
    created_at: str
    migrations: list[MigrationKey]
    migrations_digest: str
    sequences: dict[str, tuple[int, bool]]
    tables: list[TablePart]
    objects: ObjectListPart
    missing: list[MissingObject] = field(default_factory=list)

    def encoded(self) -> bytes:
        """Return the text that is signed and stored."""
        document = {"format": FORMAT, "version": FORMAT_VERSION, **asdict(self)}
        return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def parse_manifest(text: bytes) -> Manifest:
    """Parse and validate a manifest.

    Raises: IncompatibleError for another version, DamagedArchiveError for invalid content.
    """
    try:
        found = json.loads(text)
        if (found["format"], found["version"]) != (FORMAT, FORMAT_VERSION):
            raise IncompatibleError(
                f"This is version {found['version']!r} of the format; {FORMAT_VERSION} is read."
            )
        return _build_manifest(found)
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise DamagedArchiveError(
            f"The manifest cannot be read ({type(exc).__name__}: {exc})."
        ) from exc


def _build_manifest(found: dict[str, Any]) -> Manifest:
    return Manifest(
        tenant=_parse_tenant(found["tenant"]),
        aggios=_require_text(found["aggios"]),
        created_at=_require_text(found["created_at"]),
        migrations=[(_require_text(app), _require_text(name)) for app, name in found["migrations"]],
        migrations_digest=_require_match(SHA256_PATTERN, found["migrations_digest"]),
        sequences={
            _require_match(NAME_PATTERN, name): (_require_integer(value[0]), bool(value[1]))
            for name, value in found["sequences"].items()
        },
        tables=[_parse_table(part) for part in found["tables"]],
        objects=_parse_object_list(found["objects"]),
        missing=[
            MissingObject(
                _require_match(OBJECT_NAME_PATTERN, m["name"]), _require_text(m["reason"])
            )
            for m in found["missing"]
        ],
    )


def _parse_tenant(found: dict[str, Any]) -> TenantInfo:
    texts = ("id", "name", "slug", "registration", "schema", "object_prefix")
    values = {name: _require_text(found[name]) for name in texts}
    return TenantInfo(
        **values,
        key_version=_require_integer(found["key_version"]),
        created_at=_require_text(found["created_at"]),
        language=_require_text(found.get("language", "")),
        time_zone=_require_text(found.get("time_zone", "")),
        accent_color=_require_text(found.get("accent_color", "")),
        logo=[_require_text(part) for part in found.get("logo", [])],
    )


def _parse_table(found: dict[str, Any]) -> TablePart:
    return TablePart(
        name=_require_match(NAME_PATTERN, found["name"]),
        columns=[_require_match(NAME_PATTERN, column) for column in found["columns"]],
        rows=_require_integer(found["rows"]),
        size=_require_integer(found["size"]),
        sha256=_require_match(SHA256_PATTERN, found["sha256"]),
    )


def _parse_object_list(found: dict[str, Any]) -> ObjectListPart:
    return ObjectListPart(
        count=_require_integer(found["count"]),
        bytes=_require_integer(found["bytes"]),
        size=_require_integer(found["size"]),
        sha256=_require_match(SHA256_PATTERN, found["sha256"]),
    )


def _require_text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 1000 or "\0" in value:
        raise TypeError("a text was expected")
    return value


def _require_integer(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise TypeError("a number was expected")
    return value


def _require_match(pattern: re.Pattern[str], value: Any) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"{str(value)[:80]!r} is no name or digest of an archive's")
    return value
