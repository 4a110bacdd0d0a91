"""Loads an archive: into the tenant it was made of, or as a new tenant."""

from dataclasses import dataclass

from django.db import transaction

from accounts.restore import reset_all_second_factors, revoke_outstanding_credentials
from accounts.users.preferences import known_preferences
from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from files.shares.services import revoke_all_shares
from files.uploads.state import interrupt_uploads
from operations.archives.branding import archived_branding, current_logo_names
from operations.archives.loader import drop_temporary_schemas, replace_schema, validate_source
from operations.archives.masking import TENANT_BOUND_TABLES
from operations.archives.object_transfer import remove_unreferenced, upload_objects
from operations.archives.progress import NO_PROGRESS, ProgressCallbacks
from operations.archives.reader import Archive
from operations.archives.row_sources import ArchiveSource
from operations.archives.target_tenant import create_or_resume_tenant, require_unfinished
from operations.audit_trails import reset_trail_head
from operations.errors import ArchiveError, IncompatibleError
from operations.owner_session import tenant_operation_lock
from tenants.context import ref_of, tenant_context, tenant_target
from tenants.lifecycle import begin_maintenance, end_maintenance
from tenants.models import Tenant
from tenants.queries import lock_undeleted_tenant
from tenants.schemas.schema_state import ProgressCallback
from tenants.services import rotate_key


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The tenant, the numbers of uploaded and removed objects, and of migrations that were run."""

    tenant: Tenant
    sent: int
    removed: int
    migrations: int


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """The actor, and callbacks for progress."""

    actor: Actor
    report: ProgressCallback = lambda line: None
    watch: ProgressCallbacks = NO_PROGRESS


def require_loadable(archive: Archive, tenant: Tenant | None = None) -> None:
    """Raise IncompatibleError for an archive that cannot be loaded, or not into this tenant.

    Call it first: ``restore_tenant`` and ``load_as_new_tenant`` begin to change things.
    """
    validate_source(ArchiveSource(archive), archive.digest)
    if tenant is None:
        return
    info = archive.manifest.tenant
    made_of = (info.id, info.schema, info.object_prefix)
    if made_of != (str(tenant.pk), tenant.schema_name, tenant.object_prefix):
        raise IncompatibleError(
            f"The archive is of {info.slug} ({info.id}); load it with --as instead."
        )
    if tenant.status == Tenant.Status.DELETING:
        raise IncompatibleError(
            "The tenant is being purged; load the archive with --as once it is gone."
        )


def restore_tenant(archive: Archive, tenant: Tenant, options: LoadOptions) -> LoadResult:
    """Restore a tenant from an archive, in maintenance.

    Tokens, API keys, invitations and shares end: those that were revoked since the export must not
    become valid again. An interrupted run leaves the tenant in maintenance; run it again to finish.
    After an archive error the tenant is served unchanged.

    Raises: ArchiveError, StorageUnavailable, TenantNotFound once its purge has begun.
    """
    with tenant_operation_lock(tenant.pk):
        was_served = not _current_tenant(tenant).maintenance
        begin_maintenance(tenant.pk, Tenant.Maintenance.RESTORING, actor=options.actor)
        try:
            result = _load_archive(archive, tenant, ArchiveSource(archive), options)
        except ArchiveError:
            drop_temporary_schemas(tenant.schema_name)
            if was_served:
                end_maintenance(tenant.pk, actor=options.actor)
            raise
        rotate_key(tenant.pk, actor=options.actor)
        with tenant_context(ref_of(tenant)):
            revoke_outstanding_credentials(actor=options.actor)
            interrupt_uploads()
            revoke_all_shares(actor=options.actor, cause="restored")
        _finish(archive, result, "tenant.restored", options)
    return result


def _current_tenant(tenant: Tenant) -> Tenant:
    with use_scope(PUBLIC), transaction.atomic():
        return lock_undeleted_tenant(tenant.pk)


def load_as_new_tenant(
    archive: Archive, *, slug: str, name: str, options: LoadOptions
) -> LoadResult:
    """Create a tenant from an archive: same rows; new id, schema, prefix and key.

    Sessions, second factors and stored answers are excluded: they depend on the other tenant's
    keys. Run an interrupted import again with the same file and name.

    Raises: ArchiveError, StorageUnavailable, SubdomainTaken, ValidationFailed.
    """
    info = archive.manifest.tenant
    tenant = create_or_resume_tenant(
        slug=slug,
        name=name or info.name,
        registration=info.registration,
        preferences={
            **known_preferences({"language": info.language, "time_zone": info.time_zone}),
            **archived_branding(info, [each.name for each in archive.manifest.missing]),
        },
        reason=Tenant.Maintenance.RESTORING,
        note=f"archive {archive.digest}",
        actor=options.actor,
    )
    with tenant_operation_lock(tenant.pk):
        require_unfinished(tenant)
        result = _load_archive(
            archive, tenant, ArchiveSource(archive, TENANT_BOUND_TABLES), options
        )
        with tenant_context(ref_of(tenant)):
            reset_all_second_factors(actor=options.actor)
            interrupt_uploads()
        _finish(archive, result, "tenant.imported", options)
    return result


def _load_archive(
    archive: Archive, tenant: Tenant, source: ArchiveSource, options: LoadOptions
) -> LoadResult:
    options.watch.total(archive.manifest.objects.bytes)
    sent = upload_objects(archive, tenant.object_prefix, options.watch.written)
    options.report(f"{sent} objects sent")
    count = replace_schema(tenant.schema_name, source, options.report)
    options.report("rows in place")
    kept = current_logo_names(tenant)
    removed = remove_unreferenced(tenant.schema_name, tenant.object_prefix, kept)
    return LoadResult(tenant, sent, removed, count)


def _finish(archive: Archive, result: LoadResult, action: str, options: LoadOptions) -> None:
    with use_scope(PUBLIC), transaction.atomic():
        details = {
            "archive": archive.sha256,
            "made_of": archive.manifest.tenant.id,
            "made_at": archive.manifest.created_at,
            "is_ours": archive.is_ours,
            "migrations": result.migrations,
        }
        record(action, actor=options.actor, target=tenant_target(result.tenant), **details)
        reset_trail_head(result.tenant.pk)  # the trail is now the archive's
        end_maintenance(result.tenant.pk, actor=options.actor)
