"""Pages of the own account: profile, address, password, second factor, sessions, data."""
