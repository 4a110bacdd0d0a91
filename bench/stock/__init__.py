"""The set-up that django-tenants' and simplejwt's documentation leads to, as the baseline.

One PostgreSQL schema for each tenant, the same columns and the same JSON as Aggios; the middleware
of ``startproject`` behind ``TenantMainMiddleware``; ``CONN_MAX_AGE`` at Django's default of 0.
"""
