"""Validation of domains: a subdomain label, or a custom domain in its ASCII form."""

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from core.problems import FieldError, ValidationFailed
from core.text.email_addresses import ascii_domain
from tenants.domains.dns_proof import CHALLENGE_LABEL
from tenants.models import Domain
from tenants.names import clean_new_slug, clean_slug
from tenants.routing import HOST_NAME_PATTERN

# So that the name of its proof record is not longer than a DNS name can be.
MAX_DOMAIN_LENGTH = 253 - len(f"{CHALLENGE_LABEL}.")
# Not in the public DNS, so not verifiable (RFC 6761, RFC 6762, RFC 7686, RFC 3172).
NON_PUBLIC_TLDS = frozenset({"arpa", "internal", "invalid", "local", "localhost", "onion"})


def clean_new_domain(text: str, *, field: str = "domain") -> str:
    """Return the stored form of a new name: a subdomain label, or a custom domain if it has a dot.

    Raises: ValidationFailed for ``field``.
    """
    name = text.strip().rstrip(".")
    if "." in name:
        return clean_custom_domain(name, field=field)
    return clean_new_slug(name, field=field)


def clean_domain(text: str, *, field: str = "domain") -> str:
    """Return the stored form of an existing name, which may have been reserved since.

    Raises: ValidationFailed for ``field``.
    """
    name = text.strip().rstrip(".")
    if "." in name:
        return clean_custom_domain(name, field=field)
    return clean_slug(name, field=field)


def clean_custom_domain(text: str, *, field: str = "domain") -> str:
    """Return a custom domain as ``Host`` headers have it: lower case, non-ASCII labels as ``xn--``.

    Characters are mapped as in browsers (UTS 46), so that a typed name leads to the stored one.

    Raises: ValidationFailed for ``field``.
    """
    name = _ascii_host_name(text.strip().removesuffix("."))
    if not name:
        error = FieldError(field, "invalid_domain", "This is not a domain name.")
    elif name == settings.BASE_DOMAIN or name.endswith(f".{settings.BASE_DOMAIN}"):
        error = FieldError(field, "invalid_domain", "Give the subdomain without the rest.")
    elif name.rpartition(".")[2] in NON_PUBLIC_TLDS:
        error = FieldError(field, "invalid_domain", "This name is not in the public DNS.")
    else:
        return name
    raise ValidationFailed(errors=[error])


def is_domain_available(name: str) -> bool:
    """Return whether no tenant has this name. A claim without verification does not count."""
    expired = Q(redirect_until__lte=timezone.now())
    unverified = Q(kind=Domain.Kind.CUSTOM, verified_at__isnull=True)
    return not Domain.objects.filter(domain=name).exclude(expired | unverified).exists()


def _ascii_host_name(text: str) -> str:
    """Return the name in ASCII, or an empty string if it is not a valid custom domain."""
    try:
        name = ascii_domain(text)
    except ValueError:
        return ""
    is_valid = "." in name and len(name) <= MAX_DOMAIN_LENGTH
    return name if is_valid and HOST_NAME_PATTERN.fullmatch(name) else ""
