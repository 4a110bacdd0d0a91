"""Django database backend that runs every statement in the current tenant's scope.

Use as ``ENGINE = "core.db_backend"``. ``base.py`` documents its guarantees.
"""
