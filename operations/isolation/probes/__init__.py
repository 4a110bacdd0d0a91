"""Probes of the isolation audit: HTTP routes, database, object store, shared state of a process."""
