"""Validation of tenant names and slugs.

A slug is the tenant's subdomain: a DNS label (RFC 1035 section 2.3.1, RFC 1123 section 2.1) in
lower-case ASCII with 2 to 40 characters, without leading or trailing hyphen. ``xn--`` is refused:
browsers show such a label as other characters.
"""

import re

from core.problems import FieldError, ValidationFailed
from core.text.names import clean_name
from core.text.normalization import TOO_LONG
from core.text.translation import translatable

MAX_TENANT_NAME_LENGTH = 120
NAME_LENGTH_ERROR = (
    "invalid_length",
    translatable("Use %(least)s to %(most)s characters.", least=1, most=MAX_TENANT_NAME_LENGTH),
)
MIN_SLUG_LENGTH, MAX_SLUG_LENGTH = 2, 40
SLUG_PATTERN = re.compile(rf"[a-z0-9](?:[a-z0-9-]{{0,{MAX_SLUG_LENGTH - 2}}}[a-z0-9])")
NOT_ASCII_ERROR = ("invalid_slug", "Use the letters a to z, digits and hyphens inside.")
# Hosts of the platform and its operator, and names that look like the platform's own: mailbox names
# (RFC 2142), addresses that certificate authorities write to (CA/Browser Forum Baseline
# Requirements, 3.2.2.4.4), names that mail clients look up (RFC 8461 mta-sts, autoconfig,
# autodiscover, wpad), names of hosting panels, and words of login and payment pages.
RESERVED_SLUGS = frozenset(
    """
    about abuse account accounts admin administrator aggios api app apps assets auth autoconfig
    autodiscover backup billing blog bounce bounces broadcasthost cache cdn central cert chat
    checkout ci cname community compliance config confirm connect console contact cpanel
    cpcalendars cpcontacts csirt dash dashboard db demo demo-admin demos dev developer developers
    dkim dmarc dns do-not-reply docs donotreply download downloads email example feed feedback
    files ftp gateway git grafana graphql health help helpdesk home hosting hostmaster identity idp
    imap info internal invite invoice invoices ipv4 ipv6 isatap jobs kubernetes ldap legal listserv
    local localdomain localhost log login logout logs mail mailer mailer-daemon mailhost majordomo
    marketing master mcp media metrics minio minio-console mobile mta mta-sts mx my mysql
    nameserver news no-reply nobody noc noreply notification notifications ns ns1 ns2 ns3 ns4 ntp
    oauth office oidc openid operations ops partner partners password pay paying payment payments
    phpmyadmin plesk pop pop3 portal postgres postmaster preview privacy prod production prometheus
    proxy psirt public recovery redis register registry relay reset root rss s3 safety sales saml
    sandbox scim search secure security server sftp shop signin signup smtp spam spf ssh ssl
    ssladmin ssladministrator sslwebmaster sso staff staging static stats status storage store sts
    support sysadmin system telnet tenant tenants terms test testing tls traefik trust unsubscribe
    update updates upload uploads usenet user users uucp verification verified verify vpn web
    webauthn webdisk webhook webhooks webmail webmaster whm whois wiki wpad ws www www1 www2 www3
    """.split()  # noqa: SIM905 - a list of 250 strings would be harder to read
)


def clean_tenant_name(text: str, *, field: str = "name") -> str:
    """Return a tenant's name in Unicode normal form C with single spaces.

    Raises: ValidationFailed for ``field``.
    """
    try:
        name = clean_name(text, field=field, max_length=MAX_TENANT_NAME_LENGTH)
    except ValidationFailed as exc:
        if exc.errors[0].code in (TOO_LONG, "required"):
            raise ValidationFailed(errors=[FieldError(field, *NAME_LENGTH_ERROR)]) from exc
        raise
    return " ".join(name.split())


def normalise_slug(text: str) -> str:
    """Return ``text`` in the form in which slugs are compared and stored: lower case."""
    return text.strip().lower()


def clean_new_slug(text: str, *, field: str = "subdomain") -> str:
    """Return the normalised slug for a new subdomain.

    Raises: ValidationFailed for ``field``, also for a reserved slug.
    """
    slug = clean_slug(text, field=field)
    require_not_reserved(slug, field=field)
    return slug


def clean_slug(text: str, *, field: str = "subdomain") -> str:
    """Return the normalised slug. Reserved ones pass: a tenant may have had one before the rule.

    Raises: ValidationFailed for ``field``.
    """
    slug = normalise_slug(text)
    # Before lower(): the lower case of some other characters is ASCII (U+212A, the Kelvin sign).
    reason = _slug_error(slug) if text.strip().isascii() else NOT_ASCII_ERROR
    if reason:
        raise ValidationFailed(errors=[FieldError(field, *reason)])
    return slug


def require_not_reserved(slug: str, *, field: str = "subdomain") -> None:
    """Refuse a reserved slug. Call it for new names only: a tenant that has one keeps it.

    Raises: ValidationFailed for ``field``.
    """
    if slug in RESERVED_SLUGS:
        raise ValidationFailed(errors=[FieldError(field, "reserved", "This name is reserved.")])


def _slug_error(slug: str) -> tuple[str, str] | None:
    if not MIN_SLUG_LENGTH <= len(slug) <= MAX_SLUG_LENGTH:
        return "invalid_length", translatable(
            "Use %(least)s to %(most)s characters.", least=MIN_SLUG_LENGTH, most=MAX_SLUG_LENGTH
        )
    if not SLUG_PATTERN.fullmatch(slug):
        return "invalid_slug", "Use lower-case letters, digits and hyphens inside."
    if slug.startswith("xn--"):
        return "invalid_slug", "Names that begin with xn-- are not given out."
    return None
