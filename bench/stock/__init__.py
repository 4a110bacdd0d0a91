"""The baseline: the set-up of the documentation of django-tenants and simplejwt.

One PostgreSQL schema for each tenant, the same columns and the same JSON as Aggios. The middleware
is that of ``startproject`` behind ``TenantMainMiddleware``; ``CONN_MAX_AGE`` has Django's default,
which is 0.
"""
