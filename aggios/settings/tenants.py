"""Limits, deletion and custom domains of tenants."""

from pathlib import Path

from core import env

TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
# Creates the owner of a tenant that staff create; staff does not import accounts.
TENANT_OWNER_FACTORY = "operations.tenant_owners.create_owner"
# Invites the owner of a tenant that staff create in the admin.
TENANT_OWNER_INVITER = "operations.tenant_owners.invite_owner"
# Measures a tenant; staff does not import files.
TENANT_USAGE_MEASURER = "operations.usage.measure_tenant"
# Checks the services for the admin's home; staff does not import aggios.
HEALTH_REPORT = "aggios.health.health_report"
# Reports on one tenant for its page in the admin.
TENANT_REPORT = "operations.tenant_report.tenant_report"
# Reads one tenant for support with an owner's consent; staff imports neither accounts nor files.
TENANT_SUPPORT_READER = "operations.support_view.read_section"
# Defaults of each tenant, 0 is no limit; staff can change them (tenants/context.py).
TENANT_LIMITS = {
    "storage_bytes": env.integer("TENANT_STORAGE_BYTES", 1024**4, least=0),
    "storage_objects": env.integer("TENANT_STORAGE_OBJECTS", 0, least=0),
    "file_max_bytes": 0,
}
# Days between scheduling a deletion and the purge; it can be cancelled until then.
DELETION_GRACE_DAYS = env.integer("DELETION_GRACE_DAYS", 30)
# The folder for archives before a purge; without it purge_tenants requires --to.
_EXPORTS = env.text("TENANT_EXPORT_DIR", "")
TENANT_EXPORT_DIR = Path(_EXPORTS) if _EXPORTS else None
# Days that a former subdomain redirects and is reserved; 0 releases it at once.
SUBDOMAIN_REDIRECT_DAYS = env.integer("SUBDOMAIN_REDIRECT_DAYS", 90)

# An unverified claim of a custom domain is removed after this time.
DOMAIN_CLAIM_DAYS = env.integer("DOMAIN_CLAIM_DAYS", 30, least=1)
# Verified or not; each costs look-ups and a certificate.
CUSTOM_DOMAINS_PER_TENANT = env.integer("CUSTOM_DOMAINS_PER_TENANT", 20)
# DNS servers for the verification records; the system's resolvers by default.
DNS_RESOLVERS = [env.address("DNS_RESOLVERS", x, 53) for x in env.items("DNS_RESOLVERS")]
# Traefik authenticates with this token when it polls the routes of custom domains. Without a
# resolver the domains get Traefik's self-signed certificate.
TRAEFIK_PROVIDER_TOKEN = env.text("TRAEFIK_PROVIDER_TOKEN", "")
DOMAIN_CERT_RESOLVER = env.text("DOMAIN_CERT_RESOLVER", "")
