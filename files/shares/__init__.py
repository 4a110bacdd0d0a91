"""Shares: public links to the current content of one file."""
