"""Domains of tenants: claims, verification by a DNS record, and the routes for the proxy."""
