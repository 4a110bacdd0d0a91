"""What a tenant holds that nobody else may ever see, read from its rows."""

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
from tenants.context import tenant_context
from tenants.domains.services import domains_of
from tenants.refs import TenantRef
from tenants.schemas.schema_state import app_labels

# Shorter texts could stand in an answer by chance.
MIN_NEEDLE_LENGTH = 16
MAX_ROWS = 6


class AuditIncompleteError(RuntimeError):
    """The audit would not see a crossing: something is not planted, or cannot be attacked."""


@dataclass(frozen=True, slots=True)
class Canaries:
    """The secrets of one party."""

    party: AuditTenant
    needles: frozenset[str]
    """Texts, lower case, that betray the tenant wherever the other one sees them."""
    public: frozenset[str]
    """What its own pages and addresses may tell everybody."""
    ids: dict[str, list[str]]
    """Ids by kind: the names of models, ``tenant``, ``domain``, ``trashed`` (files), ``token``
    (of links to files)."""
    object_names: list[str]

    @property
    def all_ids(self) -> list[str]:
        """Every id of every kind."""
        return list(dict.fromkeys(value for values in self.ids.values() for value in values))


def tenant_models() -> list[type[Model]]:
    """Return every concrete model whose table lies in a tenant's schema."""
    labels = app_labels(settings.TENANT_APPS)
    return [m for m in apps.get_models() if m._meta.app_label in labels and m._meta.managed]


def read_canaries(party: AuditTenant) -> Canaries:
    """Read what the party's rows hold. Raises Blind for a model without a row."""
    needles, ids, objects = {party.marker}, {"tenant": [str(party.ref.id)]}, []
    with tenant_context(party.ref):
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
    ref = party.ref
    ids["domain"] = _domain_ids(ref)
    ids["token"] = _share_tokens(ref)
    needles |= {token.lower() for token in ids["token"]}
    needles |= {*ids["domain"], str(ref.id), ref.id.hex, ref.schema_name}
    public = frozenset({ref.slug, ref.name.lower()})
    return Canaries(party, frozenset(needles - {party.bait} - public), public, ids, objects)


def _trashed_files() -> list[uuid.UUID]:
    found = list(
        File.objects.filter(deleted_at__isnull=False).values_list("pk", flat=True)[:MAX_ROWS]
    )
    if not found:
        raise AuditIncompleteError("There is no canary in the trash.")
    return found


def _domain_ids(ref: TenantRef) -> list[str]:
    with use_scope(PUBLIC):
        return [str(domain.pk) for domain in domains_of(ref.id)]


def _share_tokens(ref: TenantRef) -> list[str]:
    """Return what opens the party's links. Raises Blind when there is nothing to try."""
    with tenant_context(ref):
        found = [token for share in Share.objects.all()[:MAX_ROWS] if (token := share_token(share))]
    if not found:
        raise AuditIncompleteError("There is no canary for links to files.")
    return found


def exclude_common(one: Canaries, two: Canaries) -> tuple[Canaries, Canaries]:
    """Return both without what they have in common, which betrays nobody."""
    both = one.needles & two.needles
    return tuple(  # type: ignore[return-value]
        Canaries(c.party, c.needles - both, c.public, c.ids, c.object_names) for c in (one, two)
    )


def _row_needles(row: Model) -> Iterator[str]:
    for field in row._meta.concrete_fields:
        yield from _value_needles(getattr(row, field.attname))


def _value_needles(value: Any) -> list[str]:
    """Return how a value would show in an answer; nothing for what is not unmistakable."""
    if isinstance(value, uuid.UUID):
        return [str(value), value.hex]
    if isinstance(value, bytes | memoryview):
        return [bytes(value).hex()] if len(value) >= MIN_NEEDLE_LENGTH else []
    if isinstance(value, str):
        return [value] if len(value) >= MIN_NEEDLE_LENGTH else []
    if isinstance(value, int) and not isinstance(value, bool):
        return []
    return []
