"""The home of the admin: how the platform is, from tables of the public schema alone."""
