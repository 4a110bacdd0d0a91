"""URL configurations, one for each kind of host; tenants/middleware.py chooses."""
