"""Certificates of deletions: the inventory of the tenant, the request, and the removal.

The inventory is taken before anything is deleted.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from audit.models import AuditEvent
from audit.services import Actor
from core.db_backend.scope import PUBLIC, use_scope
from core.text.normalization import timestamp, timestamp_or_none
from files.storage.deletion import PrefixSummary, summarize_prefix
from operations.archives.export import ExportResult
from operations.archives.snapshot import Snapshot, TableDigest, digest_rows
from operations.owner_session import owner_session
from tenants.models import DeletionCertificate, Tenant

CERTIFICATE_VERSION = 1


def document_digest(document: dict[str, Any]) -> str:
    """Return the SHA-256 of a document's canonical JSON: sorted names, no spaces, UTF-8."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def create_certificate(
    tenant: Tenant,
    *,
    inventory: dict[str, Any],
    dropped: dict[str, Any],
    actor: Actor,
    at: datetime,
) -> DeletionCertificate:
    """Store a certificate. Call it in the transaction that deletes the tenant's row."""
    document = {
        "version": CERTIFICATE_VERSION,
        "tenant": {
            "id": str(tenant.pk),
            "name": tenant.name,
            "subdomain": tenant.slug,
            "domains": sorted(domain.domain for domain in tenant.domains.all()),
            "created_at": timestamp(tenant.created_at),
        },
        "requested": _deletion_request(tenant),
        "purged": {"at": timestamp(at), "by": _actor_document(actor.type, actor.id, actor.label)},
        "held": {name: inventory[name] for name in ("tables", "objects")},
        "export": inventory["export"],
        "dropped": dropped,
    }
    certificate: DeletionCertificate = DeletionCertificate.objects.create(
        tenant_id=tenant.pk,
        name=tenant.name,
        subdomain=tenant.slug,
        purged_at=at,
        document=document,
        digest=document_digest(document),
    )
    return certificate


def list_certificates() -> list[DeletionCertificate]:
    """Return all certificates, newest first."""
    with use_scope(PUBLIC):
        return list(DeletionCertificate.objects.all())


def certificate_document(certificate: DeletionCertificate) -> dict[str, Any]:
    """Return the JSON document of a certificate."""
    return {
        "id": str(certificate.pk),
        "tenant_id": str(certificate.tenant_id),
        "name": certificate.name,
        "subdomain": certificate.subdomain,
        "purged_at": timestamp(certificate.purged_at),
        "digest": certificate.digest,
        "document": certificate.document,
    }


def _deletion_request(tenant: Tenant) -> dict[str, Any]:
    """Return actor and time of the deletion request, from the audit trail."""
    requests = AuditEvent.objects.filter(
        target_id=str(tenant.pk),
        action__in=("tenant.deletion_scheduled", "tenant.deletion_started"),
    ).order_by("-at")
    scheduled = requests.filter(action="tenant.deletion_scheduled").first() or requests.first()
    if scheduled is None:
        return {}
    return {
        "at": timestamp(scheduled.at),
        "by": _actor_document(scheduled.actor_type, scheduled.actor_id, scheduled.actor_label),
        "due_at": timestamp_or_none(tenant.deletion_due_at),
    }


def _actor_document(kind: str, identity: str, label: str) -> dict[str, str]:
    return {"type": kind, "id": identity, "label": label}


@dataclass(frozen=True, slots=True)
class Inventory:
    """Digests of a tenant's tables, and its objects."""

    tables: dict[str, TableDigest]
    held: PrefixSummary

    def as_json(self) -> dict[str, Any]:
        """Return the document for the certificate and the audit event."""
        tables = {
            name: {"rows": content.rows, "sha256": content.sha256}
            for name, content in self.tables.items()
        }
        return {"tables": tables, "objects": asdict(self.held)}

    def is_in(self, exported: ExportResult) -> bool:
        """Tell whether an archive contains these rows: the digests are of the same text."""
        parts = exported.manifest.tables
        return self.tables == {p.name: TableDigest(p.rows, p.size, p.sha256) for p in parts}


def take_inventory(tenant: Tenant) -> Inventory:
    """Digest a tenant's tables and list its objects. Raises: StorageUnavailable."""
    return Inventory(_table_digests(tenant.schema_name), summarize_prefix(tenant.object_prefix))


def _table_digests(schema: str) -> dict[str, TableDigest]:
    """Return the digest of each table; empty if an interrupted purge dropped the schema."""
    with owner_session() as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        snapshot = Snapshot(session, schema)
        return {table.name: digest_rows(snapshot.text(table)) for table in snapshot.tables()}
