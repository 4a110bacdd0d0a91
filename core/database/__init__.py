"""Django database backend that keeps every statement inside the current tenant's scope.

Use as ``ENGINE = "core.db_backend"``. See ``base.py`` for the rules it holds to.
"""
