"""Loading an archive: in place of what the tenant holds, or as a new tenant."""

from dataclasses import dataclass

from django.db import transaction

from accounts.restore import reset_all_second_factors, revoke_outstanding_credentials
from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from files.shares.services import revoke_all_shares
from files.uploads.state import interrupt_uploads
from operations.archives.export import NO_PROGRESS, ProgressCallbacks
from operations.archives.loader import drop_temporary_schemas, replace_schema, validate_source
from operations.archives.masking import TENANT_BOUND_TABLES
from operations.archives.object_transfer import remove_unreferenced, upload_objects
from operations.archives.reader import Archive
from operations.archives.row_sources import ArchiveSource
from operations.archives.target_tenant import create_or_resume_tenant, require_unfinished
from operations.audit_trails import reset_trail_head
from operations.errors import ArchiveError, IncompatibleError
from operations.owner_session import tenant_operation_lock
from tenants.context import tenant_context
from tenants.lifecycle import begin_maintenance, end_maintenance
from tenants.models import Tenant
from tenants.refs import ref_of
from tenants.schemas.schema_state import ProgressCallback
from tenants.services import lock_undeleted_tenant, rotate_key, tenant_target


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What became of an archive: the tenant, the objects sent and removed, the migrations run."""

    tenant: Tenant
    sent: int
    removed: int
    migrations: int


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load: who acts and who is told."""

    actor: Actor
    report: ProgressCallback = lambda line: None
    watch: ProgressCallbacks = NO_PROGRESS


def require_loadable(archive: Archive, tenant: Tenant | None = None) -> None:
    """Raise Unfit for an archive that this code cannot load, or not into this tenant.

    Call it before ``restore_tenant`` or ``load_as_new_tenant``: nothing of theirs is begun with one
    that is unfit.
    """
    validate_source(ArchiveSource(archive), archive.digest)
    if tenant is None:
        return
    facts = archive.manifest.tenant
    made_of = (facts.id, facts.schema, facts.object_prefix)
    if made_of != (str(tenant.pk), tenant.schema_name, tenant.object_prefix):
        raise IncompatibleError(
            f"The archive is of {facts.slug} ({facts.id}); load it with --as instead."
        )
    if tenant.status == Tenant.Status.DELETING:
        raise IncompatibleError(
            "The tenant is being purged; load the archive with --as once it is gone."
        )


def restore_tenant(archive: Archive, tenant: Tenant, how: LoadOptions) -> LoadResult:
    """Make a tenant what it was when the archive was made. Nobody is served meanwhile.

    Its tokens, API keys, invitations and links end, those to files too: what was ended since must
    not come back to life. A run that was cut off leaves the tenant in maintenance and is finished
    by running it again; with an archive that turns out not to fit it is served as before. Raises
    ArchiveError, StorageUnavailable, and TenantNotFound once its purge has begun.
    """
    with tenant_operation_lock(tenant.pk):
        was_served = not _current_tenant(tenant).maintenance
        begin_maintenance(tenant.pk, Tenant.Maintenance.RESTORING, actor=how.actor)
        try:
            done = _load_archive(archive, tenant, ArchiveSource(archive), how)
        except ArchiveError:
            drop_temporary_schemas(tenant.schema_name)
            if was_served:
                end_maintenance(tenant.pk, actor=how.actor)
            raise
        rotate_key(tenant.pk, actor=how.actor)
        with tenant_context(ref_of(tenant)):
            revoke_outstanding_credentials(actor=how.actor)
            interrupt_uploads()
            revoke_all_shares(actor=how.actor, cause="restored")
        _finish(archive, done, "tenant.restored", how)
    return done


def _current_tenant(tenant: Tenant) -> Tenant:
    with use_scope(PUBLIC), transaction.atomic():
        return lock_undeleted_tenant(tenant.pk)


def load_as_new_tenant(archive: Archive, *, slug: str, name: str, how: LoadOptions) -> LoadResult:
    """Make a new tenant of an archive: same rows, another id, schema, prefix and key.

    Sessions, second factors and kept answers stay out: they were made with the other tenant's keys.
    A run that was cut off is finished by running it again with the same file and name. Raises
    ArchiveError, StorageUnavailable, SubdomainTaken, ValidationFailed.
    """
    facts = archive.manifest.tenant
    tenant = create_or_resume_tenant(
        slug=slug,
        name=name or facts.name,
        registration=facts.registration,
        reason=Tenant.Maintenance.RESTORING,
        note=f"archive {archive.digest}",
        actor=how.actor,
    )
    with tenant_operation_lock(tenant.pk):
        require_unfinished(tenant)
        done = _load_archive(archive, tenant, ArchiveSource(archive, TENANT_BOUND_TABLES), how)
        with tenant_context(ref_of(tenant)):
            reset_all_second_factors(actor=how.actor)
            interrupt_uploads()
        _finish(archive, done, "tenant.imported", how)
    return done


def _load_archive(
    archive: Archive, tenant: Tenant, source: ArchiveSource, how: LoadOptions
) -> LoadResult:
    how.watch.total(archive.manifest.objects.bytes)
    sent = upload_objects(archive, tenant.object_prefix, how.watch.written)
    how.report(f"{sent} objects sent")
    count = replace_schema(tenant.schema_name, source, how.report)
    how.report("rows in place")
    removed = remove_unreferenced(tenant.schema_name, tenant.object_prefix)
    return LoadResult(tenant, sent, removed, count)


def _finish(archive: Archive, done: LoadResult, action: str, how: LoadOptions) -> None:
    with use_scope(PUBLIC), transaction.atomic():
        details = {
            "archive": archive.sha256,
            "made_of": archive.manifest.tenant.id,
            "made_at": archive.manifest.created_at,
            "is_ours": archive.is_ours,
            "migrations": done.migrations,
        }
        record(action, actor=how.actor, target=tenant_target(done.tenant), **details)
        reset_trail_head(done.tenant.pk)  # the trail is that of the archive now
        end_maintenance(done.tenant.pk, actor=how.actor)
