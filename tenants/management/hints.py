"""What an operator does next after a refusal, by the code of its problem."""

from core.problems import Problem

HINTS = {
    "database_unavailable": "Run the command again when the database answers.",
    "domain_not_found": "`manage.py domains list TENANT` lists its domains.",
    "domain_taken": "`manage.py domains list` says which tenant has it.",
    "email_taken": "`manage.py list_people TENANT` lists the accounts.",
    "last_owner": "Make another person an owner first: manage.py invite TENANT EMAIL --role owner",
    "primary_domain": "To get another subdomain, use rename_tenant.",
    "provisioning_unavailable": "Run manage.py migrate_schemas, which records the template.",
    "storage_unavailable": "`manage.py storage_doctor` finds the cause.",
    "subdomain_taken": "`manage.py list_tenants` lists the names in use; former ones may redirect.",
    "tenant_suspended": "To serve it again: manage.py resume_tenant TENANT",
    "tenant_unavailable": "`manage.py show_tenant TENANT` shows the cause.",
    "too_many_domains": "Release one first: manage.py domains release TENANT DOMAIN",
    "validation_failed": "--help describes the arguments.",
}


def refusal_text(problem: Problem) -> str:
    """Return a problem as one line: its sentence, then what to do next."""
    hint = HINTS.get(problem.code, "")
    return f"{problem.sentence} {hint}".strip()
