"""Canaries: values of a tenant that no other tenant may see, read from its rows."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import Model

from core.db_backend.scope import PUBLIC, use_scope
from files.models import File, Share
from files.shares.tokens import share_token
from operations.isolation.tenants import AuditTenant
from tenants.context import TenantRef, tenant_context
from tenants.domains.services import domains_of
from tenants.schemas.schema_state import app_labels

# A shorter text can be in an answer by chance.
MIN_NEEDLE_LENGTH = 16
MAX_ROWS = 6


class AuditIncompleteError(RuntimeError):
    """The audit would not detect a crossing: a canary is missing, or an attack is not possible."""


@dataclass(frozen=True, slots=True)
class Canaries:
    """The canaries of one tenant."""

    tenant: AuditTenant
    needles: frozenset[str]
    """Texts in lower case that the other tenant must never see."""
    public: frozenset[str]
    """Texts that its public pages and addresses contain."""
    ids: dict[str, list[str]]
    """Ids by kind: the names of models, ``tenant``, ``domain``, ``trashed`` (files), ``token``
    (of links to files)."""
    object_names: list[str]

    @property
    def all_ids(self) -> list[str]:
        """All ids of all kinds."""
        return list(dict.fromkeys(value for values in self.ids.values() for value in values))


def tenant_models() -> list[type[Model]]:
    """Return every concrete model whose table is in a tenant's schema."""
    labels = app_labels(settings.TENANT_APPS)
    return [m for m in apps.get_models() if m._meta.app_label in labels and m._meta.managed]


def read_canaries(tenant: AuditTenant) -> Canaries:
    """Read the canaries of a tenant. Raises: AuditIncompleteError for a model without rows."""
    needles, ids, objects = {tenant.marker}, {"tenant": [str(tenant.ref.id)]}, []
    with tenant_context(tenant.ref):
        for model in tenant_models():
            rows = list(model._default_manager.order_by("pk")[:MAX_ROWS])
            if not rows:
                raise AuditIncompleteError(f"There is no canary for {model._meta.label}.")
            ids[str(model._meta.model_name)] = [
                text for row in rows for text in _value_needles(row.pk)[:1]
            ]
            needles |= {text.lower() for row in rows for text in _row_needles(row)}
            objects += [row.object_name for row in rows if hasattr(row, "object_name")]
        ids["trashed"] = [str(pk) for pk in _trashed_files()]
    ref = tenant.ref
    ids["domain"] = _domain_ids(ref)
    ids["token"] = _share_tokens(ref)
    needles |= {token.lower() for token in ids["token"]}
    needles |= {*ids["domain"], str(ref.id), ref.id.hex, ref.schema_name}
    public = frozenset({ref.slug, ref.name.lower()})
    return Canaries(
        tenant, frozenset(needles - {tenant.named_email} - public), public, ids, objects
    )


def _trashed_files() -> list[uuid.UUID]:
    values = list(
        File.objects.filter(deleted_at__isnull=False).values_list("pk", flat=True)[:MAX_ROWS]
    )
    if not values:
        raise AuditIncompleteError("There is no canary in the trash.")
    return values


def _domain_ids(ref: TenantRef) -> list[str]:
    with use_scope(PUBLIC):
        return [str(domain.pk) for domain in domains_of(ref.id)]


def _share_tokens(ref: TenantRef) -> list[str]:
    """Return the tokens of the tenant's shares. Raises: AuditIncompleteError without any."""
    with tenant_context(ref):
        values = [
            token for share in Share.objects.all()[:MAX_ROWS] if (token := share_token(share))
        ]
    if not values:
        raise AuditIncompleteError("There is no canary for links to files.")
    return values


def exclude_common(one: Canaries, two: Canaries) -> tuple[Canaries, Canaries]:
    """Return both without the needles that they have in common."""
    common = one.needles & two.needles
    return tuple(  # type: ignore[return-value]
        Canaries(c.tenant, c.needles - common, c.public, c.ids, c.object_names) for c in (one, two)
    )


def _row_needles(row: Model) -> Iterator[str]:
    for field in row._meta.concrete_fields:
        yield from _value_needles(getattr(row, field.attname))


def _value_needles(value: Any) -> list[str]:
    """Return a value's texts in an answer; none if they could be there by chance."""
    if isinstance(value, uuid.UUID):
        return [str(value), value.hex]
    if isinstance(value, bytes | memoryview):
        return [bytes(value).hex()] if len(value) >= MIN_NEEDLE_LENGTH else []
    if isinstance(value, str):
        return [value] if len(value) >= MIN_NEEDLE_LENGTH else []
    if isinstance(value, int) and not isinstance(value, bool):
        return []
    return []
