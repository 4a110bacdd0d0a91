"""How a workspace that staff opens gets its owner (``settings.TENANT_OWNER_MAKER``).

Staff may not know the people of tenants, and accounts may not know staff: this joins the two.
"""

import secrets

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.models import User
from accounts.services import create_user, target_of
from audit.services import Actor, record
from core.problems import FieldError, ValidationFailed
from tenants.context import tenant_context
from tenants.refs import TenantRef


def make_owner(tenant: TenantRef, *, email: str, actor: Actor) -> str:
    """Add the tenant's owner and return the password made up for them, which is stored nowhere.

    Raises ValidationFailed for a bad address and EmailTaken.
    """
    try:
        validate_email(email)
    except ValidationError as exc:
        fault = FieldError("owner_email", "invalid", "Give a valid e-mail address.")
        raise ValidationFailed(errors=[fault]) from exc
    password = secrets.token_urlsafe(15)
    with tenant_context(tenant), transaction.atomic():
        owner = create_user(
            email=email, password=password, role=User.Role.OWNER, first_name="", last_name=""
        )
        record("user.created", actor=actor, target=target_of(owner), role=owner.role)
    return password
