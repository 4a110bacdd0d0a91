"""The admin's models. Django imports this package when it discovers ``admin`` modules."""

from staff.admin import read_only, staff_users, tenants, tokens  # noqa: F401 - each registers itself
