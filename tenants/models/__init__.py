"""Tenants and what the platform knows of them. All of it lives in the public schema."""

from tenants.models.deletion import DeletionCertificate
from tenants.models.domain import Domain
from tenants.models.fleet import FleetOutcome, FleetRun
from tenants.models.tenant import Tenant, new_schema_name
from tenants.models.trail import TrailHead
from tenants.models.usage import RequestCount, Usage

__all__ = [
    "DeletionCertificate",
    "Domain",
    "FleetOutcome",
    "FleetRun",
    "RequestCount",
    "Tenant",
    "TrailHead",
    "Usage",
    "new_schema_name",
]
