"""A staging tenant: another one's rows with personal data masked, and none of its secrets."""

from dataclasses import dataclass

from django.db import transaction

from audit.services import record
from core.db_backend.scope import PUBLIC, enter
from operations.archives.loader import fill
from operations.archives.masking import Masking, masking
from operations.archives.object_list import wanted_by
from operations.archives.object_transfer import copy_objects, remove_unreferenced
from operations.archives.restore import Loading
from operations.archives.row_sources import FromTenant
from operations.archives.snapshot import snapshot_of
from operations.archives.target_tenant import new_or_begun, require_begun
from operations.errors import Unfit
from operations.owner_session import working_on
from operations.tenant_owners import let_owner_in
from tenants.maintenance import end_maintenance
from tenants.models import Tenant
from tenants.names import LONGEST_NAME
from tenants.refs import ref_of
from tenants.schemas.schema_state import tenant_steps
from tenants.services import target_of


@dataclass(frozen=True, slots=True)
class Wish:
    """What the copy is to hold."""

    slug: str
    name: str = ""
    with_objects: bool = True
    keep_file_names: bool = False
    allow_missing: bool = False


@dataclass(frozen=True, slots=True)
class Cloned:
    """The copy, who can log in to it, and what the store did not have."""

    tenant: Tenant
    owner: str
    password: str
    missing: list[str]


def clone(source: Tenant, wish: Wish, how: Loading) -> Cloned:
    """Make a tenant of another one's rows and objects; the other one is only read.

    Nobody but the first owner can log in to it, with a password that is given here once. A run that
    was cut off is finished by running it again. Raises ArchiveError (Unfit while a model has no
    rule for what a copy may hold, Incomplete), StorageUnavailable, ValidationFailed.
    """
    rules = masking(with_files=wish.with_objects, keep_file_names=wish.keep_file_names)
    target = new_or_begun(
        slug=wish.slug,
        name=wish.name or f"Copy of {source.name}"[:LONGEST_NAME],
        registration=Tenant.Registration.CLOSED,
        reason=Tenant.Maintenance.CLONING,
        note=f"clone of {source.pk}",
        actor=how.actor,
        cloned_from=source.pk,
    )
    with working_on(target.pk):
        require_begun(target)
        _copy_rows(source, target, rules, how)
        missing = _copy_objects(source, target, wish, how) if wish.with_objects else []
        remove_unreferenced(target.schema_name, target.object_prefix)  # of a former run
        owner, password = let_owner_in(ref_of(target), actor=how.actor)
        _end(source, target, how)
    return Cloned(target, owner, password, missing)


def _copy_rows(source: Tenant, target: Tenant, rules: Masking, how: Loading) -> None:
    with snapshot_of(source.schema_name) as snapshot:
        if snapshot.migrations() != list(tenant_steps()):
            raise Unfit("The tenant is not at this version's migrations; run migrate_schemas.")
        fill(target.schema_name, FromTenant(snapshot, rules), how.report)
    how.report("rows in place, masked")


def _copy_objects(source: Tenant, target: Tenant, wish: Wish, how: Loading) -> list[str]:
    with snapshot_of(target.schema_name) as snapshot:
        return copy_objects(
            wanted_by(snapshot),
            source.object_prefix,
            target.object_prefix,
            allow_missing=wish.allow_missing,
            tick=how.watch.written,
        )


def _end(source: Tenant, target: Tenant, how: Loading) -> None:
    with enter(PUBLIC), transaction.atomic():
        record("tenant.cloned", actor=how.actor, target=target_of(target), source=str(source.pk))
        end_maintenance(target.pk, actor=how.actor)
