"""Comparing what the rows say, what the balance says and what the store has, tenant by tenant."""
