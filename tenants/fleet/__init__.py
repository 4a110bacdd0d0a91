"""Work on all tenants: migrations, and management commands over many tenants.

The web processes do not import this package.
"""
