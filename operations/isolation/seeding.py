"""Seeds a tenant with canaries, through the application's own API."""

import json
import secrets
import uuid
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db import models, transaction
from django.utils import timezone

from accounts.api_keys import issue_api_key
from accounts.models import Letter, Session, User
from accounts.permissions import SCOPES
from accounts.sessions.services import open_session
from accounts.sessions.tokens import access_token
from files.models import File
from files.shares.services import create_share
from operations.isolation.canaries import AuditIncompleteError, tenant_models
from operations.isolation.tenants import AuditTenant
from operations.isolation.transport import Request, Transport
from tenants.context import tenant_context
from tenants.routing import tenant_host

Model = type[models.Model]


def idempotency_key(tenant: AuditTenant) -> str:
    """Return the idempotency key of the stored response; the attacker sends the same key."""
    return f"audit-{tenant.ref.id.hex}"


def create_session(tenant: AuditTenant, user: User) -> tuple[Session, str, str]:
    """Create a session; return it with its access and refresh token."""
    with tenant_context(tenant.ref), transaction.atomic():
        new_session = open_session(user)
        return (
            new_session.session,
            access_token(new_session.session, user),
            new_session.refresh_token,
        )


def create_api_key(tenant: AuditTenant, user: User) -> str:
    """Create an API key with every scope; return its text."""
    with tenant_context(tenant.ref):
        return issue_api_key(name=f"{tenant.marker}-key", scopes=list(SCOPES), actor=user).text


def seed(tenant: AuditTenant, transport: Transport) -> None:
    """Create files with versions and shares, a stored response, a session and a cache key.

    One file is in the trash. Other models get a row made from their fields.

    Raises: AuditIncompleteError if a row cannot be created.
    """
    _, token, _ = create_session(tenant, tenant.owner)
    for name in ("one", "two", "two", "three"):
        _upload_file(tenant, transport, token, f"{tenant.marker}-{name}.txt")
    with tenant_context(tenant.ref):
        for file in File.objects.filter(deleted_at=None):
            create_share(file.id, user=tenant.owner)
        File.objects.filter(name__endswith="-three.txt").update(deleted_at=timezone.now())
        # Not due, or a running mailer would change it.
        Letter.objects.create(
            kind=tenant.marker,
            recipient=f"{tenant.marker}@isolation-audit.invalid",
            due_at=timezone.now() + timedelta(days=1),
        )
        cache.set(tenant.marker, tenant.marker, 3600)
        for model in tenant_models():
            if not model._default_manager.exists():
                _create_row(model, tenant)


def _upload_file(tenant: AuditTenant, transport: Transport, token: str, name: str) -> None:
    content = f"{tenant.marker} {secrets.token_hex(8)}"
    body, content_type = multipart_form({"file": (name, content)})
    reply = transport.send(
        Request(
            "POST",
            tenant_host(tenant.ref.slug),
            "/api/files",
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": content_type,
                "Idempotency-Key": idempotency_key(tenant),
            }
            if name.endswith("-one.txt")
            else {"Authorization": f"Bearer {token}", "Content-Type": content_type},
            body=body,
        )
    )
    if reply.status != 201:
        raise AuditIncompleteError(
            f"A file could not be created: {reply.status} {reply.body[:300]!r}"
        )


def multipart_form(fields: dict[str, str | tuple[str, str]]) -> tuple[bytes, str]:
    """Return a multipart form and its content type; a pair is a file's name and content."""
    boundary = secrets.token_hex(16)
    parts = []
    for field, value in fields.items():
        name, text = value if isinstance(value, tuple) else ("", value)
        file = f'; filename="{name}"' if name else ""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"{file}'
        parts.append(f"{head}\r\n\r\n{text}\r\n")
    text = "".join(parts) + f"--{boundary}--\r\n"
    return text.encode(), f"multipart/form-data; boundary={boundary}"


def _create_row(model: Model, tenant: AuditTenant) -> None:
    """Create a row from the model's field definitions."""
    try:
        with transaction.atomic():
            model._default_manager.create(
                **{
                    f.name: _sample_value(f, tenant)
                    for f in model._meta.concrete_fields
                    if _needs_value(f)
                }
            )
    except Exception as exc:
        reason = f"There is no canary for {model._meta.label}, and none could be created: {exc}"
        raise AuditIncompleteError(
            f"{reason} Create one in operations/isolation/seeding.py."
        ) from exc


def _needs_value(field: Any) -> bool:
    return not (
        field.has_default() or field.null or field.auto_created or _is_auto_timestamp(field)
    )


def _is_auto_timestamp(field: Any) -> bool:
    return bool(getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False))


def _sample_value(field: Any, tenant: AuditTenant) -> Any:
    if field.is_relation:
        return field.related_model._default_manager.first()
    if field.choices:
        return field.choices[0][0]
    kinds: list[tuple[type[models.Field[Any, Any]], Any]] = [
        (models.EmailField, f"{tenant.marker}@isolation-audit.invalid"),
        (models.CharField, f"{tenant.marker}{secrets.token_hex(20)}"[: field.max_length or 80]),
        (models.TextField, f"{tenant.marker}{secrets.token_hex(20)}"),
        (models.UUIDField, uuid.uuid4()),
        (models.DateTimeField, timezone.now() + timedelta(days=1)),
        (models.DateField, timezone.now().date()),
        (models.BooleanField, True),
        (models.JSONField, json.loads("{}")),
        (models.BinaryField, secrets.token_bytes(32)),
        (models.GenericIPAddressField, "2001:db8::1"),
        (models.IntegerField, 1),
    ]
    return next((value for kind, value in kinds if isinstance(field, kind)), None)
