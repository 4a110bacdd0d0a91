"""Masking rules of clones: one for every field of every tenant model.

PostgreSQL masks rows while it reads them, so removed data never leaves the original. A clone stops
when a model or a field has no rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.apps import apps
from django.conf import settings
from psycopg import sql

from operations.archives.snapshot import Snapshot, Table, order_by
from operations.errors import IncompatibleError
from tenants.schemas.schema_state import app_labels

MIGRATION_TABLE = "django_migrations"

# Masks, as SQL; {0} is the column.
KEEP = "{0}"
EMPTY = "''"
NULL = "NULL"
NO_DETAILS = "'{{}}'::jsonb"
# No hash has this prefix, and Django rejects every password for it (django.contrib.auth.hashers).
NO_PASSWORD = "'!left-behind'"  # noqa: S105 - the opposite of a password
EMAIL = "'person-' || id || '@example.invalid'"  # never delivered (RFC 2606, section 2)
FIRST_NAME = "CASE WHEN {0} = '' THEN '' ELSE 'Person' END"
LAST_NAME = "CASE WHEN {0} = '' THEN '' ELSE right(id::text, 6) END"
LABEL = "CASE WHEN {0} = '' THEN '' ELSE 'masked' END"
IS_ID = "{0} ~ '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$'"
ONLY_ID = f"CASE WHEN {IS_ID} THEN {{0}} ELSE '' END"
NO_SESSION_ID = f"CASE WHEN target_type <> 'session' AND {IS_ID} THEN {{0}} ELSE '' END"
FILE_NAME = "'file-' || id || coalesce(substring({0} from '\\.[a-z0-9]{{1,5}}$'), '')"

# Credentials of one tenant, or made with its keys.
CREDENTIALS = (
    "accounts.ApiKey",
    "accounts.Authenticator",
    "accounts.Invitation",
    "accounts.Letter",
    "accounts.MailLink",
    "accounts.RecoveryCode",
    "accounts.Session",
)

Fields = Mapping[str, str]
# None: the rows are not copied.
RULES: dict[str, Fields | None] = {
    "accounts.User": {
        "id": KEEP,
        "email": EMAIL,
        "password": NO_PASSWORD,
        "first_name": FIRST_NAME,
        "last_name": LAST_NAME,
        "role": KEEP,
        "is_active": KEEP,
        "email_verified_at": NULL,
        "second_factor_at": NULL,
        "password_change_required": KEEP,
        "language": KEEP,
        "time_zone": KEEP,
        "removed_at": KEEP,
        "created_at": KEEP,
        "updated_at": KEEP,
    },
    **dict.fromkeys(CREDENTIALS),
    "audit.AuditEvent": {
        "id": KEEP,
        "at": KEEP,
        "action": KEEP,
        "actor_type": KEEP,
        "actor_id": ONLY_ID,
        "actor_label": LABEL,
        "target_type": KEEP,
        "target_id": NO_SESSION_ID,
        "target_label": LABEL,
        "ip": NULL,
        "user_agent": EMPTY,
        "request_id": EMPTY,
        "details": NO_DETAILS,
    },
    # PostgreSQL computes new links over the masked rows: a clone has its own chain.
    "audit.AuditLink": None,
    "idempotency.Answer": None,
    "files.File": {
        "id": KEEP,
        "name": FILE_NAME,
        "owner": KEEP,
        "current": KEEP,
        "size": KEEP,
        "created_at": KEEP,
        "updated_at": KEEP,
        "deleted_at": KEEP,
    },
    "files.FileVersion": {
        "id": KEEP,
        "file": KEEP,
        "number": KEEP,
        "object_name": KEEP,
        "restored_from": KEEP,
        "size": KEEP,
        "sha256": KEEP,
        "content_type": KEEP,
        "created_by": KEEP,
        "created_at": KEEP,
    },
    "files.Upload": None,
    # Computed again with its first object (files/quota.py).
    "files.Balance": None,
    # Shares were given out for the original.
    "files.Share": None,
}
# Tables that depend on keys of their tenant: excluded from every other tenant.
TENANT_BOUND_TABLES = frozenset(
    apps.get_model(label)._meta.db_table
    for label in (*CREDENTIALS, "files.Share", "idempotency.Answer")
)


@dataclass(frozen=True, slots=True)
class Masking:
    """The rules of one clone by table and column; None for a table that stays empty."""

    columns: dict[str, dict[str, str] | None]

    def query(self, snapshot: Snapshot, table: Table) -> sql.Composed | None:
        """Return the query for a table's masked rows. Raises: IncompatibleError without a rule."""
        if table.name == MIGRATION_TABLE:
            return snapshot.select(table)
        if table.name not in self.columns:
            raise IncompatibleError(
                f"There is no rule for what a copy may hold of table {table.name}."
            )
        masks = self.columns[table.name]
        if masks is None:
            return None
        if set(masks) != set(table.columns):
            raise IncompatibleError(f"The rules for table {table.name} do not name its columns.")
        fields = [sql.SQL(masks[name]).format(sql.Identifier(name)) for name in table.columns]
        return sql.SQL("SELECT {} FROM {} {}").format(
            sql.SQL(", ").join(fields),
            sql.Identifier(snapshot.schema, table.name),
            order_by(table),
        )


def build_masking(*, with_files: bool = True, keep_file_names: bool = False) -> Masking:
    """Return the rules of a clone. Raises: IncompatibleError if a model or field has none."""
    if problems := find_missing_rules():
        raise IncompatibleError(
            f"There is no rule for what a copy may hold of {', '.join(problems)}."
        )
    columns: dict[str, dict[str, str] | None] = {}
    for label, fields in RULES.items():
        model = apps.get_model(label)
        is_excluded = fields is None or (not with_files and model._meta.app_label == "files")
        columns[model._meta.db_table] = (
            None
            if is_excluded or fields is None
            else {model._meta.get_field(name).column: mask for name, mask in fields.items()}
        )
    if keep_file_names and with_files:
        (columns["files_file"] or {})["name"] = KEEP
    return Masking(columns)


def find_missing_rules() -> list[str]:
    """Return tenant models and fields without a rule, and rules for unknown ones."""
    labels = app_labels(settings.TENANT_APPS)
    models = {m._meta.label: m for m in apps.get_models() if m._meta.app_label in labels}
    problems = sorted(set(models) ^ set(RULES))
    for label, fields in RULES.items():
        if fields is not None and label in models:
            names = {field.name for field in models[label]._meta.concrete_fields}
            problems += [f"{label}.{name}" for name in sorted(names ^ set(fields))]
    return problems
