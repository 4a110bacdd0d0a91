"""Deleting a tenant for good: what it held, taking it away, and the certificate that stays.

tenants/lifecycle.py schedules; this purges what is due. It needs the owner's login.
"""
