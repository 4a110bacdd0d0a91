"""Deletes tenants: export, purge, and a certificate of the deletion."""
