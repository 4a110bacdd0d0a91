"""Archives: one tenant as one signed file. Export, restore, import, and clones for staging.

docs/decisions/0005-tenant-archives.md describes the format and its reasons.
"""
