"""Valid and invalid slugs."""

import pytest

from core.problems import ValidationFailed
from tenants.names import RESERVED_SLUGS, clean_new_slug

GOOD = {
    "ab": "ab",
    "a1": "a1",
    "42": "42",
    "a-b": "a-b",
    "a--b": "a--b",
    "ACME": "acme",
    " Acme ": "acme",
    "x" * 40: "x" * 40,
    "a" + "-" * 38 + "b": "a" + "-" * 38 + "b",
    "xn-ab": "xn-ab",
    "axn--b": "axn--b",
    "apis": "apis",
}
BAD = {
    "": "invalid_length",
    "a": "invalid_length",
    "x" * 41: "invalid_length",
    "x" * 64: "invalid_length",
    "-ab": "invalid_slug",
    "ab-": "invalid_slug",
    "--": "invalid_slug",
    "a_b": "invalid_slug",
    "a.b": "invalid_slug",
    "a b": "invalid_slug",
    "a\nb": "invalid_slug",
    "ab\n.": "invalid_slug",
    "a\x00b": "invalid_slug",
    "a/b": "invalid_slug",
    "a%2eb": "invalid_slug",
    "acmé": "invalid_slug",
    "асме": "invalid_slug",  # Cyrillic
    "\uff41\uff43\uff4d\uff45": "invalid_slug",  # full width
    "\u212aelvin": "invalid_slug",  # the Kelvin sign, whose lower case is a Latin k
    "acme\u200b": "invalid_slug",  # zero width space
    "\u2160\u2160": "invalid_slug",  # Roman numerals
    "٤٢": "invalid_slug",  # Arabic-Indic digits
    "xn--bcher-kva": "invalid_slug",
    "XN--BCHER-KVA": "invalid_slug",
    "'; --": "invalid_slug",
    "www": "reserved",
    "API": "reserved",
    "Admin": "reserved",
    " dash ": "reserved",
}
# Names that look like the platform's own: its pages, its mailboxes (RFC 2142), and names that
# mail clients and certificate authorities use.
RESERVED_SINCE = """
    verify pay noreply webmaster demo cpanel support billing status security abuse postmaster
    autodiscover mta-sts no-reply mailer-daemon hostmaster webmail autoconfig administrator
    payments verification login
"""


@pytest.mark.parametrize(("text", "stored"), GOOD.items())
def test_valid_slug_is_normalised(text: str, stored: str):
    assert clean_new_slug(text) == stored


@pytest.mark.parametrize(("text", "code"), BAD.items())
def test_invalid_slug_is_refused(text: str, code: str):
    with pytest.raises(ValidationFailed) as caught:
        clean_new_slug(text, field="subdomain")

    assert [(e.field, e.code) for e in caught.value.errors] == [("subdomain", code)]


def test_platform_hosts_are_reserved():
    hosts = "www api admin dash traefik minio minio-console s3 mail static localhost"

    assert set(hosts.split()) <= RESERVED_SLUGS


@pytest.mark.parametrize("name", RESERVED_SINCE.split())
def test_misleading_names_are_reserved(name: str):
    with pytest.raises(ValidationFailed) as caught:
        clean_new_slug(name)

    assert [e.code for e in caught.value.errors] == ["reserved"]
