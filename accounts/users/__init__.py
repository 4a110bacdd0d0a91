"""Users of a tenant: read, created, changed, removed, exported."""
