"""What staff see and do; imported by Django's admin when it looks for ``admin`` modules."""

from staff.admin import audit, people, reading, tenants, tokens  # noqa: F401 - each registers itself
