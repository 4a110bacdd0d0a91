"""Mail to people of a tenant: asked for in a transaction, sent after its commit."""
