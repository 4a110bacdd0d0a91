"""Work on many tenants at once: their migrations, and any command over them.

Nothing in it needs the web processes, and nothing they import needs it.
"""
