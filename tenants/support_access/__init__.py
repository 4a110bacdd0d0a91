"""Access of the platform's support to one tenant: requested, granted by an owner, ended."""
