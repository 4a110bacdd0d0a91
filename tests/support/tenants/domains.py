"""Proofs of custom domains."""

from audit.services import SYSTEM
from tenants.domains.dns_proof import proof_record
from tenants.domains.services import (
    claim_domain,
)
from tenants.domains.verification import (
    check_domain,
)
from tenants.models import Domain
from tests.support.http_client import Host
from tests.support.name_server import NameServer


def publish(zone: NameServer, domain: Domain) -> None:
    """Set the record that proves a claim."""
    proof = proof_record(domain)
    zone.txt(proof.name, proof.value)


def proved(zone: NameServer, tenant_id, name: str) -> Domain:
    claim = claim_domain(tenant_id, name=name, actor=SYSTEM)
    publish(zone, claim)
    return check_domain(claim.pk, actor=SYSTEM)


def statuses(host: Host) -> set[int]:
    """Send enough requests that every worker answers; return the statuses."""
    return {host.get("/api/users/me").status_code for _ in range(12)}
