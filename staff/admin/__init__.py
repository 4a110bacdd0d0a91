"""What staff see and do; imported by Django's admin when it looks for ``admin`` modules."""

from staff.admin import read_only, staff_users, tenants, tokens  # noqa: F401 - each registers itself
