"""Sessions: opened, authenticated, refreshed, ended."""
