"""What tenants need of PostgreSQL: schemas, roles, the template, migrations."""
