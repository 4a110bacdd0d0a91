"""The tenant as its own users read, change and delete it."""
