"""Which names can be custom domains, and how they are stored."""

import secrets

import pytest

from audit.services import SYSTEM
from core.problems import ValidationFailed
from tenants.context import TenantRef
from tenants.domains.services import (
    claim_domain,
    remove_domain,
)
from tenants.models import Domain
from tenants.services import create_tenant


@pytest.fixture(scope="module")
def claimant(committed: None) -> TenantRef:
    """A tenant with its subdomain alone."""
    return create_tenant(name="Claimant", subdomain=f"m{secrets.token_hex(6)}", actor=SYSTEM)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Files.ACME.example.", "files.acme.example"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("B\u00dcCHER.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("\uff41cme\u3002example", "acme.example"),
        ("\u212aelvin.example", "kelvin.example"),
    ],
)
def test_domain_is_stored_in_the_form_browsers_send(claimant: TenantRef, text: str, stored: str):
    claim = claim_domain(claimant.id, name=text, actor=SYSTEM)

    assert claim.domain == stored
    remove_domain(claim.pk, actor=SYSTEM)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acme",
        ".",
        "..",
        "a..example",
        "-a.example",
        "a-.example",
        "a_b.example",
        "*.example.com",
        "a b.example",
        "a.example/x",
        "a.example:443",
        "a@b.example",
        "http://a.example",
        "a`) || Host(`b.example",
        "a.example`",
        "a.example\r\nX: y",
        "a.example\x00",
        "127.0.0.1",
        "1.2.3.4.5",
        "a.1",
        "[::1]",
        "::1",
        "0x7f.0.0.1",
        f"{'x' * 64}.example",
        f"{'x' * 40}." * 7 + "example",
        "x" * 100_000 + ".example",
        "xn--a.example",
        "xn--.example",
        "xn--53h.example",
        "a\u200db.example",
        "\u202eexample.com",
        "caf\ud800.example",
        "aggios.localhost",
        "acme.aggios.localhost",
        "AGGIOS.localhost.",
        "\uff41ggios.localhost",
        "a.localhost",
        "backend.internal",
        "printer.local",
        "1.0.0.127.in-addr.arpa",
        "facebookcorewwwi.onion",
    ],
)
def test_non_public_name_is_refused(claimant: TenantRef, text: str):
    with pytest.raises(ValidationFailed):
        claim_domain(claimant.id, name=text, actor=SYSTEM)

    assert Domain.objects.filter(tenant_id=claimant.id).count() == 1
