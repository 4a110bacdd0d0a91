"""New names of tenants, and the end of the redirects from former ones."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from tenants.models import Domain
from tenants.routing import invalidate_route


def new_slug() -> str:
    return f"r{secrets.token_hex(6)}"


def end_redirect(label: str, *, seconds: float = -1) -> None:
    """End a redirect and invalidate the cache of every process."""
    domain = Domain.objects.select_related("tenant").get(domain=label)
    with transaction.atomic():
        domain.redirect_until = timezone.now() + timedelta(seconds=seconds)
        domain.save(update_fields=["redirect_until"])
        invalidate_route(domain.tenant)
