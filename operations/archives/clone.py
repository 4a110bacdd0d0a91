"""Clones a tenant for staging: masked personal data, no secrets."""

from dataclasses import dataclass

from django.db import transaction

from accounts.users.preferences import known_preferences
from audit.services import record
from core.db_backend.scope import PUBLIC, use_scope
from operations.archives.branding import known_color
from operations.archives.loader import replace_schema
from operations.archives.masking import Masking, build_masking
from operations.archives.object_list import referenced_objects
from operations.archives.object_transfer import copy_objects, remove_unreferenced
from operations.archives.restore import LoadOptions
from operations.archives.row_sources import TenantSource
from operations.archives.snapshot import open_snapshot
from operations.archives.target_tenant import create_or_resume_tenant, require_unfinished
from operations.errors import IncompatibleError
from operations.owner_session import tenant_operation_lock
from operations.tenant_owners import reset_owner_password
from tenants.branding import COLOR_SETTING
from tenants.context import ref_of, tenant_target
from tenants.lifecycle import end_maintenance
from tenants.models import Tenant
from tenants.names import MAX_TENANT_NAME_LENGTH
from tenants.schemas.schema_state import tenant_migrations


@dataclass(frozen=True, slots=True)
class CloneOptions:
    """Name and content of the clone."""

    slug: str
    name: str = ""
    with_objects: bool = True
    keep_file_names: bool = False
    allow_missing: bool = False


@dataclass(frozen=True, slots=True)
class CloneResult:
    """The clone, the log-in of its owner, and objects missing in the store."""

    tenant: Tenant
    owner: str
    password: str
    missing: list[str]


def clone_tenant(source: Tenant, options: CloneOptions, load_options: LoadOptions) -> CloneResult:
    """Create a tenant from another one's rows and objects; the original is only read.

    Only the first owner can log in, with a password that is returned once. Run an interrupted clone
    again to finish it.

    Raises: ArchiveError (IncompatibleError while a model has no masking rule, MissingObjectError),
    StorageUnavailable, ValidationFailed.
    """
    rules = build_masking(with_files=options.with_objects, keep_file_names=options.keep_file_names)
    target = create_or_resume_tenant(
        slug=options.slug,
        name=options.name or f"Copy of {source.name}"[:MAX_TENANT_NAME_LENGTH],
        registration=Tenant.Registration.CLOSED,
        preferences={
            **known_preferences(source.settings),
            **known_color(source.settings.get(COLOR_SETTING)),
        },
        reason=Tenant.Maintenance.CLONING,
        note=f"clone of {source.pk}",
        actor=load_options.actor,
        cloned_from=source.pk,
    )
    with tenant_operation_lock(target.pk):
        require_unfinished(target)
        _copy_rows(source, target, rules, load_options)
        missing = (
            _copy_objects(source, target, options, load_options) if options.with_objects else []
        )
        remove_unreferenced(target.schema_name, target.object_prefix)  # left by an interrupted run
        owner, password = reset_owner_password(ref_of(target), actor=load_options.actor)
        _finish(source, target, load_options)
    return CloneResult(target, owner, password, missing)


def _copy_rows(source: Tenant, target: Tenant, rules: Masking, load_options: LoadOptions) -> None:
    with open_snapshot(source.schema_name) as snapshot:
        if snapshot.migrations() != list(tenant_migrations()):
            raise IncompatibleError(
                "The tenant is not at this version's migrations; run migrate_schemas."
            )
        replace_schema(target.schema_name, TenantSource(snapshot, rules), load_options.report)
    load_options.report("rows in place, masked")


def _copy_objects(
    source: Tenant, target: Tenant, options: CloneOptions, load_options: LoadOptions
) -> list[str]:
    with open_snapshot(target.schema_name) as snapshot:
        return copy_objects(
            referenced_objects(snapshot),
            source.object_prefix,
            target.object_prefix,
            allow_missing=options.allow_missing,
            tick=load_options.watch.written,
        )


def _finish(source: Tenant, target: Tenant, load_options: LoadOptions) -> None:
    with use_scope(PUBLIC), transaction.atomic():
        record(
            "tenant.cloned",
            actor=load_options.actor,
            target=tenant_target(target),
            source=str(source.pk),
        )
        end_maintenance(target.pk, actor=load_options.actor)
