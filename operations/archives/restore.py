"""Loading an archive: in place of what the tenant holds, or as a new tenant."""

from dataclasses import dataclass

from django.db import transaction

from accounts.restore import ask_for_new_factors, end_what_was_open
from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, enter
from files.shares.services import revoke_all_shares
from files.uploads.interrupting import interrupt_uploads
from operations.archives.export import SILENT, Watch
from operations.archives.loader import drop_left_overs, fill, require_fitting
from operations.archives.masking import OF_ONE_TENANT
from operations.archives.object_transfer import remove_unreferenced, upload_objects
from operations.archives.reader import Archive
from operations.archives.row_sources import FromArchive
from operations.archives.target_tenant import new_or_begun, require_begun
from operations.audit_trails import forget_head
from operations.errors import ArchiveError, Unfit
from operations.owner_session import working_on
from tenants.context import tenant_context
from tenants.maintenance import begin_maintenance, end_maintenance
from tenants.models import Tenant
from tenants.refs import ref_of
from tenants.schemas.schema_state import Report
from tenants.services import living_tenant, rotate_key, target_of


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of an archive: the tenant, the objects sent and removed, the migrations run."""

    tenant: Tenant
    sent: int
    removed: int
    migrations: int


@dataclass(frozen=True, slots=True)
class Loading:
    """How to load: who acts and who is told."""

    actor: Actor
    report: Report = lambda line: None
    watch: Watch = SILENT


def require_loadable(archive: Archive, tenant: Tenant | None = None) -> None:
    """Raise Unfit for an archive that this code cannot load, or not into this tenant.

    Call it before ``restore`` or ``load_as``: nothing of theirs is begun with one that is unfit.
    """
    require_fitting(FromArchive(archive), archive.digest)
    if tenant is None:
        return
    facts = archive.manifest.tenant
    made_of = (facts.id, facts.schema, facts.object_prefix)
    if made_of != (str(tenant.pk), tenant.schema_name, tenant.object_prefix):
        raise Unfit(f"The archive is of {facts.slug} ({facts.id}); load it with --as instead.")
    if tenant.status == Tenant.Status.DELETING:
        raise Unfit("The tenant is being purged; load the archive with --as once it is gone.")


def restore(archive: Archive, tenant: Tenant, how: Loading) -> Loaded:
    """Make a tenant what it was when the archive was made. Nobody is served meanwhile.

    Its tokens, API keys, invitations and links end, those to files too: what was ended since must
    not come back to life. A run that was cut off leaves the tenant in maintenance and is finished
    by running it again; with an archive that turns out not to fit it is served as before. Raises
    ArchiveError, StorageUnavailable, and TenantNotFound once its purge has begun.
    """
    with working_on(tenant.pk):
        was_served = not _as_it_is_now(tenant).maintenance
        begin_maintenance(tenant.pk, Tenant.Maintenance.RESTORING, actor=how.actor)
        try:
            done = _load(archive, tenant, FromArchive(archive), how)
        except ArchiveError:
            drop_left_overs(tenant.schema_name)
            if was_served:
                end_maintenance(tenant.pk, actor=how.actor)
            raise
        rotate_key(tenant.pk, actor=how.actor)
        with tenant_context(ref_of(tenant)):
            end_what_was_open(actor=how.actor)
            interrupt_uploads()
            revoke_all_shares(actor=how.actor, cause="restored")
        _end(archive, done, "tenant.restored", how)
    return done


def _as_it_is_now(tenant: Tenant) -> Tenant:
    with enter(PUBLIC), transaction.atomic():
        return living_tenant(tenant.pk)


def load_as(archive: Archive, *, slug: str, name: str, how: Loading) -> Loaded:
    """Make a new tenant of an archive: same rows, another id, schema, prefix and key.

    Sessions, second factors and kept answers stay out: they were made with the other tenant's keys.
    A run that was cut off is finished by running it again with the same file and name. Raises
    ArchiveError, StorageUnavailable, SubdomainTaken, ValidationFailed.
    """
    facts = archive.manifest.tenant
    tenant = new_or_begun(
        slug=slug,
        name=name or facts.name,
        registration=facts.registration,
        reason=Tenant.Maintenance.RESTORING,
        note=f"archive {archive.digest}",
        actor=how.actor,
    )
    with working_on(tenant.pk):
        require_begun(tenant)
        done = _load(archive, tenant, FromArchive(archive, OF_ONE_TENANT), how)
        with tenant_context(ref_of(tenant)):
            ask_for_new_factors(actor=how.actor)
            interrupt_uploads()
        _end(archive, done, "tenant.imported", how)
    return done


def _load(archive: Archive, tenant: Tenant, source: FromArchive, how: Loading) -> Loaded:
    how.watch.total(archive.manifest.objects.bytes)
    sent = upload_objects(archive, tenant.object_prefix, how.watch.written)
    how.report(f"{sent} objects sent")
    count = fill(tenant.schema_name, source, how.report)
    how.report("rows in place")
    removed = remove_unreferenced(tenant.schema_name, tenant.object_prefix)
    return Loaded(tenant, sent, removed, count)


def _end(archive: Archive, done: Loaded, action: str, how: Loading) -> None:
    with enter(PUBLIC), transaction.atomic():
        details = {
            "archive": archive.sha256,
            "made_of": archive.manifest.tenant.id,
            "made_at": archive.manifest.created_at,
            "is_ours": archive.is_ours,
            "migrations": done.migrations,
        }
        record(action, actor=how.actor, target=target_of(done.tenant), **details)
        forget_head(done.tenant.pk)  # the trail is that of the archive now
        end_maintenance(done.tenant.pk, actor=how.actor)
