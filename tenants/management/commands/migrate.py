"""manage.py migrate: the same as migrate_schemas. Django's own command ignores tenants."""

from tenants.management.commands.migrate_schemas import Command

__all__ = ["Command"]
