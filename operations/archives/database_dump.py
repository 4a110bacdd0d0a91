"""Dumps a tenant's schema, in one snapshot, as the first part of an archive."""

from collections.abc import Iterator
from itertools import chain

from django.conf import settings
from django.utils import timezone

from core.text.normalization import timestamp
from operations.archives import file_format
from operations.archives.branding import logo_objects, manifest_settings
from operations.archives.manifest import Manifest, ObjectListPart, TablePart, TenantInfo
from operations.archives.object_list import ProgressCallback, encode_line, referenced_objects
from operations.archives.snapshot import Snapshot, Table, open_snapshot
from operations.archives.writer import MemberWriter
from tenants.branding import Logo, logo_from_settings
from tenants.models import Tenant
from tenants.schemas.schema_state import migrations_digest


def dump_database(
    out: MemberWriter, tenant: Tenant, tick: ProgressCallback
) -> tuple[Manifest, int]:
    """Write header, tables and object list; return the manifest and the position of the list.

    Raises: ArchiveError.
    """
    out.add(file_format.HEADER, iter([file_format.HEADER_TEXT]))
    with open_snapshot(tenant.schema_name) as snapshot:
        steps = snapshot.migrations()
        tables = [_dump_table(out, snapshot, table, tick) for table in snapshot.tables()]
        sequences = snapshot.sequences()
        list_position = out.file.tell()
        objects = _dump_object_list(out, snapshot, logo_from_settings(tenant.settings))
    manifest = Manifest(
        tenant=_tenant_info(tenant),
        aggios=settings.VERSION,
        created_at=timestamp(timezone.now()),
        migrations=steps,
        migrations_digest=migrations_digest(tuple(steps)),
        sequences=sequences,
        tables=tables,
        objects=objects,
    )
    return manifest, list_position


def _dump_table(
    out: MemberWriter, snapshot: Snapshot, table: Table, tick: ProgressCallback
) -> TablePart:
    rows = 0

    def counted() -> Iterator[bytes]:
        nonlocal rows
        for chunk in snapshot.text(table):
            rows += chunk.count(b"\n")  # in COPY's text a newline always ends a row
            tick(len(chunk))
            yield chunk

    size, sha256 = out.add(file_format.table_member(table.name), counted())
    return TablePart(table.name, list(table.columns), rows, size, sha256)


def _dump_object_list(out: MemberWriter, snapshot: Snapshot, logo: Logo | None) -> ObjectListPart:
    count = total = 0

    def lines() -> Iterator[bytes]:
        nonlocal count, total
        for reference in chain(referenced_objects(snapshot), logo_objects(logo)):
            count, total = count + 1, total + reference.size
            yield encode_line(reference)

    size, sha256 = out.add(file_format.OBJECT_LIST, lines())
    return ObjectListPart(count, total, size, sha256)


def _tenant_info(tenant: Tenant) -> TenantInfo:
    return TenantInfo(
        id=str(tenant.pk),
        name=tenant.name,
        slug=tenant.slug,
        registration=tenant.registration,
        schema=tenant.schema_name,
        object_prefix=tenant.object_prefix,
        key_version=tenant.key_version,
        created_at=timestamp(tenant.created_at),
        **manifest_settings(tenant),
    )
