"""E-mail to users: queued in a transaction, sent after its commit."""
