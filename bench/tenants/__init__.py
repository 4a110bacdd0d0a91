"""Benchmarks of creating tenants, migrating many of them, and their roles."""
