"""What may be a name of a tenant: a subdomain label, or a custom domain in its ASCII form."""

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from core.problems import FieldError, ValidationFailed
from core.text.domain_names import ascii_domain
from tenants import names
from tenants.domains.dns_proof import CHALLENGE_LABEL
from tenants.hosts import HOST_NAME_PATTERN
from tenants.models import Domain

# So that the name of the record that proves it is a name as well.
MAX_DOMAIN_LENGTH = 253 - len(f"{CHALLENGE_LABEL}.")
# Nobody can prove these: they are not in the public DNS (RFC 6761, RFC 6762, RFC 7686, RFC 3172).
NON_PUBLIC_TLDS = frozenset({"arpa", "internal", "invalid", "local", "localhost", "onion"})


def clean_new_domain(text: str, *, field: str = "domain") -> str:
    """Return the stored form of a name: a subdomain label, or with a dot a custom host name.

    Raises ValidationFailed that names ``field``.
    """
    name = text.strip().rstrip(".")
    return (
        clean_custom_domain(name, field=field)
        if "." in name
        else names.clean_new_slug(name, field=field)
    )


def clean_domain(text: str, *, field: str = "domain") -> str:
    """Return the stored form of a name that a tenant has, which may have been reserved since.

    Raises ValidationFailed that names ``field``.
    """
    name = text.strip().rstrip(".")
    if "." in name:
        return clean_custom_domain(name, field=field)
    return names.clean_slug(name, field=field)


def clean_custom_domain(text: str, *, field: str = "domain") -> str:
    """Return a custom domain as host headers have it: lower case, other letters as ``xn--``.

    Letters are mapped as browsers do it (UTS 46), so that whoever types the name gets there. Raises
    ValidationFailed that names ``field``.
    """
    name = _ascii_host_name(text.strip().removesuffix("."))
    if not name:
        fault = FieldError(field, "invalid_domain", "This is not a domain name.")
    elif name == settings.BASE_DOMAIN or name.endswith(f".{settings.BASE_DOMAIN}"):
        fault = FieldError(field, "invalid_domain", "Give the subdomain without the rest.")
    elif name.rpartition(".")[2] in NON_PUBLIC_TLDS:
        fault = FieldError(field, "invalid_domain", "This name is not in the public DNS.")
    else:
        return name
    raise ValidationFailed(errors=[fault])


def _ascii_host_name(text: str) -> str:
    """Return the name in ASCII, or an empty string for what can be no custom domain."""
    try:
        name = ascii_domain(text)
    except ValueError:
        return ""
    wellformed = (
        "." in name and len(name) <= MAX_DOMAIN_LENGTH and HOST_NAME_PATTERN.fullmatch(name)
    )
    return name if wellformed else ""


def is_domain_available(name: str) -> bool:
    """Tell whether no tenant has this name now; a claim that is not proved holds nothing."""
    ended = Q(redirect_until__lte=timezone.now())
    unproved = Q(kind=Domain.Kind.CUSTOM, verified_at__isnull=True)
    return not Domain.objects.filter(domain=name).exclude(ended | unproved).exists()
