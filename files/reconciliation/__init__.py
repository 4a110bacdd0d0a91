"""Reconciliation: comparing rows, balance and store of one tenant, and repairing differences."""
