"""Problems of tenants and their domains."""

from core.problems import Problem


class TenantNotFound(Problem):
    status = 404
    code = "tenant_not_found"
    title = "No workspace answers at this address."


class TenantSuspended(Problem):
    status = 403
    code = "tenant_suspended"
    title = "This workspace is suspended."


class TenantUnavailable(Problem):
    status = 503
    code = "tenant_unavailable"
    title = "This workspace cannot be reached for the moment."


class SubdomainTaken(Problem):
    status = 409
    code = "subdomain_taken"
    title = "This subdomain is taken."


class DomainTaken(Problem):
    status = 409
    code = "domain_taken"
    title = "This domain belongs to a workspace already."


class DomainNotFound(Problem):
    status = 404
    code = "domain_not_found"
    title = "The workspace has no such domain."


class TooManyDomains(Problem):
    status = 409
    code = "too_many_domains"
    title = "The workspace has as many custom domains as it may have."


class PrimaryDomain(Problem):
    status = 409
    code = "primary_domain"
    title = "A workspace keeps its primary domain."


class ProvisioningUnavailable(Problem):
    status = 503
    code = "provisioning_unavailable"
    title = "Workspaces cannot be created at the moment."


class SupportAccessNotFound(Problem):
    status = 404
    code = "support_access_not_found"
    title = "There is no such request for access."


class SupportAccessClosed(Problem):
    status = 409
    code = "support_access_closed"
    title = "This access is not open: it was decided, or it has ended."


class SupportAccessOpen(Problem):
    status = 409
    code = "support_access_open"
    title = "You have asked for access already."
