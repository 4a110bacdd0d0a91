"""One tenant as one file: writing it, reading it back, and copying a tenant to a staging one.

docs/decisions/0005-tenant-archives.md tells the format and why it is so.
"""
